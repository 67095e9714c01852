"""One case through the public interface: what came out, and whether it is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import frechet as fr
from frechet.equality.decide import decide_trees
from tests.cases.suite import Case, Draw, draws, uses_later_function

TOLERANCE = 1e-8
STATUSES = ("right", "wrong", "refused", "undecided", "crashed")


@dataclass
class Verdict:
    """What happened to a case. `status` counts the value, the printed text, `expected` and the Kronecker form;
    `equality` is how the printed form compares with `expected`: proved, evidence, or empty where there is none."""

    case: Case
    status: str = "right"
    detail: str = ""
    printed: str = ""
    closed: bool = False
    equality: str = ""

    @property
    def ratio(self) -> float | None:
        """Printed length over expected length, blanks left out; what is no closed form counts as too long."""
        if self.case.expected is None:
            return None
        printed, expected = ("".join(t.split()) for t in (self.printed, self.case.expected))
        return float("inf") if not self.closed else len(printed) / len(expected)


class MismatchError(Exception):
    """A comparison that failed."""


def parse(case: Case, text: str, **more: list[str | int]) -> Any:
    """A formula with the declarations of the case."""
    declared = {**case.vars, **more}
    return fr.parse(text, variables=declared, facts=case.props, domain=case.domain, sizes=case.requires)


def derive(case: Case, **options: Any) -> Any:
    """The derivative that the case asks for."""
    f = parse(case, case.expr)
    if case.structured:
        return f.derivative(*case.wrt, structured=True, **options)
    if case.kind in ("gradient", "jacobian", "hessian"):
        return getattr(f, case.kind)(case.wrt[0], **options)
    return f.derivative(*case.wrt, **options)


def same(got: Any, truth: np.ndarray, what: str, *, shaped: bool = True) -> None:
    """Raise MismatchError unless the numbers agree to the tolerance, relative to the largest entry."""
    value = np.asarray(got, dtype=float)
    if not shaped and value.size == truth.size:
        value = value.reshape(truth.shape)
    if value.shape != truth.shape:
        raise MismatchError(f"{what}: shape {value.shape}, not {truth.shape}")
    error = float(np.max(np.abs(value - truth), initial=0.0))
    scale = float(np.max(np.abs(truth), initial=0.0))
    if not error <= TOLERANCE * max(scale, 1e-3):
        raise MismatchError(f"{what}: off by {error:.2g} at scale {scale:.2g}")


def check_printed(case: Case, text: str, draw: Draw) -> None:
    """The printed form, read back, has the same numbers; an operator form `dX -> e` is applied to directions."""
    *heads, body = text.split("->")
    names = [head.strip() for head in heads]
    if not names:
        same(parse(case, text).evaluate(**draw.arrays), draw.truth, "printed", shaped=False)
        return
    # dX belongs to X; dX_2 to a second derivative by X, whose order among equals does not matter
    places = [k for k, v in enumerate(case.wrt) if any(n == f"d{v}" or n.startswith(f"d{v}_") for n in names)]
    operands = [case.wrt[k] for k in places[-len(names) :]]
    ordered = sorted(names, key=lambda n: [n.startswith(f"d{v}") for v in operands].index(True))
    rng = np.random.default_rng(0)
    directions = [rng.standard_normal(draw.arrays[v].shape) for v in operands]
    truth = draw.truth
    for direction in reversed(directions):
        truth = np.tensordot(truth, direction, direction.ndim)
    more = {n: case.vars[v] for n, v in zip(ordered, operands, strict=True)}
    given = {**draw.arrays, **dict(zip(ordered, directions, strict=True))}
    same(parse(case, body, **more).evaluate(**given), np.asarray(truth), "printed operator", shaped=False)


def check(case: Case, verdict: Verdict) -> None:
    """Every claim of the case, at every stored point."""
    d = derive(case)
    verdict.printed, verdict.closed = str(d), bool(d.text)
    for draw in draws(case.id):
        same(d.evaluate(**draw.arrays), draw.truth, "value")
        if d.text or d.operator_form != d.index_form:
            check_printed(case, verdict.printed, draw)
        elif not verdict.printed.startswith("D["):
            raise MismatchError("nothing to show")
        if case.expected and not uses_later_function(case.expected):
            expected = parse(case, case.expected).evaluate(**draw.arrays)
            same(expected, draw.truth, "expected, as read,", shaped=False)
        if case.expected_vec:
            rows = int(np.prod(draw.truth.shape, dtype=int)) // draw.arrays[case.wrt[-1]].size
            matrix = draw.truth.reshape((rows, -1), order="F")
            same(parse(case, d.kronecker_form).evaluate(**draw.arrays), matrix, "Kronecker form", shaped=False)
            same(parse(case, case.expected_vec).evaluate(**draw.arrays), matrix, "expected_vec, as read,", shaped=False)
    if case.expected and d.text and not uses_later_function(case.expected):
        verdict.equality = compared(case, d.text)


def compared(case: Case, printed: str) -> str:
    """The printed form against the expected one: proved or evidence; what is refuted or undecided is a mismatch."""
    f, g = parse(case, printed), parse(case, case.expected or "")
    decision = decide_trees(f.tree, g.tree, f.declarations)
    if not decision.equal:
        raise MismatchError(f"printed against expected: {decision.status} {decision.counterexample or decision.reason}")
    return decision.status


def judge(case: Case) -> Verdict:
    """Run a case and say how it went."""
    verdict = Verdict(case)
    try:
        check(case, verdict)
    except MismatchError as error:
        verdict.status, verdict.detail = "wrong", str(error)
    except fr.VerificationError as error:
        undecided = error.diagnostic.code == "E601"
        verdict.status, verdict.detail = "undecided" if undecided else "wrong", str(error)
    except fr.FrechetError as error:
        verdict.status, verdict.detail = "refused", str(error)
    except Exception as error:  # anything else is a bug, and the table has to say which cases meet it
        verdict.status, verdict.detail = "crashed", f"{type(error).__name__}: {error}"
    return verdict
