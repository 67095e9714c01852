"""What the command line needs: functions named as file.py:name, points written as text, answers as text."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.numeric.checker import GradientVerdict, check_gradient
from frechet.numeric.estimate import Estimate


def load(spec: str) -> Any:
    """The object that `path/to/file.py:name` names. Raises E500 if the file or the name is not there."""
    path, _, name = spec.rpartition(":")
    file = Path(path)
    if not path or not name or not file.is_file():
        raise problem("E500", f"{spec!r} does not name a function in a file.", help="Write model.py:loss.", source=spec)
    module_name = f"_frechet_checked_{file.stem}"
    module = sys.modules.get(module_name)
    if module is None or Path(str(module.__file__)) != file.resolve():
        found = importlib.util.spec_from_file_location(module_name, file.resolve())
        if found is None or found.loader is None:
            raise problem("E500", f"{path} is not a Python file.", source=spec)
        module = importlib.util.module_from_spec(found)
        sys.modules[module_name] = module  # so that what it defines can be sent to worker processes
        found.loader.exec_module(module)
    if not hasattr(module, name):
        known = ", ".join(sorted(n for n in vars(module) if not n.startswith("_"))[:12])
        raise problem("E500", f"{path} has no {name!r}.", help=f"It has: {known}.", source=spec)
    return getattr(module, name)


def read_point(text: str) -> Any:
    """A point from text: "1,2" or "[1,2]" is a vector, "1,2;3,4" or "[[1,2],[3,4]]" a matrix, "x=1,2 y=3" a dict,
    "3" a number. Raises E104."""
    if "=" in text:
        parts = text.replace("; ", " ").split()
        return {name.strip(): read_point(value) for name, _, value in (part.partition("=") for part in parts)}
    inner = text.strip()
    bracketed = inner.startswith("[") and inner.endswith("]")
    try:
        if inner.startswith("[["):
            return np.array(json.loads(inner), dtype=float)
        rows = [row.split(",") for row in (inner[1:-1] if bracketed else inner).split(";")]
        array = np.array([[float(number) for number in row] for row in rows])
    except (ValueError, TypeError):
        raise problem("E104", f"{text!r} is not a list of numbers.", help='Write "1,2,3", or "1,2;3,4".') from None
    if len(rows) > 1:
        return array
    return float(array[0, 0]) if array.size == 1 and not bracketed else array[0]


def check_code(f_spec: str, grad_spec: str, at: str = "", seed: int = 0) -> GradientVerdict:
    """Check the gradient in a file against the function in a file, at a point given as text or the file's own `x0`.

    Raises E500 if a name or the point is missing, E104 if the point cannot be read.
    """
    f, grad = load(f_spec), load(grad_spec)
    if at:
        return check_gradient(f, grad, read_point(at), seed=seed)
    path = f_spec.rpartition(":")[0]
    try:
        x = load(f"{path}:x0")
    except Exception:
        raise problem("E500", "No point to check at.", help="Give --at 1,2,3, or define x0 in the file.") from None
    return check_gradient(f, grad, x, seed=seed)


def report(estimate: Estimate) -> str:
    """An estimate as lines of text: the value with as many digits as its bound leaves, then what is known about it."""
    number = _number(estimate.value, estimate.error)
    if estimate.ok:
        lines = [number, estimate.message] if estimate.message else [number]
    else:
        lines = [f"no derivative: {estimate.message}"]
        lines += [f"the central difference is {number}"] if "kink" in estimate.message else []
    lines.append(f"{estimate.evaluations} evaluations")
    return "\n".join(lines)


def _number(value: Any, error: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{k}: {_number(v, error[k])}" for k, v in value.items())
    if np.ndim(value) == 0:
        return f"{value:.15g} +- {error:.1e}"
    return f"{np.array2string(np.asarray(value), precision=12)} +- {float(np.max(error)):.1e}"
