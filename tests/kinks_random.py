"""Random functions of one variable with kinks at 0, and whether they have a derivative there, by their slopes."""

from __future__ import annotations

import random

import numpy as np

import frechet as fr

UNARY = ("abs({0})", "relu({0})", "relu(-({0}))", "sign({0})", "sqrt(({0})^2)", "norm2({0})", "sin({0})", "exp({0})",
         "tanh({0})", "({0})^2", "({0})^3", "-({0})", "max({0}, 0)", "min({0}, 0)", "abs({0})^1.5")  # fmt: skip
BINARY = ("({0}) + ({1})", "({0}) - ({1})", "({0})*({1})", "({0})*({1})", "max({0}, {1})", "min({0}, {1})")


def expression(rng: random.Random, depth: int) -> str:
    if depth == 0:
        return rng.choice(("x", "x", "x", "2*x", "x^2"))
    if rng.random() < 0.6:
        return rng.choice(UNARY).format(expression(rng, depth - 1))
    return rng.choice(BINARY).format(expression(rng, depth - 1), expression(rng, rng.randrange(depth)))


def true_slope(f: fr.Function) -> float | None:
    """The derivative at 0, by slopes to both sides that settle; None where they do not meet."""
    with np.errstate(all="ignore"):
        middle = float(f.evaluate(x=0.0))
        right, left = (
            [(float(f.evaluate(x=side * t)) - middle) / (side * t) for t in (1e-5, 1e-7)] for side in (1, -1)
        )
    settled = all(abs(side[0] - side[1]) < 0.05 * (1 + abs(side[1])) for side in (right, left))
    return right[1] if settled and abs(right[1] - left[1]) < 0.01 * (1 + abs(right[1])) else None


def verdict(seed: int) -> tuple[str, str]:
    """right, wrong, cautious (a condition is stated though there is a derivative) or refused; and the formula."""
    text = expression(random.Random(seed), 3)
    try:
        f = fr.parse(text, variables={"x": []})
        d = f.gradient("x", verify=False)
    except fr.FrechetError:
        return "refused", text
    truth = true_slope(f)
    stated = bool(d.conditions) or bool(d.kinks)
    if truth is None:
        return ("right" if stated else "wrong"), text
    given = float(d.evaluate(x=0.0))
    if not stated:
        return ("right" if abs(given - truth) < 0.02 * (1 + abs(truth)) else "wrong"), text
    return "cautious", text
