"""Visitors' own models: runs' last saves, opened. Their names cannot be guessed: only who holds the run knows them.

The name is made from the run's id by a digest, so that it lets one see the model and not command the run. What leaves
the page, links and pictures, holds the title, from which nothing follows.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from aegan.config import UserError
from aegan.export import find_decoder
from aegan.images import to_uint8
from aegan.jobs import Jobs
from aegan.launch import start_process
from aegan.model import AEGAN, CONFIG
from aegan.opened import COMPLETE, READY, find_opened, opened_folder, version_of, work
from aegan.package import list_parts
from aegan.provenance import describe_picture
from aegan.runs import STATE, Run
from aegan.ui.figures import data_uri
from aegan.ui.models import Shown, describe_card, noise_of

log = logging.getLogger(__name__)

MOST_LOADED = 4  # models in memory; others are read again from their runs' folders
MOST_KNOWN = 1000  # runs whose models were asked for
SECONDS = 180.0  # that opening may take on a busy machine
THUMBNAIL_SEED = 6

FOREIGN = (
    "This model is a run of another visitor, or is not here any more: open a run of yours, or choose another model."
)
REPLACED = "Your run has been opened anew since then: choose it again among the models."
FAILED = "The run could not be opened: let it go on for a moment, and try again."
BUSY = "Other runs are being opened: try again in a moment."

_NAME = re.compile(r"run-([0-9a-f]{32})-([0-9a-f]{1,20})")
_TITLE = re.compile(r"run-[0-9a-f]{10}")


@dataclass(frozen=True)
class Opening:
    """How far a run's model is: `what` is being done (see `opened.open_run`), `share` of all is done."""

    name: str
    version: str
    what: str = "waiting"
    share: float = 0.0
    message: str = ""  # why it failed

    @property
    def is_ready(self) -> bool:
        return self.share >= 0.5


class OwnModels:
    """The models that visitors have opened of their runs.

    Args:
        jobs: the runs.
        at_once: how many are opened at a time, each by a process of its own.
        waiting: how many more may be asked for.
    """

    def __init__(self, jobs: Jobs, at_once: int = 1, waiting: int = 8) -> None:
        self.jobs = jobs
        self._ids: OrderedDict[str, str] = OrderedDict()  # digest -> id of the run
        self._openings: dict[str, Opening] = {}  # the newest of each run, by digest, while it is at work or has failed
        self._loaded: OrderedDict[str, Shown] = OrderedDict()
        self._lock = threading.Condition()
        self._places, self._most = threading.BoundedSemaphore(at_once), at_once + waiting

    # -- names ----------------------------------------------------------------------------------------------------

    def is_one(self, name: Any) -> bool:
        return isinstance(name, str) and _NAME.fullmatch(name) is not None

    def is_title(self, title: Any) -> bool:
        return isinstance(title, str) and _TITLE.fullmatch(title) is not None

    def title_of(self, name: str) -> str:
        return f"run-{hashlib.sha256(name.encode()).hexdigest()[:10]}"

    # -- models, for those who know the name ------------------------------------------------------------------------

    def folder(self, name: str) -> Path:
        """Where the model lies.

        Raises:
            UserError: for a name that is nobody's, or of a run that is gone or was opened anew.
        """
        run, version = self._find(name)
        folder = opened_folder(run, version)
        if not (folder / CONFIG).is_file():
            raise UserError(REPLACED)
        return folder

    def get(self, name: str) -> Shown:
        """The model of that name.

        Raises:
            UserError: as `folder`, or when it cannot be read.
        """
        folder = self.folder(name)
        with self._lock:
            shown = self._loaded.pop(name, None)
            if shown is None:
                try:
                    shown = Shown(name, AEGAN.from_pretrained(folder), folder, self.title_of(name))
                except UserError as error:
                    log.warning("%s", error)
                    raise UserError(FAILED) from None
            self._loaded[name] = shown
            while len(self._loaded) > MOST_LOADED:
                self._loaded.popitem(last=False)
            return shown

    def decoder(self, name: str) -> str | None:
        try:
            return find_decoder(self.folder(name))
        except UserError:
            return None

    # -- runs, for those who know the id ----------------------------------------------------------------------------

    def open(self, job_id: Any) -> Opening:
        """Begins to open the run as it stands, unless that is being done or was done.

        Raises:
            UserError: for a run that is gone or of which nothing was saved, or when too many wait.
        """
        digest = self._know(job_id)
        with self._lock:
            if opening := self._at_work(digest):
                return opening
        run = self.jobs.save(job_id)
        version = version_of(run)
        name = f"run-{digest}-{version}"
        if find_opened(run) == version:
            return Opening(name, str(version), COMPLETE, 1.0)
        with self._lock:
            if opening := self._at_work(digest):
                return opening
            if sum(1 for other in self._openings if self._at_work(other)) >= self._most:
                raise UserError(BUSY)
            opening = self._openings[digest] = Opening(name, str(version))
            device = snapshot.device if (snapshot := self.jobs.look(job_id)) else "cpu"
            follow = threading.Thread(target=self._follow, args=(digest, run, device), name="opening", daemon=True)
            follow.start()
        return opening

    def look(self, job_id: Any) -> Opening | None:
        """The model of a run: what is being opened, else what was opened last; None where there is neither.

        Raises:
            UserError: for a run that is gone.
        """
        digest = self._know(job_id)
        with self._lock:
            if digest in self._openings:
                return self._openings[digest]
        run = self.jobs.find(job_id)
        version = find_opened(run) if run else None
        return Opening(f"run-{digest}-{version}", version, COMPLETE, 1.0) if version else None

    def card(self, opening: Opening) -> dict[str, Any]:
        """What the chooser says of it, which its owner alone gets; with "own", and "title" for links.

        Raises:
            UserError: as `get`.
        """
        shown = self.get(opening.name)
        card = describe_card(shown.name, shown.folder) | {"own": True, "title": shown.title, "moments": 0}
        card["step"] = shown.model.info.get("step", 0)
        model = shown.model
        if not model.config.model.is_points and model.generator is not None:
            noise = noise_of(shown, THUMBNAIL_SEED)[None]
            with torch.no_grad():
                picture = to_uint8(model.sample(0, noise=noise))[0]
            card["thumbnail"] = data_uri(picture, describe_picture(model, "a picture", shown.title, noise=noise))
        return card

    def find_card(self, job_id: Any) -> dict[str, Any] | None:
        """The card of what was opened of a run in an earlier visit; None where there is nothing of it."""
        try:
            opening = self.look(job_id) if job_id else None
            return self.card(opening) if opening and opening.is_ready and not opening.message else None
        except UserError:
            return None

    def decoder_of(self, opening: Opening) -> str | None:
        """Where the files are that draw it in the browser; None while there are none."""
        version = self.decoder(opening.name)
        return version and f"{version}/models/{opening.name}"

    def parts(self, opening: Opening) -> dict[str, int]:
        """Name -> bytes of what its package holds, the state last where there is one; nothing before it is complete.

        Raises:
            UserError: as `folder`.
        """
        folder = self.folder(opening.name)
        if not (folder / COMPLETE).is_file():
            return {}
        return list_parts(folder) | {name: size for name, size in list_parts(folder, True).items() if name == STATE}

    def wait(self, job_id: Any, condition: Callable[[Opening], Any], timeout: float = 30.0) -> bool:
        """Blocks until the condition holds for the model of a run; False after `timeout` seconds."""

        def holds() -> bool:
            opening = self.look(job_id)
            return opening is not None and bool(condition(opening))

        with self._lock:
            return self._lock.wait_for(holds, timeout)

    # -- opening ------------------------------------------------------------------------------------------------------

    def _know(self, job_id: Any) -> str:
        """A digest of the id of a run that is here, from which the id cannot be found."""
        if self.jobs.find(job_id) is None:
            raise UserError(FOREIGN)
        digest = hashlib.sha256(f"model of {job_id}".encode()).hexdigest()[:32]
        with self._lock:
            self._ids[digest] = job_id
            self._ids.move_to_end(digest)
            while len(self._ids) > MOST_KNOWN:
                self._ids.popitem(last=False)
        return digest

    def _find(self, name: str) -> tuple[Run, str]:
        found = _NAME.fullmatch(name)
        run = self.jobs.find(self._ids.get(found[1])) if found else None
        if found is None or run is None:
            raise UserError(FOREIGN)
        return run, found[2]

    def _at_work(self, digest: str) -> Opening | None:
        opening = self._openings.get(digest)
        return opening if opening and not opening.message and opening.what != COMPLETE else None

    def _follow(self, digest: str, run: Run, device: str) -> None:
        """Waits for a place, starts the process and listens to it."""
        opening = self._openings[digest]

        def tell(**news: Any) -> Opening:
            with self._lock:
                told = self._openings[digest] = replace(opening, **news)
                if told.what in (READY, COMPLETE):
                    self._loaded.pop(told.name, None)  # more lies beside it now
                if told.what == COMPLETE:
                    del self._openings[digest]  # it is found on disk
                self._lock.notify_all()
            return told

        with self._places:
            pipe, process = start_process(work, str(run.folder), opening.version, device)
            until = time.monotonic() + SECONDS
            try:
                while opening.what != COMPLETE and not opening.message and pipe.poll(max(until - time.monotonic(), 0)):
                    news = pipe.recv()
                    opening = tell(message=news) if isinstance(news, str) else tell(what=news[0], share=news[1])
            except (EOFError, OSError):
                pass
            finally:
                process.kill()
                process.join(10.0)
                pipe.close()
        if opening.what != COMPLETE and not opening.message:
            tell(message=FAILED)
