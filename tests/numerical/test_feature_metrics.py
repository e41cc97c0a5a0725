"""Figures against closed forms, and against plain loops over a few points or pixels."""

import itertools
import json

import numpy as np
import pytest
import torch

from aegan import metrics, neighbours
from aegan.checkpoints import SHIPPED, shipped_models
from aegan.data import load_data
from aegan.features import LITE0, Lite0, features, has_lite0
from aegan.images import to_model, to_uint8
from aegan.model import AEGAN
from aegan.neighbours import count_balls, density_coverage, gaps, memorisation, nearest, precision, radii, recall


def points(n, dim=4, seed=0, shift=0.0, scale=1.0):
    return shift + scale * torch.randn(n, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def all_distances(a, b):
    return np.array([[np.sqrt(((x - y) ** 2).sum()) for y in b.numpy()] for x in a.numpy()])


@pytest.fixture
def small_tiles(monkeypatch):
    """Tiles that divide nothing evenly, so that every border is met."""
    monkeypatch.setattr(neighbours, "TILE", (7, 5))


# -- kernel distance ----------------------------------------------------------------------------------------------


def loop_discrepancy(x, y):
    def kernel(a, b):
        return (float(a @ b) / len(a) + 1) ** 3

    def within(z):
        pairs = list(itertools.permutations(range(len(z)), 2))
        return sum(kernel(z[i], z[j]) for i, j in pairs) / len(pairs)

    across = [kernel(a, b) for a in x for b in y]
    return within(x) + within(y) - 2 * sum(across) / len(across)


def test_kernel_distance_of_blocks_equals_a_loop_over_pairs():
    x, y = points(23).numpy(), points(31, seed=1, shift=0.5).numpy()
    found, error = metrics.kernel_distance(x, y, np.random.default_rng(3))
    rng = np.random.default_rng(3)
    a, b = np.array_split(rng.permutation(23), 10), np.array_split(rng.permutation(31), 10)
    values = [loop_discrepancy(x[i], y[j]) for i, j in zip(a, b, strict=True)]
    assert found == pytest.approx(np.mean(values))
    assert error == pytest.approx(np.std(values, ddof=1) / np.sqrt(10))


def test_kernel_distance_of_gaussians_has_its_closed_form():
    """In one dimension, with t = E[x y] and so on: E (x y + 1)^3 = 1 + 3 E[x]E[y] + 3 E[x²]E[y²] + E[x³]E[y³]."""
    n, mean = 20_000, 0.4
    x, y = points(n, 1), points(n, 1, seed=1, shift=mean)
    second, third = 1 + mean**2, mean**3 + 3 * mean
    wanted = 3 * mean**2 + 3 * (1 - second) ** 2 + third**2
    found, error = metrics.kernel_distance(x, y, np.random.default_rng(0))
    assert 0 < error < 0.1 * wanted
    assert abs(found - wanted) < 4 * error


def test_kernel_distance_of_the_same_distribution_is_zero_on_average():
    """However few the points are, unlike a Fréchet distance; and the standard error tells the scatter."""
    found = np.array(
        [
            metrics.kernel_distance(points(60, seed=2 * i), points(60, seed=2 * i + 1), np.random.default_rng(i))
            for i in range(200)
        ]
    )
    scatter = found[:, 0].std()
    assert abs(found[:, 0].mean()) < 3 * scatter / np.sqrt(200)
    assert (found[:, 0] < 0).any()
    assert np.sqrt(np.square(found[:, 1]).mean()) == pytest.approx(scatter, rel=0.2)


def test_kernel_distance_repeats_itself_and_bounds_its_blocks(monkeypatch):
    x, y = points(300), points(40, seed=1)
    first = metrics.kernel_distance(x, y, np.random.default_rng(0))
    assert metrics.kernel_distance(x, y, np.random.default_rng(0)) == first
    assert metrics.kernel_distance(x, y, np.random.default_rng(1)) != first
    sizes = []
    whole = metrics._discrepancy
    monkeypatch.setattr(metrics, "_discrepancy", lambda a, b: sizes.append((len(a), len(b))) or whole(a, b))
    monkeypatch.setattr(metrics, "BLOCK", 20)
    metrics.kernel_distance(x, y, np.random.default_rng(0))
    assert sizes == [(20, 4)] * 10
    with pytest.raises(ValueError, match="at least four"):
        metrics.kernel_distance(x, y[:3], np.random.default_rng(0))
    with pytest.raises(ValueError, match="dimensions"):
        metrics.kernel_distance(x, y[:, :2], np.random.default_rng(0))


# -- nearest neighbours -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 3, 6])
@pytest.mark.parametrize("itself", [False, True])
def test_nearest_equals_a_loop(small_tiles, k, itself):
    a = points(23, shift=1e6)  # far from the origin, where squared norms would swallow the distances
    b = a if itself else points(31, seed=1, shift=1e6)
    wanted = all_distances(a, b)
    if itself:
        np.fill_diagonal(wanted, np.inf)
    found, indices = nearest(a, b, k, itself=itself)
    assert np.array_equal(indices, wanted.argsort(axis=1)[:, :k])
    assert found.numpy() == pytest.approx(np.sort(wanted, axis=1)[:, :k], rel=1e-7)


def test_nearest_does_not_depend_on_tiles_or_single_precision(monkeypatch):
    a, b = points(300, 64), points(500, 64, seed=1)
    whole = nearest(a, b, 4)
    single = nearest(a.float(), b.float(), 4)
    monkeypatch.setattr(neighbours, "TILE", (64, 100))
    assert all(torch.equal(i, j) for i, j in zip(nearest(a, b, 4)[1:], whole[1:], strict=True))
    assert torch.equal(single[1], whole[1]) and single[0].dtype == torch.float32
    assert torch.allclose(single[0].double(), whole[0], rtol=1e-6)


def test_single_precision_changes_no_figure():
    """Products cancel where neighbours are close: their distances are taken from the vectors themselves."""
    a, b = points(400, 64, shift=3.0), points(400, 64, seed=1, shift=3.0)
    copies = b + 1e-4 * points(400, 64, seed=2)
    assert torch.allclose(gaps(copies.float(), b.float()).double(), gaps(copies, b), rtol=1e-2)
    wanted, found = (
        (precision(x, y, radii(y, 3)), recall(x, y), *density_coverage(x, y), *memorisation(gaps(x, y), radii(y, 1)))
        for x, y in ((a, b), (a.float(), b.float()))
    )
    assert found == pytest.approx(wanted, rel=1e-5)
    half = count_balls(a.float(), b.float(), radii(b.float(), 5))
    assert half.dtype == torch.int64 and torch.equal(half, count_balls(a, b, radii(b, 5)))


def test_neighbours_refuse_what_they_cannot_compare():
    x = points(5)
    with pytest.raises(ValueError, match="no 5 nearest"):
        radii(x, 5)
    with pytest.raises(ValueError, match="no 0 nearest"):
        nearest(x, x, 0)
    with pytest.raises(ValueError, match="compared, not"):
        nearest(x, x[:, :2])
    with pytest.raises(ValueError, match="Finite"):
        nearest(x * torch.nan, x)
    with pytest.raises(ValueError, match="at least one"):
        count_balls(x[:0], x, torch.ones(5))


def test_precision_recall_density_and_coverage_equal_loops(small_tiles):
    real, made = points(40, 2), points(33, 2, seed=1, shift=0.8, scale=0.6)
    across = all_distances(real, made)

    def balls(x, k):
        return np.sort(all_distances(x, x), axis=1)[:, k]  # the nearest is the point itself

    around_real, around_made = balls(real, 3), balls(made, 3)
    assert precision(made, real, radii(real, 3)) == pytest.approx(
        np.mean([any(across[i, j] <= around_real[i] for i in range(40)) for j in range(33)])
    )
    assert recall(made, real) == pytest.approx(
        np.mean([any(across[i, j] <= around_made[j] for j in range(33)) for i in range(40)])
    )
    density, coverage = density_coverage(made, real)
    assert density_coverage(made, real, radii(real, 5)) == (density, coverage)
    inside = across <= balls(real, 5)[:, None]
    assert density == pytest.approx(inside.sum() / (5 * 33))
    assert coverage == pytest.approx(inside.any(axis=1).mean())
    assert 0 < coverage < 1 and 0 < recall(made, real) < 1


def test_density_and_coverage_of_the_data_themselves_are_those_of_theory():
    """Naeem et al. 2020, section 3.2: density 1; coverage 1 - (n-1)…(n-k) / ((m+n-1)…(m+n-k)), in any dimension."""
    n, m, k = 200, 200, 5
    found = np.mean(
        [density_coverage(points(m, 3, 2 * i), points(n, 3, 2 * i + 1), k=k) for i in range(60)], axis=0
    )  # [density, coverage]
    i = np.arange(1, k + 1)
    assert found[0] == pytest.approx(1, abs=0.02)
    assert found[1] == pytest.approx(1 - np.prod((n - i) / (m + n - i)), abs=0.006)


def test_figures_tell_what_is_wrong_with_samples():
    real = torch.cat([points(300, 2, 0), points(300, 2, 1, shift=20)])  # two kinds of things
    other = torch.cat([points(300, 2, 2), points(300, 2, 3, shift=20)])
    radius = radii(real, 3)
    assert precision(other, real, radius) > 0.9 and recall(other, real) > 0.9
    one_kind = points(600, 2, 4)
    assert precision(one_kind, real, radius) > 0.9 and recall(one_kind, real) == pytest.approx(0.5, abs=0.05)
    assert density_coverage(one_kind, real)[1] == pytest.approx(0.5, abs=0.05)
    noise = 40 * (torch.rand(600, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 0.5)
    assert precision(noise, real, radius) < 0.1 and density_coverage(noise, real)[0] < 0.1
    crowd = points(600, 2, 5, scale=0.1)
    assert density_coverage(crowd, real)[0] > 1.1 and density_coverage(crowd, real)[1] < 0.1


# -- memorisation -------------------------------------------------------------------------------------------------


def copied(generated, unseen, training):
    return memorisation(gaps(generated, training), gaps(unseen, training))


def test_memorisation_tells_copies_from_new_images():
    training, unseen = points(2000, 8, 0), points(1000, 8, 1)
    ratio, close = copied(points(1000, 8, 2), unseen, training)
    assert ratio == pytest.approx(1, abs=0.05) and close == pytest.approx(0.01, abs=0.01)
    assert copied(training[:500], unseen, training) == (0, 1)
    half = torch.cat([training[:500] + 0.001, points(500, 8, 2)])
    assert copied(half, unseen, training)[1] == pytest.approx(0.5, abs=0.02)
    assert copied(unseen + 10, unseen, training)[0] > 5


def test_memorisation_is_the_ratio_of_medians():
    training = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
    made, unseen = (
        torch.tensor([[1.0, 0.0], [0.0, 2.0], [13.0, 0.0]]),
        torch.tensor([[0.0, 4.0], [5.0, 0.0], [18.0, 0]]),
    )
    ratio, close = copied(made, unseen, training)
    assert ratio == pytest.approx(2 / 5)
    assert close == 1  # the nearest unseen lies at 4
    assert copied(training, training, training) == (0, 0)


# -- path length --------------------------------------------------------------------------------------------------


def test_path_length_of_straight_paths_is_their_squared_speed():
    a, direction = points(500, 3), torch.tensor([2.0, 3.0, 6.0], dtype=torch.float64)
    assert metrics.path_length(a, a + 1e-3 * direction, 1e-3) == pytest.approx(49)
    assert metrics.path_length(a, a, 1e-3) == 0


def test_path_length_leaves_out_single_jumps():
    speed = torch.ones(1000, 1, dtype=torch.float64)
    speed[:5] = 1e6
    a = points(1000, 1)
    assert metrics.path_length(a, a + 0.1 * speed, 0.1) == pytest.approx(1)
    with pytest.raises(ValueError, match="in pairs"):
        metrics.path_length(a, a[:5], 0.1)


# -- reconstructions ----------------------------------------------------------------------------------------------


def loop_ssim(x, y):
    """Wang et al. 2004, window by window: moments of 11 x 11 pixels under weights in two dimensions."""
    weight = np.array([[np.exp(-((i - 5) ** 2 + (j - 5) ** 2) / (2 * 1.5**2)) for j in range(11)] for i in range(11)])
    weight /= weight.sum()
    values = []
    for top, left in itertools.product(range(x.shape[0] - 10), range(x.shape[1] - 10)):
        a, b = (z[top : top + 11, left : left + 11].astype(float) for z in (x, y))
        mean_a, mean_b = (weight * a).sum(), (weight * b).sum()
        var_a, var_b = (weight * (a - mean_a) ** 2).sum(), (weight * (b - mean_b) ** 2).sum()
        cov = (weight * (a - mean_a) * (b - mean_b)).sum()
        luminance = (2 * mean_a * mean_b + 6.5025) / (mean_a**2 + mean_b**2 + 6.5025)
        values.append(luminance * (2 * cov + 58.5225) / (var_a + var_b + 58.5225))
    return np.mean(values)


def test_ssim_equals_a_loop_over_windows():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (2, 14, 17, 3), dtype=np.uint8)
    y = (0.6 * x + 0.4 * rng.integers(0, 256, x.shape)).astype(np.uint8)
    wanted = np.mean([loop_ssim(x[i, ..., c], y[i, ..., c]) for i in range(2) for c in range(3)])
    assert metrics.ssim(x, y) == pytest.approx(wanted)
    assert 0.2 < wanted < 0.9


def test_psnr_equals_a_loop_over_images():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (2, 5, 4, 6, 3), dtype=np.uint8)
    errors = [
        np.mean([(int(a) - int(b)) ** 2 for a, b in zip(p.flat, q.flat, strict=True)])
        for p, q in zip(x, y, strict=True)
    ]
    assert metrics.psnr(x, y) == pytest.approx(np.mean([20 * np.log10(255) - 10 * np.log10(e) for e in errors]))


# -- features -----------------------------------------------------------------------------------------------------


def test_a_folded_network_has_the_features_of_the_published_one(monkeypatch):
    if not has_lite0():
        pytest.skip("EfficientNet-Lite0 is optional and not installed")
    x = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    folded = Lite0().eval()
    monkeypatch.setattr("aegan.features._folded", lambda network: network)
    published = Lite0().eval()
    assert count_layers(published, torch.nn.BatchNorm2d) > 40 > 0 == count_layers(folded, torch.nn.BatchNorm2d)
    assert count_layers(published, torch.nn.ZeroPad2d) > 3 * count_layers(folded, torch.nn.ZeroPad2d)
    with torch.no_grad():
        torch.testing.assert_close(folded.features(x), published.features(x), rtol=1e-4, atol=1e-4)


def count_layers(network, kind):
    return sum(isinstance(module, kind) for module in network.modules())


# -- what ships ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped_models())
def test_shipped_models_have_the_figures_that_they_state(name):
    """On few images, so by the figures that do not depend on how many there are. `tests/benchmarks` measures all."""
    stated = json.loads((SHIPPED / name / "metrics.json").read_text())
    model, extractor = AEGAN.from_pretrained(SHIPPED / name), stated["extractor"]
    if extractor == LITE0 and not has_lite0():
        pytest.skip("EfficientNet-Lite0 is optional and not installed")
    count = 100 if extractor == LITE0 else 1000
    images = load_data(stated["data"], full=False).test[:count]
    with torch.no_grad():
        again = to_uint8(model.reconstruct(to_model(images))) if model.encoder is not None else None
        made = to_uint8(model.sample(count, torch.Generator().manual_seed(0)))
    for measure, key in ((metrics.psnr, "rec/psnr"), (metrics.ssim, "rec/ssim")) if again is not None else ():
        values = np.array([measure(images[i : i + 1], again[i : i + 1]) for i in range(100)])
        assert abs(values.mean() - stated[key]) < 4 * values.std() / 10, key
    rng = np.random.default_rng(0)
    found, error = metrics.kernel_distance(features(made, extractor), features(images, extractor), rng)
    assert abs(found - stated["kid/samples"]) < 4 * np.hypot(error, stated["kid/samples_error"])
