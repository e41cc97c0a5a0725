"""Explore: sliders in the latent space, and the picture that they make.

The page knows the point ε where it stands, and the directions that its sliders move along (the model's kit). Pictures
it asks of the server, until it can draw them itself (assets/js/decoder.js).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from aegan.config import UserError
from aegan.images import to_uint8
from aegan.latent import unusualness
from aegan.provenance import describe_picture, png_notes, read_provenance
from aegan.ui import figures
from aegan.ui.hosting import answers, decode_base64, parse_numbers
from aegan.ui.map import create_map
from aegan.ui.models import Models, Shown, noise_of
from aegan.ui.page import component

NOISE_LIMIT = 10.0  # no draw from N(0, I) comes near
MOST_PICTURES = 32  # of one answer
START_SEED = 6  # where a visit begins: clear pictures in all shipped models
STAND_IN = 12345.0  # assets/js/picture.js puts the point in its place


def create_explore_tab(models: Models) -> None:
    """The tab: one component, drawn by assets/js/explore.js."""
    functions = {
        "on_kit": lambda request: describe_kit(models, _shown(models, request)),
        "on_pictures": lambda request: draw(_shown(models, request), request.get("noise")),
        "on_raw": lambda request: read_code(_shown(models, request), request),
        "on_open": lambda request: open_picture(models, request),
    }
    component(
        "explore", seed=START_SEED, server_functions=[answers(function, name) for name, function in functions.items()]
    )
    create_map(models)


def _shown(models: Models, request: Any) -> Shown:
    if not isinstance(request, dict):
        raise UserError("The request must be an object with the name of a model.")
    return models.get(request.get("model"))


def first_view(models: Models) -> dict[str, Any] | None:
    """What a newcomer sees before anything was asked: the first model's kit, and a picture."""
    if not models.first:
        return None
    shown = models.get(models.first)
    start = [figures.numbers(noise_of(shown, START_SEED))]
    return {"kit": describe_kit(models, shown), "noise": start[0], **draw(shown, start)}


def describe_kit(models: Models, shown: Shown) -> dict[str, Any]:
    """All that the page needs to move about in a model's space.

    Returns:
        "axes" and "directions", unit vectors of z_dim numbers each, these with their names, the names of their ends,
        what they were measured to do (see `aegan.directions.Direction`); the shape of pictures; "decoder", where the
        files for drawing in the browser are, or None; "notes", what saved pictures say of themselves.
    """
    model, version = shown.model, models.decoder(shown.name)
    m = model.config.model
    return {
        "model": shown.name,
        "z_dim": m.z_dim,
        "shape": list(m.x_shape),
        "points": m.is_points,
        "judged": model.discriminator is not None,
        "axes": [figures.numbers(axis, 5) for axis in shown.axes],
        "directions": [
            {
                "name": d.name, "low": d.low, "high": d.high, "vector": list(d.vector), "effect": round(d.effect, 2),
                "random": round(d.random_high, 2), "others": {k: round(v, 2) for k, v in d.entanglement.items()},
            }
            for d in shown.directions
        ],
        "bends": m.prior != "normal" and model.config.objective.is_tied,
        "notes": None if m.is_points else png_notes(record(shown, torch.full((1, 1), STAND_IN))),
        "decoder": version and f"{version}/models/{shown.name}",
    }  # fmt: skip


@torch.no_grad()
def draw(shown: Shown, noise: Any) -> dict[str, Any]:
    """Pictures at points of the latent space.

    Args:
        shown: the model.
        noise: what the page sent: up to MOST_PICTURES lists of z_dim numbers.

    Returns:
        "model", "pictures" (see `figures.picture`) and "realness" of the first (0 … 1, or None).

    Raises:
        UserError: for anything else.
    """
    if not isinstance(noise, list) or not 1 <= len(noise) <= MOST_PICTURES:
        raise UserError(f"noise must be a list of 1 to {MOST_PICTURES} points.")
    x = shown.model.sample(0, noise=torch.cat([parse_point(shown, point) for point in noise]))
    realness = shown.model.realness(x[:1])
    return {
        "model": shown.name,
        "pictures": [figures.picture(image) for image in to_uint8(x)],
        "realness": None if realness is None else round(float(realness), 3),
    }


def parse_point(shown: Shown, point: Any) -> Tensor:
    """Noise [1, z_dim] that a visitor sent.

    Raises:
        UserError: for anything that is not a list of that many numbers in range.
    """
    return torch.tensor(parse_numbers(point, shown.model.config.model.z_dim, NOISE_LIMIT, "noise"))[None]


@torch.no_grad()
def describe(shown: Shown, noise: Tensor) -> dict[str, Any]:
    """What there is to say of noise [1, z_dim]: its picture, how unusual it is, how real it looks."""
    x = shown.model.sample(0, noise=noise)
    realness = shown.model.realness(x)
    return figures.picture(to_uint8(x)[0]) | {
        "model": shown.name,
        "unusual": round(float(unusualness(noise)), 1),
        "realness": None if realness is None else round(float(realness), 3),
    }


def record(shown: Shown, noise: Tensor) -> dict[str, Any]:
    """What the picture of noise [1, z_dim] says of itself."""
    return describe_picture(shown.model, "a picture", shown.title, noise=noise)


@torch.no_grad()
def read_code(shown: Shown, request: dict[str, Any]) -> dict[str, Any]:
    """The raw code z of a point; with "z" in the request, the point of that code instead.

    Returns:
        "model", "noise" and "z", z_dim numbers each; the point is kept within ±NOISE_LIMIT.

    Raises:
        UserError: for numbers out of range.
    """
    model = shown.model
    if request.get("z") is None:
        noise = parse_point(shown, request.get("noise"))
        z = model.to_latent(noise)
    else:
        z = torch.tensor(parse_numbers(request["z"], model.config.model.z_dim, 1000.0, "z"))[None]
        noise = model.to_noise(z).nan_to_num(0.0).clamp(-NOISE_LIMIT, NOISE_LIMIT)
    return {"model": shown.name, "noise": figures.numbers(noise[0]), "z": figures.numbers(z[0])}


@torch.no_grad()
def open_picture(models: Models, request: Any) -> dict[str, Any]:
    """The point that a saved picture was made from.

    Args:
        models: where to find its model.
        request: {"image": the file as base64 or data URI; "own": the name of the visitor's own model, if there is one}.

    Raises:
        UserError: if it has no note of ours, or its model is not here.
    """
    found = read_provenance(decode_base64(request.get("image") if isinstance(request, dict) else None))
    if found is None:
        raise UserError("This picture does not say where it comes from: use one that was saved here.")
    shown = models.find(found.get("model"), request.get("own"))
    rows = found.get("noise") or found.get("code")
    if not rows or len(rows) != 1 or ("code" in found and not shown.model.config.objective.is_tied):
        raise UserError("This file is no single picture of a space to explore: use one saved in Explore.")
    if "noise" in found:
        noise = parse_point(shown, rows[0])
    else:
        code = parse_numbers(rows[0], shown.model.config.model.z_dim, 1000.0, "code")
        noise = shown.model.to_noise(torch.tensor(code)[None]).nan_to_num(0.0).clamp(-NOISE_LIMIT, NOISE_LIMIT)
    return {"model": shown.name, "noise": figures.numbers(noise[0])}
