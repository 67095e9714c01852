"""The `frechet` command.

Results go to stdout, messages to stderr. Exit codes: 0 fine, 1 a claim is wrong, 2 bad input, 3 undecided
under --strict.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import sys
import textwrap
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from click.shell_completion import CompletionItem, get_completion_class

import frechet as fr
from frechet.cli import claims, inputs, local, numbers, pages, plot, programs, shapes, show
from frechet.cli import steps as derivations
from frechet.core.errors import CODES, FrechetError, VerificationError, problem
from frechet.language.declarations import DOMAINS, FACTS

if TYPE_CHECKING:
    import click  # the same interface, with types
else:
    import rich_click as click

FINE, WRONG, BAD_INPUT, UNDECIDED = 0, 1, 2, 3
_FORMS = ("closed", "operator", "kronecker", "index")
_KINDS = ("gradient", "jacobian", "hessian", "derivative", "differential", "wirtinger")
_BACKENDS = ("numpy", "jax", "torch", "julia", "matlab", "octave", "c", "latex")
# A formula may begin with a minus; a short option among its letters (-h in -theta) must not be seen.
_FORMULA = {"ignore_unknown_options": True, "help_option_names": ["--help"]}
F = TypeVar("F", bound=Callable[..., Any])


def _words(known: Sequence[str]) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Shell completion of `A:symm` to the words that may stand after the colon."""

    def complete(ctx: click.Context, param: click.Parameter, typed: str) -> list[CompletionItem]:
        name, colon, word = typed.partition(":")
        return [CompletionItem(f"{name}:{w}") for w in sorted(known) if colon and w.startswith(word)]

    return complete


def _formula_options(command: F) -> F:
    """The options that say what the formula means and how it is checked."""
    decorators = [
        click.argument("expression", metavar="EXPR"),
        click.option("--wrt", multiple=True, required=True, metavar="NAME",
                     help="Variable to differentiate by; once more for each further order."),
        click.option("--var", multiple=True, metavar="X:m,n", help="Sizes of a variable; the others are inferred."),
        click.option("--fact", multiple=True, metavar="A:symmetric", shell_complete=_words(sorted(FACTS)),
                     help="What may be assumed of a value."),
        click.option("--domain", multiple=True, metavar="x:positive", shell_complete=_words(sorted(DOMAINS)),
                     help="Which values are drawn for the check."),
        click.option("--sizes", multiple=True, metavar='"m>n"', help="A relation of sizes."),
        click.option("--from", "language", type=click.Choice(inputs.LANGUAGES), default="auto", show_default=True,
                     help="Language of EXPR; auto tells LaTeX from text. Python needs --var."),
        click.option("--layout", type=click.Choice(["numerator", "denominator"]), default="numerator",
                     show_default=True, help="Rows of a Jacobian are outputs (numerator) or inputs."),
        click.option("--structured", is_flag=True, help="Over a structured variable, by its independent entries."),
        click.option("--tangent", is_flag=True, help="Over a structured variable, projected on what it can do."),
        click.option("--seed", type=int, default=0, show_default=True, help="Seed of the check."),
        click.option("--no-verify", is_flag=True, help="Do not check the answer numerically."),
        click.option("--strict", is_flag=True, help="Exit code 3 if the answer could not be checked."),
        click.option("--json", "as_json", is_flag=True, help="Everything as JSON."),
    ]  # fmt: skip
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(fr.__version__, package_name="frechet", message="frechet %(version)s")
def app() -> None:
    """Derivatives of scalars, vectors and matrices, in an expert's notation, each one checked.

    EXPR is a formula such as "norm2(X*w - y)^2"; `-` reads it from standard input, `@file` from a file.
    """


@app.command(context_settings=_FORMULA)
@_formula_options
@click.option("--form", type=click.Choice(_FORMS), help="Which form to show (the best there is, if not given).")
@click.option("--kind", type=click.Choice(_KINDS), help="What to ask for (follows from --wrt, if not given).")
@click.option("--manifold", metavar="NAME", help="Riemannian gradient: sphere, stiefel, grassmann, spd, simplex.")
@click.option("--latex", is_flag=True, help="Only the derivative, as LaTeX.")
@click.option("--unicode/--ascii", "pretty", default=None, help="Signs such as ‖x‖ and ℝ (on a terminal that can).")
@derivations.options
def diff(expression: str, **options: Any) -> int:
    """Derivative of a formula: a gradient, a Jacobian, a Hessian, a mixed or higher one.

    \b
      frechet diff "norm2(X*w - y)^2" --wrt w
      frechet diff "logdet(S)" --wrt S --wrt S --fact S:spd --steps
      frechet diff "\\|Xw - y\\|^2 + \\lambda w^\\top w" --wrt w
      frechet diff "np.sum((X @ w)**2)" --from python --var X:m,n --var w:n --wrt w
    """
    return _reported(options["as_json"], lambda: _diff(expression, options))


def _diff(expression: str, options: dict[str, Any]) -> int:
    text = inputs.read_expression(expression)
    function = inputs.read_formula(text, options)
    derivative, kind = _derived(function, options)
    checked = None if options["no_verify"] else derivative.verification
    shown = _form(derivative, options.get("form"))
    if derivations.wanted(options):
        derivations.show_steps(derivative, options)
        click.echo("".join(f"{line}\n" for line in show.table(_where(derivative))), err=True, nl=False)
        click.echo(_checked_line(checked), err=True)
    elif options["as_json"]:
        click.echo(show.to_json(_as_json(text, function, derivative, kind, shown, checked, options)))
    elif options["latex"]:
        click.echo(derivative.latex())
        click.echo(_checked_line(checked), err=True)
    else:
        pretty = show.unicode_wanted(options["pretty"])
        note = _note(shown, kind, function, derivative, options, pretty)
        rows: list[tuple[str, Sequence[str]]] = [("read as", show.read_as(function, pretty))]
        rows += [("or as", (reading,)) for reading in vars(function).get("other_readings", ())]
        rows.append((_label(kind), (shown, note)))
        rows += [("note", (line,)) for line in function.remarks]
        rows += [("over", (derivative.over,))] if derivative.over else []
        rows += _where(derivative)
        click.echo("\n".join([*show.table(rows), _checked_line(checked)]))
    undecided = options["strict"] and (checked is None or checked.status != "checked")
    return UNDECIDED if undecided else FINE


def _where(derivative: Any) -> list[tuple[str, Sequence[str]]]:
    """Where the answer holds, and what is so where it does not."""
    rows: list[tuple[str, Sequence[str]]] = [("where", (str(condition),)) for condition in derivative.conditions]
    return rows + [("kink", (line,)) for line in derivative.kinks]


def _note(shown: str, kind: str, function: Any, derivative: Any, options: dict[str, Any], pretty: bool) -> str:
    """The remark beside the answer."""
    if options["form"] == "kronecker":
        return "d vec(F)/d vec(X)', column-major"
    if options["form"] == "index":
        return "one index for each axis"
    return show.shape_note(shown, kind, function, options["wrt"], derivative.shape, options["layout"], pretty)


def _derived(function: Any, options: dict[str, Any]) -> tuple[Any, str]:
    """The derivative asked for, and its kind."""
    wrt = list(options["wrt"])
    keywords = {"layout": options["layout"], "seed": options["seed"], "verify": not options["no_verify"],
                "structured": "tangent" if options.get("tangent") else bool(options.get("structured"))}  # fmt: skip
    if options.get("manifold"):
        if len(wrt) > 1 or options.get("kind") not in (None, "gradient"):
            raise problem("E505", "On a manifold there is a gradient by one variable.", help="One --wrt, no --kind.")
        return function.riemannian_gradient(wrt[0], options["manifold"], **keywords), "gradient"
    kind = options.get("kind") or _kind(function, wrt)
    if kind == "derivative" or (kind == "hessian" and len(set(wrt)) > 1):
        return function.derivative(*wrt, **keywords), "derivative"
    if kind == "hessian":
        wrt = wrt[:1]
    if kind == "wirtinger" and not getattr(function, "complex_names", None):
        raise problem("E507", "No variable is complex.", help=f"--fact {wrt[0]}:complex")
    if len(wrt) > 1:
        raise problem("E505", f"A {kind} is by one variable, not by {len(wrt)}.", help="Leave out --kind.")
    return getattr(function, kind)(wrt[0], **keywords), kind


def _kind(function: Any, wrt: Sequence[str]) -> str:
    if len(wrt) == 1:
        return "jacobian" if function.shape else "gradient"
    return "hessian" if len(wrt) == 2 and wrt[0] == wrt[1] and not function.shape else "derivative"


def _label(kind: str) -> str:
    return {"differential": "map", "derivative": "result"}.get(kind, kind)


def _form(derivative: Any, form: str | None) -> str:
    """The form asked for; E504 if the answer has none such."""
    if form is None:
        return str(derivative)
    text = {"closed": "text", "operator": "operator_form", "kronecker": "kronecker_form", "index": "index_form"}[form]
    found: str | None = getattr(derivative, text)
    if not found:
        raise problem("E504", f"This derivative has no {form} form.", help="Try --form operator, or leave out --form.")
    return found


def _checked_line(checked: Any) -> str:
    return str(checked) if checked is not None else "unchecked  by request"


def _as_json(
    text: str, function: Any, derivative: Any, kind: str, shown: str, checked: Any, options: dict[str, Any]
) -> dict[str, Any]:
    return {
        "input": text, "read_as": str(function), "latex_read_as": function.latex(),
        "variables": {n: list(dims) for n, dims in function.variables.items()},
        "kind": kind, "wrt": list(options["wrt"]), "layout": options["layout"],
        "result": shown, "text": derivative.text, "operator_form": derivative.operator_form,
        "kronecker_form": derivative.kronecker_form, "index_form": derivative.index_form,
        "latex": derivative.latex(), "shape": list(derivative.shape),
        "conditions": [str(c) for c in derivative.conditions], "verification": show.verification_json(checked),
    }  # fmt: skip


@app.command(context_settings=_FORMULA)
@_formula_options
@click.option("--to", "backend", type=click.Choice(_BACKENDS), default="numpy", show_default=True, help="Language.")
@click.option(
    "--want",
    metavar="WHAT",
    help="One function for all --wrt: value_and_gradient, gradient, jacobian, hessian, "
    "hvp (Hessian times v), newton (solve(H, g)), value.",
)
def code(expression: str, **options: Any) -> int:
    """Code of a derivative: a function that runs on its own.

    \b
      frechet code "sum(log(1+exp(-y.*(X*w))))" --wrt w --to numpy
      frechet code "norm2(X*w - y)^2" --wrt w --to c
      frechet code "norm2(T - U*V')^2" --wrt U --wrt V --want value_and_gradient --to julia
    """
    return _reported(options["as_json"], lambda: _code(expression, options))


def _code(expression: str, options: dict[str, Any]) -> int:
    text = inputs.read_expression(expression)
    function = inputs.read_formula(text, options)
    if options["want"]:
        kind = options["want"]
        source, checks = programs.program(function, kind, options["backend"], options)
        checked = next((c for c in checks if c.status != "checked"), checks[0] if checks else None)
    else:
        derivative, kind = _derived(function, options)
        checked = None if options["no_verify"] else derivative.verification
        source = derivative.code(options["backend"])
    if options["as_json"]:
        click.echo(show.to_json({
            "input": text, "read_as": str(function), "kind": kind, "wrt": list(options["wrt"]),
            "language": options["backend"], "code": source, "verification": show.verification_json(checked),
        }))  # fmt: skip
    else:
        click.echo(source.rstrip("\n"))
        click.echo(_checked_line(checked), err=True)
    undecided = options["strict"] and (checked is None or checked.status != "checked")
    return UNDECIDED if undecided else FINE


def _codes(ctx: click.Context, param: click.Parameter, typed: str) -> list[CompletionItem]:
    rules = [CompletionItem(name) for name in derivations.rule_ids(typed)]
    return [CompletionItem(c, help=text) for c, text in CODES.items() if c.startswith(typed.upper())] + rules


@app.command()
@click.argument("error", metavar="[CODE]", required=False, default="", shell_complete=_codes)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def explain(error: str, as_json: bool) -> int:
    """What an error code or a rule of a derivation means, with an example; or `shapes`: the derivative of a scalar,
    a vector, a matrix by a scalar, a vector, a matrix. Alone: the rules of derivations.

    \b
      frechet explain E300
      frechet explain R-trace-cyclic
      frechet explain shapes
    """
    return _reported(as_json, lambda: _explain(error, as_json))


def _explain(error: str, as_json: bool) -> int:
    if not error.strip():
        derivations.list_rules(as_json)
        return FINE
    if error.strip().lower() == "shapes":
        click.echo(show.to_json(shapes.to_json()) if as_json else shapes.text())
        return FINE
    if derivations.is_rule(error):
        derivations.explain_rule(error, as_json)
        return FINE
    if f"R-{error.strip().lower()}" in derivations.rule_ids("R-"):
        derivations.explain_rule(f"R-{error.strip()}", as_json)
        return FINE
    text = pages.sentence(error)
    key = error.strip().upper()
    wrong, right = pages.EXAMPLES.get(key, ("", ""))
    if as_json:
        click.echo(show.to_json({"code": key, "message": CODES[key], "example": wrong, "mended": right}))
        return FINE
    click.echo(text)
    for title, command in (("For example", wrong), ("Instead", right)):
        if command:
            click.echo(f"\n{title}\n\n  $ frechet {command}")
            _show_indented(command)
    return FINE


def _show_indented(command: str) -> None:
    """Run a command of ours and show what it prints."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            app(shlex.split(command), standalone_mode=False)
    except FrechetError as error:
        printed.write(error.diagnostic.render())
    click.echo(textwrap.indent(printed.getvalue().rstrip("\n"), "  "))


_DEMO = (
    ("Least squares: the gradient", "diff \"norm2(X*w - y)^2\" --wrt w"),
    ("A Gaussian's log-likelihood by its covariance",
     "diff \"-1/2*logdet(S) - 1/2*(x - mu)'*inv(S)*(x - mu)\" --wrt S --fact S:spd"),
    ("Logistic regression: the Hessian", "diff \"sum(log(1 + exp(-y.*(X*w))))\" --wrt w --wrt w"),
    ("and the gradient as code", "code \"sum(log(1 + exp(-y.*(X*w))))\" --wrt w --to numpy"),
)  # fmt: skip


@app.command()
def demo() -> int:
    """The main job on three real examples."""
    worst = FINE
    for title, command in _DEMO:
        click.secho(f"# {title}", bold=True)
        click.echo(f"$ frechet {command}")
        worst = max(worst, int(app(shlex.split(command), standalone_mode=False) or 0))
        click.echo()
    return worst


@app.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> int:
    """A script that makes the shell complete frechet's commands: eval "$(frechet completion bash)"."""
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(app, {}, "frechet", "_FRECHET_COMPLETE").source())
    return FINE


for _command in (*claims.COMMANDS, *local.COMMANDS, *numbers.COMMANDS, *plot.COMMANDS):
    app.add_command(_command)


# -- errors ---------------------------------------------------------------------------------------------


def _reported(as_json: bool, run: Callable[[], int]) -> int:
    """Run a command; an error goes to stderr, or under --json to stdout as JSON."""
    try:
        return run()
    except FrechetError as error:
        if not as_json:
            raise
        click.echo(show.to_json({"error": error.diagnostic.to_json()}))
        return _exit_code(error)


def _exit_code(error: FrechetError) -> int:
    return WRONG if isinstance(error, VerificationError) else BAD_INPUT


def main(arguments: Sequence[str] | None = None) -> int:
    """The entry point: runs a command and gives its exit code. Nothing a user types ends in a traceback."""
    try:
        return int(app(list(sys.argv[1:] if arguments is None else arguments), "frechet", standalone_mode=False) or 0)
    except FrechetError as error:
        click.echo(error.diagnostic.render(), err=True)
        return _exit_code(error)
    except click.ClickException as error:
        error.show()
        return BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:
        # The reader, such as head, has had enough; without this Python complains once more on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except Exception as error:
        if os.environ.get("FRECHET_DEBUG"):
            traceback.print_exc()
        click.echo(f"error: frechet made a mistake ({type(error).__name__}: {error}).", err=True)
        click.echo("help: This is not your fault. FRECHET_DEBUG=1 shows where; please report it.", err=True)
        return BAD_INPUT
