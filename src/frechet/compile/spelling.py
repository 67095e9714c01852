"""How arrays are spelled in the code of a backend: names of sizes, axes in another order, diagonals written out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from frechet.compile.program import Pattern, Program, Step, Value
from frechet.compile.words import labels_of, letters, number
from frechet.core.dims import Dim


class Spelling:
    """Expressions of one program for one backend: "numpy", "jax" or "torch"."""

    def __init__(self, program: Program, backend: str, sizes: dict[str, str], single: bool = False) -> None:
        self.program = program
        self.backend = backend
        self.np = {"numpy": "np", "jax": "jnp", "torch": "torch"}[backend]
        self.sizes, self.single = sizes, single
        self.helpers: list[str] = []
        self.used_sizes: list[str] = []

    def helper(self, name: str) -> str:
        """The name of a helper, which the code will bring along."""
        if name not in self.helpers:
            self.helpers.append(name)
        return name

    def length(self, dim: Dim) -> str:
        if isinstance(dim, int):
            return str(dim)
        if dim not in self.used_sizes:
            self.used_sizes.append(dim)
        return self.sizes[dim]

    def shape(self, dims: Sequence[Dim]) -> str:
        parts = [self.length(d) for d in dims]
        return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"

    def permuted(self, expr: str, axes: Sequence[int]) -> str:
        """Axis k of the result is axis axes[k]."""
        if tuple(axes) == tuple(range(len(axes))):
            return expr
        if len(axes) == 2:
            step = self.program.steps.get(expr)
            return f"{step.args[0]}.turn({expr})" if step is not None and step.op == "inv" else f"{expr}.T"
        listed = ", ".join(map(str, axes))
        return f"{expr}.permute({listed})" if self.backend == "torch" else f"{expr}.transpose({listed})"

    def aligned(self, expr: str, spots: Sequence[int], order: int) -> str:
        """The array with axis j at place spots[j] of `order` axes; an array without axes is a number."""
        if not spots:
            return expr
        ranked = sorted(range(len(spots)), key=lambda j: spots[j])
        expr = self.permuted(expr, ranked)
        first = min(spots)
        if len(spots) == order or (set(spots) == set(range(first, order))):
            return expr  # leading axes come by broadcasting
        return f"{expr}[{', '.join(':' if k in spots else 'None' for k in range(order))}]"

    @staticmethod
    def scaled(coef: Any, expr: str) -> str:
        """coef * expr; the number alone for no expression."""
        if not expr:
            return number(coef)
        return expr if coef == 1 else f"-{expr}" if coef == -1 else f"{number(coef)} * {expr}"

    def array(self, coef: Any, name: str, pattern: Pattern) -> str:
        """coef * array for a helper that needs an array, not a number."""
        scaled = self.scaled(coef, name)
        has_axes = any(p is not None and p >= 0 for p in pattern)
        return scaled if has_axes else f"{scaled} * {self.np}.ones((), dtype=dtype)"

    def expanded(self, coef: Any, name: str, pattern: Pattern, dims: Sequence[Dim]) -> str:
        """coef * array as an array with an axis for each of dims."""
        np = self.np
        if not name and all(p is None for p in pattern):
            return f"{np}.full({self.shape(dims)}, {number(coef)}, dtype=dtype)" if dims else number(coef)
        scaled = self.scaled(coef, name)
        present = [p for p in pattern if p is not None]
        if len(set(present)) < len(present):
            return f"{self.helper('on_diagonal')}({self.array(coef, name, pattern)}, {pattern}, {self.shape(dims)})"
        if len(present) == len(pattern):
            return self.permuted(name if coef == 1 else f"({scaled})", present)
        spots = [pattern.index(k) for k in range(len(present))]
        spread = self.aligned(name if coef == 1 else f"({scaled})", spots, len(dims))
        if spots:
            return f"{np}.broadcast_to({spread}, {self.shape(dims)}).{'clone' if self.backend == 'torch' else 'copy'}()"
        if self.backend != "torch":
            return f"{np}.full({self.shape(dims)}, {spread}, dtype=dtype)"
        return f"torch.as_tensor({spread}, dtype=dtype).expand({self.shape(dims)}).clone()"

    def diagonal(self, name: str, d: Value) -> str:
        """The entries of an array on the diagonal where a value stands, as a view to write into."""
        labels = labels_of(d)
        if len(labels) == 2:  # the array is new, so that its memory has no gaps
            return f'{name}.ravel("K")[:: len({name}) + 1]'
        return f'np.einsum("{letters(labels)}->{letters(list(dict.fromkeys(labels)))}", {name})[...]'

    def on_diagonal(self, d: Value) -> str:
        """The array of a value, with the axes of `diagonal`."""
        kept = list(dict.fromkeys(labels_of(d)))
        order = len({p for p in d.pattern if p is not None and p >= 0})
        expr = self.aligned(d.name, [kept.index(k) for k in range(order)], len(kept)) if d.name else "1"
        return self.scaled(d.coef, expr)

    # ---- float32 ----

    def narrow(self, text: str) -> str:
        return f"{text}.to(torch.float32)" if self.backend == "torch" else f"{text}.astype({self.np}.float32)"

    def _narrow(self, step: Step) -> str:
        return self.narrow(step.args[0]) if self.backend == "torch" else f"{self.np}.float32({step.args[0]})"

    def _widen(self, step: Step) -> str:
        return f"{step.args[0]}.double()" if self.backend == "torch" else f"{self.np}.float64({step.args[0]})"

    def _rest(self, step: Step) -> str:
        """What a number of float64 (or its negative) has that its float32 has not."""
        long, short = step.args[::-1] if step.spec else step.args
        text = f"{long} - {short}"
        return self.narrow(f"({text})") if self.backend == "torch" else f"{self.np}.float32({text})"
