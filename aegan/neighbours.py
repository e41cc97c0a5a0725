"""Nearest neighbours in feature space, and the figures made of them: what is real, what is covered, what is copied.

All distances are Euclidean, of all pairs. They are computed in tiles, so that memory is bounded for any number of
images, on the features' own device and in their own precision: single precision takes half the time, and moves no
figure of 10,000 images by more than one of them. Features are [N, D].
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

#: Rows and columns of a tile of distances: 32 MB in single precision.
TILE = 1024, 8192


def nearest(queries: Tensor, references: Tensor, k: int = 1, itself: bool = False) -> tuple[Tensor, Tensor]:
    """The k references nearest to each query; with samples and training images, what to show beside each sample.

    Args:
        queries: [N, D].
        references: [M, D], M >= k.
        k: how many.
        itself: whether queries are the references; each then leaves out its own row, and M > k is needed.

    Returns:
        Distances [N, k], ascending, and rows of `references` [N, k].
    """
    _check(queries, references)
    if not 1 <= k <= len(references) - itself:
        raise ValueError(f"{len(references)} images have no {k} nearest neighbours.")
    distances = queries.new_full((len(queries), k), torch.inf)
    indices = torch.zeros(len(queries), k, dtype=torch.int64, device=queries.device)
    for rows, columns, squares in _tiles(queries, references):
        if itself:
            own = torch.arange(rows.start, rows.stop)[:, None] == torch.arange(columns.start, columns.stop)
            squares.masked_fill_(own.to(squares.device), torch.inf)
        kept = min(k, squares.shape[1])  # the minimum alone is found ten times as fast
        found, places = squares.min(1, keepdim=True) if k == 1 else squares.topk(kept, largest=False)
        both = torch.cat([distances[rows], found], 1)
        distances[rows], order = both.topk(k, largest=False)
        indices[rows] = torch.cat([indices[rows], places + columns.start], 1).gather(1, order)
    for i in range(0, len(queries), TILE[0]):  # again, from the vectors: products cancel where neighbours are close
        rows = slice(i, i + TILE[0])
        distances[rows] = (queries[rows, None] - references[indices[rows]]).norm(dim=2)
    return distances, indices


def radii(features: Tensor, k: int) -> Tensor:
    """Distance [N] of each image to the k-th nearest other: the ball that stands for the data around it."""
    return nearest(features, features, k, itself=True)[0][:, -1]


def gaps(queries: Tensor, references: Tensor) -> Tensor:
    """Distance [N] of each query to the reference nearest to it."""
    return nearest(queries, references)[0][:, 0]


def count_balls(queries: Tensor, centres: Tensor, radius: Tensor) -> Tensor:
    """In how many of the balls with these centres [M, D] and radii [M] each query lies: int64 [N]."""
    _check(queries, centres)
    counts = torch.zeros(len(queries), dtype=torch.int64, device=queries.device)
    for rows, columns, squares in _tiles(queries, centres):
        inside = squares.le_(radius[columns].square())  # 1 or 0, which a float's sum adds up eight times as fast
        counts[rows] += inside.sum(1).long()
    return counts


def precision(generated: Tensor, real: Tensor, radius: Tensor) -> float:
    """Share of generated images within the ball of at least one real image, given `radii(real, 3)`.

    Improved precision, Kynkäänniemi et al. 2019 (arXiv:1904.06991), eq. 2. Recall is the same with real and generated
    images changing places.
    """
    return float((count_balls(generated, real, radius) > 0).cpu().double().mean())


def recall(generated: Tensor, real: Tensor, k: int = 3) -> float:
    """Share of real images within the ball of at least one generated image; the same paper, k = 3 as there."""
    return precision(real, generated, radii(generated, k))


def density_coverage(generated: Tensor, real: Tensor, radius: Tensor | None = None, k: int = 5) -> tuple[float, float]:
    """Density and coverage, Naeem et al. 2020 (arXiv:2002.09797), eqs. 3 and 4, with k = 5 as there.

    Density: the mean number of real images' balls around a generated image, divided by k; 1 for the data themselves,
    more where generated images crowd the data's dense parts. Coverage: the share of real images with a generated one
    in their ball; for the data themselves, as many as the real ones, 1 - 2^-k.

    Args:
        generated: [N, D].
        real: [M, D].
        radius: `radii(real, k)`, if they are known already.
        k: number of neighbours.
    """
    radius = radii(real, k) if radius is None else radius
    density = float(count_balls(generated, real, radius).cpu().double().mean()) / k
    return density, float((gaps(real, generated) <= radius).cpu().double().mean())


def memorisation(near: Tensor, usual: Tensor) -> tuple[float, float]:
    """Whether generated images lie nearer to training images than unseen real ones do.

    Args:
        near: `gaps` [N] between generated and training images.
        usual: those [M] between unseen real and training images.

    Returns:
        The median of the generated images' gaps, divided by that of the unseen ones': about 1 for new images like the
        data, towards 0 for copies, above 1 for images unlike any. And the share of generated images nearer to a
        training image than the nearest hundredth of the unseen are: 0.01 if nothing is copied.
    """
    near, usual = near.cpu().double(), usual.cpu().double()
    ratio = near.median() / usual.median().clamp_min(torch.finfo(usual.dtype).tiny)
    return float(ratio), float((near < usual.quantile(0.01)).double().mean())


def _tiles(queries: Tensor, references: Tensor) -> Iterator[tuple[slice, slice, Tensor]]:
    """Squared distances tile by tile: rows of `queries`, rows of `references`, [rows, columns]."""
    height, width = TILE
    centre = references.mean(0)  # features far from the origin would cancel
    for i in range(0, len(queries), height):
        rows = slice(i, min(i + height, len(queries)))
        a = queries[rows] - centre
        for j in range(0, len(references), width):
            columns = slice(j, min(j + width, len(references)))
            b = references[columns] - centre
            squares = torch.addmm(b.square().sum(1)[None], a, b.T, alpha=-2)  # |b|^2 - 2 ab
            yield rows, columns, squares.add_(a.square().sum(1)[:, None]).clamp_min_(0)


def _check(features: Tensor, others: Tensor) -> None:
    if features.ndim != 2 or others.ndim != 2 or features.shape[1] != others.shape[1]:
        raise ValueError(f"Features [N, D] are compared, not {list(features.shape)} with {list(others.shape)}.")
    if not len(features) or not len(others) or not (features.isfinite().all() and others.isfinite().all()):
        raise ValueError("Finite features of at least one image are compared.")
