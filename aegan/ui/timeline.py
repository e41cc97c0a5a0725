"""Any moment of a run, the visitor's own or a shipped model's: its pictures, its place in time, and all as a film."""

from __future__ import annotations

import base64
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from aegan.config import Config, UserError
from aegan.events import Changed, Metric, Preview, Step
from aegan.film import FORMATS, encode_film
from aegan.images import image_grid
from aegan.jobs import GONE, Jobs
from aegan.moments import Recording, open_recording
from aegan.provenance import make_record
from aegan.ui import figures, monitor
from aegan.ui.models import Models

MOST_MOMENTS = 400  # told of one run
MOST_FRAMES, MOST_COLOUR_FRAMES = 96, 48  # of one film
MILLISECONDS = (40, 1000)
FILM_POINTS, POINT_SIDE, POINT_RANGE = 1000, 256, 1.5  # points of a frame; its pixels; what it shows
_FILMS = threading.BoundedSemaphore(2)  # made at once: they take seconds


@dataclass(frozen=True)
class Source:
    """A run whose moments can be looked at."""

    recording: Recording
    config: Config
    title: str = ""  # of the data
    credit: str = ""
    model: str = ""  # a shipped model's name
    real: np.ndarray | None = None  # where the data are points


def find(models: Models, jobs: Jobs, request: Any) -> Source:
    """The run that a visitor asks for.

    Args:
        models: the shipped models.
        jobs: the visitors' runs.
        request: {"model": name}, or {"run": id}.

    Raises:
        UserError: where there is none, or it was not recorded.
    """
    if not isinstance(request, dict):
        raise UserError("The request must be an object with the id of a run or the name of a model.")
    if "model" in request:
        facts = models.facts(request["model"])
        title, credit = (str(facts.info.get(f"data_{key}", "")) for key in ("title", "credit"))
        source = Source(open_recording(models.folders[facts.name]), facts.config, title, credit, facts.name)
    else:
        job_id = request.get("run")
        folder, snapshot = jobs.folder_of(job_id), jobs.look(job_id)
        if snapshot is None:
            raise UserError(GONE)
        data = snapshot.data
        real = data.train if data is not None and data.is_points else None
        source = Source(open_recording(folder), snapshot.config, data.title if data else "", real=real)
    if not source.recording.moments():
        raise UserError("Nothing of this training was recorded yet: choose another one.")
    return source


def list_moments(source: Source, request: Any) -> dict[str, Any]:
    """When there are pictures of a run: "step", "nimg" and "seconds" of each moment; at most MOST_MOMENTS.

    A shipped model's also has the records, figures, changes and configuration, which the page has of a visitor's own.
    """
    moments = _spread(source.recording.moments(), MOST_MOMENTS)
    columns = zip(("step", "nimg", "seconds"), map(list, zip(*moments, strict=True)), strict=True)
    value: dict[str, Any] = {"moments": dict(columns)}
    if source.model or request.get("whole"):
        steps = [event for event in source.recording.events("step") if isinstance(event, Step)]
        found = [event for event in source.recording.events("metric") if isinstance(event, Metric)]
        turned = [event for event in source.recording.events("changed") if isinstance(event, Changed)]
        value |= {
            "records": {"whole": True, **monitor.records(monitor.thinned(steps))},
            "figures": monitor.measured([event for event in found if "n" in event.values]),
            "changes": monitor.changes(turned),
            "config": monitor.describe_config(source.config),
            "credit": source.credit,
        }
    return value


def show_moment(source: Source, request: dict[str, Any]) -> dict[str, Any]:
    """The pictures of a run at "step", or shortly before; with D's scores and codes where these were looked at.

    Raises:
        UserError: for anything but a whole number.
    """
    step = request.get("step")
    if type(step) is not int or not 0 <= step <= 10**7:
        raise UserError("step must be a whole number.")
    preview, shown = source.recording.preview(step), source.recording.look(step)
    if preview is None:
        raise UserError("The pictures of this moment are no longer there: choose another one.")
    return {
        "step": preview.step,
        "pictures": figures.preview(preview, source.real, source.title, source.model),
        "look": monitor.describe_look(shown) if shown is not None and shown.step <= step else None,
    }


def make_film(source: Source, request: dict[str, Any]) -> dict[str, Any]:
    """A run as an animated picture: what is generated, beside reconstructions.

    Args:
        source: the run.
        request: "format", one of FORMATS; "milliseconds" per frame.

    Returns:
        "frames" (how many) and "film", a data URI.

    Raises:
        UserError: for anything else, where the file becomes too large, and when too many films are being made.
    """
    kind: Any = request.get("format")
    milliseconds: Any = request.get("milliseconds")
    if not isinstance(kind, str) or kind not in FORMATS:
        raise UserError(f"format must be {' or '.join(FORMATS)}.")
    least, most = MILLISECONDS
    if type(milliseconds) not in (int, float) or not least <= milliseconds <= most:
        raise UserError(f"milliseconds must be a number from {least} to {most}.")
    moments = source.recording.moments()
    if not _FILMS.acquire(blocking=False):
        raise UserError("Other films are being made: try again in a few seconds.")
    try:
        grey = source.config.model.img_channels == 1
        chosen = _spread(moments, MOST_FRAMES if grey else MOST_COLOUR_FRAMES)
        found = [source.recording.preview(step) for step, _, _ in chosen]
        frames = [_frame(preview, source.real) for preview in found if preview is not None]
        record = make_record("training", moments[-1][0], source.title, source.model)
        film = encode_film(np.stack(frames), round(milliseconds), kind, record)
    finally:
        _FILMS.release()
    uri = f"data:image/{kind};base64," + base64.b64encode(film).decode()
    return {"frames": len(frames), "film": uri}


def functions(models: Models, jobs: Jobs) -> dict[str, Any]:
    """What the page's scripts ask, by name."""
    found = {"on_moments": list_moments, "on_moment": show_moment, "on_train_film": make_film}
    return {name: partial(_answer, models, jobs, function) for name, function in found.items()}


def _answer(models: Models, jobs: Jobs, function: Any, request: Any) -> dict[str, Any]:
    answer: dict[str, Any] = function(find(models, jobs, request), request)
    return answer


def _spread(moments: Sequence[Any], most: int) -> list[Any]:
    """At most so many of them, evenly spread, the first and the last included."""
    chosen = np.linspace(0, len(moments) - 1, min(most, len(moments))).round().astype(int)
    return [moments[i] for i in chosen]


def _frame(preview: Preview, real: np.ndarray | None) -> np.ndarray:
    """uint8 [H, W, C]: the samples in rows, and to their right as many rows of originals above reconstructions."""
    if preview.samples.ndim == 2:
        return _scatter(preview.samples, real)
    sheet = image_grid(preview.samples, padding=1)
    if preview.originals is None or preview.reconstructions is None:
        return sheet
    rows = round(len(preview.samples) ** 0.5)
    columns = max(1, 2 * len(preview.originals) // rows)
    both = image_grid(figures.pairs(preview.originals, preview.reconstructions, columns), columns, padding=1)
    return np.concatenate([sheet, both], axis=1) if len(both) == len(sheet) else sheet


def _scatter(points: np.ndarray, real: np.ndarray | None) -> np.ndarray:
    """uint8 [POINT_SIDE, POINT_SIDE, 3]: real points in green, and over them the generated ones in orange."""
    frame = np.full((POINT_SIDE, POINT_SIDE, 3), 255, np.uint8)
    for group, colour in ((real, (150, 214, 193)), (points, (230, 159, 0))):
        if group is not None:
            at = (group[:FILM_POINTS] * (1, -1) / POINT_RANGE + 1) * (POINT_SIDE / 2)
            for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
                x, y = (np.clip(at + (dx, dy), 0, POINT_SIDE - 1)).astype(int).T
                frame[y, x] = colour
    return frame
