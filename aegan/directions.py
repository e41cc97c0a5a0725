"""Named directions in the noise: along one of them a digit slants, along another a face grows a beard.

Each carries what it was measured to do, beside what random directions do, and what else it moves.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aegan.attributes import ATTRIBUTES, has_attributes, measure_attributes
from aegan.config import UserError
from aegan.history import fingerprint, write_atomic
from aegan.images import to_uint8
from aegan.latent import main_axes
from aegan.model import AEGAN, WEIGHTS

DIRECTIONS, FORMAT_VERSION, MAX_BYTES, MAX_DIRECTIONS = "directions.json", 1, 1_000_000, 12

AXES, AXES_FILE = 8, "axes.json"  # main axes are without names; finding them takes seconds, so they are kept

SAMPLES = 4000  # images that directions are found in
PAIRS, REACH = 128, 1.5  # samples that an effect is measured on, each moved to ± so many standard deviations
RANDOM = 32  # random directions
CLEARLY = 1.5  # an effect counts if it is so many times the 95th percentile of random directions' …
LEAST = 0.25  # … and can be seen: a standard deviation of the attribute from one end of a slider, ±2 σ, to the other
BATCH_SIZE = 250


@dataclass(frozen=True)
class Direction:
    """A unit vector in the noise ε along which an attribute grows. Effects are per standard deviation of ε."""

    name: str
    low: str  # what − is called
    high: str  # what + is called
    vector: tuple[float, ...]  # [z_dim], at right angles to every other direction's
    effect: float  # mean growth of the attribute, in its own standard deviations among samples
    deviation: float  # one of these, in the attribute's own unit
    plain_effect: float  # effect of the vector before it was made orthogonal
    random_effect: float  # mean size of the effect of random directions …
    random_high: float  # … and their 95th percentile
    entanglement: dict[str, float]  # other direction -> this one's effect on its attribute, as a share of its own


@torch.no_grad()
def find_directions(model: AEGAN, seed: int = 0) -> list[Direction]:
    """Finds a direction for each attribute of the model's data that the model has one for.

    It is the normal of the best linear prediction of the attribute from the noise of generated images, which is also
    the mean of its gradient (Stein's lemma), so that every kind of model has it. The usual normals and differences of
    class means of encoded training images (InterFaceGAN, Shen et al. 2020, arXiv:2005.09635) were tried beside it: they
    came within 0.05 of its effect on digits and garments, but on a half-trained model of avatars to 0.42 against 0.66
    for the colour of the hair and 0.29 against 0.71 for a bun, and had no direction for an open mouth.

    Then all are made orthogonal together, changing them as little as possible (Löwdin 1950), so that a slider leaves
    the others where they are. That costs at most 0.10 of an effect, and mean entanglement falls from 0.10 to 0.05
    (digits), 0.17 to 0.09 (garments) and 0.09 to 0.06 (these avatars).

    Args:
        model: in eval mode.
        seed: of all that is drawn.

    Returns:
        Those whose effect is seen, and clearly above that of random directions, in the order of `ATTRIBUTES`.

    Raises:
        UserError: if no attributes are known for the data, or the model generates nothing.
    """
    data, m = model.config.data, model.config.model
    if not has_attributes(data, m.img_resolution, m.img_channels):
        known = ", ".join(ATTRIBUTES)
        raise UserError(f"Directions have names for {known} in their own size, and this model's data are others.")
    rng = torch.Generator().manual_seed(seed)
    noise, pairs, random = (torch.randn(n, m.z_dim, generator=rng).double().numpy() for n in (SAMPLES, PAIRS, RANDOM))
    values = _measure(model, noise)  # [SAMPLES, A]
    told = [i for i, column in enumerate(values.T) if np.isfinite(column).sum() > 2 * m.z_dim and np.nanstd(column) > 0]
    if not told:
        return []
    names, values = np.array(list(ATTRIBUTES[data]))[told], values[:, told]
    deviation = np.nanstd(values, axis=0)

    def effects(vectors: np.ndarray) -> np.ndarray:
        """[D, z_dim] -> [D, A] in standard deviations; NaN where nothing can be told."""
        return _shifts(model, vectors, pairs)[:, told] / deviation

    by_chance = np.abs(effects(random / np.linalg.norm(random, axis=1, keepdims=True)))  # [RANDOM, A]
    by_chance[:, np.isnan(by_chance).all(0)] = np.inf  # nothing can be clear of what was never told
    vectors = np.stack([_normal(noise, column) for column in values.T])  # [A, z_dim]
    high, plain = np.nanquantile(by_chance, 0.95, axis=0), np.diagonal(effects(vectors))
    least = np.maximum(CLEARLY * high, LEAST)
    strongest = np.argsort(-plain / high)[: min(m.z_dim, MAX_DIRECTIONS)]
    kept = np.sort(strongest[plain[strongest] > least[strongest]])
    vectors = _orthogonal(vectors[kept])
    moved = effects(vectors)[:, kept]  # [direction, attribute]
    own = np.diagonal(moved)
    clear = np.flatnonzero(own > least[kept])
    found = []
    for i, k in zip(clear, kept[clear], strict=True):
        shares = {str(names[kept[j]]): float(moved[i, j] / own[j]) for j in clear if j != i}
        found.append(
            Direction(
                str(names[k]), *ATTRIBUTES[data][names[k]], tuple(vectors[i].round(5).tolist()), float(own[i]),
                float(deviation[k]), float(plain[k]), float(np.nanmean(by_chance[:, k])), float(high[k]),
                {name: share for name, share in shares.items() if math.isfinite(share)},
            )
        )  # fmt: skip
    return found


def _normal(noise: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Unit normal [z_dim] of the ridge regression of values [N] on noise [N, z_dim], where there are values."""
    told, penalty = np.isfinite(values), noise.shape[1] * np.eye(noise.shape[1])
    x, y = noise[told] - noise[told].mean(0), values[told] - values[told].mean()
    normal = np.linalg.solve(x.T @ x + penalty, x.T @ y)
    return normal / max(np.linalg.norm(normal), 1e-12)


def _orthogonal(vectors: np.ndarray) -> np.ndarray:
    """The orthonormal [D, z_dim] that are nearest to vectors [D, z_dim], none of which comes before another."""
    left, _, right = np.linalg.svd(vectors, full_matrices=False)
    return left @ right


def _shifts(model: AEGAN, vectors: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Mean growth [D, A] of attributes per unit along vectors [D, z_dim], of samples moved from -REACH to REACH."""
    shifts = np.empty((len(vectors), len(ATTRIBUTES[model.config.data])))
    for row, vector in zip(shifts, vectors, strict=True):
        rest = noise - np.outer(noise @ vector, vector)
        low, high = (_measure(model, rest + end * vector) for end in (-REACH, REACH))
        both = np.isfinite(low) & np.isfinite(high)  # a sleeve that is there at both ends
        grown = np.where(both, high - low, 0).sum(0) / both.sum(0).clip(1)
        row[:] = np.where(both.sum(0) < PAIRS // 16, np.nan, grown / (2 * REACH))
    return shifts


def _measure(model: AEGAN, noise: np.ndarray) -> np.ndarray:
    """Attributes [N, A] of the images at noise [N, z_dim]."""
    parts = []
    for start in range(0, len(noise), BATCH_SIZE):
        part = torch.from_numpy(noise[start : start + BATCH_SIZE]).float().to(model.device)
        parts.append(measure_attributes(to_uint8(model.sample(0, noise=part)), model.config.data, model.device))
    return np.concatenate(parts)


# -- on disk -----------------------------------------------------------------------------------------------------


def describe_directions(directions: list[Direction], facts: dict[str, Any]) -> dict[str, Any]:
    """Plain JSON of directions and how they were found, with further facts (commit, seed, …)."""
    counts = {"samples": SAMPLES, "pairs": PAIRS, "reach": REACH, "random": RANDOM}
    entries = [dataclasses.asdict(direction) for direction in directions]
    return {"format_version": FORMAT_VERSION, **facts, **counts, "directions": entries}


def save_directions(folder: Path, directions: list[Direction], facts: dict[str, Any]) -> None:
    """Writes what `describe_directions` gives as directions.json.

    Raises:
        UserError: if it cannot be written.
    """
    content = json.dumps(describe_directions(directions, facts), allow_nan=False)
    write_atomic(Path(folder) / DIRECTIONS, (content + "\n").encode())


def load_directions(folder: Path, z_dim: int) -> list[Direction]:
    """Reads the directions of a checkpoint; none if it has no such file.

    Raises:
        UserError: says what in the file is wrong.
    """
    path = Path(folder) / DIRECTIONS
    if not path.exists():
        return []
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{path} is too large for directions.")
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path} cannot be read as JSON: delete it, or find the directions anew.") from None
    if not isinstance(content, dict) or content.get("format_version") != FORMAT_VERSION:
        raise UserError(f"{path}: format_version must be {FORMAT_VERSION}.")
    entries = content.get("directions")
    if not isinstance(entries, list) or len(entries) > MAX_DIRECTIONS:
        raise UserError(f"{path}: directions must be a list of at most {MAX_DIRECTIONS}.")
    found = [_parse(entry, z_dim, f"{path}: directions[{i}]") for i, entry in enumerate(entries)]
    names = [direction.name for direction in found]
    if len(set(names)) < len(names):
        raise UserError(f"{path}: {max(names, key=names.count)} stands there twice.")
    return found


def _parse(entry: Any, z_dim: int, place: str) -> Direction:
    fields = [f.name for f in dataclasses.fields(Direction)]
    if not isinstance(entry, dict) or sorted(entry) != sorted(fields):
        raise UserError(f"{place} must be an object with {', '.join(fields)}.")
    for field in ("name", "low", "high"):
        if not _is_word(entry[field]):
            raise UserError(f"{place}.{field} must be a short word.")
    vector, others = entry["vector"], entry["entanglement"]
    if not isinstance(vector, list) or len(vector) != z_dim or not all(map(_is_number, vector)):
        raise UserError(f"{place}.vector must be {z_dim} finite numbers.")
    if abs(math.hypot(*vector) - 1) > 1e-3:
        raise UserError(f"{place}.vector must be of length 1.")
    if not isinstance(others, dict) or not all(_is_word(k) and _is_number(v) for k, v in others.items()):
        raise UserError(f"{place}.entanglement must be finite numbers by name.")
    for field in ("effect", "deviation", "plain_effect", "random_effect", "random_high"):
        if not _is_number(entry[field]):
            raise UserError(f"{place}.{field} must be a finite number.")
    return Direction(**{**entry, "vector": tuple(map(float, vector))})


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[\w -]{1,40}", value) is not None


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e9  # not for NaN either


# -- main axes, which have no names --------------------------------------------------------------------------------


def save_axes(folder: Path, model: AEGAN) -> None:
    """Finds a checkpoint's main axes and writes them beside its weights.

    Raises:
        UserError: if they cannot be written.
    """
    axes = main_axes(model, min(AXES, model.config.model.z_dim))
    content = {"format_version": 1, "weights_sha256": fingerprint(folder / WEIGHTS), "axes": axes.cpu().tolist()}
    write_atomic(folder / AXES_FILE, (json.dumps(content) + "\n").encode())


def load_axes(folder: Path, model: AEGAN) -> Tensor:
    """A checkpoint's main axes [n, z_dim]: as they were kept, or found now where they were not, or of other weights."""
    shape = (min(AXES, model.config.model.z_dim), model.config.model.z_dim)
    try:
        path = folder / AXES_FILE
        content = json.loads(path.read_text("utf-8")) if path.stat().st_size < 200_000 else {}
        axes = torch.tensor(content["axes"], dtype=torch.float32)
        is_sound = axes.shape == shape and torch.allclose(axes @ axes.T, torch.eye(shape[0]), atol=1e-3)
        if is_sound and content["weights_sha256"] == fingerprint(folder / WEIGHTS):
            return axes.to(model.device)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    return main_axes(model, shape[0])
