"""Unification of sizes.

A term is a tuple of atoms, the product of their sizes; `()` is the size 1. An atom is a name (a declared size:
equal only to itself) or a `Free`. A Free stands for a size still to be found; one with a `value` is a declared
integer, one with `factors` a declared product, and both may be split where they meet a composite size (12 meets
kron's 3*4; m*n meets the length n*m of vec(X): a variable has no order of its own). Every binding is logged, so that
an attempt can be undone.
"""

from __future__ import annotations

from frechet.core.dims import Dim, Size, show_size


class Free:
    """A size that unification may bind: unknown (`open`), or a known integer or product of names that may be split.

    `unit` says whether an unknown one may turn out to be 1: the letters of a signature may, the length of a
    vector and the sides of a matrix may not (else a matrix could silently become a vector). `name` is what an
    unknown that is left in the end is called (`language.naming`).
    """

    __slots__ = ("bound", "factors", "name", "unit", "value")

    def __init__(self, value: int = 0, unit: bool = False, factors: tuple[str, ...] = ()) -> None:
        self.value = value
        self.factors = factors
        self.unit = unit
        self.name = ""
        self.bound: Term | None = None

    @property
    def open(self) -> bool:
        """Whether nothing is known of it."""
        return not self.value and not self.factors


Atom = str | Free
Term = tuple[Atom, ...]


def term(size: Size) -> Term:
    """A declared size as a term; the integer 1 is the empty product, so that 1 x 1 results are scalars."""
    names = tuple(d for d in size if isinstance(d, str))
    if len(names) == len(size) > 1:
        return (Free(factors=names),)
    return tuple(d if isinstance(d, str) else Free(d) for d in size if d != 1)


class Sizes:
    """The bindings made so far, and the log that undoes them."""

    def __init__(self) -> None:
        self.log: list[tuple[Free, Term | None, bool]] = []

    def mark(self) -> int:
        return len(self.log)

    def undo(self, mark: int) -> None:
        while len(self.log) > mark:
            free, bound, unit = self.log.pop()
            free.bound, free.unit = bound, unit

    def flat(self, size: Term) -> Term:
        """`size` with everything bound put in."""
        for atom in size:
            if isinstance(atom, Free) and atom.bound is not None:
                break
        else:
            return size
        out: list[Atom] = []
        stack = list(reversed(size))
        while stack:
            atom = stack.pop()
            if isinstance(atom, Free) and atom.bound is not None:
                stack.extend(reversed(atom.bound))
            else:
                out.append(atom)
        return tuple(out)

    def unify(self, a: Term, b: Term) -> bool:
        """Make the two sizes equal; on failure nothing has changed."""
        if a is b:
            return True
        mark = self.mark()
        if self._unify(self.flat(a), self.flat(b)):
            return True
        self.undo(mark)
        return False

    def fits(self, *pairs: tuple[Term, Term]) -> bool:
        """Whether all pairs can be made equal together; leaves no trace."""
        mark = self.mark()
        answer = all(self.unify(a, b) for a, b in pairs)
        self.undo(mark)
        return answer

    def _unify(self, a: Term, b: Term) -> bool:
        while a and b and a[0] == b[0]:
            a, b = a[1:], b[1:]
        while a and b and a[-1] == b[-1]:
            a, b = a[:-1], b[:-1]
        if not a and not b:
            return True
        for one, other in ((a, b), (b, a)):
            if len(one) == 1 and isinstance(one[0], Free) and one[0].open:
                return self._bind(one[0], other)
        if not a or not b:
            return False
        return self._heads(a[0], b[0], a, b)

    def _heads(self, x: Atom, y: Atom, a: Term, b: Term) -> bool:
        """Neither term is a lone unknown: make their heads equal, go on behind them."""
        if isinstance(y, Free) and y.open:
            x, y, a, b = y, x, b, a
        if isinstance(x, Free) and x.open:
            return self._bind(x, (y,)) and self.unify(a[1:], b[1:])
        if isinstance(y, Free) and len(y.factors) > (len(x.factors) if isinstance(x, Free) else 0):
            x, y, a, b = y, x, b, a
        if isinstance(x, Free) and x.factors:
            return self._take_off(x, y, a, b)
        if isinstance(x, str) or isinstance(y, str):
            return False
        if x.value < y.value:
            x, y, a, b = y, x, b, a
        if x.value % y.value:
            return False
        rest: Term = () if x.value == y.value else (Free(x.value // y.value),)
        return self._bind(x, (y, *rest)) and self.unify((*rest, *a[1:]), b[1:])

    def _take_off(self, x: Free, y: Atom, a: Term, b: Term) -> bool:
        """The head x of a is a product of names: y, the head of b, must be one or some of them."""
        rest = list(x.factors)
        for name in (y,) if isinstance(y, str) else y.factors:
            if name not in rest:
                return False
            rest.remove(name)
        if len(rest) == len(x.factors):
            return False
        left = term(tuple(rest))
        return self._bind(x, (y, *left)) and self.unify((*left, *a[1:]), b[1:])

    def _bind(self, free: Free, size: Term) -> bool:
        if free in size:
            return size == (free,)
        if not size and not (free.unit or free.value):
            return False
        self.log.append((free, free.bound, free.unit))
        if len(size) == 1 and isinstance(size[0], Free) and not size[0].value and not free.unit:
            other = size[0]
            self.log.append((other, other.bound, other.unit))
            other.unit = False
        free.bound = size
        return True

    def show(self, size: Term) -> str:
        """`m`, `3*n`, `1`, `?` for a size not known yet."""
        known = (d for a in self.flat(size) for d in ((a,) if isinstance(a, str) else a.factors or (a.value or "?",)))
        return show_size(tuple(known))

    def solved(self, size: Term) -> Size:
        """The final size; an unknown without a name is ''."""
        out: list[Dim] = []
        for atom in self.flat(size):
            out += (atom,) if isinstance(atom, str) else atom.factors or (atom.value or atom.name,)
        return tuple(out)
