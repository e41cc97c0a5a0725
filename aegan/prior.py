"""The fitted latent prior: an invertible map between noise ε ~ N(0, I) and the codes of an encoder.

Codes of images are no standard normal cloud, however they are regularised. ε is the coordinate system of all that a
visitor does; z = `to_latent(ε)` is what the generator sees. Three maps with the same methods: `FlowPrior` (the
default), `MixturePrior` (quick fit and baseline) and `NormalPrior` (none: for models without an encoder).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
import torch.nn as nn
from torch import Tensor

from aegan.config import ModelConfig

LOG_2PI = math.log(2 * math.pi)


class NormalPrior(nn.Module):
    """The identity: latents are the noise."""

    def to_latent(self, noise: Tensor) -> Tensor:
        return noise

    def to_noise(self, z: Tensor) -> Tensor:
        return z

    def log_prob(self, z: Tensor) -> Tensor:
        """[N, z_dim] -> log density [N], in nats."""
        return -0.5 * (z.square() + LOG_2PI).sum(1)

    def fit(self, codes: Tensor, steps: int, lr: float, rng: torch.Generator) -> Iterator[float]:
        """Nothing to fit."""
        yield from ()


class Coupling(nn.Module):
    """Affine coupling (RealNVP, Dinh et al. 2017, arXiv:1605.08803, eq. 7): half of u moves, as told by the rest."""

    def __init__(self, dim: int, width: int) -> None:
        super().__init__()
        self.kept = dim // 2
        last = nn.Linear(width, 2 * (dim - self.kept))
        nn.init.zeros_(last.weight)  # starts as the identity
        self.net = nn.Sequential(nn.Linear(self.kept, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), last)

    def forward(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        """[N, kept] -> log scale in (-2, 2) and shift, [N, dim - kept] each."""
        log_scale, shift = self.net(kept).chunk(2, dim=1)
        return 2 * torch.tanh(log_scale / 2), shift


class FlowPrior(nn.Module):
    """A normalising flow: standardisation, then couplings with fixed random rotations between them.

    Trained by maximum likelihood on detached codes, beside the autoencoder (Generative Latent Flow, Xiao et al. 2019,
    arXiv:1905.10485).
    """

    mean: Tensor
    std: Tensor
    rotations: Tensor

    JITTER = 0.02  # of a code's standard deviation: keeps the likelihood bounded where codes repeat

    def __init__(self, dim: int, layers: int, width: int, rng: torch.Generator) -> None:
        super().__init__()
        self.couplings = nn.ModuleList(Coupling(dim, width) for _ in range(layers))
        rotations = torch.linalg.qr(torch.randn(layers, dim, dim, generator=rng))[0]
        self.register_buffer("rotations", rotations)
        self.register_buffer("mean", torch.zeros(dim))
        self.register_buffer("std", torch.ones(dim))

    def to_latent(self, noise: Tensor) -> Tensor:
        u = noise
        for rotation, coupling in zip(reversed(self.rotations), reversed(list(self.couplings)), strict=True):
            kept, moved = u[:, : coupling.kept], u[:, coupling.kept :]
            log_scale, shift = coupling(kept)
            u = torch.cat([kept, moved * log_scale.exp() + shift], 1) @ rotation
        return u * self.std + self.mean

    def to_noise(self, z: Tensor) -> Tensor:
        return self._normalise(z)[0]

    def _normalise(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Noise [N, dim] and log |d noise / d z| [N]."""
        u, log_det = (z - self.mean) / self.std, -self.std.log().sum()
        for rotation, coupling in zip(self.rotations, self.couplings, strict=True):
            u = u @ rotation.T
            kept, moved = u[:, : coupling.kept], u[:, coupling.kept :]
            log_scale, shift = coupling(kept)
            u = torch.cat([kept, (moved - shift) * (-log_scale).exp()], 1)
            log_det = log_det - log_scale.sum(1)
        return u, log_det.expand(len(z))

    def log_prob(self, z: Tensor) -> Tensor:
        """[N, dim] -> log density [N], in nats."""
        noise, log_det = self._normalise(z)
        return log_det - 0.5 * (noise.square() + LOG_2PI).sum(1)

    @torch.no_grad()
    def standardise(self, codes: Tensor, momentum: float = 1.0) -> None:
        """Moves the standardisation towards the codes' own mean and deviation."""
        self.mean.lerp_(codes.mean(0), momentum)
        self.std.lerp_(codes.std(0).clamp_min(1e-3), momentum)

    def loss(self, codes: Tensor, jitter: Tensor) -> Tensor:
        """Negative log-likelihood per dimension of jittered codes; `jitter` is standard normal noise [N, dim]."""
        return -self.log_prob(codes + self.JITTER * self.std * jitter).mean() / codes.shape[1]

    def fit(self, codes: Tensor, steps: int, lr: float, rng: torch.Generator) -> Iterator[float]:
        """Continues the fit on all codes [N, dim], one-cycle learning rate; yields progress in (0, 1]."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=lr, betas=(0.9, 0.99), weight_decay=1e-4)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps + 1, pct_start=0.2)
        average = [p.detach().clone() for p in self.parameters()]
        for step in range(steps):
            index = torch.randint(len(codes), (512,), generator=rng, device=codes.device)
            jitter = torch.randn(512, codes.shape[1], generator=rng, device=codes.device)
            loss = self.loss(codes[index], jitter)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            beta = min(0.99, (1 + step) / (10 + step))
            torch._foreach_lerp_(average, [p.detach() for p in self.parameters()], 1 - beta)
            if step % 50 == 49 or step == steps - 1:
                yield (step + 1) / steps
        with torch.no_grad():
            for p, a in zip(self.parameters(), average, strict=True):
                p.copy_(a)


class MixturePrior(nn.Module):
    """A mixture of Gaussians with full covariances, fitted by expectation-maximisation on the codes' device.

    Ex-post density estimation of Ghosh et al. 2020 (arXiv:1903.12436). As a map it is the Knothe-Rosenblatt
    rearrangement: dimension by dimension, ε_d = Φ⁻¹(P(z_d | z_1 … z_d-1)), which is exact and invertible.
    """

    weights: Tensor
    means: Tensor
    factors: Tensor

    def __init__(self, dim: int, components: int) -> None:
        super().__init__()
        self.register_buffer("weights", torch.full((components,), 1 / components))  # [K]
        self.register_buffer("means", torch.zeros(components, dim))  # [K, dim]
        self.register_buffer("factors", torch.eye(dim).repeat(components, 1, 1))  # Cholesky factors [K, dim, dim]

    def draw(self, n: int, rng: torch.Generator) -> Tensor:
        """n latents [n, dim] without the map: cheaper than `to_latent` of noise, same distribution."""
        which = torch.multinomial(self.weights, n, replacement=True, generator=rng)
        u = torch.randn(n, self.means.shape[1], 1, generator=rng, device=self.means.device)
        return self.means[which] + (self.factors[which] @ u).squeeze(2)

    def _joint(self, z: Tensor) -> Tensor:
        """log(weight_k N(z; k)) [N, K]."""
        # One product with K small inverses: solving N x K systems takes thirteen times as long.
        eye = torch.eye(z.shape[1], device=z.device).expand_as(self.factors)
        inverses = torch.linalg.solve_triangular(self.factors, eye, upper=False)
        u = (z @ inverses.flatten(0, 1).T).unflatten(1, self.means.shape)  # [N, K, dim]
        u = u - (inverses @ self.means[..., None]).squeeze(2)
        log_det = self.factors.diagonal(dim1=1, dim2=2).log().sum(1)
        return self.weights.log() - 0.5 * (u.square() + LOG_2PI).sum(2) - log_det

    def log_prob(self, z: Tensor) -> Tensor:
        """[N, dim] -> log density [N], in nats."""
        return self._joint(z).logsumexp(1)

    def to_latent(self, noise: Tensor) -> Tensor:
        return self._rearrange(noise, inverse=False)

    def to_noise(self, z: Tensor) -> Tensor:
        return self._rearrange(z, inverse=True)

    @torch.no_grad()
    def _rearrange(self, given: Tensor, inverse: bool) -> Tensor:
        """Noise from codes (`inverse`) or codes from noise, one dimension after the other.

        In double precision, hence on the CPU: not every accelerator has it.
        """
        given64, means, factors = given.cpu().double(), self.means.cpu().double(), self.factors.cpu().double()
        log_weights = self.weights.cpu().double().log().expand(len(given), -1)  # [N, K]
        u = torch.zeros(len(given), *means.shape, dtype=torch.float64)  # [N, K, dim]
        found = []
        for d in range(means.shape[1]):
            centre = means[:, d] + (u[:, :, :d] * factors[:, d, :d]).sum(2)  # of z_d given z_<d, [N, K]
            scale = factors[:, d, d]
            share = log_weights.softmax(1)
            if inverse:
                z_d = given64[:, d]
                p = (share * torch.special.ndtr((z_d[:, None] - centre) / scale)).sum(1)
                found.append(torch.special.ndtri(p.clamp(1e-12, 1 - 1e-12)))
            else:
                z_d = self._quantile(torch.special.ndtr(given64[:, d].clamp(-7, 7)), share, centre, scale)
                found.append(z_d)
            u[:, :, d] = (z_d[:, None] - centre) / scale
            log_weights = log_weights - 0.5 * u[:, :, d].square() - scale.log()
        return torch.stack(found, 1).to(given)

    @staticmethod
    def _quantile(p: Tensor, share: Tensor, centre: Tensor, scale: Tensor) -> Tensor:
        """Where the one-dimensional mixture's distribution function reaches p [N], by bisection."""
        low, high = (centre - 8 * scale).min(1).values, (centre + 8 * scale).max(1).values
        for _ in range(50):
            middle = (low + high) / 2
            below = (share * torch.special.ndtr((middle[:, None] - centre) / scale)).sum(1) < p
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        return (low + high) / 2

    @torch.no_grad()
    def update(self, codes: Tensor, iterations: int = 1) -> None:
        """Expectation-maximisation on codes [N, dim], from where it stands; covariances are shrunk a little.

        Bishop, Pattern Recognition and Machine Learning (2006), eq. 9.23 to 9.26. They are shrunk towards what is
        usual within components, not towards the spread of all codes, beside which a narrow component would drown.
        """
        dim = codes.shape[1]
        least = 1e-4 * codes.var(0).mean().clamp_min(1e-6)
        eye = torch.eye(dim, device=codes.device)
        for _ in range(iterations):
            share = self._joint(codes).softmax(1)  # responsibilities [N, K]
            mass = share.sum(0) + 1e-6  # [K]
            means = share.T @ codes / mass[:, None]
            centred = codes[:, None] - means  # [N, K, dim]
            covariances = torch.einsum("nk,nkd,nke->kde", share, centred, centred) / mass[:, None, None]
            self.weights.copy_(mass / mass.sum())
            usual = (self.weights @ covariances.diagonal(dim1=1, dim2=2).mean(1)).clamp_min(least)
            few = (4 / (4 + mass))[:, None, None]  # components with few codes lean on a round Gaussian
            covariances = (1 - few) * covariances + (few + 1e-4) * usual * eye
            self.means.copy_(means)
            self.factors.copy_(torch.linalg.cholesky(covariances))

    @torch.no_grad()
    def begin(self, codes: Tensor, rng: torch.Generator) -> None:
        """Starts from codes far from each other (k-means++, Arthur & Vassilvitskii 2007) and one shared spread."""
        chosen = codes[:1]
        for _ in range(len(self.means) - 1):
            gap = torch.cdist(codes, chosen).min(1).values.square() + 1e-9
            chosen = torch.cat([chosen, codes[torch.multinomial(gap, 1, generator=rng)]])
        self.means.copy_(chosen)
        self.weights.fill_(1 / len(chosen))
        # As wide as codes lie from their centres: if each were as wide as all, the first round would merge them.
        gap = torch.cdist(codes, chosen).min(1).values
        spread = (gap.square().mean() / codes.shape[1]).sqrt().clamp_min(1e-3)
        self.factors.copy_(torch.eye(codes.shape[1], device=codes.device) * spread)

    def fit(self, codes: Tensor, steps: int, lr: float, rng: torch.Generator) -> Iterator[float]:
        """Expectation-maximisation from a fresh start, on at most 20,000 codes; 40 iterations at most."""
        index = torch.randperm(len(codes), generator=rng, device=codes.device)[:20_000]
        iterations = min(40, steps)
        self.begin(codes[index], rng)
        for i in range(iterations):
            self.update(codes[index])
            yield (i + 1) / iterations


Prior = NormalPrior | FlowPrior | MixturePrior


def build_prior(config: ModelConfig, rng: torch.Generator) -> Prior:
    """The prior that the configuration names."""
    if config.prior == "flow":
        return FlowPrior(config.z_dim, config.flow_layers, config.flow_width, rng)
    return MixturePrior(config.z_dim, config.components) if config.prior == "mixture" else NormalPrior()


class CodeBuffer(nn.Module):
    """The last codes seen in training, for the prior's running fit: a ring of fixed size."""

    SIZE = 6400

    codes: Tensor

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("codes", torch.zeros(self.SIZE, dim))
        self.filled = 0

    def add(self, codes: Tensor) -> None:
        """Overwrites the oldest codes with [n, dim] new ones."""
        index = (self.filled + torch.arange(len(codes), device=codes.device)) % self.SIZE
        self.codes[index] = codes.detach().to(self.codes.dtype)
        self.filled += len(codes)

    def recent(self) -> Tensor:
        return self.codes[: min(self.filled, self.SIZE)]

    def pick(self, n: int, rng: torch.Generator) -> Tensor:
        """n codes at random, with replacement."""
        index = torch.randint(min(self.filled, self.SIZE), (n,), generator=rng, device=self.codes.device)
        return self.codes[index]
