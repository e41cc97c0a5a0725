"""Reconstruct: any picture through the encoder and back. Pictures stay in memory: nothing is written to disk."""

from __future__ import annotations

import base64
import binascii
import html
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from aegan.config import UserError
from aegan.images import MAX_FILE_BYTES, SUFFIXES, fit_image, open_image, to_model, to_uint8
from aegan.metrics import psnr
from aegan.provenance import describe_picture
from aegan.ui import figures
from aegan.ui.hosting import answers
from aegan.ui.models import Models, Shown
from aegan.ui.page import ASSETS, component

SAMPLES = ASSETS / "samples"
INVERT = {"auto": "auto", "on": True, "off": False}


def create_reconstruct_tab(models: Models) -> None:
    """The tab: one component, drawn by assets/js/reconstruct.js."""
    examples = find_examples()

    @answers
    def on_picture(request: Any) -> dict[str, Any]:
        if not isinstance(request, dict):
            raise UserError("The request must be an object with model, image and invert.")
        shown = models.get(request.get("model"))
        if request.get("example") is not None:
            image = open_example(examples, request["example"])
        else:
            image = open_encoded(request.get("image"))
        answer = reconstruct(shown, image, request.get("invert", "auto"))
        return answer | {"png": figures.to_uri(answer["reconstruction"], answer["note"])}

    buttons = "".join(_example(name, path) for name, path in examples.items())
    component("reconstruct", examples=buttons, server_functions=[on_picture])


@torch.no_grad()
def reconstruct(shown: Shown, image: Image.Image, invert: Any) -> dict[str, Any]:
    """The picture as the model sees it, as it draws it again, how they differ, and what the drawn one says of itself.

    Args:
        shown: the model.
        image: what `open_image` returned.
        invert: "auto", "on" or "off".

    Raises:
        UserError: when the model has no encoder or knows no pictures, or `invert` is something else.
    """
    model, config = shown.model, shown.model.config
    if config.model.is_points:
        raise UserError("This model knows points, not pictures: choose another model.")
    if not isinstance(invert, str) or invert not in INVERT:
        raise UserError("invert must be auto, on or off.")
    seen = fit_image(image, config.model.img_resolution, config.model.img_channels, INVERT[invert])  # type: ignore[arg-type]
    code = model.encode(to_model(seen[None]))
    again = to_uint8(model.decode(code))[0]
    in_sigma = config.objective.is_tied  # only then is there a prior, which tells how far from ordinary a code is
    return {
        "model": shown.name,
        "input": figures.picture(seen),
        "reconstruction": figures.picture(again),
        "difference": figures.picture(figures.error_map(seen, again)),
        "code": figures.numbers((model.to_noise(code) if in_sigma else code)[0]),
        "in_sigma": in_sigma,
        "psnr": round(psnr(seen[None], again[None]), 1),
        "note": describe_picture(model, "a reconstruction", shown.name, code=code),
    }


def open_encoded(text: Any) -> Image.Image:
    """A picture file given as base64, with or without the head of a data URI.

    Raises:
        UserError: for anything that is not a picture of bearable size.
    """
    if not isinstance(text, str) or not text:
        raise UserError("Give the picture as base64 text or as a data URI.")
    if len(text) > MAX_FILE_BYTES * 4 // 3 + 1024:
        raise UserError(f"The file is larger than {MAX_FILE_BYTES // 2**20} MB: shrink the picture.")
    try:
        content = base64.b64decode(text.partition(",")[2] if text.startswith("data:") else text, validate=True)
    except (binascii.Error, ValueError):
        raise UserError("The picture is not valid base64: encode the file's bytes.") from None
    return open_image(content)


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


def _example(name: str, path: Path) -> str:
    thumbnail = figures.data_uri(fit_image(open_image(path), 64, 3, False))
    label = html.escape(name.replace("-", " ").replace("_", " "))
    return (
        f'<button type="button" class="example" data-example="{html.escape(name)}" data-t-label="example"'
        f' data-t-title="example" data-name="{label}"><img src="{thumbnail}" alt="" width="64" height="64"></button>'
    )
