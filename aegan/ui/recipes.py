"""What can be trained on this page: recipes for a data set and an objective, and the knobs that change them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import gradio as gr

from aegan.config import OBJECTIVES, OPTIONS, PRESETS, Config, Objective, UserError
from aegan.data import list_data
from aegan.ui.texts import say

WEIGHTS = [f.name for f in fields(Objective) if f.type == "float" and f.name != "gamma"]
KINDS = ["rec_kind", "adv_kind"]
NUMBERS = ["steps", "warmup_steps", "batch_size", "lr", "lr_d", "gamma", "width", "z_dim", "seed"]
KNOBS = [*WEIGHTS, *KINDS, *NUMBERS]
MOST_WEIGHT = 10.0
RHYTHM_OF_COLOUR = {"preview_every": 40, "measure_every": 200}
MOMENTS = 100  # previews that are kept of a run, however long it is
FIRST_CHOICE = ("fashion-mnist", "aegan")

#: (img_resolution, img_channels) at which this page trains on a data set; all others are 28-pixel grey.
SHAPES = {"avatars": (64, 3), "cifar10": (32, 3), "cifar100": (32, 3), "svhn": (32, 3)}


def recipe(data: str, objective: str) -> Config:
    """A complete configuration for a data set and an objective, sized for a run that somebody watches.

    Raises:
        UserError: for a name that the page does not offer.
    """
    infos = {info.name: info for info in list_data()}
    if data not in infos or objective not in OBJECTIVES:
        raise UserError("Choose a data set and an objective of the lists.")
    if infos[data].kind == "points":
        config = PRESETS["points"].with_options(steps=3000, log_every=25, preview_every=50, measure_every=150)
    else:
        base = PRESETS["seed"] if objective == "seed" else PRESETS.get(data, PRESETS["aegan"])
        resolution, channels = SHAPES.get(data, (28, 1))
        shape = {"img_resolution": resolution, "img_channels": channels}
        # What is seen beside the live pictures takes about 4 % of the time: previews and looks as much as measuring.
        rhythm = {"preview_every": 20, "measure_every": 100} if resolution == 28 else RHYTHM_OF_COLOUR
        config = base.with_options(**shape, steps=2000, log_every=5, **rhythm)
    warmup = min(config.train.warmup_steps, config.train.steps // 5)
    # A quick average, no falling learning rates: what one watches should answer to what happens.
    config = config.with_options(warmup_steps=warmup, ema_beta=0.995, decay_share=0.0, prior_steps=0)
    return Config(data, config.model, OBJECTIVES[objective], config.train)


def configure(data: str, objective: str, knobs: dict[str, Any]) -> Config:
    """The recipe with the visitor's knobs.

    Raises:
        UserError: names the knob that is out of range, or says why they do not go together.
    """
    wrong = [name for name in knobs if name not in KNOBS or knobs[name] is None]
    if wrong:
        raise UserError(f"Give {wrong[0]} a value.")
    config = recipe(data, objective).with_options(**knobs)
    t = config.train
    return config.with_options(
        preview_every=max(t.preview_every, -(-t.steps // MOMENTS)), measure_every=max(t.measure_every, t.steps // 20)
    )


def knob_values(config: Config) -> list[Any]:
    """The knobs' values in that configuration, in the order of KNOBS."""
    return [getattr(getattr(config, OPTIONS[name][0]), name) for name in KNOBS]


def create_knobs() -> list[gr.components.Component]:
    """One component per knob, generated from the configuration's fields, in the order of KNOBS."""
    values = dict(zip(KNOBS, knob_values(recipe(*FIRST_CHOICE)), strict=True))
    knobs: list[gr.components.Component] = []
    gr.HTML(say("weights"), elem_classes="group")
    for name in WEIGHTS:
        knobs.append(gr.Slider(0, MOST_WEIGHT, values[name], step=0.01, label=name, info=say(f"help.{name}")))
    for name in KINDS:
        choices = next(f.metadata["choices"] for f in fields(Objective) if f.name == name)
        knobs.append(gr.Dropdown(list(choices), value=values[name], label=name, info=say(f"help.{name}")))
    gr.HTML(say("options"), elem_classes="group")
    for name in NUMBERS:
        precision = 0 if OPTIONS[name][1] is int else None
        knobs.append(gr.Number(values[name], label=name, info=say(f"help.{name}"), precision=precision))
    return knobs
