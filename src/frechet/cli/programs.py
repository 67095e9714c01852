"""`frechet code --want ...`: several results in one function, as `fr.compile` makes it."""

from __future__ import annotations

from typing import Any

import frechet as fr
from frechet.core.errors import problem

PYTHON = ("numpy", "jax", "torch")


def program(function: Any, want: str, language: str, options: dict[str, Any]) -> tuple[str, list[Any]]:
    """The source of one function with the results of `want`, and the checks of the formulas it computes.

    Raises E505 for what a compiled function has not: a layout, independent entries, LaTeX.
    """
    wrt = list(options["wrt"])
    if language == "latex":
        raise problem("E505", "A compiled function is not written in LaTeX.", help="Leave out --want.")
    if options["layout"] != "numerator" or options.get("structured") or options.get("tangent"):
        raise problem("E505", "A compiled function is over all entries, its arrays laid out as (output, variable).",
                      help="Leave out --want, or the layout and the structure.")  # fmt: skip
    backend = language if language in PYTHON else "numpy"
    source = fr.compile(function, wrt, want=want, backend=backend).code(language)
    return source, [] if options["no_verify"] or want == "value" else [_check(function, n, want, options) for n in wrt]


def _check(function: Any, name: str, want: str, options: dict[str, Any]) -> Any:
    """The check of the formula that the function computes."""
    kind = "hessian" if want in ("hessian", "hvp", "newton") else "jacobian" if function.shape else "gradient"
    return getattr(function, kind)(name, seed=options["seed"]).verification
