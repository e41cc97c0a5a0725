"""The model of a run as it stood at its last save, opened: a checkpoint in the run's own folder, with all that the page
keeps beside one. Made in a process of its own, while the run goes on.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch

from aegan.atlas import save_atlas
from aegan.checkpoints import describe_checkpoint, hardware, save_model
from aegan.config import UserError
from aegan.data import Dataset
from aegan.directions import save_axes
from aegan.events import Changed, Metric
from aegan.export import export_decoder
from aegan.familiarity import measure_familiarity, save_familiarity
from aegan.features import extractor_for
from aegan.history import copy_history, read_changes, read_events
from aegan.model import AEGAN
from aegan.runs import STATE, Run
from aegan.train import finish
from aegan.uploads import load_run_data

log = logging.getLogger(__name__)

OPENED = "opened"
#: The prior's last fit: as short as is worth while. On Fashion-MNIST, held-out codes had -6.3, -5.6 and -5.2 nats each
#: from the running fit after 150, 400 and 800 steps of the page's recipe, and +3.1, -1.4 and -1.2 after 50 steps more
#: on 4,000 images, which take 3 s of one busy core; +5.0, -0.5 and -0.7 after 100 steps, which take 5 s.
#: Of pictures larger than 32 pixels fewer are encoded, in proportion to their side.
PRIOR_STEPS, PRIOR_IMAGES = 50, 4000
MOST_TESTS = 500  # test images whose errors are measured
READY, COMPLETE = "ready", "complete"  # it can be looked at; all is there


def version_of(run: Run) -> str | None:
    """What tells one save of a run from another; None where nothing was saved yet."""
    return None if run.saved_at is None else f"{run.saved_at:x}"


def opened_folder(run: Run, version: str) -> Path:
    return run.folder / OPENED / version


def find_opened(run: Run) -> str | None:
    """The version that was opened last and is complete; None where there is none."""
    with suppress(OSError):
        found = [path for path in (run.folder / OPENED).iterdir() if (path / COMPLETE).is_file()]
        return max(found, key=lambda path: path.stat().st_mtime_ns).name if found else None
    return None


def open_run(run: Run, version: str, device: str = "cpu", machine: str = "") -> Iterator[tuple[str, float]]:
    """Makes the checkpoint of the last save, and removes those of earlier ones.

    Its config.json is that of the moment, and the state itself lies beside it, as a package needs it. What cannot be
    made, an index of 2-D points, say, is left out.

    Args:
        run: may go on meanwhile.
        version: of its last save.
        device: where it trains, for the card …
        machine: … and that in words; `hardware(device)` if empty.

    Yields:
        What comes next ("prior", "axes", READY, "decoder", "familiarity", "nearest", "card", COMPLETE), and which share
        of all is done.

    Raises:
        UserError: if the save or its data cannot be used.
    """
    folder = opened_folder(run, version)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _link(run.folder / STATE, folder / STATE)
    yield "prior", 0.05
    state = Run(folder, run.config).restore(torch.device("cpu"))
    kept = state.config = run.config.with_options(**read_changes(run.folder, state.step))
    data = load_run_data(run.folder, kept)
    state.config = kept.with_options(prior_steps=PRIOR_STEPS)
    fit = finish(state, _part(data))
    model: AEGAN | None = None
    while model is None:
        try:
            event = next(fit)
            yield "prior", 0.05 + 0.35 * event.values["progress/prior"]
        except StopIteration as end:
            model = end.value
    model.config = kept
    model.info |= {
        "device": device,
        "hardware": machine or hardware(device),
        "changes": _changes(run.folder, state.step),
    }
    save_model(folder, model)
    yield "axes", 0.42
    if model.generator is not None:
        save_axes(folder, model)
    yield READY, 0.5
    for name, share, make in _extras(run, folder, model, data):
        yield name, share
        try:
            make()
        except UserError as error:
            log.info("%s: %s", name, error)
    (folder / COMPLETE).touch()
    for other in (run.folder / OPENED).iterdir():
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    yield COMPLETE, 1.0


def work(pipe: Connection, run_folder: str, version: str, device: str) -> None:
    """`open_run` in a process of its own: sends what it yields, or at last a sentence that says why it failed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 5)  # the page comes first; then who waits here; then runs
    machine = hardware(device)  # before it is told of fewer threads
    torch.set_num_threads(1)
    try:
        for news in open_run(Run.open(run_folder), version, device, machine):
            pipe.send(news)
    except UserError as error:
        log.warning("%s", error)
        pipe.send("The run's last save could not be read: let it go on for a moment, and open it again.")
    except OSError as error:
        log.warning("%s", error)  # the page is gone, or the disk is full
        with suppress(OSError):
            pipe.send("The server's disk is full, so the run could not be opened: try again later.")
    pipe.close()


def _extras(run: Run, folder: Path, model: AEGAN, data: Dataset) -> list[tuple[str, float, Callable[[], Any]]]:
    """What comes after the model itself: (name, share of all before it, what makes it)."""

    def judge() -> None:
        if model.encoder is not None and not data.is_points:
            tests = np.random.default_rng(0).permutation(len(data.test))[:MOST_TESTS]
            save_familiarity(folder, measure_familiarity(model, dataclasses.replace(data, test=data.test[tests])))

    def describe() -> None:
        copy_history(run.folder, folder, until=model.info["step"])
        describe_checkpoint(folder, model, _figures(folder, model, data))

    return [
        ("decoder", 0.5, lambda: export_decoder(folder)),
        ("familiarity", 0.7, judge),
        ("nearest", 0.75, lambda: save_atlas(folder, data)),
        ("card", 0.9, describe),
    ]


def _link(source: Path, target: Path) -> None:
    """The same file under another name: the run replaces its state as a whole and never writes into it."""
    try:
        os.link(source, target)
    except OSError:  # a file system without hard links
        shutil.copyfile(source, target)


def _part(data: Dataset) -> Dataset:
    chosen = np.random.default_rng(0).permutation(len(data.train))[: PRIOR_IMAGES * 32 // max(32, data.img_resolution)]
    return dataclasses.replace(data, train=data.train[chosen])


def _changes(folder: Path, step: int) -> list[tuple[int, str]]:
    """What the owner changed in mid-run up to that step, in words."""
    changes = (event for event in read_events(folder, last_preview_only=True) if isinstance(event, Changed))
    return [
        (change.step, ", ".join(f"{name}={value:g}" for name, value in change.values.items()))
        for change in changes
        if change.step <= step
    ]


def _figures(folder: Path, model: AEGAN, data: Dataset) -> dict[str, Any]:
    """What was last measured of the run on a small sample, as a card shows it; {} where nothing was."""
    events = [event for event in read_events(folder, last_preview_only=True) if isinstance(event, Metric)]
    measured = [event for event in events if "n" in event.values and event.step <= model.info["step"]]
    if not measured:
        return {}
    names = {"fd/samples": "fd/samples", "recall": "prdc/recall", "coverage": "prdc/coverage"}
    last, count = measured[-1].values, int(measured[-1].values["n"])
    figures: dict[str, Any] = {names[name]: value for name, value in last.items() if name in names and value == value}
    figures |= {name: value for name, value in last.items() if name.startswith("modes/")}
    note = f"Measured in training at step {measured[-1].step:,}, on few samples and before the prior's last fit."
    shape = (data.img_resolution, data.img_channels)
    figures |= {
        "generated_count": count, "test_count": min(count, len(data.test)), "split": data.split,
        "seed": model.config.train.seed, "extractor": extractor_for(data.name, *shape) or "", "missing": [note],
    }  # fmt: skip
    return figures if figures.keys() & {*names.values(), "modes/found"} else {}
