"""Train: choose data and objective, watch a run learn, command it; or watch again how a shipped model learnt.

What is chosen are Gradio's components here. The run itself is seen and commanded in the monitor (assets/js/monitor.js),
which asks for news as long as the run is active. The run's id is all that ties the two together.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import gradio as gr

from aegan.config import OBJECTIVES, UserError
from aegan.data import list_data
from aegan.jobs import Jobs
from aegan.ui import monitor, timeline
from aegan.ui.after import Brought, create_after
from aegan.ui.hosting import answers
from aegan.ui.models import Models
from aegan.ui.page import component
from aegan.ui.recipes import FIRST_CHOICE, KNOBS, configure, create_knobs, knob_values, recipe
from aegan.ui.texts import say

#: How the page tells the monitor what the visitor is choosing, so that its diagram shows it before there is a run.
CHOSEN = (
    "(...values) => { const names = %s; window.aegan.choose(Object.fromEntries(names.map((n, i) => [n, values[i]]))); }"
)


def create_training_tab(models: Models, jobs: Jobs, page: gr.Blocks, own: gr.BrowserState, brought: Brought) -> None:
    """The tab; `own` holds the id of the visitor's run, which `page` looks for whenever it opens; `brought` keeps
    what visitors want to go on from."""
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
            start = gr.Button(say("start"), variant="primary", elem_classes="start")
            with gr.Accordion(say("knobs"), open=False):
                knobs = create_knobs()
        with gr.Column(scale=1, min_width=320):
            shown = create_monitor(models, jobs)
            assert models.own is not None
            after = create_after(models.own, brought)

    def on_start(
        request: gr.Request, job_id: str | None, data: str, objective: str, *values: Any
    ) -> tuple[Any, dict[str, Any]]:
        running = jobs.look(job_id)
        try:
            if running is None or not running.is_active:  # a second press changes nothing
                config = configure(data, objective, dict(zip(KNOBS, values, strict=True)))
                job_id = jobs.start(config, owner=str(request.session_hash or ""))
        except UserError as error:
            return gr.skip(), {"refused": str(error)}
        return job_id, {"run": job_id}

    def on_resume(job_id: str | None) -> dict[str, Any]:
        try:
            jobs.resume(job_id)
        except UserError as error:
            return {"refused": str(error)}
        return {"run": job_id}

    quick: Any = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    recipes = {f"{d.name}/{name}": knob_values(recipe(d.name, name)) for d in sets for name in OBJECTIVES}
    for choice in (data, objective):  # in the browser, so that Start cannot come before the new knobs
        choice.input(None, [data, objective], knobs, js=f"(d, o) => ({json.dumps(recipes)})[`${{d}}/${{o}}`]", **quick)
    asking = {**quick, "queue": jobs.is_lent}  # with what is queued, the page of a Space sends who asks for its GPU
    start.click(on_start, [own, data, objective, *knobs], [own, shown], **asking)
    shown.resume(on_resume, own, shown, **asking)
    chosen: Any = {"js": CHOSEN % json.dumps(["data", *KNOBS]), **quick}
    gr.on([data.change, *[knob.change for knob in knobs]], None, [data, *knobs], None, **chosen)  # type: ignore[attr-defined]
    page.load(None, [data, *knobs], None, **chosen)
    page.load(None, own, shown, js="(id) => ({ run: id })", **quick)
    shown.status(
        None, None, start, js="() => ({ __type__: 'update', interactive: !window.aegan.run?.active })", **quick
    )
    for changed in (page.load, own.change):
        changed(None, own, after, js="(run) => ({ run })", **quick)
    again = after.go_on(None, after, own, js="(given) => given.run", **quick)
    again.then(None, own, shown, js="(id) => ({ run: id })", **quick)


def create_monitor(models: Models, jobs: Jobs) -> gr.HTML:
    """The run that its value names, {"run": id}. Its events: `status`, when a run begins or ends; `resume`, a wish."""
    functions = {"on_look": partial(monitor.look, jobs), "on_command": partial(monitor.obey, jobs)}
    functions |= timeline.functions(models, jobs)
    served = [answers(function, name) for name, function in functions.items()]
    return component("monitor", server_functions=served, events=["status", "resume"], value={"run": None})
