"""Training runs in the background: start, pause, single steps, knobs, rewind, stop, resume, look. Knows no page.

A run has a process of its own and an id that cannot be guessed: who holds the id sees and commands the run. What a
reader gets is an immutable snapshot, so that nobody can disturb the run by looking at it. A run lies on disk, and is
found there again after a restart of the server.
"""

from __future__ import annotations

import atexit
import functools
import logging
import os
import secrets
import shutil
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from aegan.catalog import list_data
from aegan.config import Config, UserError
from aegan.data import Dataset, load_data
from aegan.job import CLOSED, LIMITS, Job, Limits, Line
from aegan.job_folders import JobFolders, default_folder, digest_of
from aegan.launch import Lend, start_process, start_turn, warm_up
from aegan.runs import Run, remove_run
from aegan.snapshot import Snapshot, recall
from aegan.step import learns
from aegan.train import check_data
from aegan.uploads import OWN, outline
from aegan.worker import turn, work

log = logging.getLogger(__name__)

GONE = "This run is no longer on the server: start a new one."
NO_SAVE = "Nothing of this run was saved yet: let it train for a moment."
PLAYERS = ("d", "g", "both")
CLOSING_SECONDS = 5.0
PRUNE_SECONDS = 600.0  # between two looks for what is too old, though nobody comes


class Jobs:
    """All runs of this server, by id.

    Args:
        limits: what visitors may ask of this machine.
        device: where runs train.
        folder: where runs lie; `default_folder()` if not given.
        target: what a run's process does.
        lend: gives a run a GPU for `limits.turn_seconds` and does `launch.work_turn` there, instead of a process.
    """

    def __init__(
        self, limits: Limits = LIMITS, device: str = "auto", folder: str | os.PathLike | None = None,
        target: Callable[..., None] = work, lend: Lend | None = None,
    ) -> None:  # fmt: skip
        self.limits, self.device, self.folder = limits, device, Path(folder or default_folder())
        self._folders = JobFolders(self.folder, limits)
        self.is_lent = lend is not None
        self._start_work = functools.partial(start_turn, lend) if lend else functools.partial(start_process, target)
        self._line = Line(limits.active, limits.waiting)
        self._lock = threading.RLock()
        self._jobs: dict[str, Job] = {}  # by the digest of its id
        self._owners: dict[str, str] = {}  # page -> id of the run that it began
        self._prune()
        threading.Thread(target=_prune_at_times, args=(weakref.ref(self),), name="pruning", daemon=True).start()
        atexit.register(_close, weakref.ref(self))

    def warm_up(self) -> None:
        """Begins to load what runs need, so that the first one starts quickly."""
        if not self.is_lent:
            warm_up()

    def start(
        self, config: Config, owner: str = "", own: Dataset | None = None,
        prepare: Callable[[Run], None] | None = None, spent: float = 0.0,
    ) -> str:  # fmt: skip
        """Begins a run, or puts it in line, and returns its id.

        Args:
            config: the run.
            owner: what tells one page from another; each can have one active run. Empty: any number.
            own: images that the visitor brought, where `config.data` is OWN. They are kept with the run and go with it.
            prepare: puts what the run begins with into its folder.
            spent: seconds of training that it begins with, and that do not count.

        Raises:
            UserError: when an option is beyond the limits, the data set is not here, or the line is full.
        """
        config = self.bounded(config, own, spent)
        self._prune()
        with self._lock:
            if owner and any(job.owner == owner and job.snapshot.is_active for job in self._jobs.values()):
                raise UserError("This page has a run already: stop it before you start another one.")
            job_id = secrets.token_urlsafe(16)
            digest = digest_of(job_id)
            run = self._folders.create(digest, config, own)
            job = Job(run, Snapshot(config, _outline(config.data)), self.limits, self._line, self.device,
                      self._start_work, owner)  # fmt: skip
            job.on_end = self._prune
            try:
                if prepare is not None:
                    prepare(run)
                job.begin()
            except UserError:
                shutil.rmtree(self._folders.release(digest), ignore_errors=True)
                raise
            self._jobs[digest] = job
            self._owners = {name: run_id for name, run_id in self._owners.items() if self._is_active(run_id)}
            self._owners[owner] = job_id
        return job_id

    def active_of(self, owner: str) -> str | None:
        """The id of that page's active run, for who presses Start twice."""
        with self._lock:
            job_id = self._owners.get(owner) if owner else None
            return job_id if job_id is not None and self._is_active(job_id) else None

    def bounded(self, config: Config, own: Dataset | None = None, spent: float = 0.0) -> Config:
        """The same run, ended by this server's time limit at the latest, `spent` seconds of training not counted.

        Raises:
            UserError: names the option that is beyond the limits, or says that the data set is not here.
        """
        self.check_options(config)
        if config.data == OWN and own is None:
            raise UserError("Your own images are no longer here: choose them again.")
        if own is not None:
            check_data(config, own)
        elif config.data not in {data.name for data in list_data() if data.available}:
            raise UserError(f"The data set {config.data!r} is not on this server: choose one of the list.")
        limit = self.limits.seconds + spent
        return config.with_options(seconds=min(config.train.seconds or limit, limit))

    def count_running(self) -> int:
        """How many of the places for training are taken."""
        with self._lock:
            shown = [job.snapshot for job in self._jobs.values()]
        return sum(snapshot.is_active and snapshot.status != "queued" for snapshot in shown)

    def check_options(self, config: Config) -> None:
        """Raises UserError, which names the option that is beyond what this server allows."""
        values = {**vars(config.model), **vars(config.train)}
        for name, most in self.limits.options:
            if values[name] > most:
                raise UserError(f"{name} can be at most {most:,} on this page, not {values[name]:,}.")

    def look(self, job_id: Any) -> Snapshot | None:
        """The run as it stands, or None where there is none of that id. Looking keeps a run alive."""
        job = self._find(job_id)
        if job is None:
            return None
        job.seen = time.monotonic()
        return job.snapshot

    def pause(self, job_id: Any) -> None:
        self._get(job_id).command("pause")

    def resume(self, job_id: Any) -> None:
        """Goes on: a paused run, or one that was interrupted, from its last save.

        Raises:
            UserError: for a run that is gone, or when the line is full.
        """
        job = self._get(job_id)
        with self._lock:
            if job.snapshot.can_resume and not job.snapshot.is_active:
                job.begin()
            else:
                job.command("run")

    def stop(self, job_id: Any) -> None:
        self._get(job_id).command("stop")

    def rewind(self, job_id: Any, step: int | None = None) -> None:
        """Goes back to the last save, or to that of a step; what was changed since then is forgotten.

        Raises:
            UserError: where there is no save of that step.
        """
        job = self._get(job_id)
        if step is not None and step not in job.snapshot.saves:
            raise UserError("This moment was not saved: rewind to one of those offered.")
        job.command("rewind", step)

    def step(self, job_id: Any, player: str) -> None:
        """One step of a paused run: of the discriminators ("d"), of all others ("g"), or of both.

        Raises:
            UserError: unless the run is paused and that player can learn.
        """
        if player not in PLAYERS:
            raise UserError("A single step is one of d, g or both.")
        job = self._get(job_id)
        shown = job.snapshot
        if shown.status != "paused":
            raise UserError("Pause the run first: single steps are for a run that stands still.")
        if not learns(shown.config, player, shown.step):
            if learns(shown.config, player, shown.config.train.steps):
                start = shown.config.train.warmup_steps
                raise UserError(f"The discriminator begins to learn at step {start:,}: resume the run until then.")
            raise UserError("This run has no discriminator that could learn: take a step of G.")
        job.command("step", player)

    def change(self, job_id: Any, /, **knobs: float) -> None:
        """Changes weights of terms, gamma or learning rates, from the next step on.

        Raises:
            UserError: names the knob that is out of range or cannot be changed in mid-run.
        """
        job = self._get(job_id)
        turn(job.snapshot.config, knobs)
        job.command("change", knobs)

    def folder_of(self, job_id: Any) -> Path:
        """Where that run lies on disk.

        Raises:
            UserError: for a run that is gone.
        """
        return self._get(job_id).run.folder

    def save(self, job_id: Any, timeout: float = 10.0) -> Run:
        """The run on disk, as it stands now: an active one is asked to save, and waited for.

        Raises:
            UserError: for a run that is gone, or of which nothing was saved yet.
        """
        job = self._get(job_id)
        if job.snapshot.status in ("running", "paused"):
            before = job.run.saved_at
            job.command("save")
            job.wait(lambda shown: job.run.saved_at != before or not shown.is_active, timeout)
        if not job.run.has_state:
            raise UserError(NO_SAVE)
        return job.run

    def find(self, job_id: Any) -> Run | None:
        """The run on disk, or None where there is none of that id."""
        job = self._find(job_id)
        return None if job is None else job.run

    def wait(self, job_id: Any, condition: Callable[[Snapshot], Any], timeout: float = 30.0) -> bool:
        """Blocks until the condition holds for the run; False after `timeout` seconds, or where there is none."""
        job = self._find(job_id)
        return job is not None and job.wait(condition, timeout)

    def close(self) -> None:
        """Saves all active runs and ends their processes; they can be resumed by another server."""
        with self._lock:
            active = [job for job in self._jobs.values() if job.snapshot.is_active]
        for job in active:
            job.command("leave", CLOSED)
        until = time.monotonic() + CLOSING_SECONDS
        for job in active:
            job.close(max(until - time.monotonic(), 0.0))

    # -- finding runs ---------------------------------------------------------------------------------------------

    def _is_active(self, job_id: str) -> bool:
        job = self._jobs.get(digest_of(job_id))
        return job is not None and job.snapshot.is_active

    def _find(self, job_id: Any) -> Job | None:
        digest = digest_of(job_id)
        with self._lock:
            if digest not in self._jobs:
                try:
                    run = self._folders.open(digest)
                    if run is None:
                        return None
                    snapshot = recall(run, _outline(run.config.data), self.limits.history)
                except UserError as error:
                    log.warning("%s", error)
                    self._folders.release(digest)
                    return None
                self._jobs[digest] = Job(run, snapshot, self.limits, self._line, self.device, self._start_work)
                self._jobs[digest].on_end = self._prune
            return self._jobs[digest]

    def _get(self, job_id: Any) -> Job:
        job = self._find(job_id)
        if job is None:
            raise UserError(GONE)
        return job

    def _prune(self) -> None:
        """Removes the ended runs that are too many, too old or too large."""
        with self._lock:
            active = {digest for digest, job in self._jobs.items() if job.snapshot.is_active}
            gone = []
            for digest in self._folders.find_surplus(active):
                gone.append(self._folders.release(digest))
                self._jobs.pop(digest, None)
        for folder in gone:
            remove_run(folder)


@functools.cache
def _outline(name: str) -> Dataset | None:
    """What the page says of a data set: its points, but no images; those are the run's own."""
    if name == OWN:
        return outline()
    for info in list_data():
        if info.name == name:
            if info.kind == "points":
                return load_data(name)
            nothing = np.zeros((0, 1, 1, 1), np.uint8)
            return Dataset(name, info.title, nothing, nothing, None, None, (), info.license, info.credit)
    return None


def _prune_at_times(jobs: weakref.ref[Jobs]) -> None:
    while not threading.Event().wait(PRUNE_SECONDS):
        found = jobs()
        if found is None:
            return
        found._prune()
        del found  # nothing here keeps it


def _close(jobs: weakref.ref[Jobs]) -> None:
    found = jobs()
    if found is not None:
        found.close()
