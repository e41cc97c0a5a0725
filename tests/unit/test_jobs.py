"""Runs in the background, as plain functions: nothing of the page is needed."""

import dataclasses
import re
import time

import numpy as np
import pytest

from aegan import jobs as jobs_module
from aegan.config import UserError
from aegan.events import Step, Stopped
from aegan.jobs import ENDED, Jobs, Limits

PATIENCE = 60.0


@pytest.fixture
def board(monkeypatch, points):
    """Jobs that train on two clouds of points, which load at once."""
    monkeypatch.setattr(jobs_module, "load_data", lambda *_: points)
    boards = []

    def create(**limits) -> Jobs:
        boards.append(Jobs(dataclasses.replace(Limits(), **limits), device="cpu"))
        return boards[-1]

    yield create
    for one in boards:
        for job_id in list(one._jobs):
            one.stop(job_id)
            assert one.wait(job_id, lambda s: s.status in ENDED, PATIENCE)


def long(config):
    return config.with_options(steps=20_000)


def test_a_run_finishes_and_can_still_be_looked_at(board, quick_points):
    jobs = board()
    job_id = jobs.start(quick_points)
    assert jobs.wait(job_id, lambda s: s.status == "finished", PATIENCE)
    shown = jobs.look(job_id)
    assert shown.step == quick_points.train.steps
    assert shown.device == "cpu"
    assert shown.preview.step == shown.step
    assert [step.step for step in shown.history] == [2, 4, 6, 8]
    assert "loss/rec" in shown.history[-1].metrics
    assert shown.seconds_left is None
    assert shown.message == "Finished after 8 steps."


def test_pause_holds_and_resume_goes_on(board, quick_points):
    jobs = board()
    job_id = jobs.start(long(quick_points))
    jobs.pause(job_id)
    assert jobs.wait(job_id, lambda s: s.status == "paused", PATIENCE)
    held = jobs.look(job_id)
    assert not jobs.wait(job_id, lambda s: s.step > held.step, 0.3)
    jobs.resume(job_id)
    assert jobs.wait(job_id, lambda s: s.status == "running" and s.step > held.step, PATIENCE)
    assert jobs.look(job_id).seconds_left > 0


@pytest.mark.parametrize("paused", [False, True])
def test_stop_ends_a_run_for_good(board, quick_points, paused):
    jobs = board()
    job_id = jobs.start(long(quick_points))
    assert jobs.wait(job_id, lambda s: s.step > 0, PATIENCE)
    if paused:
        jobs.pause(job_id)
        assert jobs.wait(job_id, lambda s: s.status == "paused", PATIENCE)
    jobs.stop(job_id)
    assert jobs.wait(job_id, lambda s: s.status == "stopped", PATIENCE)
    step = jobs.look(job_id).step
    jobs.resume(job_id)  # too late
    assert jobs.look(job_id).status == "stopped"
    assert jobs.look(job_id).step == step


def test_places_are_bounded_and_become_free(board, quick_points):
    jobs = board(active=1)
    first = jobs.start(long(quick_points))
    with pytest.raises(UserError, match="All 1 places for training are taken"):
        jobs.start(quick_points)
    jobs.stop(first)
    assert jobs.wait(first, lambda s: s.status == "stopped", PATIENCE)
    second = jobs.start(quick_points)
    assert jobs.wait(second, lambda s: s.status == "finished", PATIENCE)


def test_only_so_many_ended_runs_are_kept(board, quick_points):
    jobs = board(kept=2)
    ids = []
    for _ in range(4):
        ids.append(jobs.start(quick_points))
        assert jobs.wait(ids[-1], lambda s: s.status == "finished", PATIENCE)
    assert [jobs.look(job_id) is not None for job_id in ids] == [False, False, True, True]


def test_ids_cannot_be_guessed_and_strange_ones_find_nothing(board, quick_points):
    jobs = board()
    ids = {jobs.start(quick_points) for _ in range(2)}
    assert len(ids) == 2
    assert all(re.fullmatch(r"[\w-]{22}", job_id) for job_id in ids)
    for strange in (None, "", "0", 5, ["a"], {"a": 1}):
        assert jobs.look(strange) is None
        with pytest.raises(UserError, match="This run is no longer on the server: start a new one"):
            jobs.pause(strange)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"steps": 20_001}, "steps can be at most 20,000 on this page, not 20,001."),
        ({"batch_size": 1024}, "batch_size can be at most 512 on this page, not 1,024."),
        ({"width": 65}, "width can be at most 64 on this page, not 65."),
    ],
)
def test_what_is_too_much_for_this_server_is_refused(quick_points, options, sentence):
    with pytest.raises(UserError, match=re.escape(sentence)):
        Jobs().start(quick_points.with_options(**options))


@pytest.mark.parametrize("data", ["/etc", "../..", "nothing", ""])
def test_only_named_data_sets_are_opened(quick_points, data):
    with pytest.raises(UserError, match="is not on this server: choose one of the list"):
        Jobs().start(dataclasses.replace(quick_points, data=data))


def test_time_is_bounded_even_where_the_run_says_otherwise(quick_points):
    jobs = Jobs(Limits(seconds=60))
    assert jobs.bounded(quick_points).train.seconds == 60
    assert jobs.bounded(quick_points.with_options(seconds=5.0)).train.seconds == 5
    assert jobs.bounded(quick_points.with_options(seconds=1e6)).train.seconds == 60


def test_a_run_nobody_looks_at_is_stopped(board, quick_points):
    jobs = board(idle_seconds=0.2)
    job_id = jobs.start(long(quick_points))
    assert jobs.wait(job_id, lambda s: s.status == "stopped", PATIENCE)  # waiting is not looking


def test_a_mistake_in_a_run_is_told_in_one_sentence(board, quick_points, monkeypatch):
    def broken(*_):
        raise UserError("The data are damaged: choose others.")

    jobs = board()
    monkeypatch.setattr(jobs_module, "load_data", broken)
    job_id = jobs.start(quick_points)
    assert jobs.wait(job_id, lambda s: s.status == "failed", PATIENCE)
    assert jobs.look(job_id).message == "The data are damaged: choose others."


def test_a_fault_tells_nothing_of_the_server(board, quick_points, monkeypatch):
    def broken(*_):
        raise RuntimeError("/secret/path")

    jobs = board()
    monkeypatch.setattr(jobs_module, "load_data", broken)
    job_id = jobs.start(quick_points)
    assert jobs.wait(job_id, lambda s: s.status == "failed", PATIENCE)
    assert jobs.look(job_id).message == "The run failed: start it again with smaller settings."


def test_divergence_is_a_failure_with_its_explanation(board, quick_points, monkeypatch):
    def diverging(state, data):
        yield Step(2, 16, 0.1, {"loss/rec": 1.0})
        yield Stopped(2, "diverged", "Training diverged: loss/rec. Try a lower learning rate.")

    jobs = board()
    monkeypatch.setattr(jobs_module, "train", diverging)
    job_id = jobs.start(quick_points)
    assert jobs.wait(job_id, lambda s: s.status == "failed", PATIENCE)
    assert jobs.look(job_id).message.startswith("Training diverged")


def test_the_history_stays_bounded_and_keeps_the_newest(board, quick_points):
    jobs = board(history=5)
    job_id = jobs.start(quick_points.with_options(steps=40))
    assert jobs.wait(job_id, lambda s: s.status == "finished", PATIENCE)
    steps = [step.step for step in jobs.look(job_id).history]
    assert len(steps) <= 5
    assert steps[-1] == 40
    assert steps == sorted(set(steps))


def test_a_snapshot_never_changes(board, quick_points):
    jobs = board()
    job_id = jobs.start(long(quick_points))
    assert jobs.wait(job_id, lambda s: len(s.history) > 2 and s.preview is not None, PATIENCE)
    shown = jobs.look(job_id)
    length, samples = len(shown.history), shown.preview.samples.copy()
    assert jobs.wait(job_id, lambda s: s.version > shown.version + 4, PATIENCE)
    assert len(shown.history) == length
    assert np.array_equal(shown.preview.samples, samples)
    with pytest.raises(dataclasses.FrozenInstanceError):
        shown.step = 0


def test_looking_keeps_a_run_alive(board, quick_points):
    jobs = board(idle_seconds=1.0)
    job_id = jobs.start(long(quick_points))
    until = time.monotonic() + 2.0
    while time.monotonic() < until:
        jobs.look(job_id)
        jobs.wait(job_id, lambda s: False, 0.1)
    assert jobs.look(job_id).is_active
