"""Directions of attributes that depend on the noise in a known way, against what follows from it."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from aegan import directions
from aegan.attributes import SHAPES
from aegan.directions import find_directions

Z_DIM = 16
NAMES = ("slant", "thickness", "width")  # those of digits


@pytest.fixture
def world(monkeypatch):
    """A function that makes attributes [N, A] of noise [N, z_dim] what they are, and finds the directions then."""

    def find(attributes, data="mnist", z_dim=Z_DIM, **options):
        size, channels = SHAPES[data]
        shape = SimpleNamespace(z_dim=z_dim, img_resolution=size, img_channels=channels)
        model = SimpleNamespace(config=SimpleNamespace(data=data, model=shape))
        monkeypatch.setattr(directions, "_measure", lambda model, noise: attributes(noise))
        return {direction.name: direction for direction in find_directions(model, **options)}

    return find


def gradients(*rows):
    """[A, z_dim] with the given first entries."""
    found = np.zeros((len(rows), Z_DIM))
    for gradient, row in zip(found, rows, strict=True):
        gradient[: len(row)] = row
    return found


def test_the_direction_and_effect_of_linear_attributes_are_found(world):
    """y = a·ε has the direction a/|a|, the deviation |a|, and grows by one deviation per deviation of ε."""
    a = gradients([3], [0, 0.5], [0, 0, 1.2, 1.6])
    found = world(lambda noise: noise @ a.T + (7, -2, 0))
    assert tuple(found) == NAMES
    for direction, gradient in zip(found.values(), a, strict=True):
        assert np.array(direction.vector) @ gradient / np.linalg.norm(gradient) > 0.999
        assert direction.deviation == pytest.approx(np.linalg.norm(gradient), rel=0.05)
        assert direction.effect == pytest.approx(1, rel=0.05)
        assert direction.effect * direction.deviation == pytest.approx(np.linalg.norm(gradient), rel=1e-3)
        assert max(map(abs, direction.entanglement.values())) < 0.05


def test_attributes_that_go_together_are_taken_apart_evenly(world):
    """Two gradients at 60° are each turned by 15° until they are at 90°; then each moves the other by tan 15°."""
    a = gradients([1], [0.5, math.sqrt(0.75)], [0, 0, 1])
    found = world(lambda noise: noise @ a.T)
    vectors = np.array([direction.vector for direction in found.values()])
    assert vectors @ vectors.T == pytest.approx(np.eye(3), abs=1e-4)
    slant, thickness, width = found.values()
    assert slant.plain_effect == pytest.approx(1, rel=0.05)
    assert slant.effect / slant.plain_effect == pytest.approx(math.cos(math.radians(15)), rel=0.01)
    shares = slant.entanglement["thickness"], thickness.entanglement["slant"]
    assert np.mean(shares) == pytest.approx(math.tan(math.radians(15)), abs=0.01)
    assert max(map(abs, width.entanglement.values())) < 0.05


def test_a_bent_attribute_moves_by_the_mean_between_both_ends(world):
    """y = tanh(2 ε₁) goes from tanh(-3) to tanh(3) over three deviations, whatever the rest of the noise is."""
    found = world(lambda noise: np.stack([np.tanh(2 * noise[:, 0]), noise[:, 1], noise[:, 2]], axis=1))
    slant = found["slant"]
    assert slant.vector[0] > 0.99
    assert slant.effect * slant.deviation == pytest.approx(2 * math.tanh(3) / 3, rel=0.02)


def test_random_directions_do_what_follows_from_their_angles(world):
    """The mean of |r·a| over unit vectors r is Γ(z/2) / (√π Γ((z + 1)/2)) |a|."""
    a = gradients([1], [0, 1], [0, 0, 1])
    found = [world(lambda noise: noise @ a.T, seed=seed)["slant"] for seed in range(6)]
    expected = math.exp(math.lgamma(Z_DIM / 2) - math.lgamma((Z_DIM + 1) / 2)) / math.sqrt(math.pi)
    assert np.mean([direction.random_effect for direction in found]) == pytest.approx(expected, rel=0.1)
    assert all(direction.random_effect < direction.random_high < 3 * expected for direction in found)


def test_attributes_that_no_direction_moves_get_none(world):
    """One grows with |ε|, one with cos of a fast wave: both vary, but along no line."""

    def attributes(noise):
        return np.stack([np.square(noise).sum(1), noise[:, 3], np.cos(20 * noise.sum(1))], axis=1)

    assert tuple(world(attributes)) == ("thickness",)


def test_effects_that_nobody_sees_are_left_out(world):
    """y = ε₁ + c w with a wave w of deviation √½ moves along ε₁ alone, by 1 / √(1 + c² / 2) deviations."""

    def attributes(noise):
        wave = np.cos(20 * noise[:, 3:].sum(1))
        return np.stack([noise[:, 0] + 9 * wave, noise[:, 1] + 2 * wave, noise[:, 2]], axis=1)

    found = world(attributes)
    assert tuple(found) == ("thickness", "width"), "0.16 is not seen"
    assert found["thickness"].effect == pytest.approx(1 / math.sqrt(3), rel=0.2)


def test_attributes_that_few_images_have_are_measured_on_those(world):
    """Slant is told where ε₂ > 0, width never, thickness is always the same."""

    def attributes(noise):
        slant = np.where(noise[:, 1] > 0, 2 * noise[:, 0], np.nan)
        return np.stack([slant, np.ones(len(noise)), np.full(len(noise), np.nan)], axis=1)

    (direction,) = world(attributes).values()
    assert direction.name == "slant" and direction.vector[0] > 0.99
    assert direction.effect * direction.deviation == pytest.approx(2, rel=0.01)
    assert world(lambda noise: np.full((len(noise), 3), np.nan)) == {}


def test_there_are_no_more_directions_than_dimensions(world):
    """Eleven attributes of a face in eight dimensions; and in two, where any direction will do, none has a name."""
    gradients = np.random.default_rng(0).normal(size=(11, 8))
    found = world(lambda noise: noise @ gradients.T, data="avatars", z_dim=8)
    vectors = np.array([direction.vector for direction in found.values()])
    assert 1 < len(vectors) <= 8 and vectors @ vectors.T == pytest.approx(np.eye(len(vectors)), abs=1e-4)
    assert world(lambda noise: noise @ gradients[:, :2].T, data="avatars", z_dim=2) == {}


def test_the_same_seed_finds_the_same(world):
    def attributes(noise):
        return np.tanh(noise[:, :3])

    assert world(attributes, seed=1) == world(attributes, seed=1) != world(attributes, seed=2)
