"""Each loss against its closed form, penalties against an analytic gradient."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

from aegan import losses


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)


def test_pixel_distances(rng):
    x, y = torch.randn(3, 1, 4, 4, generator=rng), torch.randn(3, 1, 4, 4, generator=rng)
    torch.testing.assert_close(losses.pixel_distance(x, y, "l1"), F.l1_loss(y, x))
    torch.testing.assert_close(losses.pixel_distance(x, y, "mse"), F.mse_loss(y, x))


def test_latent_distance():
    z, z_rec = torch.tensor([[0.0, 2.0]]), torch.tensor([[1.0, 0.0]])
    assert losses.latent_distance(z, z_rec).item() == 2.5


def test_feature_distance_is_relative_to_the_real_features(rng):
    real = [torch.randn(5, 7, generator=rng), torch.randn(5, 3, generator=rng)]
    other = [f + 0.5 for f in real]
    expected = sum(0.25 / f.square().mean().item() for f in real) / 2
    assert losses.feature_distance(real, other).item() == pytest.approx(expected, rel=1e-5)
    scaled = losses.feature_distance([10 * f for f in real], [10 * f for f in other])
    torch.testing.assert_close(scaled, losses.feature_distance(real, other))


def test_kl_equals_torch_distributions(rng):
    mean, log_var = torch.randn(6, 4, generator=rng), torch.randn(6, 4, generator=rng)
    expected = kl_divergence(Normal(mean, (log_var / 2).exp()), Normal(0.0, 1.0)).sum(1).mean()
    torch.testing.assert_close(losses.kl_to_normal(mean, log_var), expected)


def test_bce_is_the_cross_entropy(rng):
    real, fake = torch.randn(8, generator=rng), torch.randn(8, generator=rng)
    one, zero = torch.ones(8), torch.zeros(8)
    entropy = F.binary_cross_entropy_with_logits
    torch.testing.assert_close(losses.discriminator_loss(real, fake, "bce"), entropy(real, one) + entropy(fake, zero))
    torch.testing.assert_close(losses.generator_loss(fake, None, "bce"), entropy(fake, one))


def test_hinge_by_hand():
    real, fake = torch.tensor([2.0, 0.0]), torch.tensor([-3.0, 0.5])
    assert losses.discriminator_loss(real, fake, "hinge").item() == pytest.approx(0.5 + 0.75)
    assert losses.generator_loss(fake, None, "hinge").item() == pytest.approx(1.25)


def test_relativistic_by_hand():
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([0.0, 4.0])
    by_hand = (math.log1p(math.exp(-1)) + math.log1p(math.exp(1))) / 2
    assert losses.discriminator_loss(real, fake, "relativistic").item() == pytest.approx(by_hand, rel=1e-6)
    mirrored = (math.log1p(math.exp(1)) + math.log1p(math.exp(-1))) / 2
    assert losses.generator_loss(fake, real, "relativistic").item() == pytest.approx(mirrored, rel=1e-6)


def test_gradient_penalty_of_a_linear_and_of_a_quadratic_discriminator(rng):
    w, x = torch.randn(3, 2, 2, generator=rng), torch.randn(5, 3, 2, 2, generator=rng)
    linear = losses.gradient_penalty(lambda x: (x * w).flatten(1).sum(1), x)
    torch.testing.assert_close(linear, w.square().sum() / 2)  # the gradient is w everywhere
    quadratic = losses.gradient_penalty(lambda x: x.square().flatten(1).sum(1) / 2, x)
    torch.testing.assert_close(quadratic, x.square().flatten(1).sum(1).mean() / 2)  # the gradient is x


def test_gradient_penalty_trains_the_discriminator():
    weight = torch.tensor(3.0, requires_grad=True)
    losses.gradient_penalty(lambda x: weight * x.flatten(1).sum(1), torch.zeros(2, 4)).backward()
    assert weight.grad.item() == pytest.approx(3.0 * 4)  # d/dw of 4 w^2 / 2
