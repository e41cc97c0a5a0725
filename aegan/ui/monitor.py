"""A run for assets/js/monitor.js: what is new since the page last looked, and the commands of its owner.

A page asks twice a second or so. It says which parts it has, each by a key; only parts with another key are sent, and
of the records only those that were added.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aegan.coach import advise
from aegan.config import Config, UserError
from aegan.events import Changed, Look, Metric, Step
from aegan.jobs import Jobs
from aegan.snapshot import Snapshot
from aegan.ui import figures

MOST_RECORDS = 300  # sent to a page that has none yet
MOST_CHANGES = 60
MOST_KNOBS = 16
CLOUD_POINTS = 300


def look(jobs: Jobs, request: Any) -> dict[str, Any]:
    """What the page does not have yet of a visitor's run.

    Args:
        jobs: where it is looked up.
        request: {"run": its id, "seen": {part: key, …, "record": [step, seconds] of the newest record}}.

    Returns:
        "status" alone where nothing has changed or the run is gone; else also where it stands, and for each part that
        is new its value, with all keys in "seen".
    """
    job_id, seen = (request.get("run"), request.get("seen")) if isinstance(request, dict) else (None, None)
    snapshot = jobs.look(job_id)
    if snapshot is None:
        return {"status": "gone"}
    return describe(snapshot, seen if isinstance(seen, dict) else {})


def obey(jobs: Jobs, request: Any) -> dict[str, Any]:
    """One command to a visitor's run; returns what `look` does.

    Args:
        jobs: where it is looked up.
        request: as for `look`, with "command": pause, resume, stop, step, rewind or change; and "argument": the player
            of a step, the step to rewind to, or {knob: value}.

    Raises:
        UserError: says what is wrong with the command, or why it cannot be obeyed now.
    """
    asked: dict[str, Any] = request if isinstance(request, dict) else {}
    job_id, name, argument = asked.get("run"), asked.get("command"), asked.get("argument")
    if name in ("pause", "resume", "stop"):
        getattr(jobs, name)(job_id)
    elif name == "step":
        jobs.step(job_id, str(argument))
    elif name == "rewind":
        jobs.rewind(job_id, argument)
    elif name == "change" and isinstance(argument, dict) and 1 <= len(argument) <= MOST_KNOBS:
        jobs.change(job_id, **{str(knob): value for knob, value in argument.items()})
    else:
        raise UserError("The command is one of pause, resume, stop, step, rewind and change.")
    return look(jobs, request)


def describe(snapshot: Snapshot, seen: dict[str, Any]) -> dict[str, Any]:
    """A run as JSON, less the parts that the page has."""
    if seen.get("version") == snapshot.version:
        return {"status": snapshot.status, "seen": seen}
    left, data = snapshot.seconds_left, snapshot.data
    value: dict[str, Any] = {
        "status": snapshot.status,
        "message": snapshot.message,
        "position": snapshot.position,
        "can_resume": snapshot.can_resume,
        "step": snapshot.step,
        "steps": snapshot.config.train.steps,
        "nimg": snapshot.nimg,
        "seconds": round(snapshot.seconds, 1),
        "seconds_left": None if left is None else round(left),
        "speed": round(snapshot.images_per_second),
        "device": snapshot.device,
        "memory": round(snapshot.memory / 2**20),
        "saves": list(snapshot.saves),
    }
    keys: dict[str, Any] = {"version": snapshot.version}
    for name, key, build in _parts(snapshot):
        keys[name] = key
        if seen.get(name) != key:
            value[name] = build()
    credit = f"{data.credit} · {data.license}" if data else ""
    if seen.get("credit") != credit:
        value["credit"] = credit
    new, whole = _new_records(snapshot.history, seen.get("record"))
    if new or whole:
        value["records"] = {"whole": whole, **records(new)}
    newest = snapshot.history[-1:]
    keys |= {"credit": credit, "record": [[step.step, round(step.seconds, 2)] for step in newest]}
    return {**value, "seen": keys}


def _parts(snapshot: Snapshot) -> Iterable[tuple[str, Any, Callable[[], Any]]]:
    """(name, key, what makes the value) of all that is sent only when it has changed."""
    config, preview, shown, data = snapshot.config, snapshot.preview, snapshot.look, snapshot.data
    yield "config", repr(describe_config(config)), lambda: describe_config(config)
    yield (
        "changes",
        [len(snapshot.changes), *(c.step for c in snapshot.changes[-1:])],
        lambda: changes(snapshot.changes),
    )
    yield (
        "figures",
        [len(snapshot.figures), *(m.step for m in snapshot.figures[-1:])],
        lambda: measured(snapshot.figures),
    )
    advice = advise(config, snapshot.history, shown, snapshot.figures)  # of an ended run, too: it is its moral
    yield "advice", [one.rule for one in advice], lambda: [dataclasses.asdict(one) for one in advice]
    if preview is not None:
        real = data.train if data is not None and data.is_points else None
        title = data.title if data is not None else ""
        yield "pictures", _key(preview), lambda: figures.preview(preview, real, title)
    if shown is not None:
        yield "look", _key(shown), lambda: describe_look(shown)


def _key(event: Any) -> list[float]:
    return [event.step, round(event.seconds, 3)]


def _new_records(history: Sequence[Step], last: Any) -> tuple[Sequence[Step], bool]:
    """The records after `last`; all of them, thinned, and True, where that is none of these."""
    wanted = tuple(last[0]) if isinstance(last, list) and last and isinstance(last[0], list) else None
    for at in range(len(history) - 1, -1, -1):
        if (history[at].step, round(history[at].seconds, 2)) == wanted:
            return history[at + 1 :], False
    return thinned(history), bool(history) or wanted is not None


def thinned(history: Sequence[Step], most: int = MOST_RECORDS) -> Sequence[Step]:
    """Every so many records, the newest always among them."""
    every = max(1, -(-len(history) // most))
    return history[(len(history) - 1) % every :: every]


def records(history: Sequence[Step]) -> dict[str, Any]:
    """Records in columns: "step", "nimg", "seconds", and "metrics" with None where a record lacks one."""
    names = sorted({name for step in history for name in step.metrics})
    return {
        "step": [step.step for step in history],
        "nimg": [step.nimg for step in history],
        "seconds": [round(step.seconds, 1) for step in history],
        "metrics": {name: [figures.short(step.metrics.get(name)) for step in history] for name in names},
    }


def measured(metrics: Sequence[Metric]) -> dict[str, Any]:
    """Figures of quality in columns, as `records` has them."""
    names = sorted({name for metric in metrics for name in metric.values})
    return {
        "step": [metric.step for metric in metrics],
        "metrics": {name: [figures.short(metric.values.get(name)) for metric in metrics] for name in names},
    }


def changes(events: Sequence[Changed]) -> list[dict[str, Any]]:
    """What was changed in mid-run, and when."""
    return [{"step": event.step, "values": event.values} for event in events[-MOST_CHANGES:]]


def describe_config(config: Config) -> dict[str, Any]:
    """What the diagram and the sliders show: weights, kinds of losses, learning rates, the schedule's beginning."""
    t = config.train
    return {
        **vars(config.objective),
        "data": config.data,
        "lr": t.lr,
        "lr_d": t.lr_d,
        "warmup_steps": t.warmup_steps,
        "ramp_steps": t.ramp_steps,
        "batch_size": t.batch_size,
        "prior": config.model.prior,
        "z_dim": config.model.z_dim,
    }


def describe_look(shown: Look) -> dict[str, Any]:
    """D's scores as histograms, and the cloud of codes."""

    def cloud(points: Any) -> list[list[float]] | None:
        return None if points is None else figures.rounded(points[:CLOUD_POINTS], 2)

    return {
        "step": shown.step,
        "scores": shown.scores,
        "codes": cloud(shown.codes),
        "prior": cloud(shown.prior),
        "labels": None if shown.labels is None else shown.labels[:CLOUD_POINTS],
        "spread": [round(v, 3) for v in shown.spread if math.isfinite(v)],
    }
