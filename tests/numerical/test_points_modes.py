"""The preset for 2-D points finds every mode and little else; a GAN with the same networks and steps does not.

Figures given here are of seeds 0 to 2, by `python -m tests.benchmarks.points`.
"""

import numpy as np
import pytest

from aegan.data import load_data
from aegan.metrics import mode_coverage
from tests.benchmarks.points import modes_of, recipe

KINDS = [("grid", 25), ("ring", 8)]


@pytest.mark.parametrize(("kind", "count"), KINDS)
def test_a_tenth_of_the_run_finds_every_mode(kind, count):
    """Learnt in seconds, as whoever watches it on the page will want."""
    config = recipe("aegan", kind).with_options(
        steps=200, warmup_steps=100, ramp_steps=50, prior_steps=15, log_every=100, preview_every=1000
    )
    found, good = modes_of(config)
    assert found == count
    assert good > 0.95


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "count"), KINDS)
def test_the_whole_run_is_as_good_as_the_data(kind, count):
    """The target is 95 %. Measured: 99.2 ± 0.1 % on both; the data's own share is 98.9 %, ± 0.2 % among 2,500."""
    found, good = modes_of(recipe("aegan", kind))
    assert found == count
    assert good > 0.98


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["grid", "ring"])
def test_a_gan_with_the_same_networks_and_steps_joins_the_modes(kind):
    """With the best of the settings tried for it, it makes bridges between modes, which the fitted prior spares.

    Measured: 3.2 ± 1.7 % of the samples are good on the grid, 41.0 ± 1.4 % on the ring.
    """
    assert modes_of(recipe("gan", kind))[1] < 0.6


@pytest.mark.parametrize(("kind", "count"), KINDS)
def test_the_sets_are_those_of_the_papers(kind, count):
    """Width and distance of the modes as published; the share within three deviations is 1 - exp(-9 / 2)."""
    data = load_data(kind)
    gaps = np.linalg.norm(data.modes[:, None] - data.modes[None], axis=2)
    nearest = gaps[gaps > 0].min()
    published = {"grid": 2 / 0.05, "ring": 2 * np.sin(np.pi / 8) / 0.01}[kind]
    assert nearest / data.mode_std == pytest.approx(published)
    found, good = mode_coverage(data.test, data.modes, data.mode_std)
    assert found == count
    assert good == pytest.approx(1 - np.exp(-4.5), abs=4 * np.sqrt(0.0111 * 0.989 / len(data.test)))
