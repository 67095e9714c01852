"""`frechet at`: everything about a formula at a point, as a readable page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import frechet as fr
from frechet.api.loose import names_in_order
from frechet.cli import inputs, show
from frechet.cli.values import read_values
from frechet.core.errors import FrechetError, problem
from frechet.core.lazy import np
from frechet.local.around import Local
from frechet.local.models import Model

if TYPE_CHECKING:
    import click  # the same interface, with types
else:
    import rich_click as click


def formula_and_values(
    expression: str, at: tuple[str, ...], var: tuple[str, ...], fact: tuple[str, ...] = ()
) -> tuple[Any, dict[str, Any]]:
    """The formula with variables as large as the values of `--at`, and the values by name.

    Raises what `fr.parse` and `read_values` raise, E305 where a variable has no value.
    """
    text = inputs.read_expression(expression)
    declared, facts = inputs.variables(var), inputs.facts(fact)
    loose = any("=" not in part and not part.strip().endswith(".npz") for part in at)
    values = read_values(at, names_in_order(text, facts, declared) if loose else [])
    # The values say what is a number, a vector or a matrix; only names without one are guessed by their letters.
    used = set(re.findall(r"[A-Za-z]\w*", text))
    sizes: dict[str, Any] = {name: list(np.shape(part)) for name, part in values.items() if name in used}
    function = fr.parse(text, variables=sizes | (declared or {}), facts=facts, infer=True)
    missing = [name for name in function.variables if name not in values]
    if missing and not values.keys() - function.variables.keys():  # a name that is none is the likelier mistake
        raise problem("E305", f"No value is given for {', '.join(missing)}.",
                      help="Add " + " ".join(f"--at {name}=..." for name in missing))  # fmt: skip
    return function, values


def around(expression: str, at: tuple[str, ...], options: dict[str, Any]) -> Local:
    """The formula near the point that `--at` gives; --wrt, --var, --fact, --value as options.

    Raises what `formula_and_values` and `Function.local` raise.
    """
    function: fr.Function
    function, values = formula_and_values(expression, at, options.get("var") or (), options.get("fact") or ())
    return function.local(values, list(options.get("wrt") or ()) or None, value=options.get("value"))


@click.command("at", context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.argument("expression", metavar="EXPR")
@click.option("--at", multiple=True, required=True, metavar="x=[1,2]",
              help="Value of a variable: numbers, or a .npy, .npz or .csv file; once for each.")  # fmt: skip
@click.option("--wrt", multiple=True, metavar="NAME", help="Variables that move; all, if none is given.")
@click.option("--var", multiple=True, metavar="X:m,n", help="Sizes of a variable; the others are those of the values.")
@click.option("--fact", multiple=True, metavar="A:symmetric", help="What may be assumed of a value.")
@click.option("--value", type=float, help="The value of EXPR at the point, where it is 0/0 there but has a limit.")
@click.option("--step", multiple=True, metavar="x=0.1,0", help="A step: which input moves EXPR, and by how much.")
@click.option("--order", type=int, metavar="K", help="Taylor's polynomial of this order as well.")
@click.option("--tolerance", type=float, help="How far each model stays within this distance of EXPR.")
@click.option("--latex", is_flag=True, help="Only the models, as LaTeX.")
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON.")
def at_point(expression: str, at: tuple[str, ...], **options: Any) -> int:
    """Value, gradient, Hessian, eigenvalues, local models and directions of EXPR at a point.

    \b
      frechet at "x1^2 + exp(x1*x2) + 2*log(x2)" --at x1=1 --at x2=2
    """
    try:
        local = around(expression, at, options)
        step = read_values(options["step"], local.point.names)
        order = options["order"]
        models = _models(local) if options["latex"] else []
        models += [] if order is None else [local.taylor(order)]
        if options["as_json"]:
            _show_json(local, step, options)
        elif options["latex"]:
            click.echo("\n".join(model.latex() for model in models))
        else:
            click.echo(local.report())
            for model in models:
                click.echo(f"\norder {model.order}\n{model.report()}")
            if options["tolerance"] is not None:
                for model in _models(local):
                    click.echo(f"\norder {model.order}: {model.radius(options['tolerance'])}")
            if step:
                click.echo(f"\n{local.contributions(step)}")
    except FrechetError as error:
        if not options["as_json"]:
            raise
        click.echo(show.to_json({"error": error.diagnostic.to_json()}))
        return 2
    return 0


def _models(local: Local) -> list[Model]:
    return [local.linear, local.quadratic] if local.second_known else [local.linear]


def _show_json(local: Local, step: dict[str, Any], options: dict[str, Any]) -> None:
    data, order = local.to_json(), options["order"]
    if options["tolerance"] is not None:
        found = [model.radius(options["tolerance"]) for model in _models(local)]
        data["radius"] = {"tolerance": options["tolerance"],
                          "lengths": [r.radius if r.ends != "none found" else None for r in found]}  # fmt: skip
    if step:
        data["contributions"] = local.contributions(step).to_json()
    if order is not None:
        data["taylor"] = local.taylor(order).to_json()
    click.echo(show.to_json(data))


COMMANDS = (at_point,)
