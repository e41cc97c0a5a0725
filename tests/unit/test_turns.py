"""Runs on a GPU that is lent for some seconds at a time: a stand-in for the host that lends it."""

import dataclasses
import pickle
from contextvars import ContextVar

import pytest
import torch

from aegan.config import UserError
from aegan.data import load_data
from aegan.job import LIMITS
from aegan.jobs import Jobs
from aegan.launch import PROCESSES, work_turn
from aegan.runs import Run
from aegan.state import TrainState
from aegan.train import train
from tests.boards import PATIENCE, folder_of, is_over, pause_at_a_step

VISITOR: ContextVar[str] = ContextVar("visitor", default="nobody")


def borrowed(arguments: bytes) -> None:
    work_turn(*pickle.loads(arguments))


class Host:
    """Gives each turn to a process that inherits nothing of the run; arguments are pickled, as theirs are."""

    def __init__(self) -> None:
        self.visitors: list[str] = []
        self.process = None

    def lend(self, *arguments: object) -> None:
        self.visitors.append(VISITOR.get())
        self.process = PROCESSES.Process(target=borrowed, args=(pickle.dumps(arguments),), daemon=True)
        self.process.start()
        self.process.join(PATIENCE)
        if self.process.exitcode:
            raise RuntimeError("GPU task aborted")


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def lent(tmp_path):
    """Makes jobs whose work is done in turns."""
    made = []

    def make(lend, seconds: float) -> Jobs:
        limits = dataclasses.replace(LIMITS, turn_seconds=seconds, options=())
        made.append(Jobs(limits, "cpu", tmp_path / "runs", lend=lend))
        return made[-1]

    yield make
    for jobs in made:
        jobs.close()


def test_turns_add_up_to_the_run_of_one_process(lent, host, quick_points):
    """What one turn leaves on disk is all that the next one needs, to the last bit."""
    config = quick_points.with_options(steps=100_000, log_every=1, preview_every=1000)
    jobs = lent(host.lend, 0.3)
    VISITOR.set("first")
    job_id = jobs.start(config)
    turns = step = 0
    while turns < 3 or (step <= 3 and turns < 100):  # a busy machine may take no step in a turn
        if turns:
            jobs.resume(job_id)
        assert jobs.wait(job_id, is_over, PATIENCE)
        shown = jobs.look(job_id)
        assert (shown.status, shown.can_resume) == ("stopped", True)
        assert shown.message == "The hosted GPU is lent for 0.3 seconds at a time: resume the run to go on."
        resumed = Run.open(folder_of(jobs, job_id)).restore(torch.device("cpu"))
        turns, step = turns + 1, resumed.step
    assert host.visitors == ["first"] * turns  # the host knows for whom

    whole = TrainState.create(config, torch.device("cpu"))
    list(train(whole, load_data("ring", 1, 2), lambda: "run" if whole.step < resumed.step else "end"))
    a, b = resumed.tensors(), whole.tensors()
    assert resumed.step == whole.step > 3
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_run_obeys_in_its_turn_and_ends_in_it(lent, host, quick_points):
    jobs = lent(host.lend, 100.0)
    job_id = jobs.start(quick_points.with_options(steps=100_000))
    step = pause_at_a_step(jobs, job_id)
    jobs.step(job_id, "g")
    assert jobs.wait(job_id, lambda s: s.step == step + 1, PATIENCE)
    jobs.resume(job_id)
    assert jobs.wait(job_id, lambda s: s.step > step + 5, PATIENCE)
    jobs.stop(job_id)
    assert jobs.wait(job_id, is_over, PATIENCE)
    assert jobs.look(job_id).message.startswith("Stopped at step")


def test_a_gpu_taken_away_loses_little(lent, host, quick_points):
    jobs = lent(host.lend, 100.0)
    job_id = jobs.start(quick_points.with_options(steps=100_000))
    assert jobs.wait(job_id, lambda s: s.step > 20, PATIENCE)
    host.process.kill()
    assert jobs.wait(job_id, is_over, PATIENCE)
    assert (jobs.look(job_id).status, jobs.look(job_id).can_resume) == ("failed", True)
    jobs.resume(job_id)
    assert jobs.wait(job_id, lambda s: s.status == "running", PATIENCE)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UserError("Your share of GPU time for today is used up."), "Your share of GPU time for today is used up."),
        (RuntimeError("/secret/path"), "The hosted GPU could not be had or was taken away"),
    ],
)
def test_a_gpu_that_is_refused_is_one_sentence(lent, quick_points, error, sentence):
    def refuse(*arguments):
        raise error

    jobs = lent(refuse, 1.0)
    job_id = jobs.start(quick_points)
    assert jobs.wait(job_id, is_over, PATIENCE)
    shown = jobs.look(job_id)
    assert shown.message.startswith(sentence) and "/" not in shown.message
    assert (shown.status, shown.can_resume) == ("failed", True)
