"""What a training run says while it runs: frozen, plain values on the CPU. One stream, many readers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Equal bins over [0, 1] in which D's scores are counted.
SCORE_BINS = 24


@dataclass(frozen=True)
class Step:
    """Losses and scores averaged over the steps since the last record.

    `metrics` has flat slash keys: `loss/rec`, `loss/adv_g`, `loss/d`, `score/real`, `score/fake`,
    `time/images_per_second`, …; `grad/encoder`, `grad/generator`, `grad/discriminator` and `grad/latent` are the L2
    norms of gradients in the last steps before the record.
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
class Look:
    """How D judges, and where codes lie; taken with a preview.

    `scores`: how many pictures of a kind D gives a probability of being real in each of SCORE_BINS equal bins over
    [0, 1]: "real" (fixed test images), "train" (fixed training images), "fake" (G of fixed noise) and "rec"
    (reconstructions of those test images, where D judges such); {} without a D, or where D does not learn yet.
    `codes`: float32 [N, 2], the first two coordinates of E's codes of fixed test images, and `labels` the classes of
    these, where they are known. `prior`: float32 [N, 2], the same coordinates of latents that G is given. `spread`:
    the standard deviation of E's codes in each dimension, descending. None, and an empty list, without an encoder.
    """

    step: int
    nimg: int
    seconds: float
    scores: dict[str, list[int]]
    codes: np.ndarray | None
    prior: np.ndarray | None
    spread: list[float]
    labels: list[int] | None = None


@dataclass(frozen=True)
class Metric:
    """Figures that are not measured at every record, such as the progress of the prior's last fit.

    Those that follow a run have `n`, the number of samples compared with as many test images (fewer, where the set has
    fewer): `fd/samples`, `recall` and `coverage`; see `aegan.look.Gauge`.
    """

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


Event = Step | Preview | Look | Metric | Changed | Alone | Saved | Stopped
