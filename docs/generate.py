"""Writes the generated pages: docs/errors.md from the codes of `frechet.core.errors`.

python docs/generate.py            writes
python docs/generate.py --check    exit code 1 if a page is not up to date
"""

from __future__ import annotations

import sys
from pathlib import Path

from frechet.core.errors import CODES

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


def main(argv: list[str]) -> int:
    page = HERE / "errors.md"
    if "--check" in argv:
        return 0 if page.read_text() == errors_page() else 1
    page.write_text(errors_page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
