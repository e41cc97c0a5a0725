"""Features of the Inception network that published FIDs are measured in, and its preprocessing: an option.

It takes a package, torch-fidelity (Apache 2.0), whose network gives TensorFlow's original figures to machine precision,
96 MB of weights from the network, and about 0.2 s an image on one core of a processor.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import io
import os
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aegan.config import UserError

PACKAGE = "torch-fidelity==0.4.0"
WEIGHTS_BYTES = 95_628_359
WEIGHTS_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"

#: Samples, and test images, that published tables compare.
PUBLISHED = 10_000


@torch.no_grad()
def inception_features(images: np.ndarray, device: str | torch.device = "cpu", batch_size: int = 50) -> Tensor:
    """Features [N, 2048] of images uint8 [N, H, W, C], on the device; grey ones are repeated to three channels.

    The network itself resizes them to 299 pixels as TensorFlow 1 did (bilinear, corners not aligned, no antialiasing)
    and maps 0 ... 255 to -1 ... 1, as in the authors' program (Heusel et al. 2017, arXiv:1706.08500).

    Raises:
        UserError: if the package or its weights cannot be had.
    """
    network, parts = load_inception(str(device)), []
    for start in range(0, len(images), batch_size):
        x = torch.from_numpy(images[start : start + batch_size]).to(device).permute(0, 3, 1, 2)  # [N, C, H, W]
        parts.append(network(x.expand(-1, 3, -1, -1))[0])
    return torch.cat(parts)


def describe_fid(samples: int, images: int, channels: int, split: str) -> str:
    """The protocol in words, and whether published tables have the same."""
    grey = "grey repeated to 3 channels, " if channels == 1 else ""
    words = f"FID: Inception of 2015-12-05 ({PACKAGE}), {grey}299 pixels by TensorFlow 1's bilinear rule"
    if (samples, images, split) == (PUBLISHED, PUBLISHED, "test"):
        return f"{words}, {samples:,} samples against the {images:,} test images, as in published tables."
    return (
        f"{words}, {samples:,} samples against {images:,} {split} images; published tables take {PUBLISHED:,} samples"
        f" and {PUBLISHED:,} test images, so that theirs cannot be compared with this."
    )


@functools.lru_cache(maxsize=1)
def load_inception(device: str = "cpu") -> Any:
    """The package's network, in eval mode; shared, so never change it.

    Raises:
        UserError: if the package is missing, or its weights cannot be had or are others than those pinned.
    """
    if importlib.util.find_spec("torch_fidelity") is None:
        raise UserError(f"FID is measured with a package that is not installed: pip install {PACKAGE}")
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3, FeatureExtractorInceptionV3

    # The package unpickles. It gets the very bytes whose digest was compared, and never a file's name.
    weights = io.BytesIO(_read_weights(URL_INCEPTION_V3))
    with torch.random.fork_rng(devices=[]):  # its layers draw their first weights from the global generator
        network = FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=weights)
    return network.to(device)


def _read_weights(url: str) -> bytes:
    """The weights, from where torch keeps such files, or downloaded to there."""
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    try:
        is_here = path.is_file()
        if is_here:
            content = path.read_bytes()
        else:
            with urllib.request.urlopen(url, timeout=30) as answer:
                content = answer.read(WEIGHTS_BYTES + 1)
    except (OSError, HTTPException) as error:
        reason = str(getattr(error, "reason", error))[:100]
        advice = f"connect to the network, or put {path.name} into {path.parent}"
        raise UserError(f"The weights of Inception could not be downloaded ({reason}): {advice}.") from None
    if hashlib.sha256(content).hexdigest() != WEIGHTS_SHA256:
        where = f"delete {path}" if is_here else "the download was cut short or changed"
        raise UserError(f"The weights of Inception are not those pinned: {where}, then try again.")
    if not is_here:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        part.write_bytes(content)
        os.replace(part, path)
    return content
