"""Images that a stranger brings to train on: checked, fitted to one size, split, and kept in the folder of one run.

They come as files in memory, one of which may be a zip. Nothing is unpacked to disk, no name of theirs is kept, and
whatever is too much, in any respect, ends the work early.
"""

from __future__ import annotations

import hashlib
import io
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import safetensors.numpy
from PIL import Image
from safetensors import SafetensorError

from aegan.config import Config, UserError
from aegan.data import Dataset, load_data
from aegan.folders import arrange, check_member, member_name
from aegan.history import write_atomic
from aegan.images import MAX_FILE_BYTES, SUFFIXES, fit_image, open_image

OWN = "own"  # the data set's name in configurations
FILE = "data.safetensors"
SIZES = (28, 32, 64)
ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
SAMPLED = 32  # pictures by which the size is chosen
MOST_TINT = 12  # grey levels between channels of what is still grey: a JPEG's colours are not exact
FLAT = 3.0  # grey levels: standard deviation of a picture in which next to nothing is to be seen
FEW = 200  # training images of which a discriminator soon knows each

MISSING = "The images of this run are damaged or gone: start a new one."


@dataclass(frozen=True)
class UploadLimits:
    """What one visitor may bring."""

    bytes: int = MAX_FILE_BYTES  # all files together, as they come
    images: int = 5_000  # more than these are left out
    least: int = 8  # fewer are refused
    directory: int = 4 * 2**20  # bytes of a zip's table of contents: some 40,000 names
    unpacked: int = 400 * 2**20  # bytes out of a zip, all together
    ratio: int = 200  # by which one file may grow when it is unpacked
    pixels: int = 10**9  # decoded, all together
    seconds: float = 30.0  # of work
    held: int = 8  # sets in memory that wait for a run …
    held_seconds: float = 1800.0  # … for so long since they were last used


@dataclass(frozen=True)
class Checked:
    """What became of an upload."""

    data: Dataset
    found: int  # picture files
    skipped: dict[str, int] = field(default_factory=dict)  # other, archive, unreadable, bomb, twice, beyond -> files
    example: str = ""  # what was wrong with the first unreadable picture
    flat: int = 0  # images that show next to nothing


Files = list[tuple[str, Callable[[], bytes | None]]]  # None: it grew too much while it was unpacked


def check_upload(
    files: Sequence[tuple[str, bytes]],
    limits: UploadLimits | None = None,
    img_resolution: int | None = None,
    img_channels: int | None = None,
) -> Checked:
    """Reads what a visitor brought as a data set.

    Args:
        files: names and contents: pictures, or one zip.
        limits: what is too much.
        img_resolution: height and width, one of SIZES; if None, 28 for grey pictures, 64 or 32 for colour.
        img_channels: 1 or 3; if None, 1 where all pictures are grey.

    Raises:
        UserError: says which limit was exceeded, or that too few different pictures are left.
    """
    limits = limits or UploadLimits()
    if img_resolution not in (None, *SIZES) or img_channels not in (None, 1, 3):
        raise UserError(f"Pictures can be {', '.join(map(str, SIZES))} pixels wide, in 1 or 3 channels.")
    if sum(len(content) for _, content in files) > limits.bytes:
        raise UserError(
            f"That is more than {limits.bytes // 2**20} MB: choose the pictures themselves instead of a zip "
            "(your browser makes them smaller then), or fewer of them."
        )
    skipped: Counter[str] = Counter()
    pictures = _pick(_list(files, limits, skipped), limits, skipped)
    if img_resolution is None or img_channels is None:
        resolution, channels = _guess_shape(pictures)
        img_resolution, img_channels = img_resolution or resolution, img_channels or channels
    names, images, example = _fit_all(pictures, img_resolution, img_channels, limits, skipped)
    if len(names) < limits.least:
        twice = f" and {skipped['twice']} that come twice" if skipped["twice"] else ""
        raise UserError(
            f"There are {len(names)} readable pictures{twice}, and it takes at least {limits.least} different ones to "
            "learn anything: add some."
        )
    flat = int((images.reshape(len(images), -1, img_channels).std(axis=1).max(axis=1) < FLAT).sum())
    found = len(pictures) + skipped["beyond"]
    return Checked(_split(names, images), found, dict(skipped), example, flat)


def _list(files: Sequence[tuple[str, bytes]], limits: UploadLimits, skipped: Counter[str]) -> Files:
    """Name and reader of each picture, by name; the rest is counted."""
    is_zip = len(files) == 1 and zipfile.is_zipfile(io.BytesIO(files[0][1]))
    if not is_zip and len(files) == 1 and files[0][0].lower().endswith(".zip"):
        raise UserError("The zip is damaged: make it anew.")
    members = _members(files[0][1], limits) if is_zip else ((n, partial(bytes, content)) for n, content in files)
    pictures: Files = []
    for name, read in members:
        if name.lower().endswith(SUFFIXES):
            pictures.append((name, read))
        else:
            skipped["archive" if name.lower().endswith(ARCHIVES) else "other"] += 1
    if not pictures:
        what = " but other archives: unpack those first" if skipped["archive"] else ""
        raise UserError(f"There are no pictures in it{what or ': it should hold PNG, JPEG or WebP files'}.")
    return sorted(pictures, key=lambda item: item[0])


def _members(content: bytes, limits: UploadLimits) -> Iterator[tuple[str, Callable[[], bytes | None]]]:
    try:
        file = _Bounded(content)
        file.most = limits.directory  # the table of contents is read in one piece: a million entries, if there are
        archive = zipfile.ZipFile(file)
        file.most = len(content)
        members = archive.infolist()
    except UserError:
        raise
    except Exception:  # a broken directory can make zipfile raise nearly anything
        raise UserError("The zip is damaged: make it anew.") from None
    unpacked = 0

    def read(info: zipfile.ZipInfo) -> bytes | None:
        nonlocal unpacked
        allowed = min(MAX_FILE_BYTES, max(2**20, limits.ratio * info.compress_size))
        try:
            with archive.open(info) as member:
                grown = member.read(allowed + 1)  # what the header says of the size may be a lie
        except Exception:  # and so can a broken member
            return b""
        unpacked += len(grown)
        if unpacked > limits.unpacked:
            raise UserError(f"The zip unpacks to more than {limits.unpacked // 2**20} MB: make the pictures smaller.")
        return grown if len(grown) <= allowed else None

    for info in members:
        name = member_name(info)
        if name and not info.is_dir():
            check_member(info)
            yield name, partial(read, info)


class _Bounded(io.BytesIO):
    """Refuses to give much at once."""

    most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        size = len(self.getbuffer()) - self.tell() if size is None or size < 0 else size
        if size > self.most:
            raise UserError("The zip has too many entries: put fewer files into it.")
        return super().read(size)


def _pick(pictures: Files, limits: UploadLimits, skipped: Counter[str]) -> Files:
    """At most so many as are allowed: where there are more, some from everywhere, always the same ones."""
    skipped["beyond"] = max(len(pictures) - limits.images, 0)
    if skipped["beyond"]:
        kept = sorted(pictures, key=lambda item: hashlib.sha256(item[0].encode("utf-8", "replace")).digest())
        return sorted(kept[: limits.images], key=lambda item: item[0])
    return pictures


def _guess_shape(pictures: Files) -> tuple[int, int]:
    sides, is_grey = [], True
    for _, read in pictures[:: -(-len(pictures) // SAMPLED)]:
        try:
            image = open_image(read() or b"", enough=128)
        except UserError:
            continue
        sides.append(min(image.size))
        small = np.asarray(image.convert("RGB").resize((16, 16), Image.Resampling.BOX), np.int16)
        is_grey = is_grey and bool(np.ptp(small, axis=2).max() <= MOST_TINT)
    if is_grey:
        return 28, 1
    return (64 if np.median(sides) >= 48 else 32), 3


def _fit_all(
    pictures: Files, img_resolution: int, img_channels: int, limits: UploadLimits, skipped: Counter[str]
) -> tuple[list[str], np.ndarray, str]:
    """Names and pixels uint8 [N, H, W, C] of all that can be read and are not there yet."""
    names: list[str] = []
    images = np.empty((len(pictures), img_resolution, img_resolution, img_channels), np.uint8)
    seen, example, pixels, until = set(), "", 0, time.monotonic() + limits.seconds
    for name, read in pictures:
        if time.monotonic() > until:
            raise UserError(f"Reading took longer than {limits.seconds:g} seconds: choose fewer or smaller pictures.")
        content = read()
        if content is None:
            skipped["bomb"] += 1
            continue
        try:
            image = open_image(content, enough=2 * img_resolution)
        except UserError as error:
            skipped["unreadable"] += 1
            example = example or str(error)
            continue
        pixels += image.width * image.height
        if pixels > limits.pixels:
            raise UserError(
                f"The pictures have more than {limits.pixels // 10**6:,} million pixels: make them smaller."
            )
        fitted = fit_image(image, img_resolution, img_channels, invert=False)
        digest = hashlib.sha256(fitted.tobytes()).digest()
        if digest in seen:
            skipped["twice"] += 1
            continue
        seen.add(digest)
        images[len(names)] = fitted
        names.append(name)
    return names, images[: len(names)], example


def _split(names: list[str], images: np.ndarray) -> Dataset:
    """As `folders.arrange` says; classes are numbered, since their names are the visitor's."""
    train, test, labels, classes = arrange(names)
    if len(train) < 4:
        raise UserError(f"Only {len(train)} of the pictures are for training: put more into the folder train.")
    test_labels, train_labels = (None, None) if labels is None else (labels[test], labels[train])
    return outline(images[train], images[test], train_labels, test_labels, tuple(map(str, range(len(classes)))))


def outline(
    train: np.ndarray | None = None, test: np.ndarray | None = None, train_labels: np.ndarray | None = None,
    test_labels: np.ndarray | None = None, classes: tuple[str, ...] = (),
) -> Dataset:  # fmt: skip
    """A data set of somebody's own; without arguments, what may be said of it and no images."""
    none = np.zeros((0, 1, 1, 1), np.uint8)
    train, test = none if train is None else train, none if test is None else test
    return Dataset(
        OWN, "Own images", train, test, train_labels, test_labels, classes,
        "the owner's", "a visitor's own images",
    )  # fmt: skip


def save_data(folder: Path, data: Dataset) -> None:
    """Puts a data set of images into a run's folder.

    Raises:
        UserError: if the disk is full, for instance.
    """
    arrays = {"train": data.train, "test": data.test}
    if data.train_labels is not None and data.test_labels is not None:
        arrays |= {"train_labels": data.train_labels, "test_labels": data.test_labels}
    content = safetensors.numpy.save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    write_atomic(folder / FILE, content)


def load_run_data(folder: Path, config: Config) -> Dataset:
    """What the run in that folder trains on: its own images, or a data set that has a name.

    Raises:
        UserError: if they are damaged or not there.
    """
    m = config.model
    if config.data != OWN:
        return load_data(config.data, m.img_resolution, m.img_channels)
    try:
        arrays = safetensors.numpy.load((folder / FILE).read_bytes())
        for images in (arrays["train"], arrays["test"]):
            if images.dtype != np.uint8 or images.shape[1:] != (m.img_resolution, m.img_resolution, m.img_channels):
                raise ValueError
    except (OSError, SafetensorError, KeyError, ValueError):
        raise UserError(MISSING) from None
    labels = arrays.get("train_labels"), arrays.get("test_labels")
    count = 0 if labels[0] is None or not labels[0].size else int(labels[0].max()) + 1
    return outline(arrays["train"], arrays["test"], *labels, tuple(map(str, range(count))))
