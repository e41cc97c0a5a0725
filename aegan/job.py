"""One run in the background: its place in the line, and the thread that makes snapshots of what its process says."""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import torch

from aegan.config import UserError
from aegan.events import Event, Stopped
from aegan.launch import Handle
from aegan.runs import Run
from aegan.snapshot import ENDED, Snapshot
from aegan.uploads import UploadLimits

log = logging.getLogger(__name__)
THREADS = torch.get_num_threads()  # what a run may use; answers to visitors use one

MAX_UNHEARD = 100  # commands sent since the last sign of life: a hanging process must not block who commands it

CRASHED = "The run's process ended unexpectedly, perhaps for lack of memory: resume it, or start with smaller settings."
HUNG = "The run was ended because it hung: it gave no sign of life for {seconds:g} seconds. It can be resumed."
UNWATCHED = "Nobody was looking, so the run was stopped: resume it to go on."
TOO_LONG = "The run held its place for too long and was stopped: resume it to go on."
CLOSED = "The server was closed: resume the run to go on."


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
