"""After training: what one does with a run's model. Open it, download it, go on from one that is brought, push it."""

from __future__ import annotations

import functools
import logging
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gradio as gr
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from aegan import hub
from aegan.config import UserError
from aegan.opened import COMPLETE
from aegan.package import MAX_PACKAGE_BYTES, list_public, pack
from aegan.snapshot import ENDED, Snapshot
from aegan.ui.brought import NO_FILES, Brought
from aegan.ui.hosting import UNKNOWN, answers
from aegan.ui.own import OwnModels
from aegan.ui.page import component

log = logging.getLogger(__name__)

BRING = "/aegan/bring"  # where packages are sent to
_PUSHING = threading.BoundedSemaphore(2)

PUSHING = "Other models are being uploaded: try again in a minute."


def create_after(own: OwnModels, brought: Brought) -> gr.HTML:
    """Below the monitor: one component, drawn by assets/js/after.js. Its event `go_on` tells of a new run, whose id is
    then its value's "run"."""

    @answers
    def on_after(request: Any) -> dict[str, Any]:
        return describe(own, _run(request))

    @waits
    def on_open(request: Any) -> dict[str, Any]:
        own.open(_run(request))
        return describe(own, _run(request))

    @answers
    def on_card(request: Any) -> dict[str, Any]:
        opening = own.look(_run(request))
        if opening is None or not opening.is_ready:
            raise UserError("This run was not opened yet.")
        return {"card": own.card(opening), "decoder": own.decoder_of(opening)}

    @waits
    def on_go_on(request: Any) -> dict[str, Any]:
        return {"run": brought.start(request)}

    @waits
    def on_push(request: Any) -> dict[str, Any]:
        return {"url": push(own, request)}

    return component("after", value={}, server_functions=[on_after, on_open, on_card, on_go_on, on_push])


def waits(function: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    """As `hosting.answers`, without a seat: for what waits for another process, a disk or a network, so that sliders do
    not wait along. Of a failure its kind alone is logged: its words might hold what was sent."""

    @functools.wraps(function)
    def answer(request: Any) -> dict[str, Any]:
        try:
            return function(request)
        except UserError as error:
            return {"error": str(error)}
        except Exception as error:
            log.error("%s failed: %s", function.__name__, type(error).__name__)
            return {"error": UNKNOWN}

    return answer


def _run(request: Any) -> Any:
    return request.get("run") if isinstance(request, dict) else None


def describe(own: OwnModels, job_id: Any) -> dict[str, Any]:
    """What can be done with a run now.

    Returns:
        "status" and "step" of the run; "why_not", for each thing that cannot be done the key of a text that says why;
        "what", "share" and "message" of the opening of its model, "opened" its name once it can be looked at, and
        "parts", what its package holds, once that is complete, with "public", what of it may be pushed.
    """
    snapshot = own.jobs.look(job_id)
    if snapshot is None:
        return {"status": "gone" if job_id else "idle", "step": 0, "why_not": _all("after_no_run")}
    opening = own.look(job_id)
    answer: dict[str, Any] = {
        "status": snapshot.status,
        "step": snapshot.step,
        "active": snapshot.is_active,
        "why_not": _why_not(own, job_id, snapshot),
    }
    if opening is not None:
        answer |= {"what": opening.what, "share": round(opening.share, 2), "message": opening.message}
        answer |= {"opened": opening.name if opening.is_ready and not opening.message else None}
        with suppress(UserError):
            answer["parts"] = own.parts(opening) or None
            answer["public"] = list_public(own.folder(opening.name)) if answer["parts"] else []
    return answer


def _all(key: str) -> dict[str, str]:
    return dict.fromkeys(("explore", "reconstruct", "download", "push"), key)


def _why_not(own: OwnModels, job_id: Any, snapshot: Snapshot) -> dict[str, str]:
    """Thing that cannot be done -> key of the text that says why."""
    run, objective = own.jobs.find(job_id), snapshot.config.objective
    has_save = run is not None and run.has_state
    if not has_save and (snapshot.status in ENDED or not snapshot.step):
        return _all("after_failed" if snapshot.status in ENDED else "after_soon")
    found: dict[str, str] = {}
    if not objective.needs_generator:
        found["explore"] = "after_no_generator"
    if not objective.needs_encoder:
        found["reconstruct"] = "after_no_encoder"
    elif snapshot.config.model.is_points:
        found["reconstruct"] = "after_points"
    return found


def push(own: OwnModels, request: Any, upload: Callable[..., str] = hub.push) -> str:
    """Uploads a run's model to the Hub; returns the address of the repository.

    Args:
        own: where the model is looked up.
        request: {"run": id, "name": of the repository, "token": the visitor's own, "private": true or false}.
        upload: does it.

    Raises:
        UserError: says what is wrong with the request, or what the Hub had against it.
    """
    opening = own.look(_run(request))
    if opening is None or opening.what != COMPLETE:
        raise UserError("Wait until the model is ready to be uploaded.")
    if type(request.get("private")) is not bool:
        raise UserError("private must be true or false.")
    name, token = hub.check_name(request.get("name")), hub.check_token(request.get("token"))
    if not _PUSHING.acquire(blocking=False):
        raise UserError(PUSHING)
    try:
        return upload(own.folder(opening.name), name, token, request["private"])
    finally:
        _PUSHING.release()


def after_routes(own: OwnModels, brought: Brought) -> list[Route]:
    """`aegan/own/NAME/model.zip`, for who knows the name, and `aegan/bring`, to which packages are sent."""

    async def on_download(request: Request) -> Response:
        name, with_state = request.path_params["name"], request.query_params.get("state") == "1"
        try:
            folder = await run_in_threadpool(own.folder, name)
            shown = await run_in_threadpool(own.get, name)
        except UserError as error:
            return Response(str(error), 404)
        if not (folder / COMPLETE).is_file():
            return Response("The model is not ready yet: try again in a moment.", 404)
        data = re.sub(r"[^a-z0-9-]+", "-", str(shown.model.config.data).lower())[:40].strip("-") or "model"
        title = f"aegan-{data}-{int(shown.model.info.get('step', 0))}"
        headers = {"Content-Disposition": f'attachment; filename="{title}.zip"', "Cache-Control": "private, no-store"}
        return StreamingResponse(pack(folder, title, with_state), media_type="application/zip", headers=headers)

    async def on_bring(request: Request) -> Response:
        try:
            async with request.form(max_files=3, max_fields=0) as form:
                files = [part.file for _, part in form.multi_items() if not isinstance(part, str)]
                return JSONResponse(await run_in_threadpool(brought.take, files))
        except UserError as error:
            return JSONResponse({"error": str(error)})
        except Exception as error:  # a body that is no form, or too large, or that broke off
            log.warning("A package could not be read: %s", type(error).__name__)
            return JSONResponse({"error": NO_FILES}, 400)

    return [Route("/aegan/own/{name}/model.zip", on_download), Route(BRING, on_bring, methods=["POST"])]


#: Path -> bytes that may be sent there: a package, and the form around it.
LARGE = {BRING: MAX_PACKAGE_BYTES + 2**16}
