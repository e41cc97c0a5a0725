"""Runs in the background, as plain functions: nothing of the page is needed."""

import dataclasses
import re
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from aegan.config import UserError
from aegan.events import Alone, Changed, Preview, Step
from aegan.history import read_events
from aegan.runs import Run
from aegan.snapshot import ENDED
from tests.boards import PATIENCE, folder_of, is_over, long, pause_at_a_step

CPU = torch.device("cpu")


def test_a_run_finishes_and_lies_on_disk(board, quick_points):
    jobs = board()
    job_id = jobs.start(quick_points)
    assert jobs.wait(job_id, is_over, PATIENCE)
    shown = jobs.look(job_id)
    assert (shown.status, shown.message) == ("finished", "Finished after 8 steps.")
    assert (shown.step, shown.device, shown.preview.step) == (8, "cpu", 8)
    assert [step.step for step in shown.history] == [2, 4, 6, 8]
    assert "loss/rec" in shown.history[-1].metrics
    assert shown.seconds_left is None
    assert not shown.can_resume
    jobs.resume(job_id)  # there is nothing left to do
    assert jobs.look(job_id).status == "finished"
    run = Run.open(folder_of(jobs, job_id))
    assert run.restore(CPU).step == 8
    assert [event.step for event in run.events() if isinstance(event, Step)] == [2, 4, 6, 8]


def test_pause_single_steps_knobs_rewind_and_stop(board, quick_points):
    jobs = board()
    job_id = jobs.start(long(quick_points))
    step = pause_at_a_step(jobs, job_id)
    assert not jobs.wait(job_id, lambda s: s.step != step, 0.3)
    for player, losses in (("d", {"loss/d"}), ("g", {"loss/rec", "loss/adv_g"}), ("both", {"loss/d", "loss/rec"})):
        step += 1
        jobs.step(job_id, player)
        assert jobs.wait(job_id, lambda s, step=step: s.step == s.preview.step == step, PATIENCE)
        metrics = set(jobs.look(job_id).history[-1].metrics)
        assert losses <= metrics
        assert ("loss/d" in metrics) == (player != "g") and ("loss/rec" in metrics) == (player != "d")
    jobs.change(job_id, lr=1e-5, rec=3)
    assert jobs.wait(job_id, lambda s: s.config.train.lr == 1e-5 and s.config.objective.rec == 3.0, PATIENCE)
    events = list(read_events(folder_of(jobs, job_id)))
    assert [event for event in events if isinstance(event, Alone)] == [Alone(step - 2, "d"), Alone(step - 1, "g")]
    assert [event for event in events if isinstance(event, Changed)] == [Changed(step, {"lr": 1e-5, "rec": 3})]

    jobs.rewind(job_id)  # nothing was saved yet: to the beginning
    assert jobs.wait(job_id, lambda s: s.step == 0 and s.preview.step == 0 and not s.history, PATIENCE)
    assert jobs.look(job_id).config.train.lr == quick_points.train.lr
    assert jobs.look(job_id).status == "paused"
    with pytest.raises(UserError, match="The discriminator begins to learn at step 2"):
        jobs.step(job_id, "d")
    jobs.resume(job_id)
    assert jobs.wait(job_id, lambda s: s.status == "running" and s.step > 4 and s.seconds_left > 0, PATIENCE)
    with pytest.raises(UserError, match="Pause the run first"):
        jobs.step(job_id, "g")
    jobs.stop(job_id)
    assert jobs.wait(job_id, is_over, PATIENCE)
    stopped = jobs.look(job_id)
    assert stopped.message == f"Stopped at step {stopped.step:,}."
    jobs.resume(job_id)  # too late
    assert jobs.look(job_id).status == "stopped"


@pytest.mark.parametrize(
    ("knobs", "sentence"),
    [
        ({"steps": 5}, "'steps' cannot be changed in mid-run"),
        ({"own_decoder": 1}, "'own_decoder' cannot be changed in mid-run"),
        ({"lr": 2}, "lr must lie between 0 and 1"),
        ({"lr": float("nan")}, "lr must be a finite number"),
        ({"gamma": -1}, "gamma must lie between 0 and 1000"),
        ({"rec": "much"}, "rec must be a number"),
        ({"rec": True}, "rec must be a number"),
        ({"rec": 0}, "rec cannot become 0 in mid-run"),
        ({"kl": 1.0}, "kl is not part of this run"),
        ({"lr": 1e-4, "kl": 1.0}, "kl is not part of this run"),
    ],
)
def test_a_knob_that_cannot_be_turned_says_why(board, quick_points, knobs, sentence):
    jobs = board(active=0, waiting=1)
    job_id = jobs.start(quick_points)
    with pytest.raises(UserError, match=sentence):
        jobs.change(job_id, **knobs)
    with pytest.raises(UserError, match="d, g or both"):
        jobs.step(job_id, "everybody")


def test_runs_wait_in_line_in_order(board, quick_points):
    jobs = board(active=1, waiting=2)
    first, second, third = (jobs.start(long(quick_points)) for _ in range(3))
    assert [jobs.look(job_id).position for job_id in (first, second, third)] == [0, 1, 2]
    assert jobs.look(third).status == "queued"
    with pytest.raises(UserError, match="All 1 places for training are taken and 2 wait: try again in a few minutes"):
        jobs.start(quick_points)
    jobs.stop(second)  # it never began
    assert jobs.wait(second, lambda s: s.status == "stopped", PATIENCE)
    assert jobs.wait(third, lambda s: s.position == 1, PATIENCE)
    assert jobs.wait(first, lambda s: s.step > 0, PATIENCE)
    jobs.stop(first)
    assert jobs.wait(third, lambda s: s.status == "running" and s.position == 0, PATIENCE)


def test_a_page_has_one_run_however_often_start_is_pressed(board, quick_points):
    jobs = board()

    def press(_):
        try:
            return jobs.start(long(quick_points), owner="page")
        except UserError as error:
            return str(error)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(press, range(10)))
    assert sum(jobs.look(answer) is not None for answer in answers) == 1
    assert sum("This page has a run already" in answer for answer in answers) == 9
    assert jobs.active_of("page") in answers
    assert jobs.look(jobs.active_of("page")).is_active
    assert jobs.active_of("") is jobs.active_of("another page") is None
    assert jobs.start(quick_points, owner="another page")


def test_another_server_finds_the_run_and_goes_on(board, quick_points):
    first = board()
    job_id = first.start(long(quick_points))
    step = pause_at_a_step(first, job_id)
    assert board().look(job_id).status == "interrupted"  # while the first is still at it
    first.close()
    assert first.look(job_id).status == "stopped"
    assert first.look(job_id).can_resume
    second = board()
    found = second.look(job_id)
    assert (found.status, found.can_resume) == ("interrupted", True)
    assert found.preview is not None and found.history[-1].step <= step
    second.resume(job_id)
    assert second.wait(job_id, lambda s: s.status == "running" and s.step > step, PATIENCE)
    second.stop(job_id)
    assert second.wait(job_id, is_over, PATIENCE)
    assert board().look(job_id).message == second.look(job_id).message


def test_only_so_many_ended_runs_are_kept(board, quick_points):
    jobs = board(kept=2)
    ids = []
    for _ in range(3):
        ids.append(jobs.start(quick_points))
        assert jobs.wait(ids[-1], is_over, PATIENCE)
    assert jobs.wait(jobs.start(long(quick_points)), lambda s: s.step > 0, PATIENCE)
    assert [jobs.look(job_id) is not None for job_id in ids] == [False, True, True]
    assert len(list(jobs.folder.iterdir())) == 3
    assert board(kept_seconds=0.0).look(ids[2]) is None  # too old
    assert len(list(jobs.folder.iterdir())) == 1  # the one at work stays


def test_ended_runs_take_only_so_much_of_the_disk(board, quick_points):
    jobs = board()
    job_id = jobs.start(quick_points)
    assert jobs.wait(job_id, is_over, PATIENCE)
    assert board(kept_bytes=10_000_000).look(job_id) is not None
    assert board(kept_bytes=1000).look(job_id) is None
    assert not list(jobs.folder.iterdir())


def test_a_full_disk_begins_nothing(board, quick_points):
    with pytest.raises(UserError, match="no room on its disk"):
        board(free_bytes=2**60).start(quick_points)


def test_ids_cannot_be_guessed_and_strange_ones_find_nothing(board, quick_points, tmp_path):
    jobs = board(active=0)
    ids = {jobs.start(quick_points) for _ in range(2)}
    assert len(ids) == 2
    assert all(re.fullmatch(r"[\w-]{22}", job_id) for job_id in ids)
    (folder, other) = sorted(path.name for path in jobs.folder.iterdir())
    assert not {folder, other} & ids
    for strange in (None, "", "0", 5, ["a"], {"a": 1}, folder, folder[:22], "../runs", "é" * 22, "x" * 22 + "\n"):
        assert jobs.look(strange) is None
        for command in (jobs.pause, jobs.resume, jobs.stop, jobs.rewind):
            with pytest.raises(UserError, match="This run is no longer on the server: start a new one"):
                command(strange)


def test_folders_that_are_no_runs_are_passed_over(board, quick_points, tmp_path):
    jobs = board()
    job_id = jobs.start(quick_points)
    assert jobs.wait(job_id, is_over, PATIENCE)
    (folder_of(jobs, job_id) / "events.jsonl").write_text("nonsense\n\n")
    (tmp_path / "runs" / "stray").mkdir()
    assert board().look(job_id) is None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"steps": 20_001}, "steps can be at most 20,000 on this page, not 20,001."),
        ({"batch_size": 1024}, "batch_size can be at most 512 on this page, not 1,024."),
        ({"width": 65}, "width can be at most 64 on this page, not 65."),
    ],
)
def test_what_is_too_much_for_this_server_is_refused(board, quick_points, options, sentence):
    with pytest.raises(UserError, match=re.escape(sentence)):
        board().start(quick_points.with_options(**options))


@pytest.mark.parametrize("data", ["/etc", "../..", "nothing", ""])
def test_only_named_data_sets_are_opened(board, quick_points, data):
    with pytest.raises(UserError, match="is not on this server: choose one of the list"):
        board().start(dataclasses.replace(quick_points, data=data))


def test_time_is_bounded_even_where_the_run_says_otherwise(board, quick_points):
    jobs = board(seconds=60)
    assert jobs.bounded(quick_points).train.seconds == 60
    assert jobs.bounded(quick_points.with_options(seconds=5.0)).train.seconds == 5
    assert jobs.bounded(quick_points.with_options(seconds=1e6)).train.seconds == 60


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [({"idle_seconds": 0.2}, "Nobody was looking"), ({"wall_seconds": 0.2}, "held its place for too long")],
)
def test_a_run_that_outstays_is_stopped_and_can_be_resumed(board, quick_points, limits, sentence):
    jobs = board(**limits)
    job_id = jobs.start(long(quick_points))
    assert jobs.wait(job_id, is_over, PATIENCE)  # waiting is not looking
    shown = jobs.look(job_id)
    assert (shown.status, shown.can_resume) == ("stopped", True)
    assert sentence in shown.message


def test_looking_keeps_a_run_alive(board, quick_points):
    jobs = board(idle_seconds=1.0)
    job_id = jobs.start(long(quick_points))
    until = time.monotonic() + 2.0
    while time.monotonic() < until:
        jobs.look(job_id)
        jobs.wait(job_id, lambda s: False, 0.1)
    assert jobs.look(job_id).is_active


def test_the_history_stays_bounded_and_keeps_the_newest(board, quick_points):
    jobs = board(history=5)
    job_id = jobs.start(quick_points.with_options(steps=40))
    assert jobs.wait(job_id, is_over, PATIENCE)
    steps = [step.step for step in jobs.look(job_id).history]
    assert len(steps) <= 5
    assert steps[-1] == 40
    assert steps == sorted(set(steps))


def test_live_pictures_come_between_previews_and_are_not_kept(board, quick_points):
    jobs = board()
    job_id = jobs.start(long(quick_points).with_options(preview_every=10_000))
    assert jobs.wait(job_id, lambda s: s.preview is not None and s.preview.step > 0, PATIENCE)
    assert jobs.look(job_id).look.step == 0
    step = pause_at_a_step(jobs, job_id)
    assert jobs.wait(job_id, lambda s: s.preview.step == step, PATIENCE)  # what stands still is what is shown
    kept = [event.step for event in read_events(folder_of(jobs, job_id)) if isinstance(event, Preview)]
    assert kept == [0]


def test_a_run_measures_itself_and_forgets_what_it_rewinds(board, quick_points):
    jobs = board(history=5)
    job_id = jobs.start(long(quick_points).with_options(measure_every=2))
    assert jobs.wait(job_id, lambda s: s.step > 30, PATIENCE)
    shown = jobs.look(job_id)
    steps = [figure.step for figure in shown.figures]
    assert 1 < len(steps) <= 5 and steps == sorted(set(steps)) and shown.look.step > 0
    assert {"n", "recall", "coverage"} <= shown.figures[-1].values.keys()
    pause_at_a_step(jobs, job_id)
    jobs.rewind(job_id)
    assert jobs.wait(job_id, lambda s: s.step == s.look.step == 0 and not s.figures, PATIENCE)


def test_a_snapshot_never_changes(board, quick_points):
    jobs = board()
    job_id = jobs.start(long(quick_points))
    assert jobs.wait(job_id, lambda s: len(s.history) > 2 and s.preview is not None, PATIENCE)
    shown = jobs.look(job_id)
    assert isinstance(shown.preview, Preview)
    length, samples = len(shown.history), shown.preview.samples.copy()
    assert jobs.wait(job_id, lambda s: s.version > shown.version + 4, PATIENCE)
    assert len(shown.history) == length
    assert np.array_equal(shown.preview.samples, samples)
    with pytest.raises(dataclasses.FrozenInstanceError):
        shown.step = 0
    assert set(ENDED).isdisjoint({shown.status})
