"""Named data sets, folders and zips of images, 2-D points: all as uint8 images or float points in memory.

Nothing here touches the network, except `fetch` and the loading of a set by name that can only be had from there.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PIL import Image

from aegan import avatars
from aegan.catalog import IMAGES, POINTS, data_root, find, idx_files
from aegan.config import UserError
from aegan.files import MAX_BYTES, read_idx, read_sheet, write_sheet
from aegan.folders import arrange, is_image_source, read_images
from aegan.images import fit_image
from aegan.points import KINDS, MIXTURES, check_drawing, make_points


@dataclass(frozen=True)
class Dataset:
    """Training and test data, whole in memory."""

    name: str
    title: str
    train: np.ndarray  # uint8 [N, H, W, C], or float32 [N, 2] points that lie about in [-1, 1]
    test: np.ndarray
    train_labels: np.ndarray | None  # int64 [N]
    test_labels: np.ndarray | None
    classes: tuple[str, ...]
    license: str
    credit: str
    modes: np.ndarray | None = None  # centres [K, 2] of a 2-D mixture, on the scale of the data …
    mode_std: float = 0.0  # … and their standard deviation
    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)  # name -> its values, where they are known
    train_attributes: np.ndarray | None = None  # int64 [N, number of attributes], the value's position
    test_attributes: np.ndarray | None = None
    skipped: int = 0  # image files that could not be read
    split: str = "test"  # what `test` is: the set's own test part, or "held-out" training data

    @property
    def is_points(self) -> bool:
        return self.train.ndim == 2

    @property
    def img_resolution(self) -> int:
        return 1 if self.is_points else self.train.shape[1]

    @property
    def img_channels(self) -> int:
        return self.train.shape[-1]


def load_data(
    name_or_path: str,
    img_resolution: int | None = None,
    img_channels: int | None = None,
    root: str | None = None,
    full: bool = True,
) -> Dataset:
    """Loads a data set by its name, or any folder or .zip of images.

    A path given by a visitor must be a file that the visitor uploaded: this function opens what it is told to.

    Args:
        name_or_path: a name of `list_data`, or a path.
        img_resolution: height and width that images are fitted to; None: as they are.
        img_channels: 1 or 3, likewise.
        root: where data sets are kept, in torchvision's layout; see `data_root`.
        full: whether the largest local copy is taken; otherwise the bundled one where there is one.

    Raises:
        UserError: for an unknown name, an unreadable source, or a set that could not be downloaded.
    """
    if name_or_path in KINDS:
        if (img_resolution or 1, img_channels or 2) != (1, 2):
            raise UserError(f"{name_or_path} is a set of 2-D points: use it with the preset points, not with images.")
        return _load_points(name_or_path)
    if img_resolution == 1 or img_channels == 2:
        raise UserError(f"The model takes 2-D points and {name_or_path!r} has images: choose {', '.join(KINDS)}.")
    if name_or_path in IMAGES:
        return _fit(_load_images(name_or_path, data_root(root), full), img_resolution, img_channels)
    path = Path(name_or_path)
    if name_or_path and is_image_source(path):
        return _load_path(path, img_resolution, img_channels)
    near = difflib.get_close_matches(name_or_path[:80], (*IMAGES, *KINDS), n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Choose {', '.join((*IMAGES, *KINDS))}, or a folder or zip."
    raise UserError(f"There is no data set {name_or_path[:80]!r}. {hint}")


def points_from_drawing(points: Sequence[Sequence[float]]) -> Dataset:
    """A distribution around drawn points [[x, y], …]: each point drawn again and again, a little blurred.

    Raises:
        UserError: unless they are 8 to 10,000 pairs of finite numbers that are not all the same.
    """
    drawn = check_drawing(points)
    rng = np.random.default_rng(0)
    train, test = (drawn[rng.integers(len(drawn), size=n)] for n in (10_000, 2_000))
    train, test = (x + 0.02 * rng.standard_normal(x.shape, np.float32) for x in (train, test))
    return Dataset("drawn", "Drawn points", train, test, None, None, (), "the drawer's own", "drawn on the page")


def hold_out(data: Dataset, count: int | None = None) -> Dataset:
    """The set without its test part: some of the training data take its place, the rest are left to train with.

    Whatever is chosen by looking at figures (options, steps, extractors) is chosen on these, so that the test part is
    met once, at the end. Which ones is drawn at random, always the same, because a set may be ordered by class. The
    shipped classifiers were trained on all training images, these included: figures here compare models with each
    other, and come out a little different from those of the test part.

    Args:
        data: any set; its test part is not used.
        count: how many; 5,000 if None, or a tenth of a set of less than 50,000.

    Raises:
        UserError: unless at least one is held out and one is left.
    """
    total = len(data.train)
    count = min(5000, total // 10) if count is None else count
    if not 1 <= count < total:
        raise UserError(f"{data.title} has {total:,} training items, of which {count:,} cannot be held out.")
    held = np.zeros(total, bool)
    held[np.random.default_rng(0).permutation(total)[:count]] = True

    def part(values: np.ndarray | None, chosen: np.ndarray) -> np.ndarray | None:
        return None if values is None else values[chosen]

    return replace(
        data, train=data.train[~held], test=data.train[held], split="held-out",
        train_labels=part(data.train_labels, ~held), test_labels=part(data.train_labels, held),
        train_attributes=part(data.train_attributes, ~held), test_attributes=part(data.train_attributes, held),
    )  # fmt: skip


def fetch(name: str, root: str | None = None) -> Path:
    """Downloads a named set through torchvision, or renders the avatars, and keeps it below `root`.

    Raises:
        UserError: if the set has nothing to fetch, cannot be reached, or a package for it is missing.
    """
    if name not in IMAGES:
        raise UserError(f"{name!r} cannot be fetched: choose {', '.join(IMAGES)}.")
    folder, known = data_root(root), IMAGES[name]
    if name == "avatars":
        sheet, facts = avatars.render(*avatars.FULL)
        write_sheet(folder / "avatars", name, sheet, facts)
    else:
        for train in (True, False):
            _torchvision(name, folder, train, download=True)
    return folder / known.local


def _load_images(name: str, root: Path, full: bool) -> Dataset:
    known = IMAGES[name]
    folder, where = find(name, root, full)
    if where == "bundled":
        return _load_sheet(folder, name)
    if name == "avatars":
        if where == "download":
            fetch(name, str(root))
        return _load_sheet(root / "avatars", name)
    if known.local.endswith("/raw"):
        if where == "download":
            folder = fetch(name, str(root))
        train, train_labels, test, test_labels = map(read_idx, idx_files(folder))
        parts = [(train[..., None], train_labels), (test[..., None], test_labels)]
        classes = known.classes
    else:
        sets = [_torchvision(name, root, train, download=where == "download") for train in (True, False)]
        classes = known.classes or tuple(sets[0].classes)
        parts = [(s.data if s.data.shape[-1] == 3 else s.data.transpose(0, 2, 3, 1), _labels(s)) for s in sets]
    (train, train_labels), (test, test_labels) = parts
    if len(train) != len(train_labels) or len(test) != len(test_labels):
        raise UserError(f"The files of {name} in {folder} do not belong together: delete them and get them anew.")
    return Dataset(
        name, known.title, train, test, train_labels.astype(np.int64), test_labels.astype(np.int64), classes,
        known.license, known.credit,
    )  # fmt: skip


def _load_sheet(folder: Path, name: str) -> Dataset:
    images, facts = read_sheet(folder, name)
    labels, test = np.array(facts["labels"], np.int64), facts["test"]
    attributes = {key: tuple(values) for key, values in facts["attributes"].items()}
    chosen = np.array(facts["chosen"], np.int64) if attributes else None
    known = IMAGES[name]
    return Dataset(
        name, known.title, images[:-test], images[-test:], labels[:-test], labels[-test:], tuple(facts["classes"]),
        known.license, known.credit, attributes=attributes,
        train_attributes=None if chosen is None else chosen[:-test],
        test_attributes=None if chosen is None else chosen[-test:],
    )  # fmt: skip


def _labels(dataset) -> np.ndarray:
    return np.array(dataset.labels if hasattr(dataset, "labels") else dataset.targets)


def _torchvision(name: str, root: Path, train: bool, download: bool):
    try:
        from torchvision import datasets
    except (ImportError, RuntimeError):
        raise UserError(f"Loading {name} needs torchvision: pip install torchvision.") from None
    kind = getattr(datasets, IMAGES[name].folder)
    which = {"split": "train" if train else "test"} if name == "svhn" else {"train": train}
    try:
        return kind(str(root), download=download, **which)
    except ImportError as error:
        raise UserError(f"Loading {name} needs one more package: pip install {error.name or 'scipy'}.") from None
    except (OSError, RuntimeError) as error:
        if download:
            reason = (str(error).splitlines() or [""])[0][:100]
            advice = f"connect to the network, or put torchvision's copy in {root}"
            raise UserError(f"{name} could not be downloaded ({reason}): {advice}.") from None
        raise UserError(f"The copy of {name} in {root} is incomplete or damaged: delete it and try again.") from None


def _load_points(kind: str) -> Dataset:
    rng = np.random.default_rng(0)
    train, train_labels = make_points(kind, 20_000, rng)
    test, test_labels = make_points(kind, 5_000, rng)
    modes, deviation = MIXTURES.get(kind, (None, 0.0))
    classes = tuple(str(i) for i in range(int(train_labels.max()) + 1))
    return Dataset(
        kind, POINTS[kind], train, test, train_labels, test_labels, classes, "CC0", "drawn from a formula",
        modes=modes, mode_std=deviation,
    )  # fmt: skip


def _load_path(path: Path, img_resolution: int | None, img_channels: int | None) -> Dataset:
    names, images, skipped = read_images(path, img_resolution, img_channels)
    train, test, labels, classes = arrange(names)
    title = path.resolve().stem
    return Dataset(
        title, title, images[train], images[test], None if labels is None else labels[train],
        None if labels is None else labels[test], classes, "unknown: ask the images' owner", f"images from {title}",
        skipped=skipped,
    )  # fmt: skip


def _fit(data: Dataset, img_resolution: int | None, img_channels: int | None) -> Dataset:
    size, channels = img_resolution or data.img_resolution, img_channels or data.img_channels
    if (size, channels) == (data.img_resolution, data.img_channels):
        return data
    if (len(data.train) + len(data.test)) * size * size * channels > MAX_BYTES:
        raise UserError(f"{data.title} at {size} pixels needs too much memory: choose a lower img_resolution.")

    def fit(images: np.ndarray) -> np.ndarray:
        fitted = np.empty((len(images), size, size, channels), np.uint8)
        for i, image in enumerate(images):
            picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
            fitted[i] = fit_image(picture, size, channels, invert=False)
        return fitted

    return replace(data, train=fit(data.train), test=fit(data.test))
