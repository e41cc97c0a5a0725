"""A run: the order of the images, one stream of events, the last fit of the prior."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aegan import distributed
from aegan.config import Config, UserError
from aegan.data import Dataset
from aegan.events import Event, Metric, Step, Stopped
from aegan.images import to_model
from aegan.look import Gauge, Looks, Previews
from aegan.model import AEGAN
from aegan.prior import FlowPrior
from aegan.state import TrainState
from aegan.step import train_step

LOOKS = 100  # before they become rarer, half as frequent whenever a run has doubled: each takes 10 kB on the disk
WATCHED_STEPS = 2  # before a record, in which gradients are measured; D's not in a step with a penalty


class Batches:
    """The real images, on the device, in an order fixed by the seed: every epoch is a new permutation."""

    def __init__(self, data: Dataset, state: TrainState) -> None:
        train = torch.from_numpy(np.ascontiguousarray(data.train))
        fits = state.device.type != "cpu" and train.nbytes < 8e9
        self.images = train.to(state.device) if fits else train
        self.state, self.epoch, self.order = state, -1, torch.empty(0)

    def next(self) -> Tensor:
        """This process's part of the next global batch [N, C, H, W]; a function of the images seen so far."""
        state, total = self.state, len(self.images)
        n = state.config.train.batch_size // distributed.world()
        first = state.nimg + distributed.rank() * n
        parts, end = [], first + n
        while first < end:  # a batch may reach into the next epoch
            offset = first % total
            parts.append(self._order(first // total)[offset : offset + end - first])
            first += len(parts[-1])
        batch = to_model(self.images[torch.cat(parts)]).to(state.device)
        return batch.contiguous(memory_format=torch.channels_last)

    def _order(self, epoch: int) -> Tensor:
        if epoch != self.epoch:
            rng = torch.Generator().manual_seed(self.state.config.train.seed * 100_003 + epoch)
            self.epoch, self.order = epoch, torch.randperm(len(self.images), generator=rng).to(self.images.device)
        return self.order


def train(state: TrainState, data: Dataset, between: Callable[[], str] | None = None) -> Iterator[Event]:
    """Trains up to the configuration's steps or seconds; yields events, `Stopped` last.

    The run stands still while an event is being read: after a `Step`, its state may be saved; closing the iterator
    ends the run. Nothing is read back from the device between two records.

    Args:
        state: what is trained, in place.
        data: what on.
        between: called before every step, and may take its time, which is not the run's: the state stands still
            and may be saved, and the weights and learning rates of its configuration may be changed. Returns "run";
            or "d", "g" or "both" for a single step of that player, which is recorded and shown at once; or "end",
            upon which the stream ends without `Stopped`.

    Raises:
        UserError: when the data do not fit the model.
    """
    check_data(state.config, data)
    t = state.config.train
    batches, gauge = Batches(data, state), Gauge(state, data)
    previews, looks = Previews(state, data), Looks(state, data)
    sums: dict[str, Tensor] = {}
    counts: dict[str, int] = {}
    good, since = _snapshot(state), state.nimg
    if state.step == 0:
        yield previews.take()
        yield looks.take()
    clock = time.perf_counter()
    while state.step < t.steps and not (t.seconds and state.seconds >= t.seconds):
        order = "run"
        if between is not None:
            asked = time.perf_counter()
            order = between()
            clock += time.perf_counter() - asked
        if order == "end":
            return
        single = order != "run"
        if single:  # its figures are its own
            sums, counts = {}, {}
        to_record = min(t.log_every - state.step % t.log_every, t.steps - state.step)
        watched = single or to_record <= WATCHED_STEPS
        for name, value in train_step(state, batches.next(), order if single else "both", watched).items():
            sums[name] = sums.get(name, 0) + value.detach()
            counts[name] = counts.get(name, 0) + 1
        ends = state.step >= t.steps
        if state.step % t.log_every and not (ends or single):
            continue
        metrics = _read(sums, counts)
        elapsed = time.perf_counter() - clock
        state.seconds += elapsed
        if distributed.world() > 1:  # all processes must agree on when to stop
            state.seconds = float(distributed.mean(torch.tensor(state.seconds, device=state.device)))
        if not (all(np.isfinite(list(metrics.values()))) and state.is_finite()):
            failed = state.step
            state.load(*good)
            yield Stopped(state.step, "diverged", _explain_divergence(metrics, failed, state.step))
            return
        good = _snapshot(state)
        metrics["time/images_per_second"] = (state.nimg - since) / max(elapsed, 1e-9)
        sums, counts, since = {}, {}, state.nimg
        yield Step(state.step, state.nimg, state.seconds, metrics)
        ends = ends or bool(t.seconds and state.seconds >= t.seconds)
        if ends or single or _passed(state, t.preview_every):
            yield previews.take()
            if (
                ends
                or single
                or _passed(state, t.preview_every << (state.step // t.preview_every // LOOKS).bit_length())
            ):
                yield looks.take()
        if gauge.can_measure and t.measure_every and (ends or _passed(state, t.measure_every)):
            figures = gauge.take()
            if figures is not None:
                yield figures
        clock = time.perf_counter()
    if state.step >= t.steps:
        yield Stopped(state.step, "finished", f"Finished after {state.step:,} steps.")
    else:
        yield Stopped(state.step, "time", f"Stopped after {state.seconds:.0f} seconds, at step {state.step:,}.")


def check_data(config: Config, data: Dataset) -> None:
    """Raises UserError unless the data set's images are of the model's shape."""
    shape = (2, 1, 1) if data.is_points else (data.img_channels, data.img_resolution, data.img_resolution)
    if shape != config.model.x_shape:
        raise UserError(
            f"{data.title} has {shape[0]} channels at {shape[1]} pixels, but the model is built for "
            f"{config.model.img_channels} at {config.model.img_resolution}: set img_channels and img_resolution."
        )


def _passed(state: TrainState, every: int) -> bool:
    """Whether a multiple of `every` lies among the steps since the last regular record."""
    return state.step // every > (state.step - state.config.train.log_every) // every


def _read(sums: dict[str, Tensor], counts: dict[str, int]) -> dict[str, float]:
    """Means over the steps since the last record (and over processes), in one transfer."""
    means = distributed.mean(torch.stack([sums[name] / counts[name] for name in sums]).float())
    return dict(zip(sums, means.tolist(), strict=True))


def _snapshot(state: TrainState) -> tuple[dict[str, Tensor], dict[str, Any]]:
    return {name: t.clone() for name, t in state.tensors().items()}, state.scalars()


def _explain_divergence(metrics: dict[str, float], failed: int, kept: int) -> str:
    broken = [name for name, value in metrics.items() if not np.isfinite(value)]
    what = f"{', '.join(broken)} stopped being a number" if broken else "a weight stopped being a number"
    return (
        f"Training diverged: {what} before step {failed:,}. The state of step {kept:,} was kept. "
        "Try a lower learning rate (lr, lr_d), a larger gamma, or precision=fp32."
    )


def fit_prior(
    model: AEGAN, images: np.ndarray, steps: int, seed: int = 0, rate: float | None = None
) -> Iterator[float]:
    """Fits the prior, in place, on the codes of all training images (uint8 [N, H, W, C] or points [N, 2]).

    Yields progress in (0, 1]. A flow goes on from where it stands, at the learning rate `rate` or else `lr_prior`.
    """
    if not model.config.objective.is_tied or not steps:
        return
    parts = []
    size = 64 if model.device.type == "cpu" else 512  # more leave a processor's cache: 1.5 times as long
    for number, first in enumerate(range(0, len(images), size)):
        x = to_model(torch.from_numpy(images[first : first + size])).to(model.device)
        parts.append(_encode_plainly(model, x))
        if number % 10 == 0:
            yield 0.2 * first / len(images)
    codes = torch.cat(parts)
    model.prior.requires_grad_(True)
    if isinstance(model.prior, FlowPrior):
        model.prior.standardise(codes)
    rng = torch.Generator(model.device).manual_seed(seed)
    for progress in model.prior.fit(codes, steps, rate or model.config.train.lr_prior, rng):
        yield 0.2 + 0.8 * progress
    model.prior.requires_grad_(False)


def _encode_plainly(model: AEGAN, x: Tensor) -> Tensor:
    with torch.no_grad():
        return model.encode(x)


def finish(state: TrainState, data: Dataset) -> Generator[Metric, None, AEGAN]:
    """The model to show: a copy of the averaged weights with the prior's last fit; the state itself is untouched.

    Yields `Metric` with `progress/prior`; the AEGAN is the generator's return value (`model = yield from finish(…)`).
    """
    model = copy.deepcopy(state.ema)
    for progress in fit_prior(model, data.train, state.config.train.prior_steps, state.config.train.seed):
        yield Metric(state.step, {"progress/prior": progress})
    model.info = {
        "step": state.step,
        "nimg": state.nimg,
        "seconds": round(state.seconds, 1),
        "seed": state.config.train.seed,
        "data": data.name,
        "data_title": data.title,
        "data_license": data.license,
        "data_credit": data.credit,
        "device": state.device.type,
        "torch": str(torch.__version__),
    }
    return model
