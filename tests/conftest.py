"""What several tests share: data sets of almost nothing, and configurations that train in a moment."""

import numpy as np
import pytest
import torch

from aegan.config import Config, get_preset
from aegan.data import Dataset

torch.set_num_threads(1)  # for networks this small a second thread costs more than it gives

#: Options that make a run on images last a fraction of a second.
QUICK = {
    "architecture": "dense", "width": 4, "z_dim": 4, "batch_size": 8, "steps": 8, "warmup_steps": 2, "ramp_steps": 1,
    "log_every": 2, "preview_every": 4, "save_every": 4, "prior_steps": 2, "flow_layers": 2, "flow_width": 8,
    "components": 4,
}  # fmt: skip


@pytest.fixture
def points() -> Dataset:
    """Two clouds of points, 64 to train with."""
    rng = np.random.default_rng(0)
    modes = np.array([[-0.5, 0.0], [0.5, 0.0]])
    train, test = (
        (modes[np.arange(n) % 2] + 0.05 * rng.normal(size=(n, 2))).astype(np.float32)
        for n in (64, 32)
    )  # fmt: skip
    return Dataset("two", "Two clouds", train, test, None, None, (), "CC0", "drawn here", modes=modes, mode_std=0.05)


@pytest.fixture
def images() -> Dataset:
    """Bright squares on black, 16 pixels, grey."""
    pictures = np.zeros((48, 16, 16, 1), np.uint8)
    for i, picture in enumerate(pictures):
        picture[2 + i % 5 : 10 + i % 5, 3 : 9 + i % 4] = 150 + 2 * i
    return Dataset("squares", "Squares", pictures[:32], pictures[32:], None, None, (), "CC0", "drawn here")


@pytest.fixture
def quick_points() -> Config:
    return get_preset("points").with_options(**{**QUICK, "z_dim": 2})


@pytest.fixture
def quick_images() -> Config:
    return get_preset("aegan").with_options(**QUICK, img_resolution=16)
