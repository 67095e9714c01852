"""Python source files, read without running them: one function, the helpers and numbers of its file that it uses.

The syntax tree is checked against what a formula can need before anything is made of it: no imports, classes, dunder
names, while loops or exceptions. What remains is called with symbolic arrays; nothing else of the file is touched.
"""

from __future__ import annotations

import ast
import builtins
import linecache
import types
from collections.abc import Iterator
from typing import Any

from frechet.core.errors import FrechetError, Span, problem
from frechet.language.python import MODULES, Library
from frechet.language.python_arrays import refuse

_ALLOWED = (
    ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.For,
    ast.Name, ast.Load, ast.Store, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Call, ast.keyword, ast.Attribute,
    ast.Subscript, ast.Slice, ast.Tuple, ast.List, ast.Lambda, ast.GeneratorExp, ast.ListComp, ast.comprehension,
    ast.Compare, ast.IfExp, ast.If, ast.BoolOp, ast.boolop, ast.operator, ast.unaryop, ast.cmpop, ast.Starred, ast.Pass,
)  # fmt: skip
_BUILTINS = ("abs", "float", "int", "enumerate", "zip", "max", "min", "tuple", "list", "reversed", "isinstance")
MAX_POWER = 64
MAX_STEPS = 1000
MAX_NUMBER = 10**9


def read_function(source: str, name: str, filename: str = "<code>") -> types.FunctionType:
    """The function `name` of a source text, made without running the text.

    Raises E100 with the line where it has what no formula has.
    """
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise problem("E100", f"This is not Python: {error}.") from None
    functions = {n.name: n for n in module.body if isinstance(n, ast.FunctionDef)}
    functions |= {t.id: _as_function(t.id, n.value) for n in module.body if isinstance(n, ast.Assign)
                  and isinstance(n.value, ast.Lambda) for t in n.targets if isinstance(t, ast.Name)}  # fmt: skip
    if name not in functions:
        known = ", ".join(sorted(functions)) or "none"
        raise problem("E200", f"There is no function {name!r} in this file.", help=f"Functions there: {known}.")
    space: dict[str, Any] = {"__builtins__": {b: _builtin(b) for b in _BUILTINS} | {"range": _range}}
    space |= {alias: Library(path) for alias, path in _imports(module)} | _numbers(module)
    wanted, done = [name], set[str]()
    while wanted:
        current = wanted.pop()
        if current in done:
            continue
        done.add(current)
        node = functions[current]
        node.decorator_list = []  # jit and its like do not change the formula
        _check(node, source)
        exec(compile(ast.Module([node], []), filename, "exec"), space)
        wanted += [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in functions]
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    made = space[name]
    assert isinstance(made, types.FunctionType)
    return made


def _builtin(name: str) -> Any:
    return getattr(builtins, name)


def _as_function(name: str, value: ast.Lambda) -> ast.FunctionDef:
    body = ast.copy_location(ast.Return(value.body), value)
    made = ast.FunctionDef(name=name, args=value.args, body=[body], decorator_list=[], returns=None)
    return ast.fix_missing_locations(ast.copy_location(made, value))


def _range(*args: int) -> range:
    made = range(*args)
    if len(made) > MAX_STEPS:
        raise refuse(f"a loop of more than {MAX_STEPS} steps")
    return made


def _imports(module: ast.Module) -> Iterator[tuple[str, str]]:
    """The names that a file imports, each for the library or function it stands for."""
    for node in module.body:
        if isinstance(node, ast.Import):
            for a in node.names:
                yield (a.asname or a.name).partition(".")[0], a.name
        elif isinstance(node, ast.ImportFrom):
            for a in node.names:
                yield a.asname or a.name, f"{node.module}.{a.name}"
    yield from ((m, m) for m in MODULES if m in ("np", "jnp", "torch"))


def _numbers(module: ast.Module) -> dict[str, Any]:
    """Module-level names of numbers."""
    found: dict[str, Any] = {}
    for node in module.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, (ast.Constant, ast.UnaryOp)):
            try:
                value = ast.literal_eval(node.value)
            except ValueError:
                continue
            if isinstance(value, (int, float)):
                found |= {t.id: value for t in node.targets if isinstance(t, ast.Name)}
    return found


def _check(function: ast.FunctionDef, source: str) -> None:
    """Refuse what a formula cannot need."""
    for node in ast.walk(function):
        if isinstance(node, (ast.If, ast.IfExp)):
            raise _at(node, source, "a decision (if) depends on values", "Use where(condition, a, b).")
        if not isinstance(node, _ALLOWED):
            raise _at(node, source, f"{type(node).__name__} is not part of a formula")
        names = [node.id] if isinstance(node, ast.Name) else [node.attr] if isinstance(node, ast.Attribute) else []
        if any(n.startswith("_") and n != "_" for n in names):
            raise _at(node, source, f"the name {names[0]}")
        large = _too_large(node)
        if large:
            raise _at(node, source, large)


def _too_large(node: ast.AST) -> str:
    """What would take too long or too much memory to compute, in words."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int) and abs(node.value) > MAX_NUMBER:
        return "a number this large"
    if not isinstance(node, ast.BinOp):
        return ""
    sides = (node.left, node.right)
    if isinstance(node.op, ast.Mult) and any(isinstance(s, (ast.List, ast.Tuple)) for s in sides):
        return "a repeated list"
    if isinstance(node.op, ast.Pow):
        numbers = [c.value for c in ast.walk(node.right) if isinstance(c, ast.Constant)]
        if any(isinstance(v, int) and abs(v) > MAX_POWER for v in numbers):
            return f"a power beyond {MAX_POWER}"
        if any(isinstance(n, ast.BinOp) and isinstance(n.op, ast.Pow) for n in ast.walk(node.right)):
            return "a tower of powers"
    return ""


def _at(node: ast.AST, source: str, what: str, help: str = "") -> FrechetError:
    line = getattr(node, "lineno", 1)
    text = source.splitlines()[line - 1] if source.splitlines() else ""
    start = getattr(node, "col_offset", 0)
    end = getattr(node, "end_col_offset", None) if getattr(node, "end_lineno", line) == line else len(text)
    message = f"This code cannot be read as a formula: {what} (line {line})."
    return problem("E100", message, Span(start, end or len(text)), help=help, source=text)
