"""Refinement: the code that redraws one picture best, looked for by gradient descent from what the encoder gives.

An encoder answers in one step, for all pictures alike; a few dozen steps for this picture alone come closer to it.
Pixels that are hidden do not count, so what stands there afterwards is what the model holds to be likely.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from aegan.model import AEGAN

RATE, BETAS, EPSILON = 0.05, (0.9, 0.99), 1e-8  # of Adam; codes have a deviation of about 1
RARITY, RARITY_HIDDEN = 0.001, 0.003  # weight of -2 log p(code) per dimension: all seen, part of it hidden
ROUNDS = 5  # passes through the model that a hidden region is first filled with
CODE_LIMIT = 100.0


@dataclass(frozen=True)
class Refinement:
    """A code on its way, with Adam's memory of the gradients: whoever keeps it can go on at any time."""

    code: Tensor  # [N, code_dim]
    first: Tensor  # [N, code_dim], running mean of gradients …
    second: Tensor  # [N, code_dim], … and of their squares
    step: int


@torch.no_grad()
def begin_refinement(model: AEGAN, x: Tensor, visible: Tensor | None = None) -> Refinement:
    """Starts at the code of the encoder.

    A hidden region is filled with the mean of the rest, then a few times with what the model draws there: after 40
    steps the hidden part of 24 held-out images is 0.8 to 1.7 dB closer to the truth than from the mean alone.

    Args:
        model: with an encoder.
        x: images [N, C, H, W] in [-1, 1]; what is hidden of them is not looked at.
        visible: [N, 1, H, W], 1 where a pixel counts and 0 where it is hidden; None: all of them.

    Raises:
        UserError: when the model has no encoder.
    """
    if visible is not None:
        mean = (x * visible).sum((2, 3), keepdim=True) / visible.sum((2, 3), keepdim=True).clamp_min(1)
        x = cover(x, mean, visible)
        for _ in range(ROUNDS):
            x = cover(x, model.reconstruct(x), visible)
    code = model.encode(x).clamp(-CODE_LIMIT, CODE_LIMIT)
    return Refinement(code, torch.zeros_like(code), torch.zeros_like(code), 0)


def refine(
    model: AEGAN, x: Tensor, start: Refinement, steps: int, visible: Tensor | None = None, rate: float = RATE
) -> Refinement:
    """Goes `steps` steps of Adam (Kingma and Ba 2015, arXiv:1412.6980, algorithm 1) towards a smaller error.

    It lowers the mean squared error of what counts, plus a small weight times -2 log p(code) under the fitted prior,
    without which the code leaves the region that the prior knows: after 40 steps of 0.03 on 24 held-out garments, |ε|²
    per dimension is 2.8 without it and 1.6 with it, at a cost of 0.2 dB; of avatars 2,200 and 0.7, at 1.9 dB. Searching
    ε itself was tried: it gains 1.4 dB on garments where the code gains 2.4, and larger steps overshoot.

    Args:
        model: in eval mode; it is not changed.
        x: images [N, C, H, W] in [-1, 1].
        start: from `begin_refinement`, or what a former call returned: ten steps twice are twenty steps.
        steps: how many.
        visible: as for `begin_refinement`.
        rate: Adam's.
    """
    weight = (RARITY if visible is None else RARITY_HIDDEN) if model.config.objective.is_tied else 0.0
    code, first, second, step = start.code, start.first, start.second, start.step
    for _ in range(steps):
        step += 1
        with torch.enable_grad():
            moving = code.detach().requires_grad_(True)
            loss = squared_error(x, model.decode(moving), visible).sum()
            if weight:
                loss = loss - 2 * weight / code.shape[1] * model.prior.log_prob(moving).sum()
            (gradient,) = torch.autograd.grad(loss, moving)
        first = BETAS[0] * first + (1 - BETAS[0]) * gradient
        second = BETAS[1] * second + (1 - BETAS[1]) * gradient.square()
        mean, deviation = first / (1 - BETAS[0] ** step), (second / (1 - BETAS[1] ** step)).sqrt()
        code = (code - rate * mean / (deviation + EPSILON)).clamp(-CODE_LIMIT, CODE_LIMIT)
    return Refinement(code, first, second, step)


def squared_error(x: Tensor, other: Tensor, visible: Tensor | None = None) -> Tensor:
    """Mean squared difference [N] of images [N, C, H, W] over the pixels that count."""
    difference = (x - other).square().mean(1, keepdim=True)  # [N, 1, H, W]
    if visible is None:
        return difference.mean((1, 2, 3))
    return (difference * visible).sum((1, 2, 3)) / visible.sum((1, 2, 3)).clamp_min(1)


def cover(x: Tensor, other: Tensor, visible: Tensor) -> Tensor:
    """`x` where it is visible, `other` elsewhere."""
    return torch.where(visible > 0.5, x, other)
