"""What happens to images [N, C, H, W] before networks see them; 2-D points stay as they are."""

from __future__ import annotations

import torch
from torch import Tensor

from aegan.config import Config
from aegan.randomness import StepRandom


def augment(x: Tensor, config: Config, random: StepRandom) -> Tensor:
    """Mirrors and moves real images, as the configuration says."""
    t = config.train
    if t.flip and not config.model.is_points:
        x = torch.where((random.uniform(len(x)) < 0.5)[:, :, None, None], x.flip(3), x)
    if t.shift and not config.model.is_points:
        x = _translate(x, torch.round((2 * random.uniform(len(x), 2) - 1) * t.shift).long())
    return x


def disturb(x: Tensor, config: Config, random: StepRandom) -> Tensor:
    """What D sees, real and generated alike: moved and partly blanked (DiffAugment, arXiv:2006.10738)."""
    t, size = config.train, x.shape[3]
    if config.model.is_points:
        return x
    if t.d_translate:
        x = _translate(x, torch.round((2 * random.uniform(len(x), 2) - 1) * t.d_translate * size).long())
    if t.d_cutout:
        corner = (random.uniform(len(x), 2) * (size + 1)).long() - int(t.d_cutout * size / 2)  # [N, 2]
        place = torch.arange(size, device=x.device) - corner[:, :, None]  # [N, 2, size]
        inside = (place >= 0) & (place < int(t.d_cutout * size))
        x = x * ~(inside[:, 0, None, :, None] & inside[:, 1, None, None, :])
    return x


def _translate(x: Tensor, offset: Tensor) -> Tensor:
    """Moves each image by its offset [N, 2] in pixels; edges are repeated. Differentiable in x."""
    n, _, height, width = x.shape
    rows = (torch.arange(height, device=x.device) + offset[:, :1]).clamp(0, height - 1)  # [N, H]
    columns = (torch.arange(width, device=x.device) + offset[:, 1:]).clamp(0, width - 1)  # [N, W]
    which = torch.arange(n, device=x.device)[:, None, None]
    return x[which, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
