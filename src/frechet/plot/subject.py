"""What a picture is of: a function around a point, with NaN for what is not there and words for what is."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from frechet.core.errors import FrechetError, problem
from frechet.core.lazy import np
from frechet.local.around import Local
from frechet.plot.words import latex_title, math_label, plain_label, vector

LONGEST_NAME = 80
MANY = 60  # components beyond which no whole Hessian is made for a picture of two of them


class Subject:
    """`local` as the pictures need it: values (k,) at many points, derivatives that are NaN where there are none."""

    def __init__(self, local: Local) -> None:
        self.local, self.source = local, local.source
        self.x, self.labels = local.point.flat, local.labels
        self.f0 = local.value_flat

    @property
    def size(self) -> int:
        return int(self.x.size)

    def need_scalar(self, kind: str) -> None:
        """Raises E501 unless f is scalar."""
        if self.f0.size != 1:
            raise problem("E501", f"The picture {kind!r} needs a scalar function; this one has {self.f0.size} entries.",
                          help="Plot one entry, or use the kind jacobian, grid or heat.")  # fmt: skip

    def need_components(self, kind: str, least: int = 2) -> None:
        """Raises E505 unless at least so many components move."""
        if self.size < least:
            raise problem("E505", f"The picture {kind!r} needs {least} moving components; here there is {self.size}.",
                          help="A function of one number is shown by the kind slice, error or delta.")  # fmt: skip

    def values(self, points: Any) -> Any:
        """f, scalar, at points (k, n): (k,), NaN where it is not defined."""
        return self.local.values(points)[:, 0]

    @cached_property
    def gradient(self) -> Any:
        """The gradient of a scalar f at x, (n,); NaN where there is none."""
        try:
            return self.local.gradient_flat
        except FrechetError:
            return np.full(self.size, np.nan)

    def gradients(self, points: Any) -> Any:
        """The gradients at points (k, n): (k, n), NaN where there is none."""
        return self.local.gradients(points)

    @cached_property
    def hessian(self) -> Any:
        """The Hessian at x, symmetric (n, n); NaN where there is none."""
        try:
            value = self.local.hessian_matrix
        except FrechetError:
            return np.full((self.size, self.size), np.nan)
        return (value + value.T) / 2

    def bend(self, u: Any, v: Any) -> Any:
        """The Hessian in the plane of two directions, symmetric (2, 2); NaN where there is none. In many dimensions
        from second derivatives along u, v and u + v, without the whole matrix."""
        pair = np.array([u, v])
        if self.size <= MANY:
            return pair @ self.hessian @ pair.T
        uu, vv, both = (self._second(d) for d in (u, v, u + v))
        return np.array([[uu, (both - uu - vv) / 2], [(both - uu - vv) / 2, vv]])

    def need_bend(self, u: Any, v: Any) -> Any:
        """The Hessian in the plane; raises E400 where there is none."""
        found = self.bend(u, v)
        if not np.isfinite(found).all():
            raise problem("E400", f"There is no Hessian at {self.where}.", help="Choose another point.")
        return found

    def _second(self, v: Any) -> float:
        try:
            found = self.source.along(self.x, v, 2)
        except FrechetError:
            return float("nan")
        return float(np.ravel(found.value)[0]) if found.ok and self.local.smooth else float("nan")

    @property
    def smooth(self) -> bool:
        """Whether f has a tangent plane at x: differentiable in the sense of Frechet, so far as values can show."""
        return bool(self.local.smooth and np.isfinite(self.gradient).all())

    def need_smooth(self) -> Any:
        """The gradient; raises E400 where f has no tangent plane."""
        if not self.smooth:
            raise problem("E400", f"There is no tangent plane at {self.where}: f is not differentiable there.",
                          help="The kind polar shows one-sided derivatives in all directions.")  # fmt: skip
        return self.gradient

    def need_gradient(self) -> Any:
        """The gradient; raises E400 where f is not differentiable."""
        if not np.isfinite(self.gradient).all():
            raise problem("E400", f"There is no gradient at {self.where}.",
                          help="The kind polar shows one-sided derivatives in all directions.")  # fmt: skip
        return self.gradient

    def need_hessian(self) -> Any:
        """The Hessian; raises E400 where there is none."""
        if not np.isfinite(self.hessian).all():
            raise problem("E400", f"There is no Hessian at {self.where}.", help="Choose another point.")
        return self.hessian

    @property
    def where(self) -> str:
        """The point in words: `(x₁, x₂) = (1, 2)`."""
        if self.size > 4:
            return f"the given point of {self.size} components"
        names = [plain_label(label) for label in self.labels]
        if self.size == 1:
            return f"{names[0]} = {vector(self.x)[1:-1]}"
        return f"({', '.join(names)}) = {vector(self.x)}"

    @property
    def name(self) -> str:
        """What the function is called in a description."""
        return self.local.title if len(self.local.title) <= LONGEST_NAME else "f"

    @cached_property
    def title(self) -> str:
        """The formula in LaTeX; the rows of a stacked one side by side. Empty for a Python function."""
        function = getattr(getattr(self.source, "source", self.source), "function", None)
        return latex_title(function.tree) if function is not None else ""

    def math(self, i: int) -> str:
        """The name of a component in mathtext, without dollar signs."""
        return math_label(self.labels[i])
