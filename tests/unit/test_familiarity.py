"""Familiarity: percentiles as numpy has them, foreign pictures beyond them, files that are checked."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from aegan.config import OBJECTIVES, UserError, get_preset
from aegan.data import load_data
from aegan.familiarity import (
    FAMILIARITY,
    FLOOR,
    LEVELS,
    MAX_BYTES,
    judge_familiarity,
    load_familiarity,
    measure_familiarity,
    prepare_familiarity,
    save_familiarity,
)
from aegan.images import fit_image, open_image, to_model
from aegan.model import AEGAN

CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"


@pytest.fixture
def model(quick_images) -> AEGAN:
    return AEGAN(quick_images).eval().requires_grad_(False)


@pytest.fixture
def folder(model, tmp_path) -> Path:
    model.save_pretrained(tmp_path)
    return tmp_path


def test_quantiles_against_numpy(model, images):
    found = measure_familiarity(model, images)
    x = to_model(images.test)
    code = model.encode(x)
    error = (x - model.decode(code)).square().mean((1, 2, 3)).numpy() / (x.numpy().var(axis=(1, 2, 3)) + FLOOR)
    rarity = -model.prior.log_prob(code).numpy()
    np.testing.assert_allclose(found.error, np.percentile(error, LEVELS), rtol=1e-4)
    np.testing.assert_allclose(found.rarity, np.percentile(rarity, LEVELS), rtol=1e-4)
    assert (found.images, found.split, found.data) == (len(images.test), "test", "Squares")
    ranks = [100 * (values.argsort().argsort() / (len(values) - 1)) for values in (error, rarity)]
    highest = np.maximum(*ranks)
    np.testing.assert_allclose(found.strangeness, np.percentile(highest, LEVELS), atol=0.6)
    for i in (0, 7, 15):
        judgement = judge_familiarity(found, model, x[i : i + 1])
        assert judgement.error == pytest.approx(ranks[0][i], abs=0.6)
        assert judgement.rarity == pytest.approx(ranks[1][i], abs=0.6)


def test_what_lies_beyond_all_is_at_a_hundred(model, images):
    found = measure_familiarity(model, images)
    noise = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0)).round() * 2 - 1
    judgement = judge_familiarity(found, model, noise)
    assert judgement.strangeness == 100
    lowest = dataclasses.replace(
        found, error=tuple(np.linspace(1e6, 2e6, 201)), rarity=tuple(np.linspace(1e6, 2e6, 201))
    )
    assert judge_familiarity(lowest, model, noise).strangeness == 0


def test_without_a_prior_the_error_alone_tells(quick_images, images):
    model = AEGAN(dataclasses.replace(quick_images, objective=OBJECTIVES["seed"])).eval().requires_grad_(False)
    found = measure_familiarity(model, images)
    assert found.rarity == ()
    judgement = judge_familiarity(found, model, to_model(images.test[:1]))
    assert judgement.rarity is None
    assert judgement.strangeness == pytest.approx(judgement.error, abs=0.6)


def test_it_is_kept_beside_the_weights_it_belongs_to(folder, model, images):
    assert load_familiarity(folder) is None
    found = measure_familiarity(model, images)
    save_familiarity(folder, found)
    assert load_familiarity(folder) == found
    AEGAN(model.config, seed=1).save_pretrained(folder)
    assert load_familiarity(folder) is None, "other weights"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format_version": 2}, "format_version must be 1"),
        ({"data": 5}, "data must be a short text"),
        ({"split": "x" * 1000}, "split must be a short text"),
        ({"images": True}, "images must be a whole number"),
        ({"images": 10**9}, "images must be a whole number"),
        ({"error": []}, "error must be 201 finite numbers"),
        ({"error": [0.0] * 200}, "error must be 201 finite numbers"),
        ({"error": [float("nan")] * 201}, "error must be 201 finite numbers"),
        ({"rarity": [float("inf")] * 201}, "rarity must be 201 finite numbers"),
        ({"strangeness": list(range(201, 0, -1))}, "that do not fall"),
        ({"strangeness": ["1"] * 201}, "strangeness must be 201 finite numbers"),
        ({"strangeness": None}, "strangeness must be 201 finite numbers"),
    ],
)
def test_a_wrong_file_is_told(folder, model, images, change, sentence):
    save_familiarity(folder, measure_familiarity(model, images))
    path = folder / FAMILIARITY
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UserError, match=sentence):
        load_familiarity(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 100_000, '{"a":' * 50_000, " " * (MAX_BYTES + 1)])
def test_a_damaged_file_is_told(folder, content):
    (folder / FAMILIARITY).write_text(content)
    with pytest.raises(UserError):
        load_familiarity(folder)


def test_preparing_measures_the_data_of_the_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr("aegan.familiarity.load_data", lambda *given: load_data(*given, full=False))
    monkeypatch.setattr("aegan.familiarity.MOST", 40)
    small = {"architecture": "dense", "width": 4, "z_dim": 4, "flow_layers": 1, "flow_width": 8}
    AEGAN(get_preset("aegan").with_options(**small)).save_pretrained(tmp_path)
    found = prepare_familiarity(tmp_path)
    assert found == load_familiarity(tmp_path)
    assert (found.data, found.images) == ("Fashion-MNIST", 40)
    for preset in ("gan", "points"):
        AEGAN(get_preset(preset).with_options(width=4, flow_layers=1, flow_width=8)).save_pretrained(tmp_path / preset)
        assert prepare_familiarity(tmp_path / preset) is None
        assert not (tmp_path / preset / FAMILIARITY).exists()


def test_data_of_another_size_are_refused(model):
    with pytest.raises(UserError, match="data of its size"):
        measure_familiarity(model, load_data("mnist", full=False))


@pytest.mark.parametrize(
    ("name", "foreign", "least"),
    [("fashion", "mnist", 98.0), ("digits", "fashion-mnist", 99.5), ("avatars", "mnist", 99.5)],
)
def test_shipped_models_know_their_own_data_from_others(name, foreign, least):
    model, found = AEGAN.from_pretrained(CHECKPOINTS / name), load_familiarity(CHECKPOINTS / name)
    m = model.config.model

    def strangeness(data: str) -> list[float]:  # of training images: the tables were made of test images
        seen = [
            fit_image(open_image(i), m.img_resolution, m.img_channels) for i in load_data(data, full=False).train[:30]
        ]
        return [judge_familiarity(found, model, to_model(image[None])).strangeness for image in seen]

    assert 25 < np.median(strangeness(model.config.data)) < 75
    assert np.median(strangeness(foreign)) >= least
