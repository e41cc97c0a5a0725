"""Runs on disk: what is written, what survives mishaps, and that going on equals never having stopped."""

import contextlib
import json
import math
import resource
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch
from safetensors import safe_open

from aegan.config import UserError
from aegan.events import SCORE_BINS, Alone, Changed, Look, Metric, Preview, Saved, Step, Stopped
from aegan.history import append_event, copy_history, forget_after, read_events, write_atomic
from aegan.provenance import read_provenance
from aegan.runs import Run, remove_run
from aegan.state import TrainState
from aegan.train import train

CPU = torch.device("cpu")


def start(folder, config, data):
    state = TrainState.create(config, CPU)
    return (run := Run.create(folder, config)), state, run.record(state, train(state, data))


def without_clock(event):
    """An event without what differs from run to run: times and speed."""
    if isinstance(event, Step):
        event = replace(event, metrics={k: v for k, v in event.metrics.items() if not k.startswith("time/")})
    return replace(event, seconds=0.0) if hasattr(event, "seconds") else event


def same(a, b):
    """Whether two events are equal, arrays included."""
    if type(a) is not type(b):
        return False
    pairs = [(getattr(a, name), getattr(b, name)) for name in vars(a)]
    return all(np.array_equal(x, y) if isinstance(x, np.ndarray) else x == y for x, y in pairs)


def read_state(folder):
    with safe_open(folder / "state.safetensors", framework="pt") as file:
        return {name: file.get_tensor(name).clone() for name in file.keys()}, file.metadata()  # noqa: SIM118


def test_a_run_writes_what_it_passes_on(tmp_path, quick_images, images):
    run, state, events = start(tmp_path / "run", quick_images, images)
    seen = list(events)
    assert [type(event) for event in seen].count(Stopped) == 1
    assert isinstance(seen[-1], Stopped)
    assert isinstance(seen[-2], (Saved, Look))
    assert [event.step for event in seen if isinstance(event, Saved)] == [4, 8]
    replayed = list(run.events())
    assert len(replayed) == len(seen)
    assert all(same(a, b) for a, b in zip(seen, replayed, strict=True))
    assert sorted(p.name for p in run.folder.iterdir()) == ["events.jsonl", "previews", "run.json", "state.safetensors"]


def test_points_are_replayed_to_four_digits(tmp_path, quick_points, points):
    run, state, events = start(tmp_path, quick_points, points)
    seen = [event for event in events if isinstance(event, Preview)]
    replayed = [event for event in run.events() if isinstance(event, Preview)]
    assert seen and len(seen) == len(replayed)
    for a, b in zip(seen, replayed, strict=True):
        assert np.abs(a.samples - b.samples).max() <= 5.1e-5
        assert b.samples.dtype == np.float32
    assert not (tmp_path / "previews").exists()


def test_a_run_that_was_stopped_and_resumed_equals_one_that_was_not(tmp_path, quick_images, images):
    whole, _, events = start(tmp_path / "whole", quick_images, images)
    list(events)
    run, _, events = start(tmp_path / "parts", quick_images, images)
    for event in events:
        if isinstance(event, Step) and event.step == 6:  # between two saves
            break
    events.close()
    again = Run.open(run.folder)
    state = again.restore(CPU)
    assert state.step == 6
    list(again.record(state, train(state, images)))
    (tensors, _), (others, _) = read_state(whole.folder), read_state(run.folder)
    assert tensors.keys() == others.keys()
    assert all(torch.equal(tensors[name], others[name]) for name in tensors)
    kinds = Step, Preview
    a, b = ([without_clock(e) for e in r.events() if isinstance(e, kinds)] for r in (whole, again))
    assert len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))


def test_events_after_the_last_save_are_forgotten_when_a_crashed_run_goes_on(tmp_path, quick_images, images):
    run, state, events = start(tmp_path, quick_images, images)
    for event in events:
        if isinstance(event, Saved):
            break
    saved = (tmp_path / "state.safetensors").read_bytes()
    list(events)
    write_atomic(tmp_path / "state.safetensors", saved)  # as if the rest had been lost in a crash
    with (tmp_path / "events.jsonl").open("ab") as file:
        file.write(b'{"event": "step", "st')
    state = run.restore(CPU)
    assert state.step == 4
    list(run.record(state, train(state, images)))
    steps = [event.step for event in run.events() if isinstance(event, Step)]
    assert steps == [2, 4, 6, 8]
    assert [type(event) for event in run.events()].count(Stopped) == 1


def test_a_torn_last_line_is_ignored_and_a_damaged_one_is_named(tmp_path):
    append_event(tmp_path, Metric(1, {"a": 1.0}))
    path = tmp_path / "events.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:-9])
    assert list(read_events(tmp_path)) == [Metric(1, {"a": 1.0})]
    path.write_bytes(whole + b"\0\0\0\n")
    assert list(read_events(tmp_path)) == [Metric(1, {"a": 1.0})]
    path.write_bytes(b"[1]\n" + whole)
    with pytest.raises(UserError, match="line 1"):
        list(read_events(tmp_path))
    path.write_bytes(b'{"event": "step", "step": 3}\n' + whole)
    with pytest.raises(UserError, match="line 1: this is not an event"):
        list(read_events(tmp_path))


def test_events_are_strict_json_even_when_a_loss_is_not_a_number(tmp_path):
    append_event(tmp_path, Step(3, 24, 0.5, {"loss/rec": math.nan, "loss/d": math.inf, "loss/g": 0.5}))
    values = json.loads((tmp_path / "events.jsonl").read_text(), parse_constant=pytest.fail)
    assert values["metrics"] == {"loss/rec": None, "loss/d": None, "loss/g": 0.5}
    (event,) = read_events(tmp_path)
    assert math.isnan(event.metrics["loss/rec"]) and event.metrics["loss/g"] == 0.5


def test_previews_without_their_pictures_are_left_out(tmp_path, quick_images, images):
    run, _, events = start(tmp_path, quick_images, images)
    list(events)
    (tmp_path / "previews" / "00000004-samples.png").unlink()
    (tmp_path / "previews" / "00000008-reconstructions.png").write_bytes(b"not a picture")
    assert [event.step for event in run.events() if isinstance(event, Preview)] == [0]


def test_a_preview_names_no_file_and_bounds_its_size(tmp_path):
    line = {"event": "preview", "step": 1, "nimg": 1, "seconds": 1.0, "originals": None, "reconstructions": None}
    for shape in ([10**6, 10**3, 10**3, 3], [1, 28, 28, 2], [0, 8, 8, 1], ["../x", 1, 1, 1]):
        (tmp_path / "events.jsonl").write_text(json.dumps(line | {"samples": shape}) + "\n")
        with pytest.raises(UserError, match="line 1"):
            list(read_events(tmp_path))


def test_history_is_copied_with_fewer_previews(tmp_path, quick_images, images):
    run, _, events = start(tmp_path / "run", quick_images.with_options(preview_every=2), images)
    list(events)
    (tmp_path / "copy").mkdir()
    copy_history(run.folder, tmp_path / "copy", previews=3)
    before = [event for event in run.events() if not isinstance(event, Saved)]
    after = list(read_events(tmp_path / "copy"))
    assert [event.step for event in before if isinstance(event, Preview)] == [0, 2, 4, 6, 8]
    assert [event.step for event in after if isinstance(event, Preview)] == [0, 4, 8]
    kept = [event for event in before if not isinstance(event, Preview | Look) or event.step in (0, 4, 8)]
    assert all(same(a, b) for a, b in zip(kept, after, strict=True))
    copy_history(run.folder, tmp_path / "copy", previews=2)
    pictures = {p.name[:8] for p in (tmp_path / "copy" / "previews").iterdir()}
    assert pictures == {"00000000", "00000008", "original"}


@pytest.mark.parametrize("side, count", [(32, 24), (64, 12)])
def test_history_of_large_pictures_is_copied_with_half_as_many(tmp_path, side, count):
    for step in range(30):
        append_event(tmp_path, Preview(step, 100, 1.0, np.zeros((1, side, side, 1), np.uint8), None, None))
    (tmp_path / "copy").mkdir()
    copy_history(tmp_path, tmp_path / "copy")
    steps = [event.step for event in read_events(tmp_path / "copy")]
    assert len(steps) == count and steps[-1] == 29


def test_previews_in_colour_are_copied_small(tmp_path):
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, (3, 4, 4, 3), np.uint8).repeat(8, axis=1).repeat(8, axis=2)  # [3, 32, 32, 3]
    append_event(tmp_path, Preview(5, 100, 1.0, blocks, blocks[:2], blocks[:2]))
    (tmp_path / "copy").mkdir()
    copy_history(tmp_path, tmp_path / "copy")
    assert {p.name for p in (tmp_path / "copy" / "previews").iterdir()} == {
        "00000005-samples.webp", "00000005-reconstructions.webp", "originals.webp",
    }  # fmt: skip
    (event,) = read_events(tmp_path / "copy")
    assert event.samples.shape == blocks.shape
    assert np.abs(event.samples.astype(int) - blocks).mean() < 12
    content = (tmp_path / "copy" / "previews" / "00000005-samples.webp").read_bytes()
    assert read_provenance(content)["step"] == 5


@contextlib.contextmanager
def small_files():
    """No file can grow beyond 2,000 bytes, as on a full disk. Not for long: pytest's own log is a file too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_keeps_what_was_there(tmp_path):
    path = tmp_path / "file"
    write_atomic(path, b"before")
    with small_files(), pytest.raises(UserError, match="cannot be written .*earlier saves are kept"):
        write_atomic(path, b"x" * 5000)
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_disk_that_fills_up_stops_the_run_with_a_sentence(tmp_path, quick_points, points):
    state = TrainState.create(quick_points, CPU)
    (tmp_path / "state.safetensors").write_bytes(b"earlier")
    run = Run(tmp_path, quick_points)
    with small_files(), pytest.raises(UserError, match="cannot be written"):
        list(run.record(state, train(state, points)))
    assert (tmp_path / "state.safetensors").read_bytes() == b"earlier"
    assert not [p for p in tmp_path.rglob("*.part")]


def test_a_folder_in_use_is_refused(tmp_path, quick_points):
    Run.create(tmp_path / "new" / "run", quick_points)
    with pytest.raises(UserError, match="not empty: go on with"):
        Run.create(tmp_path / "new" / "run", quick_points)
    with pytest.raises(UserError, match="not empty: choose another"):
        Run.create(tmp_path / "new", quick_points)
    with pytest.raises(UserError, match="cannot be written"):
        Run.create(tmp_path / "new" / "run" / "run.json", quick_points)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read"),
        ("[]", "format 1"),
        ('{"format_version": 7}', "format 1"),
        ('{"format_version": 1}', "config must be an object"),
        (
            '{"format_version": 1, "config": {"model": {"wide": 3}, "objective": {}, "train": {}}}',
            "unknown field 'wide'",
        ),
    ],
)
def test_a_damaged_description_is_named(tmp_path, text, message):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(UserError, match=message):
        Run.open(tmp_path)


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(UserError, match="not the folder of a run"):
        Run.open(tmp_path)


def test_foreign_and_damaged_states_are_refused(tmp_path, quick_points, points):
    run, state, events = start(tmp_path, quick_points, points)
    path = tmp_path / "state.safetensors"
    with pytest.raises(UserError, match="no saved state"):
        run.restore(CPU)
    list(events)
    content = path.read_bytes()
    tensors, metadata = read_state(tmp_path)

    def refused(match, given=tensors, **changes):
        path.write_bytes(safetensors.torch.save(given, metadata | changes))
        with pytest.raises(UserError, match=match):
            run.restore(CPU)

    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match="damaged"):
        run.restore(CPU)
    path.write_bytes(b"")
    with pytest.raises(UserError, match="damaged"):
        run.restore(CPU)
    refused("not the saved state", format="pt")
    refused("not the saved state", version="9")
    refused("counters cannot be read", scalars="{")
    refused("nimg", scalars=json.dumps({"step": 1, "seconds": 1.0, "codes_filled": 0}))
    refused("encoder", {name: t for name, t in tensors.items() if "encoder" not in name})
    path.write_bytes(content)
    assert run.restore(CPU).step == 8
    wider = Run(tmp_path, quick_points.with_options(width=8))
    with pytest.raises(UserError, match="does not fit"):
        wider.restore(CPU)


def test_a_pickle_is_never_opened(tmp_path, quick_points):
    run = Run.create(tmp_path / "run", quick_points)
    torch.save({"step": 1}, run.folder / "state.safetensors")
    with pytest.raises(UserError, match="damaged"):
        run.restore(CPU)


def test_only_the_first_process_writes(tmp_path, quick_points, points, monkeypatch):
    monkeypatch.setattr("aegan.distributed.is_main", lambda: False)
    state = TrainState.create(quick_points, CPU)
    events = list(Run(tmp_path, quick_points).record(state, train(state, points)))
    assert isinstance(events[-1], Stopped)
    assert not list(tmp_path.iterdir())


def test_a_run_is_locked_by_one_at_a_time_and_swept(tmp_path, quick_points):
    run = Run.create(tmp_path, quick_points)
    assert run.lock()
    (tmp_path / ".state.safetensors.77.part").write_bytes(b"half")
    assert not Run.open(tmp_path).lock()
    remove_run(tmp_path)
    assert (tmp_path / "run.json").exists()
    run.unlock()
    assert (again := Run.open(tmp_path)).lock()
    assert not list(tmp_path.rglob("*.part"))
    again.unlock()
    remove_run(tmp_path)
    assert not tmp_path.exists()


def test_options_changed_in_mid_run_are_those_of_the_saved_step(tmp_path, quick_points, points):
    run, state, events = start(tmp_path, quick_points, points)
    list(events)
    for step, values in ((6, {"lr": 1e-5, "rec": 3.0}), (8, {"lr": 2e-5}), (9, {"lr": 3e-5})):
        append_event(tmp_path, Changed(step, values))
    append_event(tmp_path, Alone(9, "d"))
    restored = run.restore(CPU)
    assert (restored.config.train.lr, restored.config.objective.rec) == (2e-5, 3.0)
    forget_after(tmp_path, 8)
    kept = [event for event in run.events() if isinstance(event, (Changed, Alone))]
    assert kept == [Changed(6, {"lr": 1e-5, "rec": 3.0}), Changed(8, {"lr": 2e-5})]


def test_only_the_last_preview_is_opened_where_that_is_enough(tmp_path, quick_images, images):
    run, _, events = start(tmp_path, quick_images, images)
    list(events)
    everything = [type(event) for event in read_events(tmp_path)]
    brief = list(read_events(tmp_path, last_preview_only=True))
    assert everything.count(Preview) > 1
    assert [event.step for event in brief if isinstance(event, Preview)] == [8]
    assert [event.step for event in brief if isinstance(event, Look)] == [8]
    assert len(brief) == len(everything) - everything.count(Preview) - everything.count(Look) + 2


@pytest.mark.parametrize("codes", [None, np.array([[1.5, -2.25], [0.125, 3.0]], np.float32)])
def test_a_look_is_one_line_and_comes_back_whole(tmp_path, codes):
    look = Look(3, 24, 0.5, {"real": [2] * SCORE_BINS}, codes, codes, [1.0, 0.5], None if codes is None else [7, 1])
    append_event(tmp_path, look)
    assert [same(event, look) for event in read_events(tmp_path)] == [True]
    assert (tmp_path / "events.jsonl").read_bytes().count(b"\n") == 1


@pytest.mark.parametrize(
    "damage",
    [
        {"scores": {"real": [1, 2]}}, {"scores": {"real": ["x"] * SCORE_BINS}}, {"scores": [1]}, {"labels": [0.5]},
        {"codes": [[1, 2, 3]]}, {"codes": [[1, None]]}, {"prior": 5}, {"spread": "wide"}, {"more": 1},
        {"spread": [0.5] * 20_000}, {"codes": [[0, 0]] * 20_000},
    ],
)  # fmt: skip
def test_a_damaged_look_is_refused(tmp_path, damage):
    line = {"event": "look", "step": 1, "nimg": 1, "seconds": 1.0, "scores": {}, "codes": None, "prior": None}
    (tmp_path / "events.jsonl").write_text(json.dumps(line | {"spread": [], "labels": None} | damage) + "\n")
    with pytest.raises(UserError, match="line 1: this is not an event"):
        list(read_events(tmp_path))
