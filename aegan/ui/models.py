"""The models that the page shows: found at start, loaded once, read-only, shared by all visitors."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from aegan.atlas import ATLAS, load_atlas
from aegan.atlas_index import Atlas
from aegan.card import SAMPLES
from aegan.config import Config, UserError
from aegan.directions import Direction, load_axes, load_directions
from aegan.events import Event
from aegan.export import find_decoder
from aegan.familiarity import Familiarity, load_familiarity
from aegan.history import PREVIEWS, read_events
from aegan.images import open_image
from aegan.latent import seed_noise
from aegan.model import AEGAN, CONFIG, WEIGHTS
from aegan.provenance import read_provenance
from aegan.ui.figures import data_uri

if TYPE_CHECKING:
    from aegan.ui.own import OwnModels

log = logging.getLogger(__name__)

CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"
METRICS = "metrics.json"
SHEET_PADDING = 2  # around the pictures of a sheet of samples
FIRST = "fashion"  # what a newcomer sees


@dataclass(frozen=True)
class Shown:
    """A model in use: in eval mode, never changed."""

    name: str
    model: AEGAN
    folder: Path
    title: str = ""  # what stands in pictures that leave the page, where it is not the name

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.title or self.name)

    @cached_property
    def directions(self) -> list[Direction]:
        """Its named directions; none where the file is missing or of no use."""
        try:
            return load_directions(self.folder, self.model.config.model.z_dim)
        except UserError as error:
            log.warning("%s", error)
            return []

    @cached_property
    def axes(self) -> Tensor:
        """Its main directions [n, z_dim]."""
        return load_axes(self.folder, self.model)

    @cached_property
    def familiarity(self) -> Familiarity | None:
        """What its own images measure; None where the table is missing or of no use."""
        try:
            return load_familiarity(self.folder)
        except UserError as error:
            log.warning("%s", error)
            return None

    @cached_property
    def atlas(self) -> Atlas | None:
        """The index of its training images; None where there is none.

        Raises:
            UserError: where it is damaged.
        """
        return load_atlas(self.folder, self.model)


@dataclass(frozen=True)
class Facts:
    """What a model's small files say of it; nothing is loaded."""

    name: str
    config: Config
    info: dict[str, Any]
    figures: dict[str, Any]


class Models:
    """Checkpoints by name; each is loaded at its first use.

    Args:
        extra: checkpoint folders besides the shipped ones; they come first.
        shipped: the folder that holds the shipped ones.
        own: visitors' own models. They answer to their names, like all others, and are never listed.
    """

    def __init__(
        self, extra: Iterable[str | Path] = (), shipped: Path = CHECKPOINTS, own: OwnModels | None = None
    ) -> None:
        self.own = own
        beside = sorted((p.parent for p in shipped.glob(f"*/{CONFIG}")), key=lambda p: (p.name != FIRST, p.name))
        found = [Path(folder).resolve() for folder in extra] + beside
        self.folders = {folder.name: folder for folder in reversed(found)}
        self.folders = dict(reversed(self.folders.items()))
        self._loaded: dict[str, Shown] = {}
        self._histories: dict[str, tuple[Event, ...]] = {}
        self._decoders: dict[str, str | None] = {}
        self._lock = threading.Lock()

    @property
    def names(self) -> list[str]:
        return list(self.folders)

    @property
    def first(self) -> str:
        """The model shown at first; "" where there is none."""
        return next(iter(self.folders), "")

    def get(self, name: Any) -> Shown:
        """The model of that name, which a visitor chose.

        Raises:
            UserError: when there is none, or its files cannot be used.
        """
        if self.own is not None and self.own.is_one(name):
            return self.own.get(name)
        folder = self.folder(name)
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = Shown(name, AEGAN.from_pretrained(folder), folder)
            return self._loaded[name]

    def find(self, title: Any, own: Any = None) -> Shown:
        """The model of that title, which a picture gave; perhaps the visitor's own, whose name the page knows.

        Raises:
            UserError: when there is none, or not any more.
        """
        if self.own is None or not self.own.is_title(title):
            return self.get(title)
        if not self.own.is_one(own) or self.own.title_of(own) != title:
            raise UserError("This picture was made by a visitor's own model, which is not here any more.")
        return self.own.get(own)

    def history(self, name: Any) -> tuple[Event, ...]:
        """The events of that model's training; empty where none were kept."""
        folder = self.folder(name)
        with self._lock:
            if name not in self._histories:
                self._histories[name] = tuple(read_events(folder))
            return self._histories[name]

    def decoder(self, name: Any) -> str | None:
        """The version of what decodes that model in the browser; None where there is nothing."""
        if self.own is not None and self.own.is_one(name):
            return self.own.decoder(name)
        if not isinstance(name, str) or name not in self.folders:
            return None
        with self._lock:
            if name not in self._decoders:
                self._decoders[name] = find_decoder(self.folders[name])
            return self._decoders[name]

    def facts(self, name: Any) -> Facts:
        """What there is to say of that model.

        Raises:
            UserError: when there is none, or its configuration cannot be read.
        """
        folder = self.folder(name)
        config, figures = _read(folder / CONFIG), _read(folder / METRICS)
        info = config.get("info")
        return Facts(name, Config.from_dict(config), info if isinstance(info, dict) else {}, figures)

    def folder(self, name: Any) -> Path:
        """Where that model lies.

        Raises:
            UserError: when there is none.
        """
        if self.own is not None and self.own.is_one(name):
            return self.own.folder(name)
        if not self.folders:
            raise UserError("There is no trained model here yet: train one with `python -m aegan train`.")
        if not isinstance(name, str) or name not in self.folders:
            raise UserError(f"There is no such model here: choose one of {', '.join(self.folders)}.")
        return self.folders[name]

    def cards(self) -> list[dict[str, Any]]:
        """What the chooser says of each model; read from its small files, without loading it."""
        return [describe_card(name, folder) for name, folder in self.folders.items()]


def noise_of(shown: Shown, seed: int) -> Tensor:
    """The seed's own point [z_dim]."""
    return seed_noise(seed, shown.model.config.model.z_dim)


def describe_card(name: str, folder: Path) -> dict[str, Any]:
    """What the chooser says of the model in that folder."""
    config, metrics = _read(folder / CONFIG), _read(folder / METRICS)
    info = config.get("info", {})
    weights = folder / WEIGHTS
    return {
        "name": name,
        "data": info.get("data_title") or config.get("data", ""),
        "size": config.get("model", {}).get("img_resolution"),
        "channels": config.get("model", {}).get("img_channels"),
        "megabytes": round(weights.stat().st_size / 1e6, 1) if weights.exists() else None,
        "fd": metrics.get("fd/samples"),
        "fd_sd": metrics.get("fd/samples_sd"),
        "fd_floor": metrics.get("fd/floor"),
        "measured": {key: metrics.get(key) for key in ("generated_count", "test_count", "split")},
        "extractor": metrics.get("extractor"),
        "atlas": (folder / ATLAS).is_file(),
        "moments": len(list((folder / PREVIEWS).glob("*-samples.*"))),
        "thumbnail": _thumbnail(folder, config),
        "credit": " · ".join(str(info[key]) for key in ("data_credit", "data_license") if info.get(key)),
    }


def _thumbnail(folder: Path, config: dict[str, Any]) -> str | None:
    """The first picture of a checkpoint's sheet of samples, as a data URI with the sheet's own note."""
    try:
        size, content = int(config["model"]["img_resolution"]), (folder / SAMPLES).read_bytes()
        first = np.asarray(open_image(content))[SHEET_PADDING:, SHEET_PADDING:][:size, :size]
        record = read_provenance(content)
    except (OSError, KeyError, TypeError, ValueError, UserError):
        return None
    return None if size < 8 or first.shape[:2] != (size, size) else data_uri(first.reshape(size, size, -1), record)


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
