"""Two-dimensional toy sets: small enough to see the whole distribution at once."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from aegan.config import UserError

_ANGLES = np.arange(8) * math.pi / 4
_GRID = np.linspace(-1, 1, 5)

#: Mixtures of Gaussians: centres [K, 2] and their standard deviation, as in PacGAN (arXiv:1712.04086, section 4.1):
#: ring of radius 1 and deviation 0.01; grid from -4 to 4 and deviation 0.05, here scaled by 1/4.
MIXTURES: dict[str, tuple[np.ndarray, float]] = {
    "ring": (np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1), 0.01),
    "grid": (np.stack(np.meshgrid(_GRID, _GRID, indexing="ij"), axis=-1).reshape(25, 2), 0.0125),
}

KINDS = ("ring", "grid", "moons", "spiral")
MIN_DRAWN, MAX_DRAWN = 8, 10_000


def make_points(kind: str, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draws from the toy distribution `kind`, one of KINDS.

    Returns:
        float32 [count, 2] in about [-1, 1], and int64 [count], the part that each point belongs to.
    """
    if kind in MIXTURES:
        centres, deviation = MIXTURES[kind]
        labels = rng.integers(len(centres), size=count)
        points = centres[labels]
    elif kind == "moons":
        deviation = 0.03
        labels = rng.integers(2, size=count)
        angle = rng.uniform(0, math.pi, count)
        upper = np.stack([np.cos(angle) - 0.5, np.sin(angle) - 0.25], axis=1) / 1.5
        points = np.where(labels[:, None] == 0, upper, -upper)  # the lower moon is the upper one, turned about 0
    else:
        deviation = 0.015
        labels = np.zeros(count, np.int64)
        share = np.sqrt(rng.uniform(0.01, 1, count))  # equally dense along the arm
        angle = share * 3 * math.pi
        points = np.stack([share * np.cos(angle), share * np.sin(angle)], axis=1)
    points = points + deviation * rng.standard_normal((count, 2))
    return points.astype(np.float32), labels.astype(np.int64)


def check_drawing(points: Sequence[Sequence[float]]) -> np.ndarray:
    """Points that someone drew, as float32 [N, 2].

    Points within [-1, 1] stay where they are; others are moved and scaled together until they fill that square.

    Raises:
        UserError: unless they are 8 to 10,000 pairs of finite numbers that are not all the same.
    """
    try:
        count = len(points)
        array = np.array(points, np.float64) if count <= MAX_DRAWN else np.empty(0)
    except (TypeError, ValueError, OverflowError):
        raise UserError("Drawn points must be a list of pairs of numbers [x, y].") from None
    if not MIN_DRAWN <= count <= MAX_DRAWN:
        raise UserError(f"Draw between {MIN_DRAWN} and {MAX_DRAWN:,} points, not {count:,}.")
    if array.shape != (count, 2) or not (np.abs(array) < 1e6).all():
        raise UserError("Drawn points must be a list of pairs of finite numbers [x, y].")
    low, high = array.min(axis=0), array.max(axis=0)
    if (high == low).all():
        raise UserError("All points lie on one spot: draw at least two different ones.")
    if np.abs(array).max() > 1:
        array = (array - (low + high) / 2) / ((high - low).max() / 2)
    return array.astype(np.float32)
