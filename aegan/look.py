"""What is seen of a run while it trains: pictures, D's scores, the cloud of codes, figures of a small sample.

None of it touches the run: no randomness of its own is drawn, no network changes, not even the buffers of D's spectral
norm. Every look at a run is at the same test images and the same noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property

import numpy as np
import torch
import torch.nn as nn
from torch import Tensor

from aegan import metrics, neighbours
from aegan.classifier import in_batches
from aegan.data import Dataset
from aegan.events import SCORE_BINS, Look, Metric, Preview
from aegan.features import LITE0, extractor_for, features
from aegan.images import to_model, to_uint8
from aegan.prior import MixturePrior
from aegan.state import TrainState
from aegan.step import adversarial_ramp, autocast

PREVIEW_SAMPLES, PREVIEW_RECONSTRUCTIONS, PREVIEW_POINTS = 64, 16, 1000

# A look takes half as long as a training step at 28 pixels, and a measurement as long as one and a half.
LOOK_CODES, LOOK_SCORES = 256, 80  # test images whose codes are shown; pictures of each kind that D judges
GAUGE_SAMPLES, GAUGE_PAIRS = 1000, 100  # compared with test images; reconstructed from each part of the data
GAUGE_LITE0_SAMPLES = 200  # EfficientNet-Lite0 takes thirty times as long as a small classifier
BATCH = 50  # images at once: as quick as more of them, and the widest model at 128 pixels stays under 1 GB


class Previews:
    """Pictures of the averaged model: always the same noise, always the same test images."""

    def __init__(self, state: TrainState, data: Dataset) -> None:
        model = state.config.model
        samples, originals = PREVIEW_SAMPLES, PREVIEW_RECONSTRUCTIONS
        if model.is_points:
            samples, originals = PREVIEW_POINTS, PREVIEW_POINTS // 2
        self.state, self.count = state, samples
        self.originals = np.ascontiguousarray(data.test[:originals])
        self.x = to_model(torch.from_numpy(self.originals)).to(state.device)

    @torch.no_grad()
    def take(self) -> Preview:
        state, ema = self.state, self.state.ema
        latents = _latents(state, self.count)
        with autocast(state):  # twice as fast, and a pixel differs by 0.15 grey levels on average
            x_rec = ema.reconstruct(self.x) if ema.encoder is not None else None
            samples = to_uint8(ema.generate(latents) if ema.generator is not None else ema.decode(latents))
        originals = self.originals if x_rec is not None else None
        reconstructions = to_uint8(x_rec) if x_rec is not None else None
        return Preview(state.step, state.nimg, state.seconds, samples, originals, reconstructions)


class Looks:
    """How D judges, and where codes lie.

    D judges as it stands, without the disturbances of training; E and G are the averaged ones, whose pictures are the
    ones that people see. Codes are shown in their first two coordinates: they stay what they are from the first step
    to the last, they are the first two raw sliders of the finished model, and unlike a random direction, in which sums
    over many dimensions look Gaussian whatever they are made of, they show what a single dimension has learnt.
    """

    def __init__(self, state: TrainState, data: Dataset) -> None:
        self.state = state
        self.test, self.train = (
            to_model(torch.from_numpy(np.ascontiguousarray(part[:count]))).to(state.device)
            for part, count in ((data.test, LOOK_CODES), (data.train, LOOK_SCORES))
        )
        self.labels = None if data.test_labels is None else [int(label) for label in data.test_labels[:LOOK_CODES]]

    @torch.no_grad()
    def take(self) -> Look:
        state, ema, objective = self.state, self.state.ema, self.state.config.objective
        latents = _tame(_latents(state, LOOK_CODES))
        scores: dict[str, list[int]] = {}
        with autocast(state):
            codes = _tame(_batched(ema.encode, self.test)) if ema.encoder is not None else None
            if objective.needs_discriminator and adversarial_ramp(state.config, state.step) > 0:
                kinds = {"real": self.test[:LOOK_SCORES], "train": self.train}
                if objective.adv:
                    kinds["fake"] = _batched(ema.generate, latents[:LOOK_SCORES])
                if objective.adv_rec and codes is not None:
                    kinds["rec"] = _batched(ema.decode, codes[:LOOK_SCORES])
                scores = {kind: _count(self._judge(x)) for kind, x in kinds.items()}
        deviations = [] if codes is None else codes.std(0, correction=0).tolist()
        has_one_space = codes is not None and objective.is_tied
        return Look(
            state.step, state.nimg, state.seconds, scores,
            codes=None if codes is None else _first_two(codes),
            prior=_first_two(latents) if has_one_space else None,
            spread=[round(v, 4) for v in sorted(deviations, reverse=True)],
            labels=None if codes is None else self.labels,
        )  # fmt: skip

    def _judge(self, x: Tensor) -> Tensor:
        discriminator = self.state.model.discriminator
        assert discriminator is not None
        with _at_rest(discriminator):
            return _batched(lambda part: discriminator(part).float().sigmoid(), x)


class Gauge:
    """Figures of a small sample of the averaged model, to follow a run by; `evaluate` measures finished models.

    Of images, in the features of the data set's extractor: `fd/samples`, `recall` and `coverage` as in `metrics` and
    `neighbours`; of points, recall and coverage in the plane, and of a mixture `modes/found`, `modes/total` and
    `modes/good_share`. `spread` is the total variance of samples, divided by that of as many test images. `rec/train`
    and `rec/test` are the mean distance |x - G(E(x))| of images in [-1, 1] from the two parts of the data.
    """

    def __init__(self, state: TrainState, data: Dataset) -> None:
        self.state, self.data = state, data
        self.extractor = extractor_for(data.name, data.img_resolution, data.img_channels)
        most = GAUGE_LITE0_SAMPLES if self.extractor == LITE0 else GAUGE_SAMPLES
        self.test = np.ascontiguousarray(data.test[:most])
        self.can_measure = (data.is_points or self.extractor is not None) and len(self.test) > 5

    @cached_property
    def real(self) -> tuple[Tensor, Tensor]:
        """Features [N, D] of the test images, and the radii [N] of the balls around them."""
        real = self._features(self.test)
        return real, neighbours.radii(real, 5)

    @torch.no_grad()
    def take(self) -> Metric | None:
        """None where samples are no numbers, in a run that is about to diverge."""
        state, ema = self.state, self.state.ema
        latents = _latents(state, len(self.test))
        with autocast(state):
            samples = to_uint8(_batched(ema.generate if ema.generator is not None else ema.decode, latents))
            errors = self._errors()
        if not np.isfinite(samples).all():
            return None
        real, radius = self.real
        made = self._features(samples)
        values = {
            "n": float(len(samples)),
            "recall": neighbours.recall(made, real),
            "coverage": neighbours.density_coverage(made, real, radius)[1],
            "spread": float(made.var(0).sum() / real.var(0).sum()),
        }
        if not self.data.is_points:
            values["fd/samples"] = metrics.frechet_distance(made, real)
        if self.data.modes is not None:
            found, good = metrics.mode_coverage(samples, self.data.modes, self.data.mode_std)
            values |= {"modes/found": found, "modes/total": len(self.data.modes), "modes/good_share": good}
        values = {name: float(value) for name, value in (values | errors).items()}
        return Metric(state.step, {name: value for name, value in values.items() if math.isfinite(value)})

    def _errors(self) -> dict[str, float]:
        ema, found = self.state.ema, {}
        if ema.encoder is not None:
            for name, part in (("train", self.data.train), ("test", self.data.test)):
                x = to_model(torch.from_numpy(np.ascontiguousarray(part[:GAUGE_PAIRS]))).to(self.state.device)
                found[f"rec/{name}"] = float((_batched(ema.reconstruct, x) - x).abs().mean())
        return found

    def _features(self, x: np.ndarray) -> Tensor:
        if self.extractor is None:
            return torch.from_numpy(x)
        return features(x, self.extractor, self.state.device)


def _noise(state: TrainState, n: int) -> Tensor:
    """The first n rows are the same for everyone who asks."""
    rng = torch.Generator().manual_seed(state.config.train.seed)
    return torch.randn(n, state.config.model.z_dim, generator=rng).to(state.device)


def _latents(state: TrainState, n: int) -> Tensor:
    """What G is given [n, z_dim], always from the same noise, in full precision as the finished model's."""
    prior = state.ema.prior
    if isinstance(prior, MixturePrior):  # its map is exact but slow; draws have the same distribution
        return prior.draw(n, torch.Generator(state.device).manual_seed(state.config.train.seed))
    return prior.to_latent(_noise(state, n))


def _batched(network: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    return in_batches(network, x, x.device, BATCH)


def _tame(codes: Tensor) -> Tensor:
    """Numbers that can be shown, even in a run that is about to diverge."""
    return codes.float().nan_to_num(0.0).clamp(-1e6, 1e6)


def _count(scores: Tensor) -> list[int]:
    return torch.histc(scores.cpu(), SCORE_BINS, 0, 1).int().tolist()


def _first_two(codes: Tensor) -> np.ndarray:
    return codes[:, :2].cpu().numpy().round(3)  # short on the disk and on the way to the page


@contextmanager
def _at_rest(network: nn.Module) -> Iterator[None]:
    """In eval mode, where the spectral norm's power iteration stands still; then as before."""
    was = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(was)
