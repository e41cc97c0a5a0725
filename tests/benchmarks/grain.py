"""What the grain in Lite0's preprocessing is for: `python -m tests.benchmarks.grain`, in about two minutes.

FD between avatars and the same avatars changed a little, without grain and with it: noise that nobody can see, blurs,
another face shining through, and other real avatars for comparison.
"""

from __future__ import annotations

import numpy as np
import torch
from torchvision.transforms.v2.functional import gaussian_blur

from aegan.checkpoints import commit, hardware
from aegan.data import load_data
from aegan.features import LITE0, features, load_extractor
from aegan.metrics import frechet_distance

COUNT = 300


def changed(images: np.ndarray) -> dict[str, np.ndarray]:
    """Name -> uint8 images [N, H, W, 3] that were changed in that way."""
    x, rng = images.astype(float), np.random.default_rng(0)

    def blurred(sigma: float) -> np.ndarray:
        planes = torch.from_numpy(x).permute(0, 3, 1, 2)
        return gaussian_blur(planes, [5, 5], [sigma, sigma]).permute(0, 2, 3, 1).numpy()

    made = {
        "noise of 0.8 grey levels": x + rng.normal(0, 0.8, x.shape),
        "blur of 0.6 pixels": blurred(0.6),
        "blur of 0.8 pixels": blurred(0.8),
        "a tenth of another face": 0.9 * x + 0.1 * np.roll(x, 1, axis=0),
    }
    return {name: value.round().clip(0, 255).astype(np.uint8) for name, value in made.items()}


def distances(images: np.ndarray, others: dict[str, np.ndarray], grain: bool) -> dict[str, float]:
    """Name -> FD (efficientnet-lite0) to the images, with grain or without."""
    pattern = load_extractor(LITE0, "cpu").grain  # the one that `features` uses
    kept = pattern.clone()
    pattern.mul_(float(grain))
    try:
        real = features(images, LITE0)
        return {name: frechet_distance(features(other, LITE0), real) for name, other in others.items()}
    finally:
        pattern.copy_(kept)


def main() -> None:
    torch.set_num_threads(1)
    data = load_data("avatars", full=False)
    images = data.test[:COUNT]
    others = changed(images) | {"other real faces": data.train[:COUNT]}
    without, within = (distances(images, others, grain) for grain in (False, True))
    print(f"FD of {COUNT} avatars to themselves after a change (commit {commit()}, {hardware('cpu')})")
    print(f"{'':26}{'no grain':>10}{'grain':>8}")
    for name in others:
        print(f"{name:26}{without[name]:10.1f}{within[name]:8.1f}")


if __name__ == "__main__":
    main()
