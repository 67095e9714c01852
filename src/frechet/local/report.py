"""What is known of f at a point as a readable page, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frechet.core.display import Card
from frechet.core.facts import STRUCTURAL
from frechet.core.lazy import np
from frechet.local.lengths import norm, norms
from frechet.local.numbers import array, clean, matrix_lines, named_arrays, number
from frechet.local.onesided import MEANING
from frechet.notation.mathml import to_mathml

if TYPE_CHECKING:
    from frechet.local.around import Local
    from frechet.local.models import Model

LABEL = 12
_SECOND = 60  # components up to which the Hessian is asked for in a report
_MEASURED = 12  # the same where it has to be measured
_TERMS = 90  # characters up to which a closed form is shown on the page


def text_report(local: Local) -> str:
    """Value, derivative, second derivative, models with their error, directions; at a kink the one-sided slopes."""
    lines = [*_row("f", local.title), *_row("at", where(local))]
    fixed = getattr(local.source, "fixed", {})
    lines += _row("with", ", ".join(f"{name} = {array(part)}" for name, part in fixed.items())) if fixed else []
    lines += _row("value", array(local.value))
    lines += _row("over", over(local)) if over(local) else []
    if not local.smooth:
        lines += _kink(local)
        if local.kind != "gateaux":
            return "\n".join(lines)
    lines += _first(local)
    if not local.smooth:
        return "\n".join([*lines, *_row("linear", f"{local.linear.left} ~ {local.linear.numbers or local.linear.text}"),
                          *_row("checked", checked(local))])  # fmt: skip
    second = wants_second(local)
    if second and local.scalar:
        lines += _second(local)
    elif local.few and not local.second_known:
        lines += _row("second", f"no second derivative was seen: {local.second_note}")
    lines += _models(local, second)
    if local.scalar:
        lines += _directions(local)
    return "\n".join([*lines, *_row("checked", checked(local))])


def page_card(local: Local) -> Card:
    """The page as labelled lines; the best model there is as its formula."""
    notes: list[tuple[str, str]] = []
    for line in text_report(local).splitlines():
        label, text = line[:LABEL].strip(), line[LABEL:]
        if label or not notes:
            notes.append((label, text))
        else:
            notes[-1] = (notes[-1][0], f"{notes[-1][1]}\n{text}")
    if not local.smooth:
        return Card(notes=notes)
    second = wants_second(local)
    latex = (local.quadratic if second else local.linear).latex()
    return Card("", latex, to_mathml(latex, block=True), notes)


def wants_second(local: Local) -> bool:
    """Whether a report goes into second derivatives: they are there, and not too many."""
    return local.size <= (_SECOND if local.source.exact else _MEASURED) and local.second_known


def where(local: Local) -> str:
    """`x1 = 1, x2 = 2`, `x = [1, 2]`."""
    parts = local.point.build(local.point.flat)
    if isinstance(parts, dict):
        return ", ".join(f"{name} = {array(part)}" for name, part in parts.items())
    return f"x = {array(parts)}" if not isinstance(parts, (list, tuple)) else array(local.point.flat)


def checked(local: Local) -> str:
    """How far the numbers of the page can be trusted."""
    if local.source.exact:
        return "closed forms, held against a numeric derivative of f at this point"
    worst = float(np.max(local.jacobian_error))
    return "from values of f; the derivative to within " + (f"{worst:.0e}" if worst > 1e-300 else "rounding")


def _row(label: str, text: str) -> list[str]:
    first, *rest = text.split("\n")
    return [f"{label:<{LABEL}}{first}".rstrip(), *(" " * LABEL + line for line in rest)]


def over(local: Local) -> str:
    """That steps leave the structure of a structured variable, where one is declared."""
    declarations = getattr(getattr(local.source, "function", None), "declarations", None)
    if declarations is None:
        return ""
    told = [f"{name} ({', '.join(sorted(str(f) for f in facts))})" for name in local.point.names
            if (facts := STRUCTURAL & set(declarations.facts.get(name, ())))]  # fmt: skip
    return f"all entries of {' and '.join(told)}: a step need not keep the structure" if told else ""


def _by(local: Local) -> str:
    """By which components, where the numbers alone do not say it."""
    loose = local.size > 1 and len(local.point.layout.leaves()) == local.size
    return f"   by {', '.join(local.labels[:6])}{', ...' if local.size > 6 else ''}" if loose else ""


def _first(local: Local) -> list[str]:
    if local.scalar:
        g = local.gradient_flat
        rows = _row("gradient" if local.size > 1 else "derivative", f"{named_arrays(local, g)}{_by(local)}"
                    if local.size > 1 else number(g[0]))  # fmt: skip
        return rows + (_row("|gradient|", number(norm(g))) if local.size > 1 else [])
    J = local.jacobian_matrix
    order = f"   rows: entries of f, columns: {', '.join(local.labels[:4])}{', ...' if local.size > 4 else ''}"
    body = matrix_lines(J)
    rows = _row("Jacobian", "\n".join([body[0] + order, *body[1:]]))
    if min(J.shape) > 1:
        rows += _row("singular", f"{array(local.singular[1])}   stretch of a small ball along its axes")
    return rows


def _second(local: Local) -> list[str]:
    values = local.eigen[0]
    word = {"bowl": "all positive: a bowl", "dome": "all negative: a dome", "saddle": "both signs: a saddle",
            "trough": "positive and zero: a trough", "ridge": "negative and zero: a ridge",
            "flat": "all zero: flat to second order"}[local.shape_word]  # fmt: skip
    if local.size == 1:
        return _row("second", f"{number(local.hessian_matrix[0, 0])}   second derivative")
    H = local.hessian_matrix
    shown = np.where(np.abs(H) <= np.maximum(local.hessians_error[0], 1e-13 * np.abs(H).max()), 0.0, H)
    return [*_row("Hessian", "\n".join(matrix_lines(shown))),
            *_row("eigenvalues", f"{array(clean(values))}   {word}")]  # fmt: skip


def _models(local: Local, second: bool) -> list[str]:
    lines: list[str] = []
    for name, model in (("linear", local.linear), *([("quadratic", local.quadratic)] if second else [])):
        closed = model.closed
        if closed is not None and len(closed.text) <= _TERMS:
            lines += _row(name, f"{model.left} ~ {closed.text}" + (f"\n= {model.numbers}" if model.numbers else ""))
        else:
            lines += _row(name, f"{model.left} ~ {model.numbers or model.text}")
        curve = model.error()
        lines += _row("", f"error {curve}")
        if not curve.exact and np.any(local.value_flat):
            far = model.radius(0.01, relative=True).radius
            lines += _row("", f"within 1 % of |f| up to a step of length {far:.2g}")
    return lines


def _directions(local: Local) -> list[str]:
    d = local.directions
    if d.stationary:
        return _row("directions", "the gradient is zero: every direction is level to first order")
    if local.size == 1:
        rows = _row("directions", f"f goes {'up' if local.gradient_flat[0] > 0 else 'down'} as {local.labels[0]} grows")
    else:
        rows = []
        for name, one in (("ascent", d.ascent), ("descent", d.descent), ("level", d.level[0] if d.level else None)):
            rows += _row(name, f"{named_arrays(local, clean(one.vector))}   {one.text}") if one is not None else []
        if len(d.level) > 1:
            rows += _row("", f"and {local.size - 2} more, orthogonal to the gradient")
    if local.size > (_SECOND if local.source.exact else _MEASURED):
        return rows
    step = f"{named_arrays(local, clean(d.newton.vector))}   {d.newton_note}" if d.newton is not None else d.newton_note
    return rows + _row("Newton", step)


def _kink(local: Local) -> list[str]:
    """What is left where f is not differentiable."""
    rows = _row("kind", MEANING[local.kind])
    witness = local.smoothness.witness
    if local.kind == "gateaux":
        return rows + _row("", curve_note(local))
    if "right" in witness:
        v = local.direction(witness["direction"])
        rows += _row(
            "", f"along {array(v.vector, 4)}: slope {array(v.backward)} before the point, {array(v.slope)} after"
        )
    rows += _row("", local.kink_note) if local.kink_note else []
    for line in local.source.kinks:
        rows += _row("kink", line)
    if local.scalar and local.kind not in ("discontinuous", "edge") and not local.kink_note:
        rows += _row("one-sided", str(local.one_sided(36)).splitlines()[0])
    return rows


def curve_note(local: Local) -> str:
    """The curve along which the linear map fails worst, of a few, where f is Gateaux but not Frechet differentiable."""
    w = local.smoothness.witness
    u, v = (local.point.direction(w[key]) for key in ("u", "w"))
    t = np.array([1e-2, 1e-3, 1e-4])
    tried = []
    for power in (2, 3, 4):
        for c in {1.0, float(w["factor"])}:
            steps = t[:, None] * u + c * t[:, None] ** power * v
            gap = norms(local.values(local.point.flat + steps) - local.linear.values(steps))
            if np.isfinite(gap).all():
                tried.append((float(gap[-1]), -power, c, gap / norms(steps)))
    _, power, c, ratio = max(tried, key=lambda one: one[:2])
    factor = "" if c == 1 else f"{c:g}*"
    curve = f"t*{array(u, 3)} + {factor}t^{-power}*{array(v, 3)}"
    shown = ", ".join(number(r, 3) for r in ratio)
    return (f"along the curve {curve} the error of the linear map, divided by the step, is {shown} at t = 0.01, 0.001, "
            "0.0001; it would have to go to 0")  # fmt: skip


def to_json(local: Local) -> dict[str, Any]:
    """The numbers of the page, full precision, flat over `labels`."""
    data: dict[str, Any] = {
        "function": local.title, "labels": list(local.labels), "point": local.point.flat.tolist(),
        "value": np.asarray(local.value).tolist(), "shape": list(local.shape), "kind": local.kind,
        "exact": local.source.exact,
    }  # fmt: skip
    if not local.smooth:
        data["message"] = MEANING[local.kind]
        data["seen"] = local.kink_note or local.smoothness.message
        if local.scalar and local.kind not in ("discontinuous", "edge"):
            rays = local.one_sided(36)
            data["one_sided"] = {
                "angles": rays.angles.tolist(), "slopes": [None if np.isnan(s) else float(s) for s in rays.slopes],
                "linear": rays.linear,
            }  # fmt: skip
    if not local.smooth and local.kind != "gateaux":
        return data
    data["jacobian"] = local.jacobian_matrix.tolist()
    data["jacobian_error"] = np.asarray(local.jacobian_error).tolist()
    second = wants_second(local) and local.smooth
    if local.scalar:
        data["gradient"] = local.gradient_flat.tolist()
        data["directions"] = {one.name: one.to_json() for one in reversed(local.directions.all())}
        data["newton"] = local.directions.newton_note if local.few else ""
    if local.scalar and second:
        data["hessian"] = local.hessian_matrix.tolist()
        data["eigenvalues"] = local.eigen[0].tolist()
        data["form"] = local.shape_word
    data["models"] = [model_json(m) for m in ((local.linear, local.quadratic) if second else (local.linear,))]
    return data


def model_json(model: Model) -> dict[str, Any]:
    """A model for programs."""
    curve = model.error()
    slope = curve.slope
    return {
        "order": model.order, "left": model.left, "closed_form": model.closed.text if model.closed else None,
        "numbers": model.numbers, "latex": model.latex(), "note": model.note, "exact": curve.exact,
        "error_slope": float(slope) if np.isfinite(slope) else None, "expected_slope": curve.expected,
    }  # fmt: skip
