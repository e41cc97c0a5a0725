"""Figures of quality: pure functions of images, features or points. Nothing here knows a model or a data set."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

#: Mean squared error of rounding to whole grey levels: the least that two 8-bit images can be told apart by.
ROUNDING_ERROR = 1 / 12

#: Images in a block of a kernel distance, as published.
BLOCK = 1000


def psnr(images: np.ndarray, others: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB, averaged over pairs of images; identical images count as 58.9 dB.

    Args:
        images: uint8 [N, H, W, C].
        others: uint8 [N, H, W, C].
    """
    _check_pairs(images, others)
    difference = images.astype(np.float64) - others
    error = np.square(difference).mean(axis=(1, 2, 3)).clip(min=ROUNDING_ERROR)  # [N]
    return float((10 * np.log10(255**2 / error)).mean())


def ssim(images: np.ndarray, others: np.ndarray, batch_size: int = 500) -> float:
    """Structural similarity, averaged over pixels, channels and pairs; 1 for identical images.

    Wang et al. 2004 (IEEE TIP 13-4), eq. 13, with its Gaussian window of 11 pixels (sigma 1.5), K1 = 0.01 and
    K2 = 0.03; only windows that lie wholly inside the image count.

    Args:
        images: uint8 [N, H, W, C], at least 11 pixels high and wide.
        others: uint8 [N, H, W, C].
        batch_size: pairs compared at once.
    """
    _check_pairs(images, others)
    if min(images.shape[1:3]) < 11:
        raise ValueError("SSIM compares windows of 11 pixels: smaller images have none.")
    offsets = torch.arange(11, dtype=torch.float64) - 5
    window = torch.exp(-offsets.square() / (2 * 1.5**2))
    window /= window.sum()

    def local_mean(x: Tensor) -> Tensor:  # [N, 1, H, W]; the window is separable
        return F.conv2d(F.conv2d(x, window.view(1, 1, 1, 11)), window.view(1, 1, 11, 1))

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    total = 0.0
    for start in range(0, len(images), batch_size):
        part = slice(start, start + batch_size)
        x, y = _planes(images[part]), _planes(others[part])
        mean_x, mean_y = local_mean(x), local_mean(y)
        var_x = local_mean(x * x) - mean_x.square()
        var_y = local_mean(y * y) - mean_y.square()
        cov = local_mean(x * y) - mean_x * mean_y
        similarity = (2 * mean_x * mean_y + c1) * (2 * cov + c2)
        similarity /= (mean_x.square() + mean_y.square() + c1) * (var_x + var_y + c2)
        total += float(similarity.mean()) * len(images[part])
    return total / len(images)


def frechet_distance(features: Tensor | np.ndarray, others: Tensor | np.ndarray) -> float:
    """Squared Fréchet distance between two Gaussians fitted to feature vectors.

    |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^1/2), Heusel et al. 2017 (arXiv:1706.08500), eq. 6. The trace of the root is
    the nuclear norm of R1 R2^T for any R with R^T R = S, whose singular values need no root of a product that rounding
    may have made indefinite: the result is symmetric, and right for covariances of low rank.

    Args:
        features: [N, D], N >= 2.
        others: [M, D], M >= 2.
    """
    (mean_a, root_a), (mean_b, root_b) = _moments(features), _moments(others)
    if mean_a.shape != mean_b.shape:
        raise ValueError(f"Features of {len(mean_a)} and {len(mean_b)} dimensions cannot be compared.")
    shift = (mean_a - mean_b).square().sum()
    spread = root_a.square().sum() + root_b.square().sum()  # traces of the covariances
    shared = torch.linalg.svdvals(root_a @ root_b.T).sum()
    return max(0.0, float(shift + spread - 2 * shared))


def kernel_distance(
    features: Tensor | np.ndarray, others: Tensor | np.ndarray, rng: np.random.Generator
) -> tuple[float, float]:
    """Kernel distance (KID) between two sets of feature vectors, and its standard error.

    The unbiased estimate of the squared maximum mean discrepancy with the kernel (x.y / D + 1)^3, Bińkowski et al.
    2018 (arXiv:1801.01401), section 4: 0 on average for two draws of the same images, whatever their number, so that
    it serves small sets, where a Fréchet distance is mostly bias. It may come out slightly negative. Averaged over ten
    or more blocks of up to 1,000, disjoint so that their scatter tells the error.

    Args:
        features: [N, D], N >= 4.
        others: [M, D], M >= 4.
        rng: shuffles both sets into blocks.
    """
    x, y = _double(features), _double(others)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"Features of {x.shape[1]} and {y.shape[1]} dimensions cannot be compared.")
    fewer = min(len(x), len(y))
    if fewer < 4:
        raise ValueError("A kernel distance needs at least four images of each kind.")
    count = min(max(10, fewer // BLOCK), fewer // 2)
    blocks = [np.array_split(rng.permutation(len(z)), count) for z in (x, y)]
    values = torch.stack([_discrepancy(x[a[:BLOCK]], y[b[:BLOCK]]) for a, b in zip(*blocks, strict=True)])  # [blocks]
    return float(values.mean()), float(values.std() / count**0.5)


def path_length(features: Tensor, moved: Tensor, step: float) -> float:
    """Perceptual path length: how fast features change along paths between samples; smooth is small.

    The mean of squared distances divided by step^2, Karras et al. 2019 (arXiv:1812.04948), section 4.1, here in the
    features of any extractor: only figures of the same extractor compare. As in the authors' program, the lowest and
    the highest hundredth are left out, because single jumps would rule the mean.

    Args:
        features: of images at points of paths, [N, D].
        moved: of images a little farther along, [N, D].
        step: how far, as a part of the whole path.
    """
    if features.shape != moved.shape or features.ndim != 2 or not len(features):
        raise ValueError(f"Features [N, D] are compared in pairs, not {list(features.shape)}, {list(moved.shape)}.")
    squares = np.square(_double(features).cpu().numpy() - _double(moved).cpu().numpy()).sum(1) / step**2  # [N]
    low, high = np.quantile(squares, [0.01, 0.99])
    return float(squares[(squares >= low) & (squares <= high)].mean())


def mode_coverage(points: np.ndarray, modes: np.ndarray, std: float) -> tuple[int, float]:
    """How many modes of a 2-D mixture were found, and the share of high-quality points.

    A point is of high quality within three standard deviations of its nearest mode, and a mode is found when it has
    at least one such point (VEEGAN, Srivastava et al. 2017, arXiv:1705.07761, section 5.1). Of the mixture's own
    points 98.9 % are.

    Args:
        points: [N, 2].
        modes: centres [K, 2].
        std: standard deviation of each mode.
    """
    if not np.isfinite(points).all():
        raise ValueError("Points must be finite.")
    distance = np.linalg.norm(points[:, None].astype(np.float64) - modes[None], axis=2)  # [N, K]
    nearest = distance.argmin(axis=1)
    good = distance[np.arange(len(points)), nearest] <= 3 * std
    return len(np.unique(nearest[good])), float(good.mean())


def _planes(images: np.ndarray) -> Tensor:
    """uint8 [N, H, W, C] -> float64 [N * C, 1, H, W]."""
    return torch.from_numpy(images.astype(np.float64)).permute(0, 3, 1, 2).flatten(0, 1).unsqueeze(1)


def _check_pairs(images: np.ndarray, others: np.ndarray) -> None:
    if images.shape != others.shape or images.ndim != 4 or not len(images):
        raise ValueError(f"Pairs of images [N, H, W, C] are compared, not {images.shape} with {others.shape}.")
    if images.dtype != np.uint8 or others.dtype != np.uint8:
        raise ValueError("Images are compared as uint8.")


def _double(features: Tensor | np.ndarray) -> Tensor:
    """Finite features [N, D] in float64, on their own device if it has that."""
    x = torch.as_tensor(features).detach()
    x = x.to("cpu" if x.device.type == "mps" else x.device, torch.float64)
    if x.ndim != 2 or len(x) < 2 or not math.isfinite(float(x.sum())):
        raise ValueError(f"Finite features [N, D] of at least two images are compared, not {list(x.shape)}.")
    return x


def _moments(features: Tensor | np.ndarray) -> tuple[Tensor, Tensor]:
    """Mean [D] and a root [R, D] of the covariance, R^T R, on the CPU, where decompositions are as fast."""
    x = _double(features).cpu()
    mean = x.mean(0)
    root = (x - mean) / (len(x) - 1) ** 0.5
    if len(x) > x.shape[1]:
        values, vectors = torch.linalg.eigh(root.T @ root)
        root = (vectors * values.clamp_min(0).sqrt()).T
    return mean, root


def _discrepancy(x: Tensor, y: Tensor) -> Tensor:
    """Unbiased squared maximum mean discrepancy of [m, D] and [n, D]: pairs of an image with itself do not count."""

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b.T / a.shape[1] + 1).pow(3)

    def within(a: Tensor) -> Tensor:
        k = kernel(a, a)
        return (k.sum() - k.trace()) / (len(a) * (len(a) - 1))

    return within(x) + within(y) - 2 * kernel(x, y).mean()
