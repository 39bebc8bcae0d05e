"""Branin and Hartmann6: smooth functions that optimisers are commonly measured on."""

import math

from quality.asking import Problem

from sparktune.trial import Params

A = (
    (10, 3, 17, 3.5, 1.7, 8),
    (0.05, 10, 17, 0.1, 8, 14),
    (3, 3.5, 1.7, 10, 17, 8),
    (17, 8, 0.05, 10, 0.1, 14),
)
P = (
    (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886),
    (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
    (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650),
    (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
)


def branin(params: Params) -> float:
    x, y = params["x"], params["y"]
    bend = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return bend**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann6(params: Params) -> float:
    point = [params[f"x{axis}"] for axis in range(6)]
    distances = (
        sum(a * (x - p) ** 2 for a, x, p in zip(row, point, peak, strict=True))
        for row, peak in zip(A, P, strict=True)
    )
    return -sum(
        height * math.exp(-distance) for height, distance in zip((1.0, 1.2, 3.0, 3.2), distances, strict=True)
    )


FUNCTIONS = (
    Problem(
        "Branin",
        branin,
        {"x": {"low": -5.0, "high": 10.0}, "y": {"low": 0.0, "high": 15.0}},
        least=0.397887,
        bar=0.06,
    ),
    Problem(
        "Hartmann6",
        hartmann6,
        {f"x{n}": {"low": 0.0, "high": 1.0} for n in range(6)},
        least=-3.32237,
        bar=0.22,
    ),
)
