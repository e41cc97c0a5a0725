"""Where background runs lie on disk: a folder for each, under a digest of the run's id, and how many are kept.

An id never becomes part of a path: its digest is looked up in a table of the folders that there are.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import shutil
import tempfile
import time
from collections.abc import Container
from contextlib import suppress
from pathlib import Path
from typing import Any

from aegan.config import Config, UserError
from aegan.data import Dataset
from aegan.history import EVENTS
from aegan.job import Limits
from aegan.runs import RUN, Run
from aegan.uploads import save_data

log = logging.getLogger(__name__)

NO_ROOM = "This server has no room on its disk for another run: try again later."


def default_folder() -> Path:
    """`$AEGAN_RUNS`, or a folder of this user's own among the system's temporary files."""
    if "AEGAN_RUNS" in os.environ:
        return Path(os.environ["AEGAN_RUNS"])
    user = os.getuid() if hasattr(os, "getuid") else "user"
    return Path(tempfile.gettempdir()) / f"aegan-runs-{user}"


def digest_of(job_id: Any) -> str:
    """What stands for a run's id on disk; empty for what is no id."""
    is_one = isinstance(job_id, str) and re.fullmatch(r"[\w-]{22}", job_id, re.ASCII)
    return hashlib.sha256(job_id.encode()).hexdigest()[:32] if is_one else ""


class JobFolders:
    """The folders of all runs that can be looked at, by digest. Not locked: `Jobs` does that.

    Args:
        root: where they lie.
        limits: how many are kept, for how long, and how much of the disk they may take.
    """

    def __init__(self, root: Path, limits: Limits) -> None:
        self.root, self._limits = root, limits
        self._paths: dict[str, Path] = {}
        with suppress(OSError):
            if root.is_dir() and _is_ours(root):
                self._paths = {path.name: path for path in root.iterdir() if (path / RUN).is_file()}

    def create(self, digest: str, config: Config, own: Dataset | None) -> Run:
        """A folder for a new run, with the images that its visitor brought.

        Raises:
            UserError: where the disk is full, or the folder of all runs is somebody else's.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_ours(self.root):
                raise UserError(f"{self.root} belongs to somebody else: set AEGAN_RUNS to another folder.")
            if shutil.disk_usage(self.root).free < self._limits.free_bytes:
                raise UserError("The disk is full.")
            run = Run.create(self.root / digest, config)
            if own is not None:
                save_data(run.folder, own)
        except (OSError, UserError) as error:
            shutil.rmtree(self.root / digest, ignore_errors=True)
            log.warning("A run could not be created: %s", error)
            raise UserError(NO_ROOM) from None
        self._paths[digest] = run.folder
        return run

    def open(self, digest: str) -> Run | None:
        """The run that lies there, or None where there is none.

        Raises:
            UserError: where it cannot be read.
        """
        return Run.open(self._paths[digest]) if digest in self._paths else None

    def release(self, digest: str) -> Path:
        """Takes a run out of the table; its folder is the caller's to remove."""
        return self._paths.pop(digest)

    def find_surplus(self, active: Container[str]) -> list[str]:
        """Digests of the runs that are too many, too old or too large, the oldest first; active ones are none."""
        ended = [(_last_change(path), digest) for digest, path in self._paths.items() if digest not in active]
        surplus, size = [], 0
        for place, (changed, digest) in enumerate(sorted(ended, reverse=True), start=1):
            size += _size(self._paths[digest])
            is_old = time.time() - changed > self._limits.kept_seconds
            if place > self._limits.kept or is_old or size > self._limits.kept_bytes:
                surplus.append(digest)
        return surplus[::-1]


def _is_ours(folder: Path) -> bool:
    """Whether the folder is safe: anybody can put one of the default's name among the system's temporary files."""
    if folder != default_folder() or "AEGAN_RUNS" in os.environ or not hasattr(os, "getuid"):
        return True
    return not folder.is_symlink() and folder.stat().st_uid == os.getuid()


def _last_change(folder: Path) -> float:
    with suppress(OSError):
        return max((path.stat().st_mtime for path in (folder / EVENTS, folder / RUN) if path.exists()), default=0.0)
    return 0.0


def _size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.stat().st_size
    return total
