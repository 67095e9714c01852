"""C as a backend: the program in C, made into a library by the system's compiler, called with NumPy's own buffers.

A call of NumPy costs about a microsecond however small its arrays are: a program of many small steps is several times
faster in C. The library is called through ctypes; a few lines of C read the arrays by Python's buffer protocol (PEP
3118, whose structure belongs to the stable ABI of Python 3.11 and later). Whatever does not fit (another type, another
layout, a singular matrix, no memory) is left to the NumPy program, with its answers and its errors.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np

Run = Callable[..., Any]

_BUFFERS = """
typedef struct {
    void *buf, *obj;
    ptrdiff_t len, itemsize;
    int readonly, ndim;
    char *format;
    ptrdiff_t *shape, *strides, *suboffsets;
    void *internal;
} Buffer; /* Py_buffer */
extern int PyObject_GetBuffer(void *, Buffer *, int);
extern void PyBuffer_Release(Buffer *);
extern void PyErr_Clear(void);
extern void *PyErr_Occurred(void);
extern double PyFloat_AsDouble(void *);
"""
# PyBUF_C_CONTIGUOUS | PyBUF_FORMAT, and PyBUF_WRITABLE with it.
_READ, _WRITE = 0x3C, 0x3D
_UNFIT = -2


@dataclass(frozen=True, slots=True)
class Interface:
    """A C function of sizes, then arrays and numbers (double), then the arrays it writes its results to."""

    text: str
    name: str
    sizes: tuple[str, ...]
    arguments: tuple[tuple[str, bool], ...]  # name, whether it is a number
    results: tuple[str, ...]


@cache
def compiler() -> str:
    """The system's C compiler ($CC or cc); "" where there is none that could make a library for this Python."""
    if sys.platform == "win32":
        return ""
    return shutil.which(os.environ.get("CC") or "cc") or ""


def needed_compiler() -> str:
    """The compiler; E505 where there is none."""
    found = compiler()
    if not found:
        raise problem("E505", "There is no C compiler here for backend='c'.",
                      help="Install gcc or clang (as cc, or named by CC), or use backend=\"numpy\".")  # fmt: skip
    return found


class Library:
    """A C program on its way to a library: made by a process of its own, so that nothing waits for it."""

    def __init__(self, program: Interface) -> None:
        self.program = program
        self._call: Any = None
        self._started, self.seconds = time.perf_counter(), 0.0
        folder = tempfile.TemporaryDirectory(prefix="frechet-")
        source, self._made = Path(folder.name, "program.c"), Path(folder.name, "program.so")
        source.write_text(program.text + _entry(program))
        link = ["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else []
        command = [needed_compiler(), "-O3", "-shared", "-fPIC", *link, str(source), "-o", str(self._made), "-lm"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        weakref.finalize(self, _stop, self._process, folder)

    def ready(self) -> bool:
        """Whether the compiler is done."""
        done = self._process.poll() is not None
        if done and not self.seconds:
            self.seconds = time.perf_counter() - self._started
        return done

    def call(self) -> Any:
        """The function of the library, waited for; E505 where the compiler failed."""
        if self._call is None:
            failed = self._process.wait()
            self.ready()
            if failed:
                raise problem("E505", "The C compiler failed on this program.", help='backend="numpy"')
            self._call = ctypes.PyDLL(str(self._made)).frechet_entry
            p = self.program
            objects = len(p.arguments) + len(p.results)
            self._call.argtypes = [*[ctypes.c_int] * len(p.sizes), *[ctypes.py_object] * objects]
            self._call.restype = ctypes.c_int
        return self._call

    def run(self, sizes: dict[str, int], like: Any, otherwise: Run) -> Run:
        """A function of the arguments for these sizes whose results have the form of `like`; what it cannot do is left
        to `otherwise`. E505 where the compiler failed."""
        call = self.call()
        names = [f"a{k}" for k in range(len(self.program.arguments))]
        shapes: list[tuple[int, ...]] = []
        result = _form(like, shapes)
        made = [f"r{k} = empty({shape})" for k, shape in enumerate(shapes)]
        given = ", ".join([*(str(sizes[n]) for n in self.program.sizes), *names, *(f"r{k}" for k in range(len(made)))])
        lines = [f"def run({', '.join(names)}):", *(f"    {m}" for m in made), f"    if call({given}):",
                 f"        return otherwise({', '.join(names)})", f"    return {result}"]  # fmt: skip
        space: dict[str, Any] = {"empty": np.empty, "call": call, "otherwise": otherwise}
        exec(compile("\n".join(lines), "<frechet native>", "exec"), space)
        run: Run = space["run"]
        return run


def _stop(process: subprocess.Popen[bytes], folder: tempfile.TemporaryDirectory[str]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()
    folder.cleanup()


def _form(like: Any, shapes: list[tuple[int, ...]]) -> str:
    """The expression of a result like this one, of arrays r0, r1, ... whose shapes are appended."""
    if isinstance(like, tuple):
        return f"({''.join(f'{_form(part, shapes)}, ' for part in like)})"
    shapes.append(np.shape(like))
    name = f"r{len(shapes) - 1}"
    return name if shapes[-1] else f"{name}[()]"


def _entry(p: Interface) -> str:
    """The C function that ctypes calls: the sizes, and Python objects for the arguments and the results."""
    kinds = [*(number for _, number in p.arguments), *(False for _ in p.results)]
    place = {k: j for j, k in enumerate(k for k, number in enumerate(kinds) if not number)}
    sizes = [f"n{k}" for k in range(len(p.sizes))]
    parameters = [*(f"int {n}" for n in sizes), *(f"void *o{k}" for k in range(len(kinds)))]
    given = [*sizes, *(f"x{k}" if number else f"view[{place[k]}].buf" for k, number in enumerate(kinds))]
    lines = [f"    Buffer view[{len(place)}];", f"    int held = 0, status = {_UNFIT};"]
    for k, number in enumerate(kinds):
        if number:
            lines += [f"    double x{k} = PyFloat_AsDouble(o{k});", f"    if (x{k} == -1 && PyErr_Occurred())",
                      "        goto done;"]  # fmt: skip
    for k, j in place.items():
        flags = _READ if k < len(p.arguments) else _WRITE
        lines += [f"    if (PyObject_GetBuffer(o{k}, &view[{j}], {flags}))", "        goto done;", "    held++;",
                  f"    if (view[{j}].format[0] != 'd')", "        goto done;"]  # fmt: skip
    lines += [f"    status = {p.name}({', '.join(given)});", "done:", f"    if (status == {_UNFIT})",
              "        PyErr_Clear();", "    while (held)", "        PyBuffer_Release(&view[--held]);",
              "    return status;"]  # fmt: skip
    head = "#include <stddef.h>" + _BUFFERS
    return f"\n{head}\nint frechet_entry({', '.join(parameters)})\n{{\n" + "\n".join(lines) + "\n}\n"
