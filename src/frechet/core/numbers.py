"""Exact numbers: rational powers, kept within a size that can be computed with."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm

from frechet.core.errors import problem
from frechet.core.node import Number

MAX_BITS = 4096
TRIAL_LIMIT = 1000


def simple(value: Number) -> Number:
    """An int where it is one: ints are several times faster than Fractions."""
    return value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value


def divide(a: Number, b: Number) -> Number:
    return simple(Fraction(a) / Fraction(b))


def whole_power(base: Number, exponent: int) -> Number:
    """base ** exponent for an integer exponent, refused where the digits would be too many."""
    if base == 0 and exponent < 0:
        raise problem("E400", "zero to a negative power")
    if base in (1, -1):
        return base if exponent % 2 else 1
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if bits * abs(exponent) > MAX_BITS:
        raise problem("E401", "a number with too many digits", help="use floating-point values at evaluation")
    return simple(Fraction(base) ** exponent)


def _prime_powers(n: int) -> dict[int, int] | None:
    """Factors of n by trial division, None if a large part is left."""
    found: dict[int, int] = {}
    p = 2
    while p * p <= n and p < TRIAL_LIMIT:
        while n % p == 0:
            found[p] = found.get(p, 0) + 1
            n //= p
        p += 1
    if n > 1:
        if p * p <= n:
            return None
        found[n] = found.get(n, 0) + 1
    return found


def rational_power(base: Number, exponent: Number) -> tuple[Number, list[tuple[Number, Number]]]:
    """base ** exponent as a rational times powers of bases that cannot be taken exactly.

    12^(1/2) is 2 * 3^(1/2); a base too large to factor is kept whole.
    """
    if exponent == int(exponent):
        return whole_power(base, int(exponent)), []
    if base < 0:
        raise problem("E400", "a fractional power of a negative number")
    if base == 0:
        if exponent < 0:
            raise problem("E400", "zero to a negative power")
        return 0, []
    up, down = _prime_powers(base.numerator), _prime_powers(base.denominator)
    if up is None or down is None:
        return 1, [(base, exponent)]
    coef: Number = 1
    rest: list[tuple[Number, Number]] = []
    exponents = dict(up)
    for p, k in down.items():
        exponents[p] = exponents.get(p, 0) - k
    for p, k in sorted(exponents.items()):
        total = k * Fraction(exponent)
        whole = total.numerator // total.denominator
        coef = simple(Fraction(coef) * Fraction(whole_power(p, whole)))
        if total != whole:
            rest.append((p, total - whole))
    return coef, rest


def content(values: list[Number]) -> Number:
    """The positive rational gcd: dividing by it leaves integers without a common factor."""
    top, bottom = 0, 1
    for v in values:
        top = gcd(top, v.numerator)
        bottom = lcm(bottom, v.denominator)
    return simple(Fraction(top, bottom))
