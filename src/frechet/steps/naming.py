"""Inner functions by name: f = norm2(X*w - y)^2 as u = X*w - y, f = norm2(u)^2.

The arguments of functions, powers and products get a name where they are more than the variable itself: so each named
function is a step that a table of derivatives knows, and the names with their dependencies are the graph of the chain
rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from frechet.core.dims import Shape, show_size
from frechet.core.errors import problem
from frechet.core.node import Node, depends_on, var
from frechet.language.lower import lower
from frechet.language.tree import Tree, fold
from frechet.steps.algebra import Algebra
from frechet.steps.board import Board, put
from frechet.steps.derivation import Step
from frechet.steps.graph import as_svg, as_text

NAMES = ("u", "v", "z", "s", "r", "p", "q", "g", "h", "k", "a", "b", "c", "e", "t")
MOST_NAMES = 12
# Functions that are linear, so that naming what is inside them explains nothing.
LINEAR = frozenset({"sum", "tr", "mean", "diag", "vec", "mat", "vector", "ones"})


@dataclass(frozen=True)
class Inner:
    """A named function.

    definition   what it is in terms of the variable and the names before it; node: the same, with those as variables
    full         what it stands for in the user's formula
    sources      the names in its definition
    """

    name: str
    definition: Tree
    node: Node
    full: Tree
    sources: tuple[str, ...]


class Naming:
    """The named functions of a formula, the result last. Raises E505 where there are too many to name."""

    def __init__(self, board: Board, root: Tree, wrt: str) -> None:
        self.board, self.page, self.wrt = board, board.page, wrt
        self.algebra = Algebra(board.page)
        self.inner: list[Inner] = []
        self.taken = {*board.declarations.variables, *board.declarations.sizes, wrt}
        self._marked: dict[Tree, Tree] = {}
        body = fold(root, self._visited)
        wanted = "f" if root.typed.is_scalar else "F"
        self._named(root, body, (wanted, *NAMES))
        if not self.last.sources:
            raise no_chain(wrt)

    @property
    def last(self) -> Inner:
        return self.inner[-1]

    def shape(self, name: str) -> Shape:
        if name == self.wrt:
            return self.board.declarations.variables[name]
        return next(i.full.typed for i in self.inner if i.name == name)

    @property
    def environment(self) -> dict[str, Node]:
        """The nodes of all names; a named function stands for itself."""
        return dict(self.board.environment) | {i.name: var(i.name, i.full.typed.axes) for i in self.inner}

    def back(self, tree: Tree, after: str = "") -> Tree:
        """The names replaced by what they stand for; those up to `after` stay."""
        values: dict[str, Tree] = {}
        names = [i.name for i in self.inner]
        for inner in self.inner[names.index(after) + 1 if after else 0 :]:
            values[inner.name] = put(inner.definition, values)
        return self.page.adopt(put(tree, values))

    @property
    def edges(self) -> list[tuple[str, str]]:
        return [(s, i.name) for i in self.inner for s in i.sources]

    @property
    def drawings(self) -> dict[str, str]:
        """The dependency graph as text and as SVG."""
        return {"graph": as_text(self.edges, self.wrt), "svg": as_svg(self.edges, self.wrt)}

    def lines(self) -> list[Step]:
        """One line for each definition."""
        out = []
        for inner in self.inner:
            proof = self.board.checked(self.back(inner.definition), inner.full)
            out.append(Step(("R-name",), inner.name, inner.full, inner.definition, proof, described(inner.full.typed)))
        return out

    # -- cutting ---------------------------------------------------------------------------------------------------

    def _visited(self, t: Tree, args: Sequence[Tree]) -> Tree:
        new = list(args)
        if self._inner_product(t):
            return self._dot_product(t)
        if self._high_power(t):
            inside = self.page.power(new[0], 2)
            power = self.page.number(t.args[1].value / 2)
            named = self._once(self.page.power(t.args[0], 2), inside)
            return self.page.make("pow", [named, power], shape=t.typed)
        if self._curved(t):
            for k, a in enumerate(t.args):
                if a.kind == "transpose" and self._nameable(a.args[0]):
                    new[k] = self.page.flip(self._once(a.args[0], self.page.flip(new[k])))
                elif self._nameable(a):
                    new[k] = self._once(a, new[k])
        unchanged = all(x is y for x, y in zip(new, t.args, strict=True))
        return t if unchanged else self.page.make(t.kind, new, t.name, t.value, t.typed)

    def _once(self, full: Tree, definition: Tree) -> Tree:
        if full not in self._marked:
            names = tuple(n.upper() for n in NAMES) if full.typed.is_matrix else NAMES
            self._marked[full] = self._named(full, definition, names)
        return self._marked[full]

    def _high_power(self, t: Tree) -> bool:
        """norm2(u)^4 is read as (norm2(u)^2)^2."""
        base, *rest = t.args or (t,)
        high = t.kind == "pow" and base.kind == "call" and base.name == "norm2" and rest[0].kind == "number"
        return high and rest[0].value > 2 and rest[0].value % 2 == 0 and self.board.depends(base)

    def _inner_product(self, t: Tree) -> bool:
        """x'*A*x, which is read as the dot product of x and A*x."""
        if t.kind != "mul" or not t.typed.is_scalar or t.args[0].kind != "mul" or t.args[0].typed.is_scalar:
            return False
        first, *rest = self.algebra.links(t)
        plain = first.kind == "transpose" and first.args[0].kind == "name"
        return (
            plain
            and self.board.depends(first)
            and all(r.kind in ("name", "transpose") for r in rest[:-1])
            and (
                rest[-1].kind == "name" and self.board.depends(rest[-1]) and not any(map(self.board.depends, rest[:-1]))
            )
        )

    def _dot_product(self, t: Tree) -> Tree:
        first, *rest = self.algebra.links(t)
        right = self.algebra.product(rest)
        return self.page.make("mul", [first, self._once(right, right)], shape=t.typed)

    def _curved(self, t: Tree) -> bool:
        """Whether a tree is more than a linear map of its arguments."""
        if t.kind in ("pow", "dotpow") and t.args[0].kind == "call" and t.args[0].name == "norm2":
            return False  # norm2(u)^2 stays together; its own argument is named inside
        if t.kind == "call":
            return t.name not in LINEAR
        moving = [a for a in t.args if self.board.depends(a)]
        return t.kind in ("pow", "dotpow") or (t.kind in ("mul", "dotmul", "div", "dotdiv") and len(moving) > 1)

    def _nameable(self, a: Tree) -> bool:
        if not self.board.depends(a) or a.kind in ("name", "transpose", "index", "neg") or a.typed.is_row:
            return False
        return len(self.inner) < MOST_NAMES

    def _named(self, full: Tree, definition: Tree, names: Sequence[str]) -> Tree:
        name = next((n for n in names if n not in self.taken), "")
        if not name:
            raise problem("E505", "There are too many inner functions to name.", help='style="differential"')
        self.taken.add(name)
        environment = self.environment
        node = lower(definition, environment).root
        known = [self.wrt, *(i.name for i in self.inner)]
        sources = tuple(n for n in known if depends_on(node, environment[n]))
        self.inner.append(Inner(name, definition, node, full, sources))
        return self.page.variable(name, full.typed)


def no_chain(wrt: str) -> Exception:
    """The refusal where the result does not depend on the variable."""
    return problem("E505", f"{wrt} does not occur: there is no chain.", help='style="differential"')


def described(shape: Shape) -> str:
    """`a scalar`, `a vector of length m`, `an m x n matrix`."""
    if shape.is_scalar:
        return "a scalar"
    if shape.is_matrix:
        return f"a matrix, {show_size(shape.rows)} x {show_size(shape.cols)}"
    return f"a vector of length {show_size(shape.axes)}"


def sized(shape: Shape) -> str:
    """The size of a vector or scalar as one side of a Jacobian."""
    return "1" if shape.is_scalar else show_size(shape.axes)


def put_back(naming: Naming, line: Tree, answer: Tree, left: str, level: str) -> list[Step]:
    """The names replaced by what they stand for, then the terms collected; at level full each on a line of its own."""
    whole = naming.back(line)
    proof = naming.board.checked(whole, answer)
    if whole is answer:
        return [Step(("R-put-back",), left, line, answer, proof)]
    if level != "full":
        return [Step(("R-put-back", "R-collect"), left, line, answer, proof)]
    return [Step(("R-put-back",), left, line, whole), Step(("R-collect",), "", whole, answer, proof)]
