"""Values of variables on the command line: numbers, or files of them, as arrays by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from frechet.core.errors import problem
from frechet.core.lazy import np
from frechet.numeric.commands import read_point

FILES = (".npy", ".npz", ".csv")
_HELP = "Write --at x=1,2, --at 'X=[1,2;3,4]', or a file: --at x=data.npy, --at data.npz, --at x=table.csv."


def read_values(given: Sequence[str], names: Sequence[str] = ()) -> dict[str, Any]:
    """The values of `--at`, as arrays by name: `x=1,2`, `X=[1,2;3,4]`, `x=file.npy`, `x=file.csv`, `x=file.npz:key`, a
    whole `file.npz`, or numbers alone for the variables `names` in order (or for the only one).

    Raises E104 where there are no numbers to read, E100 where a file cannot be read.
    """
    values: dict[str, Any] = {}
    for text in given:
        name, equals, numbers = text.partition("=")
        name = name.strip()
        if equals and re.fullmatch(r"\w+", name):
            values[name] = _value(numbers.strip())
        elif text.strip().endswith(".npz"):
            values |= _npz(text.strip())
        else:
            values |= _in_order(text, names)
    return values


def _value(text: str) -> Any:
    path, _, key = text.rpartition(":")
    if path.endswith(".npz"):
        found = _npz(path)
        if key not in found:
            raise problem("E104", f"{path} has no array {key!r}.", help="It has: " + ", ".join(found) + ".")
        return found[key]
    return _file(text) if text.endswith(FILES) else numbers(text)


def numbers(text: str) -> Any:
    """`3`, `1,2`, `[1,2;3,4]`, `[[1,2],[3,4]]`. Raises E104."""
    if "=" in text:
        raise problem("E104", f"{text!r} is not a list of numbers.", help=_HELP)
    return np.asarray(read_point(text))


def _in_order(text: str, names: Sequence[str]) -> dict[str, Any]:
    """Numbers without a name."""
    if not re.match(r"\s*[-+.\d\[]", text) or not names:
        raise problem("E104", f"{text!r} gives no value.", help=_HELP)
    value = numbers(text)
    if len(names) == 1:
        return {names[0]: value}
    if np.shape(value) != (len(names),):
        raise problem("E104", f"{text!r} does not say which of {', '.join(names)} has this value.", help=_HELP)
    return dict(zip(names, value, strict=True))


def _npz(path: str) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError) as reason:
        raise _unreadable(path, reason) from None


def _file(path: str) -> Any:
    try:
        if path.endswith(".npz"):
            found = _npz(path)
            if len(found) != 1:
                raise problem("E104", f"{path} has several arrays: {', '.join(found)}.",
                              help=f"Write {path}:{next(iter(found), 'name')}.")  # fmt: skip
            return next(iter(found.values()))
        if path.endswith(".npy"):
            return np.load(path, allow_pickle=False)
        return _csv(path)
    except (OSError, ValueError) as reason:
        raise _unreadable(path, reason) from None


def _csv(path: str) -> Any:
    """A table of numbers, a line of headings left out; one row or one column is a vector."""
    lines = [line for line in Path(path).read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    separator = next((c for c in ",;\t" if lines and c in lines[0]), None)
    rows = [[part.strip() for part in line.split(separator)] for line in lines]
    if rows and not _all_numbers(rows[0]):
        rows = rows[1:]
    if not rows or len({len(row) for row in rows}) > 1:
        raise ValueError("its rows are not equally long")
    table = np.array([[float(part) for part in row] for row in rows])
    return table.ravel() if 1 in table.shape else table


def _all_numbers(row: Sequence[str]) -> bool:
    try:
        return bool([float(part) for part in row])
    except ValueError:
        return False


def _unreadable(path: str, reason: Exception) -> Exception:
    text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return problem("E100", f"The file {path} cannot be read: {text}.")
