"""How every picture looks: colours, fonts, sizes; and the one place where matplotlib is imported.

The colours are those of Okabe and Ito (Color Universal Design, 2008), some darker so that thin lines show on white.
People with any kind of colour vision tell them apart (a test holds that), and nothing is told by colour alone. The
width is that of a column of a book and of a telephone: letters keep their size on both.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

from frechet.core.errors import problem

INK = "#222222"
GREY = "#767676"
PALE = "#d5dbe1"
BLUE = "#0a7cc0"
VERMILION = "#d55e00"
GREEN = "#005c42"
ORANGE = "#e69f00"
SKY = "#56b4e9"
PURPLE = "#a8518a"
HEIGHTS = ("#ffffff", "#e7eff6", "#cfe0ee", "#b4cfe4", "#97bcd8")  # low to high behind arrows
CONTOUR = "#5b7f9e"
WIDTH = 4.4  # inches
DPI = 220
TEXT, SMALL = 11.0, 9.5

RC: dict[str, Any] = {
    "font.family": "STIXGeneral", "mathtext.fontset": "stix", "font.size": TEXT,
    "axes.labelsize": TEXT, "axes.titlesize": TEXT, "xtick.labelsize": SMALL, "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL, "legend.frameon": True, "legend.framealpha": 0.92, "legend.edgecolor": "none",
    "legend.borderpad": 0.3, "legend.handlelength": 1.7, "legend.labelspacing": 0.3,
    "axes.edgecolor": GREY, "axes.linewidth": 0.7, "axes.labelcolor": INK, "text.color": INK,
    "xtick.color": GREY, "ytick.color": GREY, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "xtick.major.width": 0.7, "ytick.major.width": 0.7, "xtick.major.size": 3.0, "ytick.major.size": 3.0,
    "lines.linewidth": 1.6, "lines.solid_capstyle": "round", "axes.unicode_minus": True,
    "figure.facecolor": "white", "savefig.facecolor": "white", "savefig.dpi": DPI,
    "svg.fonttype": "path", "svg.hashsalt": "frechet", "pdf.fonttype": 42, "path.simplify_threshold": 0.2,
}  # fmt: skip


@cache
def matplotlib_parts() -> SimpleNamespace:
    """What the pictures use of matplotlib, without pyplot: no global state, no window. Raises E506 if it is absent."""
    try:
        import matplotlib
        from matplotlib import colors, patches, ticker
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.collections import PolyCollection
        from matplotlib.figure import Figure
        from matplotlib.mathtext import MathTextParser
        from matplotlib.patheffects import withStroke
    except ImportError:
        raise problem("E506", "Pictures are drawn with matplotlib, which is not installed.",
                      help='pip install "frechet[plot]", or: pip install matplotlib') from None  # fmt: skip
    return SimpleNamespace(
        rc_context=matplotlib.rc_context, Figure=Figure, Canvas=FigureCanvasAgg, colors=colors, patches=patches,
        ticker=ticker, math=MathTextParser("path"), stroke=withStroke, Polygons=PolyCollection,
    )  # fmt: skip


def heights_map() -> Any:
    """White (low) to blue (high)."""
    return matplotlib_parts().colors.LinearSegmentedColormap.from_list("heights", HEIGHTS)


def signed_map() -> Any:
    """Blue (negative), white (zero), vermilion (positive)."""
    stops = ("#004c77", BLUE, "#7db8d8", "#ffffff", "#f0a878", VERMILION, "#8a3d00")
    return matplotlib_parts().colors.LinearSegmentedColormap.from_list("signed", stops)


def halo(width: float = 2.4) -> list[Any]:
    """A white rim that keeps letters readable on lines."""
    return [matplotlib_parts().stroke(linewidth=width, foreground="white")]
