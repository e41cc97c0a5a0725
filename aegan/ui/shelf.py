"""The shelf in Explore: kept points, sheets, paths. All happens in the page (assets/js/shelf.js) but the films."""

from __future__ import annotations

import base64
import threading
from typing import Any

import torch

from aegan.config import UserError
from aegan.film import FORMATS, draw_frames, encode_film, walk
from aegan.provenance import describe_picture
from aegan.ui.explore import parse_point
from aegan.ui.hosting import answers
from aegan.ui.models import Models, Shown
from aegan.ui.page import component

MOST_KEYS = 24
MOST_FRAMES = 240
MILLISECONDS = (20, 1000)
_FILMS = threading.BoundedSemaphore(2)  # made at once: they take seconds, and pictures must not wait for them


def create_shelf(models: Models) -> None:
    """The component below the explorer."""

    def on_film(request: Any) -> dict[str, Any]:
        if not isinstance(request, dict):
            raise UserError("The request must be an object with model, points and format.")
        return make_film(models.get(request.get("model")), request)

    component("shelf", server_functions=[answers(on_film)])


def make_film(shown: Shown, request: dict[str, Any]) -> dict[str, Any]:
    """A path through points as an animated picture.

    Args:
        shown: the model.
        request: "points", 2 to MOST_KEYS lists of z_dim numbers; "spherical" and "loop", true or false;
            "frames_per_stretch"; "milliseconds" per frame; "format", one of FORMATS.

    Returns:
        "model", "frames" (how many) and "film", a data URI.

    Raises:
        UserError: for anything else, and when too many films are being made.
    """
    points, spherical, loop, kind = (request.get(key) for key in ("points", "spherical", "loop", "format"))
    each: Any = request.get("frames_per_stretch")
    milliseconds: Any = request.get("milliseconds")
    if shown.model.config.model.is_points:
        raise UserError("This model draws points, not pictures: there is no film of it.")
    if not isinstance(points, list) or not 2 <= len(points) <= MOST_KEYS:
        raise UserError(f"points must be a list of 2 to {MOST_KEYS} points.")
    if type(spherical) is not bool or type(loop) is not bool:
        raise UserError("spherical and loop must be true or false.")
    if type(each) is not int or not 1 <= each <= MOST_FRAMES:
        raise UserError(f"frames_per_stretch must be a whole number from 1 to {MOST_FRAMES}.")
    if each * (len(points) if loop else len(points) - 1) + (not loop) > MOST_FRAMES:
        raise UserError(f"A film has at most {MOST_FRAMES} frames: take fewer points, or fewer frames per stretch.")
    least, most = MILLISECONDS
    if type(milliseconds) not in (int, float) or not least <= milliseconds <= most:
        raise UserError(f"milliseconds must be a number from {least} to {most}.")
    if not isinstance(kind, str) or kind not in FORMATS:
        raise UserError(f"format must be {' or '.join(FORMATS)}.")
    keys = torch.cat([parse_point(shown, point) for point in points])
    if not _FILMS.acquire(blocking=False):
        raise UserError("Other films are being made: try again in a few seconds.")
    try:
        frames = draw_frames(shown.model, walk(keys, each, spherical, loop))
        record = describe_picture(shown.model, f"a path through {len(keys)} points", shown.title, noise=keys)
        film = encode_film(frames, round(milliseconds), kind, record)
    finally:
        _FILMS.release()
    uri = f"data:image/{kind};base64," + base64.b64encode(film).decode()
    return {"model": shown.name, "frames": len(frames), "film": uri}
