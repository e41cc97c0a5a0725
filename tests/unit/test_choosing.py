"""What a run shall be: recipes, lessons, knobs, links, one's own images, as plain functions."""

import base64
import dataclasses
import json

import numpy as np
import pytest
import torch

from aegan.config import OBJECTIVES, UserError
from aegan.losses import pixel_distance
from aegan.ui import recipes
from aegan.ui.choosing import Choosing, choosing_facts
from aegan.ui.own_data import OwnData
from aegan.ui.page import ASSETS
from aegan.ui.recipes import KNOBS, configure, describe_knobs, knob_values, pack_link, parse_link, recipe
from aegan.uploads import OWN, UploadLimits
from tests.unit.test_uploads import pack, pictures


def brought(count: int = 20, **request) -> dict:
    content = base64.b64encode(pack(pictures(count))).decode()
    return {"files": [{"name": "Alice's.zip", "data": content}], **request}


def choice(data="ring", preset="gan", own=None, **knobs) -> dict:
    return {"data": data, "preset": preset, "knobs": knobs, "own": own}


# -- recipes and links ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", recipes.LESSONS)
@pytest.mark.parametrize("data", ["ring", "fashion-mnist", "avatars", OWN])
def test_every_lesson_fits_every_kind_of_data(board, preset, data, images):
    own = images if data == OWN else None
    config = recipe(data, preset, own)
    objective, changes = recipes.LESSONS[preset]
    assert config.objective == dataclasses.replace(OBJECTIVES[objective], gamma=0.0)
    assert config.train.lr_d == changes["lr_d"]
    board().bounded(config, own)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_quick_settings_are_the_best_of_the_studys_trials(objective):
    """As the table of the study that comes along says it: of each row's trials, the one with the smallest distance."""
    lines = (ASSETS / "studies" / "fashion-mnist" / "tuning.jsonl").read_text().splitlines()
    best = min((t for t in map(json.loads, lines) if t["row"] == objective), key=lambda trial: trial["score"])
    config = recipe("fashion-mnist", objective)
    shared = {name: value for name, value in best["options"].items() if name not in ("rec_kind", "adv_z", "kl")}
    assert config.with_options(**shared) == config


def test_reconstructions_pull_as_hard_at_every_size(images):
    """In units of D's word, which is one for a picture, however large it is."""

    def pull(config):
        x = torch.zeros(config.model.x_shape, requires_grad=True)
        (config.objective.rec * pixel_distance(torch.ones(config.model.x_shape), x, "l1")).backward()
        return x.grad.norm().item()

    usual = pull(recipe("fashion-mnist", "aegan"))
    for data in ("avatars", "cifar10"):
        assert pull(recipe(data, "aegan")) == pytest.approx(usual, rel=0.02)
    small = recipe(OWN, "aegan", images)  # never less than in the objective's own row
    assert small.objective.rec == OBJECTIVES["aegan"].rec == recipe("ring", "aegan").objective.rec


def test_few_images_are_augmented_by_default(images):
    few = recipe(OWN, "aegan", images)
    assert few.train.flip and few.train.d_translate and few.train.d_cutout and few.train.batch_size <= 16
    assert few.train.batch_size % 2 == 0
    many = recipe(OWN, "aegan", dataclasses.replace(images, train=np.zeros((300, 16, 16, 1), np.uint8)))
    assert not (many.train.flip or many.train.d_translate)


def test_a_link_holds_what_differs_from_the_recipe_and_comes_back():
    knobs = {"gamma": 0.05, "adv_kind": "hinge", "lr": 1e-5, "flip": True, "steps": 900, "rec": 0.5}
    link = pack_link("mnist", "gan", configure("mnist", "gan", knobs))
    assert link == "mnist*gan*rec-0.5*adv_kind-hinge*gamma-0.05*steps-900*lr-1e-05*flip-true"
    assert parse_link(link) == ("mnist", "gan", knobs)
    assert pack_link("ring", "vae", recipe("ring", "vae")) == "ring*vae"


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        ("", "no training run's"), (None, "no training run's"), ("a" * 601, "no training run's"),
        ("ring", "of the lists"), ("../etc*gan", "of the lists"), ("ring*nothing", "of the lists"),
        ("ring*gan*foo-1", "no knob 'foo'"), ("ring*gan*preview_every-1", "no knob 'preview_every'"),
        ("ring*gan*steps-", "Give steps a value"), ("ring*gan*steps-1e99", "type int"),
        ("ring*gan*steps-" + "9" * 39, "steps must lie between"), ("ring*gan*steps-" + "9" * 50, "too long"),
        ("ring*gan*lr-nan", "finite"), ("ring*gan*lr-inf", "finite"), ("ring*gan*adv-0", "nothing to learn from"),
        ("ring*gan*adv_kind-<script>", "adv_kind must be one of"), ("ring*gan*flip-perhaps", "type bool"),
    ],
)  # fmt: skip
def test_strange_links_are_refused_in_one_sentence_and_the_first_choice_is_shown(board, link, sentence):
    answer = Choosing(board()).describe({"link": link})
    assert sentence in answer["wrong"] and "\n" not in answer["wrong"]
    assert (answer["data"], answer["preset"], answer["knobs"]) == (*recipes.FIRST_CHOICE, {})


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (None, "A choice is an object"), ({"data": "ring"}, "A choice is an object"),
        (choice(own="x" * 22, data=OWN), "choose them again"), (choice(data=OWN, own=5), "choose them again"),
        (choice(data={}), "of the lists"), (choice(steps=[1]), "Give steps a value"),
        (choice(steps=10**9), "steps must lie between"), (choice(steps=2.5), "type int"),
        (choice(width=True), "type int"), (choice(batch_size=1), "batch_size must lie between"),
        (choice(lr=-1), "lr must lie between"), (choice(gamma="x" * 10**6), "too long"),
        (choice(steps=30_000), "at most 20,000 on this page"), (choice(batch_size=514), "at most 512 on this page"),
        (choice(batch_size=7), "must be an even number"),
    ],
)  # fmt: skip
def test_knobs_out_of_range_get_a_clear_error_from_programs_too(board, asked, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        Choosing(board()).start(asked, "")
    assert len(str(caught.value)) < 300


def test_each_knob_is_described_from_its_own_field():
    described = {knob["name"]: knob for group in describe_knobs() for knob in group["knobs"]}
    assert list(described) == KNOBS
    assert described["steps"] == {"name": "steps", "low": 1, "high": 10_000_000, "whole": True, "kind": "number"}
    assert described["adv_kind"]["choices"] == ["bce", "hinge", "relativistic"]
    assert described["rec"]["most"] == recipes.MOST_WEIGHT and described["flip"]["kind"] == "switch"


def test_a_choice_is_described_with_its_weights_and_why_it_cannot_start(board):
    choosing = Choosing(board())
    answer = choosing.describe(choice(gamma=0.5))
    assert answer["values"]["gamma"] == 0.5 and answer["link"] == "ring*gan*gamma-0.5"
    assert set(answer["weights"]) == {"generator", "discriminator"} and answer["refused"] == ""
    assert "at most 64 on this page" in choosing.describe(choice(width=65))["refused"]
    assert dict(zip(KNOBS, knob_values(recipe("ring", "gan")), strict=True)) == choosing.describe(choice())["values"]
    assert choosing_facts(choosing.jobs)["least"] == 8


# -- one's own images ----------------------------------------------------------------------------------------------


def test_own_images_are_read_shown_and_given_to_the_run(board, monkeypatch):
    choosing = Choosing(board())
    answer = choosing.own.read(brought())
    assert answer["train"] + answer["test"] == 20 and (answer["size"], answer["channels"]) == (28, 1)
    assert answer["few"] and answer["sheet"].startswith("data:image/png;base64,") and "Alice" not in repr(answer)
    quick = {"steps": 4, "width": 4, "z_dim": 4, "warmup_steps": 1}
    asked = choice(OWN, "aegan", answer["own"], **quick)
    described = choosing.describe(asked)
    assert described["link"].startswith("own*aegan*") and answer["own"] not in described["link"]
    assert described["values"]["flip"] is True
    started = []
    monkeypatch.setattr(choosing.jobs, "start", lambda config, **rest: started.append((config, rest)))
    choosing.start(asked, "a page")  # what comes of it, test_uploads says
    [(config, rest)] = started
    assert (config.data, config.train.steps, rest["owner"]) == (OWN, 4, "a page")
    assert len(rest["own"].train) == answer["train"]
    assert choosing.own.read(brought(size=32, channels=3))["size"] == 32


@pytest.mark.parametrize(
    "request_",
    [
        None, {}, {"files": []}, {"files": "x"}, {"files": [5]}, {"files": [{"name": 5, "data": ""}]},
        {"files": [{"name": "a.png", "data": "%%%"}]}, {"files": [{"name": "a.png"}] * 20_000},
        brought(size=4096), brought(size="28"), brought(channels=2), brought(count=2),
    ],
)  # fmt: skip
def test_what_is_no_upload_is_refused_in_one_sentence(request_):
    with pytest.raises(UserError) as caught:
        OwnData(UploadLimits()).read(request_)
    assert "\n" not in str(caught.value)


def test_few_sets_are_held_and_not_for_long(images):
    held = OwnData(dataclasses.replace(UploadLimits(), held=2))
    first, second = held.keep(images), held.keep(images)
    assert held.get(first) is images and held.get(None) is None  # it was used last
    third = held.keep(images)
    assert held.get(first) is images and held.get(third) is images
    with pytest.raises(UserError, match="choose them again"):
        held.get(second)
    short = OwnData(dataclasses.replace(UploadLimits(), held_seconds=0.01))
    short.keep(images)
    for _, timer in list(short._held.values()):
        timer.join(10.0)
    assert not short._held
