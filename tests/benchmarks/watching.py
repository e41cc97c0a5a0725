"""A training on the page after one and five minutes, measured: `python -m tests.benchmarks.watching FOLDER`.

The page's own recipes for Fashion-MNIST on one core, in seconds of processor time, so that other programs change
nothing; judged on the test images, from three draws. Sheets of samples are written into the folder, and all of them
side by side: `watching.webp`, the picture in README.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import torch

from aegan.checkpoints import commit, hardware
from aegan.data import load_data
from aegan.evaluate import evaluate
from aegan.events import Step
from aegan.images import encode_webp, open_image
from aegan.plots import sample_sheet
from aegan.provenance import SOFTWARE, to_xmp
from aegan.state import TrainState
from aegan.train import train
from aegan.ui.recipes import recipe
from tests.benchmarks.points import finished

OBJECTIVES = "gan", "aegan"
MARKS = 60.0, 300.0  # seconds
GAP = 12  # pixels between two sheets
FIGURES = {"FD": "fd/samples", "precision": "prdc/precision", "recall": "prdc/recall", "coverage": "prdc/coverage"}


def watch(objective: str, folder: Path) -> None:
    data = load_data("fashion-mnist")
    config = recipe("fashion-mnist", objective).with_options(steps=1_000_000, preview_every=1_000_000, measure_every=0)
    state, marks, spent = TrainState.create(config, torch.device("cpu")), list(MARKS), 0.0
    before = time.process_time()
    for event in train(state, data):
        if not isinstance(event, Step):
            continue
        spent += time.process_time() - before
        if spent >= marks[0]:
            model = finished(state, data)
            mark = marks.pop(0)
            (folder / _name(objective, mark)).write_bytes(sample_sheet(model))
            figures = evaluate(model, data, seeds=3)
            row = [f"{figures[key]:.2f} ± {figures[f'{key}_sd']:.2f}" for key in FIGURES.values()]
            print(f"| {objective} | {mark:.0f} s | {state.step:,} | {' | '.join(row)} |", flush=True)
        if not marks:
            return
        before = time.process_time()


def _name(objective: str, mark: float) -> str:
    return f"{objective}-{mark:.0f}s.png"


def join(folder: Path) -> None:
    """All sheets in a row, on a clear ground."""
    sheets = [
        np.asarray(open_image((folder / _name(o, m)).read_bytes()).convert("L")) for o in OBJECTIVES for m in MARKS
    ]
    clear = np.zeros((sheets[0].shape[0], GAP, 4), np.uint8)
    rows = [np.dstack([sheet, sheet, sheet, np.full_like(sheet, 255)]) for sheet in sheets]
    picture = np.concatenate([part for row in rows for part in (row, clear)][:-1], 1)
    words = "AI-generated: samples of a GAN and of an AE-GAN, each after 60 s and after 300 s of training."
    note = {"generated": True, "description": words, "software": SOFTWARE, "data": "Fashion-MNIST"}
    (folder / "watching.webp").write_bytes(encode_webp(picture, to_xmp(note)))


def main() -> None:
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    print(f"{hardware('cpu')}, torch {torch.__version__}, commit {commit()}")
    print(f"| objective | after | steps | {' | '.join(FIGURES)} |\n|{'---|' * (3 + len(FIGURES))}")
    for objective in OBJECTIVES:
        watch(objective, folder)
    join(folder)


if __name__ == "__main__":
    main()
