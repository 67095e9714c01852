"""The steps of a program as C, continued: factorisations and operations of whole arrays, by functions of their own."""

from __future__ import annotations

from collections.abc import Sequence

from frechet.compile.languages.c_helpers import WHOLE
from frechet.compile.languages.c_linear import MIXED, SIDES
from frechet.compile.languages.c_steps import C, CSteps
from frechet.compile.languages.c_text import length, wrapped
from frechet.compile.languages.language import KNOWN
from frechet.compile.program import Step
from frechet.core.dims import Dim

# Operations of a square matrix, told its side; the others are told how many entries there are.
SQUARE = ("crossaxis", "circsum", "toepsum", "diagsums", "diagmeans")


# What a function is called where the name means something else.
CALLED = {"max": "maximum", "min": "minimum"}


class CWriter(CSteps):
    """Every step of one program."""

    # ---- factorisations ----

    def side(self, factor: Step) -> str:
        """The number of rows of a factored matrix."""
        return " * ".join(str(d) for d in factor.dims)

    def _factor(self, step: Step) -> list[str]:
        (name,) = step.args
        rows = f"{step.name}_rows"
        self.integers[rows] = length(step.dims)
        array, side = self.places.get(name, name), self.side(step)
        refused = f"lu_factor({side}, {step.name}, {rows})"
        refused += f" || !lu_regular({side}, {step.name})" * self.system
        return [f"memcpy({step.name}, {array}, sizeof(double) * {length((*step.dims, *step.dims))});",
                f"if ({refused})", "    goto singular;"]  # fmt: skip

    def _given(self, step: Step) -> str:
        factor = self.program.steps[step.args[0]]
        return f"{self.side(factor)}, {factor.name}, {factor.name}_rows"

    def _inv(self, step: Step) -> list[str]:
        return [f"lu_inverse({self._given(step)}, {self.places.get(step.name, step.name)});"]

    def _det(self, step: Step) -> list[str]:
        return [self._set(step, f"lu_{step.op}({self._given(step)})", ())]

    _logdet = _detsign = _det

    def _solve(self, step: Step) -> list[str]:
        turned, axis, _ = step.spec
        return self._solved(step.name, step.args[1], step.dims, axis, self._given(step), turned)

    def _solved(self, to: str, b: str, dims: Sequence[Dim], axis: int, given: str, turned: bool) -> list[str]:
        nest = self.nest(dims)
        idx = [i for i, _ in nest]
        target = self.places.get(to, to)
        copy = self.loops(nest, [f"{target}[{self.flat(dims, idx)}] = {self.at(b, idx)};"])
        stride = " * ".join(str(d) for d in dims[axis + 1 :]) or "1"
        others = [p for k, p in enumerate(nest) if k != axis]
        first = [i if k != axis else "0" for k, i in enumerate(idx)]
        start = f"&{target}[{self.flat(dims, first)}]" if others else target
        return [*copy, *self.loops(others, [f"lu_solve({given}, {int(turned)}, {start}, {stride});"])]

    def _sandwich(self, step: Step) -> list[str]:
        """X' inv(A) X, or its diagonal: solve first, in work space of the shape of X."""
        X = self.program.steps[step.args[1]]
        work = f"{step.name}_solved"
        axis = step.spec
        lines = self._solved(work, X.name, X.dims, axis, self._given(step), False)
        i, j, k = self.letters[:3]
        j = j if len(step.dims) == 2 else i

        def entry(row: str, column: str) -> list[str]:
            return [row, column] if axis == 0 else [column, row]

        text = f"{self.at(X.name, entry(k, i))} * {work}[{self.flat(X.dims, entry(k, j))}]"
        return lines + self._sum(step, text, [(k, str(X.dims[axis]))], [i, j][: len(step.dims)])

    _sandwich_diagonal = _sandwich

    def _call(self, step: Step) -> list[str]:
        name, _, batched = step.spec
        if name not in SIDES and (name not in WHOLE or any(batched)):
            what = f"{name} of many arrays at once" if name in WHOLE else name
            raise C.refusal(what, [other.name for other in KNOWN if other is not C and other.has(name, len(step.args))])
        given = [self.places.get(a, a) if self.program.steps[a].dims else f"&{a}" for a in step.args]
        if name in SIDES:
            return self._function(step, given)
        first = self.program.steps[step.args[0]]
        dims = first.dims[:1] if name in SQUARE else first.dims
        counts = [product(dims)]
        if name in ("conv", "corr"):
            counts.append(product(self.program.steps[step.args[1]].dims))
        if name in ("kth", "atkth"):
            given[1] = step.args[1]
        text = ", ".join([*counts, *given])
        if WHOLE[name] == "scalar":
            return [self._set(step, f"{CALLED.get(name, name)}({text})", ())]
        return [f"{name}({text}, {self.places.get(step.name, step.name)});"]

    def _function(self, step: Step, given: list[str]) -> list[str]:
        """A function of matrices, which may fail: what it returns is the status of all. Of a batch it is called for
        each matrix; those of several batches in every combination, as the result has their axes first."""
        self.fails = True
        name, groups, batched = step.spec
        dims = [self.program.steps[a].dims for a in step.args]
        target = self.places.get(step.name, step.name) if step.dims else f"&{step.name}"
        loops, entry, place = [], step.dims, ""
        for k, letter in zip([k for k, many in enumerate(batched) if many], self.letters, strict=False):
            batch, dims[k] = dims[k][: groups[k][0]], dims[k][groups[k][0] :]
            loops.append((letter, product(batch)))
            entry = entry[len(batch) :]
            place = f"({place} * {wrapped(product(batch))} + {letter})" if place else letter
            given[k] = f"{given[k]} + {letter} * {wrapped(product(dims[k]))}"
        target += f" + {place} * {wrapped(product(entry))}" if place else ""
        sides = []
        for d, group, many in list(zip(dims, groups, batched, strict=True))[: 2 if SIDES[name] == "two" else 1]:
            rows = group[1] if many else group[0]
            sides += [product(d[:rows]), product(d[rows:])]
        kept = {"square": sides[:1], "sides": sides, "two": sides[::2]}[SIDES[name]]
        if name in MIXED:
            first, rest = given[: MIXED[name]], given[MIXED[name] :]
            given = [*first, str(len(rest)), f"(const double *const[]){{{', '.join(rest)}}}"]
        if name in ("mpower", "dmpower"):
            given[1] = step.args[1]
        before = [] if step.dims else [f"double {step.name} = 0;"]
        call = [f"if ((status = {name}({', '.join([*kept, *given, target])})))", "    goto done;"]
        return [*before, *self.loops(loops, call)]


def product(dims: Sequence[Dim]) -> str:
    """The number of entries."""
    return " * ".join(str(d) for d in dims) or "1"
