"""Functions of whole arrays at easy and at hard points: (formula, arrays)."""

from __future__ import annotations

from typing import Any

import numpy as np

RNG = np.random.default_rng(7)
SQUARE, TALL = RNG.normal(size=(5, 5)), RNG.normal(size=(6, 3))
GRAM = SQUARE @ SQUARE.T
WELL = GRAM + np.eye(5)
TURN = np.linalg.qr(SQUARE)[0]
ALIKE = TURN @ np.diag([1.0, 1.0, 1.0, -2.0, 3.0]) @ TURN.T
POINTS: list[tuple[str, dict[str, Any]]] = [
    ("expm(X)", {"X": SQUARE}), ("expm(X)", {"X": 9 * SQUARE}), ("expm(X)", {"X": np.zeros((3, 3))}),
    ("dexpm(X, E)", {"X": SQUARE, "E": GRAM}), ("dexpm(X, E, F)", {"X": SQUARE, "E": GRAM, "F": TURN}),
    ("sqrtm(X)", {"X": WELL}), ("sqrtm(X)", {"X": WELL + SQUARE / 9}), ("sqrtm(X)", {"X": GRAM * 1e8}),
    ("sqrtm(X)", {"X": np.diag([4.0, 0.0, 9.0])}),
    ("logm(X)", {"X": WELL}), ("logm(X)", {"X": WELL + SQUARE / 9}), ("dlogm(X, E)", {"X": WELL, "E": SQUARE}),
    ("pinv(X)", {"X": TALL}), ("pinv(X)", {"X": TALL.T}), ("pinv(X)", {"X": 1e200 * TALL}),
    ("pinv(X)", {"X": TALL @ TALL.T}),
    ("pinv(X)", {"X": np.zeros((3, 2))}), ("pinv(X)", {"X": np.array([[1.0, 2.0], [2.0, 4.0]])}),
    ("polar(X)", {"X": TALL}), ("polar(X)", {"X": TALL.T}), ("nuclear(X)", {"X": TALL @ TALL.T}),
    ("specnorm(X)", {"X": TALL}), ("singvals(X)", {"X": TALL}),
    ("eigmax(S)", {"S": SQUARE}), ("eigvals(S)", {"S": ALIKE}), ("eigvals(S)", {"S": GRAM * 1e150}),
    ("eigvec(S)", {"S": SQUARE}), ("eigvecs(S)", {"S": GRAM}), ("eigvecs(S)", {"S": np.diag([3.0, -1.0, 2.0])}),
    ("cofactor(X)", {"X": SQUARE}), ("cofactor(X)", {"X": SQUARE[:, :4] @ TURN[:4]}), ("max(x)", {"x": SQUARE[0]}),
    ("min(X)", {"X": SQUARE}),
    ("chol(S)", {"S": WELL}), ("mpower(X, p)", {"X": SQUARE, "p": 7.0}), ("mpower(X, p)", {"X": WELL, "p": -3.0}),
    ("dmpower(X, p, E)", {"X": SQUARE, "p": 4.0, "E": GRAM}),
    ("sylvester(A, B, C)", {"A": WELL, "B": TALL.T @ TALL, "C": RNG.normal(size=(5, 3))}),
    ("sylvester(A, B, C)", {"A": SQUARE, "B": RNG.normal(size=(3, 3)), "C": RNG.normal(size=(5, 3))}),
    ("reverse(x)", {"x": SQUARE[0]}), ("cumprod(x)", {"x": SQUARE[0]}), ("diagsums(G)", {"G": SQUARE}),
    ("diagmeans(G)", {"G": SQUARE}), ("conv(a, b)", {"a": SQUARE[0], "b": TALL[0]}),
    ("corr(a, b)", {"a": SQUARE[0], "b": TALL[0]}), ("kth(x, k)", {"x": SQUARE[0], "k": 2.0}),
    ("atkth(x, k)", {"x": np.array([3.0, 1.0, 3.0, 0.0]), "k": 3.0}),
]  # fmt: skip
