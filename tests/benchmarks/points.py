"""Modes found in 2-D mixtures: `python -m tests.benchmarks.points [ring grid]` gives README's table, in minutes.

The preset for points, and a plain GAN with the same networks, batches and steps, in the best of the settings tried
for it; three trainings each. Samples are drawn from the prior that each was given: fitted, or N(0, I) for the GAN.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from statistics import mean, stdev

import torch

from aegan.checkpoints import commit, hardware
from aegan.config import Config, get_objective, get_preset
from aegan.data import Dataset, load_data
from aegan.metrics import mode_coverage
from aegan.model import AEGAN
from aegan.state import TrainState
from aegan.train import finish, train

SAMPLES = 2500  # as in VEEGAN (arXiv:1705.07761, section 5.1) and PacGAN (arXiv:1712.04086, section 4.1)
SEEDS = range(3)


def recipe(objective: str, kind: str) -> Config:
    """The preset for points on a mixture, or its GAN: `objective` is aegan or gan."""
    config = replace(get_preset("points"), data=kind)
    if objective == "aegan":
        return config
    return replace(config, objective=get_objective("gan")).with_options(
        z_dim=2, gamma=0.01, adv_kind="relativistic", lr=3e-4, lr_d=1e-3
    )


def modes_of(config: Config) -> tuple[int, float]:
    """Modes found, and share of samples within three deviations of one, of a model trained as told."""
    data = load_data(config.data)
    assert data.modes is not None
    model = trained(config).requires_grad_(False)
    points = model.sample(SAMPLES, torch.Generator().manual_seed(1)).flatten(1).numpy()
    return mode_coverage(points, data.modes, data.mode_std)


def trained(config: Config) -> AEGAN:
    """The model to show, its prior fitted."""
    data = load_data(config.data)
    state = TrainState.create(config, torch.device("cpu"))
    for _ in train(state, data):
        pass
    return finished(state, data)


def finished(state: TrainState, data: Dataset) -> AEGAN:
    """The model to show of a training as it stands."""
    last_fit = finish(state, data)
    while True:
        try:
            next(last_fit)
        except StopIteration as end:
            return end.value


def main() -> None:
    torch.set_num_threads(1)
    print(
        f"{hardware('cpu')}, torch {torch.__version__}, commit {commit()}, {SAMPLES:,} samples, {len(SEEDS)} trainings"
    )
    print("| | modes found | good samples | seconds |\n|---|---|---|---|")
    for kind in sys.argv[1:] or ["ring", "grid"]:
        data = load_data(kind)
        _, own = mode_coverage(data.test, data.modes, data.mode_std)
        print(f"| {kind}: the data | {len(data.modes)} | {own:.1%} | |")
        for objective in ("aegan", "gan"):
            start = time.process_time()
            runs = [modes_of(recipe(objective, kind).with_options(seed=seed)) for seed in SEEDS]
            found, good = zip(*runs, strict=True)
            seconds = (time.process_time() - start) / len(runs)
            spread = f"{mean(good):.1%} ± {stdev(good):.1%}"
            counts = ", ".join(map(str, found))
            print(f"| {kind}: {objective} | {counts} of {len(data.modes)} | {spread} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
