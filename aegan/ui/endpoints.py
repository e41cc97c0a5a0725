"""Functions for programs, each a named endpoint of Gradio's API: sample, decode, nearest, reconstruct, refine."""

from __future__ import annotations

import copy
from typing import Any

import gradio as gr
import numpy as np
import torch

from aegan.config import UserError
from aegan.images import to_uint8
from aegan.model import pick_device
from aegan.ui import figures
from aegan.ui.explore import describe, record
from aegan.ui.hosting import gpu, parse_numbers, parse_seed, seat, speaks
from aegan.ui.models import Models, Shown
from aegan.ui.nearest import find_nearest
from aegan.ui.reconstruct import open_encoded, reconstruct, refine_upload

MOST_SAMPLES = 64
NOISE_LIMIT = 10.0  # no draw from N(0, I) comes near


def create_endpoints(models: Models) -> None:
    """Declares the endpoints; pictures go in as base64 text and come out as PNG data URIs, never as files.

    Every picture that a model made says so in its own metadata, with the numbers that it came from.
    """

    @speaks
    def sample(model: str = "", count: int = 1, seed: int = 0) -> dict[str, Any]:
        """New pictures: {"images": PNG data URIs, "noise": one list of numbers per picture, as `decode` takes them}.

        The same seed gives the same pictures. `model` is a name of the page's chooser, "" its first one.
        """
        with seat():
            return sample_many(models.get(model or models.first), count, seed)

    @speaks
    def decode(noise: list[float], model: str = "") -> dict[str, Any]:
        """The picture at a point of the latent space: {"image", "unusual": percentile, "realness": 0 … 1 or None}.

        `noise` holds as many finite numbers as the model's latent space has dimensions, ordinarily within ±3.
        """
        with seat():
            shown = models.get(model or models.first)
            values = parse_numbers(noise, shown.model.config.model.z_dim, NOISE_LIMIT, "noise")
            point = torch.tensor(values)[None]
            return _with_images(describe(shown, point), record(shown, point))

    @speaks
    def nearest(noise: list[float], model: str = "") -> dict[str, Any]:
        """Training images nearest to the picture at a point: {"picture", "tiles", "count", "total", "rank", …}.

        "tiles" holds six, nearest first: "picture", "name" of its class, "times" the usual distance. "rank": how many
        percent of test images are nearer to a training image. Not every model has such an index.
        """
        with seat():
            return find_nearest(models, {"model": model or models.first, "noise": noise})

    @speaks
    def reconstruct_picture(image: str, model: str = "", invert: str = "auto") -> dict[str, Any]:
        """A picture through the encoder and back: {"input", "reconstruction", "difference", "code", "psnr", "note", …}.

        `image` is a picture file as base64 text or data URI; it is kept in memory only. `invert`: auto, on or off.
        """
        with seat():
            shown = models.get(model or models.first)
            answer = reconstruct(shown, open_encoded(image), invert)
            return _with_images(answer, answer["note"])

    @speaks
    def refine_picture(image: str, model: str = "", invert: str = "auto", steps: int = 40) -> dict[str, Any]:
        """A picture and a better code than the encoder's: {"input", "refined", "difference", "code", "psnr", …}.

        As `reconstruct`, after 1 to 100 steps that search for the code; "psnr_before" is the encoder's own.
        """
        with seat():
            answer = refine_upload(models.get(model or models.first), open_encoded(image), invert, steps)
            return _with_images(answer, answer["note"])

    functions = {
        "sample": sample, "decode": decode, "nearest": nearest, "reconstruct": reconstruct_picture,
        "refine": refine_picture,
    }  # fmt: skip
    for name, function in functions.items():
        gr.api(function, api_name=name, api_description=function.__doc__, concurrency_limit=2, concurrency_id="core")


def sample_many(shown: Shown, count: Any, seed: Any) -> dict[str, Any]:
    """`count` pictures from the noise of `seed`.

    Raises:
        UserError: for a count or seed out of range.
    """
    if type(count) is not int or not 1 <= count <= MOST_SAMPLES:
        raise UserError(f"count must be a whole number from 1 to {MOST_SAMPLES}.")
    rng = torch.Generator().manual_seed(parse_seed(seed))
    noise = torch.randn(count, shown.model.config.model.z_dim, generator=rng).round(decimals=3)  # as it is answered
    images = [_image(shown, row, image) for row, image in zip(noise, _draw(shown, noise), strict=True)]
    return {"model": shown.name, "images": images, "noise": [figures.numbers(row) for row in noise]}


@gpu
@torch.no_grad()
def _draw(shown: Shown, noise: torch.Tensor) -> np.ndarray:
    """Noise [N, z_dim] on the CPU to pictures, on the best device there is; the shared model stays where it is."""
    device = pick_device("auto")
    model = shown.model if device == shown.model.device else copy.deepcopy(shown.model).to(device)
    return to_uint8(model.sample(0, noise=noise.to(device)))


def _image(shown: Shown, noise: torch.Tensor, image: np.ndarray) -> Any:
    if image.ndim == 1:
        return figures.picture(image)["points"][0]
    return figures.data_uri(image, record(shown, noise[None]))


def _with_images(answer: dict[str, Any], note: dict[str, Any]) -> dict[str, Any]:
    """The page's answer with its raw pixels as PNG data URIs, which carry the note unless the visitor gave them."""
    pictures = {"width", "height", "channels", "pixels", "points"}
    if "points" in answer:
        answer = {"image": answer["points"][0], **answer}
    elif "pixels" in answer:
        answer = {"image": {key: answer[key] for key in answer if key in pictures}, **answer}
    kept = {key: value for key, value in answer.items() if key not in pictures}
    return {
        key: figures.to_uri(v, None if key == "input" else note) if isinstance(v, dict) and "pixels" in v else v
        for key, v in kept.items()
    }
