"""The commands `train` and `resume`."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch

from aegan import distributed
from aegan.card import describe_protocol, figure_lines
from aegan.checkpoints import write_checkpoint
from aegan.config import Config, UserError, get_objective, get_preset
from aegan.data import Dataset, load_data
from aegan.evaluate import SEEDS, evaluate
from aegan.events import Metric, Step, Stopped
from aegan.history import append_event
from aegan.model import pick_device
from aegan.runs import Run
from aegan.state import TrainState
from aegan.terminal import Interrupt, Progress
from aegan.train import finish, train


def on_train(options: argparse.Namespace) -> int:
    device = join_processes(options.device)
    config, data = configure(options)
    state = TrainState.create(config, device)  # before the folder: what cannot be built leaves nothing behind
    folder = Path(options.out) if options.out else free_folder(f"{Path(config.data).stem}-{options.preset}")
    run = Run.create(folder, config) if distributed.is_main() else Run(folder, config)
    return complete(run, state, data)


def on_resume(options: argparse.Namespace) -> int:
    device = join_processes(options.device)
    run = Run.open(options.folder)
    state = run.restore(device)
    config = state.config
    if options.steps is not None:
        if options.steps < 1:
            raise UserError(f"--steps says how many steps more: at least 1, not {options.steps}.")
        config = config.with_options(steps=state.step + options.steps, seconds=0.0)
    elif is_over(state) and (run.checkpoint / "metrics.json").is_file():
        raise UserError(f"The run {run.folder} is complete at step {state.step:,}: give --steps N to train it further.")
    data = load_data(config.data, config.model.img_resolution, config.model.img_channels)
    state.config = config
    if distributed.is_main():
        run.change(config)
    return complete(run, state, data)


def configure(options: argparse.Namespace) -> tuple[Config, Dataset]:
    """The configuration that the options of `train` describe, and its data set.

    Resolution and channels follow the data unless they are set; 2-D points bring the networks of their own preset.

    Raises:
        UserError: for anything unknown, out of range or contradictory.
    """
    config, settings = get_preset(options.preset), parse_settings(options.set)
    objective = get_objective(options.objective) if options.objective else config.objective
    for name in ("steps", "seconds", "seed"):
        if getattr(options, name) is not None:
            if name in settings:
                raise UserError(f"{name} is given twice: use --{name} or --set {name}=…, not both.")
            settings[name] = getattr(options, name)
    shape = {} if options.data else {name: getattr(config.model, name) for name in ("img_resolution", "img_channels")}
    shape |= {name: read_whole(name, settings[name]) for name in ("img_resolution", "img_channels") if name in settings}
    data = load_data(options.data or config.data, **shape)
    if data.is_points and not config.model.is_points:
        config = get_preset("points")
    follow = {"img_resolution": data.img_resolution, "img_channels": data.img_channels} | asdict(objective)
    config = replace(config, data=options.data or config.data).with_options(**follow | settings)
    if options.seconds is not None and "steps" not in settings:
        config = config.with_options(steps=10_000_000)  # only the clock ends it
    if options.images is not None:
        config = config.with_options(steps=math.ceil(options.images / config.train.batch_size))
    return config, data


def parse_settings(pairs: Sequence[str]) -> dict[str, str]:
    """["lr=1e-3", …] -> {"lr": "1e-3", …}."""
    settings: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UserError(f"--set takes KEY=VALUE, such as lr=0.001, not {pair!r}.")
        if name in settings:
            raise UserError(f"{name} is set twice: keep one of them.")
        settings[name] = value
    return settings


def read_whole(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise UserError(f"{name} needs a whole number, not {text!r}.") from None


def join_processes(name: str) -> torch.device:
    """The device that was asked for; under torchrun, this process's own one."""
    device = pick_device(name)
    if device.type == "cuda" and device.index is None and "LOCAL_RANK" in os.environ:
        device = pick_device(f"cuda:{os.environ['LOCAL_RANK']}")
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.start(device.type)
    return device


def free_folder(name: str) -> Path:
    """runs/NAME, or runs/NAME-2, … where that is taken."""
    folder, count = Path("runs") / name, 1
    while folder.exists():
        count += 1
        folder = Path("runs") / f"{name}-{count}"
    return folder


def is_over(state: TrainState) -> bool:
    t = state.config.train
    return state.step >= t.steps or bool(t.seconds and state.seconds >= t.seconds)


def complete(run: Run, state: TrainState, data: Dataset) -> int:
    """Trains to the end, then fits the prior, measures, and writes the checkpoint."""
    progress = Progress(state.config.train, silent=not distributed.is_main())
    progress.note(f"{run.folder}: {data.title}, {len(data.train):,} training items, {state.device}")
    again = f"go on with `python -m aegan resume {run.folder}`"
    end = Stopped(state.step, "", "")
    events = run.record(state, train(state, data))
    try:
        with Interrupt() as interrupt:
            for event in events:
                progress.show(event)
                if isinstance(event, Stopped):
                    end = event
                elif isinstance(event, Step) and interrupt.is_asked:
                    events.close()  # type: ignore[attr-defined]  # saves: the run stands still at a record
                    progress.note(f"aegan: interrupted at step {event.step:,} and saved; {again}.")
                    return 130
        progress.note(end.message)
        if end.reason == "diverged":
            return 1
        if distributed.is_main():
            finish_run(run, state, data, progress)
    except KeyboardInterrupt:
        kept = f"the last save is kept; {again}" if run.has_state else "nothing was saved yet"
        progress.note(f"aegan: interrupted; {kept}.")
        return 130
    return 0


def finish_run(run: Run, state: TrainState, data: Dataset, progress: Progress) -> None:
    steps = finish(state, data)
    while True:
        try:
            progress.show(next(steps))
        except StopIteration as end:
            model = end.value
            break
    progress.note("measuring …")
    figures = evaluate(model, data, seeds=SEEDS)
    numbers = {key: float(value) for key, value in figures.items() if "/" in key}
    append_event(run.folder, Metric(state.step, numbers))
    write_checkpoint(run.checkpoint, model, figures, run)
    for label, value in figure_lines(figures):
        progress.note(f"{label}: {value}")
    progress.note(describe_protocol(figures))
    progress.note(f"checkpoint: {run.checkpoint}")
