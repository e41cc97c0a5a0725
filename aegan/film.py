"""Films: animated pictures of a walk through the latent space.

WebP, which every browser plays, and GIF for whatever else. MP4 is left out on purpose: the encoders that Python can
install bring 30 MB of programs, and those of browsers differ in what they write and take no note of where it is from.
"""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from aegan.config import UserError
from aegan.images import to_uint8
from aegan.latent import interpolate
from aegan.model import AEGAN
from aegan.provenance import note_gif, to_xmp

FORMATS = ("webp", "gif")
SMALLEST_SIDE = 256  # pixels; smaller pictures are enlarged by a whole number
MAX_FILM_BYTES = 8 * 2**20
_BATCH = 32


def walk(points: Tensor, each: int, spherical: bool = True, loop: bool = False) -> Tensor:
    """The points of a path through `points` [n, z_dim]: the same as in assets/js/kin.js.

    Args:
        points: where it goes through.
        each: frames from one of them to the next.
        spherical: on arcs (see `latent.interpolate`), else straight.
        loop: back to the first at last.

    Returns:
        [n · each, z_dim] of a loop, else [(n - 1) · each + 1, z_dim], which ends with the last point itself.
    """
    shares = torch.linspace(0, 1, each + 1)[:-1, None]
    ends = torch.cat([points[1:], points[:1]]) if loop else points[1:]
    stretches = [
        interpolate(start, end, each + 1)[:-1] if spherical else start + shares * (end - start)
        for start, end in zip(points, ends, strict=False)
    ]
    return torch.cat(stretches if loop else [*stretches, points[-1:]])


@torch.no_grad()
def draw_frames(model: AEGAN, noise: Tensor) -> np.ndarray:
    """The pictures at noise [N, z_dim] as uint8 [N, H, W, C]."""
    return np.concatenate([to_uint8(model.sample(0, noise=part)) for part in noise.split(_BATCH)])


def encode_film(frames: np.ndarray, milliseconds: int, kind: str, record: dict[str, Any]) -> bytes:
    """An animated picture file that repeats for ever and says where it is from.

    Grey WebP is lossless; colour WebP is lossy, which is a fifth of the size; GIF has one palette for all frames, so
    that still areas do not flicker.

    Args:
        frames: uint8 [N, H, W, C].
        milliseconds: that each frame stays.
        kind: one of FORMATS.
        record: see `aegan.provenance`. Both hold it as XMP; GIF says it in its comment, too.

    Raises:
        UserError: when the file becomes too large.
    """
    grey, scale = frames.shape[3] == 1, math.ceil(SMALLEST_SIDE / frames.shape[1])
    images = [Image.fromarray(frame[..., 0] if grey else frame) for frame in frames]
    if kind == "gif" and not grey:
        some = frames[:: max(1, len(frames) // _BATCH)]
        palette = Image.fromarray(np.concatenate(some)).quantize(256)
        images = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    large = [i.resize((i.width * scale, i.height * scale), Image.Resampling.NEAREST) for i in images]
    if kind == "gif":
        how: dict[str, Any] = {"comment": record["description"].encode("ascii", "replace")}
    else:
        how = {"xmp": to_xmp(record)} | (
            {"lossless": True, "quality": 20, "method": 1} if grey else {"quality": 90, "method": 2}
        )
    buffer = io.BytesIO()
    large[0].save(buffer, kind, save_all=True, append_images=large[1:], duration=milliseconds, loop=0, **how)
    content = note_gif(buffer.getvalue(), record) if kind == "gif" else buffer.getvalue()
    if len(content) > MAX_FILM_BYTES:
        raise UserError(f"The film is larger than {MAX_FILM_BYTES // 2**20} MB: take fewer frames.")
    return content
