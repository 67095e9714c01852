"""The check of derivatives over structured variables and on manifolds: at points and along directions that the
structure allows, drawn here without the projections of `calculus.structured`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from frechet.api.checking import is_turned
from frechet.api.structure import structural_words
from frechet.calculus.structured import MANIFOLDS
from frechet.core.errors import FrechetError, problem
from frechet.core.lazy import np
from frechet.equality.interpret import interpret
from frechet.language.tree import Tree
from frechet.reference.compare import compare
from frechet.reference.program import Program
from frechet.reference.sample import Point, Sampler
from frechet.verify.check import Question, Verification, check_derivative
from frechet.verify.claims import tangent_of
from frechet.verify.orders import arrows

if TYPE_CHECKING:
    from frechet.api.derivative import Derivative

TOLERANCE = 1e-8
SMALL = 1e-4
POINTS = 3


def check_structured(d: Derivative, shown: Tree | None) -> Verification:
    """The derivative over all entries is checked first, then what the structure makes of it, then what is printed.

    A first derivative against numeric derivatives of the function along directions that the structure allows; one of
    higher order against the checked one over all entries along such directions. E600 if anything is wrong.
    """
    found = type(d)(d.function, d.request.plain()).verification
    if found.status != "checked":
        return found
    if d.request.structured in MANIFOLDS:
        found = _check_manifold(d, found)
    elif len(d.wrt) == 1:
        found = _check_first(d)
    else:
        _check_order(d)
    if shown is not None and found.status == "checked":
        _check_print(d, shown)
    return found


def _weight(d: Derivative, name: str, V: Any) -> Any:
    """A direction as the derivative has to be contracted with it: by independent entries each number counts once."""
    words = structural_words(d.function.declarations, name)
    if d.request.structured == "entries":
        if words & {"symmetric", "spd", "skew"}:
            V = np.tril(V)
        if "toeplitz" in words:
            kept = np.zeros_like(V)
            kept[0], kept[:, 0] = V[0], V[:, 0]
            V = kept
    return V


def _points(d: Derivative) -> list[Point]:
    return Sampler([d.function.tree], d.function.declarations, seed=d.request.seed).points(POINTS)


def _check_first(d: Derivative) -> Verification:
    name = d.wrt[0]
    tree = d.function.tree

    def at(sizes: Mapping[str, int]) -> Question:
        low = Program(tree, sizes)

        def claimed(arrays: Mapping[str, Any], V: Mapping[str, Any]) -> Any:
            weight = _weight(d, name, V[name])
            return np.tensordot(interpret(d.node, arrays, sizes).reshape(low.shape + weight.shape), weight, weight.ndim)

        return Question(low, claimed, (name,))

    sampler = Sampler([tree], d.function.declarations, seed=d.request.seed)
    return check_derivative(at, sampler, tangent=tangent_of({name: structural_words(d.function.declarations, name)}))


def _directions(d: Derivative, point: Point, rng: Any) -> list[Any]:
    """A random direction for each variable in order, of the variable's structure."""
    known = d.function.declarations
    tangent = tangent_of({name: structural_words(known, name) for name in d.wrt})
    return [np.asarray(tangent(n, point.arrays[n], rng.standard_normal(point.arrays[n].shape))) for n in d.wrt]


def _contracted(d: Derivative, tensor: Any, directions: list[Any], weighted: bool, count: int) -> Any:
    """The tensor along the last `count` directions."""
    value = tensor
    for name, V in list(zip(d.wrt, directions, strict=True))[::-1][:count]:
        value = np.tensordot(value, _weight(d, name, V) if weighted else V, V.ndim)
    return value


def _tensor(d: Derivative, arrays: Mapping[str, Any], sizes: Mapping[str, int]) -> Any:
    with np.errstate(all="ignore"):
        return d.value_at(arrays, sizes)


def _check_order(d: Derivative) -> None:
    """The projected tensor and the one over all entries are the same along directions of the structure."""
    plain = type(d)(d.function, d.request.plain())
    rng = np.random.default_rng([d.request.seed, 0, 1])
    pairs = []
    for point in _points(d):
        directions = _directions(d, point, rng)
        got = _contracted(d, _tensor(d, point.arrays, point.sizes), directions, True, len(d.wrt))
        wanted = _contracted(plain, _tensor(plain, point.arrays, point.sizes), directions, False, len(d.wrt))
        pairs.append((got, wanted))
    _same(d, pairs, "The derivative over the structured variable")


def _check_print(d: Derivative, shown: Tree) -> None:
    """What is printed means the tensor, along directions of the structure where it is a map."""
    rng = np.random.default_rng([d.request.seed, 0, 2])
    bound = arrows(shown)
    pairs = []
    for point in _points(d):
        directions = _directions(d, point, rng)
        wanted = _contracted(d, _tensor(d, point.arrays, point.sizes), directions, True, bound)
        named = dict(zip(d.names, directions, strict=True))
        try:
            with np.errstate(all="ignore"):
                got = Program(shown, point.sizes)({**point.arrays, **named})
        except FrechetError as error:
            if error.diagnostic.code != "E400":
                raise
            continue
        pairs.append((np.reshape(got.T if is_turned(d, shown) else got, np.shape(wanted)), wanted))
    _same(d, pairs, "The printed derivative")


def _size(d: Derivative) -> float:
    """How large the entries of the derivative over all entries are: what the structure makes of them may be all
    rounding, as the second derivative of tr(S^3) of a skew S, which is zero."""
    plain = type(d)(d.function, d.request.plain())
    tensors = [_tensor(plain, point.arrays, point.sizes) for point in _points(d)]
    return max((float(np.max(np.abs(t), initial=0.0)) for t in tensors if np.isfinite(t).all()), default=0.0)


def _same(d: Derivative, pairs: list[tuple[Any, Any]], what: str) -> None:
    """E600 where two ways to the same values differ. Values that are tiny beside those at the other points may be all
    rounding (1 - 0.999999999999), so the largest ones set the scale."""
    pairs = [(got, wanted) for got, wanted in pairs if np.isfinite(wanted).all()]
    largest = max((float(np.max(np.abs(wanted), initial=0.0)) for _, wanted in pairs), default=0.0)
    off = [one for one in pairs if not compare(*one, floor=max(TOLERANCE, SMALL * largest)).relative < TOLERANCE]
    size = max(largest, _size(d)) if off else largest
    for got, wanted in off:
        if not compare(got, wanted, floor=max(TOLERANCE, SMALL * size)).relative < TOLERANCE:
            raise problem("E600", f"{what} failed its own check and is not shown.",
                          help="This is a mistake of frechet, not yours.")  # fmt: skip


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


def _check_manifold(d: Derivative, found: Verification) -> Verification:
    """At points of the manifold: the gradient lies along it, and its inner product with a direction along it is the
    derivative in that direction. E600 if not; unchecked where no point of the manifold is in the function's domain."""
    name, mode = d.wrt[0], d.request.structured
    plain = type(d)(d.function, d.request.plain())
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
