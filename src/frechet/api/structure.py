"""Derivatives over structured variables and Riemannian gradients: what can be asked for, and their own numeric check.

The check draws directions in which the variable can move; it shares no code with `calculus.structured`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from frechet.calculus.derive import Level
from frechet.calculus.structured import MANIFOLDS, Projection, Structure, structure_of, structured
from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.core.node import Node
from frechet.equality.interpret import interpret
from frechet.language.spell import did_you_mean
from frechet.reference.program import Program
from frechet.reference.sample import Sampler
from frechet.verify.check import Question, Verification, check_derivative
from frechet.verify.claims import tangent_of

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


def structure(declarations: Declarations, name: str) -> Structure | None:
    """The structure of a variable by its facts and its domain."""
    return structure_of({*declarations.facts.get(name, ()), declarations.domain.get(name, "")})


def check_mode(declarations: Declarations, names: tuple[str, ...], mode: str) -> None:
    """E505 where a structured derivative is asked for and there is none."""
    known = {name: structure(declarations, name) for name in names} if mode else {}
    if known and not any(known.values()):
        raise problem("E505", f"{names[0]} has no structure.",
                      help=f'Declare one: facts={{"{names[0]}": ["symmetric"]}}.')  # fmt: skip
    for name, found in known.items():
        if found is not None and found.projection(mode) is None:
            raise problem("E505", f"{name} is {found.noun}, which has no independent entries.",
                          help='Ask for structured="tangent", the projection on what it can do.')  # fmt: skip


def check_manifold(declarations: Declarations, name: str, manifold: Any) -> str:
    """The manifold as a mode; E505 where it is not known or the variable cannot lie on it."""
    if manifold not in MANIFOLDS:
        meant = did_you_mean(str(manifold), MANIFOLDS)
        raise problem("E505", f"{manifold!r} is no manifold known here.", help=meant or ", ".join(MANIFOLDS))
    shape = declarations.variables[name]
    fits = {"sphere": bool(shape.axes), "simplex": shape.is_column, "spd": shape.is_matrix and shape.rows == shape.cols}
    if not fits.get(manifold, shape.is_matrix):
        raise problem("E505", f"{name} is a {shape}: it is no point of {MANIFOLDS[manifold].noun}.")
    return str(manifold)


def _projection(declarations: Declarations, name: str, mode: str) -> Projection | None:
    if mode in MANIFOLDS:
        return MANIFOLDS[mode].gradient
    found = structure(declarations, name)
    return found.projection(mode) if found is not None else None


def project(levels: list[Level], d: Derivative, variables: Mapping[str, Node]) -> list[Level]:
    """Every order with the axes of its structured variables projected."""
    out = []
    for k, level in enumerate(levels, start=1):
        first = len(d.function.tree.typed.axes)
        places: list[tuple[int, Any, Node, Projection]] = []
        for name in d.wrt[:k]:
            rule = _projection(d.function.declarations, name, d.request.structured)
            if rule is not None:
                places.append((first, variables[name].dims, variables[name], rule))
            first += variables[name].order
        out.append(Level(structured(level.tensor, places), level.along, level.direction, level.variable))
    return out


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
    if d.forms.closed is None:
        return "; ".join(f"{n}, {s.noun}: the map is for directions that it can take" for n, s in some)
    return "; ".join(f"{n} {s.note(mode)}" for n, s in some)


def check_structured(d: Derivative) -> Verification:
    """The plain derivative is checked first; then the projected one along directions that the structure allows."""
    plain = type(d)(d.function, d.request.plain())
    found = plain.verification
    name, mode = d.wrt[-1], d.request.structured
    if found.status != "checked":
        return found
    if mode in MANIFOLDS:
        return _check_manifold(d, plain, found)
    own = structure(d.function.declarations, name)
    if own is None or len(d.wrt) > 1:
        return found
    tree = d.function.tree
    once = mode == "entries" and own.word in ("symmetric", "skew")

    def at(sizes: Mapping[str, int]) -> Question:
        low = Program(tree, sizes)

        def claimed(arrays: Mapping[str, Any], V: Mapping[str, Any]) -> Any:
            weight = np.tril(V[name]) if once else V[name]
            return np.tensordot(interpret(d.node, arrays, sizes).reshape(low.shape + weight.shape), weight, weight.ndim)

        return Question(low, claimed, (name,))

    sampler = Sampler([tree], d.function.declarations, seed=d.request.seed)
    return check_derivative(at, sampler, tangent=tangent_of({name: frozenset({own.word})}))


# A point of each manifold and a direction along it, from a random one; and the inner product of its metric.
_POINTS: dict[str, Callable[[Any], Any]] = {
    "sphere": lambda X: X / np.linalg.norm(X),
    "stiefel": lambda X: np.linalg.qr(X)[0],
    "grassmann": lambda X: np.linalg.qr(X)[0],
    "spd": lambda X: X @ X.T + np.eye(len(X)),
    "simplex": lambda x: np.abs(x) / np.sum(np.abs(x)),
}
_MOVES: dict[str, Callable[[Any, Any], Any]] = {
    "sphere": lambda X, V: V - np.sum(X * V) * X,
    "stiefel": lambda X, V: X @ (X.T @ V - V.T @ X) + V - X @ (X.T @ V),
    "grassmann": lambda X, V: V - X @ (X.T @ V),
    "spd": lambda X, V: V + V.T,
    "simplex": lambda x, V: V - np.mean(V),
}
_INNER: dict[str, Callable[[Any, Any, Any], Any]] = {
    "spd": lambda X, U, V: np.trace(np.linalg.solve(X, U) @ np.linalg.solve(X, V)),
    "simplex": lambda x, U, V: np.sum(U * V / x),
}


# Where `_MOVES` is no projection: what leaves a direction along the manifold as it is.
_TANGENT: dict[str, Callable[[Any, Any], Any]] = {
    "stiefel": lambda X, V: V - X @ (X.T @ V + V.T @ X) / 2,
    "spd": lambda X, V: (V + V.T) / 2,
}


def _check_manifold(d: Derivative, plain: Derivative, found: Verification) -> Verification:
    """At points of the manifold: the gradient lies along it, and its inner product with a direction along it is the
    derivative in that direction. E600 if not; unchecked where no point of the manifold is in the function's domain."""
    name, mode = d.wrt[0], d.request.structured
    rng = np.random.default_rng([d.request.seed, 0, 1])  # not the stream of the points
    worst = 0.0
    good = 0
    for point in Sampler([d.function.tree], d.function.declarations, seed=d.request.seed).points():
        X = point.arrays[name]
        if mode in ("stiefel", "grassmann") and X.shape[0] < X.shape[1]:
            continue
        X = _POINTS[mode](X)
        arrays = {**point.arrays, name: X}
        with np.errstate(all="ignore"):
            euclidean = interpret(plain.node, arrays, point.sizes).reshape(X.shape)
            gradient = interpret(d.node, arrays, point.sizes).reshape(X.shape)
        if not np.isfinite(euclidean).all():
            continue
        V = _MOVES[mode](X, rng.standard_normal(X.shape))
        inner = _INNER.get(mode, lambda X, U, V: np.sum(U * V))(X, gradient, V)
        wanted = np.sum(euclidean * V)
        along = _TANGENT.get(mode, _MOVES[mode])(X, gradient)
        scale = max(float(np.linalg.norm(euclidean) * np.linalg.norm(V)), 1e-12)
        off = max(abs(inner - wanted) / scale, float(np.linalg.norm(along - gradient)) / (1e-12 + scale))
        if not off < 1e-8:
            raise problem("E600", f"The Riemannian gradient failed its own check: off by {off:.1e}.",
                          help="This is a mistake of frechet, not yours.")  # fmt: skip
        good += 1
        worst = max(worst, off)
    if not good:
        return Verification("unchecked", seed=d.request.seed, message="No point of the manifold could be drawn.")
    return Verification("checked", good, found.sizes, max(worst, found.max_relative_error), found.bound, d.request.seed)
