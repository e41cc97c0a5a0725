"""Training runs in the background: start, pause, resume, stop, look. Knows no page.

A run has a thread of its own and an id that cannot be guessed: who holds the id sees and commands the run. What a
reader gets is an immutable snapshot, so that nobody can disturb the run by looking at it.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import torch

from aegan.config import Config, UserError
from aegan.data import Dataset, list_data, load_data
from aegan.events import Event, Preview, Step, Stopped
from aegan.model import pick_device
from aegan.state import TrainState
from aegan.train import train

log = logging.getLogger(__name__)
THREADS = torch.get_num_threads()  # what a run may use; answers to visitors use one

ACTIVE = ("waiting", "running", "paused")
ENDED = ("finished", "stopped", "failed")


@dataclass(frozen=True)
class Limits:
    """What strangers may ask of this machine; sized for a small public server."""

    active: int = 2  # runs at once, paused ones included
    kept: int = 20  # ended runs that can still be looked at
    seconds: float = 900  # training time of one run
    idle_seconds: float = 600  # an active run that nobody looks at is stopped
    history: int = 600  # records of losses kept; every second one is dropped when there are more
    options: tuple[tuple[str, float], ...] = (
        ("steps", 20_000),
        ("batch_size", 512),
        ("width", 64),
        ("z_dim", 128),
        ("depth", 4),
        ("encoder_depth", 4),
        ("flow_layers", 16),
        ("flow_width", 256),
        ("components", 40),
        ("prior_steps", 2_000),
    )


LIMITS = Limits()


@dataclass(frozen=True)
class Snapshot:
    """A run at one moment. `version` grows with every change; `message` is for people."""

    config: Config
    data: Dataset | None = None
    status: str = "waiting"  # waiting, running, paused, finished, stopped, failed
    message: str = ""
    device: str = ""
    step: int = 0
    nimg: int = 0
    seconds: float = 0.0
    images_per_second: float = 0.0
    history: tuple[Step, ...] = ()
    preview: Preview | None = None
    version: int = 0

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def seconds_left(self) -> float | None:
        """Estimated from the speed so far; None before there is one."""
        if not self.step or not self.is_active:
            return None
        t = self.config.train
        by_steps = (t.steps - self.step) * self.seconds / self.step
        return max(min(by_steps, t.seconds - self.seconds) if t.seconds else by_steps, 0.0)


class Job:
    """One run and its thread. Its own thread alone writes the snapshot's contents."""

    def __init__(self, config: Config, limits: Limits, device: str) -> None:
        self.snapshot = Snapshot(config)
        self.seen = time.monotonic()  # when somebody last looked
        self._limits, self._device = limits, device
        self._wish = "run"  # run, pause, stop
        self._changed = threading.Condition()
        self.thread = threading.Thread(target=self._work, name="training", daemon=True)

    def command(self, wish: str) -> None:
        """Asks for run, pause or stop; obeyed at the next event. An ended run stays as it is."""
        with self._changed:
            if self._wish != "stop":
                self._wish = wish
            self._changed.notify_all()

    def wait(self, condition: Callable[[Snapshot], Any], timeout: float) -> bool:
        """Blocks until the condition holds for the snapshot; False after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(condition(self.snapshot)), timeout)

    def _publish(self, **changes: Any) -> None:
        with self._changed:
            self.snapshot = replace(self.snapshot, **changes, version=self.snapshot.version + 1)
            self._changed.notify_all()

    def _work(self) -> None:
        with suppress(AttributeError, OSError):  # on Linux a thread has its own priority: the page comes first
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        torch.set_num_threads(THREADS)  # of this thread; the page's set their own
        try:
            self._train()
        except UserError as error:
            self._publish(status="failed", message=str(error))
        except Exception:
            log.exception("A training run failed")
            self._publish(status="failed", message="The run failed: start it again with smaller settings.")

    def _train(self) -> None:
        config = self.snapshot.config
        data = load_data(config.data, config.model.img_resolution, config.model.img_channels)
        state = TrainState.create(config, pick_device(self._device))
        self._publish(data=data, status="running", device=str(state.device))
        events = train(state, data)
        try:
            for event in events:
                self._publish(**self._news(event))
                if self._must_stop():
                    if self.snapshot.is_active:
                        self._publish(status="stopped", message=f"Stopped at step {self.snapshot.step:,}.")
                    return
        finally:
            events.close()  # type: ignore[attr-defined]

    def _news(self, event: Event) -> dict[str, Any]:
        match event:
            case Step():
                history = (*self.snapshot.history, event)
                if len(history) > self._limits.history:
                    history = history[(len(history) - 1) % 2 :: 2]  # the newest stays
                speed = event.metrics.get("time/images_per_second", 0.0)
                return {
                    "step": event.step, "nimg": event.nimg, "seconds": event.seconds,
                    "images_per_second": speed, "history": history,
                }  # fmt: skip
            case Preview():
                return {"preview": event}
            case Stopped(reason="diverged"):
                return {"status": "failed", "message": event.message}
            case Stopped():
                return {"status": "finished", "message": event.message}
        return {}

    def _must_stop(self) -> bool:
        """Holds a paused run; True once it is to end."""
        while True:
            with self._changed:
                if time.monotonic() - self.seen > self._limits.idle_seconds:
                    self._wish = "stop"
                if self._wish != "pause" or not self.snapshot.is_active:
                    break
            if self.snapshot.status != "paused":
                self._publish(status="paused")
            with self._changed:
                self._changed.wait_for(lambda: self._wish != "pause", timeout=1.0)
        if self._wish == "run" and self.snapshot.status == "paused":
            self._publish(status="running")
        return self._wish == "stop" or not self.snapshot.is_active


class Jobs:
    """All runs of this server, by id."""

    def __init__(self, limits: Limits = LIMITS, device: str = "auto") -> None:
        self.limits, self.device = limits, device
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def start(self, config: Config) -> str:
        """Begins a run and returns its id.

        Raises:
            UserError: when an option is beyond the limits, the data set is not here, or all places are taken.
        """
        config = self.bounded(config)
        with self._lock:
            if sum(job.snapshot.is_active for job in self._jobs.values()) >= self.limits.active:
                raise UserError(f"All {self.limits.active} places for training are taken: try again in a few minutes.")
            ended = [key for key, job in self._jobs.items() if not job.snapshot.is_active]
            for key in ended[: max(len(ended) - self.limits.kept + 1, 0)]:
                del self._jobs[key]
            job_id = secrets.token_urlsafe(16)
            job = self._jobs[job_id] = Job(config, self.limits, self.device)
            job.thread.start()
        return job_id

    def bounded(self, config: Config) -> Config:
        """The same run, ended by this server's time limit at the latest.

        Raises:
            UserError: names the option that is beyond the limits, or says that the data set is not here.
        """
        values = {**vars(config.model), **vars(config.train)}
        for name, most in self.limits.options:
            if values[name] > most:
                raise UserError(f"{name} can be at most {most:,} on this page, not {values[name]:,}.")
        if config.data not in {data.name for data in list_data() if data.available}:
            raise UserError(f"The data set {config.data!r} is not on this server: choose one of the list.")
        limit = self.limits.seconds
        return config.with_options(seconds=min(config.train.seconds or limit, limit))

    def look(self, job_id: str | None) -> Snapshot | None:
        """The run as it stands, or None where there is none of that id. Looking keeps a run alive."""
        job = self._jobs.get(job_id) if isinstance(job_id, str) else None
        if job is None:
            return None
        job.seen = time.monotonic()
        return job.snapshot

    def pause(self, job_id: str | None) -> None:
        self._command(job_id, "pause")

    def resume(self, job_id: str | None) -> None:
        self._command(job_id, "run")

    def stop(self, job_id: str | None) -> None:
        self._command(job_id, "stop")

    def wait(self, job_id: str, condition: Callable[[Snapshot], Any], timeout: float = 30.0) -> bool:
        """Blocks until the condition holds for the run; False after `timeout` seconds, or where there is none."""
        job = self._jobs.get(job_id)
        return job is not None and job.wait(condition, timeout)

    def _command(self, job_id: str | None, wish: str) -> None:
        job = self._jobs.get(job_id) if isinstance(job_id, str) else None
        if job is None:
            raise UserError("This run is no longer on the server: start a new one.")
        job.command(wish)
