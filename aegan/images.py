"""Pictures in, pictures out: the only place where value ranges convert, and where any upload is made to fit a model."""

from __future__ import annotations

import io
import math
import os
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image, ImageOps, PngImagePlugin
from torch import Tensor

from aegan.config import UserError

MAX_FILE_BYTES = 20 * 2**20
MAX_PIXELS = 50_000_000
MIN_SIDE = 8

#: Formats worth decoding for strangers. Pillow knows many more; some of them start other programs.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
SUFFIXES = (".png", ".jpg", ".jpeg", ".jfif", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm")

Source = str | os.PathLike | bytes | Image.Image | np.ndarray


def to_model(images: np.ndarray | Tensor) -> Tensor:
    """Data as the networks take it.

    Args:
        images: uint8 [N, H, W, C], or float points [N, 2]; a tensor stays on its device.

    Returns:
        float32 [N, C, H, W] in [-1, 1], channels-last in memory; or the points as they are, [N, 2, 1, 1].
    """
    x = images if isinstance(images, Tensor) else torch.tensor(images)
    if x.ndim == 2:
        return x.float()[:, :, None, None]
    return x.permute(0, 3, 1, 2).float() / 127.5 - 1  # [N, C, H, W]


def to_uint8(x: Tensor) -> np.ndarray:
    """The inverse of `to_model`: [N, C, H, W] to uint8 [N, H, W, C], clamped and rounded; [N, 2, 1, 1] to [N, 2]."""
    x = x.detach().float()
    if x.shape[1:] == (2, 1, 1):
        return x.flatten(1).cpu().numpy()  # [N, 2]
    x = ((x + 1) * 127.5).round().clamp(0, 255).byte()
    return x.permute(0, 2, 3, 1).contiguous().cpu().numpy()  # [N, H, W, C]


def open_image(source: Source, enough: int = 0) -> Image.Image:
    """Any picture as 8-bit RGB or L: its first frame, turned upright, transparency laid on white.

    Size in bytes and pixels is checked before anything is decoded.

    Args:
        source: path, file content, picture, or uint8 array [H, W], [H, W, 1], [H, W, 3] or [H, W, 4].
        enough: a JPEG may be decoded smaller, as long as its sides stay at least this long; 0: full size.

    Raises:
        UserError: for anything that is not a readable picture of bearable size.
    """
    try:
        image = _open(source)
        width, height = image.size
        if width * height > MAX_PIXELS:
            limit = MAX_PIXELS // 10**6
            raise UserError(f"The picture has {width} x {height} pixels: shrink it below {limit} million.")
        if min(width, height) < MIN_SIDE:
            raise UserError(f"The picture has {width} x {height} pixels: use one of at least {MIN_SIDE} x {MIN_SIDE}.")
        if enough:
            image.draft(None, (enough, enough))
        image.load()
        return _to_8_bit(_turn_upright(image))
    except (UserError, MemoryError):
        raise
    except Image.DecompressionBombError:
        limit = MAX_PIXELS // 10**6
        raise UserError(f"The picture has too many pixels: shrink it below {limit} million.") from None
    except Exception:  # a broken file can make a decoder raise nearly anything
        raise UserError("This file is damaged or not a picture: use a PNG, JPEG, WebP or GIF file.") from None


def _open(source: Source) -> Image.Image:
    if isinstance(source, Image.Image):
        return source.copy()  # loading and turning must not change the caller's picture
    if isinstance(source, np.ndarray):
        channels = source.shape[2:]
        if source.dtype != np.uint8 or source.ndim not in (2, 3) or channels not in ((), (1,), (3,), (4,)):
            raise UserError("A picture given as an array must be uint8 with 1, 3 or 4 channels.")
        return Image.fromarray(source[..., 0] if channels == (1,) else source)
    if not isinstance(source, bytes):
        path = Path(source)
        if not path.is_file():
            raise UserError(f"There is no picture file {path.name!r}: check its name.")
        with path.open("rb") as file:
            source = file.read(MAX_FILE_BYTES + 1)
    if not source:
        raise UserError("The file is empty: choose a picture.")
    if len(source) > MAX_FILE_BYTES:
        raise UserError(f"The file is larger than {MAX_FILE_BYTES // 2**20} MB: shrink the picture.")
    return Image.open(io.BytesIO(source), formats=FORMATS)


def _turn_upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # a camera's broken notes are no reason to refuse its picture
        return image


def _to_8_bit(image: Image.Image) -> Image.Image:
    if image.mode[0] in "IF":  # 16- and 32-bit grey: convert() would cut it off at 255
        values = np.nan_to_num(np.asarray(image, np.float64))
        whites = {"F": (1, 255, 65535), "I": (255, 65535)}.get(image.mode, (65535,))
        white = next((white for white in whites if values.max() <= white), values.max())
        return Image.fromarray((values / white * 255).round().clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("L" if image.mode in ("L", "1") else "RGB")


def fit_image(
    image: Image.Image,
    img_resolution: int,
    img_channels: int,
    invert: Literal["auto"] | bool = "auto",
    crop: tuple[float, float, float, float] | None = None,
    turns: int = 0,
) -> np.ndarray:
    """The picture as a model sees it: turned, its middle square, in the model's size and channels, light on dark.

    Args:
        image: what `open_image` returned.
        img_resolution: height and width wanted.
        img_channels: 1 for grey, 3 for colour.
        invert: as for `exchange_light`.
        crop: as for `cut_square`.
        turns: as for `cut_square`.

    Returns:
        uint8 [img_resolution, img_resolution, img_channels].

    Raises:
        UserError: if `crop` leaves nothing of the picture.
    """
    return exchange_light(shrink(cut_square(image, crop, turns), img_resolution, img_channels), invert)


def cut_square(
    image: Image.Image, crop: tuple[float, float, float, float] | None = None, turns: int = 0
) -> Image.Image:
    """The first step of `fit_image`: quarter turns to the right, then the middle square of the crop.

    Args:
        image: what `open_image` returned.
        crop: (left, top, right, bottom) in pixels of the turned picture; None: all of it.
        turns: how many quarter turns; negative ones go to the left.

    Raises:
        UserError: if `crop` leaves nothing of the picture.
    """
    turned = (None, Image.Transpose.ROTATE_270, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_90)[turns % 4]
    if turned is not None:
        image = image.transpose(turned)
    left, top, right, bottom = crop or (0, 0, *image.size)
    if not all(map(math.isfinite, (left, top, right, bottom))):
        raise UserError("The crop must be four finite numbers: left, top, right, bottom.")
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, image.width), min(bottom, image.height)
    side = int(min(right - left, bottom - top))
    if side < 1:
        raise UserError("The crop lies outside the picture: choose a part of it.")
    left, top = int((left + right - side) / 2), int((top + bottom - side) / 2)
    return image.crop((left, top, left + side, top + side))


def shrink(image: Image.Image, img_resolution: int, img_channels: int) -> np.ndarray:
    """The second step of `fit_image`: a square picture in the model's size, with antialiasing, and in its channels.

    Returns:
        uint8 [img_resolution, img_resolution, img_channels].
    """
    image = image.convert("L" if img_channels == 1 else "RGB")
    if image.width != img_resolution:
        image = image.resize((img_resolution, img_resolution), Image.Resampling.BICUBIC)
    return np.array(image).reshape(img_resolution, img_resolution, img_channels)


def exchange_light(pixels: np.ndarray, invert: Literal["auto"] | bool = "auto") -> np.ndarray:
    """The last step of `fit_image`: whether light and dark change places.

    Args:
        pixels: uint8 [H, W, C].
        invert: "auto" does so for grey models, which learned bright things on black, when the picture's edge is light;
            the edge's level then becomes black. Pass False for data and for models of light backgrounds.
    """
    if invert == "auto":
        paper = _edge_level(pixels)
        if pixels.shape[2] > 1 or paper <= 127:
            return pixels
        return ((paper - pixels.clip(max=paper)) / paper * 255).round().astype(np.uint8)  # greyish paper is black, too
    return 255 - pixels if invert else pixels


def square_in(size: tuple[int, int], left: float, top: float, side: float) -> tuple[float, float, float, float]:
    """A square of a picture as a crop, in pixels.

    Args:
        size: width and height of the picture.
        left: where the square begins, as a share of the width …
        top: … and of the height.
        side: its side, as a share of the picture's shorter one.

    Raises:
        UserError: unless it lies within the picture.
    """
    width, height = size
    pixels = side * min(size)
    right, bottom = left * width + pixels, top * height + pixels
    slack = 1e-3 * max(size) + 1e-9  # what rounding on the way here may add
    is_inside = 0 < side <= 1 and left >= 0 and top >= 0 and right <= width + slack and bottom <= height + slack
    if not is_inside:  # which is also said of what is not a number
        raise UserError("The crop must be a square within the picture: left, top and side as shares from 0 to 1.")
    return (left * width, top * height, right, bottom)


def _edge_level(pixels: np.ndarray) -> int:
    """The median of the outermost pixels of uint8 [H, W, C]."""
    return int(np.median(np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])))


def image_grid(images: np.ndarray, columns: int | None = None, scale: int = 1, padding: int = 2) -> np.ndarray:
    """Pictures side by side, on mid-grey.

    Args:
        images: uint8 [N, H, W, C] with C of 1 or 3.
        columns: pictures in a row; as square a grid as possible if None.
        scale: each pixel becomes a square of this side.
        padding: pixels between two pictures and around all, after scaling.

    Returns:
        uint8 [H', W', C].

    Raises:
        UserError: if there is no picture.
    """
    count, height, width, channels = images.shape
    if not count:
        raise UserError("There are no pictures to arrange: ask for at least one.")
    columns = min(columns or math.ceil(math.sqrt(count)), count)
    rows = math.ceil(count / columns)
    images = images.repeat(scale, axis=1).repeat(scale, axis=2)
    height, width = height * scale + padding, width * scale + padding
    grid = np.full((rows * height + padding, columns * width + padding, channels), 128, np.uint8)
    for i, image in enumerate(images):
        y, x = padding + i // columns * height, padding + i % columns * width
        grid[y : y + height - padding, x : x + width - padding] = image
    return grid


def encode_png(image: np.ndarray, metadata: dict[str, str] | None = None) -> bytes:
    """uint8 [H, W, C] with C of 1 or 3 as a PNG file; `metadata` becomes its text entries."""
    notes = PngImagePlugin.PngInfo()
    for key, value in (metadata or {}).items():
        notes.add_itxt(key, value)
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(buffer, "PNG", pnginfo=notes)
    return buffer.getvalue()


def encode_webp(image: np.ndarray, xmp: bytes = b"", quality: int = 85, method: int = 6) -> bytes:
    """uint8 [H, W, 3 or 4] as a WebP file, lossy and small, with an XMP packet; `method` from 0, quick, to 6, small."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", quality=quality, method=method, xmp=xmp)
    return buffer.getvalue()
