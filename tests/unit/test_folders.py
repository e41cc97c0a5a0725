"""Folders and zips of images, hostile ones included."""

import contextlib
import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aegan.config import UserError
from aegan.data import load_data
from aegan.folders import arrange
from aegan.images import MAX_FILE_BYTES


def encode(shade: int, mode="RGB", size=(32, 32), kind="PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (shade, shade, shade)).convert(mode).save(buffer, kind)
    return buffer.getvalue()


def fill(folder: Path, names: list[str], **options) -> Path:
    for i, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encode(i, **options))
    return folder


def pack(path: Path, files: dict[str, bytes], method=zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def refuse(path: Path, words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        load_data(str(path))
    assert "\n" not in str(caught.value)


NAMES = [f"{i:03}.png" for i in range(40)]


def test_folder_and_zip_agree_and_the_split_is_stable(tmp_path):
    folder = fill(tmp_path / "pictures", NAMES)
    a = load_data(str(folder))
    b = load_data(str(pack(tmp_path / "x.zip", {f"top/{n}": (folder / n).read_bytes() for n in NAMES})))
    assert a.train.shape[1:] == (32, 32, 3) or a.train.shape[1:] == (28, 28, 3)
    assert len(a.train) + len(a.test) == 40 and 1 <= len(a.test) <= 12
    np.testing.assert_array_equal(a.train, b.train)
    np.testing.assert_array_equal(a.test, b.test)
    before = set(a.test[:, 0, 0, 0])
    fill(folder, NAMES + [f"more-{i}.png" for i in range(40)])
    after = set(load_data(str(folder)).test[:, 0, 0, 0])
    assert before == {shade for shade in after if shade < 40}


def test_train_test_and_class_folders(tmp_path):
    names = [f"{split}/{kind}/{i}.png" for split in ("Train", "test") for kind in ("cat", "dog") for i in range(4)]
    loaded = load_data(str(fill(tmp_path, names + ["stray.png"])), 16, 1)
    assert loaded.classes == ("cat", "dog")
    assert loaded.train[:, 0, 0, 0].tolist() == list(range(8)) and loaded.train_labels.tolist() == [0] * 4 + [1] * 4
    assert loaded.test[:, 0, 0, 0].tolist() == list(range(8, 16)) and loaded.test_labels.tolist() == [0] * 4 + [1] * 4


def test_arrangements():
    names = [f"all/{kind}/{i}.png" for kind in "ab" for i in range(20)]
    train, test, labels, classes = arrange(names)
    assert classes == ("a", "b") and labels.tolist() == [0] * 20 + [1] * 20
    assert sorted([*train, *test]) == list(range(40)) and len(test) >= 1
    alone = arrange([f"train/{name}" for name in names])
    np.testing.assert_array_equal(arrange([n.removeprefix("all/") for n in names])[1], test)
    assert len(alone[1]) >= 1 and arrange([f"{i}.png" for i in range(9)])[2] is None
    for n in range(8, 20):  # however small, both sides have something
        train, test, _, _ = arrange([f"{n}-{i}.png" for i in range(n)])
        assert len(test) >= 1 and len(train) >= n // 2


def test_mixed_modes_and_sizes(tmp_path):
    for i, mode in enumerate(["L", "RGB", "RGBA", "P", "1", "CMYK", "I;16", "LA"] * 2):
        size, kind = (40 + 7 * i, 90 - 3 * i), "TIFF" if mode == "CMYK" else "PNG"
        image = Image.new("L", size, 255) if mode == "I;16" else Image.new("RGB", size, "white")
        image = Image.fromarray(np.full(size, 65535, np.uint16)) if mode == "I;16" else image.convert(mode)
        image.save(tmp_path / f"{i}.{kind.lower()}")
    loaded = load_data(str(tmp_path), 32, 3)
    assert loaded.skipped == 0 and (loaded.train == 255).all() and loaded.train.shape[1:] == (32, 32, 3)


def test_native_shape(tmp_path):
    assert load_data(str(fill(tmp_path / "a", NAMES, mode="L", size=(28, 28)))).train.shape[1:] == (28, 28, 1)
    assert load_data(str(fill(tmp_path / "b", NAMES, size=(300, 200)))).train.shape[1:] == (64, 64, 3)
    assert load_data(str(fill(tmp_path / "c", NAMES, size=(9, 12)))).train.shape[1:] == (16, 16, 3)


def test_unreadable_files_are_counted(tmp_path):
    fill(tmp_path, NAMES)
    (tmp_path / "000.png").write_bytes(b"no picture")
    (tmp_path / "001.png").write_bytes(encode(0)[:50])
    (tmp_path / "notes.txt").write_text("not meant as a picture")
    (tmp_path / ".hidden.png").write_bytes(b"?")
    (tmp_path / "loop").symlink_to(tmp_path)
    loaded = load_data(str(tmp_path))
    assert loaded.skipped == 2 and len(loaded.train) + len(loaded.test) == 38


def test_too_few_are_refused(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    refuse(empty, "no pictures")
    refuse(fill(tmp_path / "two", NAMES[:2]), "2 picture files, 2 of them readable: .* at least 8")
    refuse(pack(tmp_path / "two.zip", {n: encode(0) for n in NAMES[:2]}), "at least 8")
    refuse(pack(tmp_path / "bad.zip", dict.fromkeys(NAMES, b"x")), "40 picture files, 0 of them readable")
    refuse(pack(tmp_path / "none.zip", {}), "no pictures")
    inner = pack(tmp_path / "inner.zip", {n: encode(0) for n in NAMES}).read_bytes()
    refuse(pack(tmp_path / "nested.zip", {"inner.zip": inner, "readme.txt": b""}), "no pictures")


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\x05\x06" + b"\0" * 18 + b"rest", b"some text" * 100])
def test_what_is_no_zip_is_refused(tmp_path, content):
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    refuse(path, "damaged or not a zip|no pictures")


def test_a_truncated_zip_is_refused(tmp_path):
    path = pack(tmp_path / "x.zip", {n: encode(0) for n in NAMES})
    path.write_bytes(path.read_bytes()[:-30])
    refuse(path, "damaged or not a zip")


def test_names_in_a_zip_are_never_paths(tmp_path):
    odd = ["../../a/{}.png", "/etc/a/{}.png", "C:\\a\\{}.png", "./b/..//{}.png", "__MACOSX/{}.png", "b/.{}.png"]
    files = {name.format(i): encode(i) for name in odd for i in range(10)}
    inside = tmp_path / "inside"
    inside.mkdir()
    loaded = load_data(str(pack(inside / "x.zip", files)))
    assert len(loaded.train) + len(loaded.test) == 40
    assert [p.name for p in tmp_path.rglob("*")] == ["inside", "x.zip"]  # nothing was written anywhere


def test_a_zip_bomb_is_skipped_without_being_unpacked(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in NAMES[:9]:
            archive.writestr(name, encode(5))
        with archive.open("bomb.png", "w") as member:
            for _ in range(10):
                member.write(bytes(10 * 2**20))
    tracemalloc.start()
    loaded = load_data(str(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert loaded.skipped == 1 and peak < 4 * MAX_FILE_BYTES


def test_a_zip_changed_at_random_loads_or_is_refused(tmp_path):
    path, random = tmp_path / "x.zip", np.random.default_rng(0)
    whole = pack(path, {n: encode(0) for n in NAMES[:10]}).read_bytes()
    for _ in range(100):
        content = bytearray(whole)
        for at in random.integers(whole.index(b"PK\x01\x02"), len(whole), 3):  # in the directory
            content[at] = random.integers(256)
        path.write_bytes(content)
        with contextlib.suppress(UserError):
            load_data(str(path))


def test_lies_about_sizes_are_skipped(tmp_path):
    path = pack(tmp_path / "x.zip", {n: encode(0) for n in NAMES})
    content = bytearray(path.read_bytes())
    where = content.rindex(b"PK\x01\x02")
    content[where + 24 : where + 28] = struct.pack("<I", 3_000_000_000)
    path.write_bytes(content)
    assert load_data(str(path)).skipped <= 1


def test_a_directory_of_millions_is_not_read(tmp_path):
    path, size = tmp_path / "x.zip", 30 * 2**20
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(size)
        file.write(struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 65535, 65535, size, 0, 0))
    refuse(path, "too many entries")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressions_that_cannot_be_bounded_are_refused(tmp_path, method):
    refuse(pack(tmp_path / "x.zip", {n: encode(0) for n in NAMES}, method), "unusual compression")


def test_a_locked_zip_is_refused(tmp_path):
    path = pack(tmp_path / "x.zip", {n: encode(0) for n in NAMES})
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = content.find(mark)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(mark, at + 1)
    path.write_bytes(content)
    refuse(path, "password")


def test_zips_that_would_fill_memory_or_time_are_refused(tmp_path, monkeypatch):
    path = pack(tmp_path / "x.zip", {n: encode(0) for n in NAMES})
    monkeypatch.setattr("aegan.folders.MAX_ZIP_PIXELS", 10_000)
    refuse(path, "too large together")
    monkeypatch.setattr("aegan.folders.MAX_ZIP_BYTES", 50_000)
    refuse(path, "lower img_resolution")
    monkeypatch.setattr("aegan.folders.MAX_ZIP_BYTES", 1_000)
    refuse(path, "larger than")
    monkeypatch.setattr("aegan.folders.MAX_FILES", 10)
    refuse(fill(tmp_path / "many", NAMES), "more than 10 files")
