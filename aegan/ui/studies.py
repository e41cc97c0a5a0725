"""Studies: what `python -m aegan study` found, read from its results.json and cut to what the page draws."""

from __future__ import annotations

import base64
import html
import json
import logging
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aegan.config import UserError
from aegan.study_report import count_seeds
from aegan.ui.hosting import answers
from aegan.ui.page import ASSETS, component

log = logging.getLogger(__name__)

STUDIES = ASSETS / "studies"
RESULTS, SHEETS = "results.json", {"samples.webp": "image/webp", "samples.png": "image/png"}
MAX_RESULTS_BYTES, MAX_SHEET_BYTES = 5_000_000, 8_000_000
MOST_ROWS, MOST_WORDS = 20, 300
ARMS = ("time", "images")

#: Figure -> (digits, whether more of it is better): the columns of the table.
COLUMNS: dict[str, tuple[int, bool]] = {
    "fd/samples": (2, False),
    "fd/midpoints": (2, False),
    "fd/reconstructions": (2, False),
    "prdc/precision": (3, True),
    "prdc/recall": (3, True),
    "prdc/coverage": (3, True),
    "rec/psnr": (2, True),
    "modes/found": (1, True),
    "modes/good_share": (3, True),
    "rec/rms": (3, False),
}


def create_study(folders: Iterable[str | Path] = ()) -> None:
    """The component below the pictures, drawn by assets/js/study.js; nothing at all where there is no study.

    Args:
        folders: of studies shown besides the shipped ones, and before them.

    Raises:
        UserError: when one of them cannot be read.
    """
    studies = find_studies(folders)
    if not studies:
        return

    @answers
    def on_study(request: Any) -> dict[str, Any]:
        return read_study(choose(studies, request))

    @answers
    def on_sheet(request: Any) -> dict[str, Any]:
        return read_sheet(choose(studies, request))

    options = "".join(option(name, folder) for name, folder in studies.items())
    component("study", options=options, server_functions=[on_study, on_sheet])


def find_studies(folders: Iterable[str | Path] = (), shipped: Path = STUDIES) -> dict[str, Path]:
    """Name -> folder of every study that can be read.

    Raises:
        UserError: when one of `folders` cannot be.
    """
    studies: dict[str, Path] = {}
    for folder in map(Path, folders):
        read_study(folder)
        studies.setdefault(folder.resolve().name, folder)
    for path in sorted(shipped.glob(f"*/{RESULTS}")):
        try:
            read_study(path.parent)
        except UserError as error:
            log.warning("%s", error)
        else:
            studies.setdefault(path.parent.name, path.parent)
    return studies


def choose(studies: dict[str, Path], request: Any) -> Path:
    """The folder that a visitor asked for.

    Raises:
        UserError: when there is no such study.
    """
    name = request.get("study") if isinstance(request, dict) else None
    if not isinstance(name, str) or name not in studies:
        raise UserError("There is no such study here: choose one of the list.")
    return studies[name]


def read_study(folder: Path) -> dict[str, Any]:
    """The results, bounded and checked: numbers are finite, words are short, nothing else is passed on.

    Raises:
        UserError: when they cannot be read.
    """
    path = folder / RESULTS
    try:
        if path.stat().st_size > MAX_RESULTS_BYTES:
            raise ValueError("too large")
        results = json.loads(path.read_text("utf-8"))
        return _shorten(results)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(
            f"The study in {folder.name} cannot be read ({type(error).__name__}): write {RESULTS} again with"
            " `python -m aegan study`."
        ) from error


def read_sheet(folder: Path) -> dict[str, Any]:
    """{"image": the sheet of samples as a data URI, None where there is none}."""
    for name, kind in SHEETS.items():
        path = folder / name
        try:
            if path.stat().st_size <= MAX_SHEET_BYTES:
                return {"image": f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"}
        except OSError:
            continue
    return {"image": None}


def _shorten(results: dict[str, Any]) -> dict[str, Any]:
    rows, data, networks = results["rows"][:MOST_ROWS], results["data"], results["networks"]
    followed = "fd/samples" if results["extractor"] else "modes/good_share"  # what the curve is of
    shown = [_row(row, followed) for row in rows]
    measured = {name for row in shown for arm in row["arms"].values() for name in arm["figures"]}
    return {
        "data": {key: _words(data[key]) for key in ("title", "credit", "license")},
        "train_count": _number(data["train_count"]),
        "extractor": _words(results["extractor"] or ""),
        "split": _words(results["split"] or "test"),
        "test_count": _number(results["test_count"] or 0),
        "generated_count": _number(results["generated_count"] or 0),
        "budget": _number(results["budget_seconds"]),
        "tuning": _number(results["tuning_seconds"]),
        "trials": max((len(row["tuning"]) for row in rows), default=0),
        "clock": _words(results["clock"]),
        "images": _number(results["images"]),
        "batch_size": _number(results["batch_size"]),
        "networks": _words(f"{networks['architecture']}, width {networks['width']}, z_dim {networks['z_dim']}"),
        "machines": [_words(machine) for machine in results["machines"][:8]],
        "commits": [_words(commit) for commit in results["commits"][:8]],
        "torch": _words(results["versions"]["torch"]),
        "seeds": count_seeds(rows),
        "followed": followed,
        "columns": [
            {"name": name, "digits": digits, "more": more}
            for name, (digits, more) in COLUMNS.items()
            if name in measured
        ],
        "rows": shown,
        "floor": _floor(results["floor"]),
        "targets": [_target(target) for target in results["targets"][:60]],
        "ingredients": _ingredients(results.get("ablation", [])[:MOST_ROWS], followed),
    }


def _row(row: dict[str, Any], followed: str) -> dict[str, Any]:
    curve = []
    for moment in row["curve"][:20]:
        if followed in moment["figures"]:
            stats, seconds = moment["figures"][followed], moment["position"]["seconds"]["mean"]
            curve.append({"seconds": _number(seconds)} | {key: _number(stats[key]) for key in ("mean", "min", "max")})
    return {
        "name": _words(row["name"]),
        "title": _words(row["title"]),
        "prior": _words(row["prior"]),
        "seeds": len(row["seeds"]),
        "diverged": len(row["diverged"]),
        "arms": {arm: _arm(row[arm]) for arm in ARMS if arm in row},
        "curve": curve,
    }


def _arm(moment: dict[str, Any]) -> dict[str, Any]:
    return {
        "figures": _figures(moment["figures"]),
        "images": _number(moment["position"]["images"]["mean"]),
        "seconds": _number(moment["position"]["seconds"]["mean"]),
        "others": {_words(prior): _figures(figures) for prior, figures in list(moment["others"].items())[:4]},
    }


def _figures(figures: dict[str, Any]) -> dict[str, list[float | None]]:
    """Figure -> [mean, standard deviation or None]."""
    return {
        name: [_number(figures[name]["mean"]), None if figures[name]["sd"] is None else _number(figures[name]["sd"])]
        for name in COLUMNS
        if name in figures
    }


def _floor(floor: dict[str, Any]) -> dict[str, float]:
    """The figures of real images, under the names of those of samples."""
    names = {name: "fd/floor" if name == "fd/samples" else name for name in COLUMNS}
    return {name: _number(floor[key]) for name, key in names.items() if key in floor}


def _target(target: dict[str, Any]) -> dict[str, Any]:
    value, text = target["value"], _words(target["text"])
    return {
        "number": _number(target["number"]),
        "text": text,
        "arm": _words(target["arm"]),
        "value": None if value is None else _number(value),
        "limit": _number(target["limit"]),
        "sign": "≤" if target["at_most"] else ">" if text.startswith("more ") else "≥",  # as in `judge_targets`
        "met": bool(target["met"]),
    }


def _ingredients(rows: list[dict[str, Any]], followed: str) -> list[dict[str, Any]]:
    """What the recipe is with one thing changed, the worst change first: how many times the distance, and the distance
    itself. Of images only."""
    if followed != "fd/samples":
        return []
    measured = [row for row in rows if row["worth"] is not None]
    return [
        {
            "name": _words(row["name"]),
            "title": _words(row["title"]),
            "worth": _number(row["worth"]),
            "value": _number(row["time"]["figures"][followed]["mean"]),
            "seeds": len(row["seeds"]),
        }
        for row in sorted(measured, key=lambda row: -_number(row["worth"]))
    ]


def _number(value: Any) -> float:
    """Raises ValueError unless it is a finite number."""
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"not a number: {value!r}"[:80])
    return value


def _words(value: Any) -> str:
    """Raises ValueError unless it is a text."""
    if not isinstance(value, str):
        raise ValueError(f"not a text: {value!r}"[:80])
    return value[:MOST_WORDS]


def option(name: str, folder: Path) -> str:
    """The chooser's line for a study: its data, and its budget."""
    study = read_study(folder)
    seconds, title = study["budget"], html.escape(study["data"]["title"])
    size, unit = next(((size, unit) for size, unit in ((3600, "h"), (60, "min")) if seconds >= size), (1, "s"))
    words = f"{title} · {seconds / size:.3g} {unit}"
    return f'<option value="{html.escape(name)}" data-data="{title}">{words}</option>'
