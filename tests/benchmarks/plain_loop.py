"""The AE-GAN step as one would first write it: the peer that the project's step is measured against.

Same networks, objective, batch and latents; full precision, default memory layout, a DataLoader that converts image
by image, G and E run again for each player, D collecting gradients that nobody uses, averages kept tensor by tensor.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from aegan.config import Config
from aegan.model import AEGAN


class ImagesOneByOne(Dataset):
    def __init__(self, images: np.ndarray) -> None:
        self.images = images
        self.convert = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.5, 0.5)])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.convert(self.images[index])


def plain_steps(config: Config, images: np.ndarray) -> Iterator[None]:
    """Endless training on uint8 [N, H, W, C]; yields after each step."""
    model = AEGAN(config).train()
    ema = copy.deepcopy(model)
    t, weights = config.train, config.objective
    encoder, generator, discriminator, prior = model.encoder, model.generator, model.discriminator, model.prior
    assert encoder is not None and generator is not None and discriminator is not None
    players = [*encoder.parameters(), *generator.parameters()]
    optimizer_g = torch.optim.Adam(players, lr=t.lr, betas=(t.beta1, t.beta2))
    optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=t.lr_d, betas=(t.beta1, t.beta2))
    optimizer_prior = torch.optim.Adam(prior.parameters(), lr=t.lr_prior)
    loader = DataLoader(ImagesOneByOne(images), t.batch_size, shuffle=True, drop_last=True)
    half = t.batch_size // 2
    recent = torch.zeros(6400, config.model.z_dim)
    while True:
        for i, x in enumerate(loader):
            # Discriminator
            with torch.no_grad():
                z = prior.to_latent(torch.randn(half, config.model.z_dim))
            fake = generator(z)
            rec = generator(encoder(x)[0])
            real_loss = F.softplus(-discriminator(x)).mean()
            fake_loss = F.softplus(discriminator(fake.detach())).mean()
            rec_loss = F.softplus(discriminator(rec[:half].detach())).mean()
            optimizer_d.zero_grad()
            (real_loss + (fake_loss + rec_loss) / 2).backward()
            optimizer_d.step()
            # Encoder and generator
            code = encoder(x)[0]
            rec = generator(code)
            fake = generator(z)
            loss = weights.rec * (x - rec).abs().mean()
            loss = loss + weights.adv * F.softplus(-discriminator(fake)).mean()
            loss = loss + weights.adv_rec * F.softplus(-discriminator(rec[:half])).mean()
            loss = loss + weights.cycle * (z - encoder(fake)[0]).square().mean()
            optimizer_g.zero_grad()
            loss.backward()
            optimizer_g.step()
            # Prior
            recent[i * len(x) % 6400 :][: len(x)] = code.detach()[: 6400 - i * len(x) % 6400]
            pick = recent[torch.randint(6400, (256,))]
            optimizer_prior.zero_grad()
            (-prior.log_prob(pick + 0.02 * torch.randn_like(pick)).mean() / pick.shape[1]).backward()
            optimizer_prior.step()
            # Averages
            with torch.no_grad():
                for average, value in zip(ema.parameters(), model.parameters(), strict=True):
                    average.mul_(t.ema_beta).add_(value, alpha=1 - t.ema_beta)
            loss.item()
            yield
