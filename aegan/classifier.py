"""Small classifiers of the data sets, shipped with the project: what they tell, and how they were trained.

`python -m aegan.classifier fashion-mnist` trains one anew. Those of grey sets are also what distances are measured in
(see `features.py`); that of the avatars tells the attributes of a face (see `attributes.py`).
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

from aegan import avatars
from aegan.config import UserError
from aegan.data import Dataset, load_data
from aegan.images import to_model

FOLDER = Path(__file__).parent.parent / "assets" / "features"

#: Data set -> the classifier that was trained on it.
CLASSIFIERS = {"fashion-mnist": "fashion-cnn", "mnist": "digits-cnn", "avatars": "avatars-cnn"}

#: How a classifier differs from those of 28 grey pixels: here is a head for each attribute of a face.
_SHAPES: dict[str, dict[str, Any]] = {
    "avatars-cnn": {
        "heads": tuple(len(values) for _, values in avatars.ATTRIBUTES.values()),
        "resolution": avatars.SIZE, "channels": 3, "widths": (16, 32, 48, 64), "units": 128,
    },
}  # fmt: skip


class Classifier(nn.Module):
    """A few convolutions and some features of unit variance over the training set, then one linear layer.

    The features end in a batch normalisation without weights, so that distances of different classifiers have about
    the same scale.

    Args:
        heads: number of classes of each thing that is told of an image.
        resolution: height and width of the images.
        channels: of the images.
        widths: channels of the convolutions, each of which halves the resolution.
        units: number of features.
    """

    def __init__(
        self,
        heads: tuple[int, ...] = (10,),
        resolution: int = 28,
        channels: int = 1,
        widths: tuple[int, ...] = (16, 48, 64),
        units: int = 64,
    ) -> None:
        super().__init__()
        self.heads, self.resolution, self.channels = heads, resolution, channels
        stages: list[nn.Module] = []
        for a, b in pairwise((channels, *widths)):
            stages += [nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(), nn.MaxPool2d(2)]
        last = nn.Linear(widths[-1] * (resolution // 2 ** len(widths)) ** 2, units, bias=False)
        self.features = nn.Sequential(*stages, nn.Flatten(), last, nn.BatchNorm1d(units, affine=False))
        self.head = nn.Linear(units, sum(heads))

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] in [-1, 1] -> logits [N, classes], those of one head after those of another."""
        return self.head(F.relu(self.features(x)))


def weights_path(name: str) -> Path:
    return FOLDER / f"{name}.safetensors"


@functools.lru_cache(maxsize=4)
def load_classifier(name: str, device: str = "cpu") -> Classifier:
    """The classifier of that name, in eval mode; shared, so never change it.

    Raises:
        UserError: if its weights are missing or damaged.
    """
    model = Classifier(**_SHAPES.get(name, {}))
    try:
        model.load_state_dict(load_file(weights_path(name)))
    except Exception as error:
        raise UserError(f"The weights {weights_path(name).name} cannot be read: restore them from git.") from error
    # Channels last, as images come: twice as fast on a CPU.
    return model.requires_grad_(False).eval().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]


@torch.no_grad()
def class_logits(images: np.ndarray, name: str, device: str | torch.device = "cpu") -> tuple[Tensor, ...]:
    """What a classifier says of images uint8 [N, H, W, C]: logits [N, classes] of each of its heads, on the device.

    Raises:
        UserError: if its weights are missing or damaged.
    """
    model = load_classifier(name, str(device))
    return in_batches(model, images, device).split(model.heads, dim=1)


def in_batches(
    network: Callable[[Tensor], Tensor],
    images: np.ndarray | Tensor,
    device: str | torch.device = "cpu",
    batch_size: int = 100,
) -> Tensor:
    """A network's answers [N, …] to images: uint8 [N, H, W, C], or float [N, C, H, W] in [-1, 1]."""
    parts = []
    for start in range(0, len(images), batch_size):
        part = images[start : start + batch_size]
        x = part if isinstance(part, Tensor) else to_model(part)
        parts.append(network(x.to(device)))
    return torch.cat(parts)


def train_classifier(
    images: np.ndarray,
    labels: np.ndarray,
    epochs: int = 12,
    batch_size: int = 128,
    lr: float = 4e-3,
    seed: int = 0,
    name: str = "",
) -> Classifier:
    """Trains a classifier on the CPU; the same seed gives the same weights.

    Args:
        images: uint8 [N, H, W, C].
        labels: [N], or [N, heads] where it has several; from 0 on.
        epochs: passes over the images.
        batch_size: images of one step.
        lr: highest learning rate.
        seed: of the first weights, of the order of the images and of what is done to them.
        name: of the classifier, which tells its shape; "": of ten classes of 28 grey pixels.
    """
    rng = torch.Generator().manual_seed(seed)
    model = Classifier(**_SHAPES.get(name, {})).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for parameter in model.parameters():
        if parameter.ndim > 1:  # drawn anew: torch's own initialisation comes from the global generator
            nn.init.kaiming_normal_(parameter, nonlinearity="relu", generator=rng)
    nn.init.zeros_(model.head.bias)
    x, y = torch.from_numpy(images), torch.from_numpy(labels).reshape(len(images), -1)  # [N, heads]
    steps = epochs * (len(x) // batch_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    model.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(x), generator=rng)[: len(x) // batch_size * batch_size].split(batch_size):
            inputs = to_model(x[batch])
            logits = model(roughen(inputs, rng) if name in _SHAPES else inputs).split(model.heads, dim=1)
            losses = [F.cross_entropy(*pair, label_smoothing=0.05) for pair in zip(logits, y[batch].T, strict=True)]
            loss = torch.stack(losses).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


def roughen(x: Tensor, rng: torch.Generator) -> Tensor:
    """Images [N, C, H, W] in [-1, 1], each mirrored or not, blurred and with noise, more or less of it.

    A classifier of rendered faces that saw them clean only is sure of their very pixels: after a blur of one pixel, at
    which anyone sees the eyes, it told 22 % of them, and so said more about itself than about reconstructions.
    """
    n, channels = x.shape[:2]
    mirrored, blur, grain = (torch.rand(n, 1, 1, 1, generator=rng) for _ in range(3))
    x = torch.where(mirrored < 0.5, x, x.flip(3))
    line = torch.tensor([1.0, 2.0, 1.0]) / 4
    kernel = (line[:, None] * line).expand(channels, 1, 3, 3)
    soft = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), kernel, groups=channels)
    return x + blur * (soft - x) + 0.06 * grain * torch.randn(x.shape, generator=rng)


@torch.no_grad()
def accuracy(model: Classifier, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Share [heads] of images uint8 [N, H, W, C] of which each head finds the label: labels [N] or [N, heads]."""
    guess = torch.stack([part.argmax(1) for part in in_batches(model, images).split(model.heads, dim=1)], dim=1)
    return (guess.numpy() == labels.reshape(len(images), -1)).mean(0)


def majority_accuracy(train_labels: np.ndarray, test_labels: np.ndarray) -> np.ndarray:
    """Share [heads] of test labels [N] or [N, heads] found by who always says the most frequent one of training."""
    train, test = (labels.reshape(len(labels), -1) for labels in (train_labels, test_labels))
    return (test == [np.bincount(column).argmax() for column in train.T]).mean(0)


def _labels(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Labels of the training and test images: [N, attributes] where attributes are known, else [N]."""
    known = (data.train_attributes, data.test_attributes) if data.attributes else (data.train_labels, data.test_labels)
    if known[0] is None or known[1] is None:
        raise UserError(f"{data.title} has no labels to train a classifier with.")
    return known[0], known[1]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m aegan.classifier", description=__doc__)
    parser.add_argument("data", choices=CLASSIFIERS)
    parser.add_argument("--root", help="folder where the data set lies, in torchvision's layout")
    parser.add_argument("--epochs", type=int, default=12, help="default 12; those of the avatars' that ships: 24")
    options = parser.parse_args()
    name = CLASSIFIERS[options.data]
    shape = Classifier(**_SHAPES.get(name, {}))
    data = load_data(options.data, shape.resolution, shape.channels, options.root)
    train_labels, test_labels = _labels(data)
    model = train_classifier(data.train, train_labels, options.epochs, name=name)
    shares, floors = accuracy(model, data.test, test_labels), majority_accuracy(train_labels, test_labels)
    told = list(data.attributes or ("label",))
    note = {"data": data.name, "train_images": str(len(data.train)), "epochs": str(options.epochs)}
    note["test_accuracy"] = ", ".join(f"{thing} {share:.4f}" for thing, share in zip(told, shares, strict=True))
    FOLDER.mkdir(parents=True, exist_ok=True)
    weights = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(weights, weights_path(name), metadata=note)
    print(f"{name}, {len(data.test)} test images: found by the classifier, and by who always says the most frequent")
    for line in zip(told, shares, floors, strict=True):
        print("{:16}{:8.2%}{:8.2%}".format(*line))


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"aegan: {error}")
