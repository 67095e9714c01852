"""The functions of `functions` as generated code calls them: for NumPy, and as text for JAX and PyTorch."""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs
from __future__ import annotations

from frechet.core.lazy import np, scipy


def log1mexp(x):
    """log(1 - exp(x)) for x < 0 (M. Maechler, Accurately computing log(1 - exp(-|a|)), 2012)."""
    near = x > -0.6931471805599453
    return np.where(near, np.log(-np.expm1(np.where(near, x, -1))), np.log1p(-np.exp(np.where(near, -1, x))))


def sech2(x, out=None):
    """1 - tanh(x)^2."""
    e = np.abs(x, out=out)
    e *= -2
    e = np.exp(e, out=e if np.ndim(e) else None)
    below = e + 1
    below *= below
    e *= 4
    e /= below
    return e


def logcosh(x):
    """log(cosh(x))."""
    a = np.abs(x)
    s = np.sinh(np.minimum(a, 1) / 2)
    return np.where(a < 1, np.log1p(2 * s * s), a + np.log1p(np.exp(-2 * a)) - 0.6931471805599453)


def coshm1(x):
    """cosh(x) - 1."""
    s = np.sinh(x / 2)
    return 2 * s * s


def logerfc(x):
    """log(erfc(x)), erfc the tail of the error function."""
    far = x > 0
    right, left = np.where(far, x, 0), np.where(far, 0, x)
    return np.where(far, np.log(scipy.special.erfcx(right)) - right * right, np.log(scipy.special.erfc(left)))


def mills(x):
    """exp(-x^2) / erfc(x)."""
    far = x > 0
    right, left = np.where(far, x, 0), np.where(far, 0, x)
    return np.where(far, 1 / scipy.special.erfcx(right), np.exp(-left * left) / scipy.special.erfc(left))


def length(x):
    """norm2(x); scaled by the largest entry where the squares would overflow or underflow."""
    flat = x.ravel()
    square = flat @ flat
    limits = np.finfo(square.dtype)
    if limits.tiny / limits.eps < square < limits.max:
        return np.sqrt(square)
    top = np.abs(flat).max()
    scale = top if 0 < top < np.inf else 1
    return scale * np.sqrt(((flat / scale) ** 2).sum())


def inverse_length(x):
    """1 / norm2(x), and 0 where x is 0: the gradient there is the least of the subgradients."""
    norm = length(x)
    return 1 / norm if norm > 0 else 0 * norm


JAX = '''
def log1mexp(x):
    """log(1 - exp(x)) for x < 0 (M. Maechler, Accurately computing log(1 - exp(-|a|)), 2012)."""
    near = x > -0.6931471805599453
    one = jnp.ones_like(x)
    return jnp.where(near, jnp.log(-jnp.expm1(jnp.where(near, x, -one))), jnp.log1p(-jnp.exp(jnp.where(near, -one, x))))


def sech2(x):
    """1 - tanh(x)^2."""
    e = jnp.exp(-2 * jnp.abs(x))
    return 4 * e / ((1 + e) * (1 + e))


def logcosh(x):
    """log(cosh(x))."""
    a = jnp.abs(x)
    s = jnp.sinh(jnp.where(a < 1, a, jnp.zeros_like(a)) / 2)
    return jnp.where(a < 1, jnp.log1p(2 * s * s), a + jnp.log1p(jnp.exp(-2 * a)) - 0.6931471805599453)


def coshm1(x):
    """cosh(x) - 1."""
    s = jnp.sinh(x / 2)
    return 2 * s * s


def logerfc(x):
    """log(erfc(x)), erfc the tail of the error function."""
    return jax.scipy.special.log_ndtr(-1.4142135623730951 * x) + 0.6931471805599453


def mills(x):
    """exp(-x^2) / erfc(x); by its asymptotic series where x is large (DLMF 7.12.1)."""
    far = x > 10
    large, less = jnp.where(far, x, 10 * jnp.ones_like(x)), jnp.where(far, jnp.ones_like(x), x)
    series = jnp.ones_like(x)
    for k in range(12, 0, -1):
        series = 1 - (k - 0.5) * series / (large * large)
    return jnp.where(far, 1.772453850905516 * large / series, jnp.exp(-less * less - logerfc(less)))


def length(x):
    """norm2(x), scaled by the largest entry so that no square overflows."""
    top = jnp.abs(x).max()
    scale = jnp.where(top > 0, top, jnp.ones_like(top))
    return scale * jnp.sqrt(((x / scale) ** 2).sum())


def inverse_length(x):
    """1 / norm2(x), and 0 where x is 0: the gradient there is the least of the subgradients."""
    norm = length(x)
    return jnp.where(norm > 0, 1 / jnp.where(norm > 0, norm, jnp.ones_like(norm)), jnp.zeros_like(norm))
'''

TORCH = (
    JAX.replace("jax.scipy.special.log_ndtr", "torch.special.log_ndtr").replace("jnp.", "torch.")
    + '''

def hypot(x, y):
    """sqrt(x^2 + y^2)."""
    x, y = (a if torch.is_tensor(a) else torch.full_like(b, a) for a, b in ((x, y), (y, x)))
    return torch.hypot(x, y)
'''
)
