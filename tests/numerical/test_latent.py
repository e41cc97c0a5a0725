"""Directions, paths and the gauge."""

import pytest
import torch

from aegan.config import get_preset
from aegan.latent import between, interpolate, main_axes, midpoints, unusualness
from aegan.model import AEGAN


@pytest.fixture(scope="module")
def model():
    return AEGAN(get_preset("aegan").with_options(width=4, z_dim=6)).eval().requires_grad_(False)


def test_axes_are_orthonormal_and_ordered_by_effect(model):
    axes = main_axes(model, n=6)
    torch.testing.assert_close(axes @ axes.T, torch.eye(6), atol=1e-5, rtol=0)
    base = torch.randn(256, 6, generator=torch.Generator().manual_seed(1))

    def effect(axis):
        return (model.sample(0, noise=base + 0.5 * axis) - model.sample(0, noise=base - 0.5 * axis)).mean(0).norm()

    assert effect(axes[0]) > effect(axes[-1])


def test_axes_point_to_brighter(model):
    base = torch.randn(512, 6, generator=torch.Generator().manual_seed(1))
    axis = main_axes(model, n=1)[0]
    assert model.sample(0, noise=base + 0.5 * axis).mean() > model.sample(0, noise=base - 0.5 * axis).mean()


def test_more_axes_than_dimensions_gives_all(model):
    assert main_axes(model, n=50).shape == (6, 6)


def test_paths_keep_their_ends_and_norms():
    rng = torch.Generator().manual_seed(0)
    a, b = torch.randn(16, generator=rng), 2 * torch.randn(16, generator=rng)
    path = interpolate(a, b, 9)
    torch.testing.assert_close(path[0], a)
    torch.testing.assert_close(path[-1], b)
    torch.testing.assert_close(path.norm(dim=1), torch.linspace(a.norm(), b.norm(), 9))
    steps = torch.nn.functional.cosine_similarity(path[1:], path[:-1])
    assert steps.max() - steps.min() < 1e-4  # equal angles


@pytest.mark.parametrize("end", [[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
def test_paths_without_an_arc_are_straight_and_finite(end):
    path = interpolate(torch.tensor([1.0, 0.0]), torch.tensor(end), 5)
    assert path.isfinite().all() and torch.equal(path[-1], torch.tensor(end))


def test_each_row_goes_its_own_way():
    rng = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 20, 8, generator=rng)
    t = torch.rand(20, 1, generator=rng)
    a[3], b[7], b[8], b[9] = 0, a[7], -a[8], 0
    together = between(a, b, t)
    for i in range(20):
        torch.testing.assert_close(together[i : i + 1], between(a[i : i + 1], b[i : i + 1], t[i].item()))


def test_midpoints_keep_the_mean_norm():
    a, b = torch.randn(2, 50, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(midpoints(a, b).norm(dim=1), (a.norm(dim=1) + b.norm(dim=1)) / 2)
    torch.testing.assert_close(midpoints(a, a), a)


def test_the_gauge_is_the_percentile_of_the_norm():
    noise = torch.randn(20_000, 8, generator=torch.Generator().manual_seed(0))
    gauge = unusualness(noise)
    assert gauge.median().item() == pytest.approx(50, abs=1)
    assert gauge.quantile(0.9).item() == pytest.approx(90, abs=1)
    assert unusualness(torch.zeros(1, 8)).item() == 0
