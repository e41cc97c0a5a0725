"""A study's results as Markdown: the tables, and beside them all that they were measured on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aegan.study_report import ARMS, count_seeds
from aegan.study_rows import describe

#: Figure -> heading of its column, digits.
COLUMNS = {
    "fd/samples": ("FD samples", 2),
    "fd/reconstructions": ("FD reconstr.", 2),
    "fd/midpoints": ("FD midpoints", 2),
    "kid/samples": ("KID", 4),
    "prdc/precision": ("precision", 3),
    "prdc/recall": ("recall", 3),
    "prdc/density": ("density", 3),
    "prdc/coverage": ("coverage", 3),
    "explore/precision_midpoints": ("precision between", 3),
    "explore/precision_axes": ("along axes", 3),
    "explore/precision_near": ("around", 3),
    "explore/path_length": ("path length", 0),
    "memory/ratio": ("memory", 2),
    "rec/psnr": ("PSNR, dB", 2),
    "rec/ssim": ("SSIM", 3),
    "rec/rms": ("rms of reconstr.", 4),
    "modes/found": ("modes found", 1),
    "modes/good_share": ("good samples", 3),
}

#: What a model is sampled from.
PRIORS = {
    "flow": "flow",
    "mixture": "mixture",
    "normal": "N(0, I)",
    "raw": "N(0, I), weights not averaged",
}


def table_page(results: dict[str, Any]) -> str:
    """table.md: one table per arm, the targets, the settings, what everything was measured on."""
    parts = [f"# {results['data']['title']}: {len(results['rows'])} objectives, the same networks", ""]
    for arm, words in ARMS.items():
        rows = [row for row in results["rows"] if arm in row]
        if rows:
            what = f"{results['images']:,} images" if arm == "images" else _time(results["budget_seconds"])
            parts += [f"## At {words}: {what} each", "", *_arm_table(rows, arm, results), ""]
    if results["targets"]:
        parts += ["## Targets", "", *_targets(results["targets"]), ""]
    parts += ["## Settings", "", *_settings(results), "", "## Measured on", "", *_facts(results), ""]
    return "\n".join(parts)


def ablation_page(results: dict[str, Any]) -> str:
    """ablation.md: what each ingredient of the recipe is worth."""
    whole = next((row for row in results["rows"] if row["name"] == "aegan"), None)
    rows = sorted((row for row in results["ablation"] if "time" in row), key=lambda row: -(row["worth"] or 0))
    names = _columns([whole, *rows] if whole else rows, "time")
    what = "share of bad samples" if results["are_points"] else "FD"
    heads = ["recipe", f"{what}, times the whole's", *(COLUMNS[name][0] for name in names)]
    lines = [f"# {results['data']['title']}: what each ingredient of the AE-GAN is worth", "",
             f"At {_time(results['budget_seconds'])} of training. Above 1, the change does harm."
             " Without ±: a single run.", "", *_head(heads)]  # fmt: skip
    if whole and "time" in whole:
        lines.append(_line(["**whole recipe**", "1", *_cells(whole["time"]["figures"], names)]))
    for row in rows:
        worth = "–" if row["worth"] is None else f"{row['worth']:.2f}"
        lines.append(_line([row["title"], worth, *_cells(row["time"]["figures"], names)]))
    lines += ["", "The pass of E and G that serves both updates has no switch: its worth is measured by"
              " `python -m tests.benchmarks.passes`.", "", *_facts(results), ""]  # fmt: skip
    return "\n".join(lines)


def _arm_table(rows: Sequence[dict[str, Any]], arm: str, results: dict[str, Any]) -> list[str]:
    names = _columns(rows, arm)
    lines = _head(["", "sampled from", *(COLUMNS[name][0] for name in names), "images", "seconds"])
    for row in rows:
        name = f"**{row['title']}**" if row["name"] == "aegan" else row["title"]
        position = [f"{row[arm]['position']['images']['mean']:,.0f}", f"{row[arm]['position']['seconds']['mean']:,.0f}"]
        lines.append(_line([name, PRIORS[row["prior"]], *_cells(row[arm]["figures"], names), *position]))
        for other, figures in row[arm]["others"].items():
            lines.append(_line([f"… {row['title']}", PRIORS[other], *_cells(figures, names), *position]))
    floor = results["floor"]
    if floor:
        values = {name: f"{value:.{COLUMNS[name][1]}f}" for name, value in floor.items() if name in COLUMNS}
        if "fd/floor" in floor or "kid/floor" in floor:
            values |= {f"{kind}/samples": f"{floor[f'{kind}/floor']:.{d}f}" for kind, d in (("fd", 2), ("kid", 4))
                       if f"{kind}/floor" in floor}  # fmt: skip
        real = ["real points", "test set"] if results["are_points"] else ["real images", "training set"]
        lines.append(_line([*real, *(values.get(name, "") for name in names), "", ""]))
    return lines


def _columns(rows: Sequence[dict[str, Any]], arm: str) -> list[str]:
    return [name for name in COLUMNS if any(name in row[arm]["figures"] for row in rows if arm in row)]


def _cells(figures: dict[str, dict[str, Any]], names: Sequence[str]) -> list[str]:
    return [number(figures[name], COLUMNS[name][1]) if name in figures else "" for name in names]


def number(stats: dict[str, Any], digits: int) -> str:
    """mean ± standard deviation over seeds; the mean alone of a single seed."""
    text = f"{stats['mean']:.{digits}f}"
    return text if stats["sd"] is None else f"{text} ± {stats['sd']:.{digits}f}"


def _targets(targets: Sequence[dict[str, Any]]) -> list[str]:
    lines = _head(["", "AE-GAN", "at", "wanted", "measured", ""])
    for t in targets:
        sign = "≤" if t["at_most"] else ">" if t["text"].startswith("more") else "≥"  # as in `judge_targets`
        value = "never" if t["value"] is None else f"{t['value']:.3g}"
        lines.append(_line([str(t["number"]), t["text"], ARMS[t["arm"]], f"{sign} {t['limit']:.3g}", value,
                            "met" if t["met"] else "**missed**"]))  # fmt: skip
    return lines


def _settings(results: dict[str, Any]) -> list[str]:
    """What was tried for each row and what was chosen."""
    if not results["tuning_seconds"]:
        return ["Those of the preset; nothing was tuned."]
    judged = f"FD ({results['extractor']})" if results["extractor"] else "modes and samples missed"
    lines = [
        f"Of each row four settings were tried, each for {_time(results['tuning_seconds'])}, and judged by {judged}"
        " against held-out training data; the best is in bold. Test data were not looked at.", "",
        *_head(["", *(f"trial {i + 1}" for i in range(4))]),
    ]  # fmt: skip
    for row in results["rows"]:
        scores = [t["score"] for t in row["tuning"] if t["score"] is not None]
        cells = []
        for trial in row["tuning"]:
            score = "diverged" if trial["score"] is None else f"{trial['score']:.2f}"
            text = f"{describe(trial['options'])}: {score}"
            cells.append(f"**{text}**" if scores and trial["score"] == min(scores) else text)
        lines.append(_line([row["title"], *cells, *[""] * (4 - len(cells))]))
    return lines


def _facts(results: dict[str, Any]) -> list[str]:
    seeds = count_seeds(results["rows"])
    spread = "one seed, so no spread" if seeds == "1" else f"mean ± standard deviation over {seeds} seeds"
    diverged = [f"{row['title']} (seed {seed})" for row in results["rows"] for seed in row["diverged"]]
    m, cpu = results["networks"], results["device"] == "cpu"
    shape = f"{m['architecture']}, width {m['width']}, z_dim {m['z_dim']}"
    measure = f"FD and its like in the features of {results['extractor']}: no FID. " if results["extractor"] else ""
    within = "" if results["are_points"] else " (half as many within a run)"
    samples, tests = (f"{results[f'{kind}_count'] or 0:,}" for kind in ("generated", "test"))
    own = f", {results['threads']} thread{'s' if results['threads'] > 1 else ''}" if cpu else ""
    return [
        f"- {measure}{samples} samples{within} against {tests} {results['split']} items, averaged weights;"
        f" {spread}.",
        f"- Time is {results['clock']} of training{own}; the last fit of what a row is sampled from counts, measuring"
        f" does not. Equal images: {results['images']:,}, for which a run goes on if its time ends before.",
        f"- The same networks ({shape}), data, batches of {results['batch_size']} and averaging for all rows; constant"
        " learning rates.",
        *([f"- Diverged, and left out of the means: {', '.join(diverged)}."] if diverged else []),
        f"- {'; '.join(results['machines'])}; torch {results['versions']['torch']};"
        f" commit {', '.join(results['commits'])}.",
        f"- {results['data']['credit']}; licence {results['data']['license']}.",
    ]  # fmt: skip


def _time(seconds: float) -> str:
    """300 -> "5 min"."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _head(cells: Sequence[str]) -> list[str]:
    return [_line(cells), "|" + "---|" * len(cells)]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
