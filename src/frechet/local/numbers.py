"""Numbers of a point as text and LaTeX: short, and the same everywhere in reports."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from math import factorial
from typing import TYPE_CHECKING, Any

from frechet.core.lazy import np

if TYPE_CHECKING:
    from frechet.local.models import Model

DIGITS = 6
_LONGEST = 8  # entries of a vector, rows or columns of a matrix, that are written out
_MONOMIALS = 15


def number(value: Any, digits: int = DIGITS) -> str:
    """A number with so many digits: 9.38906, -0.25, 1e-12."""
    text = f"{float(value):.{digits}g}"
    return "0" if text == "-0" else text


def array(value: Any, digits: int = DIGITS) -> str:
    """A number, `[1, 2]`, or `[1, 2; 3, 4]`; the middle of a long one left out."""
    value = np.asarray(value)
    if value.ndim == 0:
        return number(value, digits)
    if value.ndim == 1:
        return f"[{', '.join(_ends([number(v, digits) for v in value]))}]"
    if value.ndim == 2:
        rows = [", ".join(_ends([number(v, digits) for v in row])) for row in value]
        return f"[{'; '.join(_ends(rows))}]"
    return f"an array of shape {' x '.join(map(str, value.shape))}"


def clean(values: Any) -> Any:
    """Rounding of zeros is not shown."""
    return np.where(np.abs(values) <= 1e-12 * np.abs(values).max(initial=0.0), 0.0, values)


def _ends(items: list[str]) -> list[str]:
    return items if len(items) <= _LONGEST else [*items[: _LONGEST // 2], "...", *items[-_LONGEST // 2 :]]


def matrix_lines(value: Any, digits: int = DIGITS) -> list[str]:
    """A matrix as aligned rows."""
    cells = [_ends([number(v, digits) for v in row]) for row in np.atleast_2d(value)]
    shown = cells if len(cells) <= _LONGEST else [*cells[: _LONGEST // 2], ["..."], *cells[-_LONGEST // 2 :]]
    widths = [max(len(row[j]) for row in shown if j < len(row)) for j in range(max(map(len, shown)))]
    return ["  ".join(text.rjust(w) for text, w in zip(row, widths, strict=False)) for row in shown]


def array_latex(value: Any, digits: int = 4) -> str:
    r"""The same in LaTeX: `\begin{bmatrix} 1 \\ 2 \end{bmatrix}`."""
    value = np.asarray(value)
    if value.ndim == 0:
        return _scientific(number(value, digits))
    rows = value[:, None] if value.ndim == 1 else value.reshape(value.shape[0], -1)
    body = r" \\ ".join(" & ".join(_scientific(number(v, digits)) for v in row) for row in rows)
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"


def _scientific(text: str) -> str:
    """1e-12 as a power of ten."""
    mantissa, e, exponent = text.partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if e else text


def signed(terms: Sequence[tuple[float, str]], latex: bool = False) -> str:
    """`9.78 + 16.8*dx1 - 2*dx2^2`; terms that are zero are left out."""
    out = ""
    times = r" \, " if latex else "*"
    for value, unit in terms:
        size = number(abs(value), DIGITS if not latex else 4)
        if size == "0" and (unit or len(terms) > 1):
            continue
        size = _scientific(size) if latex else size
        body = unit if size == "1" and unit else size + (times + unit if unit else "")
        out += f" {'-' if value < 0 else '+'} {body}" if out else ("-" if value < 0 else "") + body
    return out or "0"


def polynomial(model: Model, latex: bool = False) -> str:
    """The model with the numbers of the point: a polynomial in dx for few components, else in vectors and matrices;
    empty where that would be no help (many components, a matrix-valued function of a matrix)."""
    local = model.local
    if model.along is not None or local.size == 1:
        return _of_line(model, latex)
    if local.scalar and model.order <= 2 and local.size <= 3:
        return _of_monomials(model, latex)
    leaves = local.point.layout.leaves()
    if local.size > _LONGEST or local.value_flat.size > _LONGEST or model.order > 2:
        return ""
    vector = len(leaves) == 1 and len(leaves[0][1].shape) == 1
    flat = (vector or all(not leaf.shape for _, leaf in leaves)) and len(local.shape) <= 1
    return _of_arrays(model, latex) if flat and (local.scalar or model.order < 2) else ""


def named_arrays(local: Any, flat: Any, digits: int = DIGITS) -> str:
    """A flat vector in the shapes of the point: `[1, 2]`, or `X: [1, 2; 3, 4], w: [5, 6]` for several arrays."""
    leaves = local.point.layout.leaves()
    parts = [(name, flat[leaf.offset : leaf.offset + leaf.size].reshape(leaf.shape)) for name, leaf in leaves]
    if all(part.ndim == 0 for _, part in parts):
        return array(flat, digits)
    if len(parts) == 1:
        return array(parts[0][1], digits)
    return ", ".join(f"{name}: {array(part, digits)}" for name, part in parts)


def _step_names(model: Model, latex: bool) -> list[str]:
    if latex:
        return [rf"\mathrm{{d}}{_latex_label(label)}" for label in model.local.labels]
    return [f"d{label}" for label in model.local.labels]


def _latex_label(label: str) -> str:
    name, bracket, place = label.partition("[")
    tail = name.lstrip("".join(c for c in name if c.isalpha()))
    head = name[: len(name) - len(tail)] if tail.isdigit() else name
    below = (tail if tail.isdigit() else "") + ("," if tail.isdigit() and bracket else "") + place.rstrip("]")
    return head + (f"_{{{below}}}" if below else "")


def _of_line(model: Model, latex: bool) -> str:
    t = "t" if model.along is not None else _step_names(model, latex)[0]
    coefficients = model.coefficients
    if model.local.scalar:
        return signed([(float(c[0]), _power(t, k, latex)) for k, c in enumerate(coefficients)], latex)
    show = array_latex if latex else array
    shape = model.local.shape
    times = r" \, " if latex else "*"
    parts = [show(c.reshape(shape)) + (times + _power(t, k, latex) if k else "")
             for k, c in enumerate(coefficients) if not k or np.any(c)]  # fmt: skip
    return " + ".join(parts)


def _power(name: str, k: int, latex: bool) -> str:
    if k < 2:
        return name if k else ""
    if latex:
        return f"{{{name}}}^{{{k}}}" if len(name) > 1 else f"{name}^{{{k}}}"
    return f"{name}^{k}"


def _of_monomials(model: Model, latex: bool) -> str:
    local = model.local
    names = _step_names(model, latex)
    terms = [(float(local.value_flat[0]), "")]
    times = r" \, " if latex else "*"
    if model.order >= 1:
        terms += [(float(g), names[i]) for i, g in enumerate(local.gradient_flat)]
    if model.order >= 2:
        H = local.hessian_matrix
        for i, j in combinations_with_replacement(range(local.size), 2):
            unit = _power(names[i], 2, latex) if i == j else names[i] + times + names[j]
            terms.append((float(H[i, j]) / factorial(2 if i == j else 1), unit))
    return signed(terms, latex)


def _of_arrays(model: Model, latex: bool) -> str:
    """f + g'*dx + 1/2*dx'*H*dx, with the numbers of the point."""
    local = model.local
    name = local.point.names[0] if local.point.names else "x"
    show, dx = (array_latex, rf"\mathrm{{d}}{_latex_label(name)}") if latex else (array, f"d{name}")
    turned, times, half = (r"^\top ", " ", r"\tfrac{1}{2} ") if latex else ("'*", "*", "1/2*")
    loose = len(local.point.layout.leaves()) > 1
    if loose:
        names = _step_names(model, latex)
        dx = r"\begin{bmatrix} " + r" \\ ".join(names) + r" \end{bmatrix}" if latex else f"[{'; '.join(names)}]"
    parts = [show(_column(np.reshape(local.value_flat, local.shape)))]
    if model.order >= 1:
        J = _column(local.gradient_flat) if local.scalar else local.jacobian_matrix
        parts.append(show(J) + (turned if local.scalar else times) + dx)
    if model.order >= 2:
        parts.append(half + dx + turned + show(local.hessian_matrix) + times + dx)
    return " + ".join(parts)


def _column(value: Any) -> Any:
    """A vector as a column, `[1; 2]`, as formulas have it."""
    return value[:, None] if np.ndim(value) == 1 else value
