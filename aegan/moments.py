"""Single moments of a run, read from its folder without reading all the others: what a timeline needs.

To decode the pictures of a whole run takes seconds. So only where each event stands is remembered; when a run has
grown, only what is new is read.
"""

from __future__ import annotations

import bisect
import json
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from aegan.config import UserError
from aegan.events import Event, Look, Preview
from aegan.history import EVENTS, MAX_EVENTS_BYTES, decode_line

MAX_RECORDINGS = 32  # folders whose index is kept

_kept: OrderedDict[Path, Recording] = OrderedDict()
_lock = threading.Lock()


def open_recording(folder: Path) -> Recording:
    """The events of a run's folder, or of a checkpoint's; empty where there are none."""
    with _lock:
        found = _kept.pop(folder, None) or Recording(folder)
        _kept[folder] = found
        while len(_kept) > MAX_RECORDINGS:
            _kept.popitem(last=False)
    found.refresh()
    return found


class Recording:
    """Where in a file of events each one stands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._file, self._end = 0, 0  # which file was read (a rewound run has a new one), and how far
        self._places: dict[str, list[tuple[int, int, int]]] = {}  # kind -> (step, first byte, length)
        self._times: dict[int, tuple[int, float]] = {}  # step of a preview -> images seen, seconds

    def refresh(self) -> None:
        """Reads on from where it ended the last time.

        Raises:
            UserError: if the file is too large or damaged.
        """
        path = self.folder / EVENTS
        with self._lock:
            try:
                status = path.stat()
            except OSError:
                self._file, self._end, self._places, self._times = 0, 0, {}, {}
                return
            if status.st_size > MAX_EVENTS_BYTES:
                raise UserError("The record of this run is too large to be shown.")
            if status.st_ino != self._file or status.st_size < self._end:
                self._file, self._end, self._places, self._times = status.st_ino, 0, {}, {}
            with path.open("rb") as file:
                file.seek(self._end)
                for line in file:
                    if not line.endswith(b"\n"):  # it is being written, or was torn
                        break
                    self._add(line)
                    self._end += len(line)

    def _add(self, line: bytes) -> None:
        try:
            values = json.loads(line)
            kind, step = values["event"], int(values["step"])
            if kind == "preview":
                self._times[step] = (int(values["nimg"]), float(values["seconds"]))
        except (ValueError, TypeError, KeyError):
            raise UserError("The record of this run is damaged.") from None
        self._places.setdefault(kind, []).append((step, self._end, len(line)))

    def moments(self) -> list[tuple[int, int, float]]:
        """(step, images seen, seconds) of every preview, in order."""
        with self._lock:
            return [(step, *self._times[step]) for step in sorted(self._times)]

    def preview(self, step: int) -> Preview | None:
        """The last preview up to that step, or else the first; None where there is none."""
        found = self._read("preview", step)
        return found if isinstance(found, Preview) else None

    def look(self, step: int) -> Look | None:
        found = self._read("look", step)
        return found if isinstance(found, Look) else None

    def events(self, *kinds: str) -> Iterator[Event]:
        """All events of these kinds, in order."""
        with self._lock:
            places = sorted((first, size) for kind in kinds for _, first, size in self._places.get(kind, ()))
        for first, size in places:
            event = self._decode(first, size)
            if event is not None:
                yield event

    def _read(self, kind: str, step: int) -> Event | None:
        with self._lock:
            places = self._places.get(kind, [])
            at = max(bisect.bisect_right(places, (step, self._end, 0)) - 1, 0)
        return self._decode(*places[at][1:]) if places else None

    def _decode(self, first: int, size: int) -> Event | None:
        try:
            with (self.folder / EVENTS).open("rb") as file:
                file.seek(first)
                return decode_line(self.folder, file.read(size))
        except (OSError, KeyError, TypeError, ValueError):  # rewound or removed meanwhile
            return None
