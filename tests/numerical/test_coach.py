"""What the coach says of runs made to show a fault, and that it is silent on sound ones: small networks, few steps."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from aegan.coach import RECENT, RULES, Advice, advise
from aegan.config import OBJECTIVES, get_preset
from aegan.data import load_data
from aegan.events import Look, Metric, Step
from aegan.state import TrainState
from aegan.train import train
from aegan.ui import recipes

QUICK = {
    "width": 8, "batch_size": 32, "warmup_steps": 20, "ramp_steps": 10, "log_every": 5, "preview_every": 50,
    "measure_every": 50, "flow_layers": 4, "flow_width": 32, "components": 8, "precision": "fp32",
}  # fmt: skip


def run(data, objective, images=None, **options):
    """Yields the configuration, records, last look and figures of a run whenever it was looked at."""
    points = data in ("ring", "grid")
    source = load_data(data) if points else load_data(data, full=False)
    if images:
        source = replace(source, train=source.train[:images])
    preset = get_preset("points" if points else "seed" if objective == "seed" else "aegan")
    config = replace(preset, data=data, objective=OBJECTIVES[objective])
    config = config.with_options(**QUICK | ({} if points else {"architecture": "dense"}) | options)
    history, look, figures = [], None, []
    for event in train(TrainState.create(config, torch.device("cpu")), source):
        if isinstance(event, Step):
            history.append(event)
        elif isinstance(event, Look):
            look = event
        elif isinstance(event, Metric):
            figures.append(event)
            yield config, tuple(history), look, tuple(figures)


def advice_at_the_end(*arguments, **options):
    return advise(*list(run(*arguments, **options))[-1])


@pytest.mark.parametrize(
    ("rule", "data", "objective", "options"),
    [
        ("diverging", "ring", "autoencoder", {"lr": 0.3, "steps": 150}),
        ("posterior_collapse", "ring", "vae", {"kl": 5.0, "steps": 250}),
        ("lr_high", "fashion-mnist", "vae", {"lr": 0.05, "steps": 150}),
        ("d_strong", "fashion-mnist", "gan", {"gamma": 0.0, "lr_d": 2e-3, "lr": 2e-5, "steps": 150}),
        ("d_weak", "fashion-mnist", "gan", {"lr_d": 1e-6, "steps": 250}),
        ("mode_collapse", "grid", "gan", {"gamma": 0.0, "lr": 4e-3, "lr_d": 4e-4, "batch_size": 64, "steps": 300}),
        ("overfitting", "fashion-mnist", "autoencoder", {"images": 64, "lr": 2e-3, "steps": 250}),
        ("unused_latents", "ring", "vae", {"z_dim": 8, "lr": 2e-3, "steps": 250}),
    ],
)
def test_a_run_made_to_show_a_fault_is_told_so_first(rule, data, objective, options):
    assert advice_at_the_end(data, objective, **options)[0].rule == rule


@pytest.mark.slow
def test_d_that_learns_its_images_by_heart_is_told_so():
    options = {"architecture": "conv", "width": 4, "batch_size": 16, "gamma": 0.0, "lr": 1e-3, "lr_d": 1e-3}
    assert advice_at_the_end("fashion-mnist", "gan", images=48, steps=240, **options)[0].rule == "overfitting"


@pytest.mark.slow
def test_learning_that_stands_still_at_a_high_rate_is_told_so():
    assert advice_at_the_end("fashion-mnist", "autoencoder", lr=0.5, steps=450)[0].rule == "lr_high"


@pytest.mark.parametrize(
    ("data", "objective", "options"),
    [
        ("fashion-mnist", "aegan", {"steps": 250}),
        ("fashion-mnist", "gan", {"steps": 250}),
        ("fashion-mnist", "vae", {"steps": 200}),
        ("ring", "aegan", {"steps": 400, "batch_size": 256, "warmup_steps": 100}),
        pytest.param("fashion-mnist", "autoencoder", {"steps": 250}, marks=pytest.mark.slow),
        pytest.param("fashion-mnist", "vae-gan", {"steps": 250}, marks=pytest.mark.slow),
        pytest.param("fashion-mnist", "seed", {"steps": 400, "warmup_steps": 0}, marks=pytest.mark.slow),
        pytest.param("fashion-mnist", "aegan", {"steps": 600, "architecture": "conv"}, marks=pytest.mark.slow),
        pytest.param(
            "fashion-mnist",
            "aegan",
            {"steps": 400, "architecture": "conv", **recipes.QUICK["aegan"]},
            marks=pytest.mark.slow,
        ),
    ],
)
def test_every_rule_is_silent_on_a_sound_run_from_beginning_to_end(data, objective, options):
    said = [advise(*seen) for seen in run(data, objective, **options)]
    assert said[-1] == [Advice("well", {})]
    assert all(advice in ([], [Advice("well", {})]) for advice in said), said


# -- made-up records, for what no quick run shows -----------------------------------------------------------------


def records(count=3 * RECENT, **metrics):
    """Records whose metrics are numbers, or functions of the record's number from 0 to 1."""
    return [
        Step(i, i, float(i), {
            name.replace("_", "/", 1): value(i / count) if callable(value) else value for name, value in metrics.items()
        })
        for i in range(count)
    ]  # fmt: skip


def figures(*values):
    return [Metric(i, {"n": 1000.0, "spread": 1.0, "coverage": 0.9, "recall": 0.9} | v) for i, v in enumerate(values)]


GAN = get_preset("gan")


def test_a_young_run_is_told_nothing_and_figures_of_others_are_passed_over():
    assert advise(GAN, records(RECENT - 1, loss_d=0.0)) == []
    assert advise(GAN, records(RECENT, loss_d=1.2), None, [Metric(1, {"progress/prior": 1.0})]) == [Advice("well", {})]


def test_what_is_no_number_counts_for_nothing():
    assert advise(GAN, records(loss_d=lambda t: math.nan if t > 0.9 else 1.2)) == [Advice("well", {})]


@pytest.mark.parametrize(("kind", "chance"), [("bce", 2 * math.log(2)), ("hinge", 2.0), ("relativistic", math.log(2))])
def test_d_is_judged_by_what_guessing_costs(kind, chance):
    config = GAN.with_options(adv_kind=kind)
    for share, rules in ((0.05, ["d_strong"]), (0.5, ["well"]), (1.0, ["well"]), (1.2, ["d_weak"])):
        history = records(loss_d=share * chance, score_real=0.9, score_fake=0.1)
        assert [advice.rule for advice in advise(config, history)] == rules
    blurred = figures({"coverage": 0.05})
    assert [a.rule for a in advise(config, records(loss_d=chance), None, blurred)] == ["d_weak"]


def test_coverage_that_falls_is_a_collapse_unless_it_was_never_there():
    falling = figures(*({"coverage": c} for c in (0.3, 0.6, 0.2, 0.1)))
    (advice,) = advise(GAN, records(loss_d=1.2), None, falling)
    assert advice == Advice("mode_collapse", {"spread": 1.0, "coverage": 0.1})
    low = figures(*({"coverage": c} for c in (0.1, 0.15, 0.05, 0.02)))
    assert advise(GAN, records(loss_d=1.2), None, low)[0].rule == "well"
    noisy = figures(*({"coverage": c} for c in (0.6, 0.7, 0.2, 0.6)))
    assert advise(GAN, records(loss_d=1.2), None, noisy)[0].rule == "well"


def test_absolute_errors_are_not_compared_with_the_squared_ones_before_them():
    half = 2 * RECENT  # of the records, each of one step
    history = records(2 * half, loss_rec=lambda t: 0.02 + 0.28 * math.exp(-20 * t) if t < 0.5 else 0.2 - 0.05 * t)
    config = get_preset("aegan").with_options(warmup_steps=2 * half - 2)
    assert [advice.rule for advice in advise(config, history)] == ["diverging"]
    for seen in range(RECENT, len(history) + 1):
        assert advise(config.with_options(rec_kind="mse-l1"), history[:seen]) == [Advice("well", {})]


@pytest.mark.parametrize(("count", "rules"), [(80, ["overfitting", "unused_latents"]), (5, ["well"])])
def test_few_test_images_prove_nothing(count, rules):
    scores = {"train": [0] * 20 + [count] + [0] * 3, "real": [count] + [0] * 23}
    look = Look(5, 5, 1.0, scores, np.zeros((count, 2), np.float32), None, [1.0, 0.0, 0.0])
    assert [a.rule for a in advise(get_preset("aegan"), records(loss_d=1.2, loss_rec=0.1), look)] == rules


def test_the_most_urgent_comes_first_and_numbers_are_short():
    history = records(loss_d=0.01, score_real=0.98765, score_fake=0.01, loss_rec=lambda t: 0.1 if t < 0.5 else 1.0)
    collapsed = figures(*({"spread": 0.01234},) * 4)
    found = advise(get_preset("aegan"), history, None, collapsed)
    assert [advice.rule for advice in found] == ["diverging", "d_strong", "mode_collapse"]
    assert found[1].values == {"real": 0.988, "fake": 0.01} and found[2].values["spread"] == 0.0123
    order = list(RULES)
    assert [order.index(advice.rule) for advice in found] == sorted(order.index(advice.rule) for advice in found)


def test_a_d_that_runs_away_from_g_is_blamed_and_not_the_rates():
    history = records(loss_d=lambda t: 1e-3 + 0.3 * (round(t * 3 * RECENT) % 5 == 0), loss_adv_g=7.0)
    for lr, rule in ((2e-5, "d_strong"), (5e-3, "lr_high")):
        assert advise(GAN.with_options(lr=lr, lr_d=5e-3), history)[0].rule == rule
