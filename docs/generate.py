"""Writes the generated pages: docs/errors.md from the codes of `frechet.core.errors`, docs/operations.md from the
registry of operations, docs/rules.md from the rule book, docs/shapes.md from nine live examples.

python docs/generate.py            writes
python docs/generate.py --check    exit code 1 if a page is not up to date
"""

from __future__ import annotations

import sys
from pathlib import Path

from frechet.cli import shapes
from frechet.core.errors import CODES
from frechet.core.operation import Operation
from frechet.ops import REGISTRY
from frechet.steps import pages as rule_book

HERE = Path(__file__).resolve().parent
GROUPS = {
    "1": "The text cannot be read",
    "2": "Names and declarations",
    "3": "Sizes",
    "4": "Values and limits",
    "5": "Derivatives that cannot be asked for",
    "6": "Answers that were not confirmed",
}


def errors_page() -> str:
    """Every code with its sentence, by group."""
    lines = [
        "# Errors",
        "",
        "Everything frechet refuses carries a diagnostic: a code, a sentence, the place in your text, and a way to",
        "mend it. `frechet explain E300` shows the entry of a code. This page is written by `docs/generate.py`.",
    ]
    for digit, title in GROUPS.items():
        lines += ["", f"## {title}", "", "| code | meaning |", "| --- | --- |"]
        lines += [f"| {code} | {text} |" for code, text in sorted(CODES.items()) if code[1] == digit]
    return "\n".join(lines) + "\n"


AREAS = {
    "elementwise": "Functions of entries",
    "comparisons": "Comparisons and choices",
    "conjugation": "Complex values",
    "reductions": "Sums over entries and their relatives",
    "ranks": "Order statistics",
    "products": "Products and rearrangements",
    "inverse": "Inverse and determinant",
    "cofactors": "Cofactors",
    "matrix_functions": "Functions of matrices",
    "powers": "Powers of matrices",
    "factorisations": "Factorisations",
    "spectral": "Eigenvalues and singular values",
    "norms": "Norms",
    "vectors": "Cross products",
    "convolution": "Convolution",
    "circulant": "Circulant and Toeplitz matrices",
    "entries": "Parts of matrices",
    "constants": "Constants",
}


def cell(text: str) -> str:
    """Text for a table: one line, bars escaped."""
    return " ".join(text.split()).replace("|", "\\|")


def autodiff(record: Operation) -> str:
    """What automatic differentiation returns at a kink."""
    return f", autodiff {record.autodiff[0]} in JAX, {record.autodiff[1]} in PyTorch" if record.autodiff else ""


def row(record: Operation) -> str:
    """usage, sizes, what it is and its derivative, where it is defined and smooth, source."""
    sizes = "; ".join(f"`{s.text}`" for s in record.signatures)
    example = f" `{record.example[0]}` by `{record.example[1]}`: `{record.example[2]}`" if record.example else ""
    where = [f"defined where {record.domain}"] if record.domain else []
    if record.kink:
        where.append(
            f"not smooth where {record.kink}" + (f": {record.there}" if record.there else "") + autodiff(record)
        )
    cells = [f"`{record.usage}`", sizes, record.doc, example.strip(), "; ".join(where), record.source]
    return "| " + " | ".join(cell(c) for c in cells) + " |"


def operations_page() -> str:
    """A table of all operations for each area, from their records."""
    lines = [
        "# Operations",
        "",
        "Every function of the language: the sizes it takes and gives, what it is, a derivative, where it is defined and",  # noqa: E501
        "smooth, and where its rule is from. Written by `docs/generate.py` from the registry; how to add one is told in",  # noqa: E501
        "[Add an operation](add-an-operation.md).",
    ]
    by_area: dict[str, list[Operation]] = {area: [] for area in AREAS}
    for record in REGISTRY.values():
        by_area[area_of(record)].append(record)
    for area, title in AREAS.items():
        if by_area[area]:
            lines += ["", f"## {title}", "", "| usage | sizes | meaning | example | where | source |",
                      "| --- | --- | --- | --- | --- | --- |"]  # fmt: skip
            lines += [row(record) for record in by_area[area]]
    return "\n".join(lines) + "\n"


def area_of(record: Operation) -> str:
    """The file of `frechet.ops` in which the record is declared, read off the code that computes its value."""
    return str(getattr(record.value, "__module__", "")).rpartition(".")[2]


PAGES = {
    "errors.md": errors_page,
    "operations.md": operations_page,
    "rules.md": rule_book.markdown,
    "shapes.md": shapes.markdown,
}


def main(argv: list[str]) -> int:
    if "--check" in argv:
        return int(any((HERE / name).read_text() != page() for name, page in PAGES.items()))
    for name, page in PAGES.items():
        (HERE / name).write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
