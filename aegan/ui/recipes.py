"""What can be trained on this page: recipes for a data set and a preset, the knobs that change them, links to both."""

from __future__ import annotations

from dataclasses import fields
from math import prod, sqrt
from typing import Any

from aegan.catalog import list_data
from aegan.config import OBJECTIVES, OPTIONS, PRESETS, Config, ModelConfig, Objective, TrainConfig, UserError
from aegan.data import Dataset
from aegan.uploads import FEW, OWN

WEIGHTS = [f.name for f in fields(Objective) if f.type == "float" and f.name != "gamma"]
#: Group of knobs -> their options, in the order in which the page shows them.
GROUPS: dict[str, list[str]] = {
    "terms": [*WEIGHTS, "rec_kind"],
    "judge": ["adv_kind", "gamma", "gp_every", "spectral_norm"],
    "schedule": ["steps", "batch_size", "lr", "lr_d", "warmup_steps", "seed"],
    "size": ["z_dim", "width"],
    "augmentation": ["flip", "shift", "d_translate", "d_cutout"],
}
KNOBS = [name for names in GROUPS.values() for name in names]
MOST_WEIGHT = 10.0  # at a slider's end; a number may be larger
RHYTHM_OF_COLOUR = {"preview_every": 40, "measure_every": 200}
MOMENTS = 100  # previews that are kept of a run, however long it is
FIRST_CHOICE = ("fashion-mnist", "aegan")
MOST_LINK = 600  # characters

#: Objective -> what the study found best for it on 28-pixel images, except the kind of reconstruction, which is the
#: lesson (assets/studies/fashion-mnist/table.md). After 60 s of one core, on held-out Fashion-MNIST, the AE-GAN has an
#: FD of 5.6 with these, 8.7 with a warm-up of 400 steps, 7.0 with gamma 1, and 13.0 with a rate of 5e-4 and both.
QUICK: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("autoencoder", "vae"), {"lr": 1.5e-3, "lr_d": 1.5e-3}),
    **dict.fromkeys(("adversarial-ae", "vae-gan"), {"lr": 6e-4, "lr_d": 6e-4}),
    **dict.fromkeys(("gan", "seed", "aegan"), {"lr": 1.5e-3, "lr_d": 1.5e-3, "spectral_norm": True, "gamma": 0.0}),
}
QUICK_WARMUP = 150  # steps

#: Lesson -> (the objective it starts from, what else it changes). Measured on the ring, seed 0: the plain GAN has 1 %
#: good samples after 1,500 steps; the strong D gives real points 0.92 and generated ones 0.07 after 700; collapsed
#: samples lie at 0.18 of the data's mean distance from each other after 700 steps, at 0.07 after 1,500.
LESSONS: dict[str, tuple[str, dict[str, Any]]] = {
    "gan-2014": ("gan", {"gamma": 0.0, "lr": 2e-4, "lr_d": 2e-4, "architecture": "dense"}),
    "strong-d": ("gan", {"gamma": 0.0, "lr": 2e-5, "lr_d": 5e-3}),
    "collapse": ("gan", {"gamma": 0.0, "lr": 5e-3, "lr_d": 2e-3, "beta1": 0.9, "ema_beta": 0.9}),
}
RECIPES = (*OBJECTIVES, *LESSONS)

#: (img_resolution, img_channels) at which this page trains on a data set; all others are 28-pixel grey.
SHAPES = {"avatars": (64, 3), "cifar10": (32, 3), "cifar100": (32, 3), "svhn": (32, 3)}
_FIELDS = {f.name: f for kind in (ModelConfig, Objective, TrainConfig) for f in fields(kind)}


def recipe(data: str, preset: str, own: Dataset | None = None) -> Config:
    """A complete configuration for a data set and a preset, sized for a run that somebody watches.

    Args:
        data: a name of `list_data`, or OWN.
        preset: an objective or a lesson.
        own: the visitor's images, where there are some already.

    Raises:
        UserError: for a name that the page does not offer.
    """
    kinds = {info.name: info.kind for info in list_data()} | {OWN: "images"}
    if data not in kinds or preset not in RECIPES:
        raise UserError("Choose a data set and an objective of the lists.")
    objective, changes = LESSONS[preset] if preset in LESSONS else (preset, QUICK[preset])
    if kinds[data] == "points":
        config = PRESETS["points"].with_options(steps=3000, log_every=25, preview_every=50, measure_every=150)
        if preset in LESSONS:
            config = config.with_options(steps=1500)
        else:
            changes = {}
    else:
        resolution, channels = (own.img_resolution, own.img_channels) if own else SHAPES.get(data, (28, 1))
        base = PRESETS["avatars"] if (data, resolution) == (OWN, 64) else PRESETS.get(data, PRESETS["aegan"])
        base = PRESETS["seed"] if objective == "seed" else base
        shape = {"img_resolution": resolution, "img_channels": channels}
        # What is seen beside the live pictures takes about 4 % of the time: previews and looks as much as measuring.
        rhythm = {"preview_every": 20, "measure_every": 100} if resolution == 28 else RHYTHM_OF_COLOUR
        warmup = min(base.train.warmup_steps, QUICK_WARMUP)
        config = base.with_options(**shape, steps=2000, log_every=5, warmup_steps=warmup, **rhythm)
        if data == OWN:
            config = config.with_options(flip=False)  # letters, for instance, cannot be mirrored
        if own and len(own.train) < FEW:
            batch = min(config.train.batch_size, max(len(own.train) // 4 * 2, 4))
            config = config.with_options(batch_size=batch, flip=True, d_translate=0.125, d_cutout=0.25)
        if objective == "aegan":
            changes = {**changes, "rec": scaled_rec(config.model)}
    # A quick average, no falling learning rates: what one watches should answer to what happens.
    config = config.with_options(ema_beta=0.995, decay_share=0.0, prior_steps=0)
    return Config(data, config.model, OBJECTIVES[objective], config.train).with_options(**changes)


def scaled_rec(model: ModelConfig) -> float:
    """The weight with which reconstructions pull at a picture as hard, beside what D says of it, as at 28 pixels: the
    gradient of a mean over N values has a norm of 1 / sqrt(N).

    After 600 steps at 64 pixels in colour, on 500 held-out images, weights of 2, 8 and 32 give cartoon faces an FD of
    samples (efficientnet-lite0) of 2,044, 1,759 and 1,877 and 20.6, 22.1 and 22.8 dB; photographs of fruits 724, 724
    and 744, and 22.0, 22.7 and 23.1 dB.
    """
    return round(OBJECTIVES["aegan"].rec * max(sqrt(prod(model.x_shape)) / 28, 1.0), 1)


def configure(data: str, preset: str, knobs: dict[str, Any], own: Dataset | None = None) -> Config:
    """The recipe with the visitor's knobs.

    Raises:
        UserError: names the knob that is none, or out of range, or says why they do not go together.
    """
    for name, value in knobs.items():
        if name not in KNOBS:
            raise UserError(f"There is no knob {str(name)[:40]!r} here: see Weights and options.")
        if type(value) not in (int, float, bool, str) or value == "":
            raise UserError(f"Give {name} a value.")
        if len(str(value)) > 40:
            raise UserError(f"The value of {name} is too long.")
    config = recipe(data, preset, own).with_options(**knobs)
    t = config.train
    if t.batch_size % 2:
        raise UserError(f"batch_size must be an even number, not {t.batch_size}.")
    return config.with_options(
        preview_every=max(t.preview_every, -(-t.steps // MOMENTS)), measure_every=max(t.measure_every, t.steps // 20)
    )


def knob_values(config: Config) -> list[Any]:
    """The knobs' values in that configuration, in the order of KNOBS."""
    return [getattr(getattr(config, OPTIONS[name][0]), name) for name in KNOBS]


def describe_knobs() -> list[dict[str, Any]]:
    """Groups of knobs as JSON for assets/js/choose-knobs.js, from the configuration's own fields."""
    return [{"name": group, "knobs": [_describe(name) for name in names]} for group, names in GROUPS.items()]


def _describe(name: str) -> dict[str, Any]:
    facts, kind = _FIELDS[name].metadata, OPTIONS[name][1]
    if facts["choices"]:
        return {"name": name, "kind": "choice", "choices": list(facts["choices"])}
    if kind is bool:
        return {"name": name, "kind": "switch"}
    bounds = {"name": name, "low": facts["low"], "high": facts["high"], "whole": kind is int}
    return {**bounds, "kind": "weight", "most": MOST_WEIGHT} if name in WEIGHTS else {**bounds, "kind": "number"}


def pack_link(data: str, preset: str, config: Config, own: Dataset | None = None) -> str:
    """Data set, preset and the knobs that differ from their recipe, as "ring*gan*gamma-0.1": no address escapes it."""
    usual, now = (dict(zip(KNOBS, knob_values(c), strict=True)) for c in (recipe(data, preset, own), config))
    changed = [f"{name}-{_word(now[name])}" for name in KNOBS if now[name] != usual[name]]
    return "*".join([data, preset, *changed])


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:.6g}" if isinstance(value, float) else str(value)


def parse_link(text: Any) -> tuple[str, str, dict[str, Any]]:
    """Data set, preset and knobs of a link; checked as if the visitor had turned them.

    Raises:
        UserError: says what is wrong with it.
    """
    if not isinstance(text, str) or not 0 < len(text) <= MOST_LINK:
        raise UserError("This link is no training run's.")
    data, preset, *parts = [*text.split("*"), ""] if "*" not in text else text.split("*")
    knobs = dict(part.partition("-")[::2] for part in parts)
    config = configure(data, preset, knobs)
    now = dict(zip(KNOBS, knob_values(config), strict=True))
    return data, preset, {name: now[name] for name in knobs}
