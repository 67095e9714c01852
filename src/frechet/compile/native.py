"""C as a backend: the program in C, made into a library by the system's compiler, called with NumPy's own buffers.

A call of NumPy costs about a microsecond however small its arrays are: a program of many small steps is several times
faster in C. The library is called through ctypes; a few lines of C read the arrays by Python's buffer protocol (PEP
3118, whose structure belongs to the stable ABI of Python 3.11 and later). Whatever does not fit (another type, another
layout, a singular matrix, no memory) is left to the NumPy program, with its answers and its errors.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from frechet.core.dims import Dim, size_value
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
# Positions in an array are ints in C: what has more entries is left to NumPy.
MOST_ENTRIES = 2**31 - 1
# Seconds after which a compiler that nobody has asked for is given up.
PATIENCE = 60.0

Dims = tuple[Dim, ...]


@dataclass(frozen=True, slots=True)
class Interface:
    """A C function of sizes, then arrays and numbers (double), then the arrays it writes its results to."""

    text: str
    name: str
    sizes: tuple[str, ...]
    arguments: tuple[Dims | None, ...]  # the sizes of an array; None for a number
    results: tuple[Dims, ...]
    arrays: tuple[Dims, ...]  # what it holds meanwhile

    def fits(self, sizes: dict[str, int]) -> bool:
        """Whether all arrays can be reached with an int."""
        every = (*(a for a in self.arguments if a is not None), *self.results, *self.arrays)
        return all(size_value(dims, sizes) <= MOST_ENTRIES for dims in every)


@cache
def compiler() -> tuple[str, ...]:
    """The system's C compiler ($CC, which may have arguments, or cc); () where there is none that could make a library
    for this Python."""
    try:
        name, *options = shlex.split(os.environ.get("CC") or "cc")
    except ValueError:
        return ()
    found = None if sys.platform == "win32" else shutil.which(name)
    return (found, *options) if found else ()


def needed_compiler() -> tuple[str, ...]:
    """The compiler; E505 where there is none."""
    found = compiler()
    if not found:
        raise problem("E505", "There is no C compiler here for backend='c'.",
                      help="Install gcc or clang (as cc, or named by CC), or use backend=\"numpy\".")  # fmt: skip
    return found


_compiling: list[subprocess.Popen[bytes]] = []


def compiling() -> int:
    """How many compilers are at work."""
    _compiling[:] = [process for process in _compiling.copy() if process.poll() is None]
    return len(_compiling)


class Library:
    """A C program on its way to a library: made by a process of its own, so that nothing waits for it.

    The process has its own folder for all its files and its own session: Ctrl-C is not meant for it, and what it has
    started ends with it. A fork of this Python has neither, and starts another.
    """

    def __init__(self, program: Interface) -> None:
        self.program, self.seconds = program, 0.0
        self._call: Any = None
        self._begin()

    def _begin(self) -> None:
        """Start the compiler; E505 where that cannot be."""
        self._owner, self._lock, self._started = os.getpid(), threading.Lock(), time.perf_counter()
        compiler, folder = needed_compiler(), ""
        link = ["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else []
        try:
            folder = tempfile.mkdtemp(prefix="frechet-")
            source, self._made = Path(folder, "program.c"), Path(folder, "program.so")
            source.write_text(self.program.text + _entry(self.program))
            command = [*compiler, "-O3", "-shared", "-fPIC", *link, str(source), "-o", str(self._made), "-lm"]
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env={**os.environ, "TMPDIR": folder}, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise problem("E505", f"The C compiler cannot be run: {error}.", help='backend="numpy"') from None
        _compiling.append(self._process)
        self._end = weakref.finalize(self, _end, self._process, folder, self._owner)

    def _own(self) -> None:
        """Begin again in a fork, unless the library is there already."""
        if self._call is None and os.getpid() != self._owner:
            self._begin()

    def ready(self) -> bool:
        """Whether the compiler is done. E505 where it takes too long."""
        self._own()
        done = self._process.poll() is not None
        if not done and time.perf_counter() - self._started > PATIENCE:
            self._end()
            raise problem("E505", f"The C compiler takes more than {PATIENCE:g} seconds.", help='backend="numpy"')
        if done and not self.seconds:
            self.seconds = time.perf_counter() - self._started
        return done

    def call(self) -> Any:
        """The function of the library, waited for; E505 where the compiler failed."""
        self._own()
        with self._lock:
            if self._call is None:
                self._call = self._loaded()
        return self._call

    def _loaded(self) -> Any:
        failed = self._process.wait()
        self.ready()
        if failed:
            raise problem("E505", "The C compiler failed on this program.", help='backend="numpy"')
        try:
            call = ctypes.PyDLL(str(self._made)).frechet_entry
        except OSError as error:
            raise problem("E505", f"The library of C cannot be loaded: {error}.", help='backend="numpy"') from None
        p = self.program
        call.argtypes = [*[ctypes.c_int] * len(p.sizes), *[ctypes.py_object] * (len(p.arguments) + len(p.results))]
        call.restype = ctypes.c_int
        self._end()  # what is loaded needs no file
        return call

    def run(self, sizes: dict[str, int], like: Any, otherwise: Run) -> Run:
        """A function of the arguments for these sizes whose results have the form of `like`; what it cannot do is left
        to `otherwise`. E505 where the compiler failed."""
        if not self.program.fits(sizes):
            return otherwise
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


def _end(process: subprocess.Popen[bytes], folder: str, owner: int) -> None:
    """No compiler outlives its library, no file is left behind. In a fork both are another's."""
    if os.getpid() != owner:
        return
    if process.poll() is None:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    shutil.rmtree(folder, ignore_errors=True)


def _form(like: Any, shapes: list[tuple[int, ...]]) -> str:
    """The expression of a result like this one, of arrays r0, r1, ... whose shapes are appended."""
    if isinstance(like, tuple):
        return f"({''.join(f'{_form(part, shapes)}, ' for part in like)})"
    shapes.append(np.shape(like))
    name = f"r{len(shapes) - 1}"
    return name if shapes[-1] else f"{name}[()]"


def _entry(p: Interface) -> str:
    """The C function that ctypes calls: the sizes, and Python objects for the arguments and the results. Arrays are
    looked at again: another thread may have changed their shapes since the program was chosen."""
    kinds = [*p.arguments, *p.results]
    place = {k: j for j, k in enumerate(k for k, dims in enumerate(kinds) if dims is not None)}
    sizes = {d: f"n{k}" for k, d in enumerate(p.sizes)}
    parameters = [*(f"int {n}" for n in sizes.values()), *(f"void *o{k}" for k in range(len(kinds)))]
    given = [*sizes.values(), *(f"view[{place[k]}].buf" if k in place else f"x{k}" for k in range(len(kinds)))]
    lines = [f"    Buffer view[{len(place)}];", f"    int held = 0, status = {_UNFIT};"]
    for k, dims in enumerate(kinds):
        if dims is None:
            lines += [f"    double x{k} = PyFloat_AsDouble(o{k});", f"    if (x{k} == -1 && PyErr_Occurred())",
                      "        goto done;"]  # fmt: skip
    for k, j in place.items():
        flags = _READ if k < len(p.arguments) else _WRITE
        bytes = _bytes(kinds[k] or (), sizes)
        lines += [f"    if (PyObject_GetBuffer(o{k}, &view[{j}], {flags}))", "        goto done;", "    held++;",
                  f"    if (view[{j}].format[0] != 'd' || view[{j}].len != {bytes})", "        goto done;"]  # fmt: skip
    lines += [f"    status = {p.name}({', '.join(given)});", "done:", f"    if (status == {_UNFIT})",
              "        PyErr_Clear();", "    while (held)", "        PyBuffer_Release(&view[--held]);",
              "    return status;"]  # fmt: skip
    head = "#include <stddef.h>" + _BUFFERS
    return f"\n{head}\nint frechet_entry({', '.join(parameters)})\n{{\n" + "\n".join(lines) + "\n}\n"


def _bytes(dims: Sequence[Dim], sizes: dict[str, str]) -> str:
    """How long an array of doubles is."""
    return " * ".join(["(ptrdiff_t)sizeof(double)", *(str(d) if isinstance(d, int) else sizes[d] for d in dims)])
