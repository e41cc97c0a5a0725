"""Runs whose process or server is killed, hangs, or finds no memory or disk; and that going on changes nothing."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from aegan.data import load_data
from aegan.events import Step
from aegan.history import read_events
from aegan.runs import Run
from aegan.state import TrainState
from aegan.train import train
from tests import workers
from tests.boards import PATIENCE, folder_of, is_over, long, pause_at_a_step

CPU = torch.device("cpu")


def test_a_resumed_run_equals_an_uninterrupted_one_changed_knobs_included(board, quick_points, tmp_path):
    config = quick_points.with_options(steps=60_000, log_every=1)
    first = board(autosave_seconds=0.0, options=())
    job_id = first.start(config)
    turned = pause_at_a_step(first, job_id)
    first.change(job_id, lr=1e-5, adv=0.25)
    first.step(job_id, "d")
    assert first.wait(job_id, lambda s: s.step == turned + 1, PATIENCE)
    first.resume(job_id)
    assert first.wait(job_id, lambda s: s.step > turned + 4, PATIENCE)
    first._find(job_id)._process.kill()
    assert first.wait(job_id, is_over, PATIENCE)
    assert first.look(job_id).can_resume
    first.resume(job_id)
    assert first.wait(job_id, lambda s: s.step > turned + 8, PATIENCE)
    first.close()
    run = Run.open(folder_of(first, job_id))
    resumed = run.restore(CPU)
    assert resumed.config.objective.adv == 0.25

    whole = TrainState.create(resumed.config, CPU)
    whole.config = Run.open(run.folder).config

    def between():
        if whole.step == turned:
            whole.config = whole.config.with_options(lr=1e-5, adv=0.25)
            return "d"
        return "run" if whole.step < resumed.step else "end"

    list(train(whole, load_data("ring", 1, 2), between))
    a, b = resumed.tensors(), whole.tensors()
    assert resumed.step == whole.step > turned + 8
    assert all(torch.equal(a[name], b[name]) for name in a)


def kill_and_resume(board, config, times):
    """Kills a run at random moments; returns the steps it stood at, and was taken up at."""
    jobs, rng = board(autosave_seconds=0.0), np.random.default_rng(5)
    job_id, lost = jobs.start(config), []
    for _ in range(times):
        ahead = int(rng.integers(1, 30))
        now = jobs.look(job_id).step
        assert jobs.wait(job_id, lambda s, now=now, ahead=ahead: s.step > now + ahead or is_over(s), PATIENCE)
        if jobs.look(job_id).is_active:
            jobs.wait(job_id, lambda s: False, float(rng.random()) * 0.02)  # in the midst of a step, or of a save
            jobs._find(job_id)._process.kill()
        assert jobs.wait(job_id, is_over, PATIENCE)
        shown, folder = jobs.look(job_id), folder_of(jobs, job_id)
        assert (shown.status, shown.can_resume) == ("failed", True)
        assert "ended unexpectedly" in shown.message
        run = Run.open(folder)
        state = run.restore(CPU)
        assert all(isinstance(event.step, int) for event in run.events())
        lost.append(shown.step - state.step)
        jobs.resume(job_id)
        assert jobs.wait(job_id, lambda s, step=state.step: s.step > step or is_over(s), PATIENCE)
    jobs.stop(job_id)
    assert jobs.wait(job_id, is_over, PATIENCE)
    steps = [event.step for event in read_events(folder) if isinstance(event, Step)]
    assert steps == sorted(set(steps))
    assert not list(folder.rglob("*.part"))
    return lost


def test_a_killed_process_loses_no_more_than_since_its_last_save(board, quick_points):
    """It saves after every step, so not even one record may be lost."""
    assert max(kill_and_resume(board, long(quick_points).with_options(log_every=1, preview_every=100), 10)) <= 1


@pytest.mark.slow
def test_a_process_killed_a_hundred_times_loses_no_more_than_since_its_last_save(board, quick_points):
    assert max(kill_and_resume(board, long(quick_points).with_options(log_every=1, preview_every=100), 100)) <= 1


@pytest.mark.parametrize(
    ("target", "sentence", "can_resume"),
    [
        (workers.hanging, "The run was ended because it hung: it gave no sign of life for 0.5 seconds", True),
        (workers.leaking, "There was not enough memory: try a smaller batch or width. The run was kept.", True),
        (workers.breaking, "The run failed: start it again with smaller settings.", True),
        (workers.without_room, "The server's disk is full: what was saved before is kept", True),
        (workers.diverging, "Training diverged: loss/rec. Try a lower learning rate.", False),
    ],
)
def test_a_fault_is_one_sentence_and_the_run_is_kept(board, quick_points, target, sentence, can_resume):
    jobs = board(target, hang_seconds=0.5 if target is workers.hanging else 120.0)
    job_id = jobs.start(quick_points)
    assert jobs.wait(job_id, is_over, PATIENCE)
    shown = jobs.look(job_id)
    assert shown.status == "failed"
    assert shown.message.startswith(sentence)
    assert shown.can_resume == can_resume
    assert "/" not in shown.message.replace("loss/rec", "")
    assert jobs._find(job_id)._process is None
    if can_resume:
        sound = board()
        sound.resume(job_id)
        assert sound.wait(job_id, is_over, PATIENCE)
        assert sound.look(job_id).message == "Finished after 8 steps."


SERVER = """
import sys, threading
from aegan.config import Config
from aegan.job import Limits
from aegan.jobs import Jobs
jobs = Jobs(Limits(autosave_seconds=0.0), "cpu", sys.argv[1])
job_id = jobs.start(Config.from_dict(json.loads(sys.argv[2])))
assert jobs.wait(job_id, lambda s: s.step > 10, 120)
print(job_id, jobs.look(job_id).step, flush=True)
threading.Event().wait()
"""


def test_a_server_that_is_killed_leaves_its_run_to_the_next(board, quick_points, tmp_path):
    settings = [str(tmp_path / "runs"), json.dumps(long(quick_points).to_dict())]
    command = [sys.executable, "-c", "import json" + SERVER, *settings]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as server:
        try:
            job_id, step = server.stdout.readline().split()
        finally:
            server.kill()
    jobs = board()
    found = jobs.look(job_id)
    assert (found.status, found.can_resume) == ("interrupted", True)
    jobs.resume(job_id)  # the former process saves and leaves as soon as it sees that its server is gone
    assert jobs.wait(job_id, lambda s: s.status == "running" or is_over(s), PATIENCE)
    assert jobs.look(job_id).step >= int(step)
    assert jobs.wait(job_id, lambda s, step=int(step): s.step > step + 4, PATIENCE)
