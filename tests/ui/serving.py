"""What the tests of the page look at: small models, a made-up study, and an app of its own that shows them."""

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image

from aegan.config import get_preset
from aegan.data import load_data
from aegan.export import export_decoder
from aegan.history import copy_history
from aegan.model import AEGAN
from aegan.runs import Run
from aegan.state import TrainState
from aegan.train import train
from tests.made_up import made_up_results

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Site:
    """An app that is served, and the folder of the small model that it shows first."""

    address: str
    model: Path


@contextmanager
def open_site(folder: Path, shared: Path) -> Iterator[Site]:
    """The site of all processes of tests that name the same folder `shared`. The first of them makes it, in `folder`,
    and takes it down when all others have left: starting an app takes longer than most files of tests."""
    note = shared / "site.json"
    with (shared / "site.lock").open("w") as lock:
        while True:
            fcntl.flock(lock, fcntl.LOCK_SH)  # not while one of them makes it or takes it down
            if note.exists():
                address, model = json.loads(note.read_text())
                yield Site(address, Path(model))
                return
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not note.exists():
                break
        model = train_tiny_model(folder)
        with serve([model, *make_siblings(model)], make_study(folder), folder) as address:
            note.write_text(json.dumps([address, str(model)]))
            fcntl.flock(lock, fcntl.LOCK_SH)
            try:
                yield Site(address, model)
            finally:
                fcntl.flock(lock, fcntl.LOCK_EX)
                note.unlink()


def train_tiny_model(folder: Path) -> Path:
    """A checkpoint with a history, of the real architecture but small."""
    config = get_preset("aegan").with_options(
        width=4, z_dim=8, batch_size=16, steps=24, warmup_steps=8, ramp_steps=4, log_every=4, preview_every=8,
        flow_layers=2, flow_width=16, lr=3e-3,
    )  # fmt: skip
    data = load_data(config.data, full=False)
    run = Run.create(folder / "run", config)
    state = TrainState.create(config, torch.device("cpu"))
    list(run.record(state, train(state, data)))
    state.ema.info = {"data_title": data.title, "data_license": data.license, "data_credit": data.credit}
    state.ema.save_pretrained(folder / "tiny")
    copy_history(run.folder, folder / "tiny")
    export_decoder(folder / "tiny")
    return folder / "tiny"


def make_siblings(model: Path) -> list[Path]:
    """Untrained models of the same size and data as the small one, with other objectives."""
    folders = []
    for objective in ("gan", "autoencoder"):
        config = get_preset(objective).with_options(width=4, z_dim=8, flow_layers=2, flow_width=16)
        folders.append(model.with_name(f"tiny-{objective}"))
        AEGAN(config, {"data_title": "Fashion-MNIST"}).save_pretrained(folders[-1])
    return folders


def make_study(folder: Path) -> Path:
    """A made-up study with a sheet; one of its names tries to be markup."""
    study = folder / "made-up"
    study.mkdir()
    results = made_up_results(machines=["<img src=x onerror='window.wasHacked = true'>"])
    (study / "results.json").write_text(json.dumps(results))
    Image.new("L", (64, 32), 90).save(study / "samples.webp")
    return study


@contextmanager
def serve(models: list[Path], study: Path, folder: Path) -> Iterator[str]:
    """The page, served by `python app.py` in a process of its own; nothing may fail there, no upload stay."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/"
    log, temporary = folder / "log.txt", folder / "uploads"
    command = [sys.executable, "app.py", "--port", address.split(":")[-1][:-1], "--device", "cpu"]
    command += ["--study", str(study)] + [word for model in models for word in ("--checkpoint", str(model))]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GRADIO_TEMP_DIR": str(temporary)}
    environment["AEGAN_RUNS"] = str(folder / "runs")
    with log.open("w") as out:
        app = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        wait_until_served(address, app, log)
        yield address
        assert "Traceback" not in log.read_text()
        assert not [path for path in temporary.rglob("*") if path.is_file()], "a file was left in the cache"
    finally:
        app.terminate()
        app.wait(10)


def wait_until_served(address: str, app: subprocess.Popen, log: Path) -> None:
    deadline = time.monotonic() + 300  # seconds, on a busy machine
    while time.monotonic() < deadline and app.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)  # there is nothing else to wait for before a server listens
    raise AssertionError(f"The page was not served:\n{log.read_text()}")
