"""Train: choose data and objective, watch a run learn, stop it; or watch again how a shipped model learnt."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import gradio as gr

from aegan.config import OBJECTIVES, OPTIONS, PRESETS, Config, Objective, UserError
from aegan.data import list_data
from aegan.events import Preview, Step
from aegan.job import ACTIVE, Snapshot, warm_up
from aegan.jobs import Jobs
from aegan.step import learns
from aegan.ui import figures
from aegan.ui.hosting import answers
from aegan.ui.models import Models
from aegan.ui.page import component
from aegan.ui.texts import say

WEIGHTS = [f.name for f in fields(Objective) if f.type == "float" and f.name != "gamma"]
KINDS = ["rec_kind", "adv_kind"]
NUMBERS = ["steps", "warmup_steps", "batch_size", "lr", "lr_d", "gamma", "width", "z_dim", "seed"]
KNOBS = [*WEIGHTS, *KINDS, *NUMBERS]
MOST_WEIGHT = 10.0
POLL_SECONDS = 0.5
FIRST_CHOICE = ("fashion-mnist", "aegan")

#: (img_resolution, img_channels) at which this page trains on a data set; all others are 28-pixel grey.
SHAPES = {"avatars": (64, 3), "cifar10": (32, 3), "cifar100": (32, 3), "svhn": (32, 3)}


def create_training_tab(models: Models, jobs: Jobs, page: gr.Blocks, own: gr.BrowserState) -> None:
    """The tab; `own` holds the id of the visitor's run, which `page` looks for whenever it opens."""
    warm_up()
    sets = [data for data in list_data() if data.available]
    with gr.Row(elem_classes="train"):
        with gr.Column(scale=0, min_width=300, elem_classes="settings"):
            data = gr.Dropdown(
                [(d.title, d.name) for d in sets], value=FIRST_CHOICE[0], label=say("data"), info=say("data_help")
            )
            objective = gr.Dropdown(
                list(OBJECTIVES), value=FIRST_CHOICE[1], label=say("preset"), info=say("preset_help")
            )
            with gr.Row(elem_classes="buttons"):
                start = gr.Button(say("start"), variant="primary", min_width=60)
                pause = gr.Button(say("pause"), interactive=False, min_width=60)
                resume = gr.Button(say("resume"), visible=False, min_width=60)
                stop = gr.Button(say("stop"), interactive=False, min_width=60)
            with gr.Row(elem_classes="buttons"):
                step_d = gr.Button(say("step_d"), interactive=False, min_width=60)
                step_g = gr.Button(say("step_g"), interactive=False, min_width=60)
            with gr.Accordion(say("knobs"), open=False):
                knobs = _create_knobs()

        @answers
        def on_replay(request: Any) -> dict[str, Any]:
            return replay(models, request)

        with gr.Column(scale=1, min_width=320):
            monitor = component("monitor", value={"status": "idle"}, server_functions=[on_replay])
    timer = gr.Timer(POLL_SECONDS, active=False)
    seen = gr.State(-1)  # the version that the monitor shows
    shown = [monitor, seen, timer, start, pause, resume, stop, step_d, step_g]

    def refuse(error: UserError) -> list[Any]:
        return [{"status": "refused", "message": str(error)}, *[gr.skip()] * (len(shown) - 1)]

    def on_start(request: gr.Request, job_id: str | None, data: str, objective: str, *values: Any) -> list[Any]:
        running = jobs.look(job_id)
        try:
            if running is None or not running.is_active:  # a second press changes nothing
                config = configure(data, objective, dict(zip(KNOBS, values, strict=True)))
                job_id = jobs.start(config, owner=str(request.session_hash or ""))
        except UserError as error:
            return [gr.skip(), *refuse(error)]
        return [job_id, *look(jobs, job_id, -1)]

    def on_command(command: Callable[[str | None], None]) -> Callable[[str | None], list[Any]]:
        def act(job_id: str | None) -> list[Any]:
            try:
                command(job_id)
            except UserError as error:
                if jobs.look(job_id) is not None:  # a run that is gone is said to be so
                    return refuse(error)
            return look(jobs, job_id, -1)

        return act

    quick: Any = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    recipes = {f"{d.name}/{name}": knob_values(recipe(d.name, name)) for d in sets for name in OBJECTIVES}
    for choice in (data, objective):  # in the browser, so that Start cannot come before the new knobs
        choice.input(None, [data, objective], knobs, js=f"(d, o) => ({json.dumps(recipes)})[`${{d}}/${{o}}`]", **quick)
    start.click(on_start, [own, data, objective, *knobs], [own, *shown], **quick)
    step = {player: lambda job_id, player=player: jobs.step(job_id, player) for player in "dg"}
    commands = [(pause, jobs.pause), (resume, jobs.resume), (stop, jobs.stop), (step_d, step["d"]), (step_g, step["g"])]
    for button, command in commands:
        button.click(on_command(command), own, shown, **quick)
    timer.tick(lambda job_id, version: look(jobs, job_id, version), [own, seen], shown, **quick)
    page.load(lambda job_id: look(jobs, job_id, -1), own, shown, **quick)


def recipe(data: str, objective: str) -> Config:
    """A complete configuration for a data set and an objective, sized for a run that somebody watches.

    Raises:
        UserError: for a name that the page does not offer.
    """
    infos = {info.name: info for info in list_data()}
    if data not in infos or objective not in OBJECTIVES:
        raise UserError("Choose a data set and an objective of the lists.")
    if infos[data].kind == "points":
        config = PRESETS["points"].with_options(steps=3000, log_every=25, preview_every=50)
    else:
        base = PRESETS["seed"] if objective == "seed" else PRESETS.get(data, PRESETS["aegan"])
        resolution, channels = SHAPES.get(data, (28, 1))
        shape = {"img_resolution": resolution, "img_channels": channels}
        config = base.with_options(**shape, steps=2000, log_every=5, preview_every=20)
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
    return recipe(data, objective).with_options(**knobs)


def knob_values(config: Config) -> list[Any]:
    """The knobs' values in that configuration, in the order of KNOBS."""
    return [getattr(getattr(config, OPTIONS[name][0]), name) for name in KNOBS]


def look(jobs: Jobs, job_id: str | None, version: int) -> list[Any]:
    """What the page shows of a run: monitor, version, timer and the six buttons; nothing new if nothing changed."""
    snapshot = jobs.look(job_id)
    if snapshot is not None and snapshot.version == version:
        return [gr.skip()] * 9
    status = snapshot.status if snapshot else "gone" if job_id else "idle"
    active, paused = status in ACTIVE, status == "paused"
    can_resume = snapshot is not None and (paused or snapshot.can_resume)
    can_step_d = snapshot is not None and paused and learns(snapshot.config, "d", snapshot.step)
    return [
        monitor_value(snapshot) if snapshot else {"status": status},
        snapshot.version if snapshot else -1,
        gr.Timer(active=active),
        gr.Button(interactive=not active),
        gr.Button(interactive=status == "running", visible=not can_resume),
        gr.Button(visible=can_resume),
        gr.Button(interactive=active),
        gr.Button(interactive=can_step_d),
        gr.Button(interactive=paused),
    ]


def monitor_value(snapshot: Snapshot) -> dict[str, Any]:
    """A run as JSON for assets/js/monitor.js."""
    left, title = snapshot.seconds_left, snapshot.data.title if snapshot.data else ""
    real = snapshot.data.train if snapshot.data and snapshot.data.is_points else None
    return {
        "status": snapshot.status,
        "message": snapshot.message,
        "position": snapshot.position,
        "can_resume": snapshot.can_resume,
        "step": snapshot.step,
        "steps": snapshot.config.train.steps,
        "seconds": round(snapshot.seconds, 1),
        "seconds_left": None if left is None else round(left),
        "speed": round(snapshot.images_per_second),
        "device": snapshot.device,
        "credit": f"{snapshot.data.credit} · {snapshot.data.license}" if snapshot.data else "",
        "has_encoder": snapshot.config.objective.needs_encoder,
        "losses": figures.curves(snapshot.history, figures.LOSSES),
        "scores": figures.curves(snapshot.history, figures.SCORES),
        **(figures.preview(snapshot.preview, real, title) if snapshot.preview else {}),
    }


def replay(models: Models, request: Any) -> dict[str, Any]:
    """One moment of a shipped model's training.

    Args:
        models: where to find the model.
        request: {"model": name, "at": 0 … 1}, the share of the previews that have passed.

    Raises:
        UserError: for a request that is not of this form, or a model without a history.
    """
    if not isinstance(request, dict) or type(request.get("at")) not in (int, float) or not 0 <= request["at"] <= 1:
        raise UserError("The request must be an object with model and at, a number from 0 to 1.")
    events = models.history(request.get("model"))
    previews = [event for event in events if isinstance(event, Preview)]
    if not previews:
        raise UserError("The training of this model was not recorded: choose another model.")
    shown = previews[round(request["at"] * (len(previews) - 1))]
    steps = [event for event in events if isinstance(event, Step)]
    passed = [event for event in steps if event.step <= shown.step]
    return {
        "status": "replay",
        "model": request["model"],
        "step": shown.step,
        "steps": max([event.step for event in steps] + [shown.step]),
        "seconds": round(shown.seconds, 1),
        "has_encoder": shown.reconstructions is not None,
        "losses": figures.curves(passed, figures.LOSSES),
        "scores": figures.curves(passed, figures.SCORES),
        **figures.preview(shown, model=request["model"]),
    }


def _create_knobs() -> list[gr.components.Component]:
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
