"""Number literals and arithmetic of literals: exact while small, never larger than a double can hold."""

from __future__ import annotations

import math
from fractions import Fraction

from frechet.core.errors import Span, problem

MAX_DIGITS = 400
LARGEST = Fraction(2) ** 1024
SMALLEST = Fraction(1, 2**1074)
EXACT_BITS = 2048
"""Fractions with more bits go on as floats: a sum of many odd denominators would grow without end."""

Value = Fraction | float


def read_number(text: str, span: Span) -> Fraction:
    """The exact value of a literal; E401 if a double cannot hold it. Never computes a huge power of ten."""
    mantissa, _, exponent = text.lower().partition("e")
    digits = mantissa.replace(".", "").lstrip("0")
    if len(digits) > MAX_DIGITS or len(exponent.lstrip("+-0")) > 4:
        raise problem("E401", "This number is beyond double precision.", span)
    value = Fraction(mantissa.rstrip(".") or "0")
    if exponent and value:
        power = int(exponent)
        if not -2 * MAX_DIGITS - 400 < power < 2 * MAX_DIGITS + 400:
            raise problem("E401", "This number is beyond double precision.", span)
        value *= Fraction(10) ** power
    return Fraction(_checked(value, span))


def _checked(value: Value, span: Span | None) -> Value:
    """`value`, if a double can hold it; as a float where the exact fraction became too long to carry on."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise problem("E401", "This number is beyond double precision.", span)
        return value
    if abs(value) >= LARGEST or 0 < abs(value) < SMALLEST:
        raise problem("E401", "This number is beyond double precision.", span)
    long = value.numerator.bit_length() + value.denominator.bit_length() > EXACT_BITS
    return float(value) if long else value


def combine(kind: str, a: Value, b: Value, span: Span | None) -> Value:
    """The value of `a kind b` for two literals; E400 where it does not exist."""
    if kind in ("div", "dotdiv"):
        if b == 0:
            raise problem("E400", "Division by zero.", span)
        return _checked(a / b, span)
    if kind in ("pow", "dotpow"):
        return _checked(_power(a, b, span), span)
    plain = {"add": a + b, "dotadd": a + b, "sub": a - b, "dotsub": a - b}
    return _checked(plain[kind] if kind in plain else a * b, span)


def _power(a: Value, b: Value, span: Span | None) -> Value:
    """a ^ b: exact for a small result, else by logarithms, so that no power tower is ever multiplied out."""
    if a == 0 and b < 0:
        raise problem("E400", "Zero to a negative power.", span)
    whole = isinstance(b, Fraction) and b.denominator == 1
    if a < 0 and not whole:
        raise problem("E400", "A negative number to a fractional power is not real.", span)
    if a == 0 or b == 0:
        return Fraction(int(b == 0))
    size = abs(float(b)) * abs(math.log2(abs(float(a))))
    if size > 1100:
        raise problem("E401", "This number is beyond double precision.", span)
    if isinstance(a, Fraction) and isinstance(b, Fraction) and whole and _bits(a) * abs(b) <= EXACT_BITS:
        return a ** int(b)
    sign = -1.0 if a < 0 and isinstance(b, Fraction) and b.numerator % 2 else 1.0
    return float(sign * abs(float(a)) ** float(b))


def _bits(a: Fraction) -> int:
    return a.numerator.bit_length() + a.denominator.bit_length()
