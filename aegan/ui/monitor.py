"""A run as JSON for assets/js/monitor.js: one that goes on, or the recorded training of a shipped model."""

from __future__ import annotations

from typing import Any

from aegan.config import UserError
from aegan.events import Preview, Step
from aegan.job import Snapshot
from aegan.ui import figures
from aegan.ui.models import Models


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
