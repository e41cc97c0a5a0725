"""Data sets come whole and unchanged; folders and zips of anything load, or are refused with one sentence."""

import gzip
import socket
import struct
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torchvision

from aegan import avatars, catalog, data
from aegan.catalog import list_data
from aegan.config import UserError
from aegan.data import hold_out, load_data, points_from_drawing
from aegan.files import read_idx, read_sheet, write_sheet

FASHION_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    """Nothing on this machine and nothing on the network is found."""

    def refuse(*args, **kwargs):
        raise OSError("no network in tests")

    monkeypatch.setenv("AEGAN_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(catalog, "_SYSTEM", {})
    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


# named sets


@pytest.mark.parametrize(
    ("name", "train", "test", "shape"),
    [
        ("fashion-mnist", 12_000, 2_000, (28, 28, 1)),
        ("mnist", 6_000, 1_000, (28, 28, 1)),
        ("avatars", 5_000, 500, (64, 64, 3)),
    ],
)
def test_bundled_sets(name, train, test, shape):
    loaded = load_data(name)
    assert loaded.train.shape == (train, *shape) and loaded.test.shape == (test, *shape)
    assert loaded.train.dtype == np.uint8 and loaded.train_labels.dtype == np.int64
    assert (loaded.img_resolution, loaded.img_channels, loaded.is_points) == (shape[0], shape[2], False)
    counts = np.bincount(loaded.train_labels)
    assert len(counts) == len(loaded.classes) and counts.min() > 0.2 * train / len(counts)
    assert len({image.tobytes() for image in loaded.test}) > 0.99 * test
    assert 20 < loaded.train.mean() < 235 and loaded.license and loaded.credit


def test_avatars_know_their_attributes():
    loaded = load_data("avatars")
    names = list(loaded.attributes)
    assert loaded.train_attributes.shape == (5_000, len(names))
    np.testing.assert_array_equal(loaded.test_attributes[:, 0], loaded.test_labels)
    background = loaded.test_attributes[:, names.index("background")]
    for value, colour in enumerate(avatars.ATTRIBUTES["background"][1].values()):
        corners = loaded.test[background == value][:, 0, 0]
        assert (corners == [int(colour[i : i + 2], 16) for i in (1, 3, 5)]).all(axis=1).mean() > 0.9


def test_list_names_everything_that_loads():
    infos = {info.name: info for info in list_data()}
    assert {n for n, i in infos.items() if i.where == "bundled"} == {
        "fashion-mnist", "mnist", "avatars", "ring", "grid", "moons", "spiral"
    }  # fmt: skip
    assert not infos["cifar10"].available and infos["cifar10"].where == "download"
    assert all(i.license and i.credit and i.kind in ("images", "points") for i in infos.values())


def write_idx(path: Path, array: np.ndarray, opener=open) -> None:
    with opener(path, "wb") as file:
        file.write(struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes())


def put_fashion(root: Path, packed: bool, n=20) -> np.ndarray:
    folder = root / "FashionMNIST" / "raw"
    folder.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (n, 28, 28), dtype=np.uint8)
    for name in FASHION_FILES:
        array = images if "images" in name else np.arange(n, dtype=np.uint8) % 10
        write_idx(folder / (name + ".gz" * packed), array, gzip.open if packed else open)
    return images


@pytest.mark.parametrize("packed", [True, False])
def test_a_full_copy_comes_before_the_bundled_one(tmp_path, packed):
    images = put_fashion(tmp_path, packed)
    loaded = load_data("fashion-mnist", root=str(tmp_path))
    np.testing.assert_array_equal(loaded.train[..., 0], images)
    np.testing.assert_array_equal(loaded.test_labels, np.arange(20) % 10)
    assert next(i for i in list_data(str(tmp_path)) if i.name == "fashion-mnist").where == "cache"
    assert len(load_data("fashion-mnist", root=str(tmp_path), full=False).train) == 12_000


def test_torchvision_reads_the_same_layout(tmp_path):
    images = put_fashion(tmp_path, packed=False)
    theirs = torchvision.datasets.FashionMNIST(str(tmp_path))
    np.testing.assert_array_equal(theirs.data.numpy(), images)


def test_an_incomplete_copy_is_passed_over_and_a_damaged_one_named(tmp_path):
    put_fashion(tmp_path, packed=True)
    images = tmp_path / "FashionMNIST" / "raw" / f"{FASHION_FILES[0]}.gz"
    whole = images.read_bytes()
    unpacked = gzip.decompress(whole)
    for broken in (b"", whole[:100], b"rubbish", gzip.compress(unpacked[:-1]), gzip.compress(unpacked + b"0")):
        images.write_bytes(broken)
        with pytest.raises(UserError, match="damaged"):
            load_data("fashion-mnist", root=str(tmp_path))
    put_labels = tmp_path / "FashionMNIST" / "raw" / FASHION_FILES[1]
    images.write_bytes(whole)
    write_idx(put_labels, np.zeros(5, np.uint8))
    with pytest.raises(UserError, match="do not belong together"):
        load_data("fashion-mnist", root=str(tmp_path))
    images.unlink()
    assert len(load_data("fashion-mnist", root=str(tmp_path)).train) == 12_000


def test_an_idx_header_that_promises_too_much_is_refused(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(struct.pack(">BBBB3I", 0, 0, 8, 3, *[2**31] * 3))
    with pytest.raises(UserError, match="damaged"):
        read_idx(path)


def test_sheets_round_trip_and_damage_is_named(tmp_path):
    for channels in (1, 3):
        images = np.random.default_rng(0).integers(0, 256, (23, 16, 16, channels), dtype=np.uint8)
        facts = {"test": 3, "labels": list(range(23)), "classes": []}
        write_sheet(tmp_path, "x", images, facts)
        read, found = read_sheet(tmp_path, "x")
        np.testing.assert_array_equal(read, images)
        assert found["labels"] == facts["labels"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.json", "x.webp"]
    (tmp_path / "x.webp").write_bytes((tmp_path / "x.webp").read_bytes()[:500])
    for name in ("x", "nothing"):
        with pytest.raises(UserError, match="missing or damaged"):
            read_sheet(tmp_path, name)


def test_resolution_and_channels_are_fitted(tmp_path):
    put_fashion(tmp_path, packed=False)
    loaded = load_data("fashion-mnist", 32, 3, root=str(tmp_path))
    assert loaded.train.shape == (20, 32, 32, 3) and (loaded.train[..., 0] == loaded.train[..., 1]).all()


def test_no_network_is_one_sentence_and_tried_for_downloads_only():
    load_data("mnist")  # bundled: would fail if it tried
    with pytest.raises(UserError, match="could not be downloaded .*network"):
        load_data("cifar10")
    with pytest.raises(UserError, match="could not be downloaded"):
        data.fetch("kmnist")
    with pytest.raises(UserError, match="cannot be fetched"):
        data.fetch("ring")


def test_torchvision_sets_come_as_height_width_channels(monkeypatch):
    class Cifar:
        classes = ("cat", "dog")

        def __init__(self, root, train, download):
            self.data = np.full((4, 32, 32, 3), 7, np.uint8)
            self.targets = [0, 1, 1, 0]

    class Svhn:
        def __init__(self, root, split, download):
            self.data = np.full((4, 3, 32, 32), 7, np.uint8)
            self.labels = np.array([0, 1, 9, 9])

    monkeypatch.setattr(torchvision.datasets, "CIFAR10", Cifar)
    monkeypatch.setattr(torchvision.datasets, "SVHN", Svhn)
    for name, last in (("cifar10", 0), ("svhn", 9)):
        loaded = load_data(name)
        assert loaded.train.shape == (4, 32, 32, 3) and loaded.train_labels[-1] == last and loaded.classes


def test_missing_packages_for_avatars_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(UserError, match="pip install dicebear-core==10.7.0"):
        data.fetch("avatars")


def test_rendered_avatars_are_the_bundled_ones(monkeypatch, tmp_path):
    pytest.importorskip("dicebear")
    pytest.importorskip("resvg_py")
    monkeypatch.setattr(avatars, "FULL", (12, 3))
    data.fetch("avatars", str(tmp_path))
    loaded, bundled = load_data("avatars", root=str(tmp_path)), load_data("avatars", full=False)
    np.testing.assert_array_equal(loaded.train, bundled.train[:12])
    np.testing.assert_array_equal(loaded.test_attributes, bundled.test_attributes[:3])


@pytest.mark.parametrize("name", ["", "fashion", "no/such/folder", "x.zip", "../fashion-mnist", "a\0b", "x" * 5000])
def test_unknown_names_are_refused(name):
    with pytest.raises(UserError, match="There is no data set"):
        load_data(name)


# points


@pytest.mark.parametrize("name", ["ring", "grid", "moons", "spiral"])
def test_points(name):
    a, b = load_data(name), load_data(name, 1, 2)
    assert a.is_points and (a.img_resolution, a.img_channels) == (1, 2) and a.train.dtype == np.float32
    np.testing.assert_array_equal(a.train, b.train)
    assert 0.9 < np.abs(a.train).max() < 1.2
    if a.modes is not None:
        nearest = np.linalg.norm(a.test[:, None] - a.modes, axis=2)
        np.testing.assert_array_equal(nearest.argmin(axis=1), a.test_labels)
        assert nearest.min(axis=1).max() < 6 * a.mode_std


def test_points_and_images_are_not_confused():
    for name, resolution, channels in (("ring", 28, 1), ("ring", 28, None), ("fashion-mnist", 1, 2)):
        with pytest.raises(UserError, match="points"):
            load_data(name, resolution, channels)


def test_drawn_points():
    square = [[0.1 * i, 0.5] for i in range(8)]
    drawn = points_from_drawing(square)
    assert drawn.train.shape == (10_000, 2) and drawn.train.dtype == np.float32 and drawn.is_points
    np.testing.assert_allclose(drawn.train.mean(axis=0), [0.35, 0.5], atol=0.01)
    large = points_from_drawing([[100 * x, 100 * y] for x, y in square])
    assert 0.95 < np.abs(large.train[:, 0]).max() < 1.15


@pytest.mark.parametrize(
    "points",
    [
        [], [[0, 0]] * 3, [[0, 0]] * 9, [[0, 1, 2]] * 9, [[0, float("nan")]] * 9, [[0, float("inf")]] * 9, ["ab"] * 9,
        None, 7, [[0, 1]] * 8 + [[1]], [[0, 1]] * 20_000, [{}] * 9, [[0, 10**400]] * 9, "some text here",
    ],
)  # fmt: skip
def test_bad_drawings_are_refused(points):
    with pytest.raises(UserError):
        points_from_drawing(points)


# choosing without looking at the test part


def test_held_out_images_come_from_training_and_leave_it():
    whole = load_data("avatars")
    held = hold_out(whole)
    assert (whole.split, held.split) == ("test", "held-out")
    assert (len(held.train), len(held.test)) == (4500, 500)
    train, test = ({image.tobytes() for image in images} for images in (held.train, held.test))
    assert not train & test and train | test == {image.tobytes() for image in whole.train}
    place = {image.tobytes(): i for i, image in enumerate(whole.train)}
    for images, labels, attributes in (
        (held.train, held.train_labels, held.train_attributes),
        (held.test, held.test_labels, held.test_attributes),
    ):
        rows = [place[image.tobytes()] for image in images]
        assert np.array_equal(labels, whole.train_labels[rows])
        assert np.array_equal(attributes, whole.train_attributes[rows])


def test_held_out_images_are_always_the_same_and_of_every_class():
    whole = load_data("mnist")
    order = np.argsort(whole.train_labels)
    by_class = replace(whole, train=whole.train[order], train_labels=whole.train_labels[order])
    held = hold_out(by_class, 600)
    assert np.array_equal(hold_out(by_class, 600).test, held.test)
    assert np.bincount(held.test_labels, minlength=10).min() > 20
    assert len(hold_out(load_data("grid")).test) == 2000  # a tenth
    assert hold_out(load_data("ring"), 20).train_attributes is None


@pytest.mark.parametrize("count", [-1, 0, 20_000, 30_000])
def test_something_is_held_out_and_something_left(count):
    with pytest.raises(UserError, match="cannot be held out"):
        hold_out(load_data("ring"), count)
