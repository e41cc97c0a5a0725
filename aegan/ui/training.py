"""Train: choose data and objective, watch a run learn, stop it; or watch again how a shipped model learnt."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import gradio as gr

from aegan.config import OBJECTIVES, UserError
from aegan.data import list_data
from aegan.job import ACTIVE
from aegan.jobs import Jobs
from aegan.step import learns
from aegan.ui.hosting import answers
from aegan.ui.models import Models
from aegan.ui.monitor import monitor_value, replay
from aegan.ui.page import component
from aegan.ui.recipes import FIRST_CHOICE, KNOBS, configure, create_knobs, knob_values, recipe
from aegan.ui.texts import say

POLL_SECONDS = 0.5


def create_training_tab(models: Models, jobs: Jobs, page: gr.Blocks, own: gr.BrowserState) -> None:
    """The tab; `own` holds the id of the visitor's run, which `page` looks for whenever it opens."""
    jobs.warm_up()
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
                knobs = create_knobs()

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
    asking = {**quick, "queue": jobs.is_lent}  # with what is queued, the page of a Space sends who asks for its GPU
    start.click(on_start, [own, data, objective, *knobs], [own, *shown], **asking)
    step = {player: lambda job_id, player=player: jobs.step(job_id, player) for player in "dg"}
    commands = [(pause, jobs.pause), (resume, jobs.resume), (stop, jobs.stop), (step_d, step["d"]), (step_g, step["g"])]
    for button, command in commands:
        button.click(on_command(command), own, shown, **(asking if button is resume else quick))
    timer.tick(lambda job_id, version: look(jobs, job_id, version), [own, seen], shown, **quick)
    page.load(lambda job_id: look(jobs, job_id, -1), own, shown, **quick)


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
