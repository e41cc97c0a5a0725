"""Where a picture comes from: the training images nearest to it, so that copying would be seen; codes for the map."""

from __future__ import annotations

import base64
import html
import json
import threading
from typing import Any

import numpy as np
import torch

from aegan.atlas import ATLAS
from aegan.atlas_index import CODE_UNIT, Atlas
from aegan.config import UserError
from aegan.images import to_uint8
from aegan.provenance import describe_picture
from aegan.ui import figures
from aegan.ui.hosting import answers, parse_numbers
from aegan.ui.models import Models, Shown
from aegan.ui.page import component

NOISE_LIMIT = 10.0  # no draw from N(0, I) comes near
SHOWN = 6
HEADROOM = 1.1  # the gauge ends so much further than the distance that 99 % of test images stay below

_LOADING = threading.Lock()  # the pictures of a data set take a second: visitors wait for the same one


def create_nearest(models: Models) -> None:
    """Below the explorer: one component, drawn by assets/js/nearest.js; hidden for models without an atlas."""

    @answers
    def on_nearest(request: Any) -> dict[str, Any]:
        return find_nearest(models, request)

    ready = [name for name, folder in models.folders.items() if (folder / ATLAS).is_file()]
    component("nearest", models=html.escape(json.dumps(ready)), server_functions=[on_nearest])


def open_atlas(models: Models, request: Any) -> tuple[Shown, Atlas]:
    """The model that a request {"model": name, …} names, and its atlas.

    Raises:
        UserError: for a request of another form, or a model without an atlas or with a damaged one.
    """
    if not isinstance(request, dict):
        raise UserError("The request must be an object with the name of a model.")
    shown = models.get(request.get("model"))
    with _LOADING:
        atlas = shown.atlas
    if atlas is None:
        raise UserError(f"This model has no index of its training images: `python -m aegan prepare {shown.title}`.")
    return shown, atlas


@torch.no_grad()
def find_nearest(models: Models, request: Any) -> dict[str, Any]:
    """The training images nearest to the picture at a point.

    Args:
        models: where to find the model.
        request: {"model": name, "noise": z_dim numbers}.

    Returns:
        "model"; "picture", the one at that point, and "tiles", nearest first: "picture" (PNG data URIs), "name" (of
        its class or the like, may be ""), "times" (its distance in units of the usual one, or None); "count" of the
        training images that were looked at, of "total"; "attribute" that the names are of; "extractor" in whose
        features. Where it was measured how far test images lie from their nearest training image: "rank", the
        percentage of them that lie nearer than this picture, and "gauge": its place in [0, 1] between a copy and what
        is unlike all, and those of the nearest and the furthest hundredth of test images; else both are None.

    Raises:
        UserError: for a request that is not of this form, or a model that has no atlas.
    """
    shown, atlas = open_atlas(models, request)
    with _LOADING:
        pictures = atlas.pictures
    values = parse_numbers(request.get("noise"), shown.model.config.model.z_dim, NOISE_LIMIT, "noise")
    noise = torch.tensor(values)[None]
    image = to_uint8(shown.model.sample(0, noise=noise))[0]
    distances, rows = atlas.nearest(image, SHOWN)
    usual = float(atlas.usual[50]) if len(atlas.usual) else 0.0
    tiles = [
        {
            "picture": figures.data_uri(pictures[row]),
            "name": atlas.label(row),
            "times": round(distance / usual, 2) if usual else None,
        }
        for distance, row in zip(distances.tolist(), rows.tolist(), strict=True)
    ]
    return {
        "model": shown.name,
        "picture": figures.data_uri(image, describe_picture(shown.model, "a picture", shown.title, noise=noise)),
        "tiles": tiles,
        "count": len(atlas.index),
        "total": atlas.total,
        "attribute": atlas.attribute,
        "extractor": atlas.extractor,
        **_judge(atlas, float(distances[0])),
    }


def _judge(atlas: Atlas, distance: float) -> dict[str, Any]:
    rank = atlas.rank(distance)
    if rank is None or not atlas.usual[99]:
        return {"rank": None, "gauge": None}
    end = HEADROOM * float(atlas.usual[99])
    places = np.clip(np.array([distance, atlas.usual[1], atlas.usual[99]]) / end, 0, 1)
    return {"rank": round(rank, 1), "gauge": figures.numbers(places)}


def describe_cloud(models: Models, request: Any) -> dict[str, Any]:
    """Where training images lie in the noise, for a map.

    Args:
        models: where to find the model.
        request: {"model": name}.

    Returns:
        "model", "z_dim", "count" (0 for a model whose encoder does not lead there, or that has none); "codes", base64
        of little-endian int16 [count, z_dim] in units of "unit"; "labels", count whole numbers, the position of each
        in "names", or none; "attribute", what they tell ("class", or the name of an attribute).

    Raises:
        UserError: for a request that is not of this form, or a model that has no atlas.
    """
    shown, atlas = open_atlas(models, request)
    return {
        "model": shown.name,
        "z_dim": atlas.codes.shape[1],
        "count": len(atlas.codes),
        "codes": base64.b64encode(atlas.codes.numpy().astype("<i2").tobytes()).decode(),
        "unit": CODE_UNIT,
        "labels": atlas.labels[atlas.rows.long()].tolist() if len(atlas.labels) else [],
        "names": list(atlas.names),
        "attribute": atlas.attribute,
    }
