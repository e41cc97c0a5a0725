"""Reconstruct, what is done with a code: draw it, refine it, walk to another one, send it round and round."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aegan.config import UserError
from aegan.images import to_model, to_uint8
from aegan.latent import interpolate
from aegan.metrics import psnr, ssim
from aegan.plots import reconstruction_sheet
from aegan.provenance import describe_picture
from aegan.refine import CODE_LIMIT, Refinement, begin_refinement, refine
from aegan.ui import figures
from aegan.ui.hosting import decode_base64, parse_numbers
from aegan.ui.models import Models, Shown

CHUNK = 10  # steps of one request; the page asks again and again
MOST_STEPS = 200
MEMORY_LIMIT = 1e12  # of Adam's numbers
NOISE_LIMIT = 1e6  # foreign pictures lie far out
FRAMES = 25  # of a morph, both ends included
ROUNDS = 6  # of a cycle
MOST_SHEET, SHEET_SIDE = 16, 128  # pictures of a sheet, and the pixels that each is at least wide
SSIM_WINDOW = 11


def parse_request(models: Models, request: Any, fields: str) -> Shown:
    """The model of a request, which must be an object that names a model of pictures.

    Raises:
        UserError: when it is not.
    """
    if not isinstance(request, dict):
        raise UserError(f"The request must be an object with {fields}.")
    shown = models.get(request.get("model"))
    if shown.model.config.model.is_points:
        raise UserError("This model knows points, not pictures: choose another model.")
    return shown


def parse_seen(shown: Shown, text: Any) -> np.ndarray:
    """A picture as the model sees it, which the page got with an answer: uint8 [H, W, C].

    Raises:
        UserError: unless it is base64 text of just that many bytes.
    """
    m = shown.model.config.model
    return _bytes(text, "seen", (m.img_resolution, m.img_resolution, m.img_channels))


def parse_hidden(shown: Shown, text: Any) -> np.ndarray | None:
    """A painted-over region: bool [H, W], or None where nothing is hidden.

    Raises:
        UserError: unless it is base64 text of a byte per pixel, or when everything is hidden.
    """
    if text is None:
        return None
    side = shown.model.config.model.img_resolution
    hidden = _bytes(text, "hidden", (side, side)) > 0
    if hidden.all():
        raise UserError("Everything is painted over: leave a part of the picture to go by.")
    return hidden if hidden.any() else None


def _bytes(text: Any, name: str, shape: tuple[int, ...]) -> np.ndarray:
    size = int(np.prod(shape))
    sentence = f"{name} must be {size} bytes as base64 text."
    if not isinstance(text, str) or len(text) > 2 * size + 64:
        raise UserError(sentence)
    content = decode_base64(text)
    if len(content) != size:
        raise UserError(sentence)
    return np.frombuffer(content, np.uint8).reshape(shape)


def describe_code(shown: Shown, seen: np.ndarray, code: Tensor, hidden: np.ndarray | None = None) -> dict[str, Any]:
    """What the model draws of a code, beside the picture that it is to be like.

    Args:
        shown: the model.
        seen: that picture, uint8 [H, W, C].
        code: [1, code_dim].
        hidden: bool [H, W], the region that does not count and is filled in; None: there is none.

    Returns:
        Pictures "reconstruction" and "difference", "code" (in σ if "in_sigma"), "psnr" in dB of what counts, "ssim"
        (None where there is none), "note".
    """
    model = shown.model
    in_sigma = model.config.objective.is_tied  # only then is there a prior, which tells how far from ordinary a code is
    with torch.no_grad():
        drawn = to_uint8(model.decode(code))[0]
        numbers = (model.to_noise(code) if in_sigma else code)[0]
    wrong, what = drawn, "a reconstruction"
    if hidden is not None:
        wrong = np.where(hidden[..., None], seen, drawn)
        drawn, what = np.where(hidden[..., None], drawn, seen), "a region filled in"
    kept = np.ones(seen.shape[:2], bool) if hidden is None else ~hidden
    likeness = psnr(seen[kept][None, :, None], wrong[kept][None, :, None])
    windows = hidden is None and min(seen.shape[:2]) >= SSIM_WINDOW
    return {
        "model": shown.name,
        "reconstruction": figures.picture(drawn),
        "difference": figures.picture(figures.error_map(seen, wrong)),
        "code": figures.numbers(numbers),
        "in_sigma": in_sigma,
        "psnr": round(likeness, 2),
        "ssim": round(ssim(seen[None], drawn[None]), 3) if windows else None,
        "note": describe_picture(model, what, shown.title, code=code),
    }


def refine_further(models: Models, request: Any) -> dict[str, Any]:
    """Some steps of refinement. Nothing is kept here: the page sends back what it was given.

    Args:
        models: where to find the model.
        request: {"model": name, "seen": the pixels of "input", "hidden": a byte per pixel or None, "steps": 0 to CHUNK,
            "state": None at first, then what the last answer held}.

    Returns:
        As `describe_code`, with "state" and "png".

    Raises:
        UserError: for a request that is not of this form, and when MOST_STEPS are done.
    """
    shown = parse_request(models, request, "model, seen, hidden, steps and state")
    seen, hidden = parse_seen(shown, request.get("seen")), parse_hidden(shown, request.get("hidden"))
    steps, given = request.get("steps"), request.get("state")
    if type(steps) is not int or not 0 <= steps <= CHUNK:
        raise UserError(f"steps must be a whole number from 0 to {CHUNK}.")
    x, visible = to_model(seen[None]), None if hidden is None else torch.from_numpy(~hidden)[None, None].float()
    state = begin_refinement(shown.model, x, visible) if given is None else parse_state(shown, given)
    if state.step + steps > MOST_STEPS:
        raise UserError(f"{MOST_STEPS} steps are enough: start anew from the encoder's code.")
    state = refine(shown.model, x, state, steps, visible)
    answer = describe_code(shown, seen, state.code, hidden)
    return answer | {"state": _plain(state), "png": figures.to_uri(answer["reconstruction"], answer["note"])}


def parse_state(shown: Shown, given: Any) -> Refinement:
    """A refinement on its way, as `refine_further` answered it.

    Raises:
        UserError: for anything else.
    """
    if not isinstance(given, dict) or type(given.get("step")) is not int or not 0 <= given["step"] <= MOST_STEPS:
        raise UserError("state must be what the last answer held: code, first, second and step.")
    size = shown.model.config.code_dim
    code, first, second = (
        torch.tensor(parse_numbers(given.get(name), size, limit, name))[None]
        for name, limit in (("code", CODE_LIMIT), ("first", MEMORY_LIMIT), ("second", MEMORY_LIMIT))
    )
    if (second < 0).any():
        raise UserError("second must not be negative: send back what the last answer held.")
    return Refinement(code, first, second, given["step"])


def _plain(state: Refinement) -> dict[str, Any]:
    """As JSON, with the digits that single precision has, so that going on is as if one had never stopped."""

    def row(values: Tensor, limit: float) -> list[float]:
        return [float(f"{value:.9g}") for value in values[0].nan_to_num(0.0).clamp(-limit, limit).tolist()]

    return {
        "code": row(state.code, CODE_LIMIT),
        "first": row(state.first, MEMORY_LIMIT),
        "second": row(state.second, MEMORY_LIMIT),
        "step": state.step,
    }


@torch.no_grad()
def morph(models: Models, request: Any) -> dict[str, Any]:
    """Pictures on the way from one code to another: along the arc in ε, or straight where there is no prior.

    Args:
        models: where to find the model.
        request: {"model": name, "start" and "end": the "code" of two answers}.

    Returns:
        "model" and FRAMES "pictures".

    Raises:
        UserError: for a request that is not of this form.
    """
    shown = parse_request(models, request, "model, start and end")
    model, is_tied = shown.model, shown.model.config.objective.is_tied
    size = model.config.code_dim
    start, end = (torch.tensor(parse_numbers(request.get(name), size, NOISE_LIMIT, name)) for name in ("start", "end"))
    if is_tied:
        code = model.to_latent(interpolate(start, end, FRAMES))
    else:
        code = torch.lerp(start, end, torch.linspace(0, 1, FRAMES)[:, None])
    return {"model": shown.name, "pictures": [figures.picture(image) for image in to_uint8(model.decode(code))]}


@torch.no_grad()
def cycle(models: Models, request: Any) -> dict[str, Any]:
    """x → E → z → G → x̂ → E → ẑ → G → …: whether the picture and its code stay where they are.

    Args:
        models: where to find the model.
        request: {"model": name, "seen": the pixels of "input"}.

    Returns:
        "model", "length" |z| of the first code, and ROUNDS "rounds": each a picture with "psnr" to the first one and
        "moved", the distance of its code ẑ to the code z that it was drawn from.

    Raises:
        UserError: for a request that is not of this form.
    """
    shown = parse_request(models, request, "model and seen")
    seen = parse_seen(shown, request.get("seen"))
    code = shown.model.encode(to_model(seen[None]))
    length, rounds = float(code.norm()), []
    for _ in range(ROUNDS):
        x = shown.model.decode(code)
        again = shown.model.encode(x)
        image = to_uint8(x)[0]
        likeness, moved = psnr(seen[None], image[None]), float((again - code).norm())
        rounds.append({**figures.picture(image), "psnr": round(likeness, 2), "moved": round(moved, 3)})
        code = again
    return {"model": shown.name, "length": round(length, 3), "rounds": rounds}


def draw_sheet(models: Models, request: Any) -> dict[str, Any]:
    """Several pictures, each beside its reconstruction, as one file with its note.

    Args:
        models: where to find the model.
        request: {"model": name, "seen": the pixels of 1 to MOST_SHEET answers' "input"}.

    Returns:
        "model" and "png", a data URI.

    Raises:
        UserError: for a request that is not of this form.
    """
    shown = parse_request(models, request, "model and seen")
    texts, side = request.get("seen"), shown.model.config.model.img_resolution
    if not isinstance(texts, list) or not 1 <= len(texts) <= MOST_SHEET:
        raise UserError(f"seen must be a list of 1 to {MOST_SHEET} pictures.")
    images = np.stack([parse_seen(shown, text) for text in texts])
    png, _ = reconstruction_sheet(shown.model, images, shown.title, scale=max(SHEET_SIDE // side, 1))
    return {"model": shown.name, "png": "data:image/png;base64," + base64.b64encode(png).decode()}
