"""Small classifiers: they learn, repeat themselves, and those that ship tell what they say they tell."""

import numpy as np
import pytest
import torch

from aegan import classifier
from aegan.config import UserError
from aegan.data import load_data


def test_training_repeats_itself_and_learns():
    rng = np.random.default_rng(0)
    labels = np.arange(400) % 2
    x = (labels[:, None, None, None] * 120 + rng.integers(0, 100, (400, 28, 28, 1))).astype(np.uint8)
    a, b = (classifier.train_classifier(x, labels, epochs=3, batch_size=50, seed=1) for _ in range(2))
    assert all(torch.equal(p, q) for p, q in zip(a.state_dict().values(), b.state_dict().values(), strict=True))
    assert classifier.accuracy(a, x, labels) > 0.95


def test_each_head_learns_its_own_thing(monkeypatch):
    """Brightness in two classes and colour in three, of images that are mirrored and blurred in training."""
    monkeypatch.setitem(
        classifier._SHAPES, "two", {"heads": (2, 3), "resolution": 16, "channels": 3, "widths": (8, 16), "units": 16}
    )
    rng = np.random.default_rng(0)
    labels = np.stack([rng.integers(0, 2, 300), rng.integers(0, 3, 300)], axis=1)
    x = np.zeros((300, 16, 16, 3), np.uint8)
    x[np.arange(300), :, :, labels[:, 1]] = (100 + 100 * labels[:, 0])[:, None, None]
    model = classifier.train_classifier(x, labels, epochs=6, batch_size=30, name="two")
    assert (classifier.accuracy(model, x, labels) > 0.95).all()
    swapped = classifier.accuracy(model, x, labels[:, ::-1].copy())
    assert (swapped < 0.7).all(), "each head is compared with its own labels"


def test_images_are_roughened_within_bounds():
    x = torch.linspace(-1, 1, 16).expand(500, 3, 16, 16)  # brighter to the right
    rough, again = (classifier.roughen(x, torch.Generator().manual_seed(0)) for _ in range(2))
    assert torch.equal(rough, again) and rough.shape == x.shape
    mirrored = rough[:, 0, :, 0].mean(1) > rough[:, 0, :, -1].mean(1)
    assert 0.4 < mirrored.float().mean() < 0.6
    noise = (rough - torch.where(mirrored[:, None, None, None], x.flip(3), x))[..., 2:-2]  # a ramp stays in a blur
    assert 0.03 < noise.std() < 0.1


def test_the_most_frequent_label_is_that_of_training():
    train, test = np.array([[0, 2], [0, 2], [1, 0]]), np.array([[0, 0], [0, 0], [1, 2], [0, 1]])
    assert classifier.majority_accuracy(train, test) == pytest.approx([0.75, 0.25])
    assert classifier.majority_accuracy(train[:, 0], test[:, 0]) == pytest.approx([0.75])


def test_shipped_weights_tell_attributes_of_faces():
    data = load_data("avatars", full=False)
    logits = classifier.class_logits(data.test[:200], "avatars-cnn")
    assert [part.shape for part in logits] == [(200, len(values)) for values in data.attributes.values()]
    right = [(part.argmax(1).numpy() == data.test_attributes[:200, i]).mean() for i, part in enumerate(logits)]
    assert min(right) > 0.9
    assert classifier.weights_path("avatars-cnn").stat().st_size <= 1_000_000


def test_damaged_weights_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(classifier, "FOLDER", tmp_path)
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    for name in ("broken", "missing"):
        with pytest.raises(UserError, match=f"{name}.safetensors cannot be read"):
            classifier.load_classifier(name)
