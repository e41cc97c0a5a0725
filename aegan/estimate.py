"""What a run will take, before it starts: weights, memory, images per second.

Memory is counted: weights times what training keeps of each, plus what the passes of a small batch hold, times the
batch. Speed is measured: a few steps of the very configuration, in a process of their own that is ended after three
seconds. Whatever else computes just then, such as the visitor's own browser building the page on the same cores, makes
these steps slower, never faster: so the best of a few measurements counts.
"""

from __future__ import annotations

import statistics
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aegan.config import Config, TrainConfig
from aegan.job import THREADS
from aegan.jobs import Jobs
from aegan.launch import start_process
from aegan.model import pick_device
from aegan.networks import Discriminator, Encoder, Generator, LatentDiscriminator
from aegan.prior import build_prior
from aegan.state import TrainState
from aegan.step import train_step
from aegan.worker import WEIGHTS, give_way

PROBE_SECONDS = 3.0  # after which the process is ended, …
START_SECONDS = {"cpu": 4.0, "cuda": 12.0}  # … and what it may take to begin: a GPU is slow to be opened
STEP_SECONDS = 0.6  # of steps, in each phase of the run
MOST_TIMES = 4  # that one cost is measured, …
ALIKE = 0.8  # … or until the second best speed is at least this part of the best
MOST_KEPT = 256  # estimates

#: Bytes kept of each weight: itself, its average, two moments, gradient; the last good state's copies of the first
#: four; and the file that a save is made of, as bytes, once more.
BYTES_PER_WEIGHT = 4 * (5 + 4 + 4)
#: What a pass holds for each byte that it keeps for its gradients: these, the widest layers' gradients, working memory.
#: Measured on one core: 1.5 to 1.8 for batches of 32 to 256 at 28 and 64 pixels.
OVERHEAD = 1.6
LIBRARIES = 56 * 2**20  # bytes that the first step's libraries take
SMALL_BATCHES = (4, 8)


@dataclass(frozen=True)
class Estimate:
    """What a run will take. None: not measured."""

    weights: dict[str, int]  # network -> number of its weights
    memory: int | None = None  # bytes that the run adds to an idle process, or has on the GPU
    most_memory: int | None = None  # bytes that it may have
    images_per_second: float | None = None
    seconds: float | None = None  # of the whole run
    measured_memory: int | None = None  # bytes that the measured steps did take
    is_sure: bool = False  # whether it stays so when asked again

    @property
    def fits(self) -> bool:
        return self.memory is None or self.most_memory is None or self.memory <= self.most_memory


def count_weights(config: Config) -> dict[str, int]:
    """Network -> number of its weights; only networks in use. Nothing is allocated but the prior's."""
    m, o, code_dim = replace(config.model, spectral_norm=False), config.objective, config.code_dim
    with torch.device("meta"):
        found: dict[str, torch.nn.Module | None] = {
            "encoder": Encoder(m, code_dim, o.kl > 0) if o.needs_encoder else None,
            "generator": Generator(m, m.z_dim, m.depth) if o.needs_generator else None,
            "own_decoder": Generator(m, code_dim, m.encoder_depth) if o.own_decoder else None,
            "discriminator": Discriminator(m) if o.needs_discriminator else None,
            "latent_discriminator": LatentDiscriminator(m, code_dim) if o.needs_latent_discriminator else None,
        }
    found["prior"] = build_prior(m, torch.Generator()) if o.is_tied else None
    return {name: sum(p.numel() for p in part.parameters()) for name, part in found.items() if part is not None}


class Estimates:
    """Estimates for the runs of this server, kept by what their cost depends on; one is measured at a time."""

    def __init__(self, jobs: Jobs, seconds: float = PROBE_SECONDS) -> None:
        self._jobs, self._seconds = jobs, seconds
        self._lock, self._kept = threading.Lock(), OrderedDict[Any, list[dict[str, Any]]]()

    def of(self, config: Config) -> Estimate:
        """The estimate, measured once more unless it is sure.

        Without memory and speed while they are not known and all places are taken or another one is being measured.
        """
        weights = count_weights(config)
        kind, running = _what_costs(config), self._jobs.count_running()
        key = (kind, running)
        found = self._kept.get(key, [])
        has_room = not self._jobs.is_lent and running < self._jobs.limits.active
        if not _are_sure(found) and has_room and self._lock.acquire(blocking=False):
            try:
                news = self._measure(kind)
                if "step_seconds" in news or _is_too_much(news):  # cut off, it tells of the moment, not of the run
                    found = self._kept[key] = sorted([*found, news], key=_seconds_of_a_step)
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
            finally:
                self._lock.release()
            if not found:
                return _put_together(config, weights, news)
        return _put_together(config, weights, found[0], _are_sure(found)) if found else Estimate(weights)

    def _measure(self, config: Config) -> dict[str, Any]:
        device = str(pick_device(self._jobs.device))
        limits = self._jobs.limits
        settings = (config.to_dict(), device, THREADS, limits.memory_bytes, limits.active)
        pipe, process = start_process(probe, *settings)
        found: dict[str, Any] = {}
        until = time.monotonic() + START_SECONDS.get(device.partition(":")[0], 4.0) + self._seconds
        with suppress(EOFError, OSError):
            while pipe.poll(max(until - time.monotonic(), 0.0)):
                news = pipe.recv()
                if "begun" in news:
                    until = time.monotonic() + self._seconds
                found |= news
        process.kill()
        process.join(5.0)
        pipe.close()
        return found


def _what_costs(config: Config) -> Config:
    """The configuration without what changes neither memory nor speed."""
    o, t, default = config.objective, config.train, TrainConfig()
    weights: dict[str, Any] = {name: float(bool(getattr(o, name))) for name in (*WEIGHTS, "gamma")}
    kept = {name: getattr(t, name) for name in ("batch_size", "flip", "shift", "precision")}
    kept |= {name: float(bool(getattr(t, name))) / 8 for name in ("d_translate", "d_cutout", "mixed_share")}
    return Config("", config.model, replace(o, **weights), replace(default, **kept, warmup_steps=1, ramp_steps=0))


def _is_too_much(found: dict[str, Any]) -> bool:
    return "memory" in found and found["memory"] > found["most_memory"]


def _seconds_of_a_step(found: dict[str, Any]) -> float:
    return sum(found.get("step_seconds", ()))


def _are_sure(found: list[dict[str, Any]]) -> bool:
    """Whether measurements, the fastest first, need no other one."""
    if len(found) in (0, MOST_TIMES) or _is_too_much(found[0]):
        return bool(found)
    return len(found) > 1 and _seconds_of_a_step(found[0]) >= ALIKE * _seconds_of_a_step(found[1])


def _put_together(config: Config, weights: dict[str, int], found: dict[str, Any], is_sure: bool = False) -> Estimate:
    t = config.train
    if "memory" not in found:
        return Estimate(weights)
    known = Estimate(
        weights, found["memory"], found["most_memory"], measured_memory=found.get("measured_memory"), is_sure=is_sure
    )
    if "step_seconds" not in found:
        return known
    alone, whole = found["step_seconds"]
    first = min(t.warmup_steps + t.ramp_steps // 2, t.steps) if config.objective.rec else 0
    seconds = first * alone + (t.steps - first) * whole
    return replace(known, images_per_second=t.steps * t.batch_size / seconds, seconds=seconds)


# -- in a process of its own --------------------------------------------------------------------------------------


def probe(pipe: Connection, values: dict[str, Any], device_name: str, threads: int, most: int, active: int) -> None:
    """Sends what it finds, in parts: "begun", "memory" with its limit, "step_seconds"."""
    give_way()
    torch.set_num_threads(threads)
    config, device = Config.from_dict(values), torch.device(device_name)
    if device.type == "cuda":
        most = int(torch.cuda.get_device_properties(device).total_memory * 0.8 / active)
    pipe.send({"begun": True})
    before = _resident()
    with suppress(RuntimeError, MemoryError):  # what does not even fit once
        memory = _count_memory(config, device)
        pipe.send({"memory": memory, "most_memory": most})
        if memory > most:
            return
        for step_seconds in _time_steps(config, device):
            used = torch.cuda.max_memory_reserved(device) if device.type == "cuda" else _resident(peak=True) - before
            pipe.send({"step_seconds": step_seconds, "measured_memory": used})
    pipe.close()


def _count_memory(config: Config, device: torch.device) -> int:
    fixed = LIBRARIES + BYTES_PER_WEIGHT * sum(count_weights(config).values())
    small, more = SMALL_BATCHES
    held = [_held_by_a_step(config.with_options(batch_size=n), device, has_prior=False) for n in SMALL_BATCHES]
    images = held[0] + max(held[1] - held[0], 0) / (more - small) * (config.train.batch_size - small)
    # The prior learns afterwards, always from as many codes: beside few images its part is the larger one.
    prior = _held_by_a_step(config.with_options(batch_size=small), device)
    return int(fixed + OVERHEAD * max(images, prior))


def _held_by_a_step(config: Config, device: torch.device, has_prior: bool = True) -> int:
    """Bytes that one step keeps for its gradients at most, weights left out; that of the prior's fit by choice."""
    state = TrainState.create(config, device)
    if not has_prior:
        state.codes = None
    state.step = 8 * config.objective.gp_every  # a step with a penalty
    own = {t.untyped_storage().data_ptr() for t in state.tensors().values()}
    held, users, peak = 0, dict[int, int](), 0

    class Kept:
        def __init__(self, tensor: Tensor) -> None:
            self.tensor = tensor.detach()  # what holds its own maker would never go

    def drop(place: int, size: int) -> None:
        nonlocal held
        users[place] -= 1
        if not users[place]:
            held -= size

    def pack(tensor: Tensor) -> Kept:
        nonlocal held, peak
        kept, storage = Kept(tensor), tensor.untyped_storage()
        place, size = storage.data_ptr(), storage.nbytes()
        if place not in own:
            if not users.get(place):
                held += size
                peak = max(peak, held)
            users[place] = users.get(place, 0) + 1
            weakref.finalize(kept, drop, place, size)
        return kept

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept.tensor):
        train_step(state, _random_batch(config, device))
    return peak


def _time_steps(config: Config, device: torch.device) -> Iterator[tuple[float, float]]:
    """Seconds of one step of the autoencoder alone, and of the whole; at first only the latter is known."""
    state, x = TrainState.create(config, device), _random_batch(config, device)
    every = config.objective.gp_every if config.objective.gamma else 0
    first = 8 * config.objective.gp_every
    _step(state, x, first)  # the first is slower
    with_penalty = _step(state, x, first)
    whole = _median_seconds(state, x, first + 1) if config.objective.gp_every > 1 else with_penalty
    if every:
        whole = (with_penalty + (every - 1) * whole) / every
    yield whole, whole
    if config.objective.rec:
        _step(state, x, 0)
        yield _median_seconds(state, x, 0), whole


def _median_seconds(state: TrainState, x: Tensor, at: int) -> float:
    """Of a step, always step `at`, over STEP_SECONDS or a little more."""
    begun, taken = time.perf_counter(), list[float]()
    while not taken or time.perf_counter() - begun < STEP_SECONDS:
        taken.append(_step(state, x, at))
    return statistics.median(taken)


def _step(state: TrainState, x: Tensor, at: int) -> float:
    since, state.step = time.perf_counter(), at
    train_step(state, x)
    if x.device.type == "cuda":
        torch.cuda.synchronize(x.device)
    return time.perf_counter() - since


def _random_batch(config: Config, device: torch.device) -> Tensor:
    x = torch.rand(config.train.batch_size, *config.model.x_shape, generator=torch.Generator().manual_seed(0))
    return (2 * x - 1).to(device).contiguous(memory_format=torch.channels_last)


def _resident(peak: bool = False) -> int:
    """Bytes of memory that this process has, or had at most; 0 where the system does not say."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/self/status").read_text("ascii").splitlines():
            if line.startswith("VmHWM:" if peak else "VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0
