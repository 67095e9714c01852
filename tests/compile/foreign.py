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
    "julia": "https://julialang.org/downloads, or the package julia of Debian 11",
    "cc": "apt-get install gcc",
}


CC = ["cc", "-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic"]


class Call(NamedTuple):
    """A function of the name `name` that `source` defines, its arguments in order; `shapes` where it gives several
    results: each of them counts as one of its own in what the runners give."""

    name: str
    source: str
    arguments: Sequence[np.ndarray]
    sizes: Mapping[str, int] = {}
    shape: tuple[int, ...] = ()
    shapes: Sequence[tuple[int, ...]] = ()

    @property
    def results(self) -> Sequence[tuple[int, ...]]:
        """The shapes of its results."""
        return self.shapes or [self.shape]


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
    k = 0
    for call in calls:
        (folder / f"{call.name}.m").write_text(call.source)
        given = []
        for array in call.arguments:
            shape = (*np.shape(array), 1, 1)[:2]
            given.append(f"reshape([{', '.join(_numbers(array, 'F'))}], {shape[0]}, {shape[1]})")
        count = len(call.results)
        names = ", ".join(f"r{j}" for j in range(count))
        lines = [f"try\n [{names}] = {call.name}({', '.join(given)});"]
        for j in range(count):
            lines.append(f' printf("result {k} "); printf("%d ", size(r{j})); printf("\\n");')
            lines.append(f' printf("%.17g ", r{j}); printf("\\n");')
            k += 1
        lines.append(f'catch e\n printf("error {k - count} %s\\n", strrep(e.message, "\\n", " "));\nend')
        script.append("\n".join(lines))
    (folder / "main_script.m").write_text("1;\n" + "\n".join(script))
    return _read(_finish(["octave-cli", "-q", "--norc", "main_script.m"], folder, 300), k)


def julia(calls: Sequence[Call], folder: Path) -> list[np.ndarray | str]:
    """The results; a text where there was an error."""
    script = ["using Printf"]
    k = 0
    for call in calls:
        given = []
        for array in call.arguments:
            listed = f"[{', '.join(_numbers(array, 'F'))}]"
            shape = np.shape(array)
            given.append(
                _numbers(array, "F")[0] if not shape else f"reshape(Float64{listed}, {', '.join(map(str, shape))})"
            )
        script.append(f"module M{k}\n{call.source}end\n")
        count = len(call.results)
        results = [f"r[{j + 1}]" for j in range(count)] if count > 1 else ["r"]
        lines = [f"try\n r = M{k}.{call.name}({', '.join(given)})"]
        for place, r in enumerate(results, k):
            lines.append(f' println("result {place} ", join(size({r}), " "))')
            lines.append(f' println(join([@sprintf("%.17g", v) for v in {r}], " "))')
        lines.append(f'catch e\n println("error {k} ", replace(sprint(showerror, e), "\\n" => " "))\nend')
        script.append("\n".join(lines))
        k += count
    (folder / "main.jl").write_text("\n".join(script))
    return _read(_finish(["julia", "--startup-file=no", "--compile=min", "-O0", "main.jl"], folder, 600), k)


def cc(calls: Sequence[Call], folder: Path) -> list[np.ndarray | str]:
    """The results of C functions, compiled without a warning; `sizes` and `shape` of the result must be given."""
    main = ["#include <stdio.h>"]
    body = []
    k = 0
    for call in calls:
        (folder / f"{call.name}.c").write_text(call.source)
        head = next(line for line in call.source.splitlines() if line.startswith(f"int {call.name}("))
        names = [p.split()[-1].strip("*") for p in head[head.index("(") + 1 : -1].split(",")]
        results = call.results
        sizes = [str(call.sizes[n.rstrip("_")]) for n in names[: len(names) - len(results) - len(call.arguments)]]
        given = []
        for j, array in enumerate(call.arguments):
            main.append(f"static double a{k}_{j}[] = {{{', '.join(_numbers(array, 'C'))}}};")
            given.append(f"a{k}_{j}" if np.shape(array) else f"*a{k}_{j}")
        main.append(f"{head};")
        outs = [f"r{place}" for place in range(k, k + len(results))]
        counts = [int(np.prod(shape, dtype=int)) for shape in results]
        main += [f"static double {r}[{max(count, 1)}];" for r, count in zip(outs, counts, strict=True)]
        body.append(f'if (({call.name}({", ".join([*sizes, *given, *outs])}))) printf("error {k} status\\n"); else {{')
        for r, count in zip(outs, counts, strict=True):
            body.append(
                f'printf("result {r[1:]} {count}\\n"); for (int i = 0; i < {count}; i++) printf("%.17g ", {r}[i]);'
            )
            body.append('printf("\\n");')
        body.append("}")
        k += len(results)
    (folder / "main.c").write_text("\n".join([*main, "int main(void) {", *body, "return 0; }"]))
    command = [*CC, "-o", "run", "main.c",
               *(f"{c.name}.c" for c in calls), "-lm"]  # fmt: skip
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert not made.returncode, made.stderr[:3000]
    found = _read(_finish(["./run"], folder, 60), k)
    shapes = [shape for call in calls for shape in call.results]
    return [r if isinstance(r, str) else r.reshape(s) for r, s in zip(found, shapes, strict=True)]
