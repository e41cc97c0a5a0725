"""Files that several processes may add to: lines of JSON, and claims on pieces of work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aegan.config import Config, UserError
from aegan.history import cannot_write, write_atomic
from aegan.study_rows import Question

FORMAT_VERSION = 1
STUDY = "study.json"

try:
    import fcntl
except ImportError:  # Windows has no such locks: one process at a time, then
    fcntl = None  # type: ignore[assignment]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Every whole line of a file; a last one that a crash has torn is left out.

    Raises:
        UserError: if a line before the last is damaged; says which.
    """
    try:
        lines = path.read_bytes().split(b"\n")[:-1]  # what follows the last newline is empty or torn
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error}.") from None
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(json.loads(line))
        except ValueError:
            raise UserError(f"{path}, line {number}, is damaged: delete that line and repeat the command.") from None
    return found


def append_line(path: Path, values: dict[str, Any]) -> None:
    """Adds a line, in place of a torn one.

    Raises:
        UserError: if the disk is full, for instance.
    """
    try:
        with path.open("ab+", buffering=0) as file:
            file.seek(0)
            whole = file.read().rfind(b"\n") + 1
            file.truncate(whole)
            file.write(json.dumps(values, allow_nan=False).encode() + b"\n")
    except OSError as error:
        raise cannot_write(path, error) from error


@contextmanager
def claimed(folder: Path, name: str, wait: bool = False) -> Iterator[bool]:
    """Whether this process alone may do the work of that name, until the end of the block; a kill ends a claim, too.

    Args:
        folder: of the study.
        name: of the work.
        wait: for another process that is at it; then the answer is always True.
    """
    if fcntl is None:
        yield True
        return
    locks = folder / "locks"
    try:
        locks.mkdir(exist_ok=True)
        file = (locks / name).open("w")
    except OSError as error:
        raise cannot_write(locks / name, error) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True


def begin(folder: Path, question: Question, facts: dict[str, Any]) -> None:
    """Begins a study in a new or empty folder, or makes sure that the folder's own asks the same.

    Args:
        folder: made when missing.
        question: what is asked.
        facts: what else `study.json` is to say.

    Raises:
        UserError: if the folder holds another question or something else, or nothing can be written there.
    """
    asked = asdict(question)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / STUDY).exists() and any(path.name != "locks" for path in folder.iterdir()):
            raise UserError(f"The folder {folder} holds something else: choose another folder (--out).")
    except OSError as error:
        raise cannot_write(folder, error) from error
    with claimed(folder, "study", wait=True):
        if not (folder / STUDY).exists():
            plan = {"format_version": FORMAT_VERSION, "question": asked, "rows": {}, "speeds": {}, "images": 0}
            write_plan(folder, plan | facts)
    difference = _difference(asked, read_plan(folder)["question"])
    if difference is not None:
        raise UserError(
            f"The folder {folder} holds a study of another question ({difference}): choose another folder (--out)."
        )


def read_plan(folder: Path) -> dict[str, Any]:
    """What `study.json` says.

    Raises:
        UserError: if it is damaged.
    """
    path = folder / STUDY
    try:
        plan = json.loads(path.read_text("utf-8"))
        if plan["format_version"] != FORMAT_VERSION:
            raise ValueError(f"format {plan['format_version']}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} cannot be read ({error}): begin the study anew in another folder.") from None
    return plan


def write_plan(folder: Path, plan: dict[str, Any]) -> None:
    write_atomic(folder / STUDY, json.dumps(plan, indent=1).encode())


def _difference(asked: dict[str, Any], saved: dict[str, Any]) -> str | None:
    """The first thing that two questions differ in, in words."""

    def flat(question: dict[str, Any]) -> dict[str, Any]:
        base = Config.from_dict(question["base"]).to_dict()
        parts = [base.pop(part) for part in ("model", "objective", "train")]
        rest = {name: value for name, value in question.items() if name != "base"}
        return {name: value for part in (base, *parts, rest) for name, value in part.items()}

    now, then = flat(asked), flat(saved)
    return next((f"{name} was {then.get(name)}, now {now[name]}" for name in now if now[name] != then.get(name)), None)
