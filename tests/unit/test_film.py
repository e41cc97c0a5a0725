"""Films: where a path goes, what the file holds, and what strangers may ask for."""

import base64
import io
import math
import threading

import numpy as np
import pytest
import torch
from PIL import Image

from aegan import film
from aegan.config import UserError, get_preset
from aegan.images import to_uint8
from aegan.model import AEGAN
from aegan.provenance import SOURCE_TYPE, make_record, read_provenance
from aegan.ui import shelf
from aegan.ui.models import Models, Shown

SMALL = {"architecture": "dense", "width": 4, "z_dim": 6, "flow_layers": 2, "flow_width": 8, "img_resolution": 16}
POINTS = torch.randn(3, 6, generator=torch.Generator().manual_seed(0)).round(decimals=3)
RECORD = make_record("a path", 3, noise=POINTS)


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Models:
    folder = tmp_path_factory.mktemp("models")
    AEGAN(get_preset("aegan").with_options(**SMALL)).save_pretrained(folder / "pictures")
    AEGAN(get_preset("points").with_options(width=4, flow_layers=2, flow_width=8)).save_pretrained(folder / "points")
    return Models([folder / "pictures", folder / "points"], shipped=folder / "none")


@pytest.fixture
def shown(models) -> Shown:
    return models.get("pictures")


def wish(**changes) -> dict:
    return {
        "points": POINTS.tolist(), "spherical": True, "loop": False, "frames_per_stretch": 4, "milliseconds": 40,
        "format": "webp",
    } | changes  # fmt: skip


@pytest.mark.parametrize("spherical", [True, False])
def test_a_path_meets_its_points_and_closes_if_asked(spherical):
    open_, closed = (film.walk(POINTS, 5, spherical, loop) for loop in (False, True))
    assert len(open_) == 2 * 5 + 1 and len(closed) == 3 * 5
    assert torch.allclose(open_[[0, 5, 10]], POINTS, atol=1e-5)
    assert torch.allclose(closed[[0, 5, 10]], POINTS, atol=1e-5)
    assert torch.allclose(open_[:10], closed[:10])
    steps = (closed.roll(-1, 0) - closed).norm(dim=1)  # it is walked without jumps, the last stretch too
    for stretch in steps.view(3, 5):
        assert stretch.max() < 1.6 * stretch.min()


def test_straight_lines_are_straight_and_arcs_keep_their_length():
    assert torch.allclose(film.walk(POINTS, 2, False)[1], (POINTS[0] + POINTS[1]) / 2)
    lengths, middle = POINTS.norm(dim=1), film.walk(POINTS, 2, True)[1]
    assert float(middle.norm()) == pytest.approx(float(lengths[:2].mean()), abs=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", film.FORMATS)
def test_a_film_shows_its_frames_enlarged(kind, channels):
    frames = np.random.default_rng(0).integers(0, 255, (6, 16, 16, channels), dtype=np.uint8)
    image = Image.open(io.BytesIO(film.encode_film(frames, 120, kind, RECORD)))
    assert (image.format, image.n_frames, image.size) == (kind.upper(), 6, (256, 256))
    for n, frame in enumerate(frames):
        image.seek(n)
        image.load()
        assert image.info["duration"] == 120
        seen = np.asarray(image.convert("RGB"))[8::16, 8::16].astype(int)  # the middle of each enlarged pixel
        difference = np.abs(seen - frame).mean()
        assert difference < (2 if channels == 1 else 45), "noise in colour is the worst case of both formats"


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", film.FORMATS)
def test_a_film_says_that_it_is_made(kind, channels):
    frames = np.zeros((3, 8, 8, channels), np.uint8)
    frames[1] = 200
    content = film.encode_film(frames, 50, kind, RECORD)
    assert read_provenance(content) == RECORD
    assert SOURCE_TYPE.encode() in content


def test_a_gif_says_so_in_words_and_can_be_skipped_through():
    frames = np.random.default_rng(0).integers(0, 255, (2, 8, 8, 1), dtype=np.uint8)
    content = film.encode_film(frames, 50, "gif", RECORD)
    at = content.index(b"\x21\xff\x0bXMP DataXMP") + 14
    while content[at]:  # as programs do that know nothing of it
        at += 1 + content[at]
    assert content[at:] == b"\x00;"
    comment = Image.open(io.BytesIO(content)).info["comment"]
    assert comment.decode() == RECORD["description"] and "AI-generated" in RECORD["description"]


def test_a_film_that_grows_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(film, "MAX_FILM_BYTES", 100)
    with pytest.raises(UserError, match="take fewer frames"):
        film.encode_film(np.zeros((2, 8, 8, 1), np.uint8), 50, "webp", RECORD)


def test_a_wish_becomes_a_film_of_the_model(shown):
    answer = shelf.make_film(shown, wish())
    assert (answer["model"], answer["frames"]) == ("pictures", 9)
    head, _, text = answer["film"].partition(",")
    assert head == "data:image/webp;base64"
    image = Image.open(io.BytesIO(base64.b64decode(text)))
    last = to_uint8(shown.model.sample(0, noise=POINTS[-1:]))[0]
    image.seek(image.n_frames - 1)
    scale = image.width // 16
    assert (
        np.abs(
            np.asarray(image.convert("L"))[scale // 2 :: scale, scale // 2 :: scale] - last[..., 0].astype(int)
        ).max()
        <= 2
    )
    assert read_provenance(base64.b64decode(text))["noise"] == [pytest.approx(row) for row in POINTS.tolist()]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"points": None}, "points must be a list of 2 to 24 points"),
        ({"points": [[0.0] * 6]}, "points must be a list of 2 to 24 points"),
        ({"points": [[0.0] * 6] * 25}, "points must be a list of 2 to 24 points"),
        ({"points": "x" * 10**6}, "points must be a list of 2 to 24 points"),
        ({"points": [[0.0] * 6, [0.0] * 7]}, "noise must be a list of 6 numbers"),
        ({"points": [[0.0] * 6, [math.nan] * 6]}, "noise must be finite numbers from -10 to 10"),
        ({"points": [[0.0] * 6, [99.0] * 6]}, "noise must be finite numbers from -10 to 10"),
        ({"spherical": 1}, "spherical and loop must be true or false"),
        ({"loop": None}, "spherical and loop must be true or false"),
        ({"frames_per_stretch": 0}, "frames_per_stretch must be a whole number"),
        ({"frames_per_stretch": 2.5}, "frames_per_stretch must be a whole number"),
        ({"frames_per_stretch": True}, "frames_per_stretch must be a whole number"),
        ({"frames_per_stretch": 10**9}, "frames_per_stretch must be a whole number"),
        ({"frames_per_stretch": 120}, "A film has at most 240 frames"),
        ({"frames_per_stretch": 81, "loop": True}, "A film has at most 240 frames"),
        ({"milliseconds": 19}, "milliseconds must be a number from 20 to 1000"),
        ({"milliseconds": math.nan}, "milliseconds must be a number from 20 to 1000"),
        ({"milliseconds": "40"}, "milliseconds must be a number from 20 to 1000"),
        ({"format": "mp4"}, "format must be webp or gif"),
        ({"format": ["webp"]}, "format must be webp or gif"),
    ],
)
def test_wrong_wishes_get_one_sentence(shown, change, sentence):
    with pytest.raises(UserError, match=sentence):
        shelf.make_film(shown, wish(**change))


def test_points_have_no_film(models):
    with pytest.raises(UserError, match="draws points, not pictures"):
        shelf.make_film(models.get("points"), wish())


def test_few_films_are_made_at_once_and_their_places_are_given_back(shown, monkeypatch):
    for _ in range(3):
        with pytest.raises(UserError, match="noise must be"):
            shelf.make_film(shown, wish(points=[[0.0] * 6, None]))
    monkeypatch.setattr(shelf, "_FILMS", threading.BoundedSemaphore(1))

    def encode_meanwhile(*_) -> bytes:
        with pytest.raises(UserError, match="Other films are being made"):
            shelf.make_film(shown, wish())
        return b""

    with monkeypatch.context() as patch:
        patch.setattr(shelf, "encode_film", encode_meanwhile)
        assert shelf.make_film(shown, wish())["frames"] == 9
    assert shelf.make_film(shown, wish())["frames"] == 9
