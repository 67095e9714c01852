"""JAX functions through their jaxpr: vmap, grad, lax and whatever else JAX itself turns into primitive operations.

JAX needs sizes that are numbers: each named size becomes a prime of its own, and is the name again where it turns up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from importlib import import_module
from itertools import combinations
from typing import Any

from frechet.core.dims import Dim
from frechet.language.python_arrays import Traced, array, call, matmul, named, number_tree, ones, refuse, transposed
from frechet.language.tree import Tree

_PRIMES = (7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67)
MAX_DEPTH = 60  # functions in functions
MAX_STEPS = 100
_CALLS = frozenset({"pjit", "jit", "closed_call", "core_call", "custom_jvp_call", "custom_vjp_call", "remat", "remat2",
                    "custom_vjp_call_jaxpr", "checkpoint"})  # fmt: skip
# Elementwise primitives by the name that they have here.
_SAME = {
    "exp": "exp", "log": "log", "sin": "sin", "cos": "cos", "tan": "tan", "tanh": "tanh", "asin": "asin",
    "acos": "acos", "atan": "atan", "sinh": "sinh", "cosh": "cosh", "logistic": "sigmoid", "log1p": "log1p",
    "expm1": "expm1", "erf": "erf", "sqrt": "sqrt", "abs": "abs", "sign": "sign", "max": "maximum", "min": "minimum",
    "gt": "gt", "ge": "ge", "lt": "lt", "le": "le", "eq": "eq", "ne": "ne", "and": "and", "or": "or",
}  # fmt: skip
_PLAIN: Mapping[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b, "add_any": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b, "neg": lambda a: -a, "pow": lambda a, b: a**b, "square": lambda a: a * a,
    "rsqrt": lambda a: a**-0.5, "not": lambda a: named("eq", a, 0),
}  # fmt: skip
_KEEP = frozenset({"copy", "copy_p", "stop_gradient", "reduce_precision", "optimization_barrier",
                   "sharding_constraint"})  # fmt: skip
# Functions of jax.numpy.linalg that would be factorisations below: taken whole, by the name of their call.
_WHOLE = {"inv": "inv", "det": "det", "slogdet": "slogdet", "solve": "solve", "_solve": "solve", "cholesky": "cholesky",
          "expm": "expm", "pinv": "pinv"}  # fmt: skip


def jax_formula(function: Callable[..., Any], arguments: Mapping[str, Sequence[Dim]]) -> Tree:
    """The tree that a JAX function computes, from its jaxpr. Raises E100 for a primitive that no formula has.

    It is read at two choices of sizes: a number that changes with them is a size (the n of a mean), no other is.
    """
    names = list(dict.fromkeys(d for dims in arguments.values() for d in dims if isinstance(d, str)))
    typed = {d for dims in arguments.values() for d in dims if isinstance(d, int)}
    primes = [p for p in _PRIMES if p not in typed]
    if 2 * len(names) > len(primes):
        raise refuse("more sizes than are distinguished")
    one = dict(zip(names, primes, strict=False))
    other = dict(zip(names, primes[len(names) :], strict=False))
    tree = _read_at(function, arguments, one)
    return _with_sizes(tree, _read_at(function, arguments, other), one, other) if names else tree


def _read_at(function: Callable[..., Any], arguments: Mapping[str, Sequence[Dim]], sizes: Mapping[str, int]) -> Tree:
    jax = import_module("jax")
    given = {n: jax.ShapeDtypeStruct(tuple(sizes.get(str(d), d) for d in dims), "float64")
             for n, dims in arguments.items()}  # fmt: skip
    try:
        wide = jax.enable_x64 if hasattr(jax, "enable_x64") else import_module("jax.experimental").enable_x64
        with wide(True):
            closed = jax.make_jaxpr(lambda *values: function(**dict(zip(given, values, strict=True))))(*given.values())
    except Exception as error:
        raise refuse(f"JAX refuses it: {type(error).__name__}: {str(error).splitlines()[0]}") from None
    reader = _Reader({p: n for n, p in sizes.items()})
    inputs = [Traced(Tree("name", name=n), tuple(dims)) for n, dims in arguments.items()]
    try:
        results = reader.run(closed.jaxpr, closed.consts, inputs, 0)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise refuse(f"{type(error).__name__}: {error}") from None
    if len(results) != 1:
        raise refuse("it does not return one array", "Return a number, a vector or a matrix.")
    return reader.full(results[0], closed.jaxpr.outvars[0].aval.shape).tree


def _with_sizes(tree: Tree, other: Tree, sizes: Mapping[str, int], others: Mapping[str, int]) -> Tree:
    """The tree with the numbers that depend on the sizes written with their names; `other` is it at other sizes."""
    done: dict[tuple[int, int], Tree] = {}
    stack = [(tree, other, False)]
    while stack:
        a, b, ready = stack.pop()
        if (id(a), id(b)) in done:
            continue
        if (a.kind, a.name if a.kind != "number" else "", len(a.args)) != (
            b.kind, b.name if b.kind != "number" else "", len(b.args)):  # fmt: skip
            raise refuse("a formula that depends on the sizes")
        if a.kind == "number":
            done[id(a), id(b)] = a if a.value == b.value else _size_number(a.value, b.value, sizes, others)
        elif ready:
            args = tuple(done[id(x), id(y)] for x, y in zip(a.args, b.args, strict=True))
            done[id(a), id(b)] = Tree(a.kind, args, a.name, a.value, a.shape, a.span)
        else:
            stack.append((a, b, True))
            stack += [(x, y, False) for x, y in zip(a.args, b.args, strict=True)]
    return done[id(tree), id(other)]


def _size_number(value: Any, other: Any, sizes: Mapping[str, int], others: Mapping[str, int]) -> Tree:
    """c*n, c/n, n - 1 or c/(m*n), where a number is that at both choices of sizes."""
    words = [(n, Tree("name", name=n), sizes[n], others[n]) for n in sizes]
    words += [("", Tree("mul", (a[1], b[1])), a[2] * b[2], a[3] * b[3]) for a, b in combinations(words, 2)]
    words += [("", Tree("sub", (w[1], number_tree(1))), w[2] - 1, w[3] - 1) for w in words[: len(sizes)]]
    for _, tree, p, q in words:
        for up in (True, False):
            c, d = (float(value) / p, float(other) / q) if up else (float(value) * p, float(other) * q)
            if abs(c - d) <= 1e-6 * abs(c):
                factor = number_tree(Fraction(c).limit_denominator(1000))
                if up:
                    return tree if round(c, 6) == 1 else Tree("mul", (factor, tree))
                return Tree("div", (factor, tree))
    raise refuse(f"the number {float(value):g}, which depends on the sizes")


class _Reader:
    """Runs the equations of a jaxpr on symbolic arrays."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self.names = names

    def axes(self, shape: Sequence[int]) -> tuple[Dim, ...]:
        return tuple(self.names.get(int(d), int(d)) for d in shape)

    def full(self, value: Traced, shape: Sequence[int]) -> Traced:
        """The value in its full shape, where a number or a row stands for all that it is repeated to."""
        axes = self.axes(shape)
        if value.axes == axes:
            return value
        if not [d for d in value.axes if d != 1]:
            trees = [number_tree(d) if isinstance(d, int) else Tree("name", name=d) for d in axes]
            return Traced(Tree("mul", (value.tree, call("ones", *trees))), axes) if axes else Traced(value.tree, ())
        if len(axes) == 2 and len(value.axes) == 2:
            column = value.axes[1] == 1
            tree = (value.tree, transposed(ones())) if column else (ones(), value.tree)
            return Traced(Tree("mul", tree), axes)
        raise refuse("an array with three or more axes")

    def run(self, jaxpr: Any, consts: Sequence[Any], inputs: Sequence[Traced], depth: int) -> list[Traced]:
        if depth > MAX_DEPTH:
            raise refuse("functions nested this deep")
        values: dict[Any, Traced] = {}
        values.update(zip(jaxpr.constvars, (array(c) for c in consts), strict=True))
        values.update(zip(jaxpr.invars, inputs, strict=True))

        def read(atom: Any) -> Traced:
            return array(atom.val) if hasattr(atom, "val") else values[atom]

        for equation in jaxpr.eqns:
            shapes = [a.aval.shape for a in equation.invars]
            results = self.one(equation, [read(a) for a in equation.invars], shapes, depth)
            values.update(zip(equation.outvars, results, strict=True))
        return [read(a) for a in jaxpr.outvars]

    def one(self, equation: Any, args: list[Traced], shapes: list[Any], depth: int) -> list[Traced]:
        """The results of one equation."""
        name, params = str(equation.primitive.name), equation.params
        inner = params.get("jaxpr") or params.get("call_jaxpr") or params.get("fun_jaxpr")
        if name == "scan":
            return self.loop(params, args, depth)
        if inner is not None and name in _CALLS:
            if params.get("name") in _WHOLE:
                found = named(_WHOLE[params["name"]], *[self.full(a, s) for a, s in zip(args, shapes, strict=True)])
                return list(found) if isinstance(found, tuple) else [found]
            return self.run(getattr(inner, "jaxpr", inner), getattr(inner, "consts", ()), args, depth + 1)
        if name in _SAME:
            return [named(_SAME[name], *args)]
        if name in _PLAIN:
            return [array(_PLAIN[name](*args))]
        if name in _KEEP:
            return [args[0]]
        method = getattr(self, f"_{name}", None)
        if method is None:
            raise refuse(f"the operation {name} of JAX")
        return [method(params, args, shapes)]

    def loop(self, params: Any, args: list[Traced], depth: int) -> list[Traced]:
        """A loop of a fixed number of steps that keeps a state, step by step."""
        fixed, kept = params["num_consts"], params["num_carry"]
        if params["length"] > MAX_STEPS or len(args) > fixed + kept or len(params["jaxpr"].jaxpr.outvars) > kept:
            raise refuse("a loop over the entries of an array, or of many steps")
        state = args[fixed:]
        for _ in range(params["length"]):
            state = self.run(params["jaxpr"].jaxpr, params["jaxpr"].consts, [*args[:fixed], *state], depth + 1)
        return state

    def _convert_element_type(self, params: Any, args: list[Traced], shapes: Any) -> Traced:
        return args[0].astype(params["new_dtype"])

    def _integer_pow(self, params: Any, args: list[Traced], shapes: Any) -> Traced:
        return args[0] ** int(params["y"])

    def _select_n(self, params: Any, args: list[Traced], shapes: Any) -> Traced:
        which, *cases = args
        if len(cases) != 2:
            raise refuse("a choice among more than two")
        return named("where", which, cases[1], cases[0])

    def _clamp(self, params: Any, args: list[Traced], shapes: Any) -> Traced:
        return named("minimum", named("maximum", args[1], args[0]), args[2])

    def _broadcast_in_dim(self, params: Any, args: list[Traced], shapes: Any) -> Traced:
        x, wanted, places = args[0], params["shape"], params["broadcast_dimensions"]
        if not x.ndim or len(wanted) == x.ndim:
            return x
        if len(wanted) == 2 and x.ndim == 1:
            return x.reshape(-1, 1) if places[0] == 0 else x.reshape(1, -1)
        raise refuse("an array with three or more axes")

    def _reshape(self, params: Any, args: list[Traced], shapes: Any) -> Traced:
        x, wanted = self.full(args[0], shapes[0]), self.axes(params["new_sizes"])
        if x.axes == wanted:
            return x
        if [d for d in x.axes if d != 1] != [d for d in wanted if d != 1]:
            raise refuse(f"a reshape to {params['new_sizes']}")
        if len(wanted) == 2:
            return x.reshape(-1, 1) if wanted[1] == 1 else x.reshape(1, -1)
        return x.reshape(-1) if wanted else Traced(x.tree, ())

    def _squeeze(self, params: Any, args: list[Traced], shapes: Any) -> Traced:
        kept = [d for k, d in enumerate(shapes[0]) if k not in params["dimensions"]]
        return self._reshape({"new_sizes": kept}, args, shapes)

    def _expand_dims(self, params: Any, args: list[Traced], shapes: Any) -> Traced:
        wanted = list(shapes[0])
        for k in sorted(params["dimensions"]):
            wanted.insert(k, 1)
        return self._reshape({"new_sizes": wanted}, args, shapes)

    def _transpose(self, params: Any, args: list[Traced], shapes: Any) -> Traced:
        x = self.full(args[0], shapes[0])
        return x.T if tuple(params["permutation"]) == (1, 0) else x

    def _reduce_sum(self, params: Any, args: list[Traced], shapes: Any) -> Traced:
        x, axes = self.full(args[0], shapes[0]), tuple(params["axes"])
        return x if not axes else x.sum(axes if len(axes) > 1 else axes[0])

    def _reduce_max(self, params: Any, args: list[Traced], shapes: Any, name: str = "max") -> Traced:
        if len(params["axes"]) != len(shapes[0]):
            raise refuse(f"{name} along an axis")
        return Traced(call(name, self.full(args[0], shapes[0]).tree), ())

    def _reduce_min(self, params: Any, args: list[Traced], shapes: Any) -> Traced:
        return self._reduce_max(params, args, shapes, "min")

    def _reduce_prod(self, params: Any, args: list[Traced], shapes: Any) -> Traced:
        return self._reduce_max(params, args, shapes, "prod")

    def _cumsum(self, params: Any, args: list[Traced], shapes: Any) -> Traced:
        if len(shapes[0]) != 1 or params.get("reverse"):
            raise refuse("a running sum along an axis")
        return named("cumsum", self.full(args[0], shapes[0]))

    def _slice(self, params: Any, args: list[Traced], shapes: Any) -> Traced:
        if params.get("strides") and set(params["strides"]) != {1}:
            raise refuse("a slice with steps")
        ends = zip(params["start_indices"], params["limit_indices"], shapes[0], strict=True)
        key = [slice(None) if (a, b) == (0, n) else slice(int(a), int(b)) for a, b, n in ends]
        single = [k for k in key if k != slice(None)]
        if len(single) == 1 and single[0].stop == single[0].start + 1:
            place = key.index(single[0])
            x = self.full(args[0], shapes[0])[tuple(k.start if k in single else k for k in key)]
            if not x.ndim:
                return Traced(x.tree, (1,))
            return x.reshape(1, -1) if place == 0 else x.reshape(-1, 1)
        return self.full(args[0], shapes[0])[tuple(key)]

    def _dot_general(self, params: Any, args: list[Traced], shapes: Any) -> Traced:
        (left, right), (batch, other) = params["dimension_numbers"]
        a, b = (self.full(x, s) for x, s in zip(args, shapes, strict=True))
        if batch:
            if len(shapes[0]) == len(shapes[1]) == 2 and len(batch) == len(left) == 1:
                both = (a if tuple(batch) == (0,) else a.T) * (b if tuple(other) == (0,) else b.T)
                return both.sum(1)
            if len(shapes[0]) == len(shapes[1]) == len(batch) == 1:
                return a * b
            raise refuse("a product over a batch")
        if len(left) == 2:
            return (a * (b if tuple(left) == tuple(right) else b.T)).sum()
        if not left:
            return a * b if not a.ndim or not b.ndim else named("outer", a, b)
        first = a.T if a.ndim == 2 and left[0] == 0 else a
        return matmul(first, b.T if b.ndim == 2 and right[0] == 1 else b)
