"""Directions of a real model, on disk, at the command line and in the words of the page."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from aegan import directions
from aegan.attributes import ATTRIBUTES
from aegan.cli import main
from aegan.config import UserError, get_objective
from aegan.directions import Direction, find_directions, load_directions, save_directions
from aegan.model import AEGAN
from aegan.ui.texts import DIRECTIONS

SLANT = Direction("slant", "left", "right", (0.6, 0.8), 0.9, 12.0, 0.95, 0.1, 0.3, {"width": -0.2})
WIDTH = replace(SLANT, name="width", low="narrow", high="wide", vector=(0.8, -0.6), entanglement={"slant": 0.1})


@pytest.fixture
def config(quick_images):
    return replace(quick_images.with_options(img_resolution=28, z_dim=12), data="mnist")


@pytest.fixture
def quick(monkeypatch):
    for name, value in (("SAMPLES", 400), ("PAIRS", 16), ("RANDOM", 8), ("CLEARLY", 0.5), ("LEAST", 0)):
        monkeypatch.setattr(directions, name, value)


@pytest.mark.parametrize("objective", ["aegan", "gan", "seed"])
def test_every_kind_of_model_has_directions(objective, config, quick):
    model = AEGAN(replace(config, objective=get_objective(objective))).eval()
    state = torch.get_rng_state()
    found = find_directions(model)
    assert find_directions(model) == found != find_directions(model, seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    assert found, "untrained models change somehow, too"
    for d in found:
        assert (d.low, d.high) == ATTRIBUTES["mnist"][d.name]
        assert d.effect > 0.5 * d.random_high and set(d.entanglement) <= {other.name for other in found} - {d.name}
    vectors = np.array([d.vector for d in found])
    assert vectors @ vectors.T == pytest.approx(np.eye(len(found)), abs=1e-4)


def test_other_data_have_no_named_directions(quick_images):
    for data in ("mnist", "holiday.zip"):  # quick images have 16 pixels
        with pytest.raises(UserError, match="Directions have names for mnist"):
            find_directions(AEGAN(replace(quick_images, data=data)).eval())


def test_a_model_without_a_generator_has_none(config, quick):
    model = AEGAN(config.with_options(own_decoder=True, adv=0, adv_rec=0, cycle=0)).eval()
    with pytest.raises(UserError, match="no generator"):
        find_directions(model)


def test_what_is_saved_is_loaded(tmp_path):
    assert load_directions(tmp_path, 2) == []
    save_directions(tmp_path, [SLANT, WIDTH], {"commit": "abc", "seed": 3})
    assert load_directions(tmp_path, 2) == [SLANT, WIDTH]
    content = json.loads((tmp_path / "directions.json").read_text())
    assert (content["commit"], content["seed"], content["samples"]) == ("abc", 3, directions.SAMPLES)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vector": [1.0]}, r"directions\[0\].vector must be 2 finite numbers"),
        ({"vector": [float("nan"), 1.0]}, "vector must be 2 finite numbers"),
        ({"vector": [True, 0.0]}, "vector must be 2 finite numbers"),
        ({"vector": [10**400, 0.0]}, "vector must be 2 finite numbers"),
        ({"vector": [3.0, 4.0]}, "vector must be of length 1"),
        ({"effect": float("inf")}, "effect must be a finite number"),
        ({"random_high": "0.3"}, "random_high must be a finite number"),
        ({"entanglement": {"width": None}}, "entanglement must be finite numbers"),
        ({"entanglement": [0.1]}, "entanglement must be finite numbers"),
        ({"entanglement": {"<b>": 0.1}}, "entanglement must be finite numbers"),
        ({"name": "<script>"}, "name must be a short word"),
        ({"low": "x" * 50}, "low must be a short word"),
        ({"high": None}, "high must be a short word"),
        ({"more": 1}, "must be an object with name, low"),
    ],
)
def test_bad_fields_are_named(change, message, tmp_path):
    save_directions(tmp_path, [SLANT], {})
    path = tmp_path / "directions.json"
    content = json.loads(path.read_text())
    content["directions"][0] |= change
    path.write_text(json.dumps(content))
    with pytest.raises(UserError, match=message) as error:
        load_directions(tmp_path, 2)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ("[]", "format_version must be 1"),
        ('{"format_version": 2}', "format_version must be 1"),
        ('{"format_version": 1}', "directions must be a list of at most 12"),
        ('{"format_version": 1, "directions": [1]}', r"directions\[0\] must be an object"),
        ('{"format_version": 1, "directions": [' + ", ".join(["{}"] * 13) + "]}", "at most 12"),
        (" " * 1_000_001, "too large"),
    ],
)
def test_bad_files_are_refused(text, message, tmp_path):
    (tmp_path / "directions.json").write_text(text)
    with pytest.raises(UserError, match=message):
        load_directions(tmp_path, 2)


def test_names_are_told_apart(tmp_path):
    save_directions(tmp_path, [SLANT, SLANT], {})
    with pytest.raises(UserError, match="slant stands there twice"):
        load_directions(tmp_path, 2)


def test_the_command_prints_and_saves(tmp_path, config, quick, capsys):
    AEGAN(config).save_pretrained(tmp_path)
    assert main(["directions", str(tmp_path), "--save", "--device", "cpu"]) == 0
    found = load_directions(tmp_path, 12)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1 : 1 + len(found)]] == [d.name for d in found]
    assert f"{found[0].effect:.2f}" in lines[1] and f"{found[0].random_high:.2f}" in lines[1]
    assert main(["directions", str(tmp_path), "--json", "--device", "cpu"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content == json.loads((tmp_path / "directions.json").read_text())
    assert content["data"] == "mnist" and content["pairs"] == 16


def test_the_page_has_words_for_every_attribute():
    attributes = {name: words for known in ATTRIBUTES.values() for name, words in known.items()}
    assert sum(map(len, ATTRIBUTES.values())) - 1 == len(attributes), "only width is known of two data sets"
    assert DIRECTIONS.keys() == attributes.keys()
    for name, (_, low, high) in DIRECTIONS.items():
        assert (low[0], high[0]) == attributes[name]
