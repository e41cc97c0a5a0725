"""Attributes against pictures whose slant, width and thickness are known, and against labels."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from aegan import attributes
from aegan.attributes import ATTRIBUTES, attribute_survival, has_attributes, measure_attributes
from aegan.card import figure_lines
from aegan.data import load_data
from aegan.evaluate import evaluate
from aegan.model import AEGAN

FINE = 16  # drawn so many times larger, so that edges are grey as they should be


def drawn(draw, size=28):
    """Ink [1, size, size] of what `draw` draws, in white on black, in pixels of the small picture."""
    image = Image.new("L", (size * FINE, size * FINE))
    draw(ImageDraw.Draw(image))
    return np.asarray(image.resize((size, size), Image.Resampling.BOX))[None] / 255.0


def sheared_bar(degrees, across, height=18):
    """A bar leaning to the right, `across` pixels measured along a row."""
    lean = np.tan(np.radians(degrees)) * height / 2
    corners = [(lean - across / 2, -1), (lean + across / 2, -1), (-lean + across / 2, 1), (-lean - across / 2, 1)]
    return drawn(lambda d: d.polygon([((14 + x) * FINE, (14 + y * height / 2) * FINE) for x, y in corners], fill=255))


def bar(across, length):
    edges = [(14 - across / 2) * FINE, (14 - length / 2) * FINE, (14 + across / 2) * FINE, (14 + length / 2) * FINE]
    return drawn(lambda d: d.rectangle([*edges[:2], edges[2] - 1, edges[3] - 1], fill=255))


def ring(radius, across):
    boxes = [[(14 - r) * FINE] * 2 + [(14 + r) * FINE] * 2 for r in (radius + across / 2, radius - across / 2)]
    return drawn(lambda d: [d.ellipse(box, fill=fill) for box, fill in zip(boxes, (255, 0), strict=True)])


@pytest.mark.parametrize("degrees", [-35, -10, 0, 20, 40])
@pytest.mark.parametrize("across", [4, 8])
def test_a_sheared_bar_has_its_slant_and_width(degrees, across):
    ink = sheared_bar(degrees, across)
    assert attributes.slant(ink)[0] == pytest.approx(degrees, abs=0.3)
    assert attributes.width(ink)[0] == pytest.approx(across, abs=0.3)
    assert attributes.slant(ink / 2) == pytest.approx(attributes.slant(ink))


@pytest.mark.parametrize("across", [2, 3, 4, 6])
def test_a_bar_has_its_thickness_less_its_ends(across):
    found = attributes.thickness(bar(across, 20))[0]
    assert found == pytest.approx(across / (1 + across / 20), rel=0.06)
    assert attributes.thickness(bar(across, 20) / 3)[0] == pytest.approx(found), "faint or strong"


@pytest.mark.parametrize("across", [2, 4])
def test_a_ring_has_its_thickness_at_any_place(across):
    assert attributes.thickness(ring(8, across))[0] == pytest.approx(across, rel=0.06)


def test_thickness_does_not_depend_on_the_direction_of_a_stroke():
    upright = attributes.thickness(sheared_bar(0, 3))[0]
    diagonal = attributes.thickness(sheared_bar(45, 3 * np.sqrt(2)))[0]
    assert diagonal == pytest.approx(upright, rel=0.1)


def test_sleeves_reach_as_far_as_they_are_drawn():
    def shirt(reach):
        """A trunk and two sleeves that hang down to `reach` of its height."""
        boxes = [(9, 2, 19, 26), (4, 2, 9, 2 + 24 * reach), (19, 2, 24, 2 + 24 * reach)]
        return drawn(lambda d: [d.rectangle([v * FINE for v in box], fill=255) for box in boxes])

    found = [attributes.sleeve_length(shirt(reach))[0] for reach in (0.25, 0.5, 0.75, 1)]
    assert found == pytest.approx([0.25, 0.5, 0.75, 1], abs=0.06)


def test_nothing_drawn_has_finite_values():
    for data, (size, channels) in attributes.SHAPES.items():
        found = measure_attributes(np.zeros((2, size, size, channels), np.uint8), data)
        assert found.shape == (2, len(ATTRIBUTES[data])) and not np.isinf(found).any()


def test_garments_have_what_such_garments_have():
    data = load_data("fashion-mnist", full=False)
    images, labels = data.train[:3000], data.train_labels[:3000]
    values = dict(zip(ATTRIBUTES["fashion-mnist"], measure_attributes(images, "fashion-mnist").T, strict=True))
    assert np.isfinite(values["brightness"]).all()
    for name, classes in (("sleeves", (0, 2, 4, 6)), ("shoe-height", (5, 7, 9)), ("width", (0, 1, 2, 3, 4, 6))):
        told = np.isfinite(values[name])
        assert np.isin(labels[told], classes).mean() > 0.9, name
        assert told[np.isin(labels, classes)].mean() > 0.8, name
    short, long = (values["sleeves"][labels == label] for label in (0, 2))  # T-shirts and pullovers
    assert (short[np.isfinite(short)] < 0.9).mean() > 0.85 and (long[np.isfinite(long)] > 0.9).mean() > 0.95
    low, high = (np.nanmean(values["shoe-height"][labels == label]) for label in (7, 9))  # sneakers and boots
    assert high > low + 5
    assert np.nanmean(values["width"][labels == 1]) < np.nanmean(values["width"][labels == 2]) - 5


def test_faces_have_what_was_rendered():
    data = load_data("avatars", full=False)
    values = dict(zip(ATTRIBUTES["avatars"], measure_attributes(data.test[:200], "avatars").T, strict=True))
    known = dict(zip(data.attributes, data.test_attributes[:200].T, strict=True))

    def agree(name, truth):
        return np.corrcoef(values[name], truth)[0, 1]

    assert agree("hair-length", np.minimum(known["hair length"], 3)) > 0.95
    assert agree("beard", known["beard"] > 0) > 0.9
    assert agree("bun", known["hair"] == 3) > 0.95 and agree("spikes", known["hair"] == 2) > 0.95
    assert agree("mouth", np.isin(known["mouth"], (1, 2))) > 0.9
    assert agree("mood", np.array([1, 1, 0, -1, -1])[known["mouth"]]) > 0.9
    pixels = data.test[:200] / 255.0
    corner = pixels[:, 2, 2]
    assert agree("background", corner[:, 0] - corner[:, 2]) > 0.95, "red less blue, as it is seen"
    luma = pixels @ (0.2126, 0.7152, 0.0722)
    assert agree("hair-colour", luma[:, 14, 32]) > 0.9, "above the forehead"
    assert agree("skin", luma[:, 34, 32]) > 0.9, "on the nose"


def test_attributes_are_told_of_known_data_in_their_own_size():
    assert has_attributes("mnist", 28, 1) and has_attributes("avatars", 64, 3)
    assert not has_attributes("mnist", 32, 1) and not has_attributes("holiday.zip", 28, 1)


def test_perfect_reconstructions_keep_what_the_classifier_can_tell():
    data = load_data("avatars", full=False)
    data = replace(data, test=data.test[:150], test_attributes=data.test_attributes[:150])
    figures = attribute_survival(data, data.test)
    assert len(figures) == 3 * len(data.attributes)
    for name in data.attributes:
        key = f"attributes/{name.replace(' ', '_')}"
        assert figures[key] == figures[f"{key}_ceiling"] > figures[f"{key}_floor"]
    shuffled = attribute_survival(data, np.roll(data.test, 1, axis=0))
    assert shuffled["attributes/hair_ceiling"] == figures["attributes/hair_ceiling"]
    assert shuffled["attributes/hair"] < 0.5 and shuffled["attributes/skin_colour"] < 0.5


def test_survival_stands_among_the_figures(quick_images, monkeypatch):
    data = load_data("avatars", full=False)
    data = replace(data, train=data.train[:20], train_attributes=data.train_attributes[:20],
                   test=data.test[:20], test_attributes=data.test_attributes[:20])  # fmt: skip
    monkeypatch.setattr("aegan.evaluate.extractor_for", lambda *_: None)
    model = AEGAN(quick_images.with_options(img_resolution=64, img_channels=3))
    figures = evaluate(model, data)
    lines = dict(figure_lines(figures))
    for name in data.attributes:
        value = lines[f"Told rightly in test reconstructions: {name}"]
        key = f"attributes/{name.replace(' ', '_')}"
        assert value.startswith(f"{figures[key]:.1%} (in test images {figures[key + '_ceiling']:.1%},")
    assert len(lines) == 2 + len(data.attributes)
    json.dumps(figures, allow_nan=False)


def test_nothing_is_said_of_other_data(images):
    assert attribute_survival(images, images.test) == {}
    avatars = load_data("avatars", full=False)
    small = replace(avatars, train=avatars.train[:, ::2, ::2], test=avatars.test[:, ::2, ::2])
    assert attribute_survival(small, small.test) == {}
