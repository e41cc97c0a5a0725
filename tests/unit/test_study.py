"""The study: equal effort, equal time, nothing done twice, and sentences that figures bear out."""

import json
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch

from aegan import cli
from aegan.config import OBJECTIVES, UserError, get_preset
from aegan.data import load_data
from aegan.evaluate import evaluate
from aegan.model import AEGAN
from aegan.step import train_step
from aegan.study import Study
from aegan.study_files import append_line, claimed, read_lines, read_plan
from aegan.study_measure import Judge, with_prior
from aegan.study_rows import (
    ABLATION,
    KNOBS,
    LEARNING_RATES,
    ROWS,
    Question,
    best_trial,
    common_config,
    make_ablation,
    make_row,
    next_trial,
)

CPU = torch.device("cpu")


class Ticks:
    """A clock on which a 64th of a second passes with every training step, and whenever someone looks at it."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1 / 64
        return self.now


@pytest.fixture
def base(quick_points):
    recipe = {"rec": 2.0, "adv": 0.5, "adv_rec": 0.5, "cycle": 0.1, "adv_z": 0.0, "wide_share": 0.0, "mixed_share": 0.0}
    return common_config(quick_points.with_options(**recipe, batch_size=16, prior="flow", components=5))


@pytest.fixture
def begin(base, points, monkeypatch):
    clock = Ticks()

    def step(state, x, *how):
        clock()
        return train_step(state, x, *how)

    few = lambda model, data, n=None, real=None: evaluate(model, data, 100, real=real)  # noqa: E731
    monkeypatch.setattr("aegan.study_measure.evaluate", few)
    monkeypatch.setattr("aegan.train.train_step", step)
    monkeypatch.setattr("aegan.study.train_step", step)

    def start(folder, budget=1.0, tune=0.0, data=points, base=base):
        return Study(folder, Question(base, budget, tune, "cpu", 1), data, CPU, clock)

    return start


def finish(study, names, seeds=1, ablation=False):
    return [note.text for note in study.work(names, seeds, ablation)]


def test_every_row_is_measured_at_every_mark_and_nothing_twice(tmp_path, begin):
    notes = finish(begin(tmp_path), ["gan", "aegan"])
    points = read_lines(tmp_path / "points.jsonl")
    assert len(points) == 2 * 6 and len({(p["row"], p["seed"], p["mark"]) for p in points}) == len(points)
    images = read_plan(tmp_path)["images"]
    for point in points:
        assert point["seconds"] <= 1.0 or point["mark"] == "images", "the last fit ends within the budget"
        assert point["images"] == point["step"] * 16
        assert point["mark"] != "images" or point["images"] == images
    assert {p["machine"] for p in points} and any("equal images" in note for note in notes)
    before = (tmp_path / "points.jsonl").read_bytes()
    notes = finish(begin(tmp_path), ["gan", "aegan"])
    assert len(notes) == 1, "only where the products are"
    assert (tmp_path / "points.jsonl").read_bytes() == before
    model = AEGAN.from_pretrained(tmp_path / "aegan-0" / "checkpoint")
    assert model.config.train.steps == next(p["step"] for p in points if p["row"] == "aegan" and p["mark"] == "time")


def test_more_rows_and_seeds_may_be_added_but_no_other_question(tmp_path, begin, base):
    finish(begin(tmp_path), ["gan"])
    images = read_plan(tmp_path)["images"]
    finish(begin(tmp_path), ["gan", "autoencoder"], seeds=2)
    assert read_plan(tmp_path)["images"] == images, "once chosen it stays"
    done = {(p["row"], p["seed"]) for p in read_lines(tmp_path / "points.jsonl")}
    assert done == {("gan", 0), ("gan", 1), ("autoencoder", 0), ("autoencoder", 1)}
    with pytest.raises(UserError, match="another question .budget was 1.0, now 2.0"):
        begin(tmp_path, budget=2.0)
    with pytest.raises(UserError, match="another question .width was 4, now 8"):
        begin(tmp_path, base=base.with_options(width=8))


def test_equal_images_are_what_aegan_sees_its_faster_warmup_included(tmp_path, begin, base, monkeypatch):
    clock = Ticks()

    def step(state, x, *how):
        is_warming = state.config.objective.rec and state.step < state.config.train.warmup_steps
        clock.now += (1 if is_warming else 4) / 64
        state.step += 1

    monkeypatch.setattr("aegan.study.train_step", step)
    study = begin(tmp_path, base=base.with_options(warmup_steps=20), budget=2.0)
    study.clock = clock
    list(study.settle(["autoencoder", "gan", "aegan"], ablation=False))
    # 20 steps in 20/64 of a second and 26 more at four times the price; in a unit of ten. The GAN would have had 31.
    assert read_plan(tmp_path)["images"] == 40 * base.train.batch_size


def test_a_study_that_was_stopped_anywhere_goes_on_to_the_same_points(tmp_path, begin):
    finish(begin(tmp_path / "whole"), ["aegan"])
    whole = read_lines(tmp_path / "whole" / "points.jsonl")
    for stop in (4, 12):
        folder = tmp_path / f"parts-{stop}"
        notes = begin(folder).work(["aegan"], 1)
        for _ in range(stop):
            next(notes)
        notes.close()
        finish(begin(folder), ["aegan"])
        assert read_lines(folder / "points.jsonl") == whole


def test_a_killed_run_goes_on_from_its_last_save(tmp_path, begin, monkeypatch):
    """Killed after the save and before the point was written: measured at once, and equal."""
    finish(begin(tmp_path / "whole"), ["aegan"])
    whole = read_lines(tmp_path / "whole" / "points.jsonl")
    study = begin(tmp_path / "parts")
    monkeypatch.setattr(study, "measure", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
    with pytest.raises(RuntimeError, match="killed"):
        finish(study, ["aegan"])
    with (tmp_path / "parts" / "points.jsonl").open("ab") as file:
        file.write(b'{"row": "aegan", "se')  # torn
    finish(begin(tmp_path / "parts"), ["aegan"])
    assert read_lines(tmp_path / "parts" / "points.jsonl") == whole


def test_two_processes_never_do_the_same_work(tmp_path, begin):
    study = begin(tmp_path)
    finish(study, ["gan"])
    with claimed(tmp_path, "gan-1") as first:
        assert first
        assert not any(p["seed"] == 1 for p in read_lines(tmp_path / "points.jsonl"))
        finish(begin(tmp_path), ["gan"], seeds=2)
    assert not any(p["seed"] == 1 for p in read_lines(tmp_path / "points.jsonl"))
    finish(begin(tmp_path), ["gan"], seeds=2)
    assert any(p["seed"] == 1 for p in read_lines(tmp_path / "points.jsonl"))


class Untouchable:
    """Test images that nobody may look at."""

    ndim, shape = 2, (32, 2)

    def __len__(self):
        return 32

    def __getattr__(self, name):
        raise AssertionError(f"the test images' {name} was asked for")

    def __getitem__(self, key):
        raise AssertionError("test images were looked at")


def test_tuning_tries_as_much_for_every_row_and_never_looks_at_test_images(tmp_path, begin, points):
    data = replace(points, test=Untouchable())
    study = begin(tmp_path, tune=0.3, data=data)
    for name in ("gan", "autoencoder"):
        list(study.tune(name))
        trials = study.trials(name)
        assert [trial["options"]["lr"] for trial in trials[:3]] == list(LEARNING_RATES)
        assert len(trials) == 4 and all(0.3 <= trial["seconds"] < 0.5 for trial in trials)
        assert all(trial["score"] == study.judge.score(trial["figures"]) for trial in trials)
        list(study.tune(name))
        assert study.trials(name) == trials
    best = min(study.trials("gan"), key=lambda trial: trial["score"])["options"]
    list(study.settle(["gan"], False))
    chosen = read_plan(tmp_path)["rows"]["gan"]["config"]
    assert all(chosen["model" if name == "spectral_norm" else "train" if "lr" in name else "objective"][name] == value
               for name, value in best.items())  # fmt: skip


def test_the_fourth_trial_turns_the_rows_own_knob(base):
    done = [
        {"options": {"lr": lr, "lr_d": lr}, "score": score}
        for lr, score in zip(LEARNING_RATES, (3, None, 2), strict=True)
    ]
    assert next_trial("vae", base, done) == {"lr": 1.5e-3, "lr_d": 1.5e-3, "kl": OBJECTIVES["vae"].kl / 5}
    assert next_trial("gan", base, done)["spectral_norm"] is True
    assert next_trial("gan", base, [*done, done[0]]) is None
    for kind, tried in {"l1": "l1", "mse": "l1", "features": "l1", "mse-l1": "mse-l1"}.items():
        recipe = base.with_options(rec_kind=kind)
        assert next_trial("autoencoder", recipe, done)["rec_kind"] == tried, "the recipe's own, or the other one"
    assert best_trial(done)["lr"] == 1.5e-3 and best_trial([]) == {}
    assert KNOBS.keys() == ROWS.keys() == OBJECTIVES.keys()


def test_rows_share_networks_and_training(base):
    base = base.with_options(gamma=0.3, adv_kind="hinge", shift=1)
    rows = {name: make_row(name, base, {}) for name in ROWS}
    for name, row in rows.items():
        model = replace(row.config.model, prior="flow")
        assert model == base.model and row.config.train.shift == 1, name
        assert row.config.train.decay_share == 0
        if row.config.objective.needs_discriminator:
            assert (row.config.objective.gamma, row.config.objective.adv_kind) == (0.3, "hinge")
    assert rows["aegan"].config.objective == base.objective and rows["aegan"].prior == "flow"
    assert (rows["vae"].prior, rows["vae"].others) == ("mixture", ("normal",))
    assert rows["gan"].others == ("raw",)


def test_each_ablation_changes_one_ingredient(base):
    whole = make_row("aegan", base, {})
    rows = make_ablation(whole)
    assert {row.name for row in rows} == {*ABLATION} - {"aegan-only-prior"}, "the recipe has no other latents"
    without = next(row for row in rows if row.name == "aegan-no-adv-rec").config.objective
    assert (without.adv_rec, without.adv) == (0, whole.config.objective.adv + whole.config.objective.adv_rec)
    assert next(row for row in rows if row.name == "aegan-prior-none").prior == "normal"


def test_quick_figures_are_those_of_evaluate(base):
    data = load_data("fashion-mnist", full=False)
    data = replace(data, train=data.train[:200], train_labels=None, test=data.test[:100])
    config = get_preset("aegan").with_options(width=4, z_dim=4, flow_layers=2, flow_width=8)
    model = AEGAN(config).eval().requires_grad_(False)
    judge = Judge(data, CPU)
    judge.count = 80
    quick, all_figures = judge.measure(model), evaluate(model, data, 80)
    assert quick.keys() >= {"fd/samples", "fd/midpoints", "fd/reconstructions", "rec/psnr", "prdc/recall"}
    assert quick == pytest.approx({name: all_figures[name] for name in quick}, rel=1e-5)
    assert evaluate(model, data, 80, real=(judge.real[0], judge.training)) == all_figures
    mixture = with_prior(model, "mixture", data)
    assert mixture.config.model.prior == "mixture" and model.config.model.prior == "flow"
    codes = model.encode(torch.from_numpy(np.array(data.train)).permute(0, 3, 1, 2).float() / 127.5 - 1)
    assert torch.allclose((mixture.prior.weights[:, None] * mixture.prior.means).sum(0), codes.mean(0), atol=0.02)
    assert torch.equal(with_prior(model, "normal", data).to_latent(codes), codes)


def test_a_torn_line_is_left_out_and_written_over(tmp_path):
    path = tmp_path / "lines"
    assert read_lines(path) == []
    append_line(path, {"a": 1})
    with path.open("ab") as file:
        file.write(b'{"b": ')
    assert read_lines(path) == [{"a": 1}]
    append_line(path, {"c": 3})
    assert read_lines(path) == [{"a": 1}, {"c": 3}]
    path.write_bytes(b"nonsense\n" + path.read_bytes())
    with pytest.raises(UserError, match="line 1"):
        read_lines(path)


@pytest.mark.parametrize(
    "words, answer",
    [
        (["--budget", "soon"], "--budget takes a time"),
        (["--budget", "1s"], "--budget must lie between"),
        (["--budget", "49h"], "--budget must lie between"),
        (["--seeds", "0"], "--seeds must lie between 1 and 20"),
        (["--seeds", "many"], "--seeds needs a whole number"),
        (["--rows", "gann"], "Did you mean gan?"),
        (["--tune", "10m"], "at most the budget"),
        (["--threads", "0"], "--threads must lie"),
        (["--set", "rec=1"], "rec differs from row to row"),
        (["--set", "steps=10"], "steps cannot be set"),
        (["--set", "widht=10"], "Did you mean width?"),
        (["--preset", "fashio"], "Did you mean fashion?"),
        (["--data", "moons"], "no modes to count"),
    ],
)  # fmt: skip
def test_mistakes_are_answered_with_one_line(tmp_path, capsys, words, answer):
    given = dict(zip(words[::2], words[1::2], strict=True))
    words = [w for pair in ({"--data": "ring", "--budget": "60s", "--tune": "0"} | given).items() for w in pair]
    assert cli.main(["study", *words, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert answer in said and said.count("\n") == 1
    assert not (tmp_path / "out" / "study.json").exists()


def test_the_command_stops_when_asked_to_and_goes_on(tmp_path, capsys, monkeypatch, points):
    monkeypatch.setattr("aegan.cli_study.MIN_BUDGET", 0.1)
    monkeypatch.setattr("aegan.cli_study.load_data", lambda *_: points)
    words = ["--data", "ring", "--budget", "0.2s", "--tune", "0", "--seeds", "1", "--rows", "gan", "--device", "cpu"]
    words = ["study", *words, "--out", str(tmp_path), "--set", "width=4", "batch_size=8"]
    measure = Judge.measure

    def interrupted(*given):
        signal.raise_signal(signal.SIGINT)
        return measure(*given)

    with monkeypatch.context() as patch:
        patch.setattr(Judge, "measure", interrupted)
        assert cli.main(words) == 130
    assert "the same command goes on" in capsys.readouterr().err
    first = read_lines(tmp_path / "points.jsonl")
    assert len(first) == 1
    assert cli.main(words) == 0
    assert read_lines(tmp_path / "points.jsonl")[0] == first[0]
    assert "| GAN | N(0, I) |" in (tmp_path / "table.md").read_text()


@pytest.mark.parametrize("text, seconds", [("5m", 300), ("90s", 90), ("300", 300), ("1.5h", 5400), ("0", 0)])
def test_times_are_read(text, seconds):
    from aegan.cli_study import parse_budget

    assert parse_budget(text, "--budget") == seconds


def test_products_are_written_from_what_was_measured(tmp_path, begin):
    finish(begin(tmp_path), ["aegan", "seed"])
    results = json.loads((tmp_path / "results.json").read_text())
    assert {row["name"] for row in results["rows"]} == {"aegan", "seed"}
    assert "| **AE-GAN** | flow |" in (tmp_path / "table.md").read_text()
    for name in ("curves.png", "samples.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
