"""What the handlers of the tab Reconstruct answer, and what they refuse: no browser, no server."""

import base64
import dataclasses
import json
import math

import numpy as np
import pytest
import torch

from aegan.config import OBJECTIVES, UserError, get_preset
from aegan.data import load_data
from aegan.familiarity import FAMILIARITY, measure_familiarity, save_familiarity
from aegan.images import encode_png, fit_image, open_image, to_model, to_uint8
from aegan.latent import interpolate
from aegan.metrics import psnr, ssim
from aegan.model import AEGAN
from aegan.provenance import read_provenance
from aegan.ui import figures, reconstruct, reconstruct_code
from aegan.ui.models import Models, Shown

SMALL = {"architecture": "dense", "width": 4, "z_dim": 10, "flow_layers": 2, "flow_width": 8, "img_resolution": 28}


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Models:
    """Untrained models: one of pictures, one without a prior, one without an encoder, one of points."""
    folder = tmp_path_factory.mktemp("models")
    config = get_preset("aegan").with_options(**SMALL)
    AEGAN(config).save_pretrained(folder / "pictures")
    AEGAN(dataclasses.replace(config, objective=OBJECTIVES["seed"])).save_pretrained(folder / "loose")
    AEGAN(dataclasses.replace(config, objective=OBJECTIVES["gan"])).save_pretrained(folder / "gan")
    AEGAN(get_preset("points").with_options(width=4, flow_layers=2, flow_width=8)).save_pretrained(folder / "points")
    data = load_data("fashion-mnist", full=False)
    data = dataclasses.replace(data, test=data.test[:60])
    save_familiarity(folder / "pictures", measure_familiarity(AEGAN.from_pretrained(folder / "pictures"), data))
    return Models([folder / name for name in ("pictures", "loose", "gan", "points")], shipped=folder / "none")


@pytest.fixture
def shown(models) -> Shown:
    return models.get("pictures")


PIXELS = np.random.default_rng(0).integers(0, 100, (40, 60, 3), dtype=np.uint8)
PICTURE = "data:image/png;base64," + base64.b64encode(encode_png(PIXELS)).decode()


def look(models, **request):
    return reconstruct.look_at(models, {}, {"model": "pictures", "image": PICTURE, **request})


def pixels(picture: dict) -> np.ndarray:
    return figures.to_array(picture)


# -- a picture ------------------------------------------------------------------------------------------------------


def test_likeness_is_measured(models):
    answer = look(models)
    seen, drawn = pixels(answer["input"])[None], pixels(answer["reconstruction"])[None]
    assert answer["psnr"] == pytest.approx(psnr(seen, drawn), abs=0.01)
    assert answer["ssim"] == pytest.approx(ssim(seen, drawn), abs=0.001)
    assert 0 <= answer["foreign"]["percentile"] <= 100 and answer["foreign"]["images"] == 60
    json.dumps(answer, allow_nan=False)


def test_a_picture_is_turned_and_cropped_as_asked(models):
    image = open_image(PIXELS)
    for turns in range(4):
        width, height = image.size if turns % 2 == 0 else image.size[::-1]
        answer = look(models, turns=turns, crop=[0.25, 0.125, 0.5], invert="off")
        box = (width * 0.25, height * 0.125, width * 0.25 + 20, height * 0.125 + 20)
        np.testing.assert_array_equal(pixels(answer["input"]), fit_image(image, 28, 1, False, box, turns))
        steps = answer["steps"]
        assert [step["text"] for step in steps] == ["step_cut", "step_grey"]
        assert pixels(steps[0]).shape == (128, 128, 3)
        np.testing.assert_array_equal(pixels(steps[-1]), pixels(answer["input"]))
    assert [step["text"] for step in look(models, invert="on")["steps"]][-1] == "step_inverted"


def test_a_test_image_is_one_of_the_test_images(models):
    answers = [reconstruct.look_at(models, {}, {"model": "pictures", "test": seed}) for seed in (3, 3, 4)]
    assert answers[0] == answers[1] and answers[0]["input"] != answers[2]["input"]
    tests = load_data("fashion-mnist", full=False).test
    assert any(np.array_equal(pixels(answers[0]["input"]), test) for test in tests[:500])
    assert answers[0]["picture"].startswith("data:image/png")


def test_a_model_of_other_data_has_no_test_images(models, tmp_path):
    config = dataclasses.replace(get_preset("aegan").with_options(**SMALL), data="/etc")
    shown = Shown("mine", AEGAN(config), tmp_path)
    with pytest.raises(UserError, match="No test images"):
        reconstruct.open_test(shown, 1)
    with pytest.raises(UserError, match="No test images"):
        reconstruct.open_test(models.get("points"), 1)


def test_the_gauge_is_left_out_without_a_sound_table(models, tmp_path):
    assert look(models, model="loose")["foreign"] is None
    (tmp_path / FAMILIARITY).write_text("{")
    assert dataclasses.replace(models.get("loose"), folder=tmp_path).familiarity is None


BAD_FITS = [
    ({"invert": "perhaps"}, "invert must be auto, on or off"),
    ({"invert": ["on"]}, "invert must be auto, on or off"),
    ({"turns": 4}, "turns must be a whole number from 0 to 3"),
    ({"turns": -1}, "turns must be"),
    ({"turns": True}, "turns must be"),
    ({"turns": "1"}, "turns must be"),
    ({"crop": [0, 0]}, "crop must be a list of 3 numbers"),
    ({"crop": "000"}, "crop must be a list"),
    ({"crop": [0, 0, math.nan]}, "crop must be finite"),
    ({"crop": [0, 0, math.inf]}, "crop must be finite"),
    ({"crop": [0.5, 0.5, 1]}, "a square within the picture"),
    ({"crop": [0, 0, 0]}, "a square within the picture"),
    ({"crop": [-0.5, 0, 0.5]}, "a square within the picture"),
    ({"image": None}, "Give the picture"),
    ({"image": 5}, "Give the picture"),
    ({"image": "%%%"}, "not valid base64"),
    ({"image": "aGVsbG8="}, "damaged or not a picture"),
    ({"example": "../data"}, "There is no such example"),
    ({"test": -1}, "The seed must be"),
    ({"test": "1"}, "The seed must be"),
    ({"test": 1.5}, "The seed must be"),
    ({"model": "nothing"}, "There is no such model"),
    ({"model": "gan"}, "has no encoder"),
    ({"model": "points"}, "points, not pictures"),
]


@pytest.mark.parametrize(("change", "sentence"), BAD_FITS)
def test_a_wrong_request_gets_one_sentence(models, change, sentence):
    with pytest.raises(UserError, match=sentence):
        look(models, **change)


HANDLERS = [
    reconstruct_code.refine_further,
    reconstruct_code.morph,
    reconstruct_code.cycle,
    reconstruct_code.draw_sheet,
]


@pytest.mark.parametrize("handler", HANDLERS)
@pytest.mark.parametrize("request_", [None, [], "x", 5, {}, {"model": ["pictures"]}])
def test_what_is_no_request_gets_one_sentence(models, handler, request_):
    with pytest.raises(UserError):
        handler(models, request_)


# -- refining -------------------------------------------------------------------------------------------------------


def bytes_of(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()


@pytest.fixture
def seen(models) -> np.ndarray:
    return pixels(look(models)["input"])


def further(models, picture, **change):
    request = {"model": "pictures", "seen": bytes_of(picture), "hidden": None, "state": None, "steps": 5, **change}
    return reconstruct_code.refine_further(models, request)


def test_chunks_come_to_what_all_steps_at_once_come_to(models, seen):
    first = further(models, seen, steps=0)
    assert first["psnr"] == look(models)["psnr"]
    once = further(models, seen, steps=10)
    through_json = json.loads(json.dumps(further(models, seen, steps=5)["state"], allow_nan=False))
    twice = further(models, seen, steps=5, state=through_json)
    assert twice["state"] == once["state"] and twice["state"]["step"] == 10
    assert once["psnr"] > first["psnr"]
    assert once["png"].startswith("data:image/png")


def test_a_painted_over_region_is_filled_and_has_no_say(models, seen):
    hidden = np.zeros((28, 28), np.uint8)
    hidden[5:15, 8:20] = 1
    other = np.where(hidden[..., None] > 0, 255 - seen, seen)
    answers = [further(models, x, hidden=bytes_of(hidden), steps=10) for x in (seen, other)]
    assert answers[0]["state"] == answers[1]["state"]
    drawn = pixels(answers[0]["reconstruction"])
    kept = hidden == 0
    np.testing.assert_array_equal(drawn[kept], seen[kept])
    assert (drawn[~kept] != seen[~kept]).any()
    assert (pixels(answers[0]["difference"])[~kept] == [0, 0, 4]).all(), "what is hidden is not compared"
    assert answers[0]["ssim"] is None
    code = torch.tensor(answers[0]["state"]["code"])[None]
    whole = to_uint8(models.get("pictures").model.decode(code))[0]
    error = np.square(whole[kept].astype(float) - seen[kept]).mean()
    assert answers[0]["psnr"] == pytest.approx(10 * np.log10(255**2 / error), abs=0.01)
    assert further(models, seen, hidden=bytes_of(0 * hidden), steps=1) == further(models, seen, steps=1)


STATE = {"code": [0.0] * 10, "first": [0.0] * 10, "second": [0.0] * 10, "step": 5}
BAD_STATES = [
    ({"steps": 11}, "steps must be a whole number from 0 to 10"),
    ({"steps": -1}, "steps must be"),
    ({"steps": True}, "steps must be"),
    ({"steps": None}, "steps must be"),
    ({"steps": 10**9}, "steps must be"),
    ({"seen": "AAAA"}, "seen must be 784 bytes"),
    ({"seen": "A" * 10**6}, "seen must be 784 bytes"),
    ({"seen": None}, "seen must be 784 bytes"),
    ({"seen": "%" * 1048}, "not valid base64"),
    ({"hidden": "AAAA"}, "hidden must be 784 bytes"),
    ({"hidden": [1]}, "hidden must be 784 bytes"),
    ({"hidden": bytes_of(np.ones(784, np.uint8))}, "Everything is painted over"),
    ({"state": []}, "state must be what the last answer held"),
    ({"state": {**STATE, "step": -1}}, "state must be"),
    ({"state": {**STATE, "step": 201}}, "state must be"),
    ({"state": {**STATE, "step": 1.5}}, "state must be"),
    ({"state": {**STATE, "step": 198}}, "200 steps are enough"),
    ({"state": {**STATE, "code": [0.0] * 9}}, "code must be a list of 10 numbers"),
    ({"state": {**STATE, "code": [1e3] * 10}}, "code must be finite numbers from -100 to 100"),
    ({"state": {**STATE, "first": [math.nan] * 10}}, "first must be finite"),
    ({"state": {**STATE, "second": [math.inf] * 10}}, "second must be finite"),
    ({"state": {**STATE, "second": [-1.0] * 10}}, "second must not be negative"),
    ({"state": {**STATE, "second": None}}, "second must be a list"),
    ({"model": "gan"}, "has no encoder"),
    ({"model": "points"}, "points, not pictures"),
]


@pytest.mark.parametrize(("change", "sentence"), BAD_STATES)
def test_a_wrong_state_gets_one_sentence(models, seen, change, sentence):
    with pytest.raises(UserError, match=sentence):
        further(models, seen, **change)


def test_hostile_states_stay_numbers(models, seen):
    for numbers in (1e12, -1e12, 1e-300):
        state = {**STATE, "first": [numbers] * 10, "code": [100.0] * 10, "second": [abs(numbers)] * 10, "step": 0}
        answer = further(models, seen, state=state, steps=10)
        json.dumps(answer, allow_nan=False)
        assert all(abs(value) <= 100 for value in answer["state"]["code"])


def test_refining_for_programs(shown):
    image = open_image(PIXELS)
    answer = reconstruct.refine_upload(shown, image, "auto", 20)
    assert answer["psnr"] > answer["psnr_before"]
    assert answer["note"]["code"] and "refined" in answer
    for steps in (0, 101, None, 1.0, True, "5"):
        with pytest.raises(UserError, match="steps must be a whole number from 1 to 100"):
            reconstruct.refine_upload(shown, image, "auto", steps)


# -- morph and cycle ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pictures", "loose"])
def test_a_morph_goes_from_one_picture_to_the_other(models, name):
    model = models.get(name).model
    ends = [look(models, model=name, invert=how) for how in ("on", "off")]
    answer = reconstruct_code.morph(models, {"model": name, "start": ends[0]["code"], "end": ends[1]["code"]})
    assert len(answer["pictures"]) == reconstruct_code.FRAMES
    for end, frame in zip(ends, (answer["pictures"][0], answer["pictures"][-1]), strict=True):
        assert np.abs(pixels(end["reconstruction"]).astype(int) - pixels(frame)).max() <= 2  # codes were rounded
    start, end = (torch.tensor(given["code"]) for given in ends)
    half = model.to_latent(interpolate(start, end, 3)[1:2]) if name == "pictures" else ((start + end) / 2)[None]
    middle = to_uint8(model.decode(half))[0].astype(int)
    assert np.abs(middle - pixels(answer["pictures"][reconstruct_code.FRAMES // 2])).max() <= 1


@pytest.mark.parametrize("wrong", [None, [], [0.0] * 9, ["0"] * 10, [math.nan] * 10, [1e7] * 10, "0" * 10])
def test_a_wrong_morph_gets_one_sentence(models, wrong):
    for request in ({"start": wrong, "end": [0.0] * 10}, {"start": [0.0] * 10, "end": wrong}):
        with pytest.raises(UserError, match="(start|end) must be"):
            reconstruct_code.morph(models, {"model": "pictures", **request})


def test_a_cycle_goes_round(models, shown, seen):
    answer = reconstruct_code.cycle(models, {"model": "pictures", "seen": bytes_of(seen)})
    assert len(answer["rounds"]) == reconstruct_code.ROUNDS
    x = to_model(seen[None])
    codes = [shown.model.encode(x)]
    for given in answer["rounds"]:
        x = shown.model.decode(codes[-1])
        codes.append(shown.model.encode(x))
        np.testing.assert_array_equal(pixels(given), to_uint8(x)[0])
        assert given["moved"] == pytest.approx(float((codes[-1] - codes[-2]).norm()), abs=1e-3)
        assert given["psnr"] == pytest.approx(psnr(seen[None], to_uint8(x)), abs=0.01)
    assert answer["length"] == pytest.approx(float(codes[0].norm()), abs=1e-3)
    with pytest.raises(UserError, match="seen must be 784 bytes"):
        reconstruct_code.cycle(models, {"model": "pictures", "seen": "AAAA"})


# -- before there is a picture --------------------------------------------------------------------------------------


def test_an_example_is_shown_all_the_way_through_a_model(models, shown):
    examples = reconstruct.find_examples()
    first = reconstruct.show_first(shown, examples)
    answer = reconstruct.reconstruct(shown, open_image(examples[first["name"]]), "auto")
    assert first["model"] == answer["model"] == "pictures"
    assert first["seen"] == figures.to_uri(answer["input"])
    assert first["drawn"] == figures.to_uri(answer["reconstruction"], answer["note"])
    assert first["difference"] == figures.to_uri(answer["difference"])
    assert (first["size"], first["pixels"], first["numbers"]) == ("28", "784", "10")
    assert first["bars"].count("<i") == 10
    assert list(first) == list(reconstruct.FIRST)
    with pytest.raises(UserError, match="no encoder"):
        reconstruct.show_first(Models([models.folder("gan")], shipped=models.folder("gan")).get("gan"), examples)


@pytest.mark.parametrize(("name", "kind"), [("avatars", "face"), ("digits", "digit-five"), ("fashion", "photo-tshirt")])
def test_the_example_is_of_the_kind_that_the_model_knows(name, kind):
    assert reconstruct.show_first(Models().get(name), reconstruct.find_examples())["name"] == kind


# -- several --------------------------------------------------------------------------------------------------------


def test_a_sheet_holds_every_picture_beside_its_reconstruction(models, shown, seen):
    others = [seen, 255 - seen]
    answer = reconstruct_code.draw_sheet(models, {"model": "pictures", "seen": [bytes_of(image) for image in others]})
    content = base64.b64decode(answer["png"].partition(",")[2])
    sheet, at = np.asarray(open_image(content)).reshape(230, 230), [slice(2, 114), slice(116, 228)]
    code = shown.model.encode(to_model(np.stack(others)))
    drawn = to_uint8(shown.model.decode(code))
    for row, images in zip(at, zip(others, drawn, strict=True), strict=True):
        for column, image in zip(at, images, strict=True):
            assert np.array_equal(sheet[row, column], image[..., 0].repeat(4, 0).repeat(4, 1))
    record = read_provenance(content)
    assert record["model"] == "pictures" and np.allclose(record["code"], code.detach().numpy(), atol=1e-5)


@pytest.mark.parametrize("wrong", [None, [], ["eA=="], [5], "all", ["AAAA"] * 17])
def test_a_wrong_sheet_gets_one_sentence(models, wrong):
    with pytest.raises(UserError, match="seen must be"):
        reconstruct_code.draw_sheet(models, {"model": "pictures", "seen": wrong})
