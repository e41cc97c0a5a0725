"""FID as published: the package's own network with weights of no meaning, and what is said where something lacks."""

import hashlib
import io
import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
import torch

from aegan import evaluate as evaluation
from aegan import inception, metrics
from aegan.card import describe_protocol, figure_lines
from aegan.config import UserError, get_objective
from aegan.evaluate import evaluate
from aegan.images import to_model
from aegan.inception import describe_fid, inception_features
from aegan.model import AEGAN

NAME = "weights.pth"


def garments(n=4, channels=1):
    return np.random.default_rng(0).integers(0, 256, (n, 28, 28, channels), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    """An empty place for weights, no address to get them from, and no network left over from another test."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    inception.load_inception.cache_clear()
    yield
    inception.load_inception.cache_clear()


@pytest.fixture
def package(monkeypatch):
    """A package of the same interface, whose network must not be built; nobody serves the address of its weights."""
    outer, inner = ModuleType("torch_fidelity"), ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    outer.__spec__ = object()
    inner.URL_INCEPTION_V3 = f"http://127.0.0.1:9/{NAME}"
    inner.FeatureExtractorInceptionV3 = lambda *args, **kwargs: pytest.fail("nothing may be unpickled")
    monkeypatch.setitem(sys.modules, "torch_fidelity", outer)
    monkeypatch.setitem(sys.modules, "torch_fidelity.feature_extractor_inceptionv3", inner)
    return inner


def test_without_the_package_it_is_named(monkeypatch):
    monkeypatch.setattr(inception.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"not installed: pip install torch-fidelity==0\.4\.0"):
        inception_features(garments())


def test_without_the_network_the_place_is_named(package, tmp_path):
    with pytest.raises(UserError, match=f"could not be downloaded .*put {NAME} into {tmp_path}"):
        inception_features(garments())
    assert not list(tmp_path.rglob("*.pth"))


def test_other_weights_are_never_unpickled(package, tmp_path, monkeypatch):
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / NAME).write_bytes(b"evil")
    with pytest.raises(UserError, match=f"not those pinned: delete {tmp_path}"):
        inception_features(garments())
    (tmp_path / "checkpoints" / NAME).unlink()
    monkeypatch.setattr(inception.urllib.request, "urlopen", lambda url, timeout: io.BytesIO(b"evil"))
    with pytest.raises(UserError, match="cut short or changed"):
        inception_features(garments())
    assert not list(tmp_path.rglob("*.p*")), "what is wrong is not kept"


def test_right_weights_are_kept_and_given_as_bytes(package, tmp_path, monkeypatch):
    given = []

    class Network(torch.nn.Module):
        def __init__(self, name, features, feature_extractor_weights_path):
            super().__init__()
            given.append(feature_extractor_weights_path.read())

    package.FeatureExtractorInceptionV3 = Network
    monkeypatch.setattr(inception, "WEIGHTS_SHA256", hashlib.sha256(b"good").hexdigest())
    monkeypatch.setattr(inception.urllib.request, "urlopen", lambda url, timeout: io.BytesIO(b"good"))
    inception.load_inception()
    assert (tmp_path / "checkpoints" / NAME).read_bytes() == b"good"
    monkeypatch.setattr(inception.urllib.request, "urlopen", lambda url, timeout: pytest.fail("they are here"))
    inception.load_inception.cache_clear()
    inception.load_inception()
    assert given == [b"good", b"good"]


@pytest.fixture
def network(monkeypatch, tmp_path):
    """The package's own network, with weights drawn at random: interface and preprocessing are the real ones."""
    module = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
    kind, drawn = module.FeatureExtractorInceptionV3, {}
    with monkeypatch.context() as patch, torch.random.fork_rng(devices=[]):
        patch.setattr(module, "load_state_dict_from_url", lambda *args, **kwargs: None)
        patch.setattr(kind, "load_state_dict", lambda self, state: drawn.update(self.state_dict()))
        kind("inception", ["2048"])
    buffer = io.BytesIO()
    torch.save(drawn, buffer)
    monkeypatch.setattr(inception, "WEIGHTS_SHA256", hashlib.sha256(buffer.getvalue()).hexdigest())
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / module.URL_INCEPTION_V3.rpartition("/")[2]).write_bytes(buffer.getvalue())
    return kind("inception", ["2048"], feature_extractor_weights_path=io.BytesIO(buffer.getvalue()))


def test_the_network_sees_what_the_published_one_does(network):
    state = torch.get_rng_state()
    grey, colour = garments(3), garments(3, channels=3)
    found = inception_features(grey, batch_size=2)
    assert torch.equal(torch.get_rng_state(), state), "visitors share the global generator"
    assert found.shape == (3, 2048) and found.std() > 0
    with torch.no_grad():
        wanted = network(torch.from_numpy(grey.repeat(3, axis=3)).permute(0, 3, 1, 2))[0]
        assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-6)
        wanted = network(torch.from_numpy(colour).permute(0, 3, 1, 2))[0]
    assert torch.allclose(inception_features(colour), wanted, rtol=1e-4, atol=1e-6)


def test_its_resizing_is_tensorflow_1s():
    """Output pixel i lies at i * 28 / 299 of the input, between its neighbours, the last of which repeats."""
    module = pytest.importorskip("torch_fidelity.interpolate_compat_tensorflow")
    resize = module.interpolate_bilinear_2d_like_tensorflow1x
    row = torch.rand(28, generator=torch.Generator().manual_seed(0))
    place = torch.arange(299) * 28 / 299
    low, share = place.long(), place - place.long()
    wanted = row[low] * (1 - share) + row[(low + 1).clamp(max=27)] * share
    found = resize(row.expand(1, 1, 28, 28), size=(299, 299), align_corners=False)
    assert torch.allclose(found[0, 0, 100], wanted, atol=1e-4)


@pytest.fixture
def stand_in(monkeypatch):
    """Features that are the image's own pixels, so that the distance can be computed beside it."""

    def features(images, device):
        assert images.dtype == np.uint8
        return torch.from_numpy(images.reshape(len(images), -1)[:, ::16] / 255.0)

    monkeypatch.setattr(evaluation, "inception_features", features)
    monkeypatch.setattr(evaluation, "load_inception", lambda device: None)
    return features


def test_fid_stands_beside_the_other_figures(quick_images, images, stand_in, monkeypatch):
    pictures = np.random.default_rng(1).integers(0, 256, (80, 28, 28, 1), dtype=np.uint8)
    data = replace(images, train=pictures[:40], test=pictures[40:])
    config = replace(quick_images, objective=get_objective("aegan")).with_options(img_resolution=28)
    model = AEGAN(config).eval()
    figures = evaluate(model, data, n=30, seeds=2, inception=True)
    assert figures["extractor"] is None, "it needs no classifier of this data"
    chosen = np.random.default_rng(0).permutation(40)[:30]
    wanted = metrics.frechet_distance(stand_in(data.train[chosen], ""), stand_in(data.test, ""))
    assert figures["fid/floor"] == pytest.approx(wanted)
    assert figures["fid/samples"] > figures["fid/floor"] and figures["fid/samples_sd"] > 0
    assert "fid/reconstructions" in figures
    labels = dict(figure_lines(figures))
    assert {"FID (Inception), samples against test images", "FID (Inception), training images: the floor"} <= set(
        labels
    )
    assert "cannot be compared" in describe_protocol(figures)
    monkeypatch.setattr(AEGAN, "sample", lambda self, n, noise: to_model(data.test[np.arange(len(noise)) % 40]))
    assert evaluate(model, data, n=40, inception=True)["fid/samples"] == pytest.approx(0, abs=1e-6)
    assert "fid/samples" not in evaluate(model, data, n=30) and "fid_protocol" not in evaluate(model, data, n=30)


def test_points_have_no_fid(quick_points, points):
    with pytest.raises(UserError, match="leave --inception out"):
        evaluate(AEGAN(quick_points).eval(), points, inception=True)


def test_only_the_published_protocol_is_called_comparable():
    assert describe_fid(10_000, 10_000, 1, "test").endswith("as in published tables.")
    assert "grey repeated to 3 channels" in describe_fid(10_000, 10_000, 1, "test")
    assert "grey" not in describe_fid(10_000, 10_000, 3, "test")
    for samples, images, split in ((10_000, 500, "test"), (2_000, 10_000, "test"), (10_000, 10_000, "held-out")):
        assert "cannot be compared" in describe_fid(samples, images, 3, split)
