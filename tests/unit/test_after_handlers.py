"""What one does with a run's model: what the page is answered, and what it is refused."""

import io
import json
import re
import threading
import zipfile

import pytest
import torch
from starlette.applications import Starlette
from starlette.testclient import TestClient

from aegan.config import OBJECTIVES, Config, UserError, get_preset
from aegan.hub import NAME_HELP, NO_TOKEN
from aegan.jobs import Jobs
from aegan.opened import COMPLETE
from aegan.ui.after import BRING, after_routes, describe, push, waits
from aegan.ui.brought import FORGOTTEN, NO_FILES, RUNNING, Brought
from aegan.ui.hosting import UNKNOWN, Gate, answers, seat
from aegan.ui.own import OwnModels
from tests.boards import PATIENCE, is_over, long
from tests.conftest import QUICK

CPU = torch.device("cpu")
TOKEN = "hf_abcdefghijklmnop"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """(runs, visitors' models, packages, the id of a finished run that was opened)."""
    jobs = Jobs(device="cpu", folder=tmp_path_factory.mktemp("desk") / "runs")
    config = get_preset("points").with_options(**QUICK).with_options(decay_share=0.0)
    job_id = jobs.start(config)
    assert jobs.wait(job_id, is_over, PATIENCE)
    own = OwnModels(jobs)
    own.open(job_id)
    assert own.wait(job_id, lambda opening: opening.what == COMPLETE or opening.message, PATIENCE)
    yield jobs, own, Brought(jobs), job_id
    jobs.close()


def test_a_package_goes_out_and_comes_back_as_a_run(desk):
    jobs, own, brought, job_id = desk
    name = own.look(job_id).name
    app = Gate(Starlette(routes=after_routes(own, brought)), limit=1000, larger={BRING: 10**6})
    with TestClient(app) as client:
        answer = client.get(f"/aegan/own/{name}/model.zip?state=1")
        assert answer.headers["cache-control"] == "private, no-store"
        assert 'filename="aegan-ring-8.zip"' in answer.headers["content-disposition"]
        assert sum(own.parts(own.look(job_id)).values()) < 10**6
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            names = {path.partition("/")[2] for path in archive.namelist()}
        assert names == set(own.parts(own.look(job_id)))
        assert "state.safetensors" in names
        for other in (job_id, name[:-1] + "x", "run-" + "0" * 32 + "-1", "..%2f..%2fetc"):
            assert client.get(f"/aegan/own/{other}/model.zip").status_code == 404
        found = client.post(BRING, files={"file0": ("../../x", answer.content)}).json()
        for body in ({"content": b"no form"}, {"files": {"a": ("a", b"")}}, {"data": {"x": "y"}}):
            assert "error" in client.post(BRING, **body).json()
        assert client.post(BRING, content=b"0" * (10**6 + 1)).status_code == 413
    assert (found["whole"], found["step"], found["is_here"], found["why_not"]) == (True, 8, True, "")
    assert found["sets"][0][0] == "ring" and {"moons", "grid"} < {name for name, _ in found["sets"]}

    request = {"ticket": found["ticket"], "data": "ring", "more": 4, "run": job_id}
    for change, sentence in [
        ({"ticket": "x"}, FORGOTTEN),
        ({"ticket": ["x"]}, FORGOTTEN),
        ({"data": "fashion-mnist"}, "Choose a data set of the list"),
        ({"data": "/etc/passwd"}, "Choose a data set of the list"),
        ({"more": 0}, "must be a whole number"),
        ({"more": 19_993}, "steps can be at most 20,000"),
    ]:
        with pytest.raises(UserError, match=sentence):
            brought.start(request | change)
    other = brought.start(request)
    assert jobs.wait(other, is_over, PATIENCE)
    assert (jobs.look(other).status, jobs.look(other).step, other == job_id) == ("finished", 12, False)
    with pytest.raises(UserError, match=FORGOTTEN):
        brought.start(request)


def test_going_on_from_a_package_equals_not_having_stopped(desk):
    jobs, own, brought, job_id = desk
    folder = own.folder(own.look(job_id).name)
    files = [(folder / name).open("rb") for name in ("config.json", "model.safetensors", "state.safetensors")]
    found = brought.take(files)
    other = brought.start({"ticket": found["ticket"], "data": "ring", "more": 4})
    whole = jobs.start(jobs.look(job_id).config.with_options(steps=12))
    for run in (other, whole):
        assert jobs.wait(run, is_over, PATIENCE)
    ours, theirs = (jobs.find(run).restore(CPU).tensors() for run in (other, whole))
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in ours.items())


def test_weights_alone_begin_anew(desk):
    jobs, own, brought, job_id = desk
    folder = own.folder(own.look(job_id).name)
    found = brought.take([(folder / name).open("rb") for name in ("config.json", "model.safetensors")])
    assert (found["whole"], found["step"]) == (False, 8)
    other = brought.start({"ticket": found["ticket"], "data": "moons", "more": 2})
    assert jobs.wait(other, is_over, PATIENCE)
    config = jobs.look(other).config
    assert (jobs.look(other).step, config.data, config.train.warmup_steps) == (2, "moons", 0)


def test_packages_are_few_and_one_run_at_a_time(desk, monkeypatch):
    jobs, own, brought, job_id = desk
    monkeypatch.setattr("aegan.ui.brought.MOST_BROUGHT", 1)
    folder = own.folder(own.look(job_id).name)
    first, second = (
        brought.take([(folder / name).open("rb") for name in ("config.json", "model.safetensors")])["ticket"]
        for _ in range(2)
    )
    with pytest.raises(UserError, match=FORGOTTEN):
        brought.start({"ticket": first, "data": "ring", "more": 1})
    running = jobs.start(long(jobs.look(job_id).config))
    with pytest.raises(UserError, match=RUNNING):
        brought.start({"ticket": second, "data": "ring", "more": 1, "run": running})
    jobs.stop(running)
    for files in ([], [io.BytesIO(b"")] * 4):
        with pytest.raises(UserError, match=NO_FILES):
            brought.take(files)


def test_what_is_too_large_for_this_server_is_refused_or_lowered(board, tmp_path):
    brought = Brought(board())
    config = Config().with_options(prior_steps=4000, batch_size=1024, width=32)
    fitted, lowered = brought._fitted(config)
    assert lowered == {"prior_steps": 2000, "batch_size": 512}
    assert (fitted.train.prior_steps, fitted.model) == (2000, config.model)
    values = {"format_version": 1, **config.with_options(width=128).to_dict()}
    with pytest.raises(UserError, match="width can be at most 64 on this page"):
        brought.take([io.BytesIO(json.dumps(values).encode()), io.BytesIO(b"\x02\0\0\0\0\0\0\0{}")])


def test_a_model_is_pushed_by_its_owner_only(desk):
    _, own, _, job_id = desk
    sent = []

    def upload(*arguments):
        sent.append(arguments)
        return "https://hub/somebody/mine"

    request = {"run": job_id, "name": "mine", "token": TOKEN, "private": True}
    assert push(own, request, upload) == "https://hub/somebody/mine"
    assert sent == [(own.folder(own.look(job_id).name), "mine", TOKEN, True)]
    for change, sentence in [
        ({"run": "0" * 22}, "another visitor"),
        ({"run": own.look(job_id).name}, "another visitor"),
        ({"name": "../x"}, NAME_HELP),
        ({"token": "x"}, re.escape(NO_TOKEN)),
        ({"private": "no"}, "private must be"),
    ]:
        with pytest.raises(UserError, match=sentence):
            push(own, request | change, upload)
    assert len(sent) == 1


def test_what_waits_takes_no_seat_and_tells_no_secrets(monkeypatch):
    monkeypatch.setattr("aegan.ui.hosting.SEATS", threading.BoundedSemaphore(1))
    monkeypatch.setattr("aegan.ui.hosting.SEAT_SECONDS", 0.01)
    logged = []
    monkeypatch.setattr("aegan.ui.after.log.error", lambda *words: logged.append(words))

    @waits
    def on_push(request):
        if isinstance(request, Exception):
            raise request
        return {"done": request}

    with seat():
        assert answers(on_push)(1)["error"].startswith("The server is busy")
        assert on_push(1) == {"done": 1}
    assert on_push(UserError("So it is.")) == {"error": "So it is."}
    assert on_push(ValueError(TOKEN)) == {"error": UNKNOWN}
    assert logged == [("%s failed: %s", "on_push", "ValueError")]


def test_what_cannot_be_done_says_why(desk, quick_images):
    jobs, own, _, job_id = desk
    assert describe(own, job_id)["why_not"] == {"reconstruct": "after_points"}
    assert describe(own, job_id)["opened"] == own.look(job_id).name
    for other in (None, "0" * 22, 3, own.look(job_id).name):
        told = describe(own, other)
        assert set(told["why_not"].values()) == {"after_no_run"} and "opened" not in told
    config = Config("fashion-mnist", quick_images.with_options(img_resolution=28).model, OBJECTIVES["gan"])
    other = jobs.start(config.with_options(steps=1, batch_size=4, log_every=1))
    assert jobs.wait(other, is_over, PATIENCE)
    assert describe(own, other)["why_not"] == {"reconstruct": "after_no_encoder"}
    assert "opened" not in describe(own, other)
    (jobs.find(other).folder / "state.safetensors").unlink()
    assert set(describe(own, other)["why_not"].values()) == {"after_failed"}
