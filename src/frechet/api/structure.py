"""Derivatives over structured variables and Riemannian gradients: what can be asked for, how it is made and told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from frechet.calculus.derive import Level, finished
from frechet.calculus.structured import MANIFOLDS, Projection, Structure, structured, structures_of
from frechet.core.build import substitute
from frechet.core.errors import problem
from frechet.core.facts import STRUCTURAL
from frechet.core.node import Node, var
from frechet.language.spell import did_you_mean

if TYPE_CHECKING:
    from frechet.api.derivative import Derivative
    from frechet.language.declarations import Declarations


def mode_of(option: Any) -> str:
    """`structured=` as a word; E505 for anything but a truth value or "tangent"."""
    if option is None or isinstance(option, bool):
        return "entries" if option else ""
    if option not in ("entries", "tangent"):
        raise problem("E505", f"structured={option!r} is not known.", help='structured=True or structured="tangent"')
    return str(option)


def structural_words(declarations: Declarations, name: str) -> frozenset[str]:
    """The facts and the domain of a variable."""
    return frozenset({*declarations.facts.get(name, ()), declarations.domain.get(name, "")})


def structure(declarations: Declarations, name: str) -> Structure | None:
    """The structure of a variable by its facts and its domain; the first where several have no rule together."""
    return next(iter(structures_of(structural_words(declarations, name))), None)


def check_mode(declarations: Declarations, names: tuple[str, ...], mode: str) -> None:
    """E505 where a structured derivative is asked for and there is none."""
    if not mode:
        return
    known = {name: structures_of(structural_words(declarations, name)) for name in names}
    if not any(known.values()):
        raise problem("E505", f"{names[0]} has no structure.",
                      help=f'Declare one: facts={{"{names[0]}": ["symmetric"]}}.')  # fmt: skip
    for name, found in known.items():
        if len(found) > 1:
            raise problem("E505", f"{name} is {' and '.join(s.noun for s in found)}: no rule is known for both.",
                          help="Without structured the derivative is over all entries.")  # fmt: skip
        if found and found[0].projection(mode) is None:
            raise problem("E505", f"{name} is {found[0].noun}, which has no independent entries.",
                          help='Ask for structured="tangent", the projection on what it can do.')  # fmt: skip
        if found and found[0].curved and names.count(name) > 1:
            raise problem("E505", f"{name} is {found[0].noun}: these are curved, and a second derivative over them "
                          "needs a rule for how directions are carried along, which is not offered.",
                          help="The first derivative exists, and the second over all entries.")  # fmt: skip


def check_manifold(declarations: Declarations, name: str, manifold: Any) -> str:
    """The manifold as a mode; E505 where it is not known or the variable cannot lie on it."""
    if manifold not in MANIFOLDS:
        meant = did_you_mean(str(manifold), MANIFOLDS)
        raise problem("E505", f"{manifold!r} is no manifold known here.", help=meant or ", ".join(MANIFOLDS))
    shape = declarations.variables[name]
    fits = {"sphere": bool(shape.axes), "simplex": shape.is_column, "spd": shape.is_matrix and shape.rows == shape.cols}
    if not fits.get(manifold, shape.is_matrix):
        raise problem("E505", f"{name} is a {shape}: it is no point of {MANIFOLDS[manifold].noun}.")
    for found in structures_of(structural_words(declarations, name)):
        if found.word not in MANIFOLDS[manifold].words:
            raise problem("E505", f"{name} is declared to be {found.noun}, which points of the manifold are not.",
                          help=f"Leave out the fact: points are {MANIFOLDS[manifold].noun}.")  # fmt: skip
    return str(manifold)


def _projection(declarations: Declarations, name: str, mode: str) -> Projection | None:
    if mode in MANIFOLDS:
        return MANIFOLDS[mode].gradient
    found = structure(declarations, name)
    return found.projection(mode) if found is not None else None


def project(levels: list[Level], d: Derivative, variables: Mapping[str, Node]) -> list[Level]:
    """Every order with the axes of its structured variables projected, along directions that have the structure."""
    known, mode = d.function.declarations, d.request.structured
    directions: dict[Node, Node] = {}
    if mode not in MANIFOLDS:
        for name, level in zip(d.wrt, levels, strict=True):
            facts = frozenset(known.facts.get(name, ())) & STRUCTURAL - {"orthogonal"}
            directions[level.direction] = var(getattr(level.direction, "name", name), level.direction.dims,
                                              facts - {"spd"} | ({"symmetric"} if "spd" in facts else frozenset()),
                                              role="direction")  # fmt: skip

    def projected(count: int) -> Callable[[Node], Node]:
        """The first variables, so many of them, projected."""
        first = len(d.function.tree.typed.axes)
        places: list[tuple[int, Any, Node, Projection]] = []
        for name in d.wrt[:count]:
            rule = _projection(known, name, mode)
            if rule is not None:
                places.append((first, variables[name].dims, variables[name], rule))
            first += variables[name].order
        return lambda node: structured(substitute(node, directions.get), places)

    return [
        replace(
            finished(level, projected(k), projected(k - 1)), direction=directions.get(level.direction, level.direction)
        )
        for k, level in enumerate(levels, start=1)
    ]


def note(d: Derivative) -> str:
    """What the derivative is over, in words; empty where no variable has a structure."""
    known, mode = d.function.declarations, d.request.structured
    if mode in MANIFOLDS:
        return MANIFOLDS[mode].note()
    found = [(n, structure(known, n)) for n in dict.fromkeys(d.wrt)]
    some = [(n, s) for n, s in found if s is not None]
    if not some:
        return ""
    if not mode:
        names = ", ".join(f"{n} ({s.noun})" for n, s in some)
        return f"all entries of {names}, each on its own; structured=True is over the structured variable"
    if d.forms.closed is None or d.differential:
        rules = "; ".join(f"{n} {s.note(mode)}" for n, s in some)
        return f"{rules}. The map takes directions that have the structure themselves"
    return "; ".join(f"{n} {s.note(mode)}" for n, s in some)
