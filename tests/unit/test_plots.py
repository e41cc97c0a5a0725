"""Sheets and curves."""

import io

import numpy as np
from PIL import Image

from aegan.config import get_preset
from aegan.events import Step
from aegan.model import AEGAN
from aegan.plots import draw_points, reconstruction_sheet, sample_sheet, training_curves


def steps(n):
    return [Step(i, 64 * i, float(i), {"loss/rec": 1 / (i + 1), "score/real": 0.5}) for i in range(n)]


def opened(png):
    return Image.open(io.BytesIO(png))


def test_one_panel_per_kind_of_metric():
    one, two = (opened(training_curves(run)) for run in ([Step(1, 64, 1.0, {"loss/rec": 1.0})], steps(900)))
    assert two.height == one.height and two.width == 2 * one.width
    assert np.asarray(two.convert("L")).std() > 5  # something is drawn


def test_sheets_say_that_they_are_generated():
    model = AEGAN(get_preset("aegan").with_options(width=4), {"step": 7, "commit": "abc"}).eval()
    sheet, x_rec = reconstruction_sheet(model, np.zeros((3, 28, 28, 1), np.uint8))
    assert x_rec.shape == (3, 28, 28, 1)
    for png in (sheet, sample_sheet(model, 9)):
        words = opened(png).info["Description"]
        assert words.startswith("AI-generated") and "step 7, commit abc" in words
    assert sample_sheet(model, 9, seed=1) == sample_sheet(model, 9, seed=1) != sample_sheet(model, 9, seed=2)


def test_points_are_drawn_where_they_are():
    picture = draw_points(np.array([[0.0, 0.0], [9.0, 9.0]]), size=100)
    ys, xs = np.nonzero(picture[..., 0] == 0)
    assert set(xs) == {49, 50} and set(ys) == {49, 50}
