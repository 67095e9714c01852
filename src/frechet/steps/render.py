"""A derivation as text, for the terminal, and as JSON. LaTeX and Markdown are in `typeset`, HTML in `html`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from frechet.notation.text import to_text
from frechet.steps.changes import changed_span
from frechet.steps.rules import WRITTEN, rule

if TYPE_CHECKING:
    from frechet.steps.derivation import Derivation, Step

WIDTH = 100
WIDEST_FORMULA = 62
UNDERLINED, PLAIN_AGAIN = "\x1b[36;4m", "\x1b[0m"
DIM = "\x1b[2m"


def names(step: Step) -> str:
    """The names of the rules used, the main one first."""
    found = [rule(r) for r in step.rules]
    if len(found) == 1:
        return found[0].name if found[0].id in WRITTEN else found[0].brief
    return ", ".join(dict.fromkeys(r.brief for r in found))


def remark(step: Step) -> str:
    """The rules, what is worth saying, and how the step is known to hold if it is not proved."""
    parts = [names(step)]
    if step.note:
        parts.append(step.note)
    if step.proof.status != "proved":
        parts.append(str(step.proof))
    return "; ".join(parts)


def closing(d: Derivation) -> str:
    """The last line: how many steps are proved."""
    proved = sum(s.proof.status == "proved" for s in d.steps)
    if proved == len(d):
        return "Every step is proved."
    points = [s.proof.points for s in d.steps if s.proof.status == "evidence"]
    rest = f"; for the others no difference was found at {min(points)} or more points" if points else ""
    return f"{proved} of {len(d)} steps are proved{rest}."


def as_text(d: Derivation, *, terminal: bool = False) -> str:
    """Lines with the formula on the left and the rules beside or under it. `terminal` marks the changed part by
    colour and underline."""
    width = max((len(s.left) for s in d.steps), default=0)
    shown = [to_text(s.after) for s in d.steps]
    column = min(WIDEST_FORMULA, max((len(t) for t in shown), default=0)) + width + 5
    lines = [heading(d), ""]
    for step, formula in zip(d.steps, shown, strict=True):
        head = f"{step.left:>{width}} = "
        note = remark(step)
        body = _marked(formula, changed_span(step.before, step.after)) if terminal else formula
        quiet = f"{DIM}{note}{PLAIN_AGAIN}" if terminal else note
        room = column - len(head) - len(formula)
        if room >= 2 and column + len(note) <= WIDTH + 20:
            lines.append(head + body + " " * room + quiet)
        else:
            lines += [head + body, " " * (width + 6) + "by " + quiet]
    lines += ["", closing(d)]
    if d.gap:
        lines.append(f"Not written out in full: {d.gap}.")
    return "\n".join(lines + [f"{k}\n{v}" for k, v in d.extra.items() if k != "svg"])


def heading(d: Derivation) -> str:
    """`gradient by w of norm2(X*w - y)^2`."""
    return f"{d.goal} of {to_text(d.start)}"


def _marked(text: str, span: tuple[int, int]) -> str:
    start, end = span
    if (start, end) == (0, len(text)):
        return text
    return text[:start] + UNDERLINED + text[start:end] + PLAIN_AGAIN + text[end:]


def as_json(d: Derivation) -> dict[str, Any]:
    """Everything, for programs."""
    return {
        "goal": d.goal, "start": to_text(d.start), "answer": to_text(d.answer), "style": d.style, "level": d.level,
        "gap": d.gap, "proved": d.proved, "steps": [_step_json(s) for s in d.steps],
        **({"extra": d.extra} if d.extra else {}),
    }  # fmt: skip


def _step_json(step: Step) -> dict[str, Any]:
    main = rule(step.rule)
    return {
        "rule": main.id, "rules": list(step.rules), "name": main.name, "law": main.law, "words": main.words,
        "condition": main.condition, "source": main.source, "left": step.left, "before": to_text(step.before),
        "after": to_text(step.after), "changed": list(changed_span(step.before, step.after)), "note": step.note,
        "proof": {"status": step.proof.status, "points": step.proof.points},
    }  # fmt: skip
