"""Train: choose data and objective, watch a run learn, command it; or watch again how a shipped model learnt.

What a run shall be is chosen in assets/js/choose.js. The run itself is seen and commanded in assets/js/monitor.js,
which asks for news as long as the run is active. The run's id is all that ties the two together.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr

from aegan.config import UserError
from aegan.jobs import Jobs
from aegan.ui import monitor, timeline
from aegan.ui.after import create_after
from aegan.ui.brought import Brought
from aegan.ui.choosing import create_choosing
from aegan.ui.hosting import answers
from aegan.ui.models import Models
from aegan.ui.page import component


def create_training_tab(models: Models, jobs: Jobs, page: gr.Blocks, own: gr.BrowserState, brought: Brought) -> None:
    """The tab; `own` holds the id of the visitor's run, which `page` looks for whenever it opens; `brought` keeps
    what visitors want to go on from."""
    jobs.warm_up()
    with gr.Row(elem_classes="train"):
        with gr.Column(scale=0, min_width=300, elem_classes="settings"):
            choose, choosing = create_choosing(jobs)
        with gr.Column(scale=1, min_width=320):
            shown = create_monitor(models, jobs)
            assert models.own is not None
            after = create_after(models.own, brought)

    def on_start(request: gr.Request, event: gr.EventData, job_id: str | None) -> tuple[Any, dict[str, Any]]:
        owner = str(request.session_hash or "")
        running = jobs.look(job_id)
        try:
            if running is None or not running.is_active:  # a second press changes nothing
                job_id = choosing.start(getattr(event, "choice", None), owner=owner)
        except UserError as error:
            job_id = jobs.active_of(owner)  # pressed again before the page heard of its run
            if job_id is None:
                return gr.skip(), {"refused": str(error)}
        return job_id, {"run": job_id}

    def on_resume(job_id: str | None) -> dict[str, Any]:
        try:
            jobs.resume(job_id)
        except UserError as error:
            return {"refused": str(error)}
        return {"run": job_id}

    quick: Any = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    asking = {**quick, "queue": jobs.is_lent}  # with what is queued, the page of a Space sends who asks for its GPU
    choose.start(on_start, own, [own, shown], **asking)
    shown.resume(on_resume, own, shown, **asking)
    page.load(None, own, shown, js="(id) => ({ run: id })", **quick)
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
