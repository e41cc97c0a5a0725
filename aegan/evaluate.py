"""A model and a data set in, one flat table of figures out. Every figure says what it was measured on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aegan import metrics
from aegan.config import UserError
from aegan.data import Dataset
from aegan.features import extractor_for, features
from aegan.images import to_model, to_uint8
from aegan.model import AEGAN
from aegan.train import check_data

BATCH_SIZE = 250


def evaluate(model: AEGAN, data: Dataset, n: int = 10_000, seed: int = 0) -> dict[str, Any]:
    """Measures a model on the test part of a data set.

    Args:
        model: in eval mode.
        data: of the model's own resolution and channels.
        n: how many samples are generated.
        seed: of those samples and of the training images that give the floor.

    Returns:
        Plain JSON: `data`, `split`, `test_count`, `generated_count`, `seed`, `extractor` (None where there is none for
        this data), `missing` (a sentence for each figure that could not be measured) and, as far as the model has the
        networks for it,

        - `fd/samples`, `fd/midpoints` (noise halfway between two samples, at their mean norm) and
          `fd/reconstructions`: Fréchet distance to the test images in the extractor's features; `fd/floor`: that of
          as many training images, which no generator of the same size can be expected to beat;
        - `rec/psnr` in dB and `rec/ssim` of all test images; for points `rec/rms`, the root mean square distance;
        - for 2-D mixtures `modes/found` of `modes/total`, `modes/good_share` of the samples within three standard
          deviations of a mode, and `modes/good_share_floor`, the test points' own.

    Raises:
        UserError: if the data do not fit the model, or there is too little of them.
    """
    check_data(model.config, data)
    if not 2 <= n <= 1_000_000:
        raise UserError(f"Between 2 and 1,000,000 samples can be measured, not {n}.")
    if len(data.test) < 2:
        raise UserError(f"{data.title} has {len(data.test)} test images: at least two are needed.")
    figures: dict[str, Any] = {
        "data": data.name, "split": "test", "test_count": len(data.test), "generated_count": n, "seed": seed,
        "extractor": extractor_for(data.name, data.img_resolution, data.img_channels), "missing": [],
    }  # fmt: skip
    reconstructions = _reconstruct(model, data.test) if model.encoder is not None else None
    if reconstructions is None:
        figures["missing"].append("A model without an encoder reconstructs nothing: no figures of reconstructions.")
    if data.is_points:
        _measure_points(figures, model, data, reconstructions)
    else:
        _measure_images(figures, model, data, reconstructions)
    return figures


def _measure_images(figures: dict[str, Any], model: AEGAN, data: Dataset, reconstructions: np.ndarray | None) -> None:
    if reconstructions is not None:
        figures["rec/psnr"] = metrics.psnr(data.test, reconstructions)
        figures["rec/ssim"] = metrics.ssim(data.test, reconstructions)
    extractor, n, seed = figures["extractor"], figures["generated_count"], figures["seed"]
    if extractor is None:
        figures["generated_count"] = 0
        figures["missing"].append(f"There is no feature extractor for {data.title}: no Fréchet distances.")
        return
    wanted = features(data.test, extractor, model.device)

    def distance(images: np.ndarray) -> float:
        return metrics.frechet_distance(features(images, extractor, model.device), wanted)

    order = np.random.default_rng(seed).permutation(len(data.train))[:n]
    if len(order) >= 2:
        figures["fd/floor"] = distance(data.train[order])
    if reconstructions is not None:
        figures["fd/reconstructions"] = distance(reconstructions)
    if model.generator is None:
        figures["generated_count"] = 0
        figures["missing"].append("A model without a generator makes no samples: no Fréchet distance of samples.")
        return
    figures["fd/samples"] = distance(_generate(model, n, seed, lambda a, b: a))
    figures["fd/midpoints"] = distance(_generate(model, n, seed, midpoints))


def _measure_points(figures: dict[str, Any], model: AEGAN, data: Dataset, reconstructions: np.ndarray | None) -> None:
    if reconstructions is not None:
        squares = np.square(reconstructions.astype(np.float64) - data.test).sum(1)  # [N]
        figures["rec/rms"] = float(np.sqrt(squares.mean()))
    if data.modes is None or model.generator is None:
        figures["generated_count"] = 0
        figures["missing"].append("Modes are counted for samples of a mixture of Gaussians only.")
        return
    samples = _generate(model, figures["generated_count"], figures["seed"], lambda a, b: a)
    found, good = metrics.mode_coverage(samples, data.modes, data.mode_std)
    _, floor = metrics.mode_coverage(data.test, data.modes, data.mode_std)
    figures |= {"modes/found": found, "modes/total": len(data.modes)}
    figures |= {"modes/good_share": good, "modes/good_share_floor": floor}


def midpoints(a: Tensor, b: Tensor) -> Tensor:
    """Halfway between noise [N, z_dim] and [N, z_dim] on the sphere of their mean norm, where samples lie as well."""
    middle = a + b
    norm = (a.norm(dim=1, keepdim=True) + b.norm(dim=1, keepdim=True)) / 2
    return middle / middle.norm(dim=1, keepdim=True).clamp_min(1e-6) * norm


def _generate(model: AEGAN, n: int, seed: int, place: Callable[[Tensor, Tensor], Tensor]) -> np.ndarray:
    """n samples, uint8 [n, H, W, C] or points, at places made of two draws of noise each."""
    rng, parts = torch.Generator().manual_seed(seed), []
    with torch.no_grad():
        for start in range(0, n, BATCH_SIZE):
            count = min(BATCH_SIZE, n - start)
            a, b = torch.randn(2, count, model.config.model.z_dim, generator=rng).to(model.device)
            parts.append(to_uint8(model.sample(count, noise=place(a, b))))
    return np.concatenate(parts)


def _reconstruct(model: AEGAN, images: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return np.concatenate(
            [
                to_uint8(model.reconstruct(to_model(images[start : start + BATCH_SIZE]).to(model.device)))
                for start in range(0, len(images), BATCH_SIZE)
            ]
        )
