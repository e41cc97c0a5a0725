"""One pure function per equation. Everything returns a mean over the batch; logits are [N], images [N, C, H, W]."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def pixel_distance(x: Tensor, x_rec: Tensor, kind: str) -> Tensor:
    """Mean over pixels of |x - x_rec| (`l1`) or of its square (`mse`)."""
    difference = (x - x_rec).float()
    return difference.abs().mean() if kind == "l1" else difference.square().mean()


def feature_distance(features: list[Tensor], features_rec: list[Tensor]) -> Tensor:
    """Mean squared distance in D's hidden features, averaged over its layers.

    VAE-GAN, Larsen et al. 2016 (arXiv:1512.09300), eq. 8, with all hidden layers instead of one and each layer's
    distance divided by the mean square of the real features: without that D could shrink the loss by shrinking them.
    """
    losses = [
        (f.float() - g.float()).square().mean() / f.float().square().mean().clamp_min(1e-6)
        for f, g in zip(features, features_rec, strict=True)
    ]
    return torch.stack(losses).mean()


def latent_distance(z: Tensor, z_rec: Tensor) -> Tensor:
    """Mean over dimensions of (z - z_rec)^2, [N, z_dim]."""
    return (z - z_rec).float().square().mean()


def kl_to_normal(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, exp(log_var)) || N(0, I)), summed over dimensions; Kingma & Welling 2014 (arXiv:1312.6114), app. B."""
    return 0.5 * (mean.square() + log_var.exp() - 1 - log_var).float().sum(1).mean()


def discriminator_loss(logits_real: Tensor, logits_fake: Tensor, kind: str) -> Tensor:
    """What D minimises, for one kind of generated images.

    `bce`: -log D(x) - log(1 - D(G(z))), cross-entropy of Goodfellow et al. 2014 (arXiv:1406.2661), eq. 1.
    `hinge`: Lim & Ye 2017 (arXiv:1705.02894). `relativistic`: softplus(-(D(x) - D(G(z)))), pair by pair,
    Jolicoeur-Martineau 2018 (arXiv:1807.00734), as in R3GAN (arXiv:2501.05441), eq. 2.
    """
    real, fake = logits_real.float(), logits_fake.float()
    if kind == "bce":
        return F.softplus(-real).mean() + F.softplus(fake).mean()
    if kind == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    return F.softplus(fake - real).mean()


def generator_loss(logits_fake: Tensor, logits_real: Tensor | None, kind: str) -> Tensor:
    """What G minimises: the non-saturating -log D(G(z)) for `bce`; -D(G(z)) for `hinge`; `relativistic` needs both."""
    fake = logits_fake.float()
    if kind == "bce":
        return F.softplus(-fake).mean()
    if kind == "hinge":
        return -fake.mean()
    assert logits_real is not None, "relativistic losses compare with real images"
    return F.softplus(logits_real.float() - fake).mean()


def gradient_penalty(discriminator: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Zero-centred penalty E |grad_x D(x)|^2 / 2, squares summed over pixels.

    R1 on real and R2 on generated images: Mescheder et al. 2018 (arXiv:1801.04406), eq. 9 and 10. In full precision,
    because it is differentiated twice.
    """
    with torch.autocast(x.device.type, enabled=False):
        x = x.detach().float().requires_grad_(True)
        (grad,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
    return grad.square().flatten(1).sum(1).mean() / 2
