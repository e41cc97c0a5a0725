"""The training step and its stream of events, on small networks and real data."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from aegan import step as stepping
from aegan.augment import _translate, disturb
from aegan.config import OBJECTIVES, get_preset
from aegan.data import load_data
from aegan.events import Look, Preview, Step, Stopped
from aegan.randomness import StepRandom
from aegan.state import TrainState
from aegan.step import train_step
from aegan.train import Batches, finish, train

CPU = torch.device("cpu")
SMALL = {"width": 4, "z_dim": 4, "batch_size": 8, "flow_width": 16, "precision": "fp32"}


@pytest.fixture(scope="module")
def fashion():
    return load_data("fashion-mnist", full=False)


@pytest.fixture(scope="module")
def ring():
    return load_data("ring")


def small(preset="aegan", **options):
    return get_preset(preset).with_options(
        **{**SMALL, "warmup_steps": 4, "ramp_steps": 2, "log_every": 4, "preview_every": 8, **options}
    )


def run(config, data):
    state = TrainState.create(config, CPU)
    return state, list(train(state, data))


def weights(*networks):
    return [p.detach().clone() for network in networks if network is not None for p in network.parameters()]


def same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_events_come_in_order_and_carry_plain_values(fashion):
    _, events = run(small(steps=10), fashion)
    kinds = "Preview Look Step Step Preview Look Step Preview Look Stopped"
    assert [type(e).__name__ for e in events] == kinds.split()
    assert [e.step for e in events] == [0, 0, 4, 8, 8, 8, 10, 10, 10, 10]
    step, preview, last = events[2], events[0], events[-1]
    assert step.nimg == 4 * 8 and step.seconds > 0
    assert {"loss/rec", "loss/prior", "time/images_per_second"} <= step.metrics.keys()
    assert all(type(v) is float for v in step.metrics.values())
    assert preview.samples.shape == (64, 28, 28, 1) and preview.samples.dtype == np.uint8
    assert preview.reconstructions.shape == preview.originals.shape == (16, 28, 28, 1)
    assert last.reason == "finished"


def test_same_seed_same_figures(fashion):
    one, events_one = run(small(steps=8), fashion)
    two, events_two = run(small(steps=8), fashion)
    other, _ = run(small(steps=8, seed=1), fashion)
    assert same(one.tensors().values(), two.tensors().values())
    assert not same(weights(one.model), weights(other.model))
    for a, b in zip(events_one, events_two, strict=True):
        if isinstance(a, Step):
            assert {k: v for k, v in a.metrics.items() if k[:4] != "time"} == {
                k: v for k, v in b.metrics.items() if k[:4] != "time"
            }


@pytest.mark.parametrize("preset", ["aegan", "vae-gan", "seed"])
@pytest.mark.parametrize(
    "options", [{}, {"prior": "mixture", "components": 3, "adv_kind": "relativistic", "gamma": 1.0}]
)
def test_resumed_equals_uninterrupted(fashion, preset, options):
    options = {} if preset == "seed" else options
    config = small(preset, steps=12, flip=True, shift=2, d_translate=0.1, d_cutout=0.3, decay_share=0.5, **options)
    whole, _ = run(config, fashion)
    first = TrainState.create(config, CPU)
    for event in train(first, fashion):
        if isinstance(event, Step) and event.step == 8:
            saved = {name: t.clone().contiguous() for name, t in first.tensors().items()}, first.scalars()
            break
    second = TrainState.create(config, CPU)
    second.load(*saved)
    events = list(train(second, fashion))
    assert events[0].step == 12 and not isinstance(events[0], Preview)
    assert second.nimg == whole.nimg == 12 * 8
    resumed, uninterrupted = second.tensors(), whole.tensors()
    assert resumed.keys() == uninterrupted.keys()
    assert [k for k in resumed if not torch.equal(resumed[k], uninterrupted[k])] == []


def test_an_epoch_shows_every_image_once(ring):
    state = TrainState.create(small("points", z_dim=2, batch_size=96), CPU)
    batches, seen = Batches(ring, state), []
    while len(seen) < len(ring.train):
        part = batches.next().flatten(1)
        state.nimg += len(part)
        seen += map(tuple, part.tolist())
    assert sorted(seen[: len(ring.train)]) == sorted(map(tuple, ring.train.tolist()))


def test_the_average_follows_its_recurrence(fashion):
    state = TrainState.create(small(ema_beta=0.9), CPU)
    batches = Batches(fashion, state)
    expected = weights(state.model.generator)
    for step in range(15):
        train_step(state, batches.next())
        beta = min(0.9, (1 + step) / (10 + step))
        expected = [beta * e + (1 - beta) * w for e, w in zip(expected, weights(state.model.generator), strict=True)]
    for e, a in zip(expected, weights(state.ema.generator), strict=True):
        torch.testing.assert_close(a, e, atol=1e-6, rtol=1e-5)


def test_each_player_moves_alone(fashion):
    state = TrainState.create(small(warmup_steps=0, adv_z=0.1), CPU)
    model, x = state.model, Batches(fashion, state).next()
    random = StepRandom(0, 0, CPU)
    made = stepping.forward(state, x, random, adversarial=True)

    before = weights(model.encoder, model.generator, model.prior)
    judges = weights(model.discriminator, model.latent_discriminator)
    stepping.update_discriminators(state, made, random)
    assert same(before, weights(model.encoder, model.generator, model.prior))
    assert not same(judges, weights(model.discriminator, model.latent_discriminator))

    judges = weights(model.discriminator, model.latent_discriminator)
    stepping.update_generator(state, made, random, ramp=1.0)
    assert same(judges, weights(model.discriminator, model.latent_discriminator))
    assert all(p.requires_grad for p in model.discriminator.parameters())
    moved = weights(model.encoder, model.generator)
    assert not any(same([a], [b]) for a, b in zip(before, moved, strict=False) if a.any())

    players = weights(model.encoder, model.generator, model.discriminator)
    stepping.update_prior(state, made, random)
    assert same(players, weights(model.encoder, model.generator, model.discriminator))


@pytest.mark.parametrize("player", ["d", "g"])
def test_a_single_step_moves_one_player_and_is_shown_at_once(fashion, player):
    config = small(steps=12, warmup_steps=2, ramp_steps=0)
    state = TrainState.create(config, CPU)
    orders = iter(["run"] * 5 + [player, "run", "end"])
    before = {}

    def between():
        order = next(orders)
        if state.step == 5:
            before["now"] = [weights(state.model.discriminator), weights(state.model.encoder, state.model.generator)]
            before["average"] = weights(state.ema)
        elif state.step == 6:
            d, g = weights(state.model.discriminator), weights(state.model.encoder, state.model.generator)
            assert same(d, before["now"][0]) == (player == "g")
            assert same(g, before["now"][1]) == (player == "d")
            assert same(weights(state.ema), before["average"]) == (player == "d")
        return order

    events = list(train(state, fashion, between))
    assert [(type(e), e.step) for e in events] == [
        (Preview, 0), (Look, 0), (Step, 4), (Step, 6), (Preview, 6), (Look, 6)
    ]  # fmt: skip
    assert ("loss/d" in events[3].metrics) == ("grad/discriminator" in events[3].metrics) == (player == "d")
    assert ("loss/rec" in events[3].metrics) == ("grad/generator" in events[3].metrics) == (player == "g")
    assert state.step == 7 and state.nimg == 7 * 8


def test_time_spent_between_steps_is_not_the_runs(fashion):
    state = TrainState.create(small(steps=4), CPU)
    waited = 0.0

    def between():
        nonlocal waited
        start = time.perf_counter()
        threading.Event().wait(0.2)
        waited += time.perf_counter() - start
        return "run"

    start = time.perf_counter()
    list(train(state, fashion, between))
    assert waited > 0.8
    assert state.seconds <= time.perf_counter() - start - waited


def test_the_warm_up_leaves_the_discriminator_alone(fashion):
    state = TrainState.create(small(warmup_steps=3, ramp_steps=3), CPU)
    batches, before = Batches(fashion, state), weights(state.model.discriminator)
    for _ in range(3):
        metrics = train_step(state, batches.next())
    assert same(before, weights(state.model.discriminator)) and "loss/adv_g" not in metrics
    assert "loss/adv_g" in train_step(state, batches.next())
    ramps = [stepping.adversarial_ramp(state.config, step) for step in range(8)]
    assert ramps == pytest.approx([0, 0, 0, 0.25, 0.5, 0.75, 1, 1])


def test_the_first_half_of_the_warm_up_may_compare_squares(fashion):
    states = {
        kind: TrainState.create(small(rec_kind=kind, adv=0, adv_rec=0, cycle=0), CPU) for kind in ("mse", "mse-l1")
    }
    states["l1"] = TrainState.create(small(rec_kind="l1", warmup_steps=0, adv=0, adv_rec=0, cycle=0), CPU)
    batches = Batches(fashion, states["mse"])
    for _ in range(2):  # of 4
        x = batches.next()
        seen = {kind: train_step(states[kind], x) for kind in ("mse", "mse-l1")}
        assert seen["mse"]["loss/rec"] == seen["mse-l1"]["loss/rec"]
    assert same(weights(states["mse"].model), weights(states["mse-l1"].model))
    states["l1"].model.load_state_dict(states["mse-l1"].model.state_dict())
    states["l1"].step, x = states["mse-l1"].step, batches.next()
    seen = {kind: train_step(state, x)["loss/rec"] for kind, state in states.items()}
    assert seen["mse-l1"] == seen["l1"] != seen["mse"]


def test_eight_images_are_learnt_by_heart(fashion):
    config = small("autoencoder", width=8, z_dim=16, lr=3e-3, steps=250, log_every=50, warmup_steps=0)
    few = fashion.train[:8]
    _, events = run(config, replace(fashion, train=few, test=few))
    losses = [e.metrics["loss/rec"] for e in events if isinstance(e, Step)]
    assert losses[-1] < 0.01 < 0.05 < losses[0]


def sliced_distance(samples, data):
    """Sliced Wasserstein distance: mean gap between the sorted projections on fixed random directions."""
    data = data[: len(samples)].reshape(len(samples), -1).astype(float)
    directions = np.random.default_rng(0).normal(size=(data.shape[1], 50))
    gap = np.sort(samples.reshape(data.shape) @ directions, 0) - np.sort(data @ directions, 0)
    return np.abs(gap).mean()


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("kind", ["ring", "fashion"])
def test_every_objective_learns_on_every_kind_of_data(objective, kind, fashion, ring):
    """Reconstruction falls where there is one; a GAN's losses need not fall, but its distance from the data does."""
    base = get_preset("points" if kind == "ring" else objective)
    steps = 60 if OBJECTIVES[objective].rec else 300 if kind == "ring" else 120
    config = replace(base, objective=OBJECTIVES[objective]).with_options(
        steps=steps, warmup_steps=40, ramp_steps=10, log_every=20, preview_every=400, width=8, batch_size=32,
        precision="fp32", lr=1e-3, lr_d=1e-3, gamma=1.0, gp_every=4, flow_width=16,
    )  # fmt: skip
    data = ring if kind == "ring" else fashion
    state, events = run(config, data)
    steps = [e.metrics for e in events if isinstance(e, Step)]
    assert events[-1].reason == "finished"
    if "loss/rec" in steps[0]:
        assert steps[1]["loss/rec"] < 0.9 * steps[0]["loss/rec"]  # both in the warm-up, where it is alone
    else:
        first, last = (e.samples for e in events if isinstance(e, Preview))
        assert sliced_distance(last, data.train) < 0.7 * sliced_distance(first, data.train)


@pytest.mark.parametrize("kind", ["bce", "hinge", "relativistic"])
@pytest.mark.parametrize("architecture", ["dense", "conv", "residual"])
def test_every_adversarial_kind_runs_on_every_architecture(fashion, kind, architecture):
    config = small(
        architecture=architecture, adv_kind=kind, gamma=1.0, gp_every=2, warmup_steps=0, steps=4, rec_fake=0.1
    )
    _, events = run(config, fashion)
    assert events[-1].reason == "finished"
    assert {"loss/adv_g", "loss/adv_rec_g", "loss/rec_fake", "loss/cycle", "loss/d"} <= events[2].metrics.keys()


def test_divergence_keeps_the_last_good_state_and_explains(fashion):
    config = small("autoencoder", steps=100, warmup_steps=0)
    state = TrainState.create(config, CPU)
    events = train(state, fashion)
    for event in events:
        if isinstance(event, Step) and event.step == 8:
            good = weights(state.model)
            with torch.no_grad():
                state.model.generator.to_image.bias.fill_(float("nan"))
            break
    last = list(events)[-1]
    assert isinstance(last, Stopped) and last.reason == "diverged"
    assert "step 8" in last.message and "lower learning rate" in last.message
    assert state.step == 8 and state.is_finite() and same(weights(state.model), good)


def test_closing_in_mid_run_leaves_a_whole_state(fashion):
    state = TrainState.create(small(steps=100), CPU)
    events = train(state, fashion)
    next(e for e in events if isinstance(e, Step))
    events.close()
    assert state.step == 4 and state.is_finite()
    assert torch.is_grad_enabled() and not torch.is_autocast_enabled("cpu")


def test_nothing_is_held_across_a_yield(fashion):
    for event in train(TrainState.create(small(steps=5), CPU), fashion):
        assert torch.is_grad_enabled() and not torch.is_autocast_enabled("cpu"), event


def test_the_clock_stops_a_run(fashion):
    _, events = run(small(steps=10**6, seconds=0.001), fashion)
    assert events[-1].reason == "time" and events[-1].step == 4


def test_finish_fits_a_copy(fashion):
    state, _ = run(small(steps=12, prior_steps=60), fashion)
    before = {name: t.clone() for name, t in state.tensors().items()}
    progress = finish(state, fashion)
    seen = []
    try:
        while True:
            seen.append(next(progress).values["progress/prior"])
    except StopIteration as stop:
        model = stop.value
    assert seen == sorted(seen) and seen[-1] == 1.0
    assert same(before.values(), state.tensors().values())
    assert same(weights(model.generator), weights(state.ema.generator))
    assert not same(weights(model.prior), weights(state.ema.prior))
    assert model.info["nimg"] == 96 and model.info["data"] == "fashion-mnist"


def test_augmentations_move_and_blank():
    x = torch.arange(16.0).view(1, 1, 4, 4)
    moved = _translate(x, torch.tensor([[1, 0]]))
    assert torch.equal(moved[0, 0], x[0, 0][[1, 2, 3, 3]])
    config = get_preset("aegan").with_options(d_cutout=0.5, d_translate=0.0)
    ones = torch.ones(64, 1, 28, 28)
    blanked = disturb(ones, config, StepRandom(0, 0, CPU))
    assert set(blanked.unique().tolist()) == {0.0, 1.0}
    assert (1 - blanked).flatten(1).sum(1).max() == 14 * 14


@pytest.mark.slow
def test_two_processes_equal_one(tmp_path):
    """torchrun with two processes gives the weights of one process on the same global batch, to rounding."""
    script = Path(__file__).with_name("distributed_run.py")
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}

    def launch(*command):
        subprocess.run([sys.executable, *map(str, command)], check=True, timeout=120, env=environment)

    launch("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", script, tmp_path / "two")
    launch(script, tmp_path / "one")
    one, two = (torch.load(tmp_path / name, weights_only=True) for name in ("one", "two"))
    assert one.keys() == two.keys()
    config = get_preset("aegan").with_options(width=4, z_dim=4, flow_width=16, adv_z=0.1)
    start = TrainState.create(config, CPU).model.state_dict()
    for name in one:  # Adam magnifies rounding where a gradient is all but zero, so tensors are compared as a whole
        moved, apart = (one[name] - start[name]).norm(), (two[name] - one[name]).norm()
        assert apart <= 0.01 * moved + 1e-6, f"{name}: moved {moved:.2g}, apart by {apart:.2g}"
