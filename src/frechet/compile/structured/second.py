"""Hessians and Newton systems as code: structured where the node shows structure, dense where it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from frechet.compile.batching import Batch
from frechet.compile.plan import Planner
from frechet.compile.prepare import prepared
from frechet.compile.structured.joint import joint
from frechet.compile.structured.lifting import lifted
from frechet.compile.structured.newton import without_common
from frechet.compile.structured.operators import Part, as_blocks, parts_of
from frechet.compile.structured.systems import normal_equations, one_product, two_products
from frechet.compile.write import Writer
from frechet.core.dims import Size as Dims
from frechet.core.dims import size_value
from frechet.core.ein import is_symmetric
from frechet.core.node import Node


class SecondOrder:
    """Writes the results of one program that need second derivatives; `wanted` gathers the arrays they use."""

    def __init__(
        self, planner: Planner, writer: Writer, sizes: Mapping[str, int], share: bool = True, batch: Batch | None = None
    ) -> None:
        self.planner, self.writer, self.sizes, self.share, self.batch = planner, writer, sizes, share, batch
        self.wanted: list[str] = []
        self.one = batch is None  # whether expressions are written for one point
        self.moving: set[str] = set()  # arrays that have the axis of the batch

    def arrays(self, nodes: Sequence[Node | None]) -> list[str]:
        """Names of the arrays of nodes, planned together; "" for None."""
        given = [n for n in nodes if n is not None]
        census = self.planner.program.census
        ready = census.once((self.share, *given), lambda: prepared(given, self.sizes, share=self.share))
        whole = self.batch.nodes(ready, repeat=False) if self.batch else ready
        values = self.planner.turned(self.planner.plan(whole))
        made = [self.planner.array(v, n.dims) for v, n in zip(values, whole, strict=True)]
        self.moving |= {name for name, n, w in zip(made, ready, whole, strict=True) if n is not w}
        names = iter(made)
        found = ["" if n is None else next(names) for n in nodes]
        self.wanted += [n for n in found if n]
        return found

    def length(self, dims: Sequence[str | int]) -> int:
        return size_value(tuple(dims), self.sizes)

    # ---- the operator ----

    def operator(self, node: Node, rows: int) -> str:
        """The expression that makes the Hessian as an operator."""
        parts = parts_of(node, rows, self.sizes)
        every = self.arrays([n for p in parts for n in p.nodes])
        texts, at = [], 0
        for p in parts:
            texts.append(self._operator(p, every[at : at + len(p.nodes)], node, rows))
            at += len(p.nodes)
        if not texts:
            side = " * ".join(self.writer.length(d) for d in node.dims[:rows]) or "1"
            return f"{self.writer.helper('Diagonal')}(np.zeros({side}))"
        return texts[0] if len(texts) == 1 else f"{self.writer.helper('Sum')}({', '.join(texts)})"

    def _operator(self, part: Part, names: Sequence[str], node: Node, rows: int) -> str:
        kind = self.writer.helper(part.kind)
        side = " * ".join(self.writer.length(d) for d in node.dims[:rows]) or "1"
        if part.kind == "Kronecker":
            sizes = [n or self.writer.length(d) for n, d in zip(names, node.dims[:2], strict=True)]
            return f"{kind}({', '.join(sizes)})"
        if part.kind == "Blocks":
            return f"{kind}({names[0]}{', last=True' if part.last else ''})"
        if not rows:
            return f"{self.writer.helper('Diagonal')}(np.full(1, {names[0]}, dtype=float))"
        if part.kind == "Diagonal":
            return f"{kind}({names[0]}{'.reshape(-1)' if rows != 1 else ''})"
        if part.kind == "Dense":
            return f"{kind}({names[0]}{f'.reshape({side}, {side})' if rows != 1 else ''})"
        if part.kind == "LowRank":
            return f"{kind}({', '.join(self._tall(n, v, rows) for n, v in zip(names, part.nodes, strict=True))})"
        return f"{kind}({', '.join(names)})"

    def _tall(self, name: str, node: Node | None, rows: int) -> str:
        """U with its rows on one axis and the rank on the other."""
        assert node is not None
        if rows == 1 and node.order == 2:
            return name
        side = " * ".join(self.writer.length(d) for d in node.dims[:rows])
        return f"{name}.reshape({side}, -1)"

    # ---- Newton ----

    def newton(self, node: Node, gradient: Node) -> str:
        """The expression of solve(H, g) for one variable."""
        rows = gradient.order
        node, gradient = without_common(node, gradient)
        parts = as_blocks(parts_of(node, rows, self.sizes), gradient.dims)
        kinds = sorted(p.kind for p in parts)
        if rows:
            products = (self._kronecker, self._sylvester, self._two_products)
            for recipe in (self._entrywise, *products, self._woodbury, self._blocks):
                text = recipe(parts, kinds, gradient)
                if text:
                    return self._of_batch(text, entrywise=kinds == ["Diagonal"])
        H, g = self.arrays([node, gradient])
        if not rows:
            return self._of_batch(f"{self.writer.helper('quotient')}({g}, {H})", entrywise=True)
        if not self.one and g in self.moving:
            return self._stacked(H, g, gradient.dims)
        step = self.writer.helper("newton_step")
        if rows == 1:
            return self._of_batch(f"{step}({H}, {g})")
        side, shape = " * ".join(self.writer.length(d) for d in gradient.dims), self.writer.shape(gradient.dims)
        return self._of_batch(f"{step}({H}.reshape({side}, {side}), {g}.reshape({side})).reshape({shape})")

    def _stacked(self, H: str, g: str, dims: Dims) -> str:
        """The dense systems of a batch; with one matrix for all, one factorisation."""
        assert self.batch
        steps = self.writer.helper("newton_steps")
        if len(dims) == 1:
            return f"{steps}({H}, {g})"
        batch, side = self.writer.length(self.batch.dim), " * ".join(self.writer.length(d) for d in dims)
        system = f"{H}.reshape({f'{batch}, ' if H in self.moving else ''}{side}, {side}), {g}.reshape({batch}, {side})"
        return f"{steps}({system}).reshape({self.writer.shape((self.batch.dim, *dims))})"

    def _of_batch(self, text: str, entrywise: bool = False, several: bool = False) -> str:
        """The expression for a batch of one for a point; an `entrywise` one is as good for all. Where it has no form
        for stacks it is what one point after another is given: the names of arrays are there those of its own."""
        if self.batch is None or self.one:
            return text
        names = [n for n in dict.fromkeys(self.wanted) if n in self.moving and re.search(rf"\b{n}\b", text)]
        stack = self.writer.helper("stacks") if several else "np.stack"
        whole = None if several else lifted(text, self.moving)
        if whole is not None:
            for helper in whole[1]:
                self.writer.helper(helper)
            return whole[0]
        if not names:
            return f"{stack}([{text}] * {self.writer.length(self.batch.dim)})"
        over = names[0] if len(names) == 1 else f"zip({', '.join(names)}, strict=True)"
        return text if entrywise else f"{stack}([{text} for {', '.join(names)} in {over}])"

    def _entrywise(self, parts: Sequence[Part], kinds: list[str], gradient: Node) -> str:
        if kinds != ["Diagonal"]:
            return ""
        d, g = self.arrays([parts[0].nodes[0], gradient])
        return f"{self.writer.helper('quotient')}({g}, {d})"

    def _kronecker(self, parts: Sequence[Part], kinds: list[str], gradient: Node) -> str:
        return one_product(self.arrays, self.writer, parts, gradient)

    def _sylvester(self, parts: Sequence[Part], kinds: list[str], gradient: Node) -> str:
        """kron(A, I) + kron(I, B) for symmetric A and B."""
        if kinds != ["Kronecker", "Kronecker"]:
            return ""
        left = [p.nodes[0] for p in parts if p.nodes[1] is None]
        right = [p.nodes[1] for p in parts if p.nodes[0] is None]
        if len(left) != 1 or len(right) != 1 or not all(n is not None and is_symmetric(n) for n in (left[0], right[0])):
            return ""
        A, B, g = self.arrays([left[0], right[0], gradient])
        return f"{self.writer.helper('sylvester_solve')}({A}, {B}, {g})"

    def _two_products(self, parts: Sequence[Part], kinds: list[str], gradient: Node) -> str:
        given = self.arrays, self.writer, parts, gradient
        return two_products(*given) or normal_equations(*given)

    def _woodbury(self, parts: Sequence[Part], kinds: list[str], gradient: Node) -> str:
        """A diagonal and terms of low rank."""
        rows = gradient.order
        if kinds.count("Diagonal") != 1 or set(kinds) != {"Diagonal", "LowRank"}:
            return ""
        low = [p for p in parts if p.kind == "LowRank"]
        rank = sum(self.length(p.nodes[0].dims[rows:]) for p in low if p.nodes[0] is not None)
        if 3 * rank > self.length(gradient.dims):
            return ""
        diagonal = next(p for p in parts if p.kind == "Diagonal")
        names = self.arrays([diagonal.nodes[0], gradient, *(n for p in low for n in p.nodes)])
        tall = [self._tall(name, n, rows) for name, n in zip(names[2:], [n for p in low for n in p.nodes], strict=True)]
        sides = [tall[0::2], tall[1::2]]
        U, V = (s[0] if len(s) == 1 else self._beside(s) for s in sides)
        solve = self.writer.helper("woodbury_solve")
        d, g = names[:2]
        if rows == 1:
            return f"{solve}({d}, {U}, {V}, {g})"
        shape = self.writer.shape(gradient.dims)
        return f"{solve}({d}.reshape(-1), {U}, {V}, {g}.reshape(-1)).reshape({shape})"

    def _beside(self, parts: Sequence[str]) -> str:
        """Matrices of the same height, side by side."""
        cat, axis = ("cat", "dim") if self.writer.backend == "torch" else ("concatenate", "axis")
        return f"{self.writer.np}.{cat}(({', '.join(parts)}), {axis}=1)"

    def _blocks(self, parts: Sequence[Part], kinds: list[str], gradient: Node) -> str:
        if kinds != ["Blocks"]:
            return ""
        B, g = self.arrays([parts[0].nodes[0], gradient])
        last = parts[0].last
        text = f"{self.writer.helper('newton_steps')}({B}, {g}{'.T' if last else ''})"
        return f"{text}.T" if last else text

    def joint(self, second: Sequence[Sequence[Node]], first: Sequence[Node]) -> str:
        """solve(H, g) for several variables, as a tuple."""
        if not self.batch:
            return joint(self, second, first)
        self.one = True
        text = joint(self, second, first)
        self.one = False
        return self._of_batch(text, several=True)

    def reshaped(self, name: str, shape: str) -> str:
        """An array in another shape; a size is a plain number."""
        if self.writer.backend == "torch":
            return f"torch.as_tensor({name}, dtype=dtype).reshape({shape})"
        return f"{self.writer.np}.reshape({name}, {shape})"
