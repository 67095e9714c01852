"""A line of a derivation in LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence

from frechet.language.tree import Tree
from frechet.notation.latex import to_latex

_SUM = re.compile(r"\\operatorname\{sum\\_\{?([\w,]+?)\}?\}")


def line_latex(tree: Tree, directions: Sequence[str]) -> str:
    """The directions with an upright d, sums over letters with their sign."""
    for name in directions:
        tree = Tree("arrow", (tree,), name=name, shape=tree.shape)
    text = to_latex(tree)
    for _ in directions:
        text = text.partition(r" \mapsto ")[2]
    return _SUM.sub(r"\\sum_{\1}", text.replace(r"\operatorname{d}", r"\mathrm{d}"))
