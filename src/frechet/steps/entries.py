"""The entrywise style: the differential, and then one unit direction after the other, Df(x)[e_k] = df/dx[k]."""

from __future__ import annotations

from itertools import product

from frechet.core.build import substitute
from frechet.core.ein import constant, ein
from frechet.core.errors import problem
from frechet.core.node import Node, unit
from frechet.language.lower import lower
from frechet.language.tree import Tree, subtrees
from frechet.steps.board import DIFFERENTIAL, Board, inlined
from frechet.steps.claims import compare
from frechet.steps.derivation import Derivation, Step
from frechet.steps.story import Subject, tell

MOST_ENTRIES = 9


def by_entries(subject: Subject, level: str) -> Derivation:
    """The derivation. Raises E505 where the sizes of the variable are not small numbers, or the order is not one."""
    name = subject.wrt[-1]
    shape = subject.declarations.variables[name]
    count = 1
    for dim in shape.axes:
        count *= dim if isinstance(dim, int) else MOST_ENTRIES + 1
    if len(subject.wrt) != 1 or count > MOST_ENTRIES or subject.answer is None:
        raise problem("E505", f"The entrywise style needs a first derivative by at most {MOST_ENTRIES} entries; the "
                      f"sizes of {name} are {', '.join(map(str, shape.axes)) or 'none'}.",
                      help=f'Declare small sizes, variables={{"{name}": [3]}}, or style="differential".')  # fmt: skip
    told = tell(subject, level)
    whole = next((k for k, s in enumerate(told.steps) if s.rule in _ENDS), len(told) - 1)
    # The lines up to the one without differentials: a direction is put in there, nothing has to be moved before.
    ready = next((k for k, s in enumerate(told.steps[:whole], 1) if not _unfinished(s.after)), whole)
    line = told.steps[ready - 1].after if ready else told.steps[whole].before
    partials = _Entries(subject).steps(line)
    return Derivation(told.goal, told.start, told.answer, (*told.steps[:ready], *partials, *told.steps[whole:]),
                      "entrywise", level, told.gap, directions=told.directions)  # fmt: skip


_ENDS = ("R-gradient", "R-jacobian", "R-coefficient", "R-operator")


def _unfinished(line: Tree) -> bool:
    return any(t.kind == "call" and t.name == DIFFERENTIAL for t in subtrees(line))


class _Entries:
    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        plain = inlined(subject.tree)
        self.board = Board(subject.declarations, plain, subject.names, lower(plain, subject.names))

    def steps(self, line: Tree) -> list[Step]:
        """One partial derivative a step, in the order of the entries."""
        name = self.subject.wrt[-1]
        axes = self.subject.declarations.variables[name].axes
        f = "f" if self.subject.tree.typed.is_scalar else "F"
        out = []
        for place in product(*(range(int(d)) for d in axes)):
            found = self._partial(place)
            tree = self.board.write(found)
            if tree is None:
                raise problem("E505", "A partial derivative has no matrix notation.", help='style="differential"')
            proof = compare(self.board.node(tree), self._entry(place), self.board.source, self.subject.declarations)
            where = "[" + ",".join(str(p + 1) for p in place) + "]" if place else ""
            note = f"d{name} = 1 at {where[1:-1]}, else 0" if place else f"d{name} = 1"
            out.append(Step(("R-partial",), f"d{f}/d{name}{where}", line, tree, proof, note))
        return out

    def _partial(self, place: tuple[int, ...]) -> Node:
        """The differential with a unit direction put in."""
        last = self.subject.levels[-1]
        dims = last.direction.dims
        n = tuple(range(len(dims)))
        factors = [(unit(p, d), (i,), 1) for i, (p, d) in enumerate(zip(place, dims, strict=True))]
        basis = ein(1, factors, n, dict(enumerate(dims))) if dims else constant(1)
        return substitute(last.along, lambda node: basis if node is last.direction else None)

    def _entry(self, place: tuple[int, ...]) -> Node:
        """The same entry of the answer's tensor."""
        tensor = self.subject.levels[-1].tensor
        keep = tensor.order - len(place)
        n = tuple(range(tensor.order))
        fixed = [(unit(p, tensor.dims[keep + k]), (keep + k,), 1) for k, p in enumerate(place)]
        return ein(1, [(tensor, n, 1), *fixed], n[:keep], dict(enumerate(tensor.dims)))
