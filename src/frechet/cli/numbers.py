"""`frechet numeric` and `frechet check-code`: derivatives from values alone, with an error bound."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import frechet as fr
from frechet.cli.local import formula_and_values
from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.numeric import commands

if TYPE_CHECKING:
    import click  # the same interface, with types
else:
    import rich_click as click

FINE, WRONG, UNDECIDED = 0, 1, 3
_EXITS = {"right": FINE, "wrong": WRONG}


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("expression", metavar="EXPR")
@click.option("--at", multiple=True, required=True, metavar="x=1,2",
              help="Value of a variable: numbers, or a .npy, .npz or .csv file; once for each.")  # fmt: skip
@click.option("--wrt", multiple=True, metavar="NAME", help="Variable to differentiate by; all, if none is given.")
@click.option("--var", multiple=True, metavar="X:m,n", help="Sizes of a variable; the others are inferred.")
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")
def numeric(expression: str, at: tuple[str, ...], wrt: tuple[str, ...], var: tuple[str, ...], as_json: bool) -> int:
    """The derivative of EXPR at a point, from values of EXPR alone, with a bound of its error.

    \b
      frechet numeric "norm2(x)^2 + exp(x[1])" --at x=1,2
    """
    f, values = formula_and_values(expression, at, var)
    out: dict[str, Any] = {}
    for name in wrt or tuple(values):
        if name not in f.variables:
            known_names = "Variables: " + ", ".join(f.variables)
            raise problem("E500", f"{name} is not a variable of this formula.", help=known_names)
        out[name] = _estimate(f, values, name)
    if as_json:
        click.echo(json.dumps({n: _plain(e) for n, e in out.items()}, indent=2))
    else:
        for name, estimate in out.items():
            click.echo(f"by {name}: {commands.report(estimate)}")
    return FINE if all(e.ok for e in out.values()) else UNDECIDED


def _estimate(f: fr.Function, values: dict[str, Any], name: str) -> Any:
    def along(x: Any) -> Any:
        return f.evaluate(**{**values, name: x})

    return (fr.numeric.jacobian if f.shape else fr.numeric.gradient)(along, values[name])


def _plain(estimate: Any) -> dict[str, Any]:
    return {
        "value": np.asarray(estimate.value).tolist(), "error": np.asarray(estimate.error).tolist(),
        "ok": bool(estimate.ok), "message": estimate.message, "evaluations": int(estimate.evaluations),
    }  # fmt: skip


@click.command("check-code")
@click.argument("function", metavar="FILE.py:F")
@click.argument("gradient", metavar="FILE.py:GRAD")
@click.option("--at", default="", metavar="1,2,3", help="Point to check at; the file's own x0, if not given.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the random directions.")
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")
def check_code(function: str, gradient: str, at: str, seed: int, as_json: bool) -> int:
    """Check the gradient in a Python file against the function in a Python file. The files are run.

    \b
      frechet check-code model.py:loss model.py:grad --at 1,2
    """
    verdict = commands.check_code(function, gradient, at, seed)
    if as_json:
        fields = {"status": verdict.status, "how": verdict.how, "where": str(verdict.where),
                  "message": verdict.message, "evaluations": verdict.evaluations}  # fmt: skip
        click.echo(json.dumps(fields, indent=2))
    else:
        click.echo(f"{verdict.status}: {verdict.message}" if verdict.message else verdict.status)
        click.echo(f"{verdict.evaluations} evaluations")
    return _EXITS.get(verdict.status, UNDECIDED)


COMMANDS = (numeric, check_code)
