"""Nearest training images and the map's codes, as plain functions: what is answered, what is refused."""

import base64
import dataclasses
import json
import math
import re

import numpy as np
import pytest
import torch

from aegan.atlas import ATLAS, load_atlas, save_atlas
from aegan.config import UserError, get_preset
from aegan.data import Dataset
from aegan.images import open_image, to_model, to_uint8
from aegan.model import AEGAN
from aegan.provenance import read_provenance
from aegan.ui import nearest
from aegan.ui.models import Models
from aegan.ui.page import ASSETS
from aegan.ui.texts import TEXTS

SMALL = {"architecture": "dense", "width": 4, "z_dim": 6, "flow_layers": 2, "flow_width": 8, "img_resolution": 16}


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Models:
    """Untrained models: one that was trained, so to say, on its own pictures; one without an atlas."""
    folder = tmp_path_factory.mktemp("models")
    model = AEGAN(get_preset("aegan").with_options(**SMALL)).eval().requires_grad_(False)
    made = to_uint8(model.sample(80, torch.Generator().manual_seed(3)))
    noise = np.random.default_rng(0).normal(0, 2, made[50:].shape)
    tests = np.clip(made[50:] + noise, 0, 255).astype(np.uint8)
    data = Dataset("own", "own", made[:50], tests, np.arange(50) % 2, None, ("even", "odd"), "mine", "me")
    model.save_pretrained(folder / "own")
    save_atlas(folder / "own", data)
    model.save_pretrained(folder / "bare")
    AEGAN(get_preset("points").with_options(width=4)).save_pretrained(folder / "points")
    return Models([folder / name for name in ("own", "bare", "points")], shipped=folder / "none")


def point(seed: int, row: int) -> list[float]:
    """The noise of a row of `AEGAN.sample`."""
    return torch.randn(80, 6, generator=torch.Generator().manual_seed(seed))[row].tolist()


def ask(models, noise, **request):
    return nearest.find_nearest(models, {"model": "own", "noise": noise, **request})


def content(uri: str) -> bytes:
    return base64.b64decode(uri.partition(",")[2])


def test_a_copy_is_shown_beside_its_original(models):
    answer = ask(models, point(3, 7))
    assert len(answer["tiles"]) == nearest.SHOWN and (answer["count"], answer["total"]) == (50, 50)
    first = answer["tiles"][0]
    assert first["name"] == "odd" and answer["attribute"] == "class"
    assert first["times"] < 0.5 * answer["tiles"][1]["times"]
    assert answer["rank"] < 1 and answer["gauge"][0] < answer["gauge"][1] < answer["gauge"][2] < 1
    pictures = [np.asarray(open_image(content(uri))).astype(int) for uri in (answer["picture"], first["picture"])]
    assert pictures[0].shape == pictures[1].shape == (16, 16)
    assert np.abs(pictures[0] - pictures[1]).mean() < 12, "the kept picture is a little compressed"
    json.dumps(answer, allow_nan=False)


def test_tiles_come_nearest_first_and_the_picture_is_that_of_the_point(models):
    answer = ask(models, point(4, 0))
    times = [tile["times"] for tile in answer["tiles"]]
    assert times == sorted(times) and answer["rank"] > 1
    record = read_provenance(content(answer["picture"]))
    assert record["generated"] and record["noise"][0] == pytest.approx(point(4, 0), abs=1e-5)
    assert read_provenance(content(answer["tiles"][0]["picture"])) is None, "that is real"
    shown = models.get("own")
    image = to_uint8(shown.model.sample(0, noise=torch.tensor(record["noise"])))[0]
    atlas = load_atlas(models.folders["own"], shown.model)
    assert answer["gauge"][0] == pytest.approx(float(atlas.nearest(image)[0][0] / atlas.usual[99] / 1.1), abs=2e-3)


def test_without_a_scale_there_is_no_judgement(models):
    atlas = dataclasses.replace(load_atlas(models.folders["own"], models.get("own").model), usual=torch.empty(0))
    assert nearest._judge(atlas, 1.0) == {"rank": None, "gauge": None}


def test_the_cloud_is_where_the_encoder_puts_the_images(models):
    cloud = nearest.describe_cloud(models, {"model": "own"})
    codes = np.frombuffer(base64.b64decode(cloud["codes"]), "<i2").reshape(cloud["count"], cloud["z_dim"])
    shown = models.get("own")
    atlas = load_atlas(models.folders["own"], shown.model)
    assert codes.shape == (50, 6) and cloud["names"] == ["even", "odd"] and cloud["labels"][:3] == [0, 1, 0]
    made = to_uint8(shown.model.sample(80, torch.Generator().manual_seed(3)))[:50]
    noise = shown.model.to_noise(shown.model.encode(to_model(made[atlas.rows.numpy()]))).numpy()
    assert np.abs(codes * cloud["unit"] - noise).max() <= 0.51 * cloud["unit"]
    json.dumps(cloud, allow_nan=False)


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (None, "The request must be an object"),
        ([1], "The request must be an object"),
        ("x" * 10**6, "The request must be an object"),
        ({}, "There is no such model here"),
        ({"model": "../own"}, "There is no such model here"),
        ({"model": ["own"]}, "There is no such model here"),
        ({"model": "bare", "noise": [0.0] * 6}, "no index of its training images: `python -m aegan prepare bare`"),
        ({"model": "points", "noise": [0.0] * 4}, "no index of its training images"),
        ({"model": "own"}, "noise must be a list of 6 numbers"),
        ({"model": "own", "noise": "000000"}, "noise must be a list of 6 numbers"),
        ({"model": "own", "noise": [0.0] * 7}, "noise must be a list of 6 numbers"),
        ({"model": "own", "noise": [math.nan] * 6}, "noise must be finite numbers"),
        ({"model": "own", "noise": [math.inf] * 6}, "noise must be finite numbers"),
        ({"model": "own", "noise": [10**400] * 6}, "noise must be finite numbers"),
        ({"model": "own", "noise": [11.0] * 6}, "noise must be finite numbers from -10 to 10"),
        ({"model": "own", "noise": [None] * 6}, "noise must be finite numbers"),
        ({"model": "own", "noise": [True] * 6}, "noise must be finite numbers"),
    ],
)
def test_wrong_requests_get_one_sentence(models, request_, sentence):
    with pytest.raises(UserError, match=sentence):
        nearest.find_nearest(models, request_)


def test_the_map_of_a_model_without_an_atlas_gets_one_sentence(models):
    for request in ({"model": "bare"}, None, {"model": 5}):
        with pytest.raises(UserError):
            nearest.describe_cloud(models, request)


def test_a_damaged_atlas_is_said_and_can_be_mended(models, tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    for path in models.folders["own"].iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    content = (folder / ATLAS).read_bytes()
    (folder / ATLAS).write_bytes(content[:1000])
    fresh = Models([folder], shipped=tmp_path / "none")
    with pytest.raises(UserError, match="cannot be read: delete it, or make it anew"):
        ask(fresh, point(3, 0))
    (folder / ATLAS).write_bytes(content)
    assert ask(fresh, point(3, 0))["count"] == 50


def test_every_key_that_the_script_puts_together_is_known():
    script = (ASSETS / "js" / "nearest.js").read_text()
    used = set(re.findall(r'"([a-z]+_[a-z_]+)"', script)) - {"aria_label"}
    assert {"very_near", "very_far", "as_usual", "compared_part", "in_pixels", "in_features", "times_help"} <= used
    assert used | {"compared"} <= set(TEXTS), sorted(used - set(TEXTS))


@pytest.mark.parametrize("name", ["fashion", "digits", "avatars"])
def test_shipped_models_have_a_small_atlas_whose_labels_have_names_in_both_languages(name):
    folder = ASSETS.parent / "checkpoints" / name
    atlas = load_atlas(folder, AEGAN.from_pretrained(folder))
    assert (folder / ATLAS).stat().st_size < 1_000_000
    assert atlas.total > len(atlas.index) >= 5000 and len(atlas.usual) == 101 and len(atlas.codes) == 1500
    names = [f"{atlas.attribute}.{label}" for label in atlas.names]
    assert all(key in TEXTS or label.isdigit() for key, label in zip(names, atlas.names, strict=True))
