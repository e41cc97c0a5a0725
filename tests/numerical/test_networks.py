"""Shapes, initial weights, normalisation."""

import pytest
import torch
import torch.nn as nn

from aegan.config import OBJECTIVES, PRESETS, Config, ModelConfig, UserError
from aegan.model import AEGAN
from aegan.networks import BatchNorm, Discriminator, Encoder, Generator, ResidualBlock, ResizeConv


@pytest.mark.parametrize("upsample", ["strided", "resize"])
@pytest.mark.parametrize("architecture", ["dense", "conv", "residual"])
@pytest.mark.parametrize(("size", "channels"), [(16, 3), (28, 1), (32, 1), (64, 3), (128, 3)])
def test_shapes(architecture, size, channels, upsample):
    config = ModelConfig(architecture, size, channels, z_dim=6, width=4, upsample=upsample)
    x = torch.zeros(2, channels, size, size)
    code, log_var = Encoder(config, 6, stochastic=True)(x)
    assert code.shape == (2, 6) and log_var.shape == (2, 6)
    assert Discriminator(config)(x).shape == (2,)
    image = Generator(config, 6, config.depth)(torch.randn(2, 6))
    assert image.shape == x.shape and image.abs().max() <= 1


def test_points_are_images_of_one_pixel():
    config = ModelConfig("dense", 1, 2, z_dim=2, width=4)
    assert Generator(config, 2, 2)(100 * torch.randn(5, 2)).shape == (5, 2, 1, 1)
    with pytest.raises(UserError, match="architecture=dense"):
        ModelConfig("conv", 1, 2)
    with pytest.raises(UserError, match="together"):
        ModelConfig("dense", 1, 3)


@pytest.mark.parametrize("shape", [(16, 5), (8, 5, 3, 3)])
def test_batch_norm_equals_torchs(shape):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    ours, theirs = BatchNorm(5), nn.BatchNorm1d(5) if len(shape) == 2 else nn.BatchNorm2d(5)
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours.running_var, theirs.running_var)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


@pytest.mark.parametrize("training", [True, False])
def test_a_resize_convolution_is_pixels_repeated_and_a_convolution(training):
    rng = torch.Generator().manual_seed(0)
    layer = ResizeConv(3, 5).double().train(training)
    x = torch.randn(2, 3, 6, 4, generator=rng, dtype=torch.float64, requires_grad=True)
    y = layer(x)
    repeated = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
    expected = torch.nn.functional.conv2d(repeated, layer.weight, padding=1)
    torch.testing.assert_close(y, expected)
    direction = torch.randn(y.shape, generator=rng, dtype=torch.float64)
    ours = torch.autograd.grad((y * direction).sum(), (x, layer.weight))
    theirs = torch.autograd.grad((expected * direction).sum(), (x, layer.weight))
    torch.testing.assert_close(ours, theirs)
    assert list(layer.state_dict()) == ["weight"], "checkpoints hold the 3x3 kernels alone"


def test_only_what_the_objective_needs_is_built():
    def built(objective):
        model = AEGAN(Config(model=ModelConfig(width=4), objective=OBJECTIVES[objective]))
        names = ("encoder", "generator", "own_decoder", "discriminator", "latent_discriminator")
        return {name for name in names if getattr(model, name) is not None}

    assert built("autoencoder") == built("vae") == {"encoder", "generator"}
    assert built("gan") == {"generator", "discriminator"}
    assert built("adversarial-ae") == {"encoder", "generator", "latent_discriminator"}
    assert built("aegan") == built("vae-gan") == {"encoder", "generator", "discriminator"}
    assert built("seed") == {"encoder", "generator", "own_decoder", "discriminator"}


def test_the_seed_is_as_first_described():
    model = AEGAN(PRESETS["seed"])
    encoder, decoder = (
        [layer for layer in part.modules() if isinstance(layer, nn.Linear)]
        for part in (model.encoder, model.own_decoder)
    )
    assert [(layer.in_features, layer.out_features) for layer in encoder] == [(784, 128)]
    assert [(layer.in_features, layer.out_features) for layer in decoder] == [(128, 784)]
    x = torch.rand(4, 1, 28, 28) * 2 - 1
    assert (model.encode(x) >= 0).all()  # a ReLU code
    assert model.sample(2).shape == x[:2].shape and model.config.model.z_dim == 100


def test_weights_depend_on_the_seed_alone():
    config = Config(model=ModelConfig(width=4), objective=OBJECTIVES["aegan"])
    before = torch.get_rng_state()
    torch.rand(1)
    one, same, other = AEGAN(config, seed=1), AEGAN(config, seed=1), AEGAN(config, seed=2)
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), same.state_dict().values(), strict=True))
    assert not torch.equal(one.generator.stem.weight, other.generator.stem.weight)
    torch.set_rng_state(before)


def test_a_residual_block_starts_as_the_identity_and_stays_zero_initialised_in_the_model():
    x = torch.randn(2, 8, 4, 4)
    assert torch.equal(ResidualBlock(8)(x), x)
    model = AEGAN(Config(model=ModelConfig("residual", width=4), objective=OBJECTIVES["aegan"]))
    blocks = [block for block in model.modules() if isinstance(block, ResidualBlock)]
    assert blocks and not any(block.expand.weight.any() for block in blocks)


@pytest.mark.parametrize("architecture", ["dense", "conv"])
def test_spectral_norm_bounds_every_layer(architecture):
    model = AEGAN(Config(model=ModelConfig(architecture, width=4, spectral_norm=True), objective=OBJECTIVES["gan"]))
    layers = [m for m in model.discriminator.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    norms = [torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() for layer in layers]
    assert norms == pytest.approx([1.0] * len(layers), abs=0.1)
