"""A model as one zip: made from a checkpoint's folder, and checked when a stranger brings one back.

What is brought may have been made by anyone. Only files of known names are looked at, each is written down under that
name and no other, sizes are bounded, and JSON and safetensors are all that is read.
"""

from __future__ import annotations

import dataclasses
import io
import json
import math
import re
import struct
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from aegan.card import CURVES, SAMPLES
from aegan.checkpoints import METRICS
from aegan.config import Config, UserError
from aegan.directions import AXES_FILE, DIRECTIONS
from aegan.export import DECODER, FACTS
from aegan.familiarity import FAMILIARITY
from aegan.history import EVENTS, PREVIEWS
from aegan.model import AEGAN, CONFIG, WEIGHTS, check_tensors
from aegan.runs import STATE, Run
from aegan.state import TrainState
from aegan.uploads import OWN

CARD = "README.md"
#: What a package holds of a checkpoint's folder, in this order. The index of training images stays behind: where they
#: are somebody's own, it holds small copies of them.
PARTS = (CARD, CONFIG, WEIGHTS, METRICS, SAMPLES, CURVES, EVENTS, DECODER, FACTS, AXES_FILE, DIRECTIONS, FAMILIARITY)
COMPRESSED = (".md", ".json", ".jsonl", ".onnx")
PIECE = 2**20  # bytes of a file that are in memory at once

MAX_PACKAGE_BYTES = 128 * 2**20  # of what is brought …
MAX_FILES = 300  # … in a zip, …
MAX_BYTES = {CONFIG: 200_000, WEIGHTS: 96 * 2**20, STATE: 256 * 2**20}  # … and of each file in it, unpacked
MAX_STEP = 10**7

CPU = torch.device("cpu")


# -- making ------------------------------------------------------------------------------------------------------


def list_parts(folder: Path, with_state: bool = False) -> dict[str, int]:
    """Name -> bytes of every file of a checkpoint's folder that goes into its package."""
    found = [folder / name for name in (*PARTS, *([STATE] if with_state else []))]
    found += sorted((folder / PREVIEWS).glob("*.*"))
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in found if path.is_file()}


def list_public(folder: Path) -> list[str]:
    """Names of the files that may be shown to others: of a run on a visitor's own images, none that holds some."""
    try:
        is_own = json.loads((folder / CONFIG).read_text("utf-8"))["data"] == OWN
    except (OSError, ValueError, KeyError, TypeError):
        is_own = True
    return [name for name in list_parts(folder) if not (is_own and (name == EVENTS or name.startswith(PREVIEWS)))]


def pack(folder: Path, name: str, with_state: bool = False) -> Iterator[bytes]:
    """The zip of a checkpoint's folder, piece by piece: neither on disk nor whole in memory at any time.

    Args:
        folder: of the checkpoint.
        name: of the folder within the zip.
        with_state: whether the state of its run goes in, where it lies there.
    """
    out = _Pieces()
    with zipfile.ZipFile(cast(IO[bytes], out), "w") as archive:  # all it needs is write and flush
        for part in list_parts(folder, with_state):
            entry = zipfile.ZipInfo(f"{name}/{part}", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED if part.endswith(COMPRESSED) else zipfile.ZIP_STORED
            entry.external_attr = 0o644 << 16
            with (folder / part).open("rb") as source, archive.open(entry, "w") as target:
                while piece := source.read(PIECE):
                    target.write(piece)
                    yield out.take()
            yield out.take()
    yield out.take()


class _Pieces:
    """A file that cannot be rewound, of which what was written is taken away."""

    def __init__(self) -> None:
        self.buffer = io.BytesIO()

    def write(self, data: bytes) -> int:
        return self.buffer.write(data)

    def flush(self) -> None:
        """Nothing is kept back."""

    def take(self) -> bytes:
        piece = self.buffer.getvalue()
        self.buffer = io.BytesIO()
        return piece


# -- checking ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """A package that was checked: a model, and perhaps the whole state of its run."""

    config: Config
    info: dict[str, Any]
    model: AEGAN
    tensors: dict[str, Tensor] | None  # of the state; None: there is none, or …
    scalars: dict[str, Any]
    why_not: str = ""  # … one that is of no use, and why
    ignored: tuple[str, ...] = ()  # files that are no part of a package

    @property
    def step(self) -> int:
        return int(self.scalars["step"]) if self.tensors is not None else 0


def unpack(files: Sequence[IO[bytes]], folder: Path) -> tuple[str, ...]:
    """Puts what was brought, one zip or the single files, into an empty folder under known names.

    Args:
        files: open files, seekable; their names do not matter.
        folder: where config.json, model.safetensors and perhaps state.safetensors are written.

    Returns:
        Names of files in the zip that are no part of a package, and were left where they are.

    Raises:
        UserError: says what is missing, too large, or there twice.
    """
    ignored: list[str] = []
    for file in files:
        start = file.read(4)
        file.seek(0)
        if start[:2] == b"PK":
            ignored += _unpack_zip(file, folder)
        else:
            name = _kind(file)
            _copy(file, folder, name)
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).exists():
            raise UserError(f"It has no {name}: bring a zip that was saved here, or both {CONFIG} and {WEIGHTS}.")
    return tuple(ignored)


def check(folder: Path, allow: Callable[[Config], object], ignored: tuple[str, ...] = ()) -> Found:
    """Reads what `unpack` wrote.

    Args:
        folder: of these files and no others.
        allow: raises UserError for a configuration beyond this machine's limits, before anything of that size is made.
        ignored: what `unpack` returned.

    Raises:
        UserError: says which file, field or tensor is wrong.
    """
    try:
        config = _check_config(folder)
        allow(config)
        model = AEGAN.from_pretrained(folder)
    except RecursionError:
        raise UserError(f"{CONFIG} is nested too deeply for a configuration.") from None
    except UserError as error:
        raise UserError(str(error).replace(f"{folder}/", "")) from None
    if not (folder / STATE).exists():
        return Found(config, model.info, model, None, {}, "", ignored)
    try:
        tensors, scalars = _check_state(folder / STATE, config)
    except UserError as error:
        return Found(config, model.info, model, None, {}, str(error).replace(f"{folder}/", ""), ignored)
    return Found(config, model.info, model, tensors, scalars, "", ignored)


def go_on(found: Found, run: Run) -> None:
    """Writes the state that a run begins with: the package's own, or one of its weights with fresh optimisers.

    Args:
        found: what `check` returned.
        run: new, of a configuration with the same networks and objective.
    """
    state = TrainState.create(run.config, CPU)
    if found.tensors is not None:
        state.load(found.tensors, found.scalars)
    else:
        weights = found.model.state_dict()
        state.model.load_state_dict(weights)
        state.ema.load_state_dict(weights)
    run.save(state)


def _unpack_zip(file: IO[bytes], folder: Path) -> list[str]:
    ignored = []
    try:
        with zipfile.ZipFile(file) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > MAX_FILES:
                raise UserError(f"The zip holds {len(entries):,} files, more than the {MAX_FILES} that are looked at.")
            for entry in entries:
                name = re.split(r"[/\\]", entry.filename)[-1]
                if name not in MAX_BYTES:
                    is_ours = name in PARTS or re.search(rf"{PREVIEWS}[/\\][\w-]+\.\w+$", entry.filename, re.ASCII)
                    ignored += [] if is_ours else [name[:80]]
                elif entry.flag_bits & 1:
                    raise UserError("The zip is locked with a password: bring one that is not.")
                else:
                    with archive.open(entry) as source:
                        _copy(source, folder, name)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, ValueError, OSError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError("The zip is damaged or of an unusual kind: bring it as it was saved here.") from None
    return ignored


def _kind(file: IO[bytes]) -> str:
    """Which of the known files this is, by what stands in it."""
    head = file.read(8 + PIECE)
    file.seek(0)
    if head[:1] in (b"{", b"\xef") or head.lstrip()[:1] == b"{":
        return CONFIG
    if len(head) > 8 and head[8:9] == b"{":
        length = struct.unpack("<Q", head[:8])[0]
        return STATE if b'"aegan-state"' in head[8 : 8 + min(length, PIECE)] else WEIGHTS
    raise UserError(f"One of the files is neither a zip nor JSON nor safetensors: bring {CONFIG} and {WEIGHTS}.")


def _copy(source: IO[bytes], folder: Path, name: str) -> None:
    target, left = folder / name, MAX_BYTES[name]
    if target.exists():
        raise UserError(f"{name} is there twice: bring one package at a time.")
    with target.open("wb") as out:
        while piece := source.read(PIECE):
            left -= len(piece)
            if left < 0:
                raise UserError(f"{name} is larger than {MAX_BYTES[name] / 2**20:.3g} MB, the most that is read here.")
            out.write(piece)


def _check_config(folder: Path) -> Config:
    try:
        values = json.loads((folder / CONFIG).read_text("utf-8"))
    except ValueError:
        raise UserError(f"{CONFIG} is not valid JSON: bring it as it was saved.") from None
    if not isinstance(values, dict):
        raise UserError(f"{CONFIG} must be an object: bring it as it was saved.")
    known = {"format_version", "info", *(field.name for field in dataclasses.fields(Config))}
    unknown = sorted(set(values) - known)
    if unknown:
        raise UserError(f"{CONFIG} has the unknown field {unknown[0][:80]!r}: bring it as it was saved.")
    return Config.from_dict(values)


def _check_state(path: Path, config: Config) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and counters of a run's state, if they are those of this configuration and nothing besides."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            given = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator here)
        scalars = json.loads(metadata["scalars"])
    except (OSError, SafetensorError, KeyError, ValueError, RecursionError):
        raise UserError(f"{STATE} cannot be read as the state of a run.") from None
    if metadata.get("format") != "aegan-state" or metadata.get("version") != "1":
        raise UserError(f"{STATE} is not the state of a run of format 1.")
    state = TrainState.create(config, CPU)
    own = dict(state.tensors())
    for player in state.optimizers:
        for i, parameter in enumerate(state.parameters(player)):
            moments = {"step": torch.zeros(()), "exp_avg": parameter, "exp_avg_sq": parameter}
            names = {f"optimizer.{player}.{i}.{field}": tensor for field, tensor in moments.items()}
            if names.keys() & given.keys():  # a network that has not learnt yet has none
                own |= names
    check_tensors(given, own, STATE)
    if any((t < 0).any() for name, t in given.items() if name.endswith((".exp_avg_sq", ".step"))):
        raise UserError(f"{STATE} has optimisers with negative moments.")
    _check_scalars(scalars)
    return given, scalars


def _check_scalars(scalars: Any) -> None:
    counts, most = ("step", "nimg", "codes_filled"), {"step": MAX_STEP}
    if not isinstance(scalars, dict) or sorted(scalars) != sorted((*counts, "seconds")):
        raise UserError(f"{STATE} has no proper counters.")
    for name in counts:
        if type(scalars[name]) is not int or not 0 <= scalars[name] <= most.get(name, 2**53):
            raise UserError(f"{STATE}: {name} must be a whole number, and not too large.")
    seconds = scalars["seconds"]
    if type(seconds) not in (int, float) or not math.isfinite(seconds) or not 0 <= seconds <= 1e9:
        raise UserError(f"{STATE}: seconds must be a number, and not too large.")
