"""Where a model's pictures come from: an index of its training images, to find those nearest to a picture, and where
some of them lie in the noise, for a map.

Kept beside the checkpoint in one file: tensors, and facts as JSON in its head. Pictures of data that come along with
the project are read from there; of other data, small ones go into the file.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from aegan.atlas_index import BATCH_SIZE, CODE_UNIT, PIXELS, Atlas, add_mirrored, describe_images, thumbnail_side
from aegan.attributes import has_attributes
from aegan.catalog import ASSETS, IMAGES
from aegan.classifier import CLASSIFIERS
from aegan.config import UserError
from aegan.data import Dataset, load_data
from aegan.history import fingerprint, write_atomic
from aegan.images import encode_webp, fit_image, image_grid, to_model
from aegan.model import AEGAN, WEIGHTS
from aegan.neighbours import gaps
from aegan.train import check_data

ATLAS, FORMAT_VERSION, MAX_BYTES = "atlas.safetensors", 1, 32 * 2**20
MOST_IMAGES, MOST_KEPT = 60_000, 4000  # in the index; of data that do not come along, whose pictures are kept
MOST_CODES = 1500
MOST_TESTS = 10_000  # test images that the usual distances are measured on …
FEWEST_TESTS = 20  # … if there are so many
COLOURED_BY = "hair colour"  # of several attributes, the one that the map shows: of avatars it weighs most in pictures


@torch.no_grad()
def build_atlas(model: AEGAN, data: Dataset, seed: int = 0) -> Atlas:
    """Makes the atlas of a model.

    The index holds the bundled part of the data where there is one, and otherwise images drawn at random, MOST_KEPT at
    most. Images are compared in the features of the data set's own classifier, which tell what it is that they show,
    or as small pictures where there is none. EfficientNet-Lite0 is not used: a page must do without its packages.

    Args:
        model: in eval mode.
        data: that it was trained on, of its shape.
        seed: of what is drawn.

    Raises:
        UserError: if the data do not fit the model, or are points.
    """
    check_data(model.config, data)
    if data.is_points:
        raise UserError("2-D points lie on the page as they are: only models of images have an atlas.")
    rng = np.random.default_rng(seed)
    known = IMAGES.get(data.name)  # a folder may have the name of a set, but it has no title
    is_bundled = known is not None and known.title == data.title and (ASSETS / f"{data.name}.json").is_file()
    shape, is_mirrored = (data.img_resolution, data.img_channels), model.config.train.flip
    if is_bundled:
        part = load_data(data.name, *shape, full=False)
        images, labels, attributes = part.train, part.train_labels, part.train_attributes
    else:
        kept = np.sort(rng.permutation(len(data.train))[:MOST_KEPT])
        images, labels, attributes = data.train[kept], data.train_labels, data.train_attributes
        labels, attributes = (None if values is None else values[kept] for values in (labels, attributes))
    attribute, names = "class", data.classes
    if COLOURED_BY in data.attributes and attributes is not None:
        attribute, names = COLOURED_BY, data.attributes[COLOURED_BY]
        labels = attributes[:, list(data.attributes).index(COLOURED_BY)]
    if labels is None or not 0 < len(names) <= 1000:
        attribute, names, labels = "", (), np.empty(0)
    extractor = CLASSIFIERS[data.name] if is_bundled and has_attributes(data.name, *shape) else PIXELS
    vectors = describe_images(images, extractor)  # [N, D]
    scale = vectors.abs().amax(0).clamp_min(1e-6) / 127
    index = (vectors / scale).round().to(torch.int8)
    rows, codes = _find_codes(model, images, rng)
    return Atlas(
        data.name if is_bundled else "", shape, extractor, len(data.train), is_mirrored, attribute, tuple(names), index,
        scale, torch.from_numpy(labels.astype(np.int16)), _usual_distances(data, extractor, index * scale, is_mirrored),
        rows, codes, torch.empty(0, dtype=torch.uint8) if is_bundled else _shrink(images),
    )  # fmt: skip


def _find_codes(model: AEGAN, images: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Rows int32 [M] of some images, and their noise int16 [M, z_dim]."""
    if model.encoder is None or not model.config.objective.is_tied:
        return torch.empty(0, dtype=torch.int32), torch.empty(0, model.config.model.z_dim, dtype=torch.int16)
    rows = np.sort(rng.permutation(len(images))[:MOST_CODES])
    parts = [images[rows[i : i + BATCH_SIZE]] for i in range(0, len(rows), BATCH_SIZE)]
    noise = torch.cat([model.to_noise(model.encode(to_model(part).to(model.device))) for part in parts]).float().cpu()
    units = (noise.nan_to_num() / CODE_UNIT).round().clamp(-32768, 32767)
    return torch.from_numpy(rows.astype(np.int32)), units.to(torch.int16)


def _usual_distances(data: Dataset, extractor: str, vectors: Tensor, is_mirrored: bool) -> Tensor:
    """Percentiles [101] of test images' distances to the nearest vector [N, D], or [0] if there are few tests."""
    tests = data.test[:MOST_TESTS]
    if len(tests) < FEWEST_TESTS:
        return torch.empty(0)
    found = gaps(describe_images(add_mirrored(tests, is_mirrored), extractor), vectors)
    found = found.reshape(-1, len(tests)).amin(0)
    return torch.quantile(found.double(), torch.linspace(0, 1, 101).double()).float()


def _shrink(images: np.ndarray) -> Tensor:
    """A WebP file of pictures uint8 [N, H, W, C], as bytes [B]."""
    side = thumbnail_side(images.shape[1])
    if side < images.shape[1]:
        pictures = (Image.fromarray(image[..., 0] if image.shape[2] == 1 else image) for image in images)
        images = np.stack([fit_image(picture, side, images.shape[3], invert=False) for picture in pictures])
    grid = image_grid(images, math.isqrt(len(images) - 1) + 1, padding=0)
    return torch.frombuffer(bytearray(encode_webp(grid.repeat(4 - grid.shape[2], axis=2))), dtype=torch.uint8)


# -- on disk -----------------------------------------------------------------------------------------------------

_FACTS = ("data", "shape", "extractor", "total", "is_mirrored", "attribute", "names")
_TENSORS = {
    "index": torch.int8, "scale": torch.float32, "labels": torch.int16, "usual": torch.float32, "rows": torch.int32,
    "codes": torch.int16, "sheet": torch.uint8,
}  # fmt: skip


def save_atlas(folder: Path, data: Dataset | None = None, seed: int = 0) -> Atlas:
    """Makes the atlas of a checkpoint, and writes it beside it.

    Args:
        folder: of the checkpoint.
        data: that it was trained on; loaded by the name that the checkpoint gives, if None.
        seed: of what is drawn.

    Raises:
        UserError: if the checkpoint or its data cannot be read, do not fit, or the file cannot be written.
    """
    model = AEGAN.from_pretrained(folder)
    m = model.config.model
    if data is None and not m.is_points:
        data = load_data(model.config.data, m.img_resolution, m.img_channels)
    if data is None:
        raise UserError("2-D points lie on the page as they are: only models of images have an atlas.")
    atlas = build_atlas(model, data, seed)
    facts = {"format_version": FORMAT_VERSION, "weights_sha256": fingerprint(Path(folder) / WEIGHTS)}
    facts |= {name: getattr(atlas, name) for name in _FACTS}
    tensors = {name: getattr(atlas, name).contiguous() for name in _TENSORS}
    write_atomic(Path(folder) / ATLAS, save(tensors, {"facts": json.dumps(facts)}))
    return atlas


def load_atlas(folder: Path, model: AEGAN) -> Atlas | None:
    """Reads the atlas of a checkpoint; None if it has none.

    Raises:
        UserError: says what in the file is wrong, or that it is of another model.
    """
    path = Path(folder) / ATLAS
    if not path.exists():
        return None
    place = f"{Path(folder).name}/{ATLAS}"  # visitors read this, and need not know where it lies on the machine
    advice = f"delete it, or make it anew with `python -m aegan prepare {Path(folder).name}`"
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {}).get("facts", ""))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator here)
    except (OSError, SafetensorError, ValueError, RecursionError):
        raise UserError(f"{place} cannot be read: {advice}.") from None
    try:
        atlas = _check(facts, tensors, model)
    except ValueError as problem:
        raise UserError(f"{place}: {problem}; {advice}.") from None
    if facts.get("weights_sha256") != fingerprint(Path(folder) / WEIGHTS):
        raise UserError(f"{place} is of other weights than those beside it: {advice}.")
    return atlas


def _check(facts: Any, tensors: dict[str, Any], model: AEGAN) -> Atlas:
    """The atlas of these parts; ValueError says what is wrong with them."""
    m = model.config.model
    if not isinstance(facts, dict) or not set(_FACTS) <= set(facts):
        raise ValueError(f"its facts must be {', '.join(_FACTS)}")
    if facts.get("format_version") != FORMAT_VERSION:
        raise ValueError(f"format_version must be {FORMAT_VERSION}")
    if {name: tensor.dtype for name, tensor in tensors.items()} != _TENSORS:
        raise ValueError(f"its tensors must be {', '.join(f'{name} {dtype}' for name, dtype in _TENSORS.items())}")
    if facts["shape"] != [m.img_resolution, m.img_channels]:
        raise ValueError("it is of images of another shape than the model's")
    data, names, total = facts["data"], facts["names"], facts["total"]
    if not isinstance(data, str) or (data and (data not in CLASSIFIERS or not (ASSETS / f"{data}.json").is_file())):
        raise ValueError("its data do not come along with this program")
    extractors = {PIXELS, *CLASSIFIERS.values()}
    if not isinstance(facts["extractor"], str) or facts["extractor"] not in extractors:
        raise ValueError(f"its extractor must be one of {', '.join(sorted(extractors))}")
    if type(total) is not int or type(facts["is_mirrored"]) is not bool:
        raise ValueError("total must be a whole number, is_mirrored true or false")
    if not isinstance(names, list) or not all(_is_short(name) for name in [*names, facts["attribute"]]):
        raise ValueError("names and attribute must be short words")
    index, scale, labels, usual, rows, codes, sheet = (tensors[name] for name in _TENSORS)
    count, width = tuple(index.shape) if index.ndim == 2 else (0, 0)
    if not 1 <= count <= min(MOST_IMAGES, total):
        raise ValueError("its index must be of at least one training image, and of no more than there are")
    if sheet.ndim != 1 or bool(data) == bool(len(sheet)):
        raise ValueError("its pictures must be in the data that it names, or else in its sheet")
    if width != _count_features(facts["extractor"], m.img_resolution, m.img_channels) or scale.shape != (width,):
        raise ValueError(
            f"its index and scale must be of the features that {facts['extractor']} has of the model's images"
        )
    if not _is_growing(scale.sort().values):
        raise ValueError("scale must be finite")
    if labels.shape not in ((0,), (count,)) or ((labels < 0) | (labels >= len(names))).any():
        raise ValueError("labels must be those of the index, each with a name")
    if usual.shape not in ((0,), (101,)) or not _is_growing(usual):
        raise ValueError("usual must be 101 growing distances, or none")
    if rows.ndim != 1 or len(rows) > MOST_CODES or ((rows < 0) | (rows >= count)).any():
        raise ValueError("rows must be of the index")
    if codes.shape != (len(rows), m.z_dim):
        raise ValueError(f"codes must be one for each of the rows, of {m.z_dim} numbers")
    given = {name: facts[name] for name in _FACTS} | {"shape": tuple(facts["shape"]), "names": tuple(names)}
    return Atlas(**given | tensors)


def _count_features(extractor: str, img_resolution: int, img_channels: int) -> int:
    """How many features there are of such images; 0 where the extractor is for others."""
    try:
        return describe_images(np.zeros((1, img_resolution, img_resolution, img_channels), np.uint8), extractor).shape[
            1
        ]
    except RuntimeError:
        return 0


def _is_short(word: Any) -> bool:
    return isinstance(word, str) and len(word) <= 100


def _is_growing(values: Tensor) -> bool:
    """Whether they are finite, from 0 on, each at least as large as the one before it."""
    return bool(values.isfinite().all() and (values >= 0).all() and (values.diff() >= 0).all())
