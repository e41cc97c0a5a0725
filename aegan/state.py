"""The state of a training run: all that it is at one moment."""

from __future__ import annotations

import copy
from typing import Any

import torch
import torch.nn as nn
from torch import Tensor

from aegan import distributed
from aegan.config import Config, UserError
from aegan.model import AEGAN
from aegan.prior import CodeBuffer


class TrainState:
    """All that a run is: raw and averaged weights, optimisers, recent codes, counters. Resumable bit for bit."""

    def __init__(self, config: Config, device: torch.device) -> None:
        if config.train.batch_size % (2 * distributed.world()):
            raise UserError(
                f"batch_size must be a multiple of {2 * distributed.world()}: each process takes an even part."
            )
        self.config, self.device = config, device
        model = AEGAN(config, seed=config.train.seed).to(memory_format=torch.channels_last)
        self.model = model.to(device).train()
        self.ema = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.codes = CodeBuffer(config.model.z_dim).to(device) if config.objective.is_tied else None
        self.players: dict[str, list[nn.Module | None]] = {  # who learns together
            "g": [model.encoder, model.generator, model.own_decoder],
            "d": [model.discriminator, model.latent_discriminator],
            "prior": [model.prior],
        }
        betas = (config.train.beta1, config.train.beta2)
        self.optimizers = {  # each step sets its learning rates
            name: torch.optim.Adam(self.parameters(name), betas=(0.9, 0.99) if name == "prior" else betas, fused=True)
            for name in self.players
            if self.parameters(name)
        }
        self.step, self.nimg, self.seconds = 0, 0, 0.0

    @classmethod
    def create(cls, config: Config, device: torch.device) -> TrainState:
        """A fresh run."""
        return cls(config, device)

    def parameters(self, player: str) -> list[nn.Parameter]:
        return [p for network in self.players[player] if network is not None for p in network.parameters()]

    def tensors(self) -> dict[str, Tensor]:
        """Everything resumable by flat name; the tensors themselves, not copies."""
        found = {f"model.{name}": t for name, t in self.model.state_dict().items()}
        found |= {f"ema.{name}": t for name, t in self.ema.state_dict().items()}
        if self.codes is not None:
            found["codes"] = self.codes.codes
        for name, optimizer in self.optimizers.items():
            for i, values in optimizer.state_dict()["state"].items():
                found |= {f"optimizer.{name}.{i}.{key}": t for key, t in values.items()}
        return found

    def scalars(self) -> dict[str, Any]:
        """Everything else resumable, as plain JSON."""
        filled = self.codes.filled if self.codes is not None else 0
        return {"step": self.step, "nimg": self.nimg, "seconds": self.seconds, "codes_filled": filled}

    def load(self, tensors: dict[str, Tensor], scalars: dict[str, Any]) -> None:
        """Takes up what `tensors` and `scalars` gave; the configuration must be the same.

        Raises:
            UserError: names the tensor or counter that is missing or of another shape.
        """
        try:
            step, nimg, filled = (int(scalars[key]) for key in ("step", "nimg", "codes_filled"))
            seconds = float(scalars["seconds"])
            self._load(tensors)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[-1].strip()
            raise UserError(f"The saved state does not fit this run's configuration: {reason}") from error
        self.step, self.nimg, self.seconds = step, nimg, seconds
        if self.codes is not None:
            self.codes.filled = filled

    def _load(self, tensors: dict[str, Tensor]) -> None:
        for prefix, module in (("model.", self.model), ("ema.", self.ema)):
            part = {name[len(prefix) :]: t for name, t in tensors.items() if name.startswith(prefix)}
            module.load_state_dict(part)
        if self.codes is not None:
            self.codes.codes.copy_(tensors["codes"])
        for name, optimizer in self.optimizers.items():
            values: dict[int, dict[str, Tensor]] = {}
            for key, t in tensors.items():
                if key.startswith(f"optimizer.{name}."):
                    i, field = key.removeprefix(f"optimizer.{name}.").split(".")
                    p = self.parameters(name)[int(i)]
                    # Fused Adam walks raw memory: the moments must lie as the parameter does (channels last).
                    copied = torch.empty_like(p).copy_(t) if t.shape == p.shape else t.clone()
                    values.setdefault(int(i), {})[field] = copied.detach()
            optimizer.load_state_dict({"state": values, "param_groups": optimizer.state_dict()["param_groups"]})

    def is_finite(self) -> bool:
        """Whether every weight is a number (one sync)."""
        norms = torch._foreach_norm([p.detach() for p in self.model.parameters()])
        return bool(torch.stack(norms).sum().isfinite())
