"""A run on disk: configuration, events, previews, resumable state.

Whatever happens, a file is there whole or not at all. Only `events.jsonl` grows.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

try:
    import fcntl
except ImportError:  # Windows: there, two servers must not share a folder of runs
    fcntl = None  # type: ignore[assignment]

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open

from aegan import distributed
from aegan.config import Config, UserError
from aegan.events import Event, Saved, Step, Stopped
from aegan.history import append_event, cannot_write, forget_after, read_changes, read_events, write_atomic
from aegan.state import TrainState

FORMAT_VERSION = 1
RUN, STATE, CHECKPOINT, LOCK, KEPT = "run.json", "state.safetensors", "checkpoint", ".lock", "kept"
MAX_STATE_BYTES = 8 * 2**30
MAX_KEPT, MAX_KEPT_BYTES = 6, 128 * 2**20  # earlier saves of a run that it can be rewound to, together


def remove_run(folder: Path) -> None:
    """Removes a run's folder, unless a process is at work in it."""
    run = Run(folder, Config())
    if run.lock():
        shutil.rmtree(folder, ignore_errors=True)
        run.unlock()


class Run:
    """One training run in its folder.

    `run.json`: the configuration. `events.jsonl`: one event a line. `previews/`: pictures of the preview events.
    `state.safetensors`: everything needed to go on. `checkpoint/`: the model, once the run is complete.
    """

    def __init__(self, folder: str | os.PathLike, config: Config) -> None:
        self.folder, self.config = Path(folder), config
        self._lock: IO[bytes] | None = None

    @classmethod
    def create(cls, folder: str | os.PathLike, config: Config) -> Run:
        """Starts a run in a new or empty folder.

        Raises:
            UserError: if something lies there already, or nothing can be written there.
        """
        run = cls(folder, config)
        try:
            run.folder.mkdir(parents=True, exist_ok=True)
            if any(run.folder.iterdir()):
                is_run = (run.folder / RUN).exists()
                advice = f"go on with `python -m aegan resume {run.folder}`, or " if is_run else ""
                raise UserError(f"The folder {run.folder} is not empty: {advice}choose another folder (--out).")
        except OSError as error:
            raise cannot_write(run.folder, error) from error
        run.change(config)
        return run

    @classmethod
    def open(cls, folder: str | os.PathLike) -> Run:
        """The run in that folder.

        Raises:
            UserError: if there is none, or its configuration is damaged; says which field.
        """
        path = Path(folder) / RUN
        try:
            values = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise UserError(f"{folder} is not the folder of a run: it has no {RUN}.") from None
        except (OSError, ValueError) as error:
            raise UserError(f"{path} cannot be read ({error}): start the run anew.") from None
        if not isinstance(values, dict) or values.get("format_version") != FORMAT_VERSION:
            raise UserError(f"{path} does not describe a run of format {FORMAT_VERSION}.")
        config = values.get("config")
        if not isinstance(config, dict):
            raise UserError(f"{path}: config must be an object.")
        try:
            return cls(folder, Config.from_dict(config))
        except UserError as error:
            raise UserError(f"{path}: {error}") from None

    @property
    def checkpoint(self) -> Path:
        return self.folder / CHECKPOINT

    @property
    def has_state(self) -> bool:
        return (self.folder / STATE).is_file()

    @property
    def saved_at(self) -> int | None:
        """What tells one save from another: its time in nanoseconds; None where nothing was saved yet."""
        try:
            return (self.folder / STATE).stat().st_mtime_ns
        except OSError:
            return None

    def change(self, config: Config) -> None:
        """Writes down a new configuration, such as a longer training."""
        text = json.dumps({"format_version": FORMAT_VERSION, "config": config.to_dict()}, indent=2)
        write_atomic(self.folder / RUN, text.encode())
        self.config = config

    def lock(self) -> bool:
        """Takes the run for this process until it ends or unlocks; False while another process has it.

        Also removes what a process that was killed while writing has left half written.
        """
        try:
            self._lock = (self.folder / LOCK).open("wb")
            if fcntl is not None:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.unlock()
            return False
        for part in self.folder.rglob(".*.part"):
            with suppress(OSError):
                part.unlink()
        return True

    def unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # -- writing --------------------------------------------------------------------------------------------------

    def record(self, state: TrainState, events: Iterator[Event]) -> Iterator[Event]:
        """Passes events on and writes them down; saves the state every `save_every` steps and at the end.

        After each save `Saved` is passed on. Closing this iterator closes `events` and saves, too: the run stands
        still then, so that its state is whole. In a process other than the first nothing is written.

        Raises:
            UserError: if the disk is full, for instance; what was saved before is kept.
        """
        if not distributed.is_main():
            yield from events
            return
        forget_after(self.folder, state.step)
        saved = state.step if self.has_state else -1
        every = state.config.train.save_every
        try:
            for event in events:
                if isinstance(event, Stopped) and state.step != saved:
                    yield self._save(state)
                append_event(self.folder, event)
                yield event
                if isinstance(event, Step) and event.step // every > max(saved, 0) // every:
                    saved = event.step
                    yield self._save(state)
        except GeneratorExit:
            self._save(state)
            raise
        finally:
            close = getattr(events, "close", None)
            if close is not None:
                close()

    def save(self, state: TrainState) -> None:
        """Replaces the saved state by this one."""
        tensors = {name: t.detach().cpu().contiguous() for name, t in state.tensors().items()}
        metadata = {"format": "aegan-state", "version": str(FORMAT_VERSION), "scalars": json.dumps(state.scalars())}
        write_atomic(self.folder / STATE, safetensors.torch.save(tensors, metadata))

    # -- earlier saves --------------------------------------------------------------------------------------------

    def kept(self) -> list[int]:
        """Steps of the saves that the run can be rewound to, ascending."""
        return sorted(int(path.stem) for path in (self.folder / KEPT).glob("[0-9]*.safetensors"))

    def keep(self, step: int) -> None:
        """Keeps the last save, of that step, also when later ones follow; some of all, at growing distances.

        Nothing is copied: the file gets a second name. Where file systems know no such thing, nothing is kept.
        """
        try:
            (self.folder / KEPT).mkdir(exist_ok=True)
            self._kept_path(step).unlink(missing_ok=True)
            os.link(self.folder / STATE, self._kept_path(step))
            most = max(1, min(MAX_KEPT, MAX_KEPT_BYTES // (self.folder / STATE).stat().st_size))
        except OSError:
            return
        steps = self.kept()
        while len(steps) > most:  # of the earlier ones that one goes which is nearest to others, for its age
            gaps = [(steps[i + 1] - steps[i - 1]) / (step - steps[i - 1]) for i in range(1, len(steps) - 1)]
            self._kept_path(steps.pop(1 + gaps.index(min(gaps)) if gaps else 0)).unlink(missing_ok=True)

    def go_back(self, step: int) -> None:
        """Makes a kept save the last one; 0: the beginning. Later ones are removed.

        Raises:
            UserError: where no save of that step was kept.
        """
        if step and step not in self.kept():
            raise UserError(f"No save of step {step:,} was kept.")
        if step:
            part = self.folder / f".{STATE}.{os.getpid()}.part"
            part.unlink(missing_ok=True)
            os.link(self._kept_path(step), part)
            os.replace(part, self.folder / STATE)
            part.unlink(missing_ok=True)  # still there where both were the same file already
        else:
            (self.folder / STATE).unlink(missing_ok=True)
        for later in self.kept():
            if later > step:
                self._kept_path(later).unlink(missing_ok=True)

    def forget_kept(self) -> None:
        shutil.rmtree(self.folder / KEPT, ignore_errors=True)

    def _kept_path(self, step: int) -> Path:
        return self.folder / KEPT / f"{step:08d}.safetensors"

    def _save(self, state: TrainState) -> Saved:
        self.save(state)
        event = Saved(state.step, STATE)
        append_event(self.folder, event)
        return event

    # -- reading --------------------------------------------------------------------------------------------------

    def events(self) -> Iterator[Event]:
        """Replays what was written down, pictures included; see `read_events`."""
        return read_events(self.folder)

    def restore(self, device: torch.device) -> TrainState:
        """The state as last saved, on a device, with the options that had been changed in mid-run by then.

        Raises:
            UserError: if nothing was saved, or the file is foreign, damaged or of another configuration.
        """
        path = self.folder / STATE
        if not path.is_file():
            raise UserError(f"{self.folder} has no saved state to resume from: start anew in another folder.")
        if path.stat().st_size > MAX_STATE_BYTES:
            raise UserError(f"{path} is too large for the state of a run.")
        try:
            with safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        except (OSError, SafetensorError) as error:
            raise UserError(f"{path} is damaged ({error}): restore it, or start the run anew.") from None
        if metadata.get("format") != "aegan-state" or metadata.get("version") != str(FORMAT_VERSION):
            raise UserError(f"{path} is not the saved state of a run of format {FORMAT_VERSION}.")
        try:
            scalars = json.loads(metadata["scalars"])
        except (KeyError, ValueError):
            raise UserError(f"{path} is damaged: its counters cannot be read.") from None
        state = TrainState.create(self.config, device)
        try:
            state.load(tensors, scalars)
            state.config = self.config.with_options(**read_changes(self.folder, state.step))
        except UserError as error:
            raise UserError(f"{path}: {error}") from error
        return state
