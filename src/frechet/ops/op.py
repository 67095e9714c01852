"""The registry of operations and the declarations that fill it.

Four kinds, each writing only what it is:

    @op(usage, sig=...)          opaque: the body is the pushforward, linear in the tangent; the adjoint is derived
    elementwise(usage, d=...)    a function of entries: its derivative by each argument
    @composed(usage, sig=...)    written with other operations (norm2, mean, kron): the body is the value itself
    law(operation)               a simplification that belongs to one opaque operation

What comes from the record with no other edit: parser entry, shape check and its error text, printers, emitters,
random test inputs, law tests, documentation.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from frechet.core.build import apply_call, apply_map
from frechet.core.dims import Size as Dims
from frechet.core.ein import ein, is_zero, split_coef, transpose, zero
from frechet.core.errors import problem
from frechet.core.node import Call, Ein, Group, Map, Node, Number
from frechet.core.operation import Operation, Pattern, Signature, parse_signature, side_of
from frechet.core.tensor import Tensor

REGISTRY: dict[str, Operation] = {}

Law = Callable[..., Tensor | None]
Gather = tuple[Callable[[Map], Node], Callable[[list[tuple[Number, Map, list[tuple[Node, Number]]]]], Node]]


def _register(record: Operation) -> None:
    if record.name in REGISTRY:
        raise ValueError(f"{record.name} is declared twice")
    REGISTRY[record.name] = record


class Elementwise:
    """The rule of an elementwise operation: derivatives by each argument, parity, simplification of arguments."""

    def __init__(
        self, partials: Sequence[Callable[..., Tensor]], parity: str, simplify: Any, absorb: Any, reflect: Any,
        gather: Gather | None,
    ) -> None:  # fmt: skip
        self.partials = tuple(partials)
        self.parity = parity
        self.simplify = simplify
        self.absorb = absorb
        self.reflect: Callable[[Node], Node] | None = reflect
        self.gather = gather


def elementwise(
    usage: str,
    *d: Callable[..., Tensor],
    parity: str = "",
    simplify: Callable[..., Node | None] | None = None,
    absorb: Callable[..., Any] | None = None,
    whole: Callable[[Tensor], Tensor] | None = None,
    reflect: Callable[[Node], Node] | None = None,
    gather: Gather | None = None,
    enter: Callable[[list[Node]], list[Node]] | None = None,
    **meta: Any,
) -> Callable[..., Tensor]:
    """Declare a function of entries; `d` are the derivatives by each argument, functions of all arguments.

    parity "odd" or "even"; `simplify(*nodes)` gives a simpler node or None; `absorb(node, factors)` see `sign`.
    `reflect` is r with f(u) = f(-u) + r(u), for sums that hold both: relu(u) - relu(-u) = u. `gather` is what
    applications have in common whose sum is one application, and that sum of (number, application, scalar factors).
    `enter` makes arguments as they are given what they are kept as. `whole` is what the name means for one argument
    where d has two: max(x) over all entries.
    """
    rule = Elementwise(d, parity, simplify, absorb, reflect, gather)

    def build(*args: Tensor) -> Tensor:
        if whole is not None and len(args) == 1:
            return whole(args[0])
        big = max(args, key=lambda a: a.node.order)
        same = [(a._matched(big)[1] if a.node.order > big.node.order else big._matched(a)[1]) for a in args]
        nodes = [a.node for a in same]
        return big.like(apply_map(record, nodes if enter is None else enter(nodes)))

    name = usage.partition("(")[0]
    sig = ",".join("*" for _ in d) + "->*"
    signatures = parse_signature(meta.pop("sig", sig))
    record = Operation(usage, signatures, "elementwise", build, rule=rule, **_meta(meta, name))
    _register(record)
    return build


class Opaque:
    """The rule of an opaque operation: its pushforwards, and the laws tried before a node is made.

    `linear` is the place from which on the arguments enter linearly (None: none is known to). A linear argument may
    carry a batch, further axes in front that become axes of the result; it reaches pushforwards, laws and the adjoint
    with a leading group for them, mostly empty. `adjoint(place, *args)` has in that place what is pulled back.
    `pair(X, a, b)` is the product of two of the same application, axis a of the first against axis b of the second.
    """

    def __init__(self, pushforwards: Sequence[Callable[..., Tensor]], build: Callable[..., Tensor], linear: int | None,
                 sides: Callable[..., tuple[Dims, ...]]) -> None:  # fmt: skip
        self.pushforwards = list(pushforwards)
        self.laws: list[Law] = []
        self.build = build
        self.linear = linear
        self.sides = sides
        self.adjoint: Callable[..., Tensor] | None = None
        self.pair: Callable[..., Tensor | None] | None = None
        self.words: dict[str, str] = {}
        self.merge: Callable[..., Tensor | None] | None = None

    @property
    def known_pair(self) -> Callable[[Call, int, int], Tensor | None] | None:
        """`pair` for an application."""
        rule = self.pair
        return None if rule is None else lambda call, a, b: rule(*arguments(call), a, b)

    @property
    def known_merge(self) -> Callable[[Call, Node, bool], Tensor | None] | None:
        """`merge` likewise."""
        rule = self.merge
        return None if rule is None else lambda call, other, flipped: rule(*arguments(call), other, flipped)

    def is_linear(self, place: int) -> bool:
        return self.linear is not None and place >= self.linear

    def rebuild(self, args: Sequence[Node], groups: Sequence[Group]) -> Node:
        return self.build(*[Tensor(a, _grouped(a, g)) for a, g in zip(args, groups, strict=True)]).node

    def leading(self, args: Sequence[Tensor], groups: Sequence[Group]) -> list[Tensor]:
        """Linear arguments with their batch in front, empty where there is none."""
        return [
            Tensor(a.node, ((), *a.groups)) if self.is_linear(k) and isinstance(g, int) else a
            for k, (a, g) in enumerate(zip(args, groups, strict=True))
        ]


def _grouped(node: Node, group: Group) -> tuple[Dims, ...]:
    """A stored argument as it was given: -2 a scalar, -1 a vector, else a matrix with so many axes of its rows; a pair
    is the number of batch axes, then the same."""
    if isinstance(group, tuple):
        batch, rows = group
        return (node.dims[:batch], *_sides_of(node.dims[batch:], rows))
    return _sides_of(node.dims, group)


def _sides_of(dims: Dims, rows: int) -> tuple[Dims, ...]:
    if rows == -2:
        return ()
    return (dims,) if rows < 0 else (dims[:rows], dims[rows:])


def op(
    usage: str,
    *,
    sig: str,
    symmetric: bool | Callable[..., bool] = False,
    linear: int | None = None,
    register: bool = True,
    **meta: Any,
) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """Declare an opaque operation by its pushforward `rule(*args, tangent)` by the first argument.

    `symmetric`: the result is symmetric where the arguments are (or a function of them that says so). `linear`: see
    `Opaque`; by a linear argument no pushforward is written. Other arguments get theirs by `partial`. A signature
    whose last argument repeats takes any number of them. `register=False`: another record has the name.
    """

    def declare(pushforward: Callable[..., Tensor]) -> Callable[..., Tensor]:
        signatures = parse_signature(sig)
        signature = functools.partial(_of_so_many, signatures)

        def sides(*args: Tensor) -> tuple[Dims, ...]:
            """The groups of the result for plain arguments."""
            wanted = signature(len(args))
            if wanted.result.kind == "any":
                return args[0].groups
            bound: dict[Any, Dims] = {}
            for pattern, arg in zip(wanted.args, args, strict=False):
                if pattern.kind == "shape":
                    bound.update(zip(_sides(pattern), arg.groups, strict=True))
            return tuple(side_of(letter, bound) for letter in _sides(wanted.result))

        def make(*args: Tensor) -> Tensor:
            """The application itself, after the laws."""
            for known in rule.laws:
                simpler = known(*args)
                if simpler is not None:
                    return simpler
            batches = [a.groups[0] if rule.is_linear(k) else () for k, a in enumerate(args)]
            plain = [Tensor(a.node, a.groups[1:]) if rule.is_linear(k) else a for k, a in enumerate(args)]
            own = sides(*plain)
            every = tuple(d for batch in batches for d in batch)
            rows = [len(a.groups[0]) if len(a.groups) == 2 else -1 if a.groups else -2 for a in plain]
            groups = [(len(b), r) if b else r for b, r in zip(batches, rows, strict=True)]
            dims = every + tuple(d for side in own for d in side)
            sym = len(dims) == 2 and not every and _is_symmetric(symmetric, plain)
            node = apply_call(record, [a.node for a in args], groups, dims, sym)
            return Tensor(node, (every, *own) if linear is not None else own)

        def build(*args: Tensor) -> Tensor:
            return make(*args) if linear is None else _multilinear(rule, make, signature(len(args)), args)

        rule = Opaque([pushforward], build, linear, sides)
        doc = (pushforward.__doc__ or "").strip()
        record = Operation(usage, signatures, "opaque", build, rule=rule, doc=doc, **_meta(meta, pushforward.__name__))
        if register:
            _register(record)
        return build

    return declare


def _of_so_many(signatures: Sequence[Signature], count: int) -> Signature:
    """The signature for a number of arguments; the last one takes any number."""
    return next((s for s in signatures if len(s.args) == count), signatures[-1])


def _is_symmetric(known: bool | Callable[..., bool], args: Sequence[Tensor]) -> bool:
    if callable(known):
        return known(*args)
    return known and all(a.node.order == 2 and transpose(a.node) is a.node for a in args)


def _multilinear(rule: Opaque, make: Callable[..., Tensor], signature: Signature, given: Sequence[Tensor]) -> Tensor:
    """An application with linear arguments: batches made explicit, zero and scalar factors taken out."""
    args: list[Tensor] = []
    outside: list[tuple[Node, Number]] = []
    coef: Number = 1
    batched = False
    for k, arg in enumerate(given):
        if not rule.is_linear(k):
            args.append(arg)
            continue
        pattern = signature.args[min(k, len(signature.args) - 1)]
        single = len(arg.groups) == len(_sides(pattern))
        batched |= not single
        arg = Tensor(arg.node, ((), *arg.groups)) if single else arg
        number, core = split_coef(arg.node)
        coef = coef * number
        if isinstance(core, Ein) and core.order:
            outside += [(n, e) for n, idx, e in core.factors if not idx]
            core = ein(core.coef, [f for f in core.factors if f[1]], core.out, dict(enumerate(core.index_dims)))
        args.append(arg.like(core))
    plain = [Tensor(a.node, a.groups[1:]) if rule.is_linear(k) else a for k, a in enumerate(args)]
    if coef == 0 or any(is_zero(a.node) for k, a in enumerate(args) if rule.is_linear(k)):
        every = tuple(d for k, a in enumerate(args) if rule.is_linear(k) for d in a.groups[0])
        own = rule.sides(*plain)
        result = Tensor(zero(every + tuple(d for side in own for d in side)), (every, *own))
    else:
        result = make(*args)
        n = tuple(range(result.node.order))
        factors = [(result.node, n, 1), *((node, (), e) for node, e in outside)]
        result = result.like(ein(coef, factors, n, dict(enumerate(result.node.dims))))
    return result if batched else Tensor(result.node, result.groups[1:])


def _sides(pattern: Pattern) -> tuple[Any, ...]:
    """The groups of a pattern, one letter each: () for a scalar, (n) for a vector, (m, n) for a matrix."""
    if pattern.kind == "shape" and pattern.cols:
        return (pattern.rows[0], pattern.cols[0])
    return pattern.rows[:1]


def partial(name: str) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """The pushforward of an opaque operation by its next argument."""

    def declare(pushforward: Callable[..., Tensor]) -> Callable[..., Tensor]:
        REGISTRY[name].rule.pushforwards.append(pushforward)
        return pushforward

    return declare


def adjoint(name: str) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """The adjoint of an operation in its linear arguments: `rule(place, *args)` with what is pulled back at `place`.
    Its batch comes last in the result, after those of the other arguments in order."""

    def declare(rule: Callable[..., Tensor]) -> Callable[..., Tensor]:
        REGISTRY[name].rule.adjoint = rule
        return rule

    return declare


def pair(name: str) -> Callable[[Callable[..., Tensor | None]], Callable[..., Tensor | None]]:
    """The product of two equal applications: `rule(X, a, b)` for axis a of the first against axis b of the second."""

    def declare(rule: Callable[..., Tensor | None]) -> Callable[..., Tensor | None]:
        REGISTRY[name].rule.pair = rule
        return rule

    return declare


def merge(name: str) -> Callable[[Callable[..., Tensor | None]], Callable[..., Tensor | None]]:
    """The product of an application and a matrix that commutes with it: `rule(*arguments, other, flipped)`, with the
    transpose of `other` where it is flipped."""

    def declare(rule: Callable[..., Tensor | None]) -> Callable[..., Tensor | None]:
        REGISTRY[name].rule.merge = rule
        return rule

    return declare


def words(name: str, known: dict[str, str]) -> None:
    """Products of an application f and its argument x that are shorter: {"xfx": "x"}; capitals are transposes."""
    REGISTRY[name].rule.words.update(known)


def law(name: str) -> Callable[[Law], Law]:
    """A simplification of `name` applied to given arguments: a tensor, or None where it does not apply."""

    def declare(rule: Law) -> Law:
        REGISTRY[name].rule.laws.append(rule)
        return rule

    return declare


def composed(usage: str, *, sig: str, **meta: Any) -> Callable[[Callable[..., Tensor]], Callable[..., Tensor]]:
    """Declare an operation by its value in terms of others. Sizes and literals among the arguments come as they are;
    a body with a parameter `shape` is told the shape of the result (for constants of the fitting size)."""

    def declare(body: Callable[..., Tensor]) -> Callable[..., Tensor]:
        doc = (body.__doc__ or "").strip()
        kind = meta.pop("kind", "composed")
        _register(Operation(usage, parse_signature(sig), kind, body, doc=doc, **_meta(meta, body.__name__)))
        return body

    return declare


def _meta(meta: dict[str, Any], name: str) -> dict[str, Any]:
    """The remaining fields of a record, facts as a set; NumPy's name of the function serves all three backends
    where `np=` is given."""
    meta = dict(meta)
    meta["facts"] = frozenset(meta.get("facts", ()))
    same, alone = meta.pop("np", None), meta.pop("whole_np", None)
    if same is not None:
        params = meta.pop("params", ("x",))
        args = ", ".join("{" + p + "}" for p in params)
        meta["code"] = {"numpy": f"np.{same}({args})", "jax": f"jnp.{same}({args})", "torch": f"torch.{same}({args})"}
        if alone is not None:
            one = {"numpy": f"np.{alone}", "jax": f"jnp.{alone}", "torch": f"torch.{alone}"}
            meta["code"] |= {f"{backend} 1": f"{f}({{{params[0]}}})" for backend, f in one.items()}
    return meta


def arguments(call: Call) -> list[Tensor]:
    """The arguments of an opaque application, grouped as its rule expects them."""
    return [Tensor(a, _grouped(a, g)) for a, g in zip(call.children, call.groups, strict=True)]


def pushforward(call: Call, place: int, tangent: Node) -> Node:
    """The tangent of an opaque application for a tangent of one argument."""
    rule = call.operation.rule
    args = rule.leading(arguments(call), call.groups)
    moved = args[place].like(tangent)
    if rule.is_linear(place):
        result: Tensor = rule.build(*[moved if k == place else a for k, a in enumerate(args)])
    else:
        result = rule.pushforwards[place](*args, moved)
    return result.node


def has_adjoint(call: Call, place: int) -> bool:
    rule = call.operation.rule
    return rule.adjoint is not None and bool(rule.is_linear(place))


def pullback(call: Call, place: int, seed: Node, r: int) -> Node:
    """The adjoint of an application in a linear argument: `seed` has r axes in front of those of the application,
    the result has them in front of those of the argument."""
    rule = call.operation.rule
    args, first = rule.leading(arguments(call), call.groups), rule.linear
    sizes = [len(a.groups[0]) if k >= first else 0 for k, a in enumerate(args)]
    own = tuple(a if k < first else Tensor(a.node, a.groups[1:]) for k, a in enumerate(args))
    given = Tensor(seed, (seed.dims[: r + sum(sizes)], *rule.sides(*own)))
    result: Tensor = rule.adjoint(place, *args[:place], given, *args[place + 1 :])
    if result.node.order != r + 2 * (sum(sizes) - sizes[place]) + args[place].node.order:
        raise problem("E304", f"{call.operation.name} of vec or kron has no derivative.", help="Give a plain vector.")
    names = iter(range(result.node.order + sum(sizes)))
    root = tuple(next(names) for _ in range(r))
    every = [tuple(next(names) for _ in range(size)) for size in sizes]
    others = tuple(i for k, batch_axes in enumerate(every) if k != place for i in batch_axes)
    axes = tuple(next(names) for _ in args[place].node.dims[sizes[place] :])
    idx = (*others, *root, *(i for batch_axes in every for i in batch_axes), *axes)
    return ein(1, [(result.node, idx, 1)], (*root, *every[place], *axes), dict(zip(idx, result.node.dims, strict=True)))


def partial_derivative(applied: Map, place: int) -> Node:
    """The entrywise derivative of an elementwise application by one argument."""
    dims = applied.dims
    args = [Tensor(a, (dims,) if dims else ()) for a in applied.children]
    result: Tensor = applied.operation.rule.partials[place](*args)
    return result.node
