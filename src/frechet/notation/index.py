"""Index notation: what every tensor has, even where matrix notation ends.

    D[i,j,k,l] = 2*B[k,l]*sum_m A[i,m]*(X*w)[m]

Sums are over every index that stands on the right only. A variable of composite size has an index for each part.
"""

from __future__ import annotations

from itertools import count
from string import ascii_lowercase

from frechet.core.node import Add, Ein, Mask, Node, Number, Pick, Unit, Var
from frechet.notation.product import UnwritableError
from frechet.notation.term import Term, written
from frechet.notation.text import to_text
from frechet.notation.writer import Writer

LETTERS = [c for c in "ijklmnpqrstuvwabcdefgh" if c in ascii_lowercase]
TERMS = 40


def index_form(writer: Writer, node: Node) -> str:
    """The tensor as one line of index notation."""
    names = (LETTERS[k] if k < len(LETTERS) else f"i{k}" for k in count())
    out = [next(names) for _ in range(node.order)]
    head = f"D[{','.join(out)}]" if out else "D"
    return f"{head} = {_Indexer(writer, names).node(node, out)}"


class _Indexer:
    """Writes nodes at given indices; fresh letters for what is summed."""

    def __init__(self, writer: Writer, names: object) -> None:
        self.w = writer
        self.names = names

    def fresh(self) -> str:
        name: str = next(self.names)  # type: ignore[call-overload]
        return name

    def node(self, node: Node, at: list[str]) -> str:
        if isinstance(node, Add):
            return " + ".join(self._term(c, n, at) for c, n in node.terms[:TERMS]).replace("+ -", "- ")
        return self._term(1, node, at)

    def _term(self, coef: Number, node: Node, at: list[str]) -> str:
        if not isinstance(node, Ein):
            return ("" if coef == 1 else f"{_number(coef)}*") + self._factor(node, at)
        coef = coef * node.coef
        name: dict[int, str] = {}
        parts: list[str] = []
        for i, letter in zip(node.out, at, strict=True):
            if i in name:
                parts.append(f"[{name[i]}={letter}]")
            else:
                name[i] = letter
        summed = [i for i in range(len(node.index_dims)) if i not in name]
        name.update({i: self.fresh() for i in summed})
        for base, idx, e in node.factors:
            text = self._factor(base, [name[i] for i in idx])
            parts.append(text if e == 1 else f"{text}^{e}" if e.denominator == 1 and e > 0 else f"{text}^({e})")
        body = "*".join(([] if abs(coef) == 1 and parts else [_number(max(coef, -coef))]) + parts)
        sigma = f"sum_{{{','.join(name[i] for i in summed)}}} " if summed else ""
        return ("-" if coef < 0 else "") + sigma + body

    def _factor(self, node: Node, at: list[str]) -> str:
        where = f"[{','.join(at)}]" if at else ""
        if isinstance(node, Var):
            return node.name + where
        if isinstance(node, Unit):
            return f"[{at[0]}={node.position + 1}]"
        if isinstance(node, Pick):
            return f"[{at[1]}={at[0]}+{node.first}]"
        if isinstance(node, Mask):
            return f"[{at[0]}>={at[1]}]"
        try:
            term = self.w.term(node)
        except UnwritableError:
            return f"({self.node(node, at)})" if isinstance(node, (Add, Ein)) else self._applied(node, at)
        return self._bracketed(term) + where

    def _bracketed(self, term: Term) -> str:
        tree = written(self.w.page, term)
        text = to_text(tree)
        return text if tree.kind in ("name", "call", "number", "size") else f"({text})"

    def _applied(self, node: Node, at: list[str]) -> str:
        operation = getattr(node, "operation", None)
        name = operation.name if operation is not None else "?"
        inner = node.children[0]
        letters = [self.fresh() for _ in inner.dims]
        return f"{name}({','.join(letters)} -> {self.node(inner, letters)})[{','.join(at)}]"


def _number(value: Number) -> str:
    return str(value) if value.denominator == 1 else f"({value})"
