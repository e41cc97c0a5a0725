"""The randomness of training, drawn afresh from (seed, step).

There is therefore no generator state to save, a resumed run equals an uninterrupted one, and several processes draw the
same global batch and take their parts of it.
"""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

from aegan import distributed


class StepRandom:
    """All randomness of one step, a function of (seed, step); every process draws for the global batch."""

    def __init__(self, seed: int, step: int, device: torch.device) -> None:
        # Hashed, because torch's generator on the CPU keeps only the low 32 bits and neighbouring seeds are alike.
        digest = hashlib.blake2b(f"{seed}/{step}".encode(), digest_size=4).digest()
        self.rng = torch.Generator(device).manual_seed(int.from_bytes(digest, "big"))
        self.device = device

    def normal(self, n: int, dim: int) -> Tensor:
        """This process's [n, dim] rows of standard normal noise."""
        return self.part(torch.randn(n * distributed.world(), dim, generator=self.rng, device=self.device), n)

    def uniform(self, n: int, dim: int = 1) -> Tensor:
        """This process's [n, dim] rows of noise from [0, 1)."""
        return self.part(torch.rand(n * distributed.world(), dim, generator=self.rng, device=self.device), n)

    @staticmethod
    def part(x: Tensor, n: int) -> Tensor:
        """This process's n rows of what was drawn for all."""
        return x[distributed.rank() * n :][:n]
