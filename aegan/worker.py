"""A run's own process: trains, obeys, saves, tells. What happens to it does not happen to the page.

Over the pipe come commands, (name, argument). Back go the run's events, and dictionaries of what else has changed
about it; an empty one is a sign of life. When the pipe breaks the server is gone: the run is saved and left.
"""

from __future__ import annotations

import errno
import logging
import math
import os
import signal
import threading
import time
from collections import deque
from contextlib import closing, suppress
from dataclasses import fields
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

import torch

from aegan.config import Config, Objective, UserError
from aegan.events import Alone, Changed, Event, Preview, Saved, Stopped
from aegan.history import append_event, forget_after, read_changes
from aegan.look import Looks, Previews
from aegan.model import pick_device
from aegan.runs import STATE, Run
from aegan.state import TrainState
from aegan.step import learns
from aegan.train import train
from aegan.uploads import load_run_data

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0  # between two signs of life
LISTEN_SECONDS = 0.02  # between two looks at the pipe: one takes as long as a hundredth of the smallest step
LIVE_SECONDS = 0.35  # between two live pictures: two a second, since a step has to end before one is taken; …
LIVE_SHARE = 0.06  # … but no more of the time than this
LOCK_SECONDS = 10.0  # that a former process of the same run may take to save and leave
MAX_SINGLE_STEPS = 16  # asked for and not yet taken

WEIGHTS = tuple(f.name for f in fields(Objective) if f.type == "float" and f.name != "gamma")
LIVE_KNOBS = (*WEIGHTS, "gamma", "lr", "lr_d")

OUT_OF_MEMORY = "There was not enough memory: try a smaller batch or width. The run was kept."
DISK_FULL = "The server's disk is full: what was saved before is kept, so resume the run later."
DAMAGED = "What was saved of this run is damaged: start a new one."
FAULT = "The run failed: start it again with smaller settings."
TURN_OVER = "The hosted GPU is lent for {seconds:g} seconds at a time: resume the run to go on."
ELSEWHERE = "This run is still at work in another process: try again in a moment."


def turn(config: Config, knobs: dict[str, Any]) -> Config:
    """The same run with weights or learning rates that can be changed at any time.

    Raises:
        UserError: names the knob that is none of these, out of range, or would add or remove a network.
    """
    for name, value in knobs.items():
        if name not in LIVE_KNOBS:
            raise UserError(f"{str(name)[:40]!r} cannot be changed in mid-run: only {', '.join(LIVE_KNOBS)} can.")
        if type(value) not in (int, float):
            raise UserError(f"{name} must be a number, not {str(value)[:40]!r}.")
        if name in WEIGHTS and not getattr(config.objective, name):
            raise UserError(f"{name} is not part of this run: start a new one with its weight above 0.")
        if name in WEIGHTS and not value:
            raise UserError(f"{name} cannot become 0 in mid-run: its network stays; give it a very small weight.")
    return config.with_options(**{name: float(value) for name, value in knobs.items()})


def work(
    pipe: Connection, folder: str, device: str, threads: int, autosave_seconds: float, turn_seconds: float = 0.0
) -> None:
    """Trains the run in that folder, from its last save if there is one, until it ends or must."""
    give_way()
    torch.set_num_threads(threads)
    try:
        with closing(_Worker(pipe, _open(folder), autosave_seconds, turn_seconds)) as worker:
            ending = worker.run(device)
    except UserError as error:
        full = getattr(error.__cause__, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        ending = failed(DISK_FULL, True) if full else failed(str(error), False)
    except (torch.OutOfMemoryError, MemoryError):
        ending = failed(OUT_OF_MEMORY, True)
    except Exception as error:
        log.exception("A training run failed")
        # What torch says on the CPU; there it has no exception of its own.
        ending = failed(OUT_OF_MEMORY if "can't allocate memory" in str(error) else FAULT, True)
    with suppress(OSError):
        pipe.send(ending)
        pipe.close()


def _open(folder: str) -> Run:
    try:
        return Run.open(folder)
    except UserError as error:  # it speaks of folders, which are no business of strangers
        log.warning("%s", error)
        raise UserError(DAMAGED) from None


def give_way() -> None:
    """The page comes first: when processors or memory are short this process is the one to suffer."""
    with suppress(ValueError):  # not the main thread: this process is not the run's own
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is meant for the server, which hangs up
    with suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 10)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def failed(message: str, can_resume: bool) -> dict[str, Any]:
    """How a run ended that did not work out."""
    return {"status": "failed", "message": message, "can_resume": can_resume}


def _memory(device: torch.device) -> int:
    """Bytes that the run has of the device's memory, or of the machine's, at most so far; in steps of 16 MB."""
    if device.type == "cuda":
        used = torch.cuda.max_memory_reserved(device)
    else:
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 if resource is not None else 0
    return used // 2**24 * 2**24


class _Worker:
    def __init__(self, pipe: Connection, run: Run, autosave_seconds: float, turn_seconds: float) -> None:
        self.pipe, self.folder, self.autosave_seconds = pipe, run, autosave_seconds
        self.turn_seconds, self.turn_ends = turn_seconds, time.monotonic() + (turn_seconds or math.inf)
        self.wish, self.farewell = "run", ""  # run, pause, rewind, stop, leave
        self.singles: deque[str] = deque()
        self.told = ""  # the status that the page knows
        self.beaten = self.listened = self.shown = 0.0
        self.live_seconds = LIVE_SECONDS
        self.back_to: int | None = None  # where to rewind to; None: the last save
        self.memory = 0  # as the page knows it

    def close(self) -> None:
        """Leaves the run to others: where a GPU is lent, this process lives on."""
        self.folder.forget_kept()
        self.folder.unlock()

    def run(self, device_name: str) -> dict[str, Any]:
        """Returns how it ended, for the page."""
        self._take_the_run()
        device = pick_device(device_name)
        self.state = self._restore(device)
        self._tell(device=str(device))
        data = load_run_data(self.folder.folder, self.state.config)
        while True:
            forget_after(self.folder.folder, self.state.step)
            self.saved, self.saved_at = self.state.step, time.monotonic()
            self.previews = Previews(self.state, data)
            for event in train(self.state, data, self._between_steps):
                if isinstance(event, Stopped):
                    self._save()
                self._publish(event)
                if isinstance(event, Stopped):
                    failed = event.reason == "diverged"
                    return {"status": "failed" if failed else "finished", "message": event.message}
            if self.wish != "rewind":
                return self._leave()
            self.wish = "pause" if self.told == "paused" else "run"
            if self.back_to is not None:
                self.folder.go_back(self.back_to)
            self.state = self._restore(device)
            self._send(Previews(self.state, data).take())
            self._send(Looks(self.state, data).take())

    def _take_the_run(self) -> None:
        until = time.monotonic() + LOCK_SECONDS
        while not self.folder.lock():
            if time.monotonic() > until:
                raise UserError(ELSEWHERE)
            threading.Event().wait(0.1)  # the other process can be asked nothing

    def _restore(self, device: torch.device) -> TrainState:
        """The last save; or the beginning, which is as good where nothing was saved yet."""
        try:
            if self.folder.has_state:
                state = self.folder.restore(device)
            else:
                state = TrainState.create(self.folder.config, device)
                state.config = self.folder.config.with_options(**read_changes(self.folder.folder, 0))
        except UserError as error:
            log.warning("%s", error)
            raise UserError(DAMAGED) from None
        self._tell(step=state.step, nimg=state.nimg, seconds=state.seconds, config=state.config)
        self._tell(saves=(0, *(step for step in self.folder.kept() if step <= state.step)))
        return state

    def _leave(self) -> dict[str, Any]:
        step = self.state.step
        self._save()
        if self.wish == "stop":
            stopped = Stopped(step, "stopped", f"Stopped at step {step:,}.")
            append_event(self.folder.folder, stopped)
            return {"status": "stopped", "message": stopped.message, "step": step}
        return {"status": "stopped", "message": self.farewell, "can_resume": True, "step": step}

    # -- between two steps ----------------------------------------------------------------------------------------

    def _between_steps(self) -> str:
        """What to do next, in the words of `train`; holds a paused run."""
        self._listen()
        if self.wish == "run":
            self._tell_status("running")
            if time.monotonic() - self.saved_at > self.autosave_seconds and self.state.is_finite():
                self._publish(self._save())
            if time.monotonic() - self.shown > self.live_seconds and self.state.is_finite():
                self._show()
            return "run"
        if self.wish == "pause" and self.told == "running":
            self._show()  # what stands still is what one sees
        while self.wish == "pause":
            self._tell_status("paused")
            if self.singles:
                return self._begin_single(self.singles.popleft())
            self.pipe.poll(BEAT_SECONDS)
            self._listen(at_once=True)
        return "end" if self.wish != "run" else self._between_steps()

    def _begin_single(self, player: str) -> str:
        if not learns(self.state.config, player, self.state.step):
            return self._between_steps()
        if player != "both":
            self._publish(Alone(self.state.step + 1, player))
        return player

    def _listen(self, at_once: bool = False) -> None:
        now = time.monotonic()
        if now - self.listened < LISTEN_SECONDS and not at_once:
            return
        self.listened = now
        try:
            while self.pipe.poll():
                self._obey(*self.pipe.recv())
        except (EOFError, OSError):
            self.wish = "leave"
        if now > self.turn_ends and self.wish not in ("stop", "leave"):
            self.wish, self.farewell = "leave", TURN_OVER.format(seconds=self.turn_seconds)
        if now - self.beaten > BEAT_SECONDS:
            memory, known = _memory(self.state.device), self.memory
            self.memory = memory
            self._tell(**({"memory": memory} if memory != known else {}))

    def _obey(self, command: str, argument: Any) -> None:
        if self.wish in ("stop", "leave"):
            return
        if command == "step":
            if self.wish == "pause" and len(self.singles) < MAX_SINGLE_STEPS:
                self.singles.append(argument)
        elif command == "change":
            self._publish(Changed(self.state.step, argument))  # the page has checked it
            self.state.config = turn(self.state.config, argument)
        elif command == "save":
            if self.state.is_finite():
                self.saved = -1  # even where this very step was saved: whoever asked waits for a new file
                self._publish(self._save())
        else:
            if command == "rewind":
                self.back_to = argument if argument in (None, 0, *self.folder.kept()) else None
            else:
                self.farewell = argument or ""
            self.wish = command
            if command != "pause":
                self.singles.clear()

    # -- telling and saving ---------------------------------------------------------------------------------------

    def _save(self) -> Saved:
        if self.state.step != self.saved or not self.folder.has_state:
            self.folder.save(self.state)
            self.folder.keep(self.state.step)
            self._tell(saves=(0, *self.folder.kept()))
        self.saved, self.saved_at = self.state.step, time.monotonic()
        return Saved(self.state.step, STATE)

    def _show(self) -> None:
        """Sends the pictures as they are now; they are not kept."""
        start = time.monotonic()
        self._send(self.previews.take())
        self.shown = time.monotonic()
        self.live_seconds = max(LIVE_SECONDS, (self.shown - start) / LIVE_SHARE)

    def _publish(self, event: Event) -> None:
        if isinstance(event, Preview):
            self.shown = time.monotonic()
        append_event(self.folder.folder, event)
        self._send(event)

    def _tell_status(self, status: str) -> None:
        if status != self.told:
            self.told = status
            self._tell(status=status, step=self.state.step, nimg=self.state.nimg)

    def _tell(self, **changes: Any) -> None:
        self.beaten = time.monotonic()
        self._send(changes)

    def _send(self, news: Any) -> None:
        try:
            self.pipe.send(news)
        except OSError:  # the server is gone
            self.wish = "leave"
