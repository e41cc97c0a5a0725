"""What the page's handlers answer, as plain functions: no browser, no server."""

import base64
import dataclasses
import json
import math

import numpy as np
import pytest
import torch

from aegan.config import OBJECTIVES, UserError, get_preset
from aegan.images import encode_png, open_image, to_uint8
from aegan.jobs import Jobs
from aegan.model import AEGAN
from aegan.provenance import read_provenance
from aegan.ui import endpoints, explore, figures, recipes, reconstruct
from aegan.ui.models import Models, Shown

SMALL = {"architecture": "dense", "width": 4, "z_dim": 10, "flow_layers": 2, "flow_width": 8, "img_resolution": 16}


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Models:
    """Untrained models: one of pictures, one without an encoder, one of points."""
    folder = tmp_path_factory.mktemp("models")
    pictures = get_preset("aegan").with_options(**SMALL)
    AEGAN(pictures, {"data_title": "Squares"}).save_pretrained(folder / "pictures")
    AEGAN(dataclasses.replace(pictures, objective=OBJECTIVES["gan"])).save_pretrained(folder / "gan")
    AEGAN(get_preset("points").with_options(width=4, flow_layers=2, flow_width=8)).save_pretrained(folder / "points")
    return Models([folder / name for name in ("pictures", "gan", "points")], shipped=folder / "none")


@pytest.fixture
def shown(models) -> Shown:
    return models.get("pictures")


# -- models ---------------------------------------------------------------------------------------------------------


def test_models_keep_their_order_and_are_loaded_once(models):
    assert models.names == ["pictures", "gan", "points"]
    assert models.first == "pictures"
    assert models.get("gan") is models.get("gan")
    assert not models.get("gan").model.training


@pytest.mark.parametrize("name", ["", "nothing", "../pictures", None, 3, ["pictures"], {"a": 1}])
def test_only_known_models_are_opened(models, name):
    with pytest.raises(UserError, match="There is no such model here: choose one of pictures, gan, points"):
        models.get(name)


def test_no_model_at_all_is_said(tmp_path):
    with pytest.raises(UserError, match="There is no trained model here yet"):
        Models(shipped=tmp_path).get("")


def test_cards_survive_damaged_files(models, tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{")
    assert Models(shipped=tmp_path).cards()[0]["name"] == "broken"
    card = models.cards()[0]
    assert (card["data"], card["size"], card["moments"]) == ("Squares", 16, 0)
    json.dumps(card, allow_nan=False)


# -- explore --------------------------------------------------------------------------------------------------------


def record_of(uri: str) -> dict:
    assert uri.startswith("data:image/png;base64,")
    return read_provenance(base64.b64decode(uri.partition(",")[2]))


def shown_in(uri: str) -> np.ndarray:
    return np.asarray(open_image(base64.b64decode(uri.partition(",")[2])))


def drawn(picture: dict) -> np.ndarray:
    pixels = np.frombuffer(base64.b64decode(picture["pixels"]), np.uint8)
    return pixels.reshape(picture["height"], picture["width"], picture["channels"])


def test_the_kit_holds_what_sliders_move_along(models, shown):
    kit = explore.describe_kit(models, shown)
    axes = torch.tensor(kit["axes"])
    assert torch.allclose(axes @ axes.T, torch.eye(8), atol=1e-3)
    assert kit["shape"] == [1, 16, 16] and kit["decoder"] is None and kit["directions"] == []
    assert explore.STAND_IN in torch.tensor(record_of_notes(kit["notes"])["noise"])
    json.dumps(kit, allow_nan=False)


def record_of_notes(notes: dict[str, str]) -> dict:
    return read_provenance("".join(notes.values()).encode())


def test_a_newcomer_gets_a_picture_at_once(models):
    first = explore.first_view(models)
    shown = models.get(models.first)
    again = to_uint8(shown.model.sample(0, noise=torch.tensor([first["noise"]])))[0]
    assert np.array_equal(drawn(first["pictures"][0]), again)
    assert first["noise"] == pytest.approx(explore.noise_of(shown, explore.START_SEED).tolist())
    json.dumps(first, allow_nan=False)


def test_points_are_drawn(models, shown):
    noise = torch.randn(3, shown.model.config.model.z_dim, generator=torch.Generator().manual_seed(0)).round(decimals=3)
    answer = explore.draw(shown, noise.tolist())
    images = to_uint8(shown.model.sample(0, noise=noise))
    assert all(np.array_equal(drawn(p), image) for p, image in zip(answer["pictures"], images, strict=True))
    assert answer["realness"] == pytest.approx(
        float(shown.model.realness(shown.model.sample(0, noise=noise))[0]), abs=1e-3
    )
    json.dumps(answer, allow_nan=False)


def test_a_model_of_points_shows_points(models):
    points = models.get("points")
    answer = explore.draw(points, [[0.5] * points.model.config.model.z_dim])
    assert len(answer["pictures"][0]["points"][0]) == 2
    assert explore.describe_kit(models, points)["notes"] is None


def test_raw_codes_and_points_are_each_others_inverse(shown):
    point = explore.noise_of(shown, 5).tolist()
    there = explore.read_code(shown, {"noise": point})
    back = explore.read_code(shown, {"z": there["z"]})
    assert back["noise"] == pytest.approx(point, abs=0.01)


def test_a_saved_picture_leads_back_to_its_point(models, shown):
    noise = explore.noise_of(shown, 4)[None]
    image = to_uint8(shown.model.sample(0, noise=noise))[0]
    uri = figures.data_uri(image, explore.record(shown, noise))
    answer = explore.open_picture(models, {"image": uri})
    assert answer == {"model": "pictures", "noise": pytest.approx(noise[0].tolist(), abs=1e-3)}


def test_a_saved_reconstruction_leads_to_its_code(models, shown):
    answer = reconstruct.reconstruct(shown, open_image(encode_png(np.zeros((16, 16, 1), np.uint8))), "off")
    uri = figures.to_uri(answer["reconstruction"], answer["note"])
    found = explore.open_picture(models, {"image": uri})
    z = shown.model.to_latent(torch.tensor([found["noise"]]))
    assert z[0].tolist() == pytest.approx(answer["note"]["code"][0], abs=0.02)


GOOD = {"model": "pictures", "noise": [[0.0] * 10]}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"noise": None}, "noise must be a list of 1 to 32 points"),
        ({"noise": []}, "noise must be a list of 1 to 32 points"),
        ({"noise": [[0.0] * 10] * 33}, "noise must be a list of 1 to 32 points"),
        ({"noise": "x" * 10**6}, "noise must be a list of 1 to 32 points"),
        ({"noise": [[0.0] * 11]}, "noise must be a list of 10 numbers"),
        ({"noise": ["0000000000"]}, "noise must be a list of 10 numbers"),
        ({"noise": [[math.nan] * 10]}, "noise must be finite numbers from -10 to 10"),
        ({"noise": [[math.inf] * 10]}, "noise must be finite numbers from -10 to 10"),
        ({"noise": [[10.5] * 10]}, "noise must be finite numbers from -10 to 10"),
        ({"noise": [[None] * 10]}, "noise must be finite numbers from -10 to 10"),
        ({"noise": [[True] * 10]}, "noise must be finite numbers from -10 to 10"),
        ({"noise": [[10**400] * 10]}, "noise must be finite numbers from -10 to 10"),
    ],
)
def test_wrong_points_get_one_sentence(shown, change, sentence):
    with pytest.raises(UserError, match=sentence):
        explore.draw(shown, (GOOD | change)["noise"])


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (None, "Give the picture as base64 text"),
        ({"image": 5}, "Give the picture as base64 text"),
        ({"image": "data:image/png;base64,%%%"}, "not valid base64"),
        ({"image": "data:image/png;base64," + base64.b64encode(b"no picture").decode()}, "does not say where it comes"),
    ],
)
def test_files_that_lead_nowhere_get_one_sentence(models, request_, sentence):
    with pytest.raises(UserError, match=sentence):
        explore.open_picture(models, request_)


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        ({"model": "elsewhere", "noise": [[0.0] * 10]}, "There is no such model here"),
        ({"model": "pictures", "noise": [[0.0] * 9]}, "noise must be a list of 10 numbers"),
        ({"model": "pictures", "noise": [[99.0] * 10]}, "noise must be finite numbers"),
        ({"model": "pictures", "noise": [[0.0] * 10] * 2}, "no single picture"),
        ({"model": "pictures"}, "no single picture"),
    ],
)
def test_notes_that_lead_nowhere_get_one_sentence(models, record, sentence):
    image = np.zeros((4, 4, 1), np.uint8)
    uri = figures.data_uri(image, {"generated": True, "description": "a picture", **record})
    with pytest.raises(UserError, match=sentence):
        explore.open_picture(models, {"image": uri})


# -- reconstruct ----------------------------------------------------------------------------------------------------


def encoded(shape=(20, 30, 3)) -> str:
    pixels = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    return "data:image/png;base64," + base64.b64encode(encode_png(pixels)).decode()


def test_a_picture_goes_through_the_model(shown):
    answer = reconstruct.reconstruct(shown, reconstruct.open_encoded(encoded()), "auto")
    assert answer["input"]["width"] == answer["reconstruction"]["width"] == 16
    assert answer["difference"]["channels"] == 3
    assert len(answer["code"]) == 10
    assert answer["in_sigma"] is True
    assert answer["note"]["model"] == "pictures" and "reconstruction" in answer["note"]["description"]
    again = to_uint8(shown.model.decode(torch.tensor(answer["note"]["code"])))
    assert np.array_equal(again.ravel(), np.frombuffer(base64.b64decode(answer["reconstruction"]["pixels"]), np.uint8))
    assert math.isfinite(answer["psnr"])
    json.dumps(answer, allow_nan=False)


def test_inverting_inverts(shown):
    image = reconstruct.open_encoded(encoded())
    on, off = (reconstruct.reconstruct(shown, image, how)["input"]["pixels"] for how in ("on", "off"))
    pixels = [np.frombuffer(base64.b64decode(text), np.uint8).astype(int) for text in (on, off)]
    assert (pixels[0] + pixels[1] == 255).all()


@pytest.mark.parametrize("image", [None, "", 5, [], "%%%", "data:,", "aGVsbG8=", "data:image/png;base64,", "é" * 10])
def test_what_is_no_picture_gets_one_sentence(image):
    with pytest.raises(UserError):
        reconstruct.open_encoded(image)


def test_models_that_cannot_reconstruct_say_so(models):
    image = open_image(np.zeros((20, 20, 3), np.uint8))
    for name, sentence in (("gan", "has no encoder"), ("points", "knows points, not pictures")):
        with pytest.raises(UserError, match=sentence):
            reconstruct.reconstruct(models.get(name), image, "auto")
    for invert in ("maybe", None, ["auto"], True):
        with pytest.raises(UserError, match="invert must be auto, on or off"):
            reconstruct.reconstruct(models.get("pictures"), image, invert)


def test_examples_are_found_by_name_only():
    examples = reconstruct.find_examples()
    assert examples
    for name in ("../data", "/etc/passwd", None, 3, ["a"]):
        with pytest.raises(UserError, match="There is no such example"):
            reconstruct.open_example(examples, name)
    assert reconstruct.open_example(examples, next(iter(examples))).size


# -- train ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", list(OBJECTIVES))
@pytest.mark.parametrize("data", ["fashion-mnist", "avatars", "cifar10", "ring", "spiral"])
def test_every_choice_is_a_run_that_this_server_takes(data, objective, monkeypatch):
    monkeypatch.setattr("aegan.jobs.list_data", lambda: [dataclasses.replace(i, available=True) for i in infos])
    infos = recipes.list_data()
    config = recipes.recipe(data, objective)
    assert config.data == data
    usual = OBJECTIVES[objective]  # but for what follows from the size of the pictures
    assert dataclasses.replace(config.objective, gamma=usual.gamma, rec=usual.rec) == usual
    assert config.objective.rec >= usual.rec
    Jobs().bounded(config)
    values = dict(zip(recipes.KNOBS, recipes.knob_values(config), strict=True))
    assert recipes.configure(data, objective, values) == config
    assert all(value <= recipes.MOST_WEIGHT for value in list(values.values())[: len(recipes.WEIGHTS)])
    AEGAN(config)


@pytest.mark.parametrize("data", ["fashion-mnist", "avatars", "ring"])
@pytest.mark.parametrize("steps", [500, 2000, 20_000])
def test_a_run_keeps_about_a_hundred_previews_and_measures_itself_now_and_then(data, steps):
    t = recipes.configure(data, "aegan", {"steps": steps}).train
    assert t.steps / t.preview_every <= 120
    assert 2 <= t.steps / t.measure_every <= 20


@pytest.mark.parametrize(
    ("data", "objective", "knobs", "sentence"),
    [
        ("nothing", "aegan", {}, "Choose a data set and an objective of the lists"),
        ("/etc", "aegan", {}, "Choose a data set and an objective of the lists"),
        ("ring", "nothing", {}, "Choose a data set and an objective of the lists"),
        ("ring", "aegan", {"steps": None}, "Give steps a value"),
        ("ring", "aegan", {"precision": "fp32"}, "There is no knob 'precision' here"),
        ("ring", "aegan", {"steps": 0}, "steps must lie between"),
        ("ring", "aegan", {"lr": math.nan}, "lr must be a finite number"),
        ("ring", "aegan", {"rec": -1.0}, "rec must lie between"),
        ("ring", "aegan", {"rec": "much"}, "rec needs a value of type float"),
        ("ring", "gan", {"adv": 0.0}, "nothing to learn from"),
    ],
)
def test_wrong_knobs_get_one_sentence(data, objective, knobs, sentence):
    with pytest.raises(UserError, match=sentence):
        recipes.configure(data, objective, knobs)


# -- endpoints -----------------------------------------------------------------------------------------------------


def test_sampling_leaves_the_global_generator_alone(shown):
    before = torch.get_rng_state()
    first, second = (endpoints.sample_many(shown, 3, 7) for _ in range(2))
    assert first == second
    assert len(first["images"]) == len(first["noise"]) == 3
    assert [figures.numbers(record_of(uri)["noise"][0]) for uri in first["images"]] == first["noise"]
    assert torch.equal(torch.get_rng_state(), before)
    for count in (0, 65, 1.0, None, True):
        with pytest.raises(UserError, match="count must be a whole number from 1 to 64"):
            endpoints.sample_many(shown, count, 7)
