"""What people look at, as PNG: sheets of samples and reconstructions, the curves of a training.

Every picture that a model made says so in its own metadata. Matplotlib draws without its global state.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from aegan.events import Step
from aegan.images import encode_png, image_grid, to_model, to_uint8
from aegan.model import AEGAN
from aegan.provenance import describe_picture, png_notes

#: One colour per actor, as on the page.
COLOURS = {
    "real": "#009E73",
    "fake": "#E69F00",
    "encoder": "#0072B2",
    "generator": "#D55E00",
    "discriminator": "#CC79A7",
    "latent discriminator": "#56B4E9",
    "prior": "#666666",
}

#: Metric -> (panel, name, actor, line style).
LINES = {
    "loss/rec": ("Autoencoder", "reconstruction", "encoder", "-"),
    "loss/kl": ("Autoencoder", "KL", "encoder", ":"),
    "loss/cycle": ("Autoencoder", "latent cycle", "encoder", "--"),
    "loss/rec_fake": ("Autoencoder", "reconstruction of generated", "encoder", "-."),
    "loss/adv_g": ("Adversaries", "G on G(z)", "generator", "-"),
    "loss/adv_rec_g": ("Adversaries", "G on G(E(x))", "generator", "--"),
    "loss/d": ("Adversaries", "D", "discriminator", "-"),
    "loss/adv_z": ("Adversaries", "E against Dz", "encoder", "-"),
    "loss/dz": ("Adversaries", "Dz", "latent discriminator", "-"),
    "score/real": ("D's scores", "real", "real", "-"),
    "score/fake": ("D's scores", "generated", "fake", "-"),
    "loss/prior": ("Prior", "negative log-likelihood per dimension", "prior", "-"),
}


def sample_sheet(model: AEGAN, n: int = 64, seed: int = 0) -> bytes:
    """A PNG of n samples in a grid; of 2-D points, a scatter."""
    rng = torch.Generator().manual_seed(seed)
    sizes = [min(250, n - start) for start in range(0, n, 250)]
    with torch.no_grad():
        samples = np.concatenate([to_uint8(model.sample(size, rng)) for size in sizes])
    picture = draw_points(samples) if model.config.model.is_points else image_grid(samples)
    return generated_png(picture, model, f"{n} samples", seed=seed)


def reconstruction_sheet(model: AEGAN, images: np.ndarray, name: str = "", scale: int = 1) -> tuple[bytes, np.ndarray]:
    """A PNG of images uint8 [N, H, W, C], each beside its reconstruction; and the reconstructions.

    `name` is the model's, for the note within; each pixel becomes a square of side `scale`.
    """
    with torch.no_grad():
        code = model.encode(to_model(images).to(model.device))
        reconstructions = to_uint8(model.decode(code))
    pairs = np.stack([images, reconstructions], axis=1).reshape(-1, *images.shape[1:])  # [2 N, H, W, C]
    grid = image_grid(pairs, columns=2 * math.ceil(math.sqrt(len(images) / 2)), scale=scale)
    return generated_png(grid, model, "images beside their reconstructions", name=name, code=code), reconstructions


def generated_png(picture: np.ndarray, model: AEGAN, what: str, **latent: Any) -> bytes:
    """A PNG that says by itself what it is, which model made it, and from which seed, noise or code (`latent`)."""
    return encode_png(picture, png_notes(describe_picture(model, what, **latent)))


def draw_points(points: np.ndarray, size: int = 512, half_width: float = 1.5) -> np.ndarray:
    """Points [N, 2] as uint8 [size, size, 1]: 2 x 2 pixels each, black on white; those outside are left out."""
    place = np.rint((points * (1, -1) / half_width + 1) / 2 * size).astype(int)  # [N, (x, y)], y downwards
    x, y = place[((place >= 1) & (place < size)).all(axis=1)].T
    picture = np.full((size, size, 1), 255, np.uint8)
    for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
        picture[y - dy, x - dx] = 0
    return picture


def training_curves(steps: Sequence[Step], points: int = 400) -> bytes:
    """A PNG with one panel per kind of metric that was recorded, over the images seen.

    Args:
        steps: the run's records; at least one.
        points: at most about so many records are drawn, each the mean of its neighbours.
    """
    size = max(1, len(steps) // points)
    groups = [steps[i : i + size] for i in range(0, len(steps), size)]
    panels = list(dict.fromkeys(LINES[key][0] for key in LINES if any(key in step.metrics for step in steps)))
    figure = Figure(figsize=(3.2 * max(len(panels), 1), 2.6), dpi=120, layout="constrained")
    for i, panel in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), i + 1, title=panel, xlabel="images seen")
        for key, (where, name, actor, style) in LINES.items():
            kept = [[s for s in group if key in s.metrics] for group in groups]
            drawn = [(group[-1].nimg, sum(s.metrics[key] for s in group) / len(group)) for group in kept if group]
            if where == panel and drawn:
                axes.plot(*zip(*drawn, strict=True), color=COLOURS[actor], linestyle=style, linewidth=1.2, label=name)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n / 1000:g}k" if n else "0"))
        axes.legend(fontsize="x-small", frameon=False)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()
