"""Generated code of other languages, run by their own interpreters: many functions in one process."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

INSTALL = {
    "octave": "apt-get install octave",
    "julia": "see https://julialang.org/downloads",
    "cc": "apt-get install gcc",
}


CC = ["cc", "-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic"]


class Call(NamedTuple):
    """A function of the name `name` that `source` defines, and its arguments in order."""

    name: str
    source: str
    arguments: Sequence[np.ndarray]
    sizes: Mapping[str, int] = {}
    shape: tuple[int, ...] = ()


def library(source: str, folder: Path, name: str) -> ctypes.CDLL:
    """C code as a library that is loaded here."""
    (folder / f"{name}.c").write_text(source)
    command = [*CC, "-shared", "-fPIC", "-o", f"{name}.so", f"{name}.c", "-lm"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
    assert not made.returncode, made.stderr[:3000]
    return ctypes.CDLL(str(folder / f"{name}.so"))


def missing(program: str) -> str:
    """Why a program cannot be run here; empty if it can."""
    return "" if shutil.which(program) else f"{program} is not installed: {INSTALL[program]}"


def _numbers(array: np.ndarray, order: str) -> list[str]:
    return [repr(float(v)) for v in np.asarray(array, dtype=float).ravel(order=order)]


def _read(text: str, count: int) -> list[np.ndarray | str]:
    """Lines `result k d1 d2 ...` followed by the numbers, column by column; or `error k message`."""
    found: list[np.ndarray | str] = ["no result"] * count
    lines = iter(text.splitlines())
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "error":
            place, _, message = rest.partition(" ")
            found[int(place)] = message
        elif word == "result":
            place, *shape = (int(w) for w in rest.split())
            values = np.array(next(lines).split(), dtype=float)
            found[place] = values.reshape(shape, order="F")
    return found


def _finish(command: Sequence[str], folder: Path, timeout: int) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout)
    assert done.stdout or not done.returncode, done.stderr[:2000]
    return done.stdout


def octave(calls: Sequence[Call], folder: Path) -> list[np.ndarray | str]:
    """The results, as matrices; a text where there was an error."""
    script = []
    for k, call in enumerate(calls):
        (folder / f"{call.name}.m").write_text(call.source)
        given = []
        for array in call.arguments:
            shape = (*np.shape(array), 1, 1)[:2]
            given.append(f"reshape([{', '.join(_numbers(array, 'F'))}], {shape[0]}, {shape[1]})")
        run = f'try\n r = {call.name}({", ".join(given)});\n printf("result {k} %d %d\\n", size(r));\n'
        show = ' printf("%.17g ", r); printf("\\n");\n'
        fail = f'catch e\n printf("error {k} %s\\n", strrep(e.message, "\\n", " "));\nend'
        script.append(run + show + fail)
    (folder / "main_script.m").write_text("1;\n" + "\n".join(script))
    return _read(_finish(["octave-cli", "-q", "--norc", "main_script.m"], folder, 300), len(calls))


def julia(calls: Sequence[Call], folder: Path) -> list[np.ndarray | str]:
    """The results; a text where there was an error."""
    script = ["using Printf"]
    for k, call in enumerate(calls):
        given = []
        for array in call.arguments:
            listed = f"[{', '.join(_numbers(array, 'F'))}]"
            shape = np.shape(array)
            given.append(
                _numbers(array, "F")[0] if not shape else f"reshape(Float64{listed}, {', '.join(map(str, shape))})"
            )
        script.append(f"module M{k}\n{call.source}end\n")
        script.append(
            f"try\n r = M{k}.{call.name}({', '.join(given)})\n"
            f' println("result {k} ", join(size(r), " "))\n println(join([@sprintf("%.17g", v) for v in r], " "))\n'
            f'catch e\n println("error {k} ", replace(sprint(showerror, e), "\\n" => " "))\nend'
        )
    (folder / "main.jl").write_text("\n".join(script))
    return _read(_finish(["julia", "--startup-file=no", "--compile=min", "-O0", "main.jl"], folder, 600), len(calls))


def cc(calls: Sequence[Call], folder: Path) -> list[np.ndarray | str]:
    """The results of C functions, compiled without a warning; `sizes` and `shape` of the result must be given."""
    main = ["#include <stdio.h>"]
    body = []
    for k, call in enumerate(calls):
        (folder / f"{call.name}.c").write_text(call.source)
        head = next(line for line in call.source.splitlines() if line.startswith(f"int {call.name}("))
        names = [p.split()[-1].strip("*") for p in head[head.index("(") + 1 : -1].split(",")]
        sizes = [str(call.sizes[n.rstrip("_")]) for n in names[: len(names) - 1 - len(call.arguments)]]
        given = []
        for j, array in enumerate(call.arguments):
            main.append(f"static double a{k}_{j}[] = {{{', '.join(_numbers(array, 'C'))}}};")
            given.append(f"a{k}_{j}" if np.shape(array) else f"*a{k}_{j}")
        count = int(np.prod(call.shape, dtype=int))
        main += [f"{head};", f"static double r{k}[{max(count, 1)}];"]
        body.append(
            f'if (({call.name}({", ".join([*sizes, *given, f"r{k}"])}))) printf("error {k} status\\n"); else {{'
        )
        body.append(f'printf("result {k} {count}\\n"); for (int i = 0; i < {count}; i++) printf("%.17g ", r{k}[i]);')
        body.append('printf("\\n"); }')
    (folder / "main.c").write_text("\n".join([*main, "int main(void) {", *body, "return 0; }"]))
    command = [*CC, "-o", "run", "main.c",
               *(f"{c.name}.c" for c in calls), "-lm"]  # fmt: skip
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert not made.returncode, made.stderr[:3000]
    found = _read(_finish(["./run"], folder, 60), len(calls))
    return [r if isinstance(r, str) else r.reshape(c.shape) for r, c in zip(found, calls, strict=True)]
