"""Feature extractors for Fréchet distances: small classifiers of grey 28-pixel sets, pinned by their shipped weights.

`python -m aegan.features fashion-mnist` trains one. A distance names its extractor, because figures from different
extractors cannot be compared; none of them is comparable with an Inception FID.
"""

from __future__ import annotations

import argparse
import functools
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

from aegan.config import UserError
from aegan.images import to_model

FOLDER = Path(__file__).parent.parent / "assets" / "features"

#: Data set -> the classifier that was trained on it.
EXTRACTORS = {"fashion-mnist": "fashion-cnn", "mnist": "digits-cnn"}


class Classifier(nn.Module):
    """Three convolutions and 64 features of unit variance over the training set, then one linear layer.

    The features end in a batch normalisation without weights, so that distances of different classifiers have about
    the same scale.
    """

    def __init__(self, classes: int = 10) -> None:
        super().__init__()

        def stage(a: int, b: int) -> list[nn.Module]:
            return [nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU()]

        self.features = nn.Sequential(
            *stage(1, 16), nn.MaxPool2d(2), *stage(16, 48), nn.MaxPool2d(2), *stage(48, 64), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(64 * 3 * 3, 64, bias=False), nn.BatchNorm1d(64, affine=False),
        )  # fmt: skip
        self.head = nn.Linear(64, classes)

    def forward(self, x: Tensor) -> Tensor:
        """[N, 1, 28, 28] in [-1, 1] -> logits [N, classes]."""
        return self.head(F.relu(self.features(x)))


def extractor_for(data: str, img_resolution: int, img_channels: int) -> str | None:
    """Name of the extractor for a data set as the model sees it, or None where there is none."""
    name = EXTRACTORS.get(data)
    fits = (img_resolution, img_channels) == (28, 1) and name is not None and _path(name).is_file()
    return name if fits else None


@functools.lru_cache(maxsize=4)
def load_extractor(name: str, device: str = "cpu") -> Classifier:
    """The shipped classifier of that name, in eval mode; shared, so never change it.

    Raises:
        UserError: if its weights are missing or damaged.
    """
    model = Classifier()
    try:
        model.load_state_dict(load_file(_path(name)))
    except Exception as error:
        raise UserError(f"The feature weights {_path(name).name} cannot be read: restore them from git.") from error
    return model.requires_grad_(False).eval().to(device)


def features(images: np.ndarray, extractor: str, device: str | torch.device = "cpu", batch_size: int = 500) -> Tensor:
    """Features [N, 64] on the CPU of images uint8 [N, 28, 28, 1]."""
    model = load_extractor(extractor, str(device))
    with torch.no_grad():
        parts = [
            model.features(to_model(images[start : start + batch_size]).to(device)).cpu()
            for start in range(0, len(images), batch_size)
        ]
    return torch.cat(parts)


def train_classifier(
    images: np.ndarray, labels: np.ndarray, epochs: int = 12, batch_size: int = 128, lr: float = 4e-3, seed: int = 0
) -> Classifier:
    """Trains on uint8 [N, 28, 28, 1] and labels [N] in 0...9, on the CPU; the same seed gives the same weights."""
    rng = torch.Generator().manual_seed(seed)
    model = Classifier().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    for parameter in model.parameters():
        if parameter.ndim > 1:  # drawn anew: torch's own initialisation comes from the global generator
            nn.init.kaiming_normal_(parameter, nonlinearity="relu", generator=rng)
    nn.init.zeros_(model.head.bias)
    x, y = to_model(images), torch.from_numpy(labels)
    steps = epochs * (len(x) // batch_size)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    model.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(x), generator=rng)[: len(x) // batch_size * batch_size].split(batch_size):
            loss = F.cross_entropy(model(x[batch]), y[batch], label_smoothing=0.05)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


@torch.no_grad()
def accuracy(model: Classifier, images: np.ndarray, labels: np.ndarray, batch_size: int = 500) -> float:
    """Share of images uint8 [N, 28, 28, 1] whose label the classifier finds."""
    right = 0
    for start in range(0, len(images), batch_size):
        guess = model(to_model(images[start : start + batch_size])).argmax(1)
        right += int((guess == torch.from_numpy(labels[start : start + batch_size])).sum())
    return right / len(images)


def _path(name: str) -> Path:
    return FOLDER / f"{name}.safetensors"


def main() -> None:
    from aegan.data import load_data

    parser = argparse.ArgumentParser(prog="python -m aegan.features", description=__doc__)
    parser.add_argument("data", choices=EXTRACTORS)
    parser.add_argument("--root", help="folder where the data set lies, in torchvision's layout")
    parser.add_argument("--epochs", type=int, default=12)
    options = parser.parse_args()
    data = load_data(options.data, img_resolution=28, img_channels=1, root=options.root)
    if data.train_labels is None or data.test_labels is None:
        raise UserError(f"{data.title} has no labels to train a classifier with.")
    model = train_classifier(data.train, data.train_labels, options.epochs)
    share = accuracy(model, data.test, data.test_labels)
    FOLDER.mkdir(parents=True, exist_ok=True)
    note = {"data": data.name, "train_images": str(len(data.train)), "test_accuracy": f"{share:.4f}"}
    weights = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(weights, _path(EXTRACTORS[options.data]), metadata=note)
    print(f"{EXTRACTORS[options.data]}: {100 * share:.2f} % of {len(data.test)} test images right")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"aegan: {error}")
