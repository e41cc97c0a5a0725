"""Moving in the latent space. Positions are noise ε [N, z_dim]: where the prior is fitted, all of it is plausible."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from aegan.model import AEGAN


@torch.no_grad()
def main_axes(model: AEGAN, n: int = 8, samples: int = 2048, seed: int = 0) -> Tensor:
    """Orthonormal directions [n, z_dim] in ε along which pictures change most, strongest first.

    The best linear prediction of the image from ε has slopes E[x εᵀ] where ε ~ N(0, I); its right singular vectors
    are the directions. It is the idea of GANSpace (Härkönen et al. 2020, arXiv:2004.02546), principal components of
    what is generated, regressed on the noise, so that it serves every kind of model and prior. Signs are chosen so
    that + is brighter.
    """
    rng = torch.Generator().manual_seed(seed)
    noise = torch.randn(samples, model.config.model.z_dim, generator=rng).to(model.device)
    images = torch.cat([model.sample(0, noise=part).flatten(1) for part in noise.split(256)])  # [samples, pixels]
    slopes = (images - images.mean(0)).T @ noise / samples  # [pixels, z_dim]
    _, vectors = torch.linalg.eigh((slopes.T @ slopes).cpu().double())  # ascending
    axes = vectors.flip(1).T[:n].float().to(noise.device)
    return torch.where((axes @ slopes.mean(0) < 0)[:, None], -axes, axes)


def seed_noise(seed: int, n: int) -> Tensor:
    """A seed's own point [n], to three decimals: the same here and in assets/js/space.js, which needs no server.

    Uniform numbers by mulberry32 (Ettinger 2017, public domain), normal ones by Box and Muller (1958).
    """
    values: list[float] = []
    state = seed

    def uniform() -> float:
        nonlocal state
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = ((state ^ state >> 15) * (state | 1)) & 0xFFFFFFFF
        t = (t + (((t ^ t >> 7) * (t | 61)) & 0xFFFFFFFF) & 0xFFFFFFFF) ^ t
        return ((t ^ t >> 14) + 0.5) / 2**32

    while len(values) < n:
        radius, angle = math.sqrt(-2 * math.log(uniform())), 2 * math.pi * uniform()
        values += [radius * math.cos(angle), radius * math.sin(angle)]
    return torch.tensor([round(value, 3) for value in values[:n]])


def between(start: Tensor, end: Tensor, t: Tensor | float) -> Tensor:
    """Points [N, z_dim] on the way from start to end, [N, z_dim] each, at t in [0, 1], [N, 1] or one for all.

    Spherical (Shoemake 1985), because straight lines in high dimensions pass through the empty middle of N(0, I);
    norms go evenly from one end's to the other's. Ends in the same or in opposite directions have no arc, but a line.
    """
    a, b = start.norm(dim=1, keepdim=True), end.norm(dim=1, keepdim=True)
    start_unit, end_unit = start / a.clamp_min(1e-6), end / b.clamp_min(1e-6)
    angle = torch.arccos((start_unit * end_unit).sum(1, keepdim=True).clamp(-1, 1))
    arc = (torch.sin((1 - t) * angle) * start_unit + torch.sin(t * angle) * end_unit) / torch.sin(angle)
    has_arc = (torch.minimum(a, b) >= 1e-6) & (angle >= 1e-3) & (angle <= torch.pi - 1e-3)
    return torch.where(has_arc, arc * (a + t * (b - a)), start + t * (end - start))


def midpoints(start: Tensor, end: Tensor) -> Tensor:
    """Halfway between noise [N, z_dim] and [N, z_dim] on the sphere of their mean norm, where samples lie as well."""
    return between(start, end, 0.5)


def interpolate(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """The way [steps, z_dim] from [z_dim] to [z_dim] in even steps, both ends included; see `between`."""
    t = torch.linspace(0, 1, steps, device=start.device)[:, None]
    return between(start.expand(steps, -1), end.expand(steps, -1), t)


def unusualness(noise: Tensor) -> Tensor:
    """[N, z_dim] -> percentile [N] in [0, 100] of |ε| among draws from N(0, I): 50 is ordinary, 100 unseen."""
    half = torch.tensor(noise.shape[1] / 2, dtype=torch.float64)
    return 100 * torch.special.gammainc(half, noise.cpu().double().square().sum(1) / 2).float()
