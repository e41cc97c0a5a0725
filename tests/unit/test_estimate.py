"""What a run will take: weights as they are, memory as it is taken, and no measuring where there is no room."""

import dataclasses
import threading

import pytest
import torch

from aegan import estimate
from aegan.config import OBJECTIVES, PRESETS
from aegan.estimate import Estimates, count_weights
from aegan.model import AEGAN
from tests.boards import PATIENCE, is_over, long

CPU = torch.device("cpu")
NETWORKS = ("encoder", "generator", "own_decoder", "discriminator", "latent_discriminator", "prior")


@pytest.mark.parametrize("name", [*OBJECTIVES, "points", "avatars"])
def test_weights_are_those_of_the_model(name):
    config = PRESETS[name].with_options(width=8, spectral_norm=name == "gan")
    model, counted = AEGAN(config), count_weights(config)
    for network in NETWORKS:
        part = getattr(model, network)
        assert counted.get(network, 0) == (sum(p.numel() for p in part.parameters()) if part is not None else 0)
    assert ("prior" in counted) == config.objective.is_tied


def test_memory_grows_with_the_batch_and_the_weights(quick_images):
    def count(**options):
        return estimate._count_memory(quick_images.with_options(**options), CPU)

    small, some, more, most = (count(batch_size=n) for n in (8, 256, 512, 768))
    assert most - more == pytest.approx(more - some, abs=8) and more - some > 256 * 16 * 16 * 4
    assert small < some
    wide, weights = count(width=8), sum(count_weights(quick_images.with_options(width=8)).values())
    assert wide - small >= estimate.BYTES_PER_WEIGHT * (weights - sum(count_weights(quick_images).values()))


def test_beside_few_images_the_priors_fit_is_what_takes_most(quick_images):
    few = quick_images.with_options(batch_size=4, precision="fp32")  # bf16 copies of weights outdo so small a flow
    images, whole = (estimate._held_by_a_step(few, CPU, has_prior=has_prior) for has_prior in (False, True))
    assert whole > images
    assert estimate._count_memory(few, CPU) >= estimate.OVERHEAD * whole


def test_the_same_cost_is_measured_twice_and_never_while_all_places_are_taken(board, quick_points, monkeypatch):
    jobs = board(active=1)
    estimates, measured = Estimates(jobs), []

    def measure(config):
        measured.append(config)
        return {"memory": 10, "most_memory": 20, "step_seconds": (0.01, 0.02), "begun": True}

    monkeypatch.setattr(estimates, "_measure", measure)
    base = quick_points.with_options(steps=1000, warmup_steps=100, ramp_steps=0)
    first = estimates.of(base)
    assert first.seconds == pytest.approx(100 * 0.01 + 900 * 0.02) and first.fits
    assert first.images_per_second == pytest.approx(1000 * 8 / first.seconds)
    assert estimates.of(base.with_options(rec=3.0, seed=5, lr=1e-4, steps=500)).seconds == pytest.approx(9.0)
    assert estimates.of(base).is_sure and not first.is_sure and len(measured) == 2
    assert not estimates.of(base.with_options(batch_size=16)).is_sure and len(measured) == 3
    job_id = jobs.start(long(quick_points))
    assert estimates.of(base).images_per_second is None and estimates.of(base).weights == first.weights
    jobs.stop(job_id)
    assert jobs.wait(job_id, is_over, PATIENCE) and len(measured) == 3


def test_what_was_measured_beside_other_work_gives_way_to_the_best_of_a_few(board, quick_points, monkeypatch):
    estimates, steps = Estimates(board()), [0.5, 0.05, 0.4, 0.047]
    news = ({"memory": 10, "most_memory": 20, "step_seconds": (seconds, seconds)} for seconds in steps)
    monkeypatch.setattr(estimates, "_measure", lambda config: next(news))
    found = [estimates.of(quick_points) for _ in range(5)]
    assert [round(8 / e.images_per_second, 3) for e in found] == [0.5, 0.05, 0.05, 0.047, 0.047]
    assert [e.is_sure for e in found] == [False, False, False, True, True]
    never_alike = Estimates(board())
    news = ({"memory": 10, "most_memory": 20, "step_seconds": (2.0**-n, 2.0**-n)} for n in range(99))
    monkeypatch.setattr(never_alike, "_measure", lambda config: next(news))
    found = [never_alike.of(quick_points) for _ in range(9)]
    assert [e.images_per_second for e in found] == [8.0, 16.0, 32.0] + [64.0] * 6


def test_one_that_asks_while_another_is_measured_gets_what_is_known(board, quick_points, monkeypatch):
    estimates = Estimates(board())
    news = {"memory": 10, "most_memory": 20, "step_seconds": (1.0, 1.0)}
    monkeypatch.setattr(estimates, "_measure", lambda config: news)
    estimates.of(quick_points)

    def measure(config):
        within.append(estimates.of(config))
        return news

    within = []
    monkeypatch.setattr(estimates, "_measure", measure)
    assert estimates.of(quick_points).is_sure
    assert within[0].images_per_second == 8.0 and not within[0].is_sure


def never(pipe, *_):
    pipe.send({"begun": True, "memory": 1, "most_memory": 2})
    threading.Event().wait()


def test_what_takes_too_long_is_ended_and_measured_again_when_asked_again(board, quick_points, monkeypatch):
    monkeypatch.setattr(estimate, "probe", never)
    estimates = Estimates(board(), seconds=0.3)
    found = estimates.of(quick_points)
    assert found.images_per_second is None and found.seconds is None and found.weights and found.fits
    monkeypatch.setattr(estimates, "_measure", lambda config: {"memory": 1, "most_memory": 2, "step_seconds": (1, 1)})
    assert estimates.of(quick_points).images_per_second == 8


def test_too_much_memory_is_found_out_without_taking_it(board, quick_images):
    found = dataclasses.replace(estimate.Estimate({}), memory=5, most_memory=4)
    assert not found.fits and estimate.Estimate({}).fits

    class Pipe:
        def __init__(self):
            self.said = {}

        def send(self, news):
            self.said |= news

        def close(self):
            pass

    pipe = Pipe()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(estimate, "give_way", lambda: None)
        estimate.probe(pipe, quick_images.to_dict(), "cpu", 1, 1000, 1)
    assert pipe.said["memory"] > pipe.said["most_memory"] == 1000 and "step_seconds" not in pipe.said
