"""What one pass of E and G for both players is worth: `python -m tests.benchmarks.passes`.

It is the ingredient of the ablation that has no switch. The study's AE-GAN on Fashion-MNIST, once as it is and once
with E and G run anew, on other latents, for each player, as one would first write it. Both learn in turns on one core
until each has had the study's five minutes of processor time, so that a machine's moods favour neither. Ten minutes
and the measuring.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from aegan.augment import augment
from aegan.checkpoints import commit, hardware
from aegan.config import get_preset
from aegan.data import Dataset, load_data
from aegan.evaluate import evaluate
from aegan.randomness import StepRandom
from aegan.state import TrainState
from aegan.step import (
    adversarial_ramp,
    forward,
    train_step,
    update_average,
    update_discriminators,
    update_generator,
    update_prior,
)
from aegan.study_rows import common_config, make_row
from aegan.train import Batches
from tests.benchmarks.points import finished

BUDGET = 300.0  # seconds of processor time for each
TURN = 10  # steps
#: What the study's trials chose for the AE-GAN on Fashion-MNIST (assets/studies/fashion-mnist/table.md).
CHOSEN = {"lr": 1.5e-3, "lr_d": 1.5e-3, "spectral_norm": True, "gamma": 0.0}


def step_apart(state: TrainState, x: torch.Tensor) -> None:
    """`train_step` at constant rates, with a pass of E and G for D, without gradients, and another for E and G."""
    random = StepRandom(state.config.train.seed, state.step, state.device)
    ramp = adversarial_ramp(state.config, state.step)
    x = augment(x, state.config, random)
    if ramp > 0:
        with torch.no_grad():
            made = forward(state, x, random, adversarial=True)
        update_discriminators(state, made, random)
    made = forward(state, x, random, adversarial=ramp > 0)
    update_generator(state, made, random, ramp)
    update_prior(state, made, random)
    update_average(state)
    state.step += 1
    state.nimg += len(x)


@dataclass
class Training:
    """One of the two, and the processor time that it has had."""

    name: str
    step: Callable[[TrainState, torch.Tensor], object]
    state: TrainState
    batches: Batches
    seconds: float = 0.0
    judging: float = 0.0  # of the seconds, those after the warm-up …
    judged: int = 0  # … and the steps in them

    def turn(self) -> None:
        first = self.state.config.train.warmup_steps
        warm = self.state.step >= first
        start = time.process_time()
        for _ in range(TURN):
            self.step(self.state, self.batches.next())
        spent = time.process_time() - start
        self.seconds += spent
        if warm:
            self.judging, self.judged = self.judging + spent, self.judged + TURN

    def measure(self, data: Dataset) -> str:
        figures = evaluate(finished(self.state, data), data, seeds=3)
        fd, spread, rec = (figures[key] for key in ("fd/samples", "fd/samples_sd", "fd/reconstructions"))
        return f"| {self.name} | {self.state.nimg:,} | {self.seconds:.0f} | {fd:.2f} ± {spread:.2f} | {rec:.2f} |"


def main() -> None:
    torch.set_num_threads(1)
    data = load_data("fashion-mnist")
    config = make_row("aegan", common_config(replace(get_preset("aegan"), data=data.name)), CHOSEN).config
    states = [TrainState.create(config, torch.device("cpu")) for _ in range(2)]
    shared, apart = (
        Training(name, step, state, Batches(data, state))
        for name, step, state in zip(
            ("one pass for both", "one pass for each"), (train_step, step_apart), states, strict=True
        )
    )
    print(f"{hardware('cpu')}, torch {torch.__version__}, commit {commit()}")
    while apart.seconds < BUDGET:
        shared.turn()
        apart.turn()
    ratio = (apart.judging / apart.judged) / (shared.judging / shared.judged)
    print(f"a step of both players takes {ratio:.2f} times as long with a pass for each")
    print("| | images | seconds | FD of samples | FD of reconstructions |\n|---|---|---|---|---|")
    print(shared.measure(data), flush=True)
    print(apart.measure(data), flush=True)
    while shared.seconds < BUDGET:
        shared.turn()
    print(shared.measure(data))


if __name__ == "__main__":
    main()
