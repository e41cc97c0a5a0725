"""A run as the page sees it: all that is known at one moment, never changed. What happens makes the next one of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from aegan.config import Config
from aegan.data import Dataset
from aegan.events import Changed, Event, Look, Metric, Preview, Step, Stopped
from aegan.history import read_events
from aegan.runs import Run

ACTIVE = ("queued", "waiting", "running", "paused")
ENDED = ("finished", "stopped", "failed", "interrupted")
INTERRUPTED = "The server was restarted meanwhile: resume the run to go on."


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
