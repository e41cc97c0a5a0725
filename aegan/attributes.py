"""What can be told of a picture: how a digit slants, how long sleeves are, how dark the hair of a face is.

Digits and garments are measured from their pixels; attributes of avatars are known, and a small classifier tells them
from a picture (`python -m aegan.classifier avatars` trains it).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch

from aegan import avatars
from aegan.classifier import CLASSIFIERS, class_logits, majority_accuracy
from aegan.data import Dataset

#: Data set -> its attributes -> (what little of it is called, what much of it is called).
ATTRIBUTES: dict[str, dict[str, tuple[str, str]]] = {
    "mnist": {"slant": ("left", "right"), "thickness": ("thin", "thick"), "width": ("narrow", "wide")},
    "fashion-mnist": {
        "brightness": ("dark", "bright"), "width": ("narrow", "wide"), "sleeves": ("short", "long"),
        "shoe-height": ("low", "high"),
    },
    "avatars": {
        "hair-colour": ("dark", "light"), "hair-length": ("short", "long"), "bun": ("no", "yes"),
        "spikes": ("no", "yes"), "beard": ("no", "yes"), "skin": ("dark", "light"), "mouth": ("closed", "open"),
        "mood": ("sad", "happy"), "eyes": ("closed", "open"), "clothes": ("dark", "light"),
        "background": ("cool", "warm"),
    },
}  # fmt: skip

#: [resolution, channels] at which they are told.
SHAPES = {"mnist": (28, 1), "fashion-mnist": (28, 1), "avatars": (avatars.SIZE, 3)}


def has_attributes(data: str, img_resolution: int, img_channels: int) -> bool:
    """Whether there are attributes for a data set as the model sees it."""
    return SHAPES.get(data) == (img_resolution, img_channels)


def measure_attributes(images: np.ndarray, data: str, device: str | torch.device = "cpu") -> np.ndarray:
    """How much images have of each attribute.

    Args:
        images: uint8 [N, H, W, C] of that data set's shape.
        data: its name, one of `ATTRIBUTES`.
        device: where classifiers compute.

    Returns:
        float64 [N, A] in the order of `ATTRIBUTES[data]`: degrees, pixels, or the value that a classifier expects; NaN
        where an image has no such thing, as a shoe has no sleeves.

    Raises:
        UserError: if a classifier's weights are missing or damaged.
    """
    if data == "avatars":
        return _measure_faces(images, device)
    ink = images[..., 0] / 255.0  # [N, H, W], on black
    if data == "mnist":
        return np.stack([slant(ink), thickness(ink), width(ink)], axis=1)
    garment = class_logits(images, CLASSIFIERS[data], device)[0].argmax(1).cpu().numpy()
    across, down = _extent(ink, axis=1), _extent(ink, axis=2)  # [N] pixels
    worn, top, shoe = (np.isin(garment, classes) for classes in ((0, 1, 2, 3, 4, 6), (0, 2, 4, 6), (5, 7, 9)))
    return np.stack(
        [
            np.square(ink).sum((1, 2)) / ink.sum((1, 2)).clip(1e-6),  # of the garment, whatever its size
            np.where(worn, across, np.nan),
            np.where(top & (across >= _SLEEVED), sleeve_length(ink), np.nan),
            np.where(shoe, down, np.nan),
        ],
        axis=1,
    )


# -- from pixels: ink [N, H, W] in [0, 1] -> values [N] ----------------------------------------------------------


def slant(ink: np.ndarray) -> np.ndarray:
    """Degrees by which strokes lean to the right: the angle of the line x = a y that fits the ink best.

    Its slope is a ratio of second moments, by which digits are usually set upright. A sheared bar has exactly its own.
    """
    _, yy, xy = _moments(ink)
    return np.degrees(np.arctan2(xy, yy.clip(1e-6)))


def width(ink: np.ndarray) -> np.ndarray:
    """Pixels across, once set upright: those of an even bar with the same deviation in x after removing the slant."""
    xx, yy, xy = _moments(ink)
    return np.sqrt(12 * (xx - xy**2 / yy.clip(1e-6)).clip(0))


def thickness(ink: np.ndarray) -> np.ndarray:
    """Pixels across a stroke: twice the area over the length of the outline.

    The outline is the total variation (the coarea formula, Federer 1959), so that grey edges count as what they are
    and faint pictures like strong ones; a blurred stroke is as thick as an even one with its peak and its area. A bar
    of width w and length l has w / (1 + w / l), because its ends belong to the outline; a ring has its width.
    """
    padded = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
    a = padded[:, 1:, 1:] - padded[:, :-1, :-1]  # differences along both diagonals meet in the same place
    b = padded[:, 1:, :-1] - padded[:, :-1, 1:]
    outline = np.sqrt((a**2 + b**2) / 2).sum((1, 2))
    return 2 * ink.sum((1, 2)) / outline.clip(1e-6)


def sleeve_length(ink: np.ndarray, share: float = 0.2) -> np.ndarray:
    """How far down the outermost parts of a top reach: 0 at its upper edge, 1 at the lower one.

    Twice the mean depth of its outer columns, a share of its width on each side. There T-shirts have the ends of their
    sleeves, around 0.65, and pullovers whole sleeves, around 1.1: of the bundled training images 89 % of T-shirts lie
    below 0.9, and 99 % of pullovers and coats above. Among long sleeves it tells the slope of the shoulders more than
    the length. What has no sleeves is outermost at its trunk and looks like long ones.
    """
    columns, rows = _strength(ink.max(1)), _strength(ink.max(2))  # [N, W], [N, H]
    depth = (rows.cumsum(1) - rows / 2) / rows.sum(1, keepdims=True).clip(1e-6)
    place = (columns.cumsum(1) - columns / 2) / columns.sum(1, keepdims=True).clip(1e-6)
    outer = columns * (np.abs(place - 0.5) > 0.5 - share)
    mass = np.einsum("nhw,nw->nh", _strength(ink), outer)
    return 2 * (mass * depth).sum(1) / mass.sum(1).clip(1e-6)


_SLEEVED = 17  # pixels across: of narrower tops most have no sleeves


def _moments(ink: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Second central moments [N] of the ink: xx, yy, xy, with y upwards."""
    mass = ink.sum((1, 2)).clip(1e-6)
    x, y = np.arange(ink.shape[2]), -np.arange(ink.shape[1])[:, None]
    x, y = (place - ((ink * place).sum((1, 2)) / mass)[:, None, None] for place in (x, y))
    xx, yy, xy = ((ink * product).sum((1, 2)) / mass for product in (x * x, y * y, x * y))
    return xx, yy, xy


def _extent(ink: np.ndarray, axis: int) -> np.ndarray:
    """Pixels [N] over which there is ink, counted along the rows (axis 2) or the columns (axis 1)."""
    return _strength(ink.max(axis)).sum(1)


def _strength(ink: np.ndarray) -> np.ndarray:
    """Whether there is ink: 1 from a quarter of full brightness on, less below, without a jump."""
    return (4 * ink).clip(0, 1)


# -- from a classifier -------------------------------------------------------------------------------------------


def _brightness(colour: str) -> float:
    """Luma (Rec. 709) in [0, 1] of "#rrggbb"."""
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), _rgb(colour), strict=True))


def _warmth(colour: str) -> float:
    """Red less blue of "#rrggbb", in [-1, 1]."""
    red, _, blue = _rgb(colour)
    return red - blue


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red / 255, green / 255, blue / 255


#: Attribute -> what of a face it is told by, and what each value of that counts: 0 if not named.
_FACES: dict[str, tuple[str, Mapping[str, float] | Callable[[str], float]]] = {
    "hair-colour": ("hair colour", _brightness),
    "hair-length": ("hair length", {"neck": 1, "shoulder": 2, "long": 3, "long wavy": 3}),
    "bun": ("hair", {"bun": 1}),
    "spikes": ("hair", {"spiky": 1}),
    "beard": ("beard", {"moustache": 1, "chin": 1, "chin and moustache": 1, "full": 1, "long": 1}),
    "skin": ("skin colour", _brightness),
    "mouth": ("mouth", {"laugh": 1, "agape": 1}),
    "mood": ("mouth", {"smile": 1, "laugh": 1, "sad": -1, "angry": -1}),
    "eyes": ("eyes", {"wide": 1, "wink": 0.5}),
    "clothes": ("clothes colour", _brightness),
    "background": ("background", _warmth),
}


def _measure_faces(images: np.ndarray, device: str | torch.device) -> np.ndarray:
    logits = class_logits(images, CLASSIFIERS["avatars"], device)
    told = [part.softmax(1).double().cpu().numpy() for part in logits]  # probabilities of each head
    values = []
    for name in ATTRIBUTES["avatars"]:
        head, count = _FACES[name]
        known = avatars.ATTRIBUTES[head][1].items()
        counts = [count.get(value, 0.0) if isinstance(count, Mapping) else count(colour) for value, colour in known]
        values.append(told[list(avatars.ATTRIBUTES).index(head)] @ counts)
    return np.stack(values, axis=1)


def attribute_survival(data: Dataset, reconstructions: np.ndarray, device: str | torch.device = "cpu") -> dict:
    """Share of test images whose attributes are still told rightly from their reconstruction.

    Args:
        data: a set with known attributes; of another, and of another shape, nothing can be said.
        reconstructions: of its test images, uint8 [N, H, W, C].
        device: where the classifier computes.

    Returns:
        For each attribute NAME that was rendered, `attributes/NAME`; `attributes/NAME_ceiling`, the same on the test
        images themselves; `attributes/NAME_floor`, of who always says the training images' most frequent value.
    """
    fits = data.name == "avatars" and has_attributes(data.name, data.img_resolution, data.img_channels)
    if not fits or data.train_attributes is None or data.test_attributes is None:
        return {}
    truth, figures = data.test_attributes, {}
    kept, ceiling = (
        [
            (part.argmax(1).cpu().numpy() == truth[:, i]).mean()
            for i, part in enumerate(class_logits(images, CLASSIFIERS[data.name], device))
        ]
        for images in (reconstructions, data.test)
    )
    floor = majority_accuracy(data.train_attributes, truth)
    for name, *shares in zip(data.attributes, kept, ceiling, floor, strict=True):
        for suffix, share in zip(("", "_ceiling", "_floor"), shares, strict=True):
            figures[f"attributes/{name.replace(' ', '_')}{suffix}"] = float(share)
    return figures
