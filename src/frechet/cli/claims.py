"""`frechet check`, `frechet equal` and `frechet from-code`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import frechet as fr
from frechet.cli import inputs, show
from frechet.core.errors import FrechetError, problem
from frechet.language.python_source import read_function

if TYPE_CHECKING:
    import click  # the same interface, with types
else:
    import rich_click as click

FINE, WRONG, BAD_INPUT, UNDECIDED = 0, 1, 2, 3
_PLACE = re.compile(r"[^\s:]+\.py:[A-Za-z_]\w*")
_FORMULA = {"ignore_unknown_options": True, "help_option_names": ["--help"]}
F = TypeVar("F", bound=Callable[..., Any])


def _declared(command: F) -> F:
    """The options that say what the names mean."""
    decorators = [
        click.option("--var", multiple=True, metavar="X:m,n", help="Sizes of a variable; the others are inferred."),
        click.option("--fact", multiple=True, metavar="A:symmetric", help="What may be assumed of a value."),
        click.option("--domain", multiple=True, metavar="x:positive", help="Which values are drawn."),
        click.option("--sizes", multiple=True, metavar='"m>n"', help="A relation of sizes."),
        click.option("--seed", type=int, default=0, show_default=True, help="Seed of the points drawn."),
        click.option("--strict", is_flag=True, help="Exit code 3 if nothing can be decided."),
        click.option("--json", "as_json", is_flag=True, help="Everything as JSON."),
    ]
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


_FROM = click.option("--from", "language", type=click.Choice(["auto", "text", "latex", "python"]), default="auto",
                     show_default=True,
                     help="Language of the formulas; auto finds it for each. FILE.py:FUNCTION names code.")  # fmt: skip


def _options(options: dict[str, Any]) -> dict[str, Any]:
    known = inputs.parse_options(options)
    known.pop("infer")
    return {**known, "seed": options["seed"]}


@click.command(context_settings=_FORMULA)
@click.argument("expression", metavar="EXPR")
@click.argument("claim", metavar="[CLAIM]", required=False)
@click.option("--wrt", multiple=True, metavar="NAME", help="Variable of the derivative; once more for each order.")
@click.option("--kind", type=click.Choice(["gradient", "jacobian", "hessian", "derivative", "differential"]),
              help="What CLAIM is; follows from --wrt, if not given.")  # fmt: skip
@_FROM
@_declared
def check(expression: str, claim: str | None, **options: Any) -> int:
    """Whether CLAIM is the derivative of EXPR by --wrt, and if not, what is wrong with it.

    Without CLAIM, EXPR is a whole statement.

    \b
      frechet check "x'*A*x" --wrt x "2*A*x"
      frechet check "norm2(X*w-y)^2" --wrt w "2*X.T @ (X @ w - y)"
      frechet check "\\nabla_w \\|Xw-y\\|^2 = 2X^\\top(Xw-y)"
    """
    left = _operand(expression)
    right = None if claim is None else _operand(claim)
    if right is None and options["wrt"]:
        raise problem("E500", "--wrt needs a claim to compare with.", help='frechet check "x\'*A*x" --wrt x "2*A*x"')
    keywords = {**_options(options), "kind": options["kind"], "language": options["language"]}
    if right is None:
        keywords = {k: v for k, v in keywords.items() if k not in ("kind", "language")}
        if not isinstance(left, str):
            raise problem("E500", "Code alone is no statement.", help="Give a claim to compare it with.")
        return _said(lambda: fr.check_statement(left, **keywords), options)
    return _said(lambda: fr.check(left, list(options["wrt"]), right, **keywords), options)


@click.command(context_settings=_FORMULA)
@click.argument("left", metavar="A")
@click.argument("right", metavar="B")
@_FROM
@_declared
def equal(left: str, right: str, **options: Any) -> int:
    """Whether two formulas are equal: proved, or a point where they differ.

    \b
      frechet equal "inv(A*B)" "inv(B)*inv(A)" --var A:n,n --var B:n,n
    """
    one, other = _operand(left), _operand(right)
    keywords = {**_options(options), "language": options["language"]}
    return _said(lambda: fr.equal(one, other, **keywords), options)


def _operand(text: str) -> str | Callable[..., Any]:
    """A formula, or the function that FILE.py:FUNCTION names."""
    return read_place(text) if _PLACE.fullmatch(text) else inputs.read_expression(text)


def read_place(place: str) -> Callable[..., Any]:
    """The function of a source file, which is not run."""
    path, _, name = place.rpartition(":")
    if not path or not name.isidentifier():
        raise problem("E100", f"{place!r} names no function.", help="Write model.py:loss.")
    try:
        source = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as reason:
        raise problem("E100", f"The file {path} cannot be read: {getattr(reason, 'strerror', reason)}.") from None
    return read_function(source, name, path)


def _said(decide: Callable[[], fr.Verdict], options: dict[str, Any]) -> int:
    """Print a verdict; its exit code."""
    try:
        verdict = decide()
    except FrechetError as error:
        if not options["as_json"]:
            raise
        click.echo(show.to_json({"error": error.diagnostic.to_json()}))
        return BAD_INPUT
    click.echo(show.to_json(verdict.to_json()) if options["as_json"] else str(verdict))
    if verdict.status == "undecided":
        return UNDECIDED if options["strict"] else FINE
    return FINE if verdict else WRONG


@click.command("from-code", context_settings=_FORMULA)
@click.argument("place", metavar="FILE.py:FUNCTION")
@click.option("--wrt", required=True, metavar="NAME", help="Variable to differentiate by.")
@_declared
def from_code(place: str, wrt: str, **options: Any) -> int:
    """Closed-form derivative of a Python function over NumPy, JAX or PyTorch names. The file is not run.

    \b
      frechet from-code model.py:loss --wrt w --var X:m,n --var w:n --var y:m
    """
    known = inputs.parse_options(options)
    known.pop("infer")
    if not known["variables"]:
        raise problem("E201", "Code does not say the sizes of its parameters.",
                      help=f"Say them: frechet from-code {place} --wrt {wrt} --var X:m,n --var w:n")  # fmt: skip
    function = fr.trace(read_place(place), **known)
    derivative = function.derivative(wrt, seed=options["seed"])
    if options["as_json"]:
        click.echo(show.to_json({
            "input": place, "read_as": str(function), "wrt": [wrt], "result": str(derivative),
            "latex": derivative.latex(), "verification": show.verification_json(derivative.verification),
        }))  # fmt: skip
        return FINE
    kind = "jacobian" if function.shape else "gradient"
    click.echo("\n".join(show.table([("read as", (str(function),)), (kind, (str(derivative),))])))
    click.echo(str(derivative.verification))
    return FINE


COMMANDS = (check, equal, from_code)
