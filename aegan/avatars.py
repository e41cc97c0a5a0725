"""Cartoon faces with known attributes, rendered by DiceBear in its style toon-head."""

from __future__ import annotations

import io
import json
from importlib.resources import files
from typing import Any

import numpy as np
from PIL import Image

from aegan.config import UserError

LICENSE = "CC BY 4.0"
CREDIT = "ToonHead by Johan Melin, rendered (remixed) with DiceBear"
PACKAGES = "dicebear-core==10.7.0 dicebear-styles==10.6.0 resvg-py==0.5.0"
FULL = (12_000, 2_000)  # training and test images
SIZE = 64

_HAIR = {
    "black": "#2c1b18", "brown": "#724133", "auburn": "#a55728", "caramel": "#b58143", "blond": "#d6b370",
    "silver": "#c9c5c0", "rose": "#d9748f", "blue": "#4f7cac",
}  # fmt: skip
_SKIN = {"dark": "#5c3829", "brown": "#a36b4f", "tan": "#b98e6a", "rosy": "#c68e7a", "light": "#f1c3a5"}
_CLOTHES = {
    "black": "#151613", "grey": "#545454", "white": "#e8e9e6", "blue": "#0b3286", "green": "#147f3c",
    "yellow": "#eab308", "orange": "#f97316", "red": "#b11f1f", "pink": "#ec4899", "purple": "#731ac3",
}  # fmt: skip
_BACKGROUND = {"sky": "#b6e3f4", "lilac": "#c0aede", "mist": "#d1d4f9", "blush": "#ffd5dc", "apricot": "#ffdfbf"}

#: Attribute -> its DiceBear option, and its values by our name and DiceBear's. "none" comes first where there is one.
ATTRIBUTES: dict[str, tuple[str, dict[str, str]]] = {
    "hair": ("hairVariant", {"undercut": "undercut", "side-combed": "sideComed", "spiky": "spiky", "bun": "bun"}),
    "hair length": (
        "rearHairVariant",
        {"none": "", "neck": "neckHigh", "shoulder": "shoulderHigh", "long": "longStraight", "long wavy": "longWavy"},
    ),
    "beard": (
        "beardVariant",
        {"none": "", "moustache": "moustacheTwirl", "chin": "chin", "chin and moustache": "chinMoustache",
         "full": "fullBeard", "long": "longBeard"},
    ),
    "mouth": ("mouthVariant", {"smile": "smile", "laugh": "laugh", "agape": "agape", "sad": "sad", "angry": "angry"}),
    "eyes": ("eyesVariant", {"wide": "wide", "wink": "wink", "happy": "happy", "humble": "humble", "bow": "bow"}),
    "eyebrows": (
        "eyebrowsVariant",
        {"neutral": "neutral", "happy": "happy", "raised": "raised", "sad": "sad", "angry": "angry"},
    ),
    "clothes": (
        "clothesVariant",
        {"T-shirt": "tShirt", "shirt": "shirt", "turtleneck": "turtleNeck", "open jacket": "openJacket",
         "dress": "dress"},
    ),
    "hair colour": ("hairColor", _HAIR),
    "skin colour": ("skinColor", _SKIN),
    "clothes colour": ("clothesColor", _CLOTHES),
    "background": ("backgroundColor", _BACKGROUND),
}  # fmt: skip

#: How the drawn face differs from the style's own: nearer, fewer beards, more open eyes, more colours.
_OPTIONS: dict[str, Any] = {
    "scale": 1.25,
    "translateY": 6,
    "beardProbability": 25,
    "rearHairProbability": 55,
    "eyesVariant": {"wide": 4, "wink": 1, "happy": 2, "humble": 1, "bow": 1},
    **{f"{part}Color": list(colours.values()) for part, colours in (
        ("hair", _HAIR), ("skin", _SKIN), ("clothes", _CLOTHES), ("background", _BACKGROUND)
    )},
}  # fmt: skip


def render(train: int, test: int, size: int = SIZE) -> tuple[np.ndarray, dict[str, Any]]:
    """Draws faces, the same ones every time; those for testing are never among those for training, of any number.

    Returns:
        uint8 [train + test, size, size, 3], and the facts that `files.write_sheet` keeps.

    Raises:
        UserError: if DiceBear's packages are not installed.
    """
    try:
        import resvg_py
        from dicebear import Avatar, Style
    except ImportError:
        raise UserError(f"Rendering avatars needs some packages: pip install {PACKAGES}.") from None
    style = Style(json.loads(files("dicebear_styles").joinpath("toon-head.json").read_text("utf-8")))
    images = np.empty((train + test, size, size, 3), np.uint8)
    chosen = []
    for i in range(train + test):
        seed = f"train {i}" if i < train else f"test {i - train}"
        avatar = Avatar(style, {"seed": seed, **_OPTIONS})
        svg = avatar.to_string()
        png = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True)
        images[i] = np.array(Image.open(io.BytesIO(png), formats=("PNG",)).convert("RGB"))
        chosen.append(_read_choices(avatar.to_json()["options"]))
    facts = {
        "test": test,
        "labels": [choices[0] for choices in chosen],
        "classes": list(ATTRIBUTES["hair"][1]),
        "attributes": {name: list(values) for name, (_, values) in ATTRIBUTES.items()},
        "chosen": chosen,
    }
    return images, facts


def _read_choices(options: dict[str, Any]) -> list[int]:
    """The position of each attribute's value, from what DiceBear says it chose."""
    found = []
    for option, values in ATTRIBUTES.values():
        value = options.get(option) or ""
        found.append(list(values.values()).index(value[0] if isinstance(value, list) else value))
    return found
