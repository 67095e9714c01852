"""Programs for float32: arrays stay float32, scalars are float64 until they are returned or meet an array.

A sum of a million products that cancel has no digits left in float32, though its terms had seven. So inner products and
sums that end in a number are accumulated in float64, and what is computed from them is; matrix products, which take the
time, and all arrays stay as they are. Where every term has the same sign nothing cancels: such a sum is left to BLAS,
unless it is itself a term of a sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from frechet.compile.program import Program, Step

# Functions without negative values.
_POSITIVE = ("exp", "softplus", "sigmoid", "cosh", "abs", "sech2", "coshm1")
# Terms from which a sum along an axis is accumulated in float64: NumPy adds the rows of a matrix one after another.
MANY = 256


def for_single(program: Program, steps: Sequence[Step]) -> tuple[list[Step], set[str]]:
    """The steps with conversions where numbers and arrays meet, and the names of the sums accumulated in float64."""
    readers: dict[str, list[Step]] = {}
    for step in steps:
        for a in step.args:
            readers.setdefault(a, []).append(step)
    sums = {s.name for s in steps if s.op in ("dot", "reduce") and not s.dims}
    wide = {s.name for s in steps if s.name in sums and not _harmless(program, s, readers)}
    python = {s.name for s in steps if s.op == "size"}  # numbers of Python take the precision of what they meet
    long = set(wide)  # numbers that have more digits than an array can take
    out: list[Step] = []
    for step in steps:
        if step.op in _COMPUTED and not step.dims:
            if python.issuperset(step.args) and _of_python(step):
                python.add(step.name)
            if not long.isdisjoint(step.args):
                long.add(step.name)
        args = [a if a in python else _converted(program, step, program.steps[a], sums) for a in step.args]
        made = replace(step, args=tuple(args))
        if step.op == "entrywise" and step.dims and step.spec[0][0] == "linear":
            made = _with_rests(program, made, [a in long for a in step.args])
        out += [program.steps[a] for a in made.args if a not in step.args and program.steps[a] not in out]
        out.append(made)
    return out, wide


def _of_python(step: Step) -> bool:
    """Whether numbers of Python stay such: NumPy's functions, and roots, make float64 of them."""
    if step.op == "scalars":
        return all(e % 1 == 0 for e in step.spec)
    return step.op == "entrywise" and step.spec[0][0] in ("linear", "multiply")


def _with_rests(program: Program, step: Step, long: Sequence[bool]) -> Step:
    """x - m of an array and a number m of float64 as x - h - r, h being m in float32 and r what is left: near the mean
    of many numbers x - h has no rounding error, and m - h would be the error."""
    what, inputs, order = step.spec
    names, parts = list(step.args), list(inputs)
    places = [k for k, (_, named, _) in enumerate(inputs) if named]
    for k, (name, is_long) in enumerate(zip(step.args, long, strict=True)):
        if is_long:
            coef = inputs[places[k]][0]
            names.append(program.emit("rest", (program.steps[name].args[0], name), coef > 0, ()))
            parts.append((-abs(coef), True, ()))  # written last
    return replace(step, args=tuple(names), spec=(what, tuple(parts), order))


_COMPUTED = ("entrywise", "scalars", "narrow", "widen")


def _converted(program: Program, step: Step, source: Step, sums: set[str]) -> str:
    """The name of what a step reads, in the precision that it is read in."""
    if source.dims:
        return source.name
    if step.dims:
        return source.name if source.op == "input" else program.emit("narrow", (source.name,), None, ())
    if step.op in _COMPUTED and source.op not in _COMPUTED and source.name not in sums:
        return program.emit("widen", (source.name,), None, ())
    return source.name


def _harmless(program: Program, step: Step, readers: dict[str, list[Step]]) -> bool:
    """Whether a sum keeps its digits in float32: all terms have one sign, and it is only multiplied with other numbers
    and arrays."""
    if not one_signed(program, step):
        return False
    waiting = [step]
    for known in waiting:
        for reader in readers.get(known.name, ()):
            if reader.dims or reader in waiting or reader.op == "narrow":
                continue
            what = reader.spec[0][0] if reader.op == "entrywise" else reader.op
            if what not in ("scalars", "multiply", "power") and (what != "linear" or len(reader.spec[1]) > 1):
                return False
            waiting.append(reader)
    return True


def one_signed(program: Program, step: Step) -> bool:
    """Whether no term of a sum can be negative, as far as the step and what it reads show."""
    if step.op == "dot":
        a, b = step.args
        same = a == b and step.spec[0] == step.spec[1]
        return same or (_not_negative(program, a) and _not_negative(program, b))
    return _not_negative(program, step.args[0])


def _not_negative(program: Program, name: str) -> bool:
    step = program.steps[name]
    if step.op == "dot":
        return step.args[0] == step.args[1] and step.spec[0] == step.spec[1]
    if step.op != "entrywise":
        return False
    what, *rest = step.spec[0]
    if what == "map":
        return rest[0] in _POSITIVE
    if what == "power":
        return Fraction(rest[0]) % 2 == 0
    return what in ("sigmoid", "softplus", "decay", "slope")
