"""From measured points to results: means over seeds, and what they say of each target. Pure functions."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Any

from aegan.study_rows import ABLATION, ROWS, SHARES

FORMAT_VERSION = 1
ARMS = {"images": "equal images", "time": "equal time"}

Lines = Sequence[dict[str, Any]]


def summarise(plan: dict[str, Any], tuning: Lines, points: Lines) -> dict[str, Any]:
    """All that a page or a table needs, as plain JSON.

    Args:
        plan: what `study.json` says.
        tuning: trials.
        points: measured points.

    Returns:
        The question and what it was asked on; `extractor`, `split`, counts and `floor`; `rows` in the table's order,
        each with its options, its trials and, for the arms `images` and `time`, `figures` (name -> mean, min, max, sd,
        n over seeds) and `others`, the same of its other ways to be sampled, and a `curve` over the marks; `ablation`,
        rows of the same form with `worth`, their FD (or share of bad samples) in units of the whole recipe's at equal
        time; and `targets`, see `judge_targets`.
    """
    question, measured = plan["question"], [point for point in points if "figures" in point]
    full: dict[str, Any] = next((p["figures"] for p in measured if "test_count" in p["figures"]), {})  # of `evaluate`
    facts = ("extractor", "split", "test_count", "generated_count")
    rows = [_row(name, plan, tuning, points) for name in [*ROWS, *ABLATION] if any(p["row"] == name for p in points)]
    table = {row["name"]: row for row in rows if row["name"] in ROWS}
    ends = [point["figures"] for point in measured if point["mark"] in ARMS]
    return {
        "format_version": FORMAT_VERSION,
        "data": plan["data"],
        "budget_seconds": question["budget"],
        "tuning_seconds": question["tune"],
        "clock": plan["clock"],
        "threads": question["threads"],
        "device": question["device"],
        "images": plan["images"],
        "batch_size": question["base"]["train"]["batch_size"],
        "networks": question["base"]["model"],
        "are_points": question["base"]["model"]["img_resolution"] == 1,
        "machines": sorted({point["machine"] for point in measured}),
        "commits": sorted({line["commit"] for line in (*tuning, *points)}),
        "versions": plan["versions"],
        **{name: full.get(name) for name in facts},
        "floor": {
            name.removesuffix("_floor"): stats["mean"]
            for name, stats in _over_seeds(ends).items()
            if name.endswith("floor")
        },
        "rows": list(table.values()),
        "ablation": [row | {"worth": _worth(row, table.get("aegan"))} for row in rows if row["name"] in ABLATION],
        "targets": judge_targets(table, question["base"]["model"]["img_resolution"] == 1),
    }


def _row(name: str, plan: dict[str, Any], tuning: Lines, points: Lines) -> dict[str, Any]:
    values, own = plan["rows"][name], [point for point in points if point["row"] == name]
    config = values["config"]
    row: dict[str, Any] = {
        "name": name,
        "title": ROWS[name][0] if name in ROWS else ABLATION[name][0],
        "prior": values["prior"],
        "objective": config["objective"],
        "training": config["train"],
        "spectral_norm": config["model"]["spectral_norm"],
        "tuning": [{key: t[key] for key in ("options", "score", "steps")} for t in tuning if t["row"] == name],
        "speed": plan["speeds"].get(name),
        "seeds": sorted({point["seed"] for point in own}),
        "diverged": sorted(point["seed"] for point in own if point["mark"] == "diverged"),
        "curve": [],
    }  # fmt: skip
    for mark in (*SHARES, "images"):
        at = [point for point in own if point["mark"] == mark]
        if not at:
            continue
        moment = {
            "mark": mark,
            "position": _over_seeds([{key: p[key] for key in ("images", "seconds", "fit_seconds")} for p in at]),
            "figures": _over_seeds([point["figures"] for point in at]),
        }
        if mark in ARMS:
            others = {key for point in at for key in point["others"]}
            row[mark] = moment | {"others": {o: _over_seeds([p["others"][o] for p in at]) for o in sorted(others)}}
        if mark in SHARES:
            row["curve"].append(moment)
    return row


def count_seeds(rows: Sequence[dict[str, Any]]) -> str:
    """How many runs there are of each row: "3", or "1–2" where a study has not come as far with all of them."""
    counts = sorted({len(row["seeds"]) for row in rows})
    return "–".join(map(str, dict.fromkeys([*counts[:1], *counts[-1:]]))) or "0"


def _over_seeds(values: Lines) -> dict[str, dict[str, Any]]:
    """name -> mean, min, max, standard deviation (None for one seed) and number, of all figures that are numbers."""
    names = dict.fromkeys(name for figures in values for name in figures)
    found = {}
    for name in names:
        numbers = [figures[name] for figures in values if type(figures.get(name)) in (int, float)]
        if numbers and name != "seed":
            found[name] = {
                "mean": statistics.fmean(numbers), "min": min(numbers), "max": max(numbers),
                "sd": statistics.stdev(numbers) if len(numbers) > 1 else None, "n": len(numbers),
            }  # fmt: skip
    return found


def mean(row: dict[str, Any] | None, arm: str, figure: str) -> float | None:
    """A row's mean figure in an arm; None where it was not measured."""
    stats = (row or {}).get(arm, {}).get("figures", {}).get(figure)
    return None if stats is None else stats["mean"]


def _worth(row: dict[str, Any], whole: dict[str, Any] | None) -> float | None:
    """FD in units of the whole recipe's, at equal time; of points, the share of bad samples."""
    if mean(row, "time", "modes/good_share") is not None:
        bad = [1 - (mean(r, "time", "modes/good_share") or 0) for r in (row, whole)]
        return bad[0] / bad[1] if whole and bad[1] else None
    return _divide(mean(row, "time", "fd/samples"), mean(whole, "time", "fd/samples"))


def judge_targets(rows: dict[str, dict[str, Any]], are_points: bool = False) -> list[dict[str, Any]]:
    """What the AE-GAN should show, and whether it does.

    Args:
        rows: by name, as `summarise` makes them.
        are_points: 2-D sets have modes instead of distances.

    Returns:
        For each target that can be judged: its `number`, `text`, `arm`, `value`, `limit`, whether at most (`at_most`)
        or at least that much is wanted, and `met`.
    """
    aegan, gan, found = rows.get("aegan"), rows.get("gan"), []

    def judge(number: int, text: str, arm: str, value: float | None, limit: float | None, at_most: bool = True) -> None:
        if value is not None and limit is not None:
            met = value <= limit if at_most else value > limit if text.startswith("more") else value >= limit
            found.append({"number": number, "text": text, "arm": arm, "value": None if math.isinf(value) else value,
                          "limit": limit, "at_most": at_most, "met": met})  # fmt: skip

    if are_points:
        judge(3, "modes found", "time", mean(aegan, "time", "modes/found"), mean(aegan, "time", "modes/total"), False)
        judge(3, "share of good samples", "time", mean(aegan, "time", "modes/good_share"), 0.95, False)
        return found
    for arm, limit in (("images", 0.5), ("time", 0.6)):
        ratio = _divide(mean(aegan, arm, "fd/samples"), mean(gan, arm, "fd/samples"))
        judge(1, "FD of samples, in units of the GAN's", arm, ratio, limit)
    judge(2, "time to reach the GAN's last FD, in units of the GAN's", "time", _time_to_reach(aegan, gan), 1 / 3)
    for arm in ARMS:
        for figure in ("recall", "coverage"):
            ours, theirs = (mean(row, arm, f"prdc/{figure}") for row in (aegan, gan))
            judge(3, f"more {figure} than the GAN", arm, ours, theirs, at_most=False)
    for arm in ARMS:
        plain = rows.get("autoencoder")
        ratio = _divide(mean(aegan, arm, "fd/reconstructions"), mean(plain, arm, "fd/reconstructions"))
        judge(4, "FD of reconstructions, in units of the autoencoder's", arm, ratio, 0.5)
        ours, theirs = (mean(row, arm, "rec/psnr") for row in (aegan, plain))
        if ours is not None and theirs is not None:
            judge(4, "PSNR in dB above the autoencoder's", arm, ours - theirs, -1.0, at_most=False)
    for arm in ARMS:
        others = [mean(rows.get(name), arm, "fd/samples") for name in ("autoencoder", "vae", "adversarial-ae")]
        best = min((other for other in others if other is not None), default=None)  # of those that there are
        ratio = _divide(mean(aegan, arm, "fd/samples"), best)
        judge(5, "FD of samples, in units of the best autoencoder's", arm, ratio, 0.6)
    places = {"midpoints": "midpoints", "worst_axis": "its worst axis", "near": "around test images"}
    for arm in ARMS:
        for place, words in places.items():
            ratio = _divide(mean(aegan, arm, f"explore/precision_{place}"), mean(aegan, arm, "prdc/precision"))
            judge(6, f"precision of {words}, in units of that of samples", arm, ratio, 0.9, at_most=False)
        samples = mean(aegan, arm, "fd/samples")
        ratio = _divide(mean(aegan, arm, "fd/midpoints"), samples)
        judge(6, "FD of midpoints, in units of that of samples", arm, ratio, 1.2)
        ratio = _divide(samples, mean(aegan, arm, "fd/reconstructions"))
        judge(6, "FD of samples, in units of that of reconstructions", arm, ratio, 1.3)
    return found


def _time_to_reach(aegan: dict[str, Any] | None, gan: dict[str, Any] | None) -> float | None:
    """Time in which a row's mean curve falls to the other's last FD, as a share of the other's; infinite if never.

    Between two marks log FD is taken to be linear in time; at the first mark, that mark counts.
    """
    wanted = mean(gan, "time", "fd/samples")
    if wanted is None or aegan is None or gan is None or not aegan["curve"]:
        return None
    before: tuple[float, float] | None = None
    for moment in aegan["curve"]:
        seconds, distance = moment["position"]["seconds"]["mean"], moment["figures"]["fd/samples"]["mean"]
        if distance <= wanted:
            if before is not None:
                share = math.log(before[1] / wanted) / math.log(before[1] / distance)
                seconds = before[0] + share * (seconds - before[0])
            return seconds / gan["time"]["position"]["seconds"]["mean"]
        before = seconds, distance
    return math.inf


def _divide(a: float | None, b: float | None) -> float | None:
    return None if a is None or not b else a / b
