"""The shape of the code: which room may import which, how long things are, how fast the package starts."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "frechet"
MODULES = sorted(PACKAGE.rglob("*.py"))
SOURCES = [*MODULES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py")),
           ROOT / "dev.py"]  # fmt: skip

# The one way through the house. The rooms of the last entry stand side by side.
ORDER = ["core", "ops", "language", "reference", "calculus", "equality", "notation", "steps", "compile", "verify",
         "verdict", "local", "plot", "api", {"audit", "cli", "web"}]  # fmt: skip
LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in ([rooms] if isinstance(rooms, str) else rooms)}
NUMERIC_MAY_IMPORT = {"frechet.core", "frechet.core.display", "frechet.core.errors", "frechet.core.lazy"}
MAY_IMPORT_NUMERIC = {"verify", "verdict", "api", "local", "audit", "plot", "cli", "web"}
# Optional backends: imported in the one function that first needs them.
OPTIONAL = {"anywidget", "contourpy", "traitlets", "jax", "torch", "matplotlib", "rich", "sympy", "dask", "distributed",
            "IPython", "starlette", "uvicorn"}  # fmt: skip


def module_name(path: Path) -> str:
    """`frechet.core.node` for the file that holds it."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str:
    """`core` for `frechet.core.node`; empty for the package itself."""
    return module.split(".")[1] if "." in module else ""


NAMES = {module_name(path) for path in MODULES}


def imported(path: Path, node: ast.stmt) -> Iterator[str]:
    """The modules that an import statement names; `from frechet.core import dims` names `frechet.core.dims`."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            package = module_name(path).split(".")
            package = package if path.name == "__init__.py" else package[:-1]
            base = ".".join([*package[: len(package) - node.level + 1], *([base] if base else [])])
        for alias in node.names:
            full = f"{base}.{alias.name}"
            yield full if full in NAMES else base


def imports(path: Path, *, types: bool = True) -> Iterator[tuple[str, int, bool]]:
    """Every imported module of a file, its line, and whether the import stands inside a function.

    `types=False` leaves out what is imported under `if TYPE_CHECKING`.
    """
    tree = ast.parse(path.read_text())
    if not types:
        tree.body = [s for s in tree.body if not (isinstance(s, ast.If) and "TYPE_CHECKING" in ast.unparse(s.test))]
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in imported(path, node):
                yield name, node.lineno, id(node) in inside


def backward_arrow(module: str, target: str) -> bool:
    """Whether `module` may not import `target`."""
    here, there = room_of(module), room_of(target)
    if not here or here == there:
        return False  # the package's own top level hands out every room; a room may use itself
    if here == "__main__":
        return there != "cli"
    if here == "numeric":
        return target not in NUMERIC_MAY_IMPORT
    if there == "numeric":
        return here not in MAY_IMPORT_NUMERIC
    if not there:
        return LEVEL[here] <= LEVEL["api"]
    return LEVEL[there] >= LEVEL[here]


def test_every_room_is_known() -> None:
    rooms = {room_of(name) for name in NAMES} - {"", "numeric", "__main__"}
    assert rooms <= set(LEVEL), f"rooms without a place in the order: {sorted(rooms - set(LEVEL))}"


def test_imports_go_one_way() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in MODULES
        for name, line, _ in imports(path)
        if name.split(".")[0] == "frechet" and backward_arrow(module_name(path), name)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_import_rules_can_fail() -> None:
    assert backward_arrow("frechet.core.node", "frechet.ops.op")
    assert backward_arrow("frechet.numeric.line", "frechet.core.node")
    assert backward_arrow("frechet.calculus.reverse", "frechet.numeric")
    assert backward_arrow("frechet.cli.diff", "frechet.web.server")
    assert not backward_arrow("frechet.verify.check", "frechet.numeric.line")


def test_modules_do_not_import_each_other_in_a_circle() -> None:
    named = {module_name(p): {n for n, _, _ in imports(p, types=False)} for p in MODULES}
    graph = {module: (targets & NAMES) - {module} for module, targets in named.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_imports_stand_at_the_top() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name} inside a function"
        for path in MODULES
        for name, line, inside in imports(path)
        if inside and name.split(".")[0] not in OPTIONAL
    ]
    assert not wrong, "\n".join(wrong)


def test_files_are_at_most_400_lines() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text().splitlines()) for path in SOURCES}
    assert not {str(path): n for path, n in lengths.items() if n > 400}


def test_functions_are_at_most_60_lines() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= 60
    }
    assert not long


def start_up_microseconds() -> int:
    """What `import frechet` costs beyond the bare interpreter."""
    run = [sys.executable, "-X", "importtime", "-c", "import frechet"]
    lines = subprocess.run(run, capture_output=True, text=True, check=True).stderr.splitlines()
    return next(int(line.split("|")[1]) for line in lines if line.split("|")[-1].strip() == "frechet")


def test_import_takes_less_than_50_ms() -> None:
    assert min(start_up_microseconds() for _ in range(5)) < 50_000


def test_import_loads_no_numpy() -> None:
    code = "import sys, frechet; print([m for m in sys.modules if m.startswith(('numpy._core', 'scipy._lib', 'jax'))])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
