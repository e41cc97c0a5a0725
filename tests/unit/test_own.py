"""Visitors' own models: opened from runs, seen by those who know the name, and by nobody else."""

import json

import pytest
import torch

from aegan.config import UserError, get_preset
from aegan.jobs import Jobs
from aegan.opened import COMPLETE
from aegan.ui.explore import describe_kit, draw
from aegan.ui.models import Models
from aegan.ui.own import FOREIGN, REPLACED, OwnModels
from tests.boards import PATIENCE, is_over
from tests.conftest import QUICK

CPU = torch.device("cpu")


def opened(own: OwnModels, job_id: str):
    """Waits until the run is opened."""
    own.open(job_id)
    assert own.wait(job_id, lambda opening: opening.what == COMPLETE or opening.message, PATIENCE)
    return own.look(job_id)


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A finished run: (jobs, its id)."""
    jobs = Jobs(device="cpu", folder=tmp_path_factory.mktemp("own") / "runs")
    job_id = jobs.start(get_preset("points").with_options(**{**QUICK, "z_dim": 2}))
    assert jobs.wait(job_id, is_over, PATIENCE)
    yield jobs, job_id
    jobs.close()


def test_a_run_becomes_its_owner_s_model_and_nobody_else_s(ended, tmp_path):
    jobs, job_id = ended
    own = OwnModels(jobs)
    opening = opened(own, job_id)
    assert (opening.what, opening.message) == (COMPLETE, "")
    assert job_id not in opening.name and own.title_of(opening.name) not in opening.name
    models = Models(shipped=tmp_path / "none", own=own)
    assert (models.names, models.cards(), models.first) == ([], [], ""), "it is never listed"
    shown = models.get(opening.name)
    state = jobs.find(job_id).restore(CPU)
    ours, theirs = shown.model.generator.state_dict(), state.ema.generator.state_dict()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())
    kit = describe_kit(models, shown)
    assert (kit["model"], kit["z_dim"], len(kit["axes"]), kit["points"]) == (opening.name, 2, 2, True)
    assert opening.name not in json.dumps(kit["notes"])
    assert draw(shown, [[0.0, 0.0]])["model"] == opening.name
    assert own.card(opening)["title"] == shown.title == own.title_of(opening.name)
    # Another server that does not know the run's id, names made up, and the id itself:
    strangers = Models(shipped=tmp_path / "none", own=OwnModels(jobs))
    for name in (opening.name, opening.name[:-1] + "0", "run-" + "0" * 32 + "-1"):
        with pytest.raises(UserError, match=FOREIGN):
            strangers.get(name)
    for name in (job_id, f"run-{job_id}", "run-" + "0" * 32 + "-../../etc", shown.title):
        with pytest.raises(UserError, match="no trained model here"):
            models.get(name)
    for other in ("0" * 22, None, 3, {"a": 1}, opening.name):
        with pytest.raises(UserError, match=FOREIGN):
            own.look(other)
        with pytest.raises(UserError):
            own.open(other)


def test_a_run_that_went_on_is_opened_anew(ended, tmp_path):
    jobs, job_id = ended
    own = OwnModels(jobs)
    first = opened(own, job_id)
    assert own.open(job_id) == first, "nothing has changed: it is there at once"
    run = jobs.find(job_id)
    run.save(run.restore(CPU))
    second = opened(own, job_id)
    assert second.name != first.name
    with pytest.raises(UserError, match=REPLACED):
        own.get(first.name)
    assert own.get(second.name).model.info["step"] == 8


def test_memory_is_bounded_and_what_was_dropped_comes_back(ended, monkeypatch):
    jobs, job_id = ended
    monkeypatch.setattr("aegan.ui.own.MOST_LOADED", 1)
    own = OwnModels(jobs)
    other = jobs.start(jobs.look(job_id).config)
    assert jobs.wait(other, is_over, PATIENCE)
    names = [opened(own, job_id).name, opened(own, other).name]
    first, second = own.get(names[0]), own.get(names[1])
    assert own.get(names[1]) is second
    assert own.get(names[0]) is not first, "it was read again"
    assert torch.equal(own.get(names[0]).axes, first.axes)


def test_what_cannot_be_opened_says_so_and_what_is_gone_takes_its_model_along(board, quick_points):
    jobs = board()
    job_id = jobs.start(quick_points)
    assert jobs.wait(job_id, is_over, PATIENCE)
    own, state = OwnModels(jobs), jobs.find(job_id).folder / "state.safetensors"
    assert own.look(job_id) is None
    whole = state.read_bytes()
    state.write_bytes(b"broken")
    broken = opened(own, job_id)
    assert "could not be" in broken.message and str(state.parent) not in broken.message
    state.unlink()
    with pytest.raises(UserError, match="Nothing of this run was saved yet"):
        own.open(job_id)
    state.write_bytes(whole)
    name = opened(own, job_id).name
    assert own.get(name)
    object.__setattr__(jobs.limits, "kept", 0)
    jobs._prune()
    with pytest.raises(UserError, match=FOREIGN):
        own.get(name)
    assert own.decoder(name) is None
