"""The commands `evaluate`, `fit`, `directions`, `prepare`, `sample`, `reconstruct`, `push`, `fetch` and `info`."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from huggingface_hub import get_token

from aegan.atlas import save_atlas
from aegan.card import describe_protocol, figure_lines
from aegan.catalog import list_data
from aegan.checkpoints import (
    METRICS,
    commit,
    describe_checkpoint,
    find_checkpoint,
    hardware,
    save_model,
    shipped_models,
    versions,
)
from aegan.cli_train import read_whole
from aegan.config import UserError
from aegan.data import fetch, load_data
from aegan.directions import describe_directions, find_directions, save_axes, save_directions
from aegan.evaluate import evaluate
from aegan.export import export_decoder
from aegan.familiarity import prepare_familiarity
from aegan.history import write_atomic
from aegan.hub import push
from aegan.images import fit_image, open_image
from aegan.metrics import psnr
from aegan.model import AEGAN, pick_device
from aegan.plots import reconstruction_sheet, sample_sheet
from aegan.terminal import Progress
from aegan.train import fit_prior

MAX_SAMPLES, MAX_IMAGES, MAX_FIT_STEPS = 10_000, 1000, 100_000


def load_model(options: argparse.Namespace) -> AEGAN:
    device = pick_device(options.device)
    return AEGAN.from_pretrained(find_checkpoint(options.checkpoint), device=device)


def on_evaluate(options: argparse.Namespace) -> int:
    model = load_model(options)
    m = model.config.model
    folder = Path(find_checkpoint(options.checkpoint))
    if options.save and (options.data or not folder.is_dir()):
        raise UserError("--save describes a checkpoint folder on its own data: leave --data out.")
    data = load_data(options.data or model.config.data, m.img_resolution, m.img_channels)
    figures = evaluate(model, data, seeds=options.seeds, inception=options.inception)
    if options.save:
        describe_checkpoint(folder, model, figures)
    if options.json:
        print(json.dumps(figures, indent=2))
        return 0
    for label, value in figure_lines(figures):
        print(f"{label}: {value}")
    for sentence in figures["missing"]:
        print(sentence)
    print(describe_protocol(figures))
    return 0


def on_fit(options: argparse.Namespace) -> int:
    steps, rate = read_whole("--steps", options.steps), _read_rate(options.rate)
    if not 1 <= steps <= MAX_FIT_STEPS:
        raise UserError(f"--steps must lie between 1 and {MAX_FIT_STEPS:,}, not {steps:,}.")
    folder = Path(find_checkpoint(options.checkpoint))
    if not folder.is_dir():
        raise UserError("fit writes into the folder of a checkpoint: give one that is here.")
    model = load_model(options)
    m = model.config.model
    if m.prior != "flow" or not model.config.objective.is_tied:
        raise UserError("Only a model whose prior is a flow, fitted to the codes of an encoder, can be fitted further.")
    data = load_data(model.config.data, m.img_resolution, m.img_channels)
    progress = Progress(model.config.train)
    for share in fit_prior(model, data.train, steps, rate=rate):
        progress.write(f"fitting the flow: {share:.0%}", share >= 1)
    record = {"steps": steps, "rate": rate, "commit": commit(), "count": len(data.train)}
    model.info = model.info | {"fits": [*model.info.get("fits", []), record]}
    (folder / METRICS).unlink(missing_ok=True)  # before the weights: no figures are better than false ones
    save_model(folder, model)
    describe_checkpoint(folder, model, {})
    name = options.checkpoint
    progress.note(
        f"{name}: fitted. What was made with the former weights is made anew by `python -m aegan prepare {name}`, its"
        f" figures by `python -m aegan evaluate {name} --save`."
    )
    return 0


def _read_rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 1:  # nor what is no number
        raise UserError(f"--rate needs a number above 0 and up to 1, such as 2e-3, not {text!r}.")
    return rate


def on_directions(options: argparse.Namespace) -> int:
    model, folder, seed = load_model(options), Path(find_checkpoint(options.checkpoint)), 0
    if options.save and not folder.is_dir():
        raise UserError("--save writes into the folder of a checkpoint: give one that is here.")
    found = find_directions(model, seed)
    facts = {"data": model.config.data, "commit": commit(), "seed": seed}
    if options.save:
        save_directions(folder, found, facts)
    if options.json:
        print(json.dumps(describe_directions(found, facts)))
        return 0
    print(f"{'direction':12} {'from':>8}   {'to':8} effect  random  entanglement")
    for d in found:
        other = max(d.entanglement, key=lambda name: abs(d.entanglement[name]), default="")
        print(
            f"{d.name:12} {d.low:>8} … {d.high:8} {d.effect:6.2f}  {d.random_high:6.2f}"
            + (f"  {d.entanglement[other]:+.2f} {other}" if other else "")
        )
    print("effect: growth per σ, in the attribute's standard deviations; random: random directions' 95th percentile;")
    print("entanglement: the largest effect on another direction's attribute, as a share of that direction's own")
    return 0


def on_prepare(options: argparse.Namespace) -> int:
    folder = Path(find_checkpoint(options.checkpoint))
    if not folder.is_dir():
        raise UserError("prepare writes into the folder of a checkpoint: give one that is here.")
    model = AEGAN.from_pretrained(folder)
    facts = {"data": model.config.data, "commit": commit(), "seed": 0}
    parts = {
        "main axes": lambda: save_axes(folder, model),
        "decoder for browsers": lambda: export_decoder(folder),
        "named directions": lambda: save_directions(folder, find_directions(model), facts),
        "errors of test images": lambda: prepare_familiarity(folder),
        "index of training images": lambda: save_atlas(folder),
    }
    for name, write in parts.items():
        try:
            write()
            print(f"{name}: written", flush=True)
        except UserError as error:  # without that part, the page leaves out what needs it
            print(f"{name}: left out. {error}", flush=True)
    return 0


def on_sample(options: argparse.Namespace) -> int:
    if not 1 <= options.n <= MAX_SAMPLES:
        raise UserError(f"-n must lie between 1 and {MAX_SAMPLES:,}, not {options.n}.")
    out, model = check_png(options.out), load_model(options)
    write_atomic(out, sample_sheet(model, options.n, options.seed % 2**63))
    return 0


def on_reconstruct(options: argparse.Namespace) -> int:
    out, model = check_png(options.out), load_model(options)
    m = model.config.model
    if m.is_points:
        raise UserError("This model knows 2-D points only: choose a model of images to reconstruct one.")
    if len(options.images) > MAX_IMAGES:
        raise UserError(f"At most {MAX_IMAGES:,} images are reconstructed at once, not {len(options.images):,}.")
    x = np.stack([fit_image(open_image(path), m.img_resolution, m.img_channels) for path in options.images])
    sheet, x_rec = reconstruction_sheet(model, x)
    for path, image, reconstruction in zip(options.images, x, x_rec, strict=True):
        print(f"{path}: PSNR {psnr(image[None], reconstruction[None]):.1f} dB")
    write_atomic(out, sheet)
    return 0


def check_png(name: str) -> Path:
    path = Path(name)
    if path.suffix.lower() != ".png" or not path.parent.is_dir():
        raise UserError(f"--out must be a .png file in a folder that exists, not {name!r}.")
    return path


def on_push(options: argparse.Namespace) -> int:
    folder = Path(find_checkpoint(options.checkpoint))
    if not folder.is_dir():
        raise UserError("push uploads the folder of a checkpoint: give one that is here.")
    token = get_token()
    if not token:
        raise UserError("There is no login to the Hub on this machine: run `hf auth login`, or set HF_TOKEN.")
    print(push(folder, options.repository, token, private=not options.public))
    return 0


def on_fetch(options: argparse.Namespace) -> int:
    print(f"{options.data} is in {fetch(options.data)}")
    return 0


def on_info(options: argparse.Namespace) -> int:
    device = str(pick_device("auto"))
    facts = {
        "commit": commit(), "device": device, "hardware": hardware(device), "versions": versions(),
        "models": shipped_models(), "data": [asdict(data) for data in list_data()],
    }  # fmt: skip
    if options.json:
        print(json.dumps(facts, indent=2))
        return 0
    print(f"device: {device} ({facts['hardware']})\ncommit: {facts['commit']}")
    print("versions:", ", ".join(f"{name} {version}" for name, version in versions().items()))
    print("models:", ", ".join(shipped_models()) or "none")
    print("data sets:", *(f"  {data.name:14} {data.title} ({data.where})" for data in list_data()), sep="\n")
    return 0
