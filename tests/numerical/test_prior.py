"""The priors are invertible, their densities are right, and fitting them fits."""

import functools

import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal

from aegan.config import ModelConfig
from aegan.prior import CodeBuffer, FlowPrior, MixturePrior, NormalPrior, build_prior

DIM = 4


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)


def two_clouds(rng):
    """Two clouds of different shape: nothing that one Gaussian fits."""
    flat = torch.randn(1000, DIM, generator=rng) * torch.tensor([2.0, 0.1, 1.0, 1.0]) + 3
    return torch.cat([flat, torch.randn(1000, DIM, generator=rng) * 0.3 - 1])


@pytest.fixture
def codes(rng):
    return two_clouds(rng)


@functools.cache
def fitted(kind, steps=300):
    """A prior fitted to the two clouds, made once for all tests."""
    rng = torch.Generator().manual_seed(0)
    codes = two_clouds(rng)
    prior = build_prior(ModelConfig(z_dim=DIM, prior=kind, flow_layers=8, flow_width=32, components=4), rng)
    if isinstance(prior, FlowPrior):
        prior.standardise(codes)
    assert list(prior.fit(codes, steps, 3e-3, rng))[-1:] == ([] if kind == "normal" else [1.0])
    return prior


@pytest.mark.parametrize("kind", ["normal", "flow", "mixture"])
def test_maps_invert_each_other(kind, rng):
    prior = fitted(kind)
    noise = torch.randn(200, DIM, generator=rng)
    torch.testing.assert_close(prior.to_noise(prior.to_latent(noise)), noise, atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize("kind", ["flow", "mixture"])
def test_codes_become_standard_normal_noise(kind, codes):
    noise = fitted(kind).to_noise(codes).detach()
    assert noise.mean(0).abs().max() < 0.15
    assert (torch.cov(noise.T) - torch.eye(DIM)).abs().max() < 0.25


@pytest.mark.parametrize("kind", ["flow", "mixture"])
def test_samples_have_the_moments_of_the_codes(kind, codes, rng):
    z = fitted(kind).to_latent(torch.randn(4000, DIM, generator=rng)).detach()
    # Means within 0.2 deviations: a flow spends some noise on the gap between the clouds (0.13 at most, of 24 fits).
    assert ((z.mean(0) - codes.mean(0)) / codes.std(0)).abs().max() < 0.2
    assert (z.std(0) / codes.std(0) - 1).abs().max() < 0.15


def test_the_flows_density_is_the_change_of_variables(codes):
    prior = fitted("flow", steps=50)
    z = codes[:3]
    for i in range(3):
        jacobian = torch.autograd.functional.jacobian(lambda z: prior.to_noise(z[None])[0], z[i])
        normal = -0.5 * (prior.to_noise(z[i : i + 1]).square().sum() + DIM * torch.log(torch.tensor(2 * torch.pi)))
        expected = normal + torch.linalg.slogdet(jacobian).logabsdet
        torch.testing.assert_close(prior.log_prob(z[i : i + 1])[0], expected, atol=1e-3, rtol=1e-4)


def test_the_mixtures_density_equals_torch_distributions(codes):
    prior = fitted("mixture")
    gaussians = MultivariateNormal(prior.means, scale_tril=prior.factors)
    expected = MixtureSameFamily(Categorical(prior.weights), gaussians).log_prob(codes)
    torch.testing.assert_close(prior.log_prob(codes), expected, atol=1e-4, rtol=1e-4)


def test_the_mixtures_draws_and_its_map_agree(rng):
    prior = fitted("mixture")
    drawn, mapped = prior.draw(4000, rng), prior.to_latent(torch.randn(4000, DIM, generator=rng))
    assert (drawn.mean(0) - mapped.mean(0)).abs().max() < 0.2
    assert (drawn.std(0) / mapped.std(0) - 1).abs().max() < 0.1


def test_expectation_maximisation_climbs(codes, rng):
    prior = MixturePrior(DIM, 4)
    prior.begin(codes, rng)
    likelihoods = []
    for _ in range(15):
        likelihoods.append(prior.log_prob(codes).mean().item())
        prior.update(codes)
    assert all(b > a - 5e-3 for a, b in zip(likelihoods, likelihoods[1:], strict=False))  # shrinkage costs a little
    assert likelihoods[-1] > likelihoods[0] + 1


def test_the_mixture_finds_modes_far_narrower_than_the_spread_of_all_codes(rng):
    """Nine round modes, each a fiftieth as wide as they lie apart: the fit must reach their own density."""
    centres, deviation = torch.cartesian_prod(*[torch.arange(-1.0, 2.0)] * 2), 0.02
    codes = centres[torch.randint(9, (4000,), generator=rng)] + deviation * torch.randn(4000, 2, generator=rng)
    prior = MixturePrior(2, 15)
    list(prior.fit(codes, 40, 0.0, rng))
    drawn = prior.draw(4000, rng)
    assert (torch.cdist(drawn, centres).min(1).values < 3 * deviation).float().mean() > 0.975  # 98.9 % of such codes
    modes = MixtureSameFamily(
        Categorical(torch.ones(9)), MultivariateNormal(centres, deviation**2 * torch.eye(2).repeat(9, 1, 1))
    )
    assert (modes.log_prob(codes) - prior.log_prob(codes)).mean() < 0.05


def test_the_flow_beats_one_gaussian(codes):
    gaussian = MultivariateNormal(codes.mean(0), torch.cov(codes.T)).log_prob(codes).mean()
    assert fitted("flow").log_prob(codes).mean() > gaussian + 1


def test_normal_prior_is_the_identity():
    z = torch.zeros(2, 3)
    assert NormalPrior().to_latent(z) is z and NormalPrior().to_noise(z) is z
    assert NormalPrior().log_prob(z)[0].item() == pytest.approx(-3 * 0.9189385, abs=1e-5)


def test_the_buffer_keeps_the_last_codes():
    buffer = CodeBuffer(2)
    for i in range(11):
        buffer.add(torch.full((600, 2), float(i)))
    assert len(buffer.recent()) == buffer.SIZE
    assert buffer.recent().min() == 0 and (buffer.recent() == 0).sum() == 2 * (6400 - 6000)
