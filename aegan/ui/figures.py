"""Results as what the page's scripts draw: pixels, PNG data URIs, scatters and curves, all as plain JSON values."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from aegan.events import Preview, Step
from aegan.images import encode_png, encode_webp, image_grid
from aegan.provenance import make_record, png_notes, to_xmp

CURVE_POINTS = 200  # records drawn of a run
SCATTER_POINTS = 500

#: Metric -> (text, actor whose colour it has, dash pattern). The order is that of the legend.
LOSSES: dict[str, tuple[str, str, str]] = {
    "loss/rec": ("line.rec", "encoder", ""),
    "loss/kl": ("line.kl", "encoder", "2 3"),
    "loss/cycle": ("line.cycle", "encoder", "6 3"),
    "loss/rec_fake": ("line.rec_fake", "encoder", "9 3 2 3"),
    "loss/adv_z": ("line.adv_z", "encoder", "1 4"),
    "loss/adv_g": ("line.adv_g", "generator", ""),
    "loss/adv_rec_g": ("line.adv_rec_g", "generator", "6 3"),
    "loss/d": ("line.d", "discriminator", ""),
    "loss/dz": ("line.dz", "latent", ""),
}
SCORES = {"score/real": ("line.real", "real", ""), "score/fake": ("line.fake", "generated", "")}

#: The error map's colours, dark to light, evenly spaced from no difference to ERROR_RANGE grey levels.
_ERROR_COLOURS = np.array([(0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9), (252, 255, 164)], np.float32)
ERROR_RANGE = 64


def picture(image: np.ndarray) -> dict[str, Any]:
    """One picture for a canvas.

    Args:
        image: uint8 [H, W, C] with C of 1 or 3, or one point [2].

    Returns:
        {"width", "height", "channels", "pixels": base64}, or {"points": [[x, y]]}.
    """
    if image.ndim == 1:
        return {"points": rounded(image[None])}
    height, width, channels = image.shape
    pixels = base64.b64encode(np.ascontiguousarray(image).tobytes()).decode()
    return {"width": width, "height": height, "channels": channels, "pixels": pixels}


def data_uri(image: np.ndarray, record: dict[str, Any] | None = None) -> str:
    """uint8 [H, W, C] as a PNG inside a URI: nothing is written to disk. A made picture carries its record."""
    notes = None if record is None else png_notes(record)
    return "data:image/png;base64," + base64.b64encode(encode_png(image, notes)).decode()


def to_uri(picture: dict[str, Any], record: dict[str, Any] | None = None) -> str:
    """A picture of `picture` as a PNG data URI."""
    return data_uri(to_array(picture), record)


def to_array(picture: dict[str, Any]) -> np.ndarray:
    """The inverse of `picture`, for images: uint8 [H, W, C]."""
    shape = (picture["height"], picture["width"], picture["channels"])
    return np.frombuffer(base64.b64decode(picture["pixels"]), np.uint8).reshape(shape)


def rounded(points: np.ndarray, digits: int = 3) -> list[list[float]]:
    """Points [N, 2] as short JSON."""
    return [[round(float(x), digits), round(float(y), digits)] for x, y in points]


def error_map(image: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Absolute difference of two uint8 [H, W, C], averaged over channels, as colours [H, W, 3] on a fixed scale."""
    difference = np.abs(image.astype(np.float32) - other).mean(axis=2) / ERROR_RANGE  # [H, W]
    place = difference.clip(0, 1) * (len(_ERROR_COLOURS) - 1)
    low = place.astype(int).clip(max=len(_ERROR_COLOURS) - 2)
    share = (place - low)[..., None]
    return (_ERROR_COLOURS[low] * (1 - share) + _ERROR_COLOURS[low + 1] * share).round().astype(np.uint8)


def pairs(originals: np.ndarray, others: np.ndarray, columns: int) -> np.ndarray:
    """Rows of originals, each row above the row of the others: uint8 [2N, H, W, C]."""
    rows = [part[i : i + columns] for i in range(0, len(originals), columns) for part in (originals, others)]
    return np.concatenate(rows)


def preview(shown: Preview, real: np.ndarray | None = None, data: str = "", model: str = "") -> dict[str, Any]:
    """A training preview: sheets of pictures, or scatters where the data are points (`real` [N, 2] behind them).

    `data` and `model` are the names that the sheets give for their maker. Colour sheets are lossy WebP, which is an
    eighth of the size and of the time: they are sent twice a second.
    """

    def sheet(images: np.ndarray, what: str, columns: int | None = None) -> dict[str, Any]:
        record, grid = make_record(what, shown.step, data, model), image_grid(images, columns, padding=1)
        if grid.shape[2] == 1:
            return {"image": data_uri(grid, record)}
        content = encode_webp(grid, to_xmp(record), quality=60, method=2)
        return {"image": "data:image/webp;base64," + base64.b64encode(content).decode()}

    has_pairs = shown.originals is not None and shown.reconstructions is not None
    if shown.samples.ndim == 2:
        groups = [("real", real), ("generated", shown.samples)]
        figures: dict[str, Any] = {"generated": _scatter(groups)}
        if has_pairs:
            groups = [("real", shown.originals), ("encoder", shown.reconstructions)]
            figures["reconstructions"] = _scatter(groups)
        return figures
    figures = {"generated": sheet(shown.samples, "samples during training")}
    if shown.originals is not None and shown.reconstructions is not None:
        both = pairs(shown.originals, shown.reconstructions, columns=4)
        figures["reconstructions"] = sheet(both, "test images, each above its reconstruction during training,", 4)
    return figures


def _scatter(groups: Sequence[tuple[str, np.ndarray | None]]) -> dict[str, Any]:
    return {"groups": [[actor, rounded(points[:SCATTER_POINTS])] for actor, points in groups if points is not None]}


def curves(history: Sequence[Step], metrics: dict[str, tuple[str, str, str]]) -> dict[str, Any]:
    """{"steps": […], "lines": [{"text", "actor", "dash", "values"}]}; None where a record lacks the metric."""
    every = max(1, -(-len(history) // CURVE_POINTS))
    kept = history[(len(history) - 1) % every :: every]  # the newest record is always among them
    lines = []
    for name, (text, actor, dash) in metrics.items():
        values = [short(step.metrics.get(name)) for step in kept]
        if any(value is not None for value in values):
            lines.append({"text": text, "actor": actor, "dash": dash, "values": values})
    return {"steps": [step.step for step in kept], "lines": lines}


def short(value: float | None) -> float | None:
    """Four digits; None for what is no number."""
    return None if value is None or not np.isfinite(value) else float(f"{value:.4g}")


def numbers(values: Iterable[float], digits: int = 3) -> list[float]:
    """Short JSON numbers."""
    return [round(float(value), digits) for value in values]
