"""An index of a model's training images, and the search for those that are nearest to a picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from aegan.config import UserError
from aegan.data import load_data
from aegan.features import features
from aegan.images import open_image, to_model

THUMBNAIL = 64  # pixels of a kept picture, at most
CODE_UNIT = 1 / 1024  # codes are whole multiples of it: ±32, and 1500 times 64 of them take 192 kB
PIXELS, PIXELS_SIDE = "pixels", 16  # features of data without a classifier: the picture, so small
BATCH_SIZE = 250


@dataclass(frozen=True)
class Atlas:
    """What is known of N training images of a model. Shared, so never changed."""

    data: str  # the bundled set that `pictures` are read from; "" where they are in `sheet`
    shape: tuple[int, int]  # the model's img_resolution and img_channels
    extractor: str  # in whose features images are compared
    total: int  # training images in all, of which N are in the index
    is_mirrored: bool  # whether training images were mirrored at random, so that a mirrored copy is one, too
    attribute: str  # what labels tell: "class", the name of an attribute, or "" where nothing is known
    names: tuple[str, ...]  # values of labels
    index: Tensor  # int8 [N, D], in units of …
    scale: Tensor  # … float32 [D]
    labels: Tensor  # int16 [N], or [0] where nothing is known
    usual: Tensor  # float32 [101]: percentiles of test images' distances to the nearest of the index; or [0]
    rows: Tensor  # int32 [M], ascending: those in the index that …
    codes: Tensor  # … int16 [M, z_dim], in units of CODE_UNIT, tells the noise of; M is 0 without an encoder tied to G
    sheet: Tensor  # uint8: a WebP file of all pictures, row by row; empty where `data` says where they are

    @cached_property
    def vectors(self) -> Tensor:
        """The index as features [N, D]."""
        return self.index.float() * self.scale

    @cached_property
    def _squares(self) -> Tensor:
        return self.vectors.square().sum(1)

    @cached_property
    def pictures(self) -> np.ndarray:
        """Small pictures of the index, uint8 [N, H, W, C].

        Raises:
            UserError: if they are not what the atlas was made of.
        """
        if self.data:
            pictures = _bundled_pictures(self.data, *self.shape)
        else:
            grey, side = self.shape[1] == 1, thumbnail_side(self.shape[0])
            grid = np.asarray(open_image(self.sheet.numpy().tobytes()).convert("L" if grey else "RGB"))
            columns = math.isqrt(len(self.index) - 1) + 1
            rows = -(-len(self.index) // columns)
            if grid.shape[:2] != (rows * side, columns * side):
                raise UserError("The pictures of this atlas are damaged: make it anew.")
            tiles = grid.reshape(rows, side, columns, side, -1).swapaxes(1, 2)  # [rows, columns, H, W, C]
            pictures = tiles.reshape(-1, *tiles.shape[2:])[: len(self.index)]
        if len(pictures) != len(self.index):
            raise UserError(f"The bundled part of {self.data} is not that of this atlas: make it anew.")
        return pictures

    @torch.no_grad()
    def nearest(self, image: np.ndarray, k: int = 6) -> tuple[Tensor, Tensor]:
        """The images of the index that are nearest to a picture: their distances [k], ascending, and their rows [k].

        Distances to all of them come from one product, those that are answered from the vectors themselves: products
        cancel where a picture is near. The index itself is rounded, so that a training image lies about a fiftieth of
        the usual distance from itself.

        Args:
            image: uint8 [H, W, C] of the model's shape.
            k: how many; fewer if there are fewer.
        """
        views = describe_images(add_mirrored(image[None], self.is_mirrored), self.extractor)  # [1 or 2, D]
        squares = torch.stack([torch.addmv(self._squares, self.vectors, view, alpha=-2) for view in views])
        squares += views.square().sum(1, keepdim=True)
        rows = squares.amin(0).topk(min(k, len(self.index)), largest=False).indices
        exact = (views[:, None] - self.vectors[rows]).norm(dim=2).amin(0)
        distances, order = exact.sort()
        return distances, rows[order]

    def rank(self, distance: float) -> float | None:
        """Percentage of test images that lie nearer to a training image than this; None where it is not known."""
        if not len(self.usual):
            return None
        return float(np.interp(distance, self.usual.numpy(), np.linspace(0, 100, len(self.usual))))

    def label(self, row: int) -> str:
        """The name of the label of a row of the index; "" where nothing is known."""
        return self.names[int(self.labels[row])] if len(self.labels) else ""


@lru_cache(maxsize=4)
def _bundled_pictures(data: str, img_resolution: int, img_channels: int) -> np.ndarray:
    return load_data(data, img_resolution, img_channels, full=False).train.copy()  # without the test part


def add_mirrored(images: np.ndarray, is_mirrored: bool) -> np.ndarray:
    """Images [N, H, W, C], or [2 N, H, W, C] with their mirror images after them."""
    return np.concatenate([images, images[:, :, ::-1]]) if is_mirrored else images


@torch.no_grad()
def describe_images(images: np.ndarray, extractor: str) -> Tensor:
    """Features [N, D] of images uint8 [N, H, W, C]: a classifier's, or the images themselves, 16 pixels wide."""
    if extractor != PIXELS:
        return features(images, extractor)
    parts = (images[i : i + BATCH_SIZE] for i in range(0, len(images), BATCH_SIZE))
    return torch.cat([F.adaptive_avg_pool2d(to_model(part), PIXELS_SIDE).flatten(1) for part in parts])


def thumbnail_side(img_resolution: int) -> int:
    """Height and width of the pictures that an atlas keeps."""
    return min(img_resolution, THUMBNAIL)
