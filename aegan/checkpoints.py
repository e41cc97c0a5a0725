"""Checkpoint folders: the model, its card, its figures, its history; and where a model comes from."""

from __future__ import annotations

import functools
import json
import os
import platform
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from aegan.card import CURVES, SAMPLES, model_card
from aegan.config import UserError
from aegan.events import Step
from aegan.history import copy_history, read_events, write_atomic
from aegan.model import AEGAN
from aegan.plots import sample_sheet, training_curves
from aegan.runs import CHECKPOINT, Run

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "checkpoints"
METRICS = "metrics.json"


def shipped_models() -> list[str]:
    """Names of the models that come with the project."""
    return sorted(path.parent.name for path in SHIPPED.glob("*/config.json"))


def find_checkpoint(name: str) -> str:
    """What `AEGAN.from_pretrained` takes: a shipped model by its name, a folder, a run's checkpoint, or a Hub name.

    Raises:
        UserError: for a run that has no checkpoint yet.
    """
    if name in shipped_models():
        return str(SHIPPED / name)
    folder = Path(name)
    if (folder / CHECKPOINT / "config.json").is_file():
        return str(folder / CHECKPOINT)
    if (folder / "run.json").is_file():
        raise UserError(f"The run {name} has no checkpoint yet: finish it with `python -m aegan resume {name}`.")
    return name


def write_checkpoint(folder: Path, model: AEGAN, figures: dict[str, Any], run: Run | None = None) -> None:
    """Writes the model with all that describes it and, of a run, its history and curves.

    Args:
        folder: made when missing.
        model: with its info filled in; commit and hardware are added here.
        figures: what `evaluate` gave.
        run: whose events and previews are copied, so that the training can be replayed.

    Raises:
        UserError: if something cannot be written.
    """
    save_model(folder, model)
    if run is not None:
        copy_history(run.folder, folder)
    describe_checkpoint(folder, model, figures)


def save_model(folder: Path, model: AEGAN) -> None:
    """Writes model.safetensors and config.json; the model's info says commit and hardware from now on, if it did not.

    Raises:
        UserError: if something cannot be written.
    """
    # A data set's path on this machine is nobody's business: its name goes out.
    model.config = replace(model.config, data=str(model.info.get("data", model.config.data)))
    model.info = {"commit": commit(), "hardware": hardware(model.info.get("device", "cpu")), **model.info}
    model.save_pretrained(folder)


def describe_checkpoint(folder: Path, model: AEGAN, figures: dict[str, Any]) -> None:
    """Writes README.md (the model card), samples.png, training.png and, if anything was measured, metrics.json.

    Raises:
        UserError: if something cannot be written.
    """
    steps = [event for event in read_events(folder) if isinstance(event, Step)]
    if steps:
        write_atomic(folder / CURVES, training_curves(steps))
    if model.generator is not None:
        write_atomic(folder / SAMPLES, sample_sheet(model, 1000 if model.config.model.is_points else 64))
    write_atomic(folder / "README.md", model_card(model.config, model.info, figures).encode())
    if figures:
        write_atomic(folder / METRICS, (json.dumps(figures, indent=2) + "\n").encode())


@functools.cache
def commit() -> str:
    """Commit of the program, with "-dirty" where files were changed since; "unknown" outside a clone."""
    if not (ROOT / ".git").exists():
        return "unknown"
    try:
        command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def hardware(device: str) -> str:
    """Name of the device in words, such as "AMD EPYC, 2 threads"."""
    if device.startswith("cuda") and torch.cuda.is_available():
        return torch.cuda.get_device_name(device)
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            lines = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
        name = lines[0] if lines else name
    except OSError:  # only Linux has it
        pass
    return f"{name}, {torch.get_num_threads()} of {os.cpu_count()} threads" + (", MPS" if device == "mps" else "")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that matter."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in ("torch", "torchvision", "gradio", "huggingface-hub", "safetensors", "numpy", "Pillow"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found
