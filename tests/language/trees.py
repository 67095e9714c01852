"""Random surface trees of every kind, and equality of trees."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from frechet.language.tree import BINARY, Tree, fold
from frechet.notation.layout import spelled

NAMES = st.sampled_from(["x", "y", "A", "X_hat", "w1", "lam", "e", "E1", "dX", "theta_0"])
FUNCTIONS = st.sampled_from(["exp", "sum", "max", "inv", "norm2", "kron", "eye", "diag", "unknown"])
LITERALS = st.sampled_from(["0", "1", "2", "0.5", "1e-3", "2.50", "10", ".5", "3e5"])
COMPUTED = st.builds(Fraction, st.integers(-50, 50), st.sampled_from([1, 2, 3, 7, 100, 1000, 3000, 10**12]))


def leaves() -> st.SearchStrategy[Tree]:
    return st.one_of(
        NAMES.map(lambda name: Tree("name", name=name)),
        LITERALS.map(lambda text: Tree("number", name=text, value=Fraction(text))),
        COMPUTED.map(lambda value: Tree("number", value=value)),
    )


def _grown(inner: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    place = st.one_of(st.none(), st.integers(1, 30))
    return st.one_of(
        st.builds(lambda kind, a, b: Tree(kind, (a, b)), st.sampled_from(sorted(BINARY)), inner, inner),
        st.builds(lambda kind, a: Tree(kind, (a,)), st.sampled_from(["neg", "transpose"]), inner),
        st.builds(lambda f, args: Tree("call", tuple(args), name=f),
        FUNCTIONS, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda a, places: Tree("index", (a,), value=tuple(places)), inner,
                  st.lists(place, min_size=1, max_size=2)),
        st.builds(lambda name, a: Tree("arrow", (a,), name=name), NAMES, inner),
        st.builds(_where, inner, st.lists(inner, min_size=1, max_size=2)),
        st.integers(1, 2).flatmap(lambda h: st.integers(1, 2).flatmap(lambda w: st.lists(
            inner, min_size=h * w, max_size=h * w).map(lambda args: Tree("matrix", tuple(args), value=(h, w))))),
    )  # fmt: skip


def _where(body: Tree, definitions: list[Tree]) -> Tree:
    return Tree("where", (body, *definitions), value=("s", "t2")[: len(definitions)])


def trees(size: int = 25) -> st.SearchStrategy[Tree]:
    return st.recursive(leaves(), _grown, max_leaves=size)


def as_written(tree: Tree) -> Tree:
    """The tree with its computed numbers as the printers spell them: -1/2 is the minus of a quotient."""

    def visit(t: Tree, args: object) -> Tree:
        t = t.with_(args=tuple(args))  # type: ignore[call-overload]
        s = spelled(t)
        return s if s is t else s.with_(args=tuple(as_written(a) for a in s.args))

    return fold(tree, visit)


def same(a: Tree, b: Tree) -> bool:
    """Equal in everything but spans and shapes."""
    stack = [(a, b)]
    while stack:
        a, b = stack.pop()
        if (a.kind, a.name, a.value, len(a.args)) != (b.kind, b.name, b.value, len(b.args)):
            return False
        stack.extend(zip(a.args, b.args, strict=True))
    return True


def outline(tree: Tree) -> str:
    """`(mul x (transpose y))`: the structure, to be read in a test."""

    def visit(t: Tree, args: object) -> str:
        if t.kind in ("number", "name", "size"):
            return t.name or str(t.value)
        head = " ".join([t.kind, *([t.name] if t.name else []), *([str(t.value)] if t.value is not None else [])])
        return f"({head} {' '.join(args)})"  # type: ignore[call-overload]

    return fold(tree, visit)
