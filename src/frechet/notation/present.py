"""The forms in which a derivative is shown, and which of them is shown first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from frechet.calculus.derive import Level
from frechet.core.dims import Size
from frechet.core.node import Node, Number, describe
from frechet.language.declarations import Declarations
from frechet.language.tree import Tree


@dataclass(frozen=True)
class Context:
    """What the user said and wrote: declarations, and for each node how it was written."""

    declarations: Declarations
    origins: dict[Node, tuple[Number, Tree]]
    tree: Tree


@dataclass(frozen=True)
class Forms:
    """closed: matrix notation, None if there is none; operator: dX -> e; kronecker: by vec; index: always."""

    closed: Tree | None
    operator: Tree | None
    kronecker: Tree | None
    index: str

    @property
    def shown(self) -> Tree | None:
        return self.closed or self.operator


def present(
    context: Context, levels: Sequence[Level], sides: Sequence[tuple[Size, ...]], kind: str, layout: str
) -> Forms:
    return Forms(None, None, None, describe(levels[-1].tensor))
