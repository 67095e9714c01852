"""Which statements a program becomes: their order, what is written over, and what is not written at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from frechet.compile.entries import with_entries
from frechet.compile.precision import for_single
from frechet.compile.program import Step
from frechet.compile.roots import with_roots
from frechet.compile.rows import Blocks, blocks_of
from frechet.compile.schedule import scheduled
from frechet.compile.spelling import Spelling
from frechet.compile.stable.functions import FUNCTIONS, record
from frechet.compile.words import number

# Entries from which an array is worth writing over.
IN_PLACE = 20_000
# Operations whose result is an array of their own.
_FRESH = {"dot", "gram", "entrywise", "outers", "solve", "sandwich", "assemble"}


class Statements(Spelling):
    """The statements of the steps of a program; an operation `x` is written by the method `_x` of `write.Writer`."""

    last: dict[str, int]
    divisors: dict[str, str]
    part: dict[str, int]
    place: int
    here: int
    by_rows = True
    looped = False

    # ---- statements ----

    def lines(self, steps: Sequence[Step], results: Sequence[str]) -> list[str]:
        """The statements of the steps, in order; the arrays `results` are needed at the end."""
        steps = with_entries(self.program.steps, steps, results, whole=self.backend == "torch")
        steps = scheduled(with_roots(self.program, steps), self._writes)
        self.wide: set[str] = set()
        if self.single:
            steps, self.wide = for_single(self.program, steps)
        self.divisors = self._divisors(steps, results) if self.backend == "numpy" else {}
        by_rows = self.by_rows and self.backend == "numpy" and not self.single
        blocks = blocks_of(self.program, steps, results) if by_rows else None
        self.looped = blocks is not None
        parts = [steps] if blocks is None else [blocks.before, blocks.inside, blocks.after]
        self.part = {s.name: k for k, part in enumerate(parts) for s in part}
        every = [s for part in parts for s in part]
        self._count(every, results)
        texts: list[list[str]] = [[] for _ in parts]
        for self.place, step in enumerate(every):
            if step.op == "input" or step.name in self.divisors:
                continue
            self.here = self.part[step.name]
            summed = blocks is not None and step.name in blocks.summed
            texts[self.here] += self._summed(step) if summed else self._statement(step)
        return texts[0] if blocks is None else [*texts[0], *self._loop(blocks, texts[1]), *texts[2]]

    def _statement(self, step: Step) -> list[str]:
        text = self._in_place(step) or getattr(self, f"_{step.op}")(step)
        return [f"{step.name} = {text}{self._note(step)}"] if isinstance(text, str) else text

    @staticmethod
    def _note(step: Step) -> str:
        return "" if step.op == "factor" else f"  # {' x '.join(str(d) for d in step.dims) or 'scalar'}"

    # ---- a loop over blocks of rows ----

    def _summed(self, step: Step) -> list[str]:
        """A sum over all blocks: what this one adds."""
        part = replace(step, name=f"{step.name}_part")
        text = getattr(self, f"_{step.op}")(part)
        more = [] if isinstance(text, str) else text
        return [*more, f"{step.name} += {part.name if more else text}{self._note(step)}"]

    def _loop(self, blocks: Blocks, body: Sequence[str]) -> list[str]:
        names = " = ".join(s.name for s in blocks.inside if s.name in blocks.summed)
        head = f"for {self.counter} in range(0, {self.length(blocks.dim)}, {blocks.length}):"
        return [f"{names} = 0", f"{head}  # so few rows stay in the cache", *(f"    {line}" for line in body)]

    @property
    def counter(self) -> str:
        """The name of the row that a block begins with."""
        name = "first"
        while name in self.program.steps or name in self.sizes.values():
            name += "_"
        return name

    def _rows(self, step: Step) -> str:
        """The rows of an array that belong to a block."""
        axis, length = step.spec
        return f"{step.args[0]}[{':, ' * axis}{self.counter}:{self.counter} + {length}]"

    def _count(self, steps: Sequence[Step], results: Sequence[str]) -> None:
        """Where each array is needed last; what a view of it is needed for, it is needed for too."""
        self.last = dict.fromkeys(results, len(steps))
        for place in range(len(steps) - 1, -1, -1):
            step = steps[place]
            passed_on = step.op in ("reduce", "expand") or step.name in self.divisors
            until = self.last.get(step.name, place) if passed_on else place
            for a in step.args:
                self.last[a] = max(self.last.get(a, 0), until)

    def _divisors(self, steps: Sequence[Step], results: Sequence[str]) -> dict[str, str]:
        """Small reciprocals that one product alone needs: it divides instead."""
        users: dict[str, list[Step]] = {name: [] for name in results}
        for step in steps:
            for a in step.args:
                users.setdefault(a, []).append(step)
        found: dict[str, str] = {}
        for step in steps:
            if step.op != "entrywise" or step.spec[0] != ("power", -1) or step.spec[1][0][0] != 1 or not step.dims:
                continue
            readers = users.get(step.name, [])
            if step.name in results or len(readers) != 1 or self.program.size(step.dims) >= IN_PLACE:
                continue
            user = readers[0]
            entrywise = user.op == "dot" and not ({*user.spec[0]} & {*user.spec[1]}) - {*user.spec[2]}
            if entrywise and len(user.args) == 2 and not any(a in found for a in user.args):
                found[step.name] = step.args[0]
        return found

    def _owned(self, name: str) -> bool:
        """Whether an array was made here, in every turn of a loop, and is not needed after the statement being
        written."""
        again = self.part.get(name) == self.here
        return again and self.program.steps[name].op in _FRESH and self.last[name] == self.place

    def _writes(self, step: Step) -> bool:
        """Whether a step makes a large array entry by entry, so that it may write over an operand."""
        if self.backend != "numpy" or self.program.size(step.dims) < IN_PLACE:
            return False
        return step.op == "entrywise" or (step.op == "dot" and {*step.spec[0], *step.spec[1]} <= {*step.spec[2]})

    def _in_place(self, step: Step) -> list[str]:
        """A large entrywise step in the array of an operand that nothing else needs; [] where there is none."""
        if not self._writes(step):
            return []
        if step.op == "dot":
            ia, ib, io = step.spec
            what, rest, order = "multiply", [], len(io)
            inputs = [(1, True, tuple(io.index(i) for i in idx)) for idx in (ia, ib)]
            square = step.args[0]
            if step.args == (square, square) and ia == ib == io and self._owned(square):
                return [f"{square} *= {square}", f"{step.name} = {square}  # {' x '.join(map(str, step.dims))}"]
        else:
            (what, *rest), inputs, order = step.spec
        names = iter(step.args)
        parts = [(c, next(names) if named else "", spots) for c, named, spots in inputs]
        whole = tuple(range(order))
        free = [k for k, (_, n, spots) in enumerate(parts) if n and spots == whole and step.args.count(n) == 1
                and self.program.steps[n].dims == step.dims and self._owned(n)]  # fmt: skip
        if not free:
            return []
        coef, name, _ = parts[free[0]]
        rest_of = [p for k, p in enumerate(parts) if k != free[0]]
        others = [(c, self.aligned(n, spots, order) if n else "") for c, n, spots in rest_of]
        turned = what == "linear" and coef == -1 and bool(others) and others[0][0] > 0
        lines = [] if coef == 1 or turned or what not in ("linear", "map") else [f"{name} *= {number(coef)}"]
        if turned:
            (c, e), *others = others
            lines.append(f"np.subtract({self.scaled(c, e)}, {name}, out={name})")
        if what == "linear":
            lines += [f"{name} {'-' if c < 0 else '+'}= {self.scaled(abs(c), e)}" for c, e in others]
        elif what == "multiply":
            lines += [f"{name} *= {self.scaled(c, e)}" for c, e in others]
        elif what == "power" and rest[0] == 2:
            lines.append(f"{name} *= {name}")
        else:
            template = record(rest[0]).code["numpy"] if what == "map" else ""
            if others or not (template.startswith(("np.", "sech2(")) and template.endswith("({x})")):
                return []
            if rest[0] in FUNCTIONS:
                self.helper(rest[0])
            lines.append(f"{template[:-5]}({name}, out={name})")
        return [*lines, f"{step.name} = {name}  # {' x '.join(map(str, step.dims))}"]
