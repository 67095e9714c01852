"""Which input moved the output, and whether the order of two movements matters."""

from __future__ import annotations

from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from frechet.core.display import Card, Displayed
from frechet.core.lazy import np
from frechet.local.lengths import norm, norms
from frechet.local.numbers import array, number

if TYPE_CHECKING:
    from frechet.local.around import Local

_ROWS = 24


class Contributions(Displayed):
    """df ~ sum of df/dx_i dx_i for one step: the change of f taken apart by input.

    steps (n,), derivatives (m, n), parts (m, n): derivative times step. For a scalar f, `parts[0]` is the list of bars.
    """

    def __init__(self, local: Local, step: Any) -> None:
        self.local = local
        self.steps = step
        self.derivatives = local.jacobian_matrix
        self.parts = self.derivatives * step

    @property
    def labels(self) -> tuple[str, ...]:
        return self.local.labels

    @property
    def predicted(self) -> Any:
        """The sum of the parts, (m,)."""
        return self.parts.sum(axis=1)

    @cached_property
    def actual(self) -> Any:
        """What f really changes by, (m,); nan where f is not defined after the step."""
        return self.local.values(self.local.point.flat + self.steps)[0] - self.local.value_flat

    @property
    def mismatch(self) -> Any:
        """actual - predicted, (m,)."""
        return self.actual - self.predicted

    @cached_property
    def bend(self) -> Any:
        """What the second derivatives explain of the mismatch: 1/2 dx'H dx, (m,)."""
        return np.einsum("mij,i,j->m", self.local.hessians, self.steps, self.steps) / 2

    @property
    def largest(self) -> str:
        """The name of the input that moved the output most."""
        return self.labels[int(np.abs(self.parts).max(axis=0).argmax())]

    @property
    def shares(self) -> Any:
        """The part of each input in the sum of the sizes of all parts, (n,)."""
        size = norms(self.parts.T)
        return size / size.sum() if size.sum() else size

    def rows(self) -> list[tuple[str, Any, float, Any]]:
        """(name, derivative, step, part) for each component that moves, the largest part first where there are many."""
        order = np.flatnonzero(self.steps)
        if len(order) > _ROWS:
            order = order[np.argsort(-np.abs(self.parts[:, order]).max(axis=0), kind="stable")][:_ROWS]
        return [(self.labels[i], _one(self.derivatives[:, i]), float(self.steps[i]), _one(self.parts[:, i]))
                for i in order]  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        return {
            "rows": [{"input": n, "derivative": _plain(d), "step": s, "part": _plain(p)} for n, d, s, p in self.rows()],
            "predicted": _plain(_one(self.predicted)), "actual": _plain(_one(self.actual)),
            "mismatch": _plain(_one(self.mismatch)),
        }  # fmt: skip

    def __str__(self) -> str:
        rows = [("input", "derivative", "step", "part")]
        rows += [(n, array(d), number(s), array(p)) for n, d, s, p in self.rows()]
        widths = [max(len(row[k]) for row in rows) for k in range(4)]
        lines = ["  ".join(cell.rjust(w) if k else cell.ljust(w) for k, (cell, w) in
                           enumerate(zip(row, widths, strict=True))).rstrip() for row in rows]  # fmt: skip
        left = int(np.count_nonzero(self.steps)) - len(rows) + 1
        lines += [f"... and {left} smaller ones"] if left > 0 else []
        lines.append(f"sum of the parts {array(_one(self.predicted))}, change of f {array(_one(self.actual))}, "
                     f"left over {array(_one(self.mismatch))}")  # fmt: skip
        return "\n".join(lines)

    def card(self) -> Card:
        """What notebooks and rich show: the table."""
        cells = [("input", "derivative", "step", "part")]
        cells += [(n, array(d), number(s), array(p)) for n, d, s, p in self.rows()]
        rows = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in cells)
        last = str(self).splitlines()[-1]
        return Card(body=f"<table>{rows}</table>", notes=[("", last)])

    def __repr__(self) -> str:
        return f"<Contributions of {len(self.labels)} inputs, largest {self.largest}>"


class TwoMovements(Displayed):
    """Moving along a and then b, or along b and then a.

    Both orders end at the same value. What differs is what each movement seems to do: a changes f by one amount at x
    and by another after b. The difference, f(x+a+b) - f(x+a) - f(x+b) + f(x), is a'H b for small steps: of second
    order, so that small steps commute and their effects add.
    """

    def __init__(self, local: Local, a: Any, b: Any) -> None:
        self.local = local
        self.a, self.b = a, b

    @property
    def corners(self) -> Any:
        """x, x + a, x + b, x + a + b: (4, n)."""
        x = self.local.point.flat
        return np.array([x, x + self.a, x + self.b, x + self.a + self.b])

    @cached_property
    def values(self) -> Any:
        """f at the corners, (4,) for a scalar f, else (4, m)."""
        return self._at(1.0)

    def _at(self, t: float) -> Any:
        x = self.local.point.flat
        found = self.local.values(np.array([x, x + t * self.a, x + t * self.b, x + t * (self.a + self.b)]))
        return found[:, 0] if self.local.scalar else found

    @property
    def first_a(self) -> tuple[Any, Any]:
        """The change by a, then by b."""
        x, a, _, both = self.values
        return a - x, both - a

    @property
    def first_b(self) -> tuple[Any, Any]:
        """The change by b, then by a."""
        x, _, b, both = self.values
        return b - x, both - b

    @property
    def mismatch(self) -> Any:
        """How far the effect of a movement depends on the other one."""
        x, a, b, both = self.values
        return both - a - b + x

    @property
    def predicted_mismatch(self) -> Any:
        """a'H b."""
        return _one(np.einsum("mij,i,j->m", self.local.hessians, self.a, self.b))

    @property
    def planar(self) -> Any:
        """What the planar approximation says of the whole change: Df(x)[a] + Df(x)[b], the same in either order."""
        return _one(self.local.jacobian_matrix @ (self.a + self.b))

    def shrinking(self, count: int = 6) -> list[tuple[float, float]]:
        """(t, size of the mismatch) for the movements t*a and t*b, t = 1, 1/2, 1/4, ...: it falls as t^2."""
        out = []
        for k in range(count):
            x, a, b, both = self._at(0.5**k)
            out.append((0.5**k, norm(both - a - b + x)))
        return out

    def __str__(self) -> str:
        (a1, b1), (b2, a2) = self.first_a, self.first_b
        return "\n".join([
            f"a then b   {array(a1)} then {array(b1)}, together {array(a1 + b1)}",
            f"b then a   {array(b2)} then {array(a2)}, together {array(b2 + a2)}",
            f"mismatch   {array(self.mismatch)} (a'*H*b = {array(self.predicted_mismatch)}); "
            f"with half the steps {number(self.shrinking(2)[1][1])}",
        ])  # fmt: skip

    def card(self) -> Card:
        return Card(str(self))

    def __repr__(self) -> str:
        return f"<TwoMovements, mismatch {array(self.mismatch)}>"


def _one(value: Any) -> Any:
    """The number alone where f is scalar."""
    value = np.asarray(value)
    return float(value[0]) if value.shape == (1,) else value


def _plain(value: Any) -> Any:
    """For JSON, which has no nan."""
    value = np.asarray(value, dtype=float)
    return np.where(np.isfinite(value), value, None).tolist()
