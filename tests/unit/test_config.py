"""Options: bounds, names, presets, and what the objective needs."""

import dataclasses
import json
import math

import pytest

from aegan.config import (
    OBJECTIVES,
    OPTIONS,
    PRESETS,
    Config,
    ModelConfig,
    Objective,
    TrainConfig,
    UserError,
    get_objective,
    get_preset,
)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_json(name):
    config = PRESETS[name]
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_every_objective_is_a_preset():
    assert set(OBJECTIVES) <= set(PRESETS)
    for name, objective in OBJECTIVES.items():
        assert PRESETS[name].objective == objective


def test_option_names_are_unique_over_the_parts():
    names = [f.name for part in (ModelConfig, Objective, TrainConfig) for f in dataclasses.fields(part)]
    assert sorted(names) == sorted(OPTIONS)


@pytest.mark.parametrize("part", [ModelConfig, Objective, TrainConfig])
def test_every_option_has_help_and_limits(part):
    for f in dataclasses.fields(part):
        assert f.metadata["help"], f.name
        limited = f.metadata["choices"] or (f.metadata["low"] is not None and f.metadata["high"] is not None)
        assert limited or type(f.default) is bool, f.name


def test_options_are_read_from_text_as_their_own_type():
    config = Config().with_options(lr="1e-3", flip="yes", width="16", architecture="residual", rec="2")
    assert (config.train.lr, config.train.flip, config.model.width) == (1e-3, True, 16)
    assert (config.model.architecture, config.objective.rec) == ("residual", 2.0)
    assert type(config.objective.rec) is float


def test_options_leave_the_original_alone():
    config = Config()
    config.with_options(lr=0.1)
    assert config.train.lr == TrainConfig().lr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widht": "3"}, "Did you mean width"),
        ({"zzz": "3"}, "no option 'zzz'"),
        ({"width": "wide"}, "width needs a value of type int"),
        ({"width": "3"}, "between 4 and 128"),
        ({"width": 8.0}, "type int"),
        ({"flip": "perhaps"}, "type bool"),
        ({"flip": 1}, "type bool"),
        ({"lr": math.nan}, "finite"),
        ({"lr": "inf"}, "finite"),
        ({"architecture": "big"}, "dense, conv, residual"),
        ({"img_resolution": 30}, "one of"),
        ({"img_resolution": 1}, "2-D points need"),
        ({"img_resolution": 1, "img_channels": 2}, "architecture=dense"),
        ({"wide_share": 0.6, "mixed_share": 0.6}, "together at most 1"),
        ({"rec": 0.0}, "nothing to learn from"),
        ({"rec_kind": "features"}, "D's features"),
        ({"code_dim": 8}, "own_decoder"),
        ({"code_dim": 8, "own_decoder": True, "cycle": 1.0}, "code_dim=0"),
    ],
)
def test_mistakes_are_named(options, message):
    with pytest.raises(UserError, match=message):
        Config().with_options(**options)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"data": 3}, "data must be a name"),
        ({"model": []}, "'model' must be an object"),
        ({"train": {"speed": 1}}, "unknown field 'speed'"),
        ({"model": {"width": "16"}}, "width must be of type int"),
        ({"objective": {"rec": -1.0}}, "rec must lie between"),
        ({"train": {"steps": True}}, "steps must be of type int"),
    ],
)
def test_damaged_configurations_are_named(values, message):
    with pytest.raises(UserError, match=message):
        Config.from_dict(Config().to_dict() | values)


@pytest.mark.parametrize(
    ("name", "encoder", "discriminator", "latent", "tied"),
    [
        ("autoencoder", True, False, False, True),
        ("vae", True, False, False, True),
        ("adversarial-ae", True, False, True, True),
        ("gan", False, True, False, False),
        ("vae-gan", True, True, False, True),
        ("seed", True, True, False, False),
        ("aegan", True, True, False, True),
    ],
)
def test_an_objective_builds_only_what_it_needs(name, encoder, discriminator, latent, tied):
    objective = get_objective(name)
    needs = objective.needs_encoder, objective.needs_discriminator, objective.needs_latent_discriminator
    assert needs == (encoder, discriminator, latent)
    assert objective.is_tied == tied
    assert objective.needs_generator


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(UserError, match="Did you mean fashion"):
        get_preset("fashon")
    with pytest.raises(UserError, match="Choose one of autoencoder"):
        get_objective("?")
