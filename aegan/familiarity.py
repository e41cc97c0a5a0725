"""How familiar a picture is to a model: compared with images of the model's own data that it was not trained on.

Two things give a foreign picture away. It is redrawn badly, which counts in proportion to its contrast, because a dull
picture is easily redrawn. Or its code is rare: it lies where the prior, fitted to the codes of the data, expects
nothing. Each is a percentile among the own images, and the higher one tells.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aegan.config import UserError
from aegan.data import Dataset, load_data
from aegan.history import fingerprint, write_atomic
from aegan.images import to_model
from aegan.model import AEGAN, WEIGHTS
from aegan.refine import squared_error

FAMILIARITY, FORMAT_VERSION, MAX_BYTES = "familiarity.json", 1, 100_000

LEVELS = np.linspace(0, 100, 201)  # percentiles that are kept: every half
MOST, BATCH_SIZE = 5000, 250  # images that are measured
FLOOR = 0.02  # added to a picture's variance, on the scale [-1, 1]: the error of an empty one is not divided by zero


@dataclass(frozen=True)
class Familiarity:
    """Percentiles (at LEVELS) of what images of the model's own data measure."""

    data: str  # title of the data set …
    split: str  # … and of its part
    images: int
    error: tuple[float, ...]  # squared error of the reconstruction by the picture's variance
    rarity: tuple[float, ...]  # -log density of the code, in nats; empty where no prior is fitted
    strangeness: tuple[float, ...]  # the higher percentile of the two


@dataclass(frozen=True)
class Judgement:
    """Where a picture stands among the model's own images: percentiles, 100 beyond all of them."""

    error: float
    rarity: float | None
    strangeness: float  # share of own images whose higher percentile is lower than this one's


@torch.no_grad()
def measure_familiarity(model: AEGAN, data: Dataset) -> Familiarity:
    """Measures the test part of a data set (after `hold_out`: its held-out part), at most 5,000 images of it.

    What tells foreign pictures best was chosen on held-out training images, by the share of 400 pictures of each other
    kind that lie beyond 99 % of the own ones. For the fashion model and digits, grey avatars and 160 photographs:
    squared error 24, 0 and 29 %; by variance 14, 10 and 86 %; |ε|² of the code 81, 11 and 44 %; its -log density 94,
    23 and 60 %; the higher percentile of error by variance and -log density 94, 21 and 96 %, and of its own garments
    0.5 %. The models of digits and avatars recognise everything foreign by the error alone. The discriminator was
    tried: it finds half of the grey avatars and hardly anything else.

    Raises:
        UserError: when the model has no encoder or knows points, or the data have another size.
    """
    m = model.config.model
    if m.is_points or (data.img_resolution, data.img_channels) != (m.img_resolution, m.img_channels):
        raise UserError(f"Familiarity needs a model of pictures and data of its size, but these are of {data.title}.")
    images = data.test[np.random.default_rng(0).permutation(len(data.test))[:MOST]]
    parts = [_measure(model, to_model(images[i : i + BATCH_SIZE])) for i in range(0, len(images), BATCH_SIZE)]
    error, rarity = (np.concatenate(column) for column in zip(*parts, strict=True))  # [N] each
    tables = {"error": _table(error), "rarity": _table(rarity) if model.config.objective.is_tied else ()}
    found = Familiarity(data.title, data.split, len(images), **tables, strangeness=())
    highest = np.array([_higher(*_place(found, e, r)) for e, r in zip(error, rarity, strict=True)])
    return dataclasses.replace(found, strangeness=_table(highest))


@torch.no_grad()
def judge_familiarity(found: Familiarity, model: AEGAN, x: Tensor) -> Judgement:
    """Where one picture [1, C, H, W] in [-1, 1] stands among the model's own."""
    error, rarity = (column.item() for column in _measure(model, x))
    error_place, rarity_place = _place(found, error, rarity)
    return Judgement(error_place, rarity_place, _percentile(_higher(error_place, rarity_place), found.strangeness))


def _measure(model: AEGAN, x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Error by variance, and -log density of the code (0 without a fitted prior), of images [N, C, H, W]: [N] each."""
    x = x.to(model.device)
    code = model.encode(x)
    error = squared_error(x, model.decode(code)) / (x.flatten(1).var(1, correction=0) + FLOOR)
    rarity = -model.prior.log_prob(code) if model.config.objective.is_tied else torch.zeros(len(x))
    return error.double().cpu().numpy(), rarity.double().cpu().numpy()


def _place(found: Familiarity, error: float, rarity: float) -> tuple[float, float | None]:
    return _percentile(error, found.error), _percentile(rarity, found.rarity) if found.rarity else None


def _higher(error: float, rarity: float | None) -> float:
    return error if rarity is None else max(error, rarity)


def _table(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(f"{value:.6g}") for value in np.percentile(values, LEVELS))


def _percentile(value: float, table: tuple[float, ...]) -> float:
    return float(np.interp(value, table, LEVELS)) if value <= table[-1] else 100.0


# -- on disk -----------------------------------------------------------------------------------------------------


def prepare_familiarity(folder: Path) -> Familiarity | None:
    """Measures a checkpoint on the test images of its own data that are here, and writes that beside its weights.

    Returns:
        What was written; None where there is nothing to write, for models without an encoder and of points.

    Raises:
        UserError: when the checkpoint or its data cannot be loaded, or the file cannot be written.
    """
    folder = Path(folder)
    model = AEGAN.from_pretrained(folder)
    m = model.config.model
    if model.encoder is None or m.is_points:
        return None
    data = load_data(str(model.info.get("data") or model.config.data), m.img_resolution, m.img_channels)
    found = measure_familiarity(model, data)
    save_familiarity(folder, found)
    return found


def save_familiarity(folder: Path, found: Familiarity) -> None:
    """Writes familiarity.json, which belongs to the weights that lie there now.

    Raises:
        UserError: if it cannot be written.
    """
    content = {"format_version": FORMAT_VERSION, "weights_sha256": fingerprint(Path(folder) / WEIGHTS)}
    text = json.dumps(content | dataclasses.asdict(found), allow_nan=False)
    write_atomic(Path(folder) / FAMILIARITY, (text + "\n").encode())


def load_familiarity(folder: Path) -> Familiarity | None:
    """Reads a checkpoint's table; None if it has no such file, or one of other weights.

    Raises:
        UserError: says what in the file is wrong.
    """
    path = Path(folder) / FAMILIARITY
    if not path.exists():
        return None
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UserError(f"{path} is too large for a table of familiarity.")
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path} cannot be read as JSON: delete it, or prepare the checkpoint anew.") from None
    if not isinstance(content, dict) or content.get("format_version") != FORMAT_VERSION:
        raise UserError(f"{path}: format_version must be {FORMAT_VERSION}.")
    for field in ("data", "split"):
        if not isinstance(content.get(field), str) or len(content[field]) > 200:
            raise UserError(f"{path}: {field} must be a short text.")
    if type(content.get("images")) is not int or not 1 <= content["images"] <= MOST:
        raise UserError(f"{path}: images must be a whole number from 1 to {MOST}.")
    tables: dict[str, Any] = {name: content.get(name) for name in ("error", "rarity", "strangeness")}
    for name, table in tables.items():
        if not _is_table(table) and not (name == "rarity" and table == []):
            raise UserError(f"{path}: {name} must be {len(LEVELS)} finite numbers that do not fall.")
    if content.get("weights_sha256") != fingerprint(Path(folder) / WEIGHTS):
        return None
    return Familiarity(
        content["data"], content["split"], content["images"], *(tuple(map(float, table)) for table in tables.values())
    )


def _is_table(values: Any) -> bool:
    if not isinstance(values, list) or len(values) != len(LEVELS):
        return False
    if not all(type(value) in (int, float) and abs(value) < 1e12 for value in values):  # not for NaN either
        return False
    return all(a <= b for a, b in zip(values, values[1:], strict=False))
