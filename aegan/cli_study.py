"""The command `study`."""

from __future__ import annotations

import argparse
import re
from dataclasses import fields, replace
from pathlib import Path

import torch

from aegan.cli_train import parse_settings, read_whole
from aegan.config import OBJECTIVES, PRESETS, Config, Objective, UserError, get_preset
from aegan.data import Dataset, load_data
from aegan.model import pick_device
from aegan.study import Study
from aegan.study_rows import ROWS, Question, check_names, common_config
from aegan.terminal import Interrupt, Progress

MIN_BUDGET, MAX_BUDGET, MAX_SEEDS = 5.0, 48 * 3600.0, 20

#: Options that belong to the study itself, or to single rows.
OWN = {"seed", "steps", "seconds", "decay_share", "log_every", "save_every", "preview_every"}
OF_ROWS = {f.name for f in fields(Objective)}


def on_study(options: argparse.Namespace) -> int:
    budget = parse_budget(options.budget, "--budget")
    if not MIN_BUDGET <= budget <= MAX_BUDGET:
        raise UserError(f"--budget must lie between 5s and 48h, not {options.budget!r}.")
    tune = budget / 4 if options.tune is None else parse_budget(options.tune, "--tune")
    if tune > budget:
        raise UserError("--tune is the time of a short run: at most the budget, or 0 for none.")
    seeds, threads = read_whole("--seeds", options.seeds), read_whole("--threads", options.threads)
    if not 1 <= seeds <= MAX_SEEDS:
        raise UserError(f"--seeds must lie between 1 and {MAX_SEEDS}, not {seeds}.")
    if not 1 <= threads <= 256:
        raise UserError(f"--threads must lie between 1 and 256, not {threads}.")
    names = list(dict.fromkeys(options.rows or ROWS))
    check_names(names)
    if options.ablation and "aegan" not in names:
        names.append("aegan")  # what the ingredients are missing from
    device = pick_device(options.device)
    if device.type == "cpu":
        torch.set_num_threads(threads)
    config, data = configure(options)
    study = Study(Path(options.out), Question(config, budget, tune, device.type, threads), data, device)
    progress = Progress(config.train)
    progress.note(f"{options.out}: {data.title}, {len(data.train):,} training items, {device}")
    with Interrupt() as interrupt:
        notes = study.work(names, seeds, options.ablation)
        for note in notes:
            progress.write(note.text, note.stays)
            if interrupt.is_asked:
                notes.close()  # type: ignore[attr-defined]  # saves the run
                progress.note("aegan: interrupted and saved; the same command goes on.")
                return 130
    return 0


def configure(options: argparse.Namespace) -> tuple[Config, Dataset]:
    """The configuration that all rows share, and the data set.

    Resolution and channels follow the data unless they are set.

    Raises:
        UserError: for anything unknown, out of range or of a single row.
    """
    settings = parse_settings(options.set)
    for name in settings:
        if name in OWN:
            raise UserError(f"{name} cannot be set in a study: --budget and --seeds say how long and how often.")
        if name in OF_ROWS:
            raise UserError(f"{name} differs from row to row: a study sets only options of the networks and training.")
    img_resolution, img_channels = (
        read_whole(name, settings[name]) if name in settings else None for name in ("img_resolution", "img_channels")
    )
    data = load_data(options.data, img_resolution, img_channels)
    usual = "points" if data.is_points else options.data if options.data in PRESETS else "aegan"
    config = get_preset(options.preset or usual)
    if config.objective in OBJECTIVES.values():  # that of one row; a recipe's own is the row aegan's
        config = replace(config, objective=OBJECTIVES["aegan"])
    follow = {"img_resolution": data.img_resolution, "img_channels": data.img_channels}
    config = replace(config, data=options.data).with_options(**follow | settings)
    return common_config(config), data


def parse_budget(text: str, name: str) -> float:
    """ "5m", "90s", "1.5h" or "300" in seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if match is None or len(text) > 20:
        raise UserError(f"{name} takes a time such as 5m, 90s or 2h, not {text!r}.")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]
