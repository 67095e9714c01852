"""`frechet diff --steps` and the pages of the rule book, `frechet explain R-...`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from frechet.cli import show
from frechet.core.errors import problem
from frechet.notation.unicode import to_unicode
from frechet.steps.changes import changed_span
from frechet.steps.narrate import LEVELS
from frechet.steps.render import closing, heading, remark
from frechet.steps.rules import CHAPTERS, all_ids, rule
from frechet.steps.styles import SHORT_NAMES, STYLES

if TYPE_CHECKING:
    import click  # the same interface, with types

    from frechet.steps.derivation import Derivation
else:
    import rich_click as click

FORMATS = ("text", "markdown", "latex", "html", "json")
CHANGED = "cyan underline"
F = TypeVar("F", bound=Callable[..., Any])


def options(command: F) -> F:
    """--steps and how the derivation is told; each of the others asks for it as well."""
    decorators = [
        click.option("--steps", is_flag=True, help="The derivation, every step checked."),
        click.option("--level", type=click.Choice(LEVELS), help="How much of the derivation is written out [normal]."),
        click.option("--style", type=click.Choice([*STYLES, *SHORT_NAMES]), metavar="|".join(STYLES),
                     help="The style of the derivation [differential]; chain, entries are short for two of them."),
        click.option("--format", "form_of_steps", type=click.Choice(FORMATS), help="What the steps are written as."),
        click.option("--hints", is_flag=True, help="Only what to do, step by step, without doing it."),
    ]  # fmt: skip
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def wanted(options: dict[str, Any]) -> bool:
    """Whether a derivation was asked for."""
    return any(options[name] for name in ("steps", "level", "style", "form_of_steps", "hints"))


def show_steps(derivative: Any, options: dict[str, Any]) -> None:
    """Print a derivation in the format that was asked for; in a terminal the changed part by colour and underline."""
    if not hasattr(derivative, "steps"):
        raise problem("E505", "Derivations are of one derivative at a time.")
    style = SHORT_NAMES.get(options["style"], options["style"]) or "differential"
    derivation = derivative.steps(level=options["level"] or "normal", style=style)
    form = options["form_of_steps"] or ("json" if options["as_json"] else "latex" if options["latex"] else "text")
    if options["hints"]:
        click.echo("\n".join(f"{k}. {hint}" for k, hint in enumerate(derivation.hints, 1)))
    elif form == "json":
        click.echo(show.to_json(derivation.to_json()))
    elif form == "text" and sys.stdout.isatty():
        in_terminal(derivation, Console(), show.unicode_wanted(options.get("pretty")))
    elif form == "text":
        click.echo(str(derivation))
    else:
        click.echo({"markdown": derivation.markdown, "latex": derivation.latex, "html": derivation.html}[form]())


def in_terminal(d: Derivation, console: Console, pretty: bool) -> None:
    """A table as wide as the terminal: what stands left, the line with its changed part marked, the rule."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(style="dim", max_width=48)
    for step in d.steps:
        writer = to_unicode if pretty else None
        line = Text(to_unicode(step.after) if pretty else step.text)
        start, end = changed_span(step.before, step.after, writer)
        if (start, end) != (0, len(line)):
            line.stylize(CHANGED, start, end)
        table.add_row(Text(f"{step.left} ="), line, Text(remark(step)))
    console.print(Text(heading(d), style="bold"), "", table, "", Text(closing(d)), sep="\n")
    if d.gap:
        console.print(Text(f"Not written out in full: {d.gap}.", style="yellow"))
    if d.extra.get("graph"):
        console.print(Text("graph\n" + d.extra["graph"]))


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


def list_rules(as_json: bool) -> None:
    """The contents of the rule book: every rule by chapter, with its law."""
    written = {chapter: [rule(r.id) for r in rules] for chapter, rules in CHAPTERS.items()}
    known = {r.id for rules in written.values() for r in rules}
    written["single functions"] = [rule(i) for i in all_ids() if i not in known]
    if as_json:
        click.echo(show.to_json({c: [{"rule": r.id, "name": r.name, "law": r.law} for r in rs]
                                 for c, rs in written.items()}))  # fmt: skip
        return
    width = max(len(r.id) for rules in written.values() for r in rules)
    for chapter, rules in written.items():
        click.secho(f"\n{chapter}", bold=True)
        for r in rules:
            click.echo(f"  {r.id:<{width}}  {r.law or r.name}")
