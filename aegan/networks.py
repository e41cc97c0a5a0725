"""The four networks, each in three architectures.

`Generator` is also the autoencoder's decoder. Images are [N, C, H, W] in [-1, 1], latents and codes [N, z_dim].
A 2-D point is an image of one pixel with two channels.
"""

from __future__ import annotations

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.parametrizations import spectral_norm

from aegan import distributed
from aegan.config import ModelConfig


class BatchNorm(nn.Module):
    """Batch normalisation whose batch is the global one: several processes compute what one would.

    torch's SyncBatchNorm runs on CUDA alone; on a single process this is torch's own batch normalisation.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, affine: bool = True, momentum: float = 0.1, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.momentum, self.eps = momentum, eps

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or distributed.world() == 1:
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, self.training, self.momentum, self.eps
            )
        x32, dims = x.float(), [0, *range(2, x.ndim)]
        mean = distributed.mean(x32.mean(dims))
        shape = [1, -1] + [1] * (x.ndim - 2)
        var = distributed.mean((x32 - mean.view(shape)).square().mean(dims))
        count = x.numel() / x.shape[1] * distributed.world()
        with torch.no_grad():
            self.running_mean.lerp_(mean.detach(), self.momentum)
            self.running_var.lerp_(var.detach() * count / (count - 1), self.momentum)
        y = (x32 - mean.view(shape)) * (var + self.eps).rsqrt().view(shape)
        if self.weight is not None and self.bias is not None:
            y = y * self.weight.view(shape) + self.bias.view(shape)
        return y.to(x.dtype)


def stages(img_resolution: int) -> int:
    """How often the resolution is halved: 28 -> 7 (twice), powers of two -> 4."""
    return 2 if img_resolution == 28 else int(math.log2(img_resolution)) - 2


def channels(config: ModelConfig) -> list[int]:
    """Channels from the full resolution down to the coarsest; they double, up to 8 times the width."""
    return [config.width * min(2**i, 8) for i in range(stages(config.img_resolution) + 1)]


def _mlp(inputs: int, hidden: list[int], outputs: int, bias: bool = True) -> nn.Sequential:
    sizes, layers = [inputs, *hidden], []
    for a, b in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(a, b), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], outputs, bias=bias))


class ResidualBlock(nn.Module):
    """1x1, 3x3, 1x1 convolutions beside a skip connection, without normalisation.

    The last convolution starts at zero, so that every block starts as the identity (Fixup, Zhang et al. 2019,
    arXiv:1901.09321; the block of R3GAN, arXiv:2501.05441, section 3.3, without its groups).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(width, width // 2, 1)
        self.conv = nn.Conv2d(width // 2, width // 2, 3, padding=1)
        self.expand = nn.Conv2d(width // 2, width, 1, bias=False)
        nn.init.zeros_(self.expand.weight)

    def forward(self, x: Tensor) -> Tensor:
        y = F.leaky_relu(self.reduce(x), 0.2)
        return x + self.expand(F.leaky_relu(self.conv(y), 0.2))


def _downward(config: ModelConfig, norm: bool) -> nn.ModuleList:
    """Stages from image to [N, channels[-1], coarse, coarse]: E and D share their shape, not their weights."""
    sizes = channels(config)
    blocks = nn.ModuleList()
    if config.architecture == "conv":
        blocks.append(nn.Sequential(nn.Conv2d(config.img_channels, sizes[0], 3, padding=1), nn.LeakyReLU(0.2)))
        for a, b in zip(sizes, sizes[1:], strict=False):
            layers = [nn.Conv2d(a, b, 4, 2, 1, bias=not norm), *([BatchNorm(b)] if norm else []), nn.LeakyReLU(0.2)]
            blocks.append(nn.Sequential(*layers))
    else:
        blocks.append(nn.Sequential(nn.Conv2d(config.img_channels, sizes[0], 3, padding=1), ResidualBlock(sizes[0])))
        for a, b in zip(sizes, sizes[1:], strict=False):
            blocks.append(nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(a, b, 1), ResidualBlock(b)))
    return blocks


def _flatten(x: Tensor) -> Tensor:
    """[N, C, H, W] -> [N, H * W * C]: a view where images lie channels-last in memory, as they do in training."""
    return x.permute(0, 2, 3, 1).flatten(1)


def _coarse(config: ModelConfig) -> int:
    return config.img_resolution >> stages(config.img_resolution)


class Encoder(nn.Module):
    """E: image -> code; with `stochastic`, the mean and log-variance of a Gaussian over codes.

    `code="normalized"` ends in a batch normalisation without weights: every dimension of the code has unit variance,
    so that no dimension can be dropped and the prior's fit is well scaled.
    """

    def __init__(self, config: ModelConfig, code_dim: int, stochastic: bool = False) -> None:
        super().__init__()
        outputs = code_dim * (2 if stochastic else 1)
        self.stochastic = stochastic
        bias = stochastic or config.code != "normalized"  # a normalisation would take the bias away again
        if config.architecture == "dense":
            pixels = math.prod(config.x_shape)
            self.blocks = nn.ModuleList()
            self.head: nn.Module = _mlp(pixels, [8 * config.width] * config.encoder_depth, outputs, bias)
        else:
            self.blocks = _downward(config, norm=config.architecture == "conv")
            self.head = nn.Linear(channels(config)[-1] * _coarse(config) ** 2, outputs, bias=bias)
        ends = {"normalized": BatchNorm(code_dim, affine=False), "relu": nn.ReLU(), "linear": nn.Identity()}
        self.end = nn.Identity() if stochastic else ends[config.code]

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """[N, C, H, W] -> code or mean [N, code_dim], log-variance [N, code_dim] or None."""
        for block in self.blocks:
            x = block(x)
        z = self.head(_flatten(x)).float()
        if not self.stochastic:
            return self.end(z), None
        mean, log_var = z.chunk(2, dim=1)
        return mean, log_var.clamp(-12, 6)


class ResizeConv(nn.Conv2d):
    """Repeats every pixel in both directions, then convolves with 3x3 kernels: twice the resolution.

    An output pixel meets only 2x2 different pixels in its nine. In training each of them is multiplied once, with the
    sum of the weights it meets: a transposed convolution with 4x4 kernels, the same function for 4/9 of the work.
    Outside training it is computed as it is defined: of a single picture, the sums would be the larger part.
    """

    sums: Tensor

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, 3, padding=1, bias=False)
        #: Which of three weights in a row meet the same pixel: those of each of four places, [4, 3].
        sums = torch.tensor([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
        self.register_buffer("sums", sums, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """[N, in, H, W] -> [N, out, 2 H, 2 W]."""
        if not self.training:
            return super().forward(F.interpolate(x, scale_factor=2))
        kernels = torch.einsum("ki,lj,ocij->cokl", self.sums, self.sums, self.weight)
        return F.conv_transpose2d(x, kernels, stride=2, padding=1)


class Generator(nn.Module):
    """G: latent -> image. It is also the decoder of the autoencoder: one network, two tasks."""

    def __init__(self, config: ModelConfig, z_dim: int, depth: int) -> None:
        super().__init__()
        self.config = config
        if config.architecture == "dense":
            self.stem: nn.Module = _mlp(z_dim, [8 * config.width] * depth, math.prod(config.x_shape))
            return
        sizes = channels(config)[::-1]
        self.stem = nn.Linear(z_dim, sizes[0] * _coarse(config) ** 2, bias=config.architecture != "conv")
        self.blocks = nn.ModuleList()
        if config.architecture == "conv":
            self.blocks.append(nn.Sequential(BatchNorm(sizes[0]), nn.ReLU()))
            for a, b in zip(sizes, sizes[1:], strict=False):
                if config.upsample == "strided":
                    up: list[nn.Module] = [nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False)]
                else:
                    up = [nn.Identity(), ResizeConv(a, b)]  # second, as in checkpoints' names of its weights
                self.blocks.append(nn.Sequential(*up, BatchNorm(b), nn.ReLU()))
        else:
            self.blocks.append(ResidualBlock(sizes[0]))
            for a, b in zip(sizes, sizes[1:], strict=False):
                self.blocks.append(nn.Sequential(nn.Conv2d(a, b, 1), nn.Upsample(scale_factor=2), ResidualBlock(b)))
        self.to_image = nn.Conv2d(sizes[-1], config.img_channels, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """[N, z_dim] -> [N, C, H, W]; images in [-1, 1], points unbounded."""
        x = self.stem(z)
        if self.config.architecture != "dense":
            coarse = _coarse(self.config)
            x = x.unflatten(1, (coarse, coarse, -1)).permute(0, 3, 1, 2)  # [N, C, coarse, coarse]
            for block in self.blocks:
                x = block(x)
            x = self.to_image(x)
        x = x.float().view(-1, *self.config.x_shape)
        return x if self.config.is_points else x.tanh()


class Discriminator(nn.Module):
    """D: image -> logit of being real. No batch normalisation: it would let D see whole batches."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        if config.architecture == "dense":
            width = 8 * config.width
            sizes = [math.prod(config.x_shape)] + [width] * config.depth
            pairs = zip(sizes, sizes[1:], strict=False)
            self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(a, b), nn.LeakyReLU(0.2)) for a, b in pairs)
            self.head = nn.Linear(sizes[-1], 1)
        else:
            self.blocks = _downward(config, norm=False)
            self.head = nn.Linear(channels(config)[-1] * _coarse(config) ** 2, 1)
        if config.spectral_norm:
            for layer in self.modules():
                if isinstance(layer, nn.Linear | nn.Conv2d) and layer.weight.any():  # a zero layer has no norm
                    spectral_norm(layer)
        self.is_dense = config.architecture == "dense"

    def features(self, x: Tensor) -> list[Tensor]:
        """Hidden features of each stage, finest first; the logit is a linear function of the last."""
        found = []
        x = x.flatten(1) if self.is_dense else x
        for block in self.blocks:
            x = block(x)
            found.append(x)
        return found or [x]

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] -> logits [N]."""
        return self.judge(self.features(x)[-1])

    def judge(self, last_features: Tensor) -> Tensor:
        flat = last_features if self.is_dense else _flatten(last_features)
        return self.head(flat).squeeze(1)


class LatentDiscriminator(nn.Module):
    """Dz: code -> logit of being a draw from N(0, I) (adversarial autoencoder, Makhzani et al., arXiv:1511.05644)."""

    def __init__(self, config: ModelConfig, code_dim: int) -> None:
        super().__init__()
        self.layers = _mlp(code_dim, [8 * config.width] * 2, 1)

    def forward(self, z: Tensor) -> Tensor:
        """[N, code_dim] -> logits [N]."""
        return self.layers(z).squeeze(1)
