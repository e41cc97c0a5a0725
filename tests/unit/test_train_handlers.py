"""What the training tab's monitor is told, as plain functions: news of a run, commands, moments, films."""

import base64
import dataclasses
import io
import json
import math

import numpy as np
import pytest
from PIL import Image

from aegan.config import UserError, get_preset
from aegan.events import Changed, Look, Metric, Preview, Step
from aegan.history import append_event, forget_after
from aegan.jobs import Jobs
from aegan.model import AEGAN
from aegan.moments import open_recording
from aegan.provenance import read_provenance
from aegan.snapshot import Snapshot
from aegan.ui import figures, monitor, timeline
from aegan.ui.models import Models
from tests.boards import PATIENCE, is_over, long, pause_at_a_step


def step(number: int, **metrics) -> Step:
    return Step(number, 10 * number, float(number), {"loss/rec": 1 / number, **metrics})


def preview(number: int, points: bool = False) -> Preview:
    if points:
        return Preview(number, 0, 0.0, np.zeros((600, 2), np.float32), np.zeros((9, 2)), np.zeros((9, 2)))
    pictures = np.full((64, 8, 8, 1), number, np.uint8)
    return Preview(number, 10 * number, float(number), pictures, pictures[:16], pictures[:16])


def look(number: int) -> Look:
    cloud = np.full((5, 2), number, np.float32)
    return Look(number, 10 * number, float(number), {"real": [1] * 24}, cloud, cloud, [1.0, 0.1], [0, 1, 2, 3, 4])


@pytest.fixture
def models(tmp_path) -> Models:
    """A model with a recorded training, and one without."""
    config = get_preset("aegan").with_options(
        architecture="dense", width=4, z_dim=8, flow_layers=2, flow_width=8, img_resolution=16
    )
    for name in ("recorded", "plain"):
        AEGAN(config, {"data_title": "Squares"}).save_pretrained(tmp_path / name)
    for event in (
        preview(0), look(0), step(1), preview(10), Metric(10, {"progress/prior": 1.0}), Changed(10, {"lr": 1e-3}),
        step(11), Metric(12, {"fd/samples": 3.0, "n": 50.0}), preview(20),
    ):  # fmt: skip
        append_event(tmp_path / "recorded", event)
    return Models([tmp_path / "recorded", tmp_path / "plain"], shipped=tmp_path / "none")


# -- news -----------------------------------------------------------------------------------------------------------


def test_only_what_is_new_is_sent(quick_points, points):
    first = Snapshot(quick_points, points, "running", step=4, seconds=2.0, history=(step(2), step(4)), version=7)
    first = dataclasses.replace(first, preview=preview(4, points=True), look=look(4))
    told = monitor.describe(first, {})
    assert (told["status"], told["step"], told["seconds_left"]) == ("running", 4, 2)
    assert told["records"]["whole"] and told["records"]["step"] == [2, 4]
    assert {"config", "pictures", "look", "credit"} <= set(told)
    json.dumps(told, allow_nan=False)
    seen = json.loads(json.dumps(told["seen"]))  # as it comes back from the page
    assert monitor.describe(first, seen) == {"status": "running", "seen": seen}

    second = dataclasses.replace(first, history=(*first.history, step(6)), version=8, step=6)
    news = monitor.describe(second, seen)
    assert news["records"] == {"whole": False, **monitor.records([step(6)])}
    assert not {"config", "pictures", "look", "credit", "figures", "changes"} & set(news)
    turned = second.after(Changed(6, {"lr": 1e-5}), 100)
    news = monitor.describe(turned, news["seen"])
    assert news["config"]["lr"] == 1e-5
    assert news["changes"] == [{"step": 6, "values": {"lr": 1e-5}}]
    rewound = turned.after({"step": 3}, 100)  # what the page knows is no longer true: it gets all
    assert monitor.describe(rewound, news["seen"])["records"] == {"whole": True, **monitor.records([step(2)])}
    assert monitor.describe(rewound, news["seen"])["changes"] == []


def test_the_coachs_last_word_stays_when_the_run_has_ended(quick_points):
    history = tuple(step(i, **{"loss/d": 0.01, "score/real": 0.99, "score/fake": 0.01}) for i in range(1, 31))
    for status in ("running", "finished", "stopped"):
        told = monitor.describe(Snapshot(quick_points, None, status, history=history, version=1), {})
        assert [one["rule"] for one in told["advice"]] == ["d_strong"]


def test_many_records_are_thinned_for_a_new_page_and_later_only_added(quick_points):
    history = tuple(step(i) for i in range(1, 601))
    told = monitor.describe(Snapshot(quick_points, history=history, version=1), {})
    assert len(told["records"]["step"]) <= monitor.MOST_RECORDS
    assert told["records"]["step"][-1] == 600
    thinned = Snapshot(quick_points, history=(*history[1::2], step(601)), version=2)
    assert monitor.describe(thinned, told["seen"])["records"]["step"] == [601]


@pytest.mark.parametrize("seen", [{"record": 3}, {"record": [["x"]]}, {"record": [[1, 2, 3]]}, {"version": {}}])
def test_strange_keys_of_a_page_only_cost_bytes(quick_points, seen):
    snapshot = Snapshot(quick_points, history=(step(1),), version=1)
    told = monitor.describe(snapshot, seen)
    assert told["records"]["step"] == [1]


def test_points_are_shown_as_scatters_over_the_real_ones(quick_points, points):
    shown = monitor.describe(Snapshot(quick_points, points, preview=preview(1, points=True), version=1), {})["pictures"]
    assert [actor for actor, _ in shown["generated"]["groups"]] == ["real", "generated"]
    assert len(shown["generated"]["groups"][1][1]) == figures.SCATTER_POINTS
    assert [actor for actor, _ in shown["reconstructions"]["groups"]] == ["real", "encoder"]


# -- commands -------------------------------------------------------------------------------------------------------


def test_a_run_is_commanded_and_nobody_elses_is(board, quick_points):
    jobs = board()
    job_id = jobs.start(long(quick_points))
    at = pause_at_a_step(jobs, job_id)
    ask = {"run": job_id, "seen": {}}
    for player in ("d", "g", "both"):
        monitor.obey(jobs, {**ask, "command": "step", "argument": player})
    assert jobs.wait(job_id, lambda s: s.step == at + 3, PATIENCE)
    monitor.obey(jobs, {**ask, "command": "change", "argument": {"lr": 1e-5}})
    assert jobs.wait(job_id, lambda s: s.changes == (Changed(at + 3, {"lr": 1e-5}),), PATIENCE)
    assert monitor.look(jobs, ask)["saves"][0] == 0
    monitor.obey(jobs, {**ask, "command": "rewind", "argument": 0})
    assert jobs.wait(job_id, lambda s: s.step == 0 and not s.changes, PATIENCE)
    monitor.obey(jobs, {**ask, "command": "stop"})
    assert jobs.wait(job_id, is_over, PATIENCE)
    assert monitor.look(jobs, {"run": "somebody else's"}) == monitor.look(jobs, None) == {"status": "gone"}


@pytest.mark.parametrize(
    ("command", "argument", "sentence"),
    [
        (None, None, "The command is one of pause"),
        ("delete", None, "The command is one of pause"),
        ("change", {}, "The command is one of pause"),
        ("change", {"lr": "much"}, "lr must be a number"),
        ("change", {"job_id": 1}, "cannot be changed in mid-run"),
        ("change", {"self": 1}, "cannot be changed in mid-run"),
        ("change", [1], "The command is one of pause"),
        ("step", "everybody", "A single step is one of d, g or both"),
        ("step", ["d"], "A single step is one of d, g or both"),
        ("rewind", 12, "This moment was not saved"),
        ("rewind", ["a"], "This moment was not saved"),
    ],
)
def test_wrong_commands_get_one_sentence(board, quick_points, command, argument, sentence):
    jobs = board(active=0, waiting=1)
    request = {"run": jobs.start(quick_points), "command": command, "argument": argument}
    with pytest.raises(UserError, match=sentence):
        monitor.obey(jobs, request)
    if command != "delete":
        with pytest.raises(UserError):
            monitor.obey(jobs, {**request, "run": "somebody else's"})


# -- any moment -----------------------------------------------------------------------------------------------------


def ask(models, name, request):
    return timeline.functions(models, Jobs())[name](request)


def test_a_recorded_training_is_told_moment_by_moment(models):
    told = ask(models, "on_moments", {"model": "recorded"})
    assert told["moments"] == {"step": [0, 10, 20], "nimg": [0, 100, 200], "seconds": [0.0, 10.0, 20.0]}
    assert told["records"]["step"] == [1, 11]
    assert told["figures"] == {"step": [12], "metrics": {"fd/samples": [3.0], "n": [50.0]}}
    assert told["changes"] == [{"step": 10, "values": {"lr": 1e-3}}]
    json.dumps(told, allow_nan=False)
    first, later = (ask(models, "on_moment", {"model": "recorded", "step": at}) for at in (0, 19))
    assert (first["step"], later["step"]) == (0, 10)
    assert later["look"]["step"] == 0
    for name in ("generated", "reconstructions"):
        assert first["pictures"][name] != later["pictures"][name]
        record = read_provenance(base64.b64decode(later["pictures"][name]["image"].partition(",")[2]))
        assert (record["model"], record["data"], record["step"]) == ("recorded", "Squares", 10)


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (None, "must be an object"),
        ({"model": "../recorded", "step": 0}, "There is no such model here"),
        ({"model": "plain", "step": 0}, "Nothing of this training was recorded"),
        ({"run": "nobody's", "step": 0}, "This run is no longer on the server"),
        ({"model": "recorded"}, "step must be a whole number"),
        ({"model": "recorded", "step": math.nan}, "step must be a whole number"),
        ({"model": "recorded", "step": -1}, "step must be a whole number"),
        ({"model": "recorded", "step": True}, "step must be a whole number"),
    ],
)
def test_wrong_moments_get_one_sentence(models, request_, sentence):
    with pytest.raises(UserError, match=sentence):
        ask(models, "on_moment", request_)


@pytest.mark.parametrize("kind", ["webp", "gif"])
def test_a_film_of_a_run_says_what_it_is(models, kind):
    made = ask(models, "on_train_film", {"model": "recorded", "format": kind, "milliseconds": 100})
    content = base64.b64decode(made["film"].partition(",")[2])
    film = Image.open(io.BytesIO(content))
    assert (film.format, film.n_frames, made["frames"]) == (kind.upper(), 3, 3)
    if kind == "webp":
        assert read_provenance(content)["description"].startswith("AI-generated: training by the model")
    else:
        assert film.info["comment"].startswith(b"AI-generated")
    for wrong in ({"format": "mp4"}, {"milliseconds": 1}, {"milliseconds": "100"}, {"format": ["gif"]}):
        with pytest.raises(UserError, match="format must be|milliseconds must be"):
            ask(models, "on_train_film", {"model": "recorded", "format": kind, "milliseconds": 100, **wrong})


def test_points_have_films_too(tmp_path):
    folder = tmp_path / "points"
    AEGAN(get_preset("points").with_options(width=4, flow_layers=2, flow_width=8)).save_pretrained(folder)
    for number in (0, 1):
        append_event(folder, preview(number, points=True))
    here = Models([folder], shipped=tmp_path / "none")
    assert ask(here, "on_train_film", {"model": "points", "format": "gif", "milliseconds": 100})["frames"] == 2


# -- reading single moments -----------------------------------------------------------------------------------------


def test_a_growing_run_is_read_on_and_a_rewound_one_anew(tmp_path):
    assert open_recording(tmp_path).moments() == []
    for number in (0, 10):
        append_event(tmp_path, preview(number))
    recording = open_recording(tmp_path)
    assert [at[0] for at in recording.moments()] == [0, 10]
    assert recording.preview(9).step == 0
    append_event(tmp_path, preview(20))
    with (tmp_path / "events.jsonl").open("ab") as file:
        file.write(b'{"event": "prev')  # torn
    assert [at[0] for at in open_recording(tmp_path).moments()] == [0, 10, 20]
    assert recording.preview(10**6).step == 20

    forget_after(tmp_path, 10)
    assert [at[0] for at in open_recording(tmp_path).moments()] == [0, 10]
    assert recording.preview(20).step == 10
    (tmp_path / "previews" / "00000010-samples.png").unlink()
    assert recording.preview(10) is None


def test_a_damaged_record_is_said_to_be(tmp_path):
    (tmp_path / "events.jsonl").write_text('nonsense\n{"event": "step", "step": 1}\n')
    with pytest.raises(UserError, match="The record of this run is damaged"):
        open_recording(tmp_path)
