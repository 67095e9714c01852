"""`frechet diff --steps` and the pages of the rule book, `frechet explain R-...`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from frechet.cli import show
from frechet.core.errors import problem
from frechet.steps.rules import all_ids, rule

if TYPE_CHECKING:
    import click  # the same interface, with types
else:
    import rich_click as click

LEVELS = ("brief", "normal", "full")
STYLES = ("differential", "chain rule", "entrywise", "definition")
F = TypeVar("F", bound=Callable[..., Any])


def options(command: F) -> F:
    """--steps, --level and --style."""
    decorators = [
        click.option("--steps", is_flag=True, help="The derivation, every step checked."),
        click.option("--level", type=click.Choice(LEVELS), default="normal", show_default=True,
                     help="How much of the derivation is written out."),
        click.option("--style", type=click.Choice(STYLES), default="differential", show_default=True,
                     help="The style of the derivation."),
    ]  # fmt: skip
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def show_steps(derivative: Any, options: dict[str, Any]) -> None:
    """Print a derivation; under --latex as align*, under --json as data."""
    if not hasattr(derivative, "steps"):
        raise problem("E505", "Derivations are of one derivative at a time.")
    derivation = derivative.steps(level=options["level"], style=options["style"])
    if options["as_json"]:
        click.echo(show.to_json(derivation.to_json()))
    elif options["latex"]:
        click.echo(derivation.latex())
    else:
        click.echo(derivation.text(terminal=True))  # click leaves the colours out where they cannot be shown


def is_rule(name: str) -> bool:
    return name.strip().lower().startswith("r-")


def rule_ids(typed: str) -> list[str]:
    """The rules whose ids begin as typed; for the shell."""
    return [i for i in all_ids() if i.lower().startswith(typed.lower())]


def explain_rule(name: str, as_json: bool) -> None:
    """One page of the rule book. Raises E107 for a rule that is not in it."""
    found = rule("R-" + name.strip()[2:].lower())
    facts = {
        "rule": found.id, "name": found.name, "law": found.law, "in words": found.words,
        "where": found.condition, "why": found.proof, "example": found.example, "source": found.source,
    }  # fmt: skip
    if as_json:
        click.echo(show.to_json(facts))
        return
    click.echo("\n".join(show.table([(k, (v,)) for k, v in facts.items() if v])))
