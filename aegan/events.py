"""What a training run says while it runs: frozen, plain values on the CPU. One stream, many readers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Step:
    """Losses and scores averaged over the steps since the last record.

    `metrics` has flat slash keys: `loss/rec`, `loss/adv_g`, `loss/d`, `score/real`, `score/fake`,
    `time/images_per_second`, …
    """

    step: int
    nimg: int
    seconds: float
    metrics: dict[str, float]


@dataclass(frozen=True)
class Preview:
    """The averaged model's pictures: G of fixed noise, and fixed test images with their reconstructions.

    Arrays are uint8 [N, H, W, C] for images, float32 [N, 2] for points; the last two are None without an encoder.
    """

    step: int
    nimg: int
    seconds: float
    samples: np.ndarray
    originals: np.ndarray | None
    reconstructions: np.ndarray | None


@dataclass(frozen=True)
class Metric:
    """Figures that are not measured at every record, such as the progress of the prior's last fit."""

    step: int
    values: dict[str, float]


@dataclass(frozen=True)
class Changed:
    """Options of the run that its owner changed after `step` steps, such as {"lr": 1e-4}."""

    step: int
    values: dict[str, float]


@dataclass(frozen=True)
class Alone:
    """The step that led to `step` was one player's alone: "d", the discriminators', or "g", that of all others."""

    step: int
    player: str


@dataclass(frozen=True)
class Saved:
    """The run's state has been written; `path` is relative to the run's folder."""

    step: int
    path: str


@dataclass(frozen=True)
class Stopped:
    """The end of the stream. `reason` is finished, time, stopped or diverged; `message` is for people."""

    step: int
    reason: str
    message: str


Event = Step | Preview | Metric | Changed | Alone | Saved | Stopped
