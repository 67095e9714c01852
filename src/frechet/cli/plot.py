"""`frechet plot`: a picture of a formula at a point, into a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import frechet as fr
from frechet.cli import inputs, show
from frechet.cli.local import around
from frechet.cli.values import numbers
from frechet.core.errors import FrechetError, problem
from frechet.plot.kinds import KINDS, kind_named

if TYPE_CHECKING:
    import click  # the same interface, with types
else:
    import rich_click as click

# How an option of the command is read; the others go on as they are.
_VECTORS = ("direction", "step", "a", "b")


_HELP = """A picture of EXPR at a point, as an SVG, PDF or PNG file.

\b
  frechet plot "x1^2 + exp(x1*x2) + 2*log(x2)" --at 1,2 --kind contour -o contour.svg

\b
Kinds:
""" + "\n".join(f"  {name:<15}{kind.summary}" for name, kind in KINDS.items())


@click.command("plot", help=_HELP, short_help="A picture of a formula at a point.",
               context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})  # fmt: skip
@click.argument("expression", metavar="EXPR")
@click.option("--kind", default="contour", show_default=True, metavar="KIND", help="What is drawn; see below.")
@click.option("--at", multiple=True, metavar="x=[1,2]",
              help="Value of a variable: numbers, or a .npy, .npz or .csv file; once for each.")  # fmt: skip
@click.option("-o", "--output", metavar="FILE",
              help="Where to: a name that ends in .svg, .pdf or .png; KIND.svg, if not given.")  # fmt: skip
@click.option("--wrt", multiple=True, metavar="NAME", help="Variables that move; all, if none is given.")
@click.option("--var", multiple=True, metavar="X:m,n", help="Sizes of a variable; the others are those of the values.")
@click.option("--fact", multiple=True, metavar="A:symmetric", help="What may be assumed of a value.")
@click.option("--value", type=float, help="The value of EXPR at the point, where it is 0/0 there but has a limit.")
@click.option("--along", multiple=True, metavar="x1",
              help="The plane: twice, a component, numbers, gradient or curvature.")  # fmt: skip
@click.option("--window", metavar="R", help="A radius, or the limits of both axes: 0,2,-1,1.")
@click.option("--direction", metavar="1,0", help="Of the line: numbers, a component, gradient or curvature.")
@click.option("--model", metavar="plane", help="On a surface: plane, bowl or none.")
@click.option("--of", metavar="hessian", help="Of which matrix the heat map is: hessian or jacobian.")
@click.option("--step", metavar="0.1,0", help="The step whose contributions are shown.")
@click.option("-a", metavar="0.1,0", help="The first of two movements.")
@click.option("-b", metavar="0,0.1", help="The second of two movements.")
@click.option("--dpi", type=click.IntRange(20, 1200), default=220, show_default=True, help="Of a .png file.")
@click.option("--json", "as_json", is_flag=True, help="What was drawn, as JSON.")
def plot(expression: str, kind: str, output: str | None, as_json: bool, **options: Any) -> int:
    try:
        kind_named(kind)
        picture = _picture(expression, kind, options)
        path = picture.save(output or f"{kind}.svg", dpi=options["dpi"])
    except FrechetError as error:
        if not as_json:
            raise
        click.echo(show.to_json({"error": error.diagnostic.to_json()}))
        return 2
    if as_json:
        click.echo(show.to_json({"file": str(path), "kind": kind, "description": picture.description,
                                 "caption": picture.caption}))  # fmt: skip
    else:
        click.echo(picture.description)
        click.echo(f"written to {path}", err=True)
    return 0


def _picture(expression: str, kind: str, options: dict[str, Any]) -> Any:
    chosen = {name: _read(name, options[name]) for name in ("window", "model", "of", *_VECTORS) if options[name]}
    if options["along"]:
        chosen["along"] = tuple(_direction(part) for part in options["along"])
    if options["at"]:
        return fr.plot(around(expression, options["at"], options), kind, **chosen)
    if kind != "graph":
        raise problem("E505", "A picture is of a function at a point.", help="--at 1,2 or --at x=[1,2]")
    known = inputs.variables(options["var"])
    text, facts = inputs.read_expression(expression), inputs.facts(options["fact"])
    f: Any = fr.parse(text, variables=known, facts=facts, infer=True)
    return fr.plot(f, kind, wrt=list(options["wrt"]) or None, **chosen)


def _read(name: str, text: str) -> Any:
    if name in _VECTORS:
        return _direction(text)
    if name != "window":
        return text
    found = numbers(text)
    if found.shape not in ((), (4,)):
        raise problem("E505", f"{text!r} is not a window.", help="--window 2 or --window 0,2,-1,1")
    return float(found) if found.shape == () else found.reshape(2, 2)


def _direction(text: str) -> Any:
    """Numbers, or a name as it is."""
    return text if text[:1].isalpha() else numbers(text).reshape(-1)


COMMANDS = (plot,)
