"""One run as the page sees it: an immutable snapshot, and the thread that makes it out of what the work says."""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

import torch

from aegan.config import Config, UserError
from aegan.data import Dataset
from aegan.events import Changed, Event, Look, Metric, Preview, Step, Stopped
from aegan.history import read_events
from aegan.launch import Handle
from aegan.runs import Run
from aegan.uploads import UploadLimits

log = logging.getLogger(__name__)
THREADS = torch.get_num_threads()  # what a run may use; answers to visitors use one

ACTIVE = ("queued", "waiting", "running", "paused")
ENDED = ("finished", "stopped", "failed", "interrupted")
MAX_UNHEARD = 100  # commands sent since the last sign of life: a hanging process must not block who commands it

CRASHED = "The run's process ended unexpectedly, perhaps for lack of memory: resume it, or start with smaller settings."
HUNG = "The run was ended because it hung: it gave no sign of life for {seconds:g} seconds. It can be resumed."
UNWATCHED = "Nobody was looking, so the run was stopped: resume it to go on."
TOO_LONG = "The run held its place for too long and was stopped: resume it to go on."
CLOSED = "The server was closed: resume the run to go on."
INTERRUPTED = "The server was restarted meanwhile: resume the run to go on."


@dataclass(frozen=True)
class Limits:
    """What strangers may ask of this machine; sized for a small public server."""

    active: int = 2  # runs at once, paused ones included
    waiting: int = 8  # runs in line for one of these places
    seconds: float = 900  # training time of one run
    wall_seconds: float = 3600  # for which a run may hold its place, pauses included
    idle_seconds: float = 600  # a run that nobody looks at is stopped
    hang_seconds: float = 120  # a process that gives no sign of life is ended; one step and the data take less
    autosave_seconds: float = 10  # between two saves of a run's state
    turn_seconds: float = 0  # after which a run makes room; it goes on when it is resumed; 0: never
    kept: int = 20  # ended runs that can still be looked at, …
    kept_seconds: float = 86_400  # … for so long, …
    kept_bytes: int = 2 * 2**30  # … on so much of the disk
    free_bytes: int = 500 * 2**20  # of the disk that a new run must find
    memory_bytes: int = 3 * 2**30  # that one run may take besides what an idle process has; of a GPU, most of it
    upload: UploadLimits = UploadLimits()  # one's own images
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
    data: Dataset | None = None  # its title and credit, and its points if it has points; no images
    status: str = "waiting"  # queued, waiting, running, paused, finished, stopped, failed, interrupted
    message: str = ""
    device: str = ""
    step: int = 0
    nimg: int = 0
    seconds: float = 0.0
    images_per_second: float = 0.0
    history: tuple[Step, ...] = ()
    preview: Preview | None = None
    look: Look | None = None
    figures: tuple[Metric, ...] = ()  # measured on a small sample, as far as the run measures itself
    changes: tuple[Changed, ...] = ()  # of weights and learning rates in mid-run
    saves: tuple[int, ...] = ()  # steps that the run can be rewound to
    memory: int = 0  # bytes: of the device's, or of the process
    position: int = 0  # in the line of those that wait for a place; 0: not in it
    can_resume: bool = False  # an ended run that can go on from its last save
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

    def after(self, news: Event | dict[str, Any], most_records: int) -> Snapshot:
        """The run once this has happened: an event, or changes of fields."""
        changes = news if isinstance(news, dict) else self._changes(news, most_records)
        now = changes.get("step", self.step)
        for name in ("history", "figures", "changes"):
            kept = tuple(record for record in getattr(self, name) if record.step <= now)
            if len(kept) < len(getattr(self, name)) and name not in changes:  # it was rewound
                changes = {**changes, name: kept}
        return replace(self, **changes, version=self.version + 1)

    def _changes(self, event: Event, most_records: int) -> dict[str, Any]:
        match event:
            case Step():
                history = _grown(self.history, event, most_records)
                speed = event.metrics.get("time/images_per_second", 0.0)
                return {
                    "step": event.step, "nimg": event.nimg, "seconds": event.seconds,
                    "images_per_second": speed, "history": history,
                }  # fmt: skip
            case Preview():
                return {"preview": event}
            case Look():
                return {"look": event}
            case Metric() if "n" in event.values:
                return {"figures": _grown(self.figures, event, most_records)}
            case Changed():
                return {
                    "config": self.config.with_options(**event.values),
                    "changes": _grown(self.changes, event, most_records),
                }
            case Stopped():
                ended = {"stopped": "stopped", "diverged": "failed"}.get(event.reason, "finished")
                return {"status": ended, "message": event.message}
        return {}


def _grown(records: tuple[Any, ...], newest: Any, most: int) -> tuple[Any, ...]:
    """The records and one more; every second one is dropped where they would be too many, never the newest."""
    records = (*records, newest)
    return records if len(records) <= most else records[(len(records) - 1) % 2 :: 2]


def recall(run: Run, data: Dataset | None, most_records: int) -> Snapshot:
    """The run in that folder as its last server left it.

    Raises:
        UserError: where its events are damaged.
    """
    snapshot = Snapshot(run.config, data, "running")
    for event in read_events(run.folder, last_preview_only=True):
        snapshot = snapshot.after(event, most_records)
    if snapshot.is_active:
        snapshot = replace(snapshot, status="interrupted", message=INTERRUPTED, can_resume=True)
    return replace(snapshot, version=time.time_ns())  # none that a page saw before the restart


class Line:
    """The runs that train and those that wait for a place, in the order in which they came."""

    def __init__(self, active: int, waiting: int) -> None:
        self.active, self.waiting = active, waiting
        self._jobs: list[Job] = []
        self.changed = threading.Condition()

    def join(self, job: Job) -> None:
        """Raises UserError where the line is full."""
        with self.changed:
            if len(self._jobs) >= self.active + self.waiting:
                behind = f" and {self.waiting} wait" if self.waiting else ""
                raise UserError(f"All {self.active} places for training are taken{behind}: try again in a few minutes.")
            self._jobs.append(job)

    def leave(self, job: Job) -> None:
        with self.changed:
            with suppress(ValueError):
                self._jobs.remove(job)
            self.changed.notify_all()

    def position(self, job: Job) -> int:
        """How many must leave before this one may train; 0: it may."""
        with self.changed:
            return max(self._jobs.index(job) + 1 - self.active, 0)


class Job:
    """One run and its thread. Its own thread alone writes the snapshot's contents while it is active."""

    def __init__(
        self, run: Run, snapshot: Snapshot, limits: Limits, line: Line, device: str,
        start: Callable[..., tuple[Connection, Handle]], owner: str = "",
    ) -> None:  # fmt: skip
        self.run, self.snapshot, self.owner = run, snapshot, owner
        self.seen = time.monotonic()  # when somebody last looked
        self.on_end: Callable[[], None] = lambda: None
        self._limits, self._line, self._device, self._start_work = limits, line, device, start
        self._changed = threading.Condition()
        self._pipe: Connection | None = None
        self._process: Handle | None = None

    def begin(self) -> None:
        """Trains, or waits for a place; from its last save where there is one.

        Raises:
            UserError: where the line is full.
        """
        self._line.join(self)
        self.seen = self._since = time.monotonic()
        self._pending: list[tuple[str, Any]] = []  # commands that came before the process did
        self._is_stopped, self._unheard = False, 0
        queued = self._line.position(self)
        status = "queued" if queued else "waiting"
        self._publish({"status": status, "position": queued, "message": "", "can_resume": False})
        follow = contextvars.copy_context().run  # whoever lends a GPU may want to know who asked for it
        self._thread = threading.Thread(target=follow, args=(self._work,), name="training", daemon=True)
        self._thread.start()

    def command(self, name: str, argument: Any = None) -> None:
        """Asks for run, pause, stop, leave, step, change or rewind; obeyed between two steps.

        An ended run stays as it is.
        """
        with self._changed:
            if not self.snapshot.is_active or self._is_stopped or self._unheard >= MAX_UNHEARD:
                return
            self._unheard += 1
            self._is_stopped = name in ("stop", "leave")
            if self._pipe is None:
                self._pending.append((name, argument))
            else:
                with suppress(OSError):
                    self._pipe.send((name, argument))
        with self._line.changed:
            self._line.changed.notify_all()

    def wait(self, condition: Callable[[Snapshot], Any], timeout: float) -> bool:
        """Blocks until the condition holds for the snapshot; False after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(condition(self.snapshot)), timeout)

    def close(self, timeout: float) -> None:
        """Saves and leaves, or is killed."""
        self.command("leave", CLOSED)
        self._thread.join(timeout)
        process = self._process
        if process is not None:
            process.kill()

    def _publish(self, news: Event | dict[str, Any]) -> None:
        with self._changed:
            self.snapshot = self.snapshot.after(news, self._limits.history)
            self._changed.notify_all()

    def _work(self) -> None:
        ending: dict[str, Any] = {"status": "failed", "message": CRASHED, "can_resume": True}
        try:
            ending = self._wait_for_a_place() or self._follow() or ending
        except Exception:
            log.exception("A training run could not be followed")
        finally:
            self._line.leave(self)
            self._publish({**ending, "position": 0})
            self.on_end()

    def _wait_for_a_place(self) -> dict[str, Any] | None:
        """Returns the ending of a run that never began."""
        while position := self._line.position(self):
            if position != self.snapshot.position:
                self._publish({"position": position})
            if self._is_stopped or self._outstays():
                return {"status": "stopped", "message": self._outstays() or "Stopped.", "can_resume": True}
            with self._line.changed:
                if self._line.position(self) == position and not self._is_stopped:
                    self._line.changed.wait(1.0)
        self._since = time.monotonic()
        if self.snapshot.status == "queued":
            self._publish({"status": "waiting", "position": 0})
        return None

    def _outstays(self) -> str:
        """Why the run must make room; empty while it need not."""
        now = time.monotonic()
        if now - self.seen > self._limits.idle_seconds:
            return UNWATCHED
        held = self.snapshot.status != "queued" and now - self._since > self._limits.wall_seconds
        return TOO_LONG if held else ""

    def _follow(self) -> dict[str, Any] | None:
        """Starts the process and listens to it; returns how it ended, None if it did not say."""
        pipe = self._start()
        heard, told = time.monotonic(), False
        try:
            while True:
                if pipe.poll(0.5):
                    news = pipe.recv()
                    heard, self._unheard = time.monotonic(), 0
                    if isinstance(news, dict) and news.get("status") in ENDED:
                        return news
                    if news != {} and not isinstance(news, Stopped):  # it ends when it says so, not before
                        self._publish(news)
                elif time.monotonic() - heard > self._limits.hang_seconds:
                    message = HUNG.format(seconds=self._limits.hang_seconds)
                    return {"status": "failed", "message": message, "can_resume": True}
                if not told and (reason := self._outstays()):
                    told = True
                    self.command("leave", reason)
        except (EOFError, OSError):
            return None
        finally:
            self._end(pipe)

    def _start(self) -> Connection:
        limits = self._limits
        ours, process = self._start_work(
            str(self.run.folder), self._device, THREADS, limits.autosave_seconds, limits.turn_seconds
        )
        with self._changed:
            self._process, self._pipe = process, ours
            for command in self._pending:
                ours.send(command)
        return ours

    def _end(self, pipe: Connection) -> None:
        assert self._process is not None
        self._process.join(2.0)  # it has ended, or says nothing any more
        self._process.kill()
        self._process.join(10.0)
        with self._changed:
            self._pipe = self._process = None
            pipe.close()
