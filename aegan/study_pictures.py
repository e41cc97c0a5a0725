"""A study's products: its tables, distance against training time, and what each row makes of the same noise."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from aegan.data import Dataset
from aegan.history import write_atomic
from aegan.images import image_grid, to_model, to_uint8
from aegan.model import AEGAN
from aegan.provenance import SOFTWARE, png_notes
from aegan.runs import CHECKPOINT
from aegan.study_report import count_seeds
from aegan.study_tables import ablation_page, table_page

#: One colour per row, told apart by colour-blind people as well (Okabe and Ito 2008).
COLOURS = {
    "autoencoder": "#0072B2", "vae": "#56B4E9", "adversarial-ae": "#009E73", "gan": "#E69F00",
    "vae-gan": "#CC79A7", "seed": "#666666", "aegan": "#D55E00",
}  # fmt: skip
COLUMNS, POINTS = 12, 2000  # pictures of each kind and row, points of a scatter


PRODUCTS = ("results.json", "table.md", "curves.png", "samples.png")


def write_products(folder: Path, results: dict[str, Any], data: Dataset) -> None:
    """Writes results and tables, and as soon as there is a checkpoint the pictures, into the study's folder.

    Raises:
        UserError: if they cannot be written.
    """
    write_atomic(folder / "results.json", json.dumps(results, indent=1, allow_nan=False).encode())
    write_atomic(folder / "table.md", table_page(results).encode())
    if results["ablation"]:
        write_atomic(folder / "ablation.md", ablation_page(results).encode())
    checkpoints = {row["name"]: folder / f"{row['name']}-0" / CHECKPOINT for row in results["rows"] if "time" in row}
    models = {name: AEGAN.from_pretrained(path) for name, path in checkpoints.items() if path.is_dir()}
    if models:
        write_atomic(folder / "curves.png", curves(results))
        write_atomic(folder / "samples.png", sheet(results, models, data))


def curves(results: dict[str, Any]) -> bytes:
    """A PNG: FD of samples (of points, the share of good ones) against training time, a band from the lowest to the
    highest seed, every line named at its end."""
    figure = Figure(figsize=(8.2, 5), dpi=130, layout="constrained")
    axes = figure.add_subplot()
    are_points = results["are_points"]
    key = "modes/good_share" if are_points else "fd/samples"
    ends = []
    for row in results["rows"]:
        moments = [moment for moment in row["curve"] if key in moment["figures"]]
        if not moments:
            continue
        seconds = [moment["position"]["seconds"]["mean"] for moment in moments]
        mean, low, high = ([m["figures"][key][kind] for m in moments] for kind in ("mean", "min", "max"))
        colour, ours = COLOURS[row["name"]], row["name"] == "aegan"
        axes.fill_between(seconds, low, high, color=colour, alpha=0.16, linewidth=0)
        axes.plot(seconds, mean, color=colour, marker="o", linewidth=3 if ours else 1.6, markersize=5 if ours else 3)
        ends.append((mean[-1], seconds[-1], row["title"], colour, ours))
    floor = results["floor"].get("modes/good_share" if are_points else "fd/floor")
    if not are_points:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    real = "real points" if are_points else "real images"
    if floor is not None and ends and (are_points or floor > min(end[0] for end in ends) / 5):
        axes.axhline(floor, color="#333333", linewidth=1, linestyle=(0, (2, 3)))
        ends.append((floor, results["budget_seconds"], real, "#333333", False))
    elif floor is not None:  # so far below that a line would leave the curves no room
        note = f"{real}: {floor:.2g}"
        axes.text(0.99, 0.98, note, transform=axes.transAxes, ha="right", va="top", fontsize=9.5, color="#333333")
    axes.set_xlim(0, results["budget_seconds"] * 1.02)
    axes.set_xlabel(f"training time in seconds ({results['clock']})")
    title = "share of samples within 3 σ of a mode" if are_points else f"FD ({results['extractor']}) of samples"
    seeds = count_seeds(results["rows"])
    spread = ", one seed" if seeds == "1" else f", band: {seeds} seeds"
    axes.set_title(f"{results['data']['title']}: {title}{spread}", loc="left", fontsize=11)
    axes.grid(alpha=0.22)
    axes.spines[["top", "right"]].set_visible(False)
    _name_lines(axes, ends)
    return _png(figure, {"Software": SOFTWARE})


def _name_lines(axes: Axes, ends: Sequence[tuple[float, float, str, str, bool]]) -> None:
    """Names at the lines' ends, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    is_log = axes.get_yscale() == "log"

    def place(value: float) -> float:
        return math.log(value / low) / math.log(high / low) if is_log else (value - low) / (high - low)

    ordered = sorted(ends, key=lambda end: end[0])
    heights = [place(end[0]) for end in ordered]
    for _ in range(200):  # neighbours push each other apart
        for i in range(len(heights) - 1):
            overlap = 0.055 - (heights[i + 1] - heights[i])
            if overlap > 0:
                heights[i] -= overlap / 2
                heights[i + 1] += overlap / 2
    for (value, seconds, name, colour, ours), height in zip(ordered, heights, strict=True):
        axes.annotate(
            name, (seconds, value), (1.02, height), "data", "axes fraction", color=colour, va="center",
            fontsize=11 if ours else 9.5, fontweight="bold" if ours else "normal", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "alpha": 0.35, "linewidth": 0.8, "shrinkB": 4},
        )  # fmt: skip


def sheet(results: dict[str, Any], models: dict[str, AEGAN], data: Dataset) -> bytes:
    """A PNG with a strip of samples for each row, all from the same noise, and beside it reconstructions of the same
    test images by those that have an encoder; of points, a scatter for each row.

    Args:
        results: for titles and distances.
        models: by row, in the order of the strips.
        data: whose test part gives the originals.
    """
    if data.is_points:
        return _scatters(results, models, data)
    originals = data.test[np.linspace(0, len(data.test) - 1, COLUMNS).astype(int)]
    width = 0.42 if data.img_resolution <= 32 else 0.62  # inches of a picture
    shape = (2 * COLUMNS * width + 2.0, (len(models) + 1) * (width + 0.06) + 0.5)
    figure = Figure(figsize=shape, dpi=130)
    edges = {"left": 1.75 / shape[0], "right": 0.995, "top": 1 - 0.42 / shape[1], "bottom": 0.01}
    grid = figure.add_gridspec(len(models) + 1, 2, hspace=0.06, wspace=0.03, **edges)
    left, right = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1])
    _strip(left, data.test[np.linspace(1, len(data.test) - 2, COLUMNS).astype(int)])
    _strip(right, originals)
    left.set_title("samples, from the same noise in every row", fontsize=10, loc="left")
    right.set_title("test images, and what is left of them in each row", fontsize=10, loc="left")
    _label(left, "real images", "", "#333333")
    titles = {row["name"]: row for row in results["rows"]}
    for i, (name, model) in enumerate(models.items(), start=1):
        left = figure.add_subplot(grid[i, 0])
        noise = torch.randn(COLUMNS, model.config.model.z_dim, generator=torch.Generator().manual_seed(1))
        with torch.no_grad():
            _strip(left, to_uint8(model.sample(0, noise=noise)))
            right = figure.add_subplot(grid[i, 1])
            if model.encoder is not None:
                _strip(right, to_uint8(model.reconstruct(to_model(originals))))
            else:
                right.text(
                    0.01, 0.5, "no encoder, so nothing is reconstructed", va="center", color="#777777", fontsize=9
                )
                right.set_axis_off()
        distance = titles[name]["time"]["figures"].get("fd/samples")
        _label(left, titles[name]["title"], f"FD {distance['mean']:.2f}" if distance else "", COLOURS[name])
    return _png(figure, _made(f"samples and reconstructions by the models of a study on {data.title}"))


def _strip(axes: Axes, images: np.ndarray) -> None:
    strip = image_grid(images, columns=len(images), padding=1)
    axes.imshow(strip.squeeze(2) if strip.shape[2] == 1 else strip, cmap="gray", vmin=0, vmax=255, aspect="auto")
    axes.set_axis_off()


def _label(axes: Axes, title: str, note: str, colour: str) -> None:
    axes.text(-0.012, 0.62 if note else 0.5, title, transform=axes.transAxes, ha="right", va="center", fontsize=10,
              color=colour, fontweight="bold")  # fmt: skip
    axes.text(-0.012, 0.22, note, transform=axes.transAxes, ha="right", va="center", fontsize=8.5, color="#555555")


def _scatters(results: dict[str, Any], models: dict[str, AEGAN], data: Dataset) -> bytes:
    titles = {row["name"]: row for row in results["rows"]}
    panels = [("real points", "", data.test[:POINTS], "#333333")]
    for name, model in models.items():
        with torch.no_grad():
            samples = to_uint8(model.sample(POINTS, torch.Generator().manual_seed(1)))
        figures = titles[name]["time"]["figures"]
        note = f"{figures['modes/found']['mean']:g} modes, {figures['modes/good_share']['mean']:.0%} good"
        panels.append((titles[name]["title"], note, samples, COLOURS[name]))
    columns = min(4, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = Figure(figsize=(2.5 * columns, 2.8 * rows), dpi=130, layout="constrained")
    for i, (title, note, points, colour) in enumerate(panels, start=1):
        axes = figure.add_subplot(rows, columns, i)
        axes.scatter(points[:, 0], points[:, 1], s=2, color=colour, alpha=0.35, linewidths=0)
        axes.set(xlim=(-1.4, 1.4), ylim=(-1.4, 1.4), xticks=[], yticks=[], aspect="equal")
        axes.set_title(title, fontsize=10, color=colour, fontweight="bold")
        axes.set_xlabel(note, fontsize=9, color="#555555")
    return _png(figure, _made(f"points by the models of a study on {data.title}"))


def _made(what: str) -> dict[str, str]:
    """The notes of a picture that shows what models made."""
    words = f"AI-generated: {what}. No photographs: what is shown may not exist."
    return png_notes({"generated": True, "description": words, "software": SOFTWARE})


def _png(figure: Figure, notes: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata=notes)
    return buffer.getvalue()
