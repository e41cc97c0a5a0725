"""Events on disk: one JSON line each in `events.jsonl`, their pictures in `previews/` (PNG; WebP in shipped copies).

A line that was torn by a crash is ignored when read, and removed when the run goes on.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from aegan.config import UserError
from aegan.events import SCORE_BINS, Alone, Changed, Event, Look, Metric, Preview, Saved, Step, Stopped
from aegan.images import encode_png, encode_webp, image_grid, open_image
from aegan.provenance import make_record, png_notes, to_xmp

EVENTS, PREVIEWS = "events.jsonl", "previews"
MAX_EVENTS_BYTES, MAX_PREVIEW_VALUES = 200 * 2**20, 50_000_000
MAX_POINTS = 10_000  # in one event; dimensions and labels likewise

_KINDS = {
    "step": Step, "preview": Preview, "look": Look, "metric": Metric, "changed": Changed, "alone": Alone,
    "saved": Saved, "stopped": Stopped,
}  # fmt: skip
_PICTURES = ("samples", "originals", "reconstructions")


def write_atomic(path: Path, content: bytes) -> None:
    """Replaces a file by new content, or leaves everything as it was.

    Raises:
        UserError: if it cannot be written, because the disk is full, say.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        part.unlink(missing_ok=True)


def cannot_write(path: Path, error: OSError) -> UserError:
    reason = error.strerror or str(error)
    return UserError(
        f"{path} cannot be written ({reason}): make room or choose another folder; earlier saves are kept."
    )


def fingerprint(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def append_event(folder: Path, event: Event) -> None:
    """Writes one event down, and its pictures if it has any.

    Raises:
        UserError: if the disk is full, for instance.
    """
    line = _encode(folder, event)
    try:
        with (folder / EVENTS).open("ab", buffering=0) as file:
            file.write(line)
    except OSError as error:
        raise cannot_write(folder / EVENTS, error) from error


def read_events(folder: str | os.PathLike, last_preview_only: bool = False) -> Iterator[Event]:
    """Replays the events of a run's folder, or of a checkpoint's with a history; nothing where there is none.

    Previews whose pictures are missing are left out, and so is a torn last line. To open all pictures takes seconds
    for a long run, so where only the present moment counts, take the last preview only, and the last look.

    Raises:
        UserError: if a line before the last is damaged; says which.
    """
    folder = Path(folder)
    if not (folder / EVENTS).is_file():
        return
    lines = _lines(folder / EVENTS)
    last = {values["event"]: number for number, (_, values) in enumerate(lines, start=1)}
    for number, (_, values) in enumerate(lines, start=1):
        if last_preview_only and values["event"] in ("preview", "look") and number != last[values["event"]]:
            continue
        try:
            event = _decode(folder, values)
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{folder / EVENTS}, line {number}: this is not an event ({error}).") from None
        if event is not None:
            yield event


def decode_line(folder: Path, line: bytes) -> Event | None:
    """One line of the events in that folder; None where its pictures are missing.

    Raises:
        ValueError, TypeError or KeyError: where that is no event.
    """
    return _decode(folder, json.loads(line))


def read_changes(folder: Path, step: int) -> dict[str, float]:
    """Options that the run's owner had changed when it reached `step`, as they were then."""
    changes: dict[str, float] = {}
    if (folder / EVENTS).is_file():
        for _, values in _lines(folder / EVENTS):
            if values["event"] == "changed" and values["step"] <= step and isinstance(values.get("values"), dict):
                changes |= values["values"]
    return changes


def forget_after(folder: Path, step: int) -> None:
    """Removes events that a resumed run is going to repeat, its former end, and a torn line."""
    path = folder / EVENTS
    if not path.exists():
        return
    kept = [line for line, values in _lines(path) if values["step"] <= step and values["event"] != "stopped"]
    content = b"".join(line + b"\n" for line in kept)
    if len(content) != path.stat().st_size:
        write_atomic(path, content)


def copy_history(source: Path, target: Path, previews: int | None = None, until: float = math.inf) -> None:
    """Copies events up to a step to another folder, with at most so many previews, evenly spread, the last included.

    If None, 24; of pictures above 32 pixels half as many, so that a checkpoint stays within 10 MiB. Pictures in colour
    become WebP there, a tenth of their size: 24 moments of 64 pixels would take 14 MB.
    """
    events = [event for event in read_events(source) if event.step <= until]
    steps = sorted({event.step for event in events if isinstance(event, Preview)})
    if previews is None:
        is_large = any(isinstance(event, Preview) and event.samples.shape[1] > 32 for event in events)
        previews = 12 if is_large else 24
    chosen = {steps[round(i)] for i in np.linspace(0, len(steps) - 1, min(previews, len(steps)))}
    lines = [
        _encode(target, event, compact=True)
        for event in events
        if not isinstance(event, Saved) and (not isinstance(event, Preview | Look) or event.step in chosen)
    ]
    write_atomic(target / EVENTS, b"".join(lines))
    for picture in (target / PREVIEWS).glob("[0-9]*"):  # of an earlier, shorter history
        if int(picture.name.partition("-")[0]) not in chosen:
            picture.unlink()


def _encode(folder: Path, event: Event, compact: bool = False) -> bytes:
    kind = next(name for name, cls in _KINDS.items() if isinstance(event, cls))
    values: dict[str, Any] = {"event": kind}
    for field in dataclasses.fields(event):
        value = getattr(event, field.name)
        if isinstance(value, np.ndarray):
            value = _put(folder, event.step, field.name, value, compact)
        elif field.name == "spread":
            value = [_round(v) for v in value]
        elif isinstance(value, dict) and field.name != "scores":  # JSON has no word for what is not a number
            value = {key: float(v) if math.isfinite(v) else None for key, v in value.items()}
        values[field.name] = value
    return json.dumps(values, allow_nan=False).encode() + b"\n"


def _put(folder: Path, step: int, name: str, array: np.ndarray, compact: bool) -> list:
    """Points go into the line itself, images into one picture of rows; the line says how many and how large."""
    if array.ndim == 2:
        return [[_round(v) for v in point] for point in array]
    path = _picture(folder, step, name)
    if compact and array.shape[3] == 3:
        path = path.with_suffix(".webp")
    if name != "originals" or not path.exists():  # they are the same throughout a run
        try:
            path.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from error
        grid, record = image_grid(array, padding=0), make_record(f"{name} during training", step)
        made = name != "originals"
        if path.suffix == ".webp":
            content = encode_webp(grid, to_xmp(record) if made else b"")
        else:
            content = encode_png(grid, png_notes(record) if made else {"Description": "test images"})
        write_atomic(path, content)
    return list(array.shape)


def _round(value: float) -> float:
    return round(float(value), 4) if math.isfinite(value) else 0.0


def _lines(path: Path) -> list[tuple[bytes, dict[str, Any]]]:
    """Whole lines with their values; a last line that is torn is left out."""
    try:
        if path.stat().st_size > MAX_EVENTS_BYTES:
            raise UserError(f"{path} is too large for the events of a run.")
        raw = path.read_bytes().split(b"\n")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error}.") from None
    found = []
    for number, line in enumerate(raw[:-1], start=1):  # what follows the last newline is empty or torn
        try:
            values = json.loads(line)
            if not isinstance(values, dict) or values.get("event") not in _KINDS or type(values.get("step")) is not int:
                raise ValueError
        except ValueError:
            if number == len(raw) - 1:  # a crash of the machine can leave a last line of nonsense
                break
            raise UserError(f"{path}, line {number}: this is not an event.") from None
        found.append((line, values))
    return found


def _decode(folder: Path, values: dict[str, Any]) -> Event | None:
    values = dict(values)
    cls = _KINDS[values.pop("event")]
    if cls is Look:
        return _decode_look(values)
    for key, value in values.items():
        if isinstance(value, dict):
            values[key] = {name: math.nan if v is None else float(v) for name, v in value.items()}
    if cls is Preview:
        for name in _PICTURES:
            if values[name] is not None:
                values[name] = _get(folder, values["step"], name, values[name])
                if values[name] is None:
                    return None
    return cls(**values)


def _decode_look(values: dict[str, Any]) -> Look:
    """Raises ValueError, TypeError or KeyError where that is no look."""
    values["codes"], values["prior"] = (_points(values[name]) for name in ("codes", "prior"))
    values["scores"] = {kind: _whole(counts) for kind, counts in dict(values["scores"]).items()}
    values["labels"] = None if values.get("labels") is None else _whole(values["labels"])
    values["spread"] = [float(v) for v in values["spread"]]
    if any(len(counts) != SCORE_BINS for counts in values["scores"].values()):
        raise ValueError(f"scores are counted in {SCORE_BINS} bins")
    if max(len(values["scores"]), len(values["spread"])) > MAX_POINTS:
        raise ValueError("too large for a look")
    return Look(**values)


def _whole(numbers: list) -> list[int]:
    if len(numbers) > MAX_POINTS or any(type(v) is not int for v in numbers):
        raise ValueError("counts and labels are whole numbers")
    return numbers


def _points(value: list | None) -> np.ndarray | None:
    if value is None:
        return None
    points = np.array(value, np.float32)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) > MAX_POINTS or not np.isfinite(points).all():
        raise ValueError("points are pairs")
    return points


def _get(folder: Path, step: int, name: str, value: list) -> np.ndarray | None:
    if value and isinstance(value[0], list):
        return _points(value)
    n, height, width, channels = (int(v) for v in value)
    if min(n, height, width) < 1 or channels not in (1, 3) or n * height * width * channels > MAX_PREVIEW_VALUES:
        raise ValueError("no such pictures")
    path = _picture(folder, step, name)
    compact = path.with_suffix(".webp")
    try:
        grid = np.asarray(open_image(compact if compact.exists() else path))
    except UserError:
        return None
    rows, columns = grid.shape[0] // height, grid.shape[1] // width
    if grid.size != rows * columns * height * width * channels or rows * columns < n:
        return None
    tiles = grid.reshape(rows, height, columns, width, channels).swapaxes(1, 2)  # [rows, columns, H, W, C]
    return tiles.reshape(-1, height, width, channels)[:n]


def _picture(folder: Path, step: int, name: str) -> Path:
    return folder / PREVIEWS / ("originals.png" if name == "originals" else f"{step:08d}-{name}.png")
