"""What a stranger may bring as images to train on, attacks and oddities included. All files are made here."""

import io
import struct
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aegan.config import Config, UserError, get_preset
from aegan.data import load_data
from aegan.images import MAX_FILE_BYTES
from aegan.runs import Run
from aegan.uploads import FILE, OWN, UploadLimits, check_upload, load_run_data, save_data
from tests.boards import PATIENCE, folder_of, is_over
from tests.conftest import QUICK

LIMITS = UploadLimits()


def encode(image: Image.Image, kind="PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noisy(seed: int, size=(32, 32), mode="RGB") -> Image.Image:
    rng = np.random.default_rng(seed)
    shape = (size[1], size[0]) if mode == "L" else (size[1], size[0], 3)
    return Image.fromarray(rng.integers(0, 256, shape, np.uint8))


def pictures(count: int, mode="L", size=(28, 28)) -> dict[str, bytes]:
    return {f"{i:04}.png": encode(noisy(i, size, mode)) for i in range(count)}


def pack(files: dict[str, bytes], method=zipfile.ZIP_DEFLATED, level=1) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method, compresslevel=level) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def check(files: dict[str, bytes] | bytes, limits=LIMITS, **shape):
    return check_upload([("a.zip", files)] if isinstance(files, bytes) else list(files.items()), limits, **shape)


def refuse(files, words: str, limits=LIMITS) -> None:
    with pytest.raises(UserError, match=words) as caught:
        check(files, limits)
    assert "\n" not in str(caught.value)


def test_a_zip_and_its_files_are_the_same_set_split_the_same_way():
    files = pictures(60)
    a, b = check(files).data, check(pack({f"top/{name}": content for name, content in files.items()})).data
    np.testing.assert_array_equal(a.train, b.train)
    np.testing.assert_array_equal(a.test, b.test)
    assert (a.name, a.img_resolution, a.img_channels) == (OWN, 28, 1)
    assert len(a.train) + len(a.test) == 60 and 1 <= len(a.test) <= 15
    assert {x.tobytes() for x in a.train}.isdisjoint({x.tobytes() for x in a.test})
    np.testing.assert_array_equal(a.train[0, ..., 0], np.asarray(Image.open(io.BytesIO(files["0000.png"]))))


def test_the_size_is_chosen_from_what_they_are_and_can_be_changed():
    colour = pictures(9, "RGB", (90, 70))
    assert check(colour).data.train.shape[1:] == (64, 64, 3)
    assert check(pictures(9, "RGB", (32, 32))).data.train.shape[1:] == (32, 32, 3)
    grey_as_colour = {name: encode(noisy(i, (64, 64), "L").convert("RGB"), "JPEG") for i, name in enumerate(colour)}
    assert check({n.replace("png", "jpg"): c for n, c in grey_as_colour.items()}).data.train.shape[1:] == (28, 28, 1)
    assert check(colour, img_resolution=28, img_channels=1).data.train.shape[1:] == (28, 28, 1)
    with pytest.raises(UserError, match="28, 32, 64 pixels wide"):
        check(colour, img_resolution=4096)


def test_every_mode_size_turn_and_first_frame():
    def white(mode: str, size: tuple[int, int]) -> Image.Image:
        if mode == "I;16":
            return Image.fromarray(np.full(size[::-1], 65535, np.uint16))
        if mode == "RGBA":  # what cannot be seen is dark
            return Image.new("RGBA", size, (0, 0, 0, 0))
        return Image.new("RGB", size, "white").convert(mode)

    files = {}
    for i, mode in enumerate(["L", "RGB", "RGBA", "P", "1", "CMYK", "I;16", "LA", "F"]):
        kind = "TIFF" if mode in ("CMYK", "F") else "PNG"
        files[f"{i}.{kind.lower()}"] = encode(white(mode, (40 + 7 * i, 100 - 5 * i)), kind)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held sideways
    lying = np.zeros((40, 80, 3), np.uint8)
    lying[:20] = 255  # its top is light; turned upright, its right side is
    files["turned.jpg"] = encode(Image.fromarray(lying), "JPEG", exif=exif, quality=95)
    frames = [Image.new("L", (40, 40), 200), Image.new("L", (40, 40), 0)]
    files["moving.gif"] = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    files |= pictures(8)
    checked = check(files, img_resolution=32, img_channels=3)
    everything = np.concatenate([checked.data.train, checked.data.test])
    assert checked.skipped == {"twice": 8, "beyond": 0}, "nine times white is white once"
    assert sum((image == 255).all() for image in everything) == 1
    assert sum((abs(image.astype(int) - 200) < 3).all() for image in everything) == 1
    turned = [x for x in everything if x[:, 20:].min() > 240 and x[:, :12].max() < 15]
    assert len(turned) == 1
    assert checked.flat == 2


def test_what_is_no_picture_is_skipped_and_counted():
    files = pictures(12) | {
        "labels.txt": b"0 1 2", "inner.zip": pack(pictures(3)), "b.tar.gz": b"?", "broken.png": b"no picture",
        "half.png": pictures(1)["0000.png"][:60], "tiny.png": encode(noisy(1, (4, 4))),
        "copy.png": pictures(1)["0000.png"], "__MACOSX/._0.png": b"?", ".hidden.png": b"?", "folder/": b"",
    }  # fmt: skip
    checked = check(pack(files))
    assert checked.skipped == {"other": 1, "archive": 2, "unreadable": 3, "twice": 1, "beyond": 0}
    assert len(checked.data.train) + len(checked.data.test) == 12 and checked.found == 16
    assert "damaged or not a picture" in checked.example


def test_too_few_are_refused_with_the_least_number():
    refuse(pictures(2), "2 readable pictures, and it takes at least 8")
    refuse(pack(pictures(2)), "at least 8")
    refuse({f"{i}.png": pictures(1)["0000.png"] for i in range(20)}, "1 readable pictures and 19 that come twice")
    refuse({"a.txt": b"x"}, "no pictures in it: it should hold PNG")
    refuse(pack({"inner.zip": pack(pictures(20))}), "other archives: unpack those first")
    refuse(pack({}), "no pictures")
    refuse({"a.zip": b"PK\3\4 and nothing more"}, "damaged")
    few = {f"train/{n}": c for n, c in pictures(2).items()} | {
        f"test/{n}": c for n, c in list(pictures(20).items())[2:]
    }
    refuse(few, "Only 2 of the pictures are for training")


def test_bombs_are_skipped_by_ratio_and_refused_by_total():
    one = pack(pictures(9) | {"bomb.bmp": bytes(30 * 2**20)}, level=9)
    assert len(one) < 200_000
    assert check(one).skipped["bomb"] == 1
    refuse(pack(pictures(9, size=(64, 64))), "unpacks to more than 0 MB", replace(LIMITS, unpacked=20_000))
    refuse(pictures(9), "more than 0 million pixels", replace(LIMITS, pixels=5_000))
    refuse(pictures(9), "longer than 0 seconds", replace(LIMITS, seconds=0.0))
    refuse(pictures(9), "more than 0 MB: choose the pictures themselves", replace(LIMITS, bytes=5_000))
    huge = struct.pack(">I4sIIBBBBB", 13, b"IHDR", 60_000, 60_000, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + huge + b"\0\0\0\0"
    assert check(pictures(9) | {"huge.png": png}).skipped["unreadable"] == 1


def test_a_million_tiny_files_end_early():
    name = b"a" * 12
    entry = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0) + name
    directory = entry * 300_000  # 17 MB: all that fits into one upload
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 65535, 65535, len(directory), 0, 0)
    assert len(directory) < MAX_FILE_BYTES
    since = time.perf_counter()
    refuse(directory + end, "too many entries")
    assert time.perf_counter() - since < 1.0


def test_of_too_many_some_are_taken_always_the_same():
    files = pictures(30)
    few = replace(LIMITS, images=12)
    a, b = check(files, few), check(pack(dict(reversed(files.items()))), few)
    assert a.skipped["beyond"] == 18 and len(a.data.train) + len(a.data.test) == 12
    np.testing.assert_array_equal(a.data.train, b.data.train)


@pytest.mark.parametrize("name", ["../../a/{}.png", "/etc/{}.png", "C:\\a\\{}.png", "a\0/{}.png", "\ud800{}.png"])
def test_names_are_never_paths_and_are_not_kept(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    data = check({name.format(i): content for i, content in enumerate(pictures(10).values())}).data
    save_data(tmp_path, data)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert b".png" not in (tmp_path / FILE).read_bytes()
    assert (data.name, data.title, data.classes) == (OWN, "Own images", ())


def test_a_locked_zip_and_odd_compressions_are_refused():
    content = bytearray(pack(pictures(9)))
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        at = content.find(mark)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(mark, at + 1)
    refuse(bytes(content), "password")
    refuse(pack(pictures(9), zipfile.ZIP_LZMA), "unusual compression")


def test_folders_are_split_and_classes_without_their_names(tmp_path):
    files = {f"{part}/{kind}/{i}.png": encode(noisy(100 * (part == "test") + 10 * k + i, (28, 28), "L"))
             for part in ("train", "test") for k, kind in enumerate(("Alice", "Bob")) for i in range(4)}  # fmt: skip
    data = check(files).data
    assert data.train_labels.tolist() == data.test_labels.tolist() == [0] * 4 + [1] * 4
    assert data.classes == ("0", "1")


def test_saved_images_come_back_and_damage_is_said(tmp_path, quick_images):
    run = Run.create(tmp_path / "run", replace(quick_images, data=OWN).with_options(img_resolution=28))
    data = check(pictures(20)).data
    save_data(run.folder, data)
    again = load_run_data(run.folder, run.config)
    np.testing.assert_array_equal(again.train, data.train)
    np.testing.assert_array_equal(again.test, data.test)
    with pytest.raises(UserError, match="damaged or gone"):  # they are of another size
        load_run_data(run.folder, run.config.with_options(img_resolution=32))
    (run.folder / FILE).write_bytes((run.folder / FILE).read_bytes()[:-5])
    with pytest.raises(UserError, match="damaged or gone"):
        load_run_data(run.folder, run.config)
    (run.folder / FILE).unlink()
    with pytest.raises(UserError, match="damaged or gone"):
        load_run_data(run.folder, run.config)
    with pytest.raises(UserError, match="There is no data set 'own'"):
        load_data(OWN)


def own_config() -> Config:
    return replace(get_preset("autoencoder").with_options(**{**QUICK, "steps": 6}), data=OWN)


def test_a_run_trains_on_them_another_server_resumes_it_and_pruning_removes_them(board):
    jobs, data = board(), check(pictures(20)).data
    with pytest.raises(UserError, match="choose them again"):
        jobs.start(own_config())
    with pytest.raises(UserError, match="the model is built for"):
        jobs.start(own_config().with_options(img_resolution=32), own=data)
    job_id = jobs.start(own_config().with_options(steps=20_000), own=data)
    assert jobs.wait(job_id, lambda s: s.step > 4, PATIENCE)
    assert jobs.look(job_id).data.title == "Own images" and jobs.look(job_id).config.data == OWN
    jobs.close()
    folder = folder_of(jobs, job_id)
    assert (folder / FILE).stat().st_mode & 0o077 == 0 or folder.parent.stat().st_mode & 0o077 == 0
    second = board()
    assert second.look(job_id).can_resume
    step = second.look(job_id).step
    second.resume(job_id)
    assert second.wait(job_id, lambda s: s.step > step + 4, PATIENCE)
    np.testing.assert_array_equal(second.look(job_id).preview.originals[0], data.test[0])
    second.stop(job_id)
    assert second.wait(job_id, is_over, PATIENCE)
    board(kept_seconds=-1.0)
    assert not Path(folder).exists()
