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

from collections.abc import Callable, Sequence
from typing import Any

from frechet.core.build import apply_call, apply_map
from frechet.core.dims import Size as Dims
from frechet.core.ein import transpose
from frechet.core.node import Call, Map, Node
from frechet.core.operation import Operation, Pattern, parse_signature
from frechet.core.tensor import Tensor

REGISTRY: dict[str, Operation] = {}

# Operations the engine introduces itself (a derivative of its own kind): known to printers, not to the parser.
Law = Callable[..., Tensor | None]


def _register(record: Operation) -> None:
    if record.name in REGISTRY:
        raise ValueError(f"{record.name} is declared twice")
    REGISTRY[record.name] = record


class Elementwise:
    """The rule of an elementwise operation: derivatives by each argument, parity, simplification of arguments."""

    def __init__(self, partials: Sequence[Callable[..., Tensor]], parity: str, simplify: Any, absorb: Any) -> None:
        self.partials = tuple(partials)
        self.parity = parity
        self.simplify = simplify
        self.absorb = absorb


def elementwise(
    usage: str,
    *d: Callable[..., Tensor],
    parity: str = "",
    simplify: Callable[..., Node | None] | None = None,
    absorb: Callable[..., Any] | None = None,
    **meta: Any,
) -> Callable[..., Tensor]:
    """Declare a function of entries; `d` are the derivatives by each argument, functions of all arguments.

    parity "odd" or "even"; `simplify(*nodes)` gives a simpler node or None; `absorb(node, factors)` see `sign`.
    """
    rule = Elementwise(d, parity, simplify, absorb)

    def build(*args: Tensor) -> Tensor:
        big = max(args, key=lambda a: a.node.order)
        same = [(a._matched(big)[1] if a.node.order > big.node.order else big._matched(a)[1]) for a in args]
        return big.like(apply_map(record, [a.node for a in same]))

    name = usage.partition("(")[0]
    sig = ",".join("*" for _ in d) + "->*"
    signatures = parse_signature(meta.pop("sig", sig))
    record = Operation(usage, signatures, "elementwise", build, rule=rule, **_meta(meta, name))
    _register(record)
    return build


class Opaque:
    """The rule of an opaque operation: its pushforwards, and the laws tried before a node is made."""

    def __init__(self, pushforwards: Sequence[Callable[..., Tensor]], build: Callable[..., Tensor]) -> None:
        self.pushforwards = list(pushforwards)
        self.laws: list[Law] = []
        self.build = build

    def rebuild(self, args: Sequence[Node], groups: Sequence[int]) -> Node:
        return self.build(*[Tensor(a, _grouped(a, g)) for a, g in zip(args, groups, strict=True)]).node


def _grouped(node: Node, rows: int) -> tuple[Dims, ...]:
    """A stored argument as vector or matrix again: -1 scalar, all axes rows: a vector, else rows and columns."""
    if rows < 0:
        return (node.dims,)
    return (node.dims[:rows], node.dims[rows:])


def op(usage: str, *, sig: str, symmetric: bool = False, **meta: Any) -> Callable[[Callable[..., Tensor]], Any]:
    """Declare an opaque operation by its pushforward `rule(*args, tangent)`.

    `symmetric`: the result is symmetric where the argument is. Further arguments get their pushforward by `partial`.
    """

    def declare(pushforward: Callable[..., Tensor]) -> Callable[..., Tensor]:
        signature = parse_signature(sig)[0]

        def build(*args: Tensor) -> Tensor:
            for known in rule.laws:
                simpler = known(*args)
                if simpler is not None:
                    return simpler
            bound: dict[Any, Dims] = {}
            for pattern, arg in zip(signature.args, args, strict=True):
                bound.update(zip(_sides(pattern), arg.groups, strict=True))
            sides = _sides(signature.result)
            dims = tuple(d for letter in sides for d in bound[letter])
            groups = [len(a.groups[0]) if len(a.groups) == 2 else -1 for a in args]
            sym = symmetric and len(dims) == 2 and transpose(args[0].node) is args[0].node
            node = apply_call(record, [a.node for a in args], groups, dims, sym)
            return Tensor(node, tuple(bound[letter] for letter in sides))

        rule = Opaque([pushforward], build)
        doc = (pushforward.__doc__ or "").strip()
        record = Operation(usage, (signature,), "opaque", build, rule=rule, doc=doc, **_meta(meta, pushforward.__name__))
        _register(record)
        return build

    return declare


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
    same = meta.pop("np", None)
    if same is not None:
        args = ", ".join("{" + p + "}" for p in meta.pop("params", ("x",)))
        meta["code"] = {"numpy": f"np.{same}({args})", "jax": f"jnp.{same}({args})", "torch": f"torch.{same}({args})"}
    return meta


def arguments(call: Call) -> list[Tensor]:
    """The arguments of an opaque application, grouped as its rule expects them."""
    return [Tensor(a, _grouped(a, g)) for a, g in zip(call.children, call.groups, strict=True)]


def pushforward(call: Call, place: int, tangent: Node) -> Node:
    """The tangent of an opaque application for a tangent of one argument."""
    args = arguments(call)
    result: Tensor = call.operation.rule.pushforwards[place](*args, args[place].like(tangent))
    return result.node


def partial_derivative(applied: Map, place: int) -> Node:
    """The entrywise derivative of an elementwise application by one argument."""
    dims = applied.dims
    args = [Tensor(a, (dims,) if dims else ()) for a in applied.children]
    result: Tensor = applied.operation.rule.partials[place](*args)
    return result.node
