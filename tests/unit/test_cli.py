"""The command line as its user meets it: files, exit codes, one line for each mistake."""

import json
import math
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from aegan import cli, cli_train, losses
from aegan.card import model_card
from aegan.config import OPTIONS, PRESETS, get_objective, get_preset
from aegan.events import Metric, Step, Stopped
from aegan.history import read_events
from aegan.model import AEGAN
from aegan.provenance import read_provenance

ROOT = Path(__file__).resolve().parents[2]
QUICK = [
    "width=4", "batch_size=8", "steps=8", "warmup_steps=2", "ramp_steps=1", "log_every=2", "preview_every=4",
    "save_every=4", "prior_steps=2", "flow_layers=2", "flow_width=8", "components=4", "decay_share=0",
]  # fmt: skip
IMAGES = ["architecture=dense", "z_dim=4"]


@pytest.fixture
def points_data(monkeypatch, points):
    """The ring is drawn smaller, so that runs end in a moment."""
    monkeypatch.setattr("aegan.cli_train.load_data", lambda *name_and_shape, **shape: points)
    monkeypatch.setattr("aegan.cli_use.load_data", lambda *name_and_shape: points)


@pytest.fixture
def folder(tmp_path, images):
    """A folder of pictures."""
    for part, pictures in (("train", images.train), ("test", images.test)):
        (tmp_path / "squares" / part).mkdir(parents=True)
        for i, picture in enumerate(pictures):
            Image.fromarray(picture[..., 0]).save(tmp_path / "squares" / part / f"{i}.png")
    return tmp_path / "squares"


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


def train_points(out, *more):
    return run("train", "--preset", "points", "--out", out, "--device", "cpu", "--set", *QUICK, *more)


def refused(capsys, *arguments):
    """The one line that a mistake is answered with."""
    assert run(*arguments) == 2
    printed = capsys.readouterr()
    (line,) = printed.err.strip().splitlines()
    assert line.startswith("aegan: ") and "Traceback" not in printed.err
    return line


def test_training_leaves_a_run_and_a_checkpoint(tmp_path, points_data, capsys):
    out = tmp_path / "run"
    assert train_points(out) == 0
    assert {p.name for p in out.iterdir()} == {"run.json", "events.jsonl", "state.safetensors", "checkpoint"}
    names = {"model.safetensors", "config.json", "README.md", "metrics.json", "events.jsonl", "samples.png"}
    names |= {"training.png"}
    assert {p.name for p in (out / "checkpoint").iterdir()} == names
    figures = json.loads((out / "checkpoint" / "metrics.json").read_text())
    assert figures["modes/total"] == 2 and figures["test_count"] == 32 and figures["split"] == "test"
    assert figures["seeds"] == 3 and "modes/good_share_sd" in figures, "what is published has a spread"
    card = (out / "checkpoint" / "README.md").read_text()
    assert card.startswith("---\nlicense: mit\n")
    for expected in ("Two clouds", "CC0", "drawn here", "8 steps, 64 images", "commit", "hardware", "--preset points"):
        assert expected in card
    model = AEGAN.from_pretrained(out / "checkpoint")
    assert model.info["step"] == 8 and model.info["commit"] and model.info["hardware"]
    events = list(read_events(out))
    assert isinstance(events[-1], Metric) and "modes/found" in events[-1].values
    assert "step 8 of 8" in capsys.readouterr().err


def test_pictures_of_a_folder_are_learnt_sampled_and_reconstructed(tmp_path, folder, capsys):
    out, png = tmp_path / "run", tmp_path / "out.png"
    assert run("train", "--data", folder, "--out", out, "--device", "cpu", "--set", *QUICK, *IMAGES) == 0
    config = AEGAN.from_pretrained(out / "checkpoint").config
    assert (config.model.img_resolution, config.model.img_channels) == (16, 1)
    assert config.data == "squares", "the checkpoint must not tell where the data lay"
    assert str(tmp_path) not in (out / "checkpoint" / "README.md").read_text()
    figures = json.loads((out / "checkpoint" / "metrics.json").read_text())
    assert figures["extractor"] is None and "rec/psnr" in figures and "fd/samples" not in figures
    assert "no feature extractor for squares" in " ".join(figures["missing"])

    assert run("sample", out, "-n", 5, "--out", png) == 0
    with Image.open(png) as picture:
        assert picture.size == (3 * 18 + 2, 2 * 18 + 2)
        assert "AI-generated: 5 samples" in picture.info["Description"] and "squares" in picture.info["Description"]
    assert read_provenance(png.read_bytes())["seed"] == 0
    first = png.read_bytes()
    assert run("sample", out / "checkpoint", "-n", 5, "--out", png) == 0
    assert png.read_bytes() == first
    assert run("sample", out, "-n", 5, "--seed", 1, "--out", png) == 0
    assert png.read_bytes() != first

    capsys.readouterr()
    assert run("reconstruct", out, folder / "test" / "0.png", folder / "test" / "1.png", "--out", png) == 0
    assert len(re.findall(r"PSNR \d+\.\d dB", capsys.readouterr().out)) == 2
    with Image.open(png) as picture:
        assert "reconstructions" in picture.info["Description"]
        shown = np.asarray(picture)[2:18, 2:18]
    with Image.open(folder / "test" / "0.png") as picture:
        assert np.array_equal(shown, np.asarray(picture))

    assert run("evaluate", out, "--data", folder, "--json") == 0
    again = json.loads(capsys.readouterr().out)
    assert again["rec/psnr"] == pytest.approx(figures["rec/psnr"])
    assert "squares" in refused(capsys, "evaluate", out)


def test_measuring_again_describes_the_checkpoint_again(tmp_path, points_data, folder, capsys):
    out = tmp_path / "run"
    assert train_points(out) == 0
    before = {name: (out / "checkpoint" / name).read_bytes() for name in ("metrics.json", "README.md", "samples.png")}
    for name in before:
        (out / "checkpoint" / name).write_text("old")
    assert run("evaluate", out, "--save") == 0
    assert {name: (out / "checkpoint" / name).read_bytes() for name in before} == before
    capsys.readouterr()
    assert "leave --data out" in refused(capsys, "evaluate", out, "--save", "--data", folder)
    assert run("evaluate", out, "--seeds", 1) == 0
    assert "32 test items, 10,000 generated, seed 0." in capsys.readouterr().out
    assert "Between 1 and 100 seeds" in refused(capsys, "evaluate", out, "--seeds", 0)


def test_going_on_equals_not_having_stopped(tmp_path, points_data, capsys):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert train_points(whole) == 0
    assert run("train", "--preset", "points", "--out", parts, "--set", *QUICK[:2], "steps=4", *QUICK[3:]) == 0
    capsys.readouterr()
    assert "complete at step 4" in refused(capsys, "resume", parts)
    assert run("resume", parts, "--steps", 4, "--device", "cpu") == 0
    a, b = (load_file(path / "state.safetensors") for path in (whole, parts))
    assert all(torch.equal(a[name], b[name]) for name in a)
    a, b = (load_file(path / "checkpoint" / "model.safetensors") for path in (whole, parts))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert [type(event) for event in read_events(parts)].count(Stopped) == 1
    capsys.readouterr()
    assert "at least 1" in refused(capsys, "resume", parts, "--steps", 0)


def interrupting(monkeypatch, at_step, times=1):
    """Makes Ctrl-C arrive just before the record of that step."""
    real = cli_train.train

    def train(state, data):
        for event in real(state, data):
            if isinstance(event, Step) and event.step == at_step:
                for _ in range(times):
                    os.kill(os.getpid(), signal.SIGINT)
            yield event

    monkeypatch.setattr(cli_train, "train", train)


def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path, points_data, monkeypatch, capsys):
    handler = signal.getsignal(signal.SIGINT)
    with monkeypatch.context() as patch:
        interrupting(patch, at_step=6)
        assert train_points(tmp_path / "run") == 130
    assert signal.getsignal(signal.SIGINT) is handler
    line = capsys.readouterr().err.strip().splitlines()[-1]
    assert line == f"aegan: interrupted at step 6 and saved; go on with `python -m aegan resume {tmp_path / 'run'}`."
    assert not (tmp_path / "run" / "checkpoint").exists()
    assert "has no checkpoint yet" in refused(capsys, "sample", tmp_path / "run", "--out", tmp_path / "x.png")
    assert run("resume", tmp_path / "run") == 0
    assert train_points(tmp_path / "whole") == 0
    a, b = (load_file(tmp_path / name / "state.safetensors") for name in ("whole", "run"))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_second_ctrl_c_stops_at_once_and_keeps_the_last_save(tmp_path, points_data, monkeypatch, capsys):
    interrupting(monkeypatch, at_step=6, times=2)
    assert train_points(tmp_path / "run") == 130
    assert "the last save is kept" in capsys.readouterr().err
    monkeypatch.undo()
    assert cli_train.Run.open(tmp_path / "run").restore(torch.device("cpu")).step == 4


def test_a_run_that_diverges_ends_with_code_1_and_its_last_good_state(tmp_path, points_data, monkeypatch, capsys):
    real, calls = losses.pixel_distance, []

    def breaking(*arguments):
        calls.append(None)
        return real(*arguments) * (math.nan if len(calls) > 5 else 1)

    monkeypatch.setattr(losses, "pixel_distance", breaking)
    assert train_points(tmp_path / "run") == 1
    assert "diverged" in capsys.readouterr().err
    assert not (tmp_path / "run" / "checkpoint").exists()
    state = cli_train.Run.open(tmp_path / "run").restore(torch.device("cpu"))
    assert state.step == 4 and state.is_finite()


def test_length_may_be_given_in_images_or_seconds(tmp_path, points_data):
    def configure(*arguments):
        return cli_train.configure(cli.create_parser().parse_args(["train", "--preset", "points", *arguments]))[0].train

    assert configure("--images", "1000", "--set", "batch_size=64").steps == 16
    assert configure("--steps", "7").steps == 7
    timed = configure("--seconds", "3")
    assert (timed.seconds, timed.steps) == (3.0, 10_000_000)
    assert configure("--seed", "5").seed == 5
    with pytest.raises(SystemExit):
        configure("--steps", "7", "--seconds", "3")


def test_points_bring_their_own_networks_and_keep_the_objective(points_data):
    options = cli.create_parser().parse_args(["train", "--preset", "vae", "--data", "ring"])
    config, _ = cli_train.configure(options)
    assert config.model == get_preset("points").model
    assert config.objective == get_objective("vae")
    options = cli.create_parser().parse_args(["train", "--preset", "seed", "--data", "ring", "--objective", "gan"])
    assert cli_train.configure(options)[0].objective == get_objective("gan")


MISTAKES = {
    "an unknown option": (["--set", "widht=8"], "Did you mean width"),
    "an option without a value": (["--set", "width"], "KEY=VALUE"),
    "an option given twice": (["--set", "lr=1", "lr=2"], "set twice"),
    "a length given twice": (["--steps", "3", "--set", "steps=4"], "given twice"),
    "a value out of range": (["--set", "lr=-1"], "between 0 and 1"),
    "a value of another type": (["--steps", "many"], "type int"),
    "no resolution": (["--set", "img_resolution=big"], "whole number"),
    "an unknown preset": (["--preset", "fashon"], "Did you mean fashion"),
    "an unknown objective": (["--objective", "gann"], "Did you mean gan"),
    "an unknown data set": (["--data", "rinng"], "Did you mean ring"),
    "an unknown device": (["--device", "abacus"], "auto, cpu, cuda or mps"),
    "an odd batch": (["--set", "batch_size=9"], "multiple of 2"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_cost_one_line_and_leave_nothing(mistake, tmp_path, capsys):
    arguments, expected = MISTAKES[mistake]
    defaults = [] if "--preset" in arguments else ["--preset", "points"]
    line = refused(capsys, "train", *defaults, "--out", tmp_path / "run", *arguments)
    assert expected in line
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_missed_at_once(tmp_path, capsys):
    assert "not available" in refused(capsys, "train", "--device", "cuda", "--out", tmp_path / "run")


def test_a_folder_in_use_is_not_touched(tmp_path, points_data, capsys):
    (tmp_path / "precious.txt").write_text("mine")
    arguments = ["train", "--preset", "points", "--out", tmp_path, "--set", *QUICK]
    assert "not empty" in refused(capsys, *arguments)
    assert [p.name for p in tmp_path.iterdir()] == ["precious.txt"]


def test_checkpoints_that_are_none_are_named(tmp_path, points_data, capsys):
    png = tmp_path / "x.png"
    assert "no checkpoint folder" in refused(capsys, "sample", "nothing", "--out", png)
    assert "cannot be read" in refused(capsys, "sample", tmp_path, "--out", png)
    assert "not the folder of a run" in refused(capsys, "resume", tmp_path)
    assert train_points(tmp_path / "run") == 0
    capsys.readouterr()
    assert "between 1 and" in refused(capsys, "sample", tmp_path / "run", "-n", "0", "--out", png)
    assert ".png file" in refused(capsys, "sample", tmp_path / "run", "--out", tmp_path / "x.jpg")
    assert ".png file" in refused(capsys, "sample", tmp_path / "run", "--out", tmp_path / "no" / "x.png")
    assert "2-D points only" in refused(capsys, "reconstruct", tmp_path / "run", "a.png", "--out", png)
    (tmp_path / "run" / "checkpoint" / "model.safetensors").write_bytes(b"nonsense")
    assert "safetensors" in refused(capsys, "evaluate", tmp_path / "run")
    assert not png.exists()


def test_points_are_drawn(tmp_path, points_data):
    assert train_points(tmp_path / "run") == 0
    assert run("sample", tmp_path / "run", "-n", 300, "--out", tmp_path / "x.png") == 0
    with Image.open(tmp_path / "x.png") as picture:
        assert picture.size == (512, 512)
        assert 0 < np.mean(np.asarray(picture) == 0) < 0.02


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        (["sample", "fashion"], "required: --out"),
        (["train", "--steps", "3", "--images", "4"], "not allowed with argument"),
        (["sample", "fashion", "-n", "x", "--out", "a.png"], "invalid int value: 'x'"),
    ],
)
def test_wrong_words_get_one_line(words, sentence, capsys):
    with pytest.raises(SystemExit) as end:
        run(*words)
    error = capsys.readouterr().err
    assert end.value.code == 2
    assert error.count("\n") == 1 and sentence in error and "--help" in error


def test_fetch_says_where_a_set_is(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("aegan.cli_use.fetch", lambda name: tmp_path / name)
    assert run("fetch", "mnist") == 0
    assert str(tmp_path / "mnist") in capsys.readouterr().out
    monkeypatch.undo()
    assert "cannot be fetched" in refused(capsys, "fetch", "ring")


def test_help_lists_every_option(capsys):
    with pytest.raises(SystemExit) as end:
        run("train", "--help")
    assert end.value.code == 0
    text = capsys.readouterr().out
    assert all(f"{name}=" in text for name in OPTIONS)
    assert all(name in text for name in PRESETS)


def test_info_tells_what_is_here(capsys):
    assert run("info", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["versions"]["torch"] in torch.__version__
    assert {"fashion-mnist", "ring"} <= {data["name"] for data in facts["data"]}
    assert facts["device"] and facts["hardware"] and facts["commit"]
    assert run("info") == 0
    assert "Fashion-MNIST" in capsys.readouterr().out


def test_too_little_memory_is_said_in_one_line(monkeypatch, capsys):
    def greedy(options):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate …")

    monkeypatch.setattr("aegan.cli_use.on_info", greedy)
    assert "lower batch_size" in refused(capsys, "info")


def test_the_module_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "aegan", "train", "--preset", "nothing"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("aegan: There is no preset 'nothing'") and done.stderr.count("\n") == 1


@pytest.mark.slow
def test_under_torchrun_the_first_process_alone_writes_and_prints(tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "aegan"]
    command += ["train", "--preset", "points", "--device", "cpu", "--out", str(tmp_path / "run"), "--set", *QUICK]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("checkpoint: ") == 1
    assert (tmp_path / "run" / "checkpoint" / "metrics.json").is_file()
    assert [event.step for event in read_events(tmp_path / "run") if isinstance(event, Step)] == [2, 4, 6, 8]


@pytest.mark.parametrize(
    ("objective", "kind", "reconstructs"),
    [
        ("aegan", "AE-GAN", True),
        ("gan", "GAN", False),
        ("autoencoder", "Autoencoder", True),
        ("vae-gan", "VAE-GAN", True),
    ],
)
def test_a_card_says_what_kind_of_model_it_is(objective, kind, reconstructs):
    card = model_card(get_preset(objective), {"data_title": "Fashion-MNIST"}, {})
    assert f"# {kind} on Fashion-MNIST\n" in card
    assert ("reconstructs given ones" in card) == reconstructs
