"""A picture: the numbers it shows, a sentence that says what is to be seen, and the drawing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

from frechet.core.errors import problem
from frechet.plot.style import DPI, INK, RC, SMALL, TEXT, WIDTH, matplotlib_parts
from frechet.plot.words import drawable, plain

TYPES = ("svg", "pdf", "png")
MARGIN = 0.08  # inches around everything
LINE = 1.32  # height of a line of the caption, in letter heights


@dataclass(frozen=True, kw_only=True)
class Data:
    """What a picture shows, as numbers; every kind adds its own.

    title        the formula in LaTeX, or empty; drawn above the picture if mathtext can set it
    caption      choices that were made, such as coordinates held fixed; may hold mathtext
    description  one sentence for those who cannot see the picture
    """

    title: str = ""
    caption: str = ""
    description: str = ""


Draw = Callable[[Any, Any], None]


class Picture:
    """One picture.

    kind         contour, surface, ...
    data         the numbers it shows: the tests look at these, not at pixels
    description  one sentence that says what is to be seen; in an SVG file as <desc>, in the metadata of PNG and PDF
    caption      the choices that were made for the drawing
    figure       the matplotlib figure, drawn when first asked for
    """

    def __init__(self, kind: str, data: Data, draw: Draw, height: float) -> None:
        self.kind, self.data = kind, data
        self._draw, self._height = draw, height

    @property
    def description(self) -> str:
        return plain(self.data.description)

    @property
    def caption(self) -> str:
        return plain(self.data.caption)

    @cached_property
    def figure(self) -> Any:
        """The figure, of one column's width. Raises E506 if matplotlib is not installed."""
        parts = matplotlib_parts()
        with parts.rc_context(RC):
            figure = parts.Figure(figsize=(WIDTH, self._height))
            parts.Canvas(figure)
            lines = _wrapped(figure, self.data.caption, WIDTH - 2 * MARGIN, SMALL)
            below = len(lines) * SMALL * LINE / 72 + (MARGIN if lines else 0)
            title = drawable(self.data.title)
            size = _fitting(figure, title, WIDTH - 2 * MARGIN) if title else 0.0
            above = max(TEXT * 2.0 / 72, _extent(figure, title, size)[1] + 1.7 * MARGIN) if title else 0.0
            total = self._height + below + above
            figure.set_size_inches(WIDTH, total)
            inside = (0.0, below / total, 1.0, 1.0 - (below + above) / total)
            figure.set_layout_engine("constrained", rect=inside, w_pad=MARGIN, h_pad=MARGIN)
            if title:
                figure.text(0.5, 1 - MARGIN / total, title, ha="center", va="top", fontsize=size)
            for k, line in enumerate(reversed(lines)):
                height = (MARGIN * 0.6 + k * SMALL * LINE / 72) / total
                figure.text(MARGIN / WIDTH, height, line, fontsize=SMALL, color=INK, va="bottom")
            self._draw(figure, self.data)
        return figure

    def save(self, path: str | Path, *, dpi: int = DPI) -> Path:
        """Write the picture; the ending of the name says how: .svg, .pdf or .png (with `dpi` dots to the inch).

        The same picture gives the same bytes. Raises E506 for another ending, or where the file cannot be written.
        """
        target = Path(path)
        ending = target.suffix.lower().lstrip(".")
        if ending not in TYPES:
            what = f"{ending!r} is no type of picture" if ending else f"{str(target)!r} does not say a type of picture"
            raise problem("E506", f"{what}.", help=f"Name it {target.stem or 'out'}.svg, .pdf or .png.")
        content = self.as_bytes(ending, dpi=dpi)
        try:
            target.write_bytes(content)
        except OSError as reason:
            raise problem("E506", f"The picture cannot be written to {target}: {reason.strerror}.") from None
        return target

    def as_bytes(self, ending: str, *, dpi: int = DPI) -> bytes:
        """The content of a file of the type svg, pdf or png."""
        title, out = f"frechet: {self.kind}", BytesIO()
        metadata = {
            "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
            "pdf": {"Title": title, "Subject": self.description, "CreationDate": None, "Creator": None,
                    "Producer": None},
            "png": {"Title": title, "Description": self.description, "Software": None},
        }[ending]  # fmt: skip
        with matplotlib_parts().rc_context(RC):
            self.figure.savefig(out, format=ending, metadata=metadata, dpi=dpi)
        if ending == "svg":
            return accessible(smaller(out.getvalue().decode()), title, self.description).encode()
        return out.getvalue()

    def _repr_svg_(self) -> str:
        return self.as_bytes("svg").decode()

    def _repr_png_(self) -> bytes:
        return self.as_bytes("png")

    def __repr__(self) -> str:
        return f"<Picture {self.kind}: {self.description}>"


def smaller(svg: str) -> str:
    """Coordinates to a hundredth of a point and no needless spaces: half the size, and no difference that a screen or a
    press could show."""

    def number(found: re.Match[str]) -> str:
        return f"{float(found[0]):.2f}".rstrip("0").rstrip(".")

    def path(found: re.Match[str]) -> str:
        short = re.sub(r"-?\d+\.\d{3,}", number, found[2])
        return found[1] + re.sub(r"\s*([A-Za-z])\s*", r"\1", short).strip() + chr(34)

    svg = re.sub(r'( d=")([^"]*)"', path, svg)
    svg = re.sub(r' (?:x|y)="[^"]*"', lambda found: re.sub(r"-?\d+\.\d{3,}", number, found[0]), svg)
    return re.sub(r'style="[^"]*"', lambda found: re.sub(r"([:;])\s+", r"\1", found[0]), svg)


def accessible(svg: str, title: str, description: str) -> str:
    """The SVG with <title> and <desc>, as screen readers want it."""
    svg = re.sub(r"<\?xml.*?\?>\s*|<!DOCTYPE.*?>\s*|\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    opening = re.search(r"<svg[^>]*>", svg)
    assert opening is not None
    name = sha256(description.encode()).hexdigest()[:8]  # pictures stand side by side in a page
    head = opening[0][:-1] + f' role="img" aria-labelledby="title-{name} desc-{name}">'
    words = f'\n <title id="title-{name}">{escape(title)}</title>\n <desc id="desc-{name}">{escape(description)}</desc>'
    return head + words + svg[opening.end() :]


def _extent(figure: Any, text: str, size: float) -> tuple[float, float]:
    """The width and the height of one line in inches."""
    artist = figure.text(0, 0, text, fontsize=size)
    box = artist.get_window_extent(figure.canvas.get_renderer())
    artist.remove()
    return float(box.width / figure.dpi), float(box.height / figure.dpi)


def _fitting(figure: Any, text: str, width: float) -> float:
    """A letter size at which the line fits."""
    return min(TEXT + 1, (TEXT + 1) * width / max(_extent(figure, text, TEXT + 1)[0], 0.01))


def _wrapped(figure: Any, text: str, width: float, size: float) -> list[str]:
    """Lines of at most that width; formulas stay whole."""
    lines: list[str] = []
    for word in re.findall(r"(?:\$[^$]*\$|[^\s$])+", text):
        if lines and _extent(figure, f"{lines[-1]} {word}", size)[0] <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
