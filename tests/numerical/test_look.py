"""What is seen of a run: right, and without touching it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from aegan import metrics, neighbours
from aegan.config import get_preset
from aegan.data import load_data
from aegan.events import SCORE_BINS, Look, Metric, Step
from aegan.features import features
from aegan.images import to_model, to_uint8
from aegan.look import GAUGE_SAMPLES, LOOK_CODES, LOOK_SCORES, Gauge, Looks
from aegan.state import TrainState
from aegan.step import train_step
from aegan.train import Batches, train

CPU = torch.device("cpu")
SMALL = {
    "width": 4, "z_dim": 4, "batch_size": 8, "flow_width": 16, "precision": "fp32", "warmup_steps": 2, "ramp_steps": 0,
    "log_every": 4, "preview_every": 4, "steps": 8, "spectral_norm": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def fashion():
    return load_data("fashion-mnist", full=False)


def trained(fashion, steps=6, preset="aegan", **options):
    state = TrainState.create(get_preset(preset).with_options(**SMALL | options), CPU)
    batches = Batches(fashion, state)
    for _ in range(steps):
        train_step(state, batches.next())
    return state


def copied(state):
    return {name: t.clone() for name, t in state.tensors().items()}


def test_looking_leaves_the_run_bit_identical(fashion):
    state = trained(fashion)
    looks, gauge = Looks(state, fashion), Gauge(state, fashion)
    measured, before, chance = gauge.take(), copied(state), torch.get_rng_state()
    first = looks.take()
    assert all(torch.equal(t, before[name]) for name, t in state.tensors().items())
    assert state.model.discriminator.training and all(m.training for m in state.model.discriminator.modules())
    assert measured == gauge.take()
    second = looks.take()
    assert first.scores == second.scores and np.array_equal(first.codes, second.codes)
    assert np.array_equal(first.prior, second.prior)
    assert torch.equal(chance, torch.get_rng_state())


def test_a_run_that_is_looked_at_and_measured_is_the_same_run(fashion):
    config = get_preset("aegan").with_options(**SMALL)
    plain, watched = (TrainState.create(config, CPU) for _ in range(2))
    batches = Batches(fashion, plain)
    for _ in range(config.train.steps):
        train_step(plain, batches.next())
    watched.config = config.with_options(measure_every=4)
    kinds = [type(event) for event in train(watched, fashion)]
    assert kinds.count(Look) == 3 and kinds.count(Metric) == 2
    tensors = watched.tensors()
    assert all(torch.equal(t, tensors[name]) for name, t in plain.tensors().items())


def test_scores_are_ds_own_and_codes_es(fashion):
    state = trained(fashion)
    look = Looks(state, fashion).take()
    assert look.scores.keys() == {"real", "train", "fake", "rec"}
    assert all(sum(counts) == LOOK_SCORES and len(counts) == SCORE_BINS for counts in look.scores.values())
    x = to_model(fashion.test[:LOOK_CODES])
    with torch.no_grad():
        codes = state.ema.encode(x)
        expected = np.histogram(state.model.realness(x[:LOOK_SCORES]).numpy(), SCORE_BINS, (0, 1))[0]  # one step later
        prior = state.ema.to_latent(torch.randn(LOOK_CODES, 4, generator=torch.Generator().manual_seed(0)))
    assert np.abs(expected - look.scores["real"]).sum() <= 8  # the norms have moved on by one iteration
    np.testing.assert_allclose(look.codes, codes[:, :2], atol=1e-3)
    np.testing.assert_allclose(look.spread, sorted(codes.std(0, correction=0).tolist(), reverse=True), atol=1e-3)
    np.testing.assert_allclose(look.prior, prior[:, :2], atol=1e-3)
    assert look.labels == fashion.test_labels[:LOOK_CODES].tolist()


@pytest.mark.parametrize(
    ("preset", "kinds", "has_codes", "has_prior"),
    [
        ("gan", {"real", "train", "fake"}, False, False),
        ("autoencoder", set(), True, True),
        ("seed", {"real", "train", "fake"}, True, False),
    ],
)
def test_a_look_has_what_the_objective_has(fashion, preset, kinds, has_codes, has_prior):
    look = Looks(trained(fashion, preset=preset), fashion).take()
    assert look.scores.keys() == kinds
    assert (look.codes is not None) == (look.labels is not None) == bool(look.spread) == has_codes
    assert (look.prior is not None) == has_prior


def test_before_d_learns_there_are_no_scores(fashion):
    assert Looks(trained(fashion, steps=1), fashion).take().scores == {}


def test_figures_are_those_of_metrics_and_neighbours(fashion):
    state = trained(fashion)
    found = Gauge(state, fashion).take()
    n = min(GAUGE_SAMPLES, len(fashion.test))
    with torch.no_grad():
        noise = torch.randn(n, 4, generator=torch.Generator().manual_seed(0))
        made = features(to_uint8(state.ema.sample(n, noise=noise)), "fashion-cnn")
        x = to_model(fashion.test[:100])
        error = float((state.ema.reconstruct(x) - x).abs().mean())
    real = features(fashion.test[:n], "fashion-cnn")
    assert found.values["n"] == n and found.step == 6
    assert found.values["fd/samples"] == pytest.approx(metrics.frechet_distance(made, real), rel=1e-3)
    assert found.values["recall"] == pytest.approx(neighbours.recall(made, real), abs=2e-3)
    assert found.values["coverage"] == pytest.approx(neighbours.density_coverage(made, real)[1], abs=2e-3)
    assert found.values["rec/test"] == pytest.approx(error, rel=1e-4)
    assert found.values["spread"] == pytest.approx(float(made.var(0).sum() / real.var(0).sum()), rel=1e-3)


def test_points_are_measured_in_the_plane_and_their_modes_counted():
    ring = load_data("ring")
    state = TrainState.create(get_preset("points").with_options(width=4, flow_width=16, batch_size=8), CPU)
    values = Gauge(state, ring).take().values
    assert values.keys() == {
        "n", "recall", "coverage", "spread", "rec/train", "rec/test", "modes/found", "modes/total", "modes/good_share",
    }  # fmt: skip
    assert values["modes/total"] == 8


def test_samples_that_are_no_numbers_are_not_measured():
    ring = load_data("ring")
    state = TrainState.create(get_preset("points").with_options(width=4, flow_width=16, batch_size=8), CPU)
    gauge = Gauge(state, ring)
    state.ema.generator.stem[-1].bias.fill_(float("inf"))
    assert gauge.take() is None
    state.ema.encoder.head[-1].weight.mul_(1e30)
    look = Looks(state, ring).take()
    assert np.isfinite(look.codes).all() and np.isfinite(look.spread).all()


def test_one_test_image_is_enough_to_look(fashion):
    alone = replace(fashion, test=fashion.test[:1], test_labels=fashion.test_labels[:1])
    state = trained(fashion)
    look = Looks(state, alone).take()
    assert len(look.codes) == 1 and look.spread == [0.0] * 4 and sum(look.scores["real"]) == 1
    assert not Gauge(state, alone).can_measure


def test_what_has_no_extractor_is_not_measured(fashion):
    unknown = replace(fashion, name="mine")
    state = TrainState.create(get_preset("aegan").with_options(**SMALL, measure_every=4), CPU)
    assert not any(isinstance(event, Metric) for event in train(state, unknown))


def test_gradients_are_measured_before_a_record_only_and_are_those_of_the_step(fashion):
    state = trained(fashion, steps=5, adv_z=0.1, gp_every=8)
    batches = Batches(fashion, state)
    quiet = train_step(state, batches.next())
    assert not any(name.startswith("grad/") for name in quiet)
    told = train_step(state, batches.next(), watched=True)
    networks = {
        "encoder": state.model.encoder, "generator": state.model.generator,
        "discriminator": state.model.discriminator, "latent": state.model.latent_discriminator,
    }  # fmt: skip
    for name, network in networks.items():
        flat = torch.cat([p.grad.flatten() for p in network.parameters()])
        assert float(told[f"grad/{name}"]) == pytest.approx(float(flat.norm()), rel=1e-5), name
    state = trained(fashion, steps=8, gp_every=8)  # the next step carries the penalty
    told = train_step(state, batches.next(), watched=True)
    assert "grad/generator" in told and "grad/discriminator" not in told


def test_looks_become_rarer_in_a_long_run(fashion, monkeypatch):
    config = get_preset("autoencoder").with_options(
        **SMALL | {"steps": 45, "log_every": 1, "preview_every": 1, "architecture": "dense", "batch_size": 2}
    )
    monkeypatch.setattr("aegan.train.LOOKS", 10)
    steps = [event.step for event in train(TrainState.create(config, CPU), fashion) if isinstance(event, Look)]
    assert steps == [*range(10), *range(10, 20, 2), *range(20, 40, 4), 40, 45]


def test_a_record_says_how_large_gradients_are(fashion):
    state = TrainState.create(get_preset("aegan").with_options(**SMALL), CPU)
    records = [event for event in train(state, fashion) if isinstance(event, Step)]
    assert {"grad/encoder", "grad/generator", "grad/discriminator"} <= records[-1].metrics.keys()
