"""Explore: sliders along the main axes of the latent space, and the picture that they make."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from aegan.config import UserError
from aegan.images import to_uint8
from aegan.latent import unusualness
from aegan.provenance import describe_picture
from aegan.ui import figures
from aegan.ui.hosting import answers, parse_numbers, parse_seed
from aegan.ui.models import AXES, Models, Shown, noise_of
from aegan.ui.page import component

LIMIT = 3.0  # a slider's ends, in σ


def create_explore_tab(models: Models) -> None:
    """The tab: one component, drawn by assets/js/explore.js."""

    @answers
    def on_move(request: Any) -> dict[str, Any]:
        return move(models, request)

    component("explore", rows="".join(_row(k) for k in range(1, AXES + 1)), server_functions=[on_move])


def move(models: Models, request: Any) -> dict[str, Any]:
    """The picture at a point of the latent space.

    Args:
        models: where to find the model.
        request: {"model": name, "seed": int, "sliders": None or one number per axis, "ends": bool}. Without sliders
            the seed's own point is taken; with `ends`, small pictures of what each slider would do are added.

    Returns:
        A picture (see `figures.picture`) with "model", "sliders", "unusual" (percentile), "realness" (0 … 1 or None),
        and on request "ends" and "png", the picture as a file that says what it is.

    Raises:
        UserError: for a request that is not of this form.
    """
    if not isinstance(request, dict):
        raise UserError("The request must be an object with model, seed and sliders.")
    shown = models.get(request.get("model"))
    start = noise_of(shown, parse_seed(request.get("seed")))
    own = (shown.axes @ start).clamp(-LIMIT, LIMIT).mul(100).round() / 100  # what a slider can stand at
    sliders = request.get("sliders")
    values = own if sliders is None else torch.tensor(parse_numbers(sliders, len(own), LIMIT, "sliders"))
    rest = start - (shown.axes @ start) @ shown.axes
    noise = (rest + values @ shown.axes)[None]
    return describe(shown, noise, _ends(shown, rest, values) if request.get("ends") is True else None) | {
        "sliders": figures.numbers(values)
    }


@torch.no_grad()
def describe(shown: Shown, noise: Tensor, ends: Tensor | None = None) -> dict[str, Any]:
    """What there is to say of noise [1, z_dim]: its picture, how unusual it is, how real it looks."""
    x = shown.model.sample(0, noise=noise if ends is None else torch.cat([noise, ends]))
    realness = shown.model.realness(x[:1])
    images = to_uint8(x)
    answer = figures.picture(images[0]) | {
        "model": shown.name,
        "unusual": round(float(unusualness(noise)), 1),
        "realness": None if realness is None else round(float(realness), 3),
    }
    if ends is None:
        return answer
    if "pixels" in answer:
        answer["png"] = figures.data_uri(images[0], record(shown, noise))
    return answer | {"ends": [figures.picture(image) for image in images[1:]]}


def record(shown: Shown, noise: Tensor) -> dict[str, Any]:
    """What the picture of noise [1, z_dim] says of itself."""
    return describe_picture(shown.model, "a picture", shown.name, noise=noise)


def _ends(shown: Shown, rest: Tensor, values: Tensor) -> Tensor:
    """Noise [2 n, z_dim]: each slider at its lower, then at its upper end, the others where they are."""
    n = len(values)
    moved = values.repeat(2 * n, 1)  # [2 n, n]
    moved[torch.arange(2 * n), torch.arange(2 * n) // 2] = torch.tensor([-LIMIT, LIMIT]).repeat(n)
    return rest + moved @ shown.axes


def _row(k: int) -> str:
    return (
        f'<div class="axis"><canvas class="end" width="28" height="28" aria-hidden="true"></canvas>'
        f'<label for="axis-{k}" data-t="axis" data-n="{k}">Axis {k}</label>'
        f'<input type="range" id="axis-{k}" min="-{LIMIT:g}" max="{LIMIT:g}" step="0.01" value="0">'
        f'<output for="axis-{k}">0.0</output>'
        f'<canvas class="end" width="28" height="28" aria-hidden="true"></canvas></div>'
    )
