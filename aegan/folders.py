"""Any folder or zip of images as arrays. A zip may come from a stranger: nothing in it is trusted or unpacked."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from aegan.config import UserError
from aegan.files import MAX_BYTES
from aegan.images import MAX_FILE_BYTES, SUFFIXES, fit_image, open_image

MIN_IMAGES = 8
MAX_FILES = 300_000
MAX_CLASSES = 1000
MAX_ZIP_BYTES = 2**30  # of the finished array from a zip, and of the zip itself
MAX_ZIP_PIXELS = 10**10  # decoded in all: some minutes of work

_SPLITS = {"train": 0, "training": 0, "test": 1, "testing": 1, "val": 1, "valid": 1, "validation": 1}

Files = list[tuple[str, Callable[[], Path | bytes]]]


def is_image_source(path: Path) -> bool:
    """Whether the path is a folder or a zip file that `read_images` may try."""
    try:
        return path.is_dir() or (path.is_file() and path.suffix.lower() == ".zip")
    except (OSError, ValueError):  # a name that is no path at all, such as one of 5,000 letters
        return False


def read_images(
    path: Path, img_resolution: int | None = None, img_channels: int | None = None
) -> tuple[list[str], np.ndarray, int]:
    """Every readable image below a folder or within a zip, fitted to one size.

    Args:
        path: a folder, or a file ending in .zip.
        img_resolution: height and width; if None, the largest of 16, 28, 32 and 64 that most images fill.
        img_channels: 1 or 3; if None, 1 where the first images are all grey.

    Returns:
        The images' relative names in order, uint8 [N, H, W, C], and the number of image files that were unreadable.

    Raises:
        UserError: if fewer than 8 images are left, or a limit on size, count or memory is exceeded.
    """
    is_zip = not path.is_dir()
    with _list_files(path) as files:
        if not files:
            raise UserError(f"There are no pictures in {path.name!r}: it should hold PNG, JPEG or WebP files.")
        if img_resolution is None or img_channels is None:
            resolution, channels = _guess_shape(files)
            img_resolution, img_channels = img_resolution or resolution, img_channels or channels
        if len(files) * img_resolution**2 * img_channels > (MAX_ZIP_BYTES if is_zip else MAX_BYTES):
            raise UserError(f"{len(files):,} such pictures need too much memory: choose a lower img_resolution.")
        names: list[str] = []
        images = np.empty((len(files), img_resolution, img_resolution, img_channels), np.uint8)
        pixels = 0
        for name, read in files:
            try:
                image = open_image(read(), enough=2 * img_resolution)
            except UserError:
                continue
            pixels += image.width * image.height
            if is_zip and pixels > MAX_ZIP_PIXELS:
                raise UserError("The zip's pictures are too large together: shrink them, or give a folder instead.")
            images[len(names)] = fit_image(image, img_resolution, img_channels, invert=False)
            names.append(name)
    if len(names) < MIN_IMAGES:
        raise UserError(
            f"{path.name!r} has {len(files)} picture files, {len(names)} of them readable: "
            f"a data set needs at least {MIN_IMAGES}."
        )
    return names, images[: len(names)], len(files) - len(names)


def arrange(names: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, tuple[str, ...]]:
    """Splits and labels images by their relative names.

    Folders train/ and test/ (or val/) on top are the split; what lies beside them belongs to neither. Otherwise about a
    tenth is for testing, chosen by a hash of each name: it stays the same when files are added and wherever the folder
    lies. The next folder is the class.

    Returns:
        Positions of the training images, positions of the test images, labels of all (None unless every image lies
        in one of at least two class folders), the classes' names.
    """
    parts = [PurePosixPath(name).parts for name in names]
    while all(len(p) > 1 and p[0] == parts[0][0] for p in parts) and parts[0][0].lower() not in _SPLITS:
        parts = [p[1:] for p in parts]  # a folder around everything says nothing
    sides = np.array([_SPLITS.get(p[0].lower(), -1) if len(p) > 1 else -1 for p in parts])
    is_split = {0, 1} <= set(sides.tolist())
    if is_split or (sides >= 0).all():
        parts = [p[1:] if side >= 0 else p for p, side in zip(parts, sides, strict=True)]
    if not is_split:
        hashes = [hashlib.sha256("/".join(p).encode("utf-8", "surrogatepass")).digest() for p in parts]
        tenth = sum(h[0] < 26 for h in hashes)  # 26 of 256
        order = sorted(range(len(parts)), key=lambda i: hashes[i])
        sides = np.zeros(len(parts), np.int64)
        sides[order[: min(max(tenth, 1), len(parts) // 2)]] = 1
    train, test = np.flatnonzero(sides == 0), np.flatnonzero(sides == 1)
    folders = [p[0] if len(p) > 1 else "" for p in parts]
    classes = tuple(sorted({folders[i] for i in (*train, *test)}))
    if "" in classes or not 2 <= len(classes) <= MAX_CLASSES:
        return train, test, None, ()
    index = {name: i for i, name in enumerate(classes)}
    labels = np.array([index.get(folder, -1) for folder in folders], np.int64)
    return train, test, labels, classes


def _guess_shape(files: Files) -> tuple[int, int]:
    sides, modes = [], set()
    for _, read in files[:: max(len(files) // 32, 1)]:
        try:
            image = open_image(read())
        except UserError:
            continue
        sides.append(min(image.size))
        modes.add(image.mode)
    side = np.median(sides) if sides else 64
    return max((r for r in (16, 28, 32, 64) if r <= side), default=16), 1 if modes == {"L"} else 3


@contextmanager
def _list_files(path: Path) -> Iterator[Files]:
    """Relative name and reader of each image file, sorted by name."""
    if path.is_dir():
        yield sorted(_folder_files(path), key=lambda item: item[0])
        return
    if path.stat().st_size > MAX_ZIP_BYTES:
        raise UserError("The zip is larger than 1 GB: unpack it and give the folder instead.")
    with ExitStack() as stack:
        try:
            file = stack.enter_context(_BoundedFile(path))
            archive = stack.enter_context(zipfile.ZipFile(file))
        except UserError:
            raise
        except Exception:  # a broken directory can make zipfile raise nearly anything
            raise UserError(f"{path.name!r} is damaged or not a zip file: make it anew.") from None
        yield sorted(_zip_files(archive), key=lambda item: item[0])


def _folder_files(folder: Path) -> Iterator[tuple[str, Callable[[], Path]]]:
    count = 0
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for file in files:
            count += 1
            if count > MAX_FILES:
                raise UserError(f"{folder.name!r} holds more than {MAX_FILES:,} files: choose a smaller folder.")
            if not file.startswith(".") and file.lower().endswith(SUFFIXES):
                path = Path(root, file)
                yield path.relative_to(folder).as_posix(), partial(Path, path)


def _zip_files(archive: zipfile.ZipFile) -> Iterator[tuple[str, Callable[[], bytes]]]:
    for info in archive.infolist():
        name = member_name(info)
        if name.lower().endswith(SUFFIXES):
            check_member(info)
            yield name, partial(_read_member, archive, info)


def member_name(info: zipfile.ZipInfo) -> str:
    """A member's name for split and class; empty for what is hidden. It is never a path on this disk."""
    parts = [p for p in info.filename.replace("\\", "/").split("/") if p not in ("", ".", "..")]
    return "" if any(p.startswith(".") or p == "__MACOSX" for p in parts) else "/".join(parts)


def check_member(info: zipfile.ZipInfo) -> None:
    """Raises UserError unless the member can be unpacked piece by piece."""
    if info.flag_bits & 1:
        raise UserError("The zip is locked with a password: make one without.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # Python unpacks only these two piece by piece; a bzip2 or LZMA bomb would fill the memory in one read.
        raise UserError("The zip uses an unusual compression: make it with the ordinary one (deflate).")


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(info) as member:
            return member.read(MAX_FILE_BYTES + 1)  # what the header says of the size may be a lie
    except Exception as error:  # and so can a broken member
        raise UserError("This member of the zip is damaged.") from error


class _BoundedFile(io.FileIO):
    """Refuses to read much at once: a zip's directory is read in one piece, millions of entries if there are."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = os.fstat(self.fileno()).st_size - self.tell()
        if size > MAX_FILE_BYTES + 1:
            raise UserError("The zip has too many entries: unpack it and give the folder instead.")
        return super().read(max(size, 0))
