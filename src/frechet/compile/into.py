"""Programs of NumPy that write their large results straight into the caller's arrays.

The statement that makes a result gets the array as `out=`; what NumPy cannot write into is copied at the end. This is
done on the statements of the finished program: an array made by one of them is new, so that another new array may
stand in its place. That is why it is only done where the caller's array shares no memory with any argument, nor with
another result (`Direct`).
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from frechet.compile.assemble import Compiled
from frechet.core.lazy import np

Run = Callable[..., Any]
# Entries from which an array is written into: below, to copy costs less than to ask.
LARGE = 20_000
_UFUNCS = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide", ast.MatMult: "matmul"}


def leaves(result: Any) -> list[Any]:
    """The arrays of a result, which may be tuples in tuples."""
    return [x for part in result for x in leaves(part)] if isinstance(result, tuple) else [result]


class Direct:
    """A program whose results, as large as `result`, are written into buffers."""

    def __init__(self, function: Run, definition: str, result: Any) -> None:
        self.function, self.definition = function, definition
        self.kinds = [(np.shape(x), np.asarray(x).dtype) for x in leaves(result)]
        self.variants: dict[tuple[str, ...], Run] = {}

    @classmethod
    def of(cls, run: Run | None, programs: Iterable[Compiled], result: Any) -> Direct | None:
        """For the program that `run` calls; None where it is not one of these in NumPy, or no result is large."""
        function = _inner(run)
        if max(np.size(x) for x in leaves(result)) < LARGE:
            return None
        return next((cls(function, p.definition, result) for p in programs if p.function is function and p.whole), None)

    def serves(self, run: Run | None) -> bool:
        """Whether `run` still calls this program."""
        return _inner(run) is self.function

    def found(self, run: Run, arrays: Sequence[Any], out: Any) -> Callable[[], Any] | None:
        """The call that writes into the buffers what `run` returns; None where it is to be copied."""
        if not self.serves(run):
            return None
        arrays = run.converted(arrays) if hasattr(run, "converted") else arrays
        buffers = self._flat(out)
        if len(buffers) != len(self.kinds):
            return None
        fits = tuple(_fits(b, *kind) for b, kind in zip(buffers, self.kinds, strict=True))
        taken = [b for b, fit in zip(buffers, fits, strict=True) if fit]
        places = [b for b in buffers if isinstance(b, np.ndarray)]
        pairs = sum(np.may_share_memory(a, b) for a in places for b in taken)
        if not taken or pairs > len(taken) or any(np.may_share_memory(a, b) for a in arrays for b in taken):
            return None
        if fits not in self.variants:
            self.variants[fits] = directed(self.definition, self.function.__globals__, fits)
        return partial(self.variants[fits], *arrays, *taken)

    @staticmethod
    def _flat(out: Any) -> list[Any]:
        if isinstance(out, (tuple, list)):
            return [x for part in out for x in Direct._flat(part)]
        return [out]


def _inner(run: Any) -> Any:
    """The program under what counts its time or converts its arguments."""
    while hasattr(run, "run"):
        run = run.run
    return run


def _fits(buffer: Any, shape: tuple[int, ...], dtype: Any) -> str:
    """How a buffer lies that a result of this shape and type is written into ("C", for matrices also "F"); "" where the
    result is copied."""
    if type(buffer) is not np.ndarray or buffer.size < LARGE or (buffer.shape, buffer.dtype) != (shape, dtype):
        return ""
    if not buffer.flags.writeable:
        return ""
    return "C" if buffer.flags.c_contiguous else "F" if buffer.flags.f_contiguous and buffer.ndim == 2 else ""


def directed(definition: str, scope: Mapping[str, Any], wanted: Sequence[str]) -> Run:
    """The function of a definition with one more argument for each wanted result, the array to write it into, which
    lies as `wanted` says: "C" or "F"."""
    module = ast.parse(definition)
    function = module.body[-1]
    assert isinstance(function, ast.FunctionDef)
    last = function.body[-1]
    assert isinstance(last, ast.Return) and last.value is not None
    program = _Program(function, scope)
    places = iter(wanted)
    last.value = program.results(last.value, places)
    function.body[-1:] = [*program.copies, last]
    ast.fix_missing_locations(module)
    own = {**scope, "_product": _product, "_zero": _zero, "_copied": _copied,
           "_turned_into": _turned_into}  # fmt: skip
    exec(compile(module, f"<frechet {function.name} into buffers>", "exec"), own)
    made: Run = own[function.name]
    return made


class _Program:
    """The statements of a function while their targets change."""

    def __init__(self, function: ast.FunctionDef, scope: Mapping[str, Any]) -> None:
        self.function, self.scope = function, scope
        self.copies: list[ast.stmt] = []
        self.made: dict[str, ast.Assign | None] = {a.arg: None for a in function.args.args}
        loaded = (n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))
        self.uses = Counter(loaded)
        for statement in function.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                name = statement.targets[0].id  # what is assigned twice is left alone
                self.made[name] = None if name in self.made else statement

    def results(self, value: ast.expr, wanted: Any) -> ast.expr:
        """The expression of the results, with buffers in the place of those that are written into them."""
        if isinstance(value, ast.Tuple):
            return ast.Tuple([self.results(v, wanted) for v in value.elts], ast.Load())
        order = next(wanted)
        if not order:
            return value
        buffer = f"out_{len(self.function.args.args)}"
        self.function.args.args.append(ast.arg(buffer))
        place = _name(buffer)
        if not self._moved(value, place, across=order == "F"):
            made = self._written(value, place) if order == "C" else None
            self.copies.append(ast.Expr(made if made is not None else _call("_copied", place, value)))
        return _name(buffer)

    def _moved(self, value: ast.expr, place: ast.expr, across: bool = False) -> bool:
        """Whether the statement that makes an array could be turned to write it into `place`, whose axes have another
        order than in memory if it lies `across`."""
        while True:
            turned = _turned(value, place)
            if turned is not None:
                across = not across if isinstance(value, ast.Attribute) else True
                value, place = turned
            elif isinstance(value, ast.Name) and self.made.get(value.id) is not None:
                statement = self.made.pop(value.id)
                assert statement is not None
                written = self._across(statement.value, place) if across else self._written(statement.value, place)
                if written is not None:
                    statement.value = written
                    return True
                value = statement.value
            else:
                return False

    def _across(self, value: ast.expr, place: ast.expr) -> ast.expr | None:
        """The same where `place` lies across. NumPy is several times slower there with anything but products of
        matrices: of others the operands are turned, where they are matrices."""
        if _is_product(value):
            return self._written(value, place)
        if isinstance(place, ast.Call) or not isinstance(value, ast.BinOp) or type(value.op) not in _UFUNCS:
            return None
        back = place.value if isinstance(place, ast.Attribute) else ast.Attribute(place, "T", ast.Load())
        return _call("_turned_into", back, _name(f"np.{_UFUNCS[type(value.op)]}"), value.left, value.right)

    def _written(self, value: ast.expr, place: ast.expr) -> ast.expr | None:
        """The expression that computes a new array into `place`; None for any other."""
        if isinstance(value, ast.BinOp) and type(value.op) in _UFUNCS:
            sides = [value.left, value.right]
            if any(isinstance(s, ast.Constant) for s in sides) and not _is_product(value):
                self._alone(next((s for s in sides if isinstance(s, ast.Name)), value), place)
            return _call(f"np.{_UFUNCS[type(value.op)]}", value.left, value.right, out=place)
        if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
            self._alone(value.operand, place)
            return _call("np.negative", value.operand, out=place)
        if not isinstance(value, ast.Call):
            return None
        callee = ast.unparse(value.func)
        if callee == "np.zeros":
            return _call("_zero", place)
        if isinstance(value.func, ast.Attribute) and value.func.attr == "copy" and not value.args:
            return _call("_copied", place, value.func.value)
        if isinstance(value.func, ast.Attribute) and value.func.attr == "reshape" and _is_product(value.func.value):
            product = value.func.value
            assert isinstance(product, ast.BinOp)
            return _call("_product", place, product.left, product.right)
        takes_out = callee == "np.einsum" or isinstance(self._function(value.func), np.ufunc)
        if not takes_out or value.keywords:
            return None
        value.keywords.append(ast.keyword("out", place))
        return value

    def _alone(self, value: ast.expr, place: ast.expr) -> None:
        """An array that serves one multiple of itself is made in the place of that multiple."""
        if isinstance(value, ast.Name) and self.uses[value.id] == 1:
            self._moved(value, place)

    def _function(self, node: ast.expr) -> Any:
        """The function that a name or an attribute of a module stands for."""
        if isinstance(node, ast.Name):
            return self.scope.get(node.id)
        if isinstance(node, ast.Attribute):
            return getattr(self._function(node.value), node.attr, None)
        return None


def _turned(value: ast.expr, place: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """For an array with its axes in another order: the array, and the place with its axes turned back."""
    if isinstance(value, ast.Attribute) and value.attr == "T":
        return value.value, ast.Attribute(place, "T", ast.Load())
    called = value.func if isinstance(value, ast.Call) else None
    if not isinstance(called, ast.Attribute) or called.attr != "transpose" or not isinstance(value, ast.Call):
        return None
    axes = [a.value for a in value.args if isinstance(a, ast.Constant) and isinstance(a.value, int)]
    if not axes or len(axes) != len(value.args):
        return None
    back = [ast.Constant(axes.index(k)) for k in range(len(axes))]
    return called.value, ast.Call(ast.Attribute(place, "transpose", ast.Load()), list(back), [])


def _is_product(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)


def _name(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _call(function: str, *args: ast.expr, **named: ast.expr) -> ast.expr:
    return ast.Call(_name(function), list(args), [ast.keyword(n, v) for n, v in named.items()])


def _product(out: Any, A: Any, B: Any) -> Any:
    """A @ B in the shape of `out`."""
    if A.ndim == B.ndim == 2 and out.flags.c_contiguous:
        np.matmul(A, B, out=out.reshape(len(A), -1))
        return out
    return _copied(out, (A @ B).reshape(out.shape))


def _turned_into(out: Any, function: Run, a: Any, b: Any) -> Any:
    """function(a, b), as a view of `out`, which takes its transpose."""
    if {np.ndim(a), np.ndim(b)} <= {0, 2}:
        function(*(x.T if np.ndim(x) else x for x in (a, b)), out=out)
    else:
        out[...] = function(a, b).T
    return out.T


def _zero(out: Any) -> Any:
    out[...] = 0
    return out


def _copied(out: Any, array: Any) -> Any:
    out[...] = array
    return out
