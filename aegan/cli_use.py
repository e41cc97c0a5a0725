"""The commands `evaluate`, `sample`, `reconstruct` and `info`."""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from aegan.checkpoints import commit, figure_lines, find_checkpoint, hardware, shipped_models, versions
from aegan.config import UserError
from aegan.data import list_data, load_data
from aegan.evaluate import evaluate
from aegan.history import write_atomic
from aegan.images import encode_png, fit_image, image_grid, open_image, to_model, to_uint8
from aegan.metrics import psnr
from aegan.model import AEGAN, pick_device

MAX_SAMPLES, MAX_IMAGES = 10_000, 1000


def load_model(options: argparse.Namespace) -> AEGAN:
    device = pick_device(options.device)
    return AEGAN.from_pretrained(find_checkpoint(options.checkpoint), device=device)


def on_evaluate(options: argparse.Namespace) -> int:
    model = load_model(options)
    m = model.config.model
    figures = evaluate(model, load_data(options.data or model.config.data, m.img_resolution, m.img_channels))
    if options.json:
        print(json.dumps(figures, indent=2))
        return 0
    for label, value in figure_lines(figures):
        print(f"{label}: {value}")
    for sentence in figures["missing"]:
        print(sentence)
    print(f"{figures['test_count']:,} test items, {figures['generated_count']:,} generated, seed {figures['seed']}")
    return 0


def on_sample(options: argparse.Namespace) -> int:
    if not 1 <= options.n <= MAX_SAMPLES:
        raise UserError(f"-n must lie between 1 and {MAX_SAMPLES:,}, not {options.n}.")
    out, model = check_png(options.out), load_model(options)
    rng = torch.Generator().manual_seed(options.seed % 2**63)
    with torch.no_grad():
        sizes = [min(250, options.n - start) for start in range(0, options.n, 250)]
        samples = np.concatenate([to_uint8(model.sample(size, rng)) for size in sizes])
    picture = draw_points(samples) if model.config.model.is_points else image_grid(samples)
    write_png(out, picture, model, f"{options.n} generated images, seed {options.seed}")
    return 0


def on_reconstruct(options: argparse.Namespace) -> int:
    out, model = check_png(options.out), load_model(options)
    m = model.config.model
    if m.is_points:
        raise UserError("This model knows 2-D points only: choose a model of images to reconstruct one.")
    if len(options.images) > MAX_IMAGES:
        raise UserError(f"At most {MAX_IMAGES:,} images are reconstructed at once, not {len(options.images):,}.")
    x = np.stack([fit_image(open_image(path), m.img_resolution, m.img_channels) for path in options.images])
    with torch.no_grad():
        x_rec = to_uint8(model.reconstruct(to_model(x).to(model.device)))
    for path, image, reconstruction in zip(options.images, x, x_rec, strict=True):
        print(f"{path}: PSNR {psnr(image[None], reconstruction[None]):.1f} dB")
    pairs = np.stack([x, x_rec], axis=1).reshape(-1, *x.shape[1:])  # [2 N, H, W, C], each beside its own
    write_png(out, image_grid(pairs, columns=2 * math.ceil(math.sqrt(len(x) / 2))), model, "images and reconstructions")
    return 0


def draw_points(points: np.ndarray, size: int = 512, half_width: float = 1.5) -> np.ndarray:
    """Points [N, 2] as uint8 [size, size, 1]: 2 x 2 pixels each, black on white; those outside are left out."""
    place = np.rint((points * (1, -1) / half_width + 1) / 2 * size).astype(int)  # [N, (x, y)], y downwards
    x, y = place[((place >= 1) & (place < size)).all(axis=1)].T
    picture = np.full((size, size, 1), 255, np.uint8)
    for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
        picture[y - dy, x - dx] = 0
    return picture


def check_png(name: str) -> Path:
    path = Path(name)
    if path.suffix.lower() != ".png" or not path.parent.is_dir():
        raise UserError(f"--out must be a .png file in a folder that exists, not {name!r}.")
    return path


def write_png(path: Path, picture: np.ndarray, model: AEGAN, what: str) -> None:
    """Writes a picture that says by itself that a model made it."""
    info = model.info
    made_by = f"AE-GAN model of {info.get('data', model.config.data)}, step {info.get('step', 'unknown')}"
    notes = {"Description": f"AI-generated: {what}", "Software": made_by, "Commit": str(info.get("commit", "unknown"))}
    write_atomic(path, encode_png(picture, notes))


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
