"""A checkpoint in words: its card, its figures with what they were measured on, the command that makes its like."""

from __future__ import annotations

import math
import shlex
from dataclasses import replace
from typing import Any

from aegan.config import OBJECTIVES, PRESETS, Config, Objective, UserError

SAMPLES, CURVES = "samples.png", "training.png"  # pictures beside the card

_LABELS = {
    "fd/samples": "FD ({extractor}), samples against test images",
    "fd/midpoints": "FD ({extractor}), midpoints of samples",
    "fd/reconstructions": "FD ({extractor}), reconstructions of test images",
    "fd/floor": "FD ({extractor}), training images: the floor",
    "fid/samples": "FID (Inception), samples against test images",
    "fid/reconstructions": "FID (Inception), reconstructions of test images",
    "fid/floor": "FID (Inception), training images: the floor",
    "kid/samples": "KID ({extractor}), samples against test images",
    "kid/samples_error": "KID ({extractor}), samples: its standard error",
    "kid/midpoints": "KID ({extractor}), midpoints of samples",
    "kid/reconstructions": "KID ({extractor}), reconstructions of test images",
    "kid/floor": "KID ({extractor}), training images: the floor",
    "prdc/precision": "Precision: share of samples that look real",
    "prdc/precision_floor": "Precision of training images",
    "prdc/recall": "Recall: share of test images that samples come near",
    "prdc/recall_floor": "Recall of training images",
    "prdc/density": "Density of samples among test images",
    "prdc/density_floor": "Density of training images",
    "prdc/coverage": "Coverage: share of test images with a sample beside them",
    "prdc/coverage_floor": "Coverage of training images",
    "explore/precision_midpoints": "Precision of midpoints of samples",
    "explore/precision_axes": "Precision along the main axes, to 2 σ",
    "explore/precision_worst_axis": "Precision along the worst of them",
    "explore/precision_near": "Precision at a distance of 1 from test images' noise",
    "explore/path_length": "Perceptual path length ({extractor})",
    "memory/ratio": "Distance to the nearest training image, samples to test images",
    "memory/close_share": "Share of samples nearer to a training image than all but 1 % of test images",
    "rec/psnr": "PSNR of test reconstructions, dB",
    "rec/ssim": "SSIM of test reconstructions",
    "rec/rms": "Root mean square distance of test reconstructions",
    "modes/found": "Modes found",
    "modes/total": "Modes in the data",
    "modes/good_share": "Share of samples within 3 σ of a mode",
    "modes/good_share_floor": "The same of test points: the floor",
}


def figure_lines(figures: dict[str, Any]) -> list[tuple[str, str]]:
    """(label, value) of every figure that was measured, in words; with its spread where there were several draws."""
    lines = [
        (label.format(**figures), _in_words(figures[key], figures.get(f"{key}_sd")))
        for key, label in _LABELS.items()
        if key in figures
    ]
    known = [key.removesuffix("_floor") for key in figures if key.startswith("attributes/") and "_floor" in key]
    for key in known:
        kept, ceiling, floor = (f"{figures[key + suffix]:.1%}" for suffix in ("", "_ceiling", "_floor"))
        name = key.removeprefix("attributes/").replace("_", " ")
        marks = f"{kept} (in test images {ceiling}, always the most frequent {floor})"
        lines.append((f"Told rightly in test reconstructions: {name}", marks))
    return lines


def describe_protocol(figures: dict[str, Any]) -> str:
    """What the figures were measured on: on every page that shows them, this stands beside them."""
    items = f"{figures.get('test_count', 0):,} {figures.get('split', 'test')} items"
    generated, seed, seeds = figures.get("generated_count", 0), figures.get("seed", 0), figures.get("seeds", 1)
    made = f"{generated:,} generated" if generated else "none generated"
    if seeds > 1:
        made += f" with each of the seeds {seed} … {seed + seeds - 1}: mean ± standard deviation"
    elif generated:
        made += f", seed {seed}"
    words = f"{items}, {made}" + (f"; features: {figures['extractor']}." if figures.get("extractor") else ".")
    return " ".join(filter(None, (words, figures.get("fid_protocol"))))


def _in_words(value: float, spread: float | None = None) -> str:
    """Two digits of the spread, and as many decimals of the value; without a spread, three decimals or so."""
    if spread:
        decimals = min(max(0, 1 - math.floor(math.log10(spread))), 9)
        return f"{value:.{decimals}f} ± {spread:.{decimals}f}"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.3f}" if abs(value) >= 0.01 or value == 0 else f"{value:.1e}"  # a kernel distance can be tiny


def train_command(config: Config) -> str:
    """The shortest command line that describes this configuration, starting from the nearest preset."""
    wanted = _options(config)
    commands: list[list[str]] = []
    for preset, start in PRESETS.items():
        for objective, row in [("", start.objective), *OBJECTIVES.items()]:
            words = ["python", "-m", "aegan", "train", "--preset", preset]
            words += ["--objective", objective] if objective else []
            try:
                given = _options(replace(start, objective=row))
            except UserError:  # not every preset's networks serve every objective
                continue
            if config.data != start.data:
                words += ["--data", config.data]
                if not config.model.is_points:  # the shape would follow the data
                    given |= {"img_resolution": None, "img_channels": None}
            settings = [f"{name}={value}" for name, value in wanted.items() if value != given[name]]
            commands.append([*words, *(["--set", *settings] if settings else [])])
    return shlex.join(min((len(words), words) for words in commands)[1])


def _options(config: Config) -> dict[str, Any]:
    parts = config.to_dict()
    return {name: value for part in ("model", "objective", "train") for name, value in parts[part].items()}


def model_card(config: Config, info: dict[str, Any], figures: dict[str, Any]) -> str:
    """README.md of a checkpoint; every number in it comes from `info` or `figures`."""
    m, objective = config.model, config.objective
    terms = ("rec", "adv", "adv_rec", "adv_z", "cycle", "rec_fake", "kl")
    weights = ", ".join(f"{name} {getattr(objective, name):g}" for name in terms if getattr(objective, name))
    size = "2-D points" if m.is_points else f"{m.img_resolution} px, {'grey' if m.img_channels == 1 else 'colour'}"
    changes = "".join(f"After step {step:,} its owner set {words}.\n" for step, words in info.get("changes", []))
    changes += "".join(
        f"Then its flow was fitted to the codes of {fit['count']:,} training items for {fit['steps']:,} steps more:"
        f" `python -m aegan fit FOLDER --steps {fit['steps']} --rate {fit['rate']:g}` (commit {fit['commit']}).\n"
        for fit in info.get("fits", [])
    )
    title, seconds = info.get("data_title", config.data), float(info.get("seconds", 0))
    kind, nature = _describe_kind(objective)
    both = ", and reconstructs given ones" if objective.needs_encoder else ""
    return f"""---
license: mit
library_name: aegan
pipeline_tag: unconditional-image-generation
tags: [aegan, autoencoder, gan, image-generation]
---

# {kind} on {title}

{nature}
It makes new pictures ({size}) from {m.z_dim} numbers{both}.

{f"![samples]({SAMPLES})" if objective.needs_generator else ""}

## Use

```python
from aegan.model import AEGAN

model = AEGAN.from_pretrained("path/of/this/folder")
images = model.sample(16)  # [16, {", ".join(map(str, m.x_shape))}]
```

## Training

| | |
|---|---|
| data | {title} |
| licence of the data | {info.get("data_license", "unknown")} |
| credit | {info.get("data_credit", "unknown")} |
| networks | {m.architecture}, width {m.width}, z_dim {m.z_dim}, prior {m.prior} |
| objective | {weights}; rec_kind {objective.rec_kind}, adv_kind {objective.adv_kind} |
| length | {info.get("step", 0):,} steps, {info.get("nimg", 0):,} images, {seconds:,.0f} s |
| hardware | {info.get("hardware", "unknown")} |
| commit | {info.get("commit", "unknown")} |
| seed | {config.train.seed} |
| torch | {info.get("torch", "unknown")} |

```
{train_command(config)}
```

{changes}
![curves of the training]({CURVES})

## Figures

{_figures_section(figures)}

## Intended use and limits

Made for teaching and for exploring how autoencoders and GANs work together. It knows nothing but its training data:
a picture of anything else is reconstructed as the nearest thing that it knows. What it generates is synthetic: files
saved by the program say so in their metadata, with the model and the numbers they came from. Say so where you show
them. It can repeat biases of its data, and can come close to single training images.
"""


def _describe_kind(objective: Objective) -> tuple[str, str]:
    """What the terms in use make of the networks: its name, and one sentence."""
    if not objective.needs_encoder:
        return "GAN", "A generator, trained against a discriminator; there is no encoder, so it cannot reconstruct."
    if objective.own_decoder:
        kind = "GAN with an autoencoder beside it"
        return kind, "A generator with a discriminator, and an encoder with a decoder of its own."
    if not objective.needs_discriminator:
        kind = "VAE" if objective.kl else "Adversarial autoencoder" if objective.adv_z else "Autoencoder"
        return kind, "An encoder and a decoder; what is drawn from is fitted to the codes of training images."
    kind = "VAE-GAN" if objective.kl else "AE-GAN"
    return kind, "A generator that is also the decoder of an autoencoder, trained with an encoder and a discriminator."


def _figures_section(figures: dict[str, Any]) -> str:
    if not figures:
        return "None were measured. `python -m aegan evaluate path/of/this/folder` measures them."
    table = "\n".join(f"| {label} | {value} |" for label, value in figure_lines(figures))
    notes = "\n".join(f"- {sentence}" for sentence in figures.get("missing", []))
    return f"""On {describe_protocol(figures)}

| figure | value |
|---|---|
{table}

{notes}

FD is the Fréchet distance, KID the kernel distance, in the features of the classifier named with it; precision and the
like are of the same features. FD is not FID, and figures with different classifiers cannot be compared."""
