"""Reconstruct: any picture through the encoder and back. Pictures stay in memory: nothing is written to disk."""

from __future__ import annotations

import html
import logging
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from aegan.catalog import ASSETS as DATA
from aegan.config import UserError
from aegan.data import load_data
from aegan.familiarity import judge_familiarity
from aegan.images import (
    SUFFIXES,
    cut_square,
    exchange_light,
    fit_image,
    open_image,
    shrink,
    square_in,
    to_model,
)
from aegan.refine import begin_refinement, refine
from aegan.ui import figures
from aegan.ui.hosting import answers, decode_base64, parse_numbers, parse_seed
from aegan.ui.models import Models, Shown
from aegan.ui.page import ASSETS, component
from aegan.ui.reconstruct_code import cycle, describe_code, draw_sheet, morph, parse_request, refine_further

log = logging.getLogger(__name__)

SAMPLES = ASSETS / "samples"
INVERT = {"auto": "auto", "on": True, "off": False}
MOST_API_STEPS = 100
STEP_SIDE = 128  # pixels of the first step that is shown
KNOWN = 90  # a picture of a lower percentile is no strange one to a model
#: Texts of what is seen before a picture is given.
FIRST = ("model", "name", "picture", "seen", "bars", "drawn", "difference", "size", "pixels", "numbers")
MOST_TESTS = 500  # test images that are kept in memory, of each data set


def create_reconstruct_tab(models: Models) -> None:
    """The tab: one component, drawn by assets/js/reconstruct.js."""
    examples = find_examples()

    @answers
    def on_picture(request: Any) -> dict[str, Any]:
        return look_at(models, examples, request)

    @answers
    def on_welcome(request: Any) -> dict[str, Any]:
        return show_first(parse_request(models, request, "model"), examples)

    @answers
    def on_refine(request: Any) -> dict[str, Any]:
        return refine_further(models, request)

    @answers
    def on_morph(request: Any) -> dict[str, Any]:
        return morph(models, request)

    @answers
    def on_cycle(request: Any) -> dict[str, Any]:
        return cycle(models, request)

    @answers
    def on_sheet(request: Any) -> dict[str, Any]:
        return draw_sheet(models, request)

    buttons = "".join(_example(name, path) for name, path in examples.items())
    served = [on_picture, on_welcome, on_refine, on_morph, on_cycle, on_sheet]
    try:
        first = show_first(models.get(models.first), examples)
    except UserError as error:
        log.info("%s", error)
        first = dict.fromkeys(FIRST, "")
    facts = {f"first_{key}": value for key, value in first.items()}
    component("reconstruct", examples=buttons, server_functions=served, **facts)


def look_at(models: Models, examples: dict[str, Path], request: Any) -> dict[str, Any]:
    """A picture of the page, fitted as the visitor wants it, through the model.

    Args:
        models: where to find the model.
        examples: what `find_examples` found.
        request: {"model": name, and one of "image": base64, "example": name, "test": seed; "invert": auto, on or off,
            "turns": quarter turns to the right, "crop": [left, top, side] as for `square_in`, or None}.

    Returns:
        As `reconstruct`, with "steps", what was done to the picture before the model saw it, "png", the reconstruction
        as a file, and of a test image "picture", a file of it.

    Raises:
        UserError: for a request that is not of this form.
    """
    shown = parse_request(models, request, "model, image and invert")
    answer: dict[str, Any] = {}
    if request.get("example") is not None:
        image = open_example(examples, request["example"])
    elif request.get("test") is not None:
        image = open_test(shown, request["test"])
        answer["picture"] = figures.data_uri(np.array(image).reshape(image.height, image.width, -1))
    else:
        image = open_encoded(request.get("image"))
    invert, turns, box = parse_fit(image, *(request.get(key) for key in ("invert", "turns", "crop")))
    answer |= reconstruct(shown, image, invert, turns, box)
    steps = describe_steps(shown, image, invert, turns, box)
    return answer | {"steps": steps, "png": figures.to_uri(answer["reconstruction"], answer["note"])}


def parse_fit(image: Image.Image, invert: Any, turns: Any, crop: Any) -> tuple[str, int, tuple | None]:
    """How a picture is to be fitted: what to do about light and dark, quarter turns, crop in pixels once it is turned.

    Raises:
        UserError: for anything else than what `look_at` takes.
    """
    if invert is not None and (not isinstance(invert, str) or invert not in INVERT):
        raise UserError("invert must be auto, on or off.")
    if turns is not None and (type(turns) is not int or not 0 <= turns <= 3):
        raise UserError("turns must be a whole number from 0 to 3.")
    turns = turns or 0
    box = None
    if crop is not None:
        size = image.size if turns % 2 == 0 else image.size[::-1]
        left, top, side = parse_numbers(crop, 3, 1.0, "crop")
        box = square_in(size, left, top, side)
    return invert or "auto", turns, box


@torch.no_grad()
def reconstruct(
    shown: Shown, image: Image.Image, invert: Any, turns: int = 0, box: tuple | None = None
) -> dict[str, Any]:
    """The picture as the model sees it, as it draws it again, how they differ, and what the drawn one says of itself.

    Args:
        shown: the model.
        image: what `open_image` returned.
        invert: "auto", "on" or "off".
        turns: quarter turns to the right.
        box: crop in pixels, once it is turned.

    Raises:
        UserError: when the model has no encoder or knows no pictures, or `invert` is something else.
    """
    model, config = shown.model, shown.model.config
    if config.model.is_points:
        raise UserError("This model knows points, not pictures: choose another model.")
    if not isinstance(invert, str) or invert not in INVERT:
        raise UserError("invert must be auto, on or off.")
    seen = fit_image(
        image, config.model.img_resolution, config.model.img_channels, INVERT[invert], box, turns  # type: ignore[arg-type]
    )  # fmt: skip
    x = to_model(seen[None])
    answer = {"input": figures.picture(seen)} | describe_code(shown, seen, model.encode(x))
    return answer | {"foreign": judge(shown, x)}


def refine_upload(shown: Shown, image: Image.Image, invert: Any, steps: Any) -> dict[str, Any]:
    """As `reconstruct`, for programs: all steps of a refinement at once, the picture as "refined".

    Raises:
        UserError: as `reconstruct`, or for a number of steps out of range.
    """
    if type(steps) is not int or not 1 <= steps <= MOST_API_STEPS:
        raise UserError(f"steps must be a whole number from 1 to {MOST_API_STEPS}.")
    before = reconstruct(shown, image, invert)
    x = to_model(figures.to_array(before["input"])[None])
    state = refine(shown.model, x, begin_refinement(shown.model, x), steps)
    answer = describe_code(shown, figures.to_array(before["input"]), state.code)
    answer["refined"] = answer.pop("reconstruction")
    return {"input": before["input"], **answer, "psnr_before": before["psnr"], "steps": steps}


def judge(shown: Shown, x: Tensor) -> dict[str, Any] | None:
    """How foreign a picture [1, C, H, W] is to the model: percentiles among its own images; None where unknown."""
    found = shown.familiarity
    if found is None:
        return None
    judgement = judge_familiarity(found, shown.model, x)
    return {
        "percentile": round(judgement.strangeness, 1),
        "error": round(judgement.error, 1),
        "rarity": None if judgement.rarity is None else round(judgement.rarity, 1),
        "data": found.data,
        "images": found.images,
        "split": found.split,
    }


def describe_steps(
    shown: Shown, image: Image.Image, invert: str, turns: int, box: tuple | None
) -> list[dict[str, Any]]:
    """What happens to a picture before the model sees it: each step's picture and the key of its text."""
    m = shown.model.config.model
    square = cut_square(image, box, turns)
    large = square.convert("RGB").resize((STEP_SIDE, STEP_SIDE), Image.Resampling.BICUBIC)
    small = shrink(square, m.img_resolution, m.img_channels)
    last = exchange_light(small, INVERT[invert])  # type: ignore[arg-type]
    steps = [("step_cut", np.array(large)), ("step_grey" if m.img_channels == 1 else "step_small", small)]
    if not np.array_equal(small, last):
        steps.append(("step_inverted", last))
    return [{"text": text, **figures.picture(pixels)} for text, pixels in steps]


# -- where pictures come from ------------------------------------------------------------------------------------


def open_encoded(text: Any) -> Image.Image:
    """A picture file given as base64, with or without the head of a data URI.

    Raises:
        UserError: for anything that is not a picture of bearable size.
    """
    return open_image(decode_base64(text))


def open_test(shown: Shown, seed: Any) -> Image.Image:
    """A test image of the model's own data; the seed says which.

    Raises:
        UserError: for a seed out of range, or when none come with the page.
    """
    config, seed = shown.model.config, parse_seed(seed)
    data = str(shown.model.info.get("data") or config.data)
    if config.model.is_points or data not in {path.stem for path in DATA.glob("*.json")}:
        raise UserError("No test images of this model's data come with the page: choose a picture of your own.")
    tests = _load_tests(data, config.model.img_resolution, config.model.img_channels)
    return open_image(tests[seed % len(tests)])


@lru_cache(maxsize=4)
def _load_tests(data: str, img_resolution: int, img_channels: int) -> np.ndarray:
    tests = load_data(data, img_resolution, img_channels, full=False).test[:MOST_TESTS].copy()
    tests.flags.writeable = False
    return tests


def find_examples(folder: Path = SAMPLES) -> dict[str, Path]:
    """Name -> file of the shipped sample pictures."""
    return {p.stem: p for p in sorted(folder.glob("*")) if p.suffix.lower() in SUFFIXES}


def open_example(examples: dict[str, Path], name: Any) -> Image.Image:
    """One of the shipped samples.

    Raises:
        UserError: when there is none of that name.
    """
    if not isinstance(name, str) or name not in examples:
        raise UserError("There is no such example: choose one of the page.")
    return open_image(examples[name])


def show_first(shown: Shown, examples: dict[str, Path]) -> dict[str, str]:
    """What is to be seen before a picture is given: an example all the way through a model, the first that is none too
    strange to it.

    Returns:
        A text for each of `FIRST`, which assets/html/reconstruct.html shows.

    Raises:
        UserError: where the model reconstructs nothing.
    """
    for name in reversed(examples):  # photographs come last, and show most of what happens
        answer = reconstruct(shown, open_image(examples[name]), "auto")
        if not answer["foreign"] or answer["foreign"]["percentile"] < KNOWN:
            break
    seen, code = answer["input"], answer["code"]
    most = max(3.0, *map(abs, code))
    texts = (
        shown.name,
        name,
        figures.data_uri(fit_image(open_image(examples[name]), 128, 3, False)),
        figures.to_uri(seen),
        "".join(f'<i style="--value: {value / most:.3f}"></i>' for value in code),
        figures.to_uri(answer["reconstruction"], answer["note"]),
        figures.to_uri(answer["difference"]),
        str(seen["width"]),
        f"{seen['width'] * seen['height'] * seen['channels']:,}",
        str(len(code)),
    )
    return dict(zip(FIRST, texts, strict=True))


def _example(name: str, path: Path) -> str:
    thumbnail = figures.data_uri(fit_image(open_image(path), 64, 3, False))
    label = html.escape(name.replace("-", " ").replace("_", " "))
    return (
        f'<button type="button" class="example" data-example="{html.escape(name)}" data-t-label="example"'
        f' data-t-title="example" data-name="{label}"><img src="{thumbnail}" alt="" width="64" height="64"></button>'
    )
