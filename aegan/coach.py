"""What a teacher would say of a run: rules over its records, its figures and the newest look at it.

Every threshold lies between runs made to show a fault and sound runs of every objective, on Fashion-MNIST and on 2-D
points, in small networks and few steps; `tests/numerical/test_coach.py` repeats them. The numbers beside a threshold
are what was measured there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from aegan.config import Config
from aegan.events import SCORE_BINS, Look, Metric, Step
from aegan.step import pixel_kind

RECENT = 20  # records that a rule looks back; fewer than these say nothing

FEWEST = 40  # images that a look's means are trusted of

#: Ten times the presets' learning rate.
HIGH_RATE = 5e-3

#: What D's loss is when it can tell nothing apart.
CHANCE = {"bce": 2 * math.log(2), "hinge": 2.0, "relativistic": math.log(2)}


@dataclass(frozen=True)
class Advice:
    """One thing to say. `values` are the numbers that it rests on."""

    rule: str
    values: dict[str, float]


def advise(
    config: Config, history: Sequence[Step], look: Look | None = None, figures: Sequence[Metric] = ()
) -> list[Advice]:
    """What there is to say of a run, the most urgent first; nothing while it is too young.

    Args:
        config: the run's, as it is now.
        history: its records, from the beginning; some may have been dropped.
        look: the newest.
        figures: those with `n`.
    """
    if len(history) < RECENT:
        return []
    run = _Run(config, history, look, [figure.values for figure in figures if "n" in figure.values])
    found = [(name, rule(run)) for name, rule in RULES.items()]
    return [Advice(name, _short(values)) for name, values in found if values is not None] or [Advice("well", {})]


class _Run:
    """What the rules ask of a run."""

    def __init__(self, config: Config, history: Sequence[Step], look: Look | None, figures: list[dict[str, float]]):
        self.config, self.history, self.look, self.figures = config, history, look, figures

    def all(self, metric: str) -> list[float]:
        history = self.history
        if metric == "loss/rec":  # squared errors say nothing of absolute ones
            kinds = [pixel_kind(self.config, step.step - 1) for step in history]
            history = [step for step, kind in zip(history, kinds, strict=True) if kind == kinds[-1]]
        values = (step.metrics.get(metric, math.nan) for step in history)
        return [value for value in values if math.isfinite(value)]

    def recent(self, metric: str) -> float | None:
        """Median of the last records; None where there are not as many."""
        values = self.all(metric)[-RECENT:]
        return median(values) if len(values) == RECENT else None

    def first(self, metric: str) -> float:
        return median(self.all(metric)[:RECENT])

    def losses(self, *names: str) -> list[str]:
        return [f"loss/{name}" for name in names if self.recent(f"loss/{name}") is not None]

    def advantage(self) -> float | None:
        """D's loss as a share of what guessing costs: 1 where D cannot tell anything, 0 where it is always right."""
        loss = self.recent("loss/d")
        return None if loss is None else loss / CHANCE[self.config.objective.adv_kind]

    def series(self, figure: str) -> list[float]:
        return [values[figure] for values in self.figures if figure in values]


def _diverging(run: _Run) -> dict[str, float] | None:
    """Losses, gradients or samples grow without bound.

    Reconstructions 2.5 times as wrong as they were at their best, and not just by noise on an error close to 0
    (runs with lr 0.02 and more: 3.5 and above; sound: 1.1, or 4 where all but nothing is left of the error). Gradients
    30 times as large as at the start (faulty: 60 and above; a winning D: 6; sound: 3). Samples spread over 5 times the
    variance of the data (faulty: 20 and more; sound: 3 at most, for a moment).
    """
    for name in run.losses("rec"):
        values, now = run.all(name), run.recent(name)
        best = min(median(values[i : i + RECENT]) for i in range(0, len(values) - RECENT + 1, RECENT // 2))
        if now is not None and now > 2.5 * best and now > 0.3 * values[0]:
            return {"growth": now / max(best, 1e-9)}
    for name in ("grad/encoder", "grad/generator", "grad/discriminator"):
        now = run.recent(name)
        if now is not None and now > 30 * run.first(name) > 0:
            return {"growth": now / run.first(name)}
    spread = run.series("spread")[-2:]
    return {"growth": spread[-1]} if len(spread) == 2 and min(spread) > 5 else None


def _posterior_collapse(run: _Run) -> dict[str, float] | None:
    """A VAE's encoder says the same of every image: nine tenths of its dimensions are unused."""
    used = _unused(run)
    is_stochastic = run.config.objective.kl > 0
    return used if used is not None and is_stochastic and used["unused"] >= 0.9 * used["total"] else None


def _lr_high(run: _Run) -> dict[str, float] | None:
    """Losses go up and down instead of falling, or the error has stood still for half of a run with a high rate.

    To and fro: the mean change between two records beyond the net change, as a ratio. Sound runs: 0.06 at most, since
    a record is a mean over several batches; faulty ones, with a rate of 0.02 and more: 0.12 to 1. A smaller rate is
    blamed for more than 0.2 only, which small batches do not come to. The size of gradients, which one would look at
    first, tells nothing: too high a rate makes them vanish as often as grow. Learning stood still at rates of 0.02
    (D had won for good) and 0.5 (dead units). Where D learns ten times as fast as G and has won, its lead is to blame:
    its loss then swings for nothing (0.36 with lr 2e-5 and lr_d 5e-3).
    """
    t = run.config.train
    if t.lr_d > 10 * t.lr and _d_strong(run) is not None:
        return None
    rate = max(t.lr, t.lr_d if run.config.objective.needs_discriminator else 0.0)
    swings = {name: _swing(run, name) for name in run.losses("rec", "kl", "adv_g", "adv_rec_g", "d")}
    if swings and max(swings.values()) > (0.1 if rate >= HIGH_RATE else 0.2):
        return {"swing": max(swings.values()), "lr": rate}
    errors = run.all("loss/rec")
    half = len(errors) // 2
    stands_still = half >= 2 * RECENT and median(errors[-RECENT:]) > 0.9 * median(errors[half - RECENT : half])
    return {"swing": 0.0, "lr": rate} if stands_still and rate >= HIGH_RATE and not _posterior_collapse(run) else None


def _swing(run: _Run, name: str) -> float:
    # A loss near 0 changes by large ratios for no reason, hence a floor: a part of what it is without learning.
    values = run.all(name)
    floor = 0.5 * CHANCE[run.config.objective.adv_kind] if name == "loss/d" else 0.05 * abs(values[0])
    logs = [math.log(max(value, 0.0) + floor + 1e-12) for value in values[-RECENT:]]
    changes = [b - a for a, b in pairwise(logs)]
    return (sum(map(abs, changes)) - abs(sum(changes))) / len(changes)


def _d_strong(run: _Run) -> dict[str, float] | None:
    """D is so sure that its loss is a tenth of what guessing costs; sound runs: 0.18 and more, mostly above 0.5."""
    share = run.advantage()
    return _scores(run) if share is not None and share < 0.1 else None


def _d_weak(run: _Run) -> dict[str, float] | None:
    """D does worse than by guessing, or no better though samples are far from the data.

    Where samples are good, D can only guess: on 2-D points a sound AE-GAN has 1.00 of the loss of guessing and a
    coverage of 0.9. Sound runs on images: 0.85 to 0.98; faulty: 1.1 and more.
    """
    share, coverage = run.advantage(), run.series("coverage")[-1:]
    if share is None or len(run.all("loss/d")) < 2 * RECENT:  # the first steps after the warm-up count for little
        return None
    is_fooled = share > 0.985 and coverage and coverage[0] < 0.15
    return _scores(run) if share > 1.05 or is_fooled else None


def _scores(run: _Run) -> dict[str, float]:
    return {"real": run.recent("score/real") or 0.0, "fake": run.recent("score/fake") or 0.0}


def _mode_collapse(run: _Run) -> dict[str, float] | None:
    """Samples are all alike, or cover much less of the data than they did.

    `spread` is the samples' variance as a share of the data's: 0.06 and less in collapsed runs, 0.09 and more in sound
    ones after their first figure. Coverage and recall fall by 0.4 of their best at most from noise alone.
    """
    spread, coverage, recall = (run.series(name) for name in ("spread", "coverage", "recall"))
    if len(spread) < 3:
        return None
    followed = [(spread, 0.3), (coverage, 0.2), *([] if run.config.model.is_points else [(recall, 0.2)])]
    has_fallen = any(max(values[-2:]) < 0.4 * min(max(values), 1) >= 0.4 * least for values, least in followed)
    return {"spread": spread[-1], "coverage": coverage[-1]} if max(spread[-2:]) < 0.07 or has_fallen else None


def _overfitting(run: _Run) -> dict[str, float] | None:
    """Test images fare worse than training images: their reconstructions by 1.3, or their scores by 0.15.

    With 100 images of each part a ratio strays by 0.06 (sound runs: 0.98 to 1.1), and with 80 of each a mean
    score by 0.04. After 600 steps on 64 images the ratio is 1.5.
    """
    figures = run.figures[-1] if run.figures else {}
    if figures.get("rec/train", 0.0) > 0 and figures["rec/test"] > 1.3 * figures["rec/train"]:
        return {"train": figures["rec/train"], "test": figures["rec/test"]}
    counts = run.look.scores if run.look is not None else {}
    if min(sum(counts.get(kind, [])) for kind in ("train", "real")) >= FEWEST:
        train, test = _mean(counts["train"]), _mean(counts["real"])
        if train - test > 0.15:
            return {"train": train, "test": test}
    return None


def _unused_latents(run: _Run) -> dict[str, float] | None:
    """More than half of E's dimensions say nothing."""
    used = _unused(run)
    return used if used is not None and used["unused"] > 0.5 * used["total"] else None


def _unused(run: _Run) -> dict[str, float] | None:
    """How many dimensions vary by less than 0.1: the variance of 0.01 of Burda et al. 2016 (arXiv:1509.00519), section
    5.2, where a used one has about 1. Codes that are free in scale are measured by their widest dimension."""
    look = run.look
    if look is None or look.step == 0 or look.codes is None or len(look.codes) < FEWEST:
        return None
    spread = look.spread
    unit = 1.0 if run.config.objective.kl else spread[0]
    return {"unused": sum(value < 0.1 * unit or value == 0 for value in spread), "total": len(spread)}


def _mean(counts: list[int]) -> float:
    return sum((i + 0.5) / SCORE_BINS * count for i, count in enumerate(counts)) / max(sum(counts), 1)


def _short(values: dict[str, float]) -> dict[str, float]:
    return {name: float(f"{value:.3g}") for name, value in values.items()}


#: In the order of urgency: what stops all learning comes first.
RULES = {
    "diverging": _diverging,
    "posterior_collapse": _posterior_collapse,
    "lr_high": _lr_high,
    "d_strong": _d_strong,
    "mode_collapse": _mode_collapse,  # D, that has to run after the one mode, seems weak
    "d_weak": _d_weak,
    "overfitting": _overfitting,
    "unused_latents": _unused_latents,
}
