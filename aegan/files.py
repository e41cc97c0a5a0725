"""The two file formats in which named data sets are kept: idx, and one picture of all images."""

from __future__ import annotations

import gzip
import json
import math
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from aegan.config import UserError

MAX_BYTES = 4 * 2**30  # of one data set in memory


def read_sheet(folder: Path, name: str) -> tuple[np.ndarray, dict[str, Any]]:
    """Reads images kept as one lossless picture of them all, row by row, and a JSON file of facts about them.

    Returns:
        uint8 [N, H, W, C], and the facts: img_resolution, img_channels, test (how many, at the end, are for testing),
        labels [N], classes; attributes (name -> values) and chosen [N, number of attributes], empty where unknown.

    Raises:
        UserError: if a file is missing or damaged.
    """
    try:
        facts = json.loads((folder / f"{name}.json").read_text("utf-8"))
        size, count, mode = facts["img_resolution"], len(facts["labels"]), "L" if facts["img_channels"] == 1 else "RGB"
        with Image.open(folder / f"{name}.webp", formats=("WEBP",)) as sheet:
            pixels = np.array(sheet.convert(mode))
        rows, columns = pixels.shape[0] // size, pixels.shape[1] // size
        images = pixels.reshape(rows, size, columns, size, -1).swapaxes(1, 2)  # [rows, columns, H, W, C]
        images = images.reshape(rows * columns, size, size, -1)[:count]
        if not 0 < facts["test"] < len(images) == count or len(facts["chosen"]) not in (0, count):
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{name}.webp or {name}.json in {folder} is missing or damaged: get it anew.") from None
    return images, facts


def write_sheet(folder: Path, name: str, images: np.ndarray, facts: dict[str, Any]) -> None:
    """Writes what `read_sheet` reads: uint8 [N, H, W, C], and labels, classes, test, attributes, chosen."""
    count, size, _, channels = images.shape
    columns = min(count, 16_000 // size, 2 * math.isqrt(count) or 1)
    rows = math.ceil(count / columns)
    padded = np.zeros((rows * columns, size, size, channels), np.uint8)
    padded[:count] = images
    pixels = padded.reshape(rows, columns, size, size, channels).swapaxes(1, 2)
    pixels = pixels.reshape(rows * size, columns * size, channels)
    facts = {"img_resolution": size, "img_channels": channels, "attributes": {}, "chosen": [], **facts}
    folder.mkdir(parents=True, exist_ok=True)
    parts = {suffix: folder / f".{name}.{os.getpid()}{suffix}" for suffix in (".webp", ".json")}
    try:
        sheet = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
        sheet.save(parts[".webp"], "WEBP", lossless=True, quality=100, method=6)
        parts[".json"].write_text(json.dumps(facts, separators=(",", ":")) + "\n", "utf-8")
        for suffix, part in parts.items():
            os.replace(part, folder / f"{name}{suffix}")
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def read_idx(path: Path) -> np.ndarray:
    """An array of uint8 in the idx format (http://yann.lecun.com/exdb/mnist), gzipped or not.

    Raises:
        UserError: if the file is not what its header says.
    """
    opener: Callable = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as file:
            head = file.read(4)
            if len(head) < 4 or head[:3] != b"\0\0\x08":
                raise ValueError
            shape = tuple(np.frombuffer(file.read(4 * head[3]), ">u4").tolist())
            count = math.prod(shape)
            content = file.read(count + 1) if len(shape) == head[3] and count <= MAX_BYTES else b""
            if len(content) != count or not count:
                raise ValueError
    except (OSError, EOFError, ValueError, zlib.error):
        raise UserError(f"{path} is damaged: delete it and get it anew.") from None
    return np.frombuffer(bytearray(content), np.uint8).reshape(shape)
