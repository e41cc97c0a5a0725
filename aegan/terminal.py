"""What a training shows in a terminal: one line that is rewritten, or now and then a new line where it is not one."""

from __future__ import annotations

import signal
import sys
import threading
import time
from types import FrameType

from aegan.config import TrainConfig
from aegan.events import Event, Metric, Step

LINE_EVERY_SECONDS = 20.0  # between two lines in a log file


class Progress:
    """Prints the progress of a run to stderr; silent in processes that are not the first."""

    def __init__(self, train: TrainConfig, silent: bool = False) -> None:
        self.train, self.silent = train, silent
        self.rewrites, self.printed, self.is_open = sys.stderr.isatty(), -LINE_EVERY_SECONDS, False

    def show(self, event: Event) -> None:
        if isinstance(event, Step):
            ends = event.step >= self.train.steps
            self.write(f"{describe_position(event, self.train)} | {describe_losses(event)}", ends)
        elif isinstance(event, Metric) and "progress/prior" in event.values:
            self.write(f"fitting the prior: {event.values['progress/prior']:.0%}", event.values["progress/prior"] >= 1)

    def note(self, text: str) -> None:
        """Prints a line of its own."""
        if not self.silent:
            sys.stderr.write("\n" * self.is_open + text + "\n")
            self.is_open = False

    def write(self, text: str, must: bool) -> None:
        """Prints a line in place of the last; in a log file, unless it must be, only now and then."""
        now = time.monotonic()
        if self.silent or not (self.rewrites or must or now - self.printed >= LINE_EVERY_SECONDS):
            return
        self.printed, self.is_open = now, self.rewrites
        sys.stderr.write(f"\r\x1b[K{text}" if self.rewrites else f"{text}\n")
        sys.stderr.flush()


def describe_position(event: Step, train: TrainConfig) -> str:
    """Where a run stands: steps or seconds, speed, time left."""
    speed = event.metrics.get("time/images_per_second", 0.0)
    left = (train.steps - event.step) * train.batch_size / speed if speed > 0 else 0.0
    done, whole = f"step {event.step:,}", f" of {train.steps:,}"
    if train.seconds and train.seconds - event.seconds < left:
        left, whole = max(train.seconds - event.seconds, 0.0), f", {event.seconds:.0f} of {train.seconds:.0f} s"
    return f"{done}{whole} | {speed:,.0f} images/s | {_clock(left)} left"


def describe_losses(event: Step) -> str:
    """Losses under their short names."""
    losses = {name.removeprefix("loss/"): v for name, v in event.metrics.items() if name.startswith("loss/")}
    return "  ".join(f"{name} {value:.3f}" for name, value in losses.items())


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Interrupt:
    """Within it, Ctrl-C only asks to stop, so that a step is never torn; a second one stops at once."""

    def __enter__(self) -> Interrupt:
        self.is_asked = False
        self.former = None
        if threading.current_thread() is threading.main_thread():  # signals can be handled nowhere else
            self.former = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        if self.former is not None:
            signal.signal(signal.SIGINT, self.former)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.is_asked:
            raise KeyboardInterrupt
        self.is_asked = True
