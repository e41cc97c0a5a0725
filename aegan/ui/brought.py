"""Packages that visitors bring, to go on from: checked, described in plain words, turned into runs."""

from __future__ import annotations

import secrets
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import torch

from aegan.catalog import list_data
from aegan.config import Config, UserError
from aegan.jobs import Jobs
from aegan.package import Found, check, go_on, unpack

MOST_BROUGHT = 4  # packages that wait for their new run, on disk
_CHECKING = threading.BoundedSemaphore(1)  # packages checked at a time: each takes some memory

FULL = "Other packages are being checked: try again in a moment."
FORGOTTEN = "This package is not here any more: choose it again."
NO_FILES = "Choose a zip that was saved here, or config.json together with model.safetensors."
RUNNING = "Your run still goes on: stop it before you start another one."


class Brought:
    """Packages that visitors brought, each in a folder of its own until its run has begun."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs
        self._folders: OrderedDict[str, tempfile.TemporaryDirectory] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, files: Sequence[IO[bytes]]) -> dict[str, Any]:
        """Checks a package.

        Returns:
            "ticket", by which `start` finds it, and what was found in it; see `_describe`.

        Raises:
            UserError: says what is wrong with it.
        """
        if not 1 <= len(files) <= 3:
            raise UserError(NO_FILES)
        folder = tempfile.TemporaryDirectory(prefix="aegan-brought-")
        try:
            ignored = unpack(files, Path(folder.name))
            answer = self._describe(self._check(folder.name, ignored))
        except BaseException:
            folder.cleanup()
            raise
        ticket = secrets.token_urlsafe(16)
        with self._lock:
            self._folders[ticket] = folder
            gone = [self._folders.popitem(last=False)[1] for _ in range(len(self._folders) - MOST_BROUGHT)]
        for old in gone:
            old.cleanup()
        return {"ticket": ticket, **answer}

    def start(self, request: Any) -> str:
        """Begins a run from a package, and forgets that; returns the run's id.

        Args:
            request: {"ticket": of `take`, "data": name of a data set, "more": steps, "run": id of the visitor's own run
                before, or None}.

        Raises:
            UserError: says what is wrong, or that there is no place.
        """
        given = request if isinstance(request, dict) else {}
        before = self.jobs.look(given.get("run"))
        if before is not None and before.is_active:
            raise UserError(RUNNING)
        with self._lock:
            folder = self._folders.get(given["ticket"]) if isinstance(given.get("ticket"), str) else None
        if folder is None:
            raise UserError(FORGOTTEN)
        found = self._check(folder.name)
        if given.get("data") not in {name for name, _ in self._sets(found.config)}:
            raise UserError("Choose a data set of the list.")
        if type(given.get("more")) is not int or given["more"] < 1:
            raise UserError("The number of further steps must be a whole number from 1 on.")
        whole = found.tensors is not None
        config = self._fitted(found.config)[0].with_options(steps=found.step + given["more"], seconds=0.0)
        if not whole:  # all its networks have learnt already
            config = config.with_options(warmup_steps=0)
        config = Config(given["data"], config.model, config.objective, config.train)
        spent = float(found.scalars["seconds"]) if whole else 0.0
        job_id = self.jobs.start(config, prepare=lambda run: go_on(found, run), spent=spent)
        with self._lock:
            self._folders.pop(given["ticket"], None)
        folder.cleanup()
        return job_id

    def _check(self, folder: str, ignored: tuple[str, ...] = ()) -> Found:
        if not _CHECKING.acquire(timeout=20):
            raise UserError(FULL)
        try:
            torch.set_num_threads(1)
            return check(Path(folder), lambda config: self.jobs.check_options(self._fitted(config)[0]), ignored)
        finally:
            _CHECKING.release()

    def _fitted(self, config: Config) -> tuple[Config, dict[str, Any]]:
        """The same networks, trained as this server allows, and what was lowered for that."""
        t = config.train
        lowered = {n: most for n, most in self.jobs.limits.options if hasattr(t, n) and getattr(t, n) > most}
        return config.with_options(**lowered), lowered

    def _sets(self, config: Config) -> list[tuple[str, str]]:
        """(name, title) of the data that such a model can learn from, its own first."""
        kind = "points" if config.model.is_points else "images"
        sets = [(data.name, data.title) for data in list_data() if data.available and data.kind == kind]
        return sorted(sets, key=lambda data: data[0] != config.data)

    def _describe(self, found: Found) -> dict[str, Any]:
        """What was found, in plain values: none of it is taken from the package without a check."""
        config, info = found.config, found.info
        title, step = info.get("data_title"), info.get("step")
        _, lowered = self._fitted(config)
        most = int(dict(self.jobs.limits.options)["steps"]) - found.step
        if most < 1:
            raise UserError(
                "This run has had all the steps that a run can have here: bring the model without its state."
            )
        return {
            "data": title[:80] if isinstance(title, str) and title else config.data[:80],
            "is_here": config.data in {name for name, _ in self._sets(config)},
            "sets": self._sets(config),
            "size": config.model.img_resolution,
            "numbers": sum(p.numel() for p in found.model.parameters()),
            "step": found.step if found.tensors is not None else step if type(step) is int and 0 <= step < 10**9 else 0,
            "whole": found.tensors is not None,
            "why_not": found.why_not,
            "lowered": {name: value for name, value in lowered.items() if name != "steps"},
            "ignored": list(found.ignored[:5]),
            "most": most,
        }
