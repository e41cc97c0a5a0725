"""Which figures a model gets, what they say they were measured on, and that they tell good from bad."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from aegan.config import UserError, get_objective
from aegan.evaluate import evaluate, midpoints
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
    json.dumps(figures, allow_nan=False)
    assert evaluate(model_of(config), garments, n=30, seed=3) == figures
    assert evaluate(model_of(config), garments, n=30, seed=4)["fd/samples"] != figures["fd/samples"]


def test_a_model_that_repeats_its_input_has_perfect_reconstructions(quick_images, images, monkeypatch):
    monkeypatch.setattr(AEGAN, "reconstruct", lambda self, x: x)
    figures = evaluate(model_of(quick_images), images)
    assert figures["rec/ssim"] == pytest.approx(1) and figures["rec/psnr"] > 58


def test_a_model_that_generates_the_data_has_a_small_distance(quick_images, garments, monkeypatch):
    from aegan.images import to_model

    config = quick_images.with_options(img_resolution=28)
    start = iter(range(10**6))
    monkeypatch.setattr(
        AEGAN, "sample", lambda self, n, noise: to_model(garments.test[[next(start) % 40 for _ in range(n)]])
    )
    assert evaluate(model_of(config), garments, n=40)["fd/samples"] == pytest.approx(0, abs=1e-4)


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


def test_modes_are_counted_for_mixtures_only(quick_points, points):
    figures = evaluate(model_of(quick_points), points, n=100)
    assert figures["modes/total"] == 2 and figures["modes/good_share_floor"] > 0.9
    assert 0 <= figures["modes/good_share"] <= 1 and "rec/rms" in figures
    figures = evaluate(model_of(quick_points), replace(points, modes=None), n=100)
    assert "modes/found" not in figures and len(figures["missing"]) == 1


def test_midpoints_keep_the_mean_norm():
    a, b = torch.randn(2, 50, 8, generator=torch.Generator().manual_seed(0))
    middle = midpoints(a, b)
    assert torch.allclose(middle.norm(dim=1), (a.norm(dim=1) + b.norm(dim=1)) / 2)
    assert torch.allclose(midpoints(a, a), a, atol=1e-6)


def test_what_cannot_be_measured_is_refused(quick_images, images, points):
    model = model_of(quick_images)
    with pytest.raises(UserError, match="set img_channels and img_resolution"):
        evaluate(model, points)
    with pytest.raises(UserError, match="at least two"):
        evaluate(model, replace(images, test=images.test[:1]))
    with pytest.raises(UserError, match="Between 2 and"):
        evaluate(model, images, n=1)
