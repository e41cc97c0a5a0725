"""What a study says: hand-made points in, means, verdicts, tables and pictures out."""

import io
import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from PIL import Image

from aegan.config import get_preset
from aegan.model import AEGAN
from aegan.provenance import read_provenance
from aegan.study_pictures import COLOURS, curves, sheet
from aegan.study_report import count_seeds, judge_targets, summarise
from aegan.study_rows import ABLATION, ENDS, ROWS, SHARES, Question, common_config, make_ablation, make_row
from aegan.study_tables import ablation_page, table_page

SECONDS = {"1/8": 10.0, "1/4": 20.0, "1/2": 40.0, "3/4": 60.0, "time": 80.0, "images": 70.0}


def point(row, seed, mark, **figures):
    """One measured point; figures by name with a dot for the slash."""
    figures = {name.replace("__", "/"): value for name, value in figures.items()}
    if mark in ENDS:
        figures |= {"extractor": "fashion-cnn", "split": "test", "test_count": 100, "generated_count": 50, "seed": 0,
                    "missing": [], "fd/floor": 0.1, "prdc/recall_floor": 0.9}  # fmt: skip
    return {
        "row": row, "seed": seed, "mark": mark, "step": 10, "images": 640, "seconds": SECONDS[mark], "fit_seconds": 1.0,
        "figures": figures, "others": {}, "machine": "a machine", "commit": "c0ffee",
    }  # fmt: skip


@pytest.fixture
def plan():
    base = common_config(get_preset("aegan"))
    rows = [make_row(name, base, {}) for name in ROWS]
    rows += make_ablation(rows[-1])
    return {
        "question": asdict(Question(base, 80.0, 5.0, "cpu", 1)), "rows": {row.name: asdict(row) for row in rows},
        "speeds": {"gan": 100.0}, "images": 640, "machine": "a machine", "versions": {"torch": "2"},
        "clock": "processor time", "data": {"title": "Squares", "credit": "drawn here", "license": "CC0"},
    }  # fmt: skip


@pytest.fixture
def measured():
    """Two seeds of a GAN that goes from 16 to 8 and of an AE-GAN that is at 2 in the end, after 8 at 20 s."""
    points = []
    for seed, offset in ((0, -1.0), (1, 1.0)):
        for mark, gan, aegan in zip((*SHARES, "images"), (16, 14, 12, 9, 8, 9), (16, 8, 4, 3, 2, 3), strict=True):
            points.append(point("gan", seed, mark, fd__samples=gan + offset, prdc__recall=0.5, prdc__coverage=0.6))
            points.append(
                point("aegan", seed, mark, fd__samples=aegan + offset / 10, fd__reconstructions=1.8, prdc__recall=0.6,
                      prdc__coverage=0.5, prdc__precision=0.8, explore__precision_midpoints=0.76, fd__midpoints=2.2,
                      rec__psnr=19.5, explore__precision_worst_axis=0.6)
            )  # fmt: skip
        points += [
            point("autoencoder", seed, mark, fd__samples=7.0, fd__reconstructions=4.0, rec__psnr=20.0) for mark in ENDS
        ]
    for p in points:
        if p["row"] == "gan" and p["mark"] in ENDS:
            p["others"] = {"raw": {"fd/samples": 11.0}}
    return points


def test_means_and_spread_over_seeds(plan, measured):
    results = summarise(plan, [], measured)
    gan = next(row for row in results["rows"] if row["name"] == "gan")
    assert gan["time"]["figures"]["fd/samples"] == {"mean": 8, "min": 7, "max": 9, "sd": math.sqrt(2), "n": 2}
    assert gan["time"]["others"]["raw"]["fd/samples"]["sd"] == 0
    assert [moment["mark"] for moment in gan["curve"]] == list(SHARES)
    assert [row["name"] for row in results["rows"]] == ["autoencoder", "gan", "aegan"]
    assert (results["extractor"], results["test_count"]) == ("fashion-cnn", 100)
    assert results["floor"] == pytest.approx({"fd/floor": 0.1, "prdc/recall": 0.9})
    assert json.loads(json.dumps(results, allow_nan=False)) == results
    alone = summarise(plan, [], [p for p in measured if p["seed"] == 0])
    assert alone["rows"][0]["time"]["figures"]["fd/samples"]["sd"] is None


def test_targets_are_met_and_missed_by_their_figures(plan, measured):
    targets = summarise(plan, [], measured)["targets"]

    def find(number, arm, start=""):
        return [t for t in targets if (t["number"], t["arm"]) == (number, arm) and t["text"].startswith(start)]

    assert [(t["value"], t["met"]) for t in find(1, "images")] == [(pytest.approx(3 / 9), True)]
    assert [(t["value"], t["met"]) for t in find(1, "time")] == [(2 / 8, True)]
    (reach,) = find(2, "time")
    assert (reach["value"], reach["met"]) == (20 / 80, True), "8 is reached at a mark"
    assert [(t["value"], t["met"]) for t in find(3, "time", "more recall")] == [(0.6, True)]
    assert [(t["value"], t["met"]) for t in find(3, "time", "more coverage")] == [(0.5, False)]
    assert [(t["value"], t["met"]) for t in find(4, "time", "FD")] == [(0.45, True)]
    assert [(t["value"], t["met"]) for t in find(4, "time", "PSNR")] == [(-0.5, True)]
    assert [(t["value"], t["met"]) for t in find(5, "time")] == [(pytest.approx(2 / 7), True)], "of those there are"
    assert [(t["value"], t["met"]) for t in find(6, "time", "precision of mid")] == [(pytest.approx(0.95), True)]
    assert [(t["value"], t["met"]) for t in find(6, "time", "precision of its")] == [(pytest.approx(0.75), False)]
    assert [(t["value"], t["met"]) for t in find(6, "time", "FD of mid")] == [(pytest.approx(1.1), True)]
    assert [t["met"] for t in find(6, "images", "FD of samples")] == [False]


@pytest.mark.parametrize("wanted, value", [(1.0, None), (math.sqrt(32), (20 + 20 / 2) / 80)])
def test_the_time_to_reach_is_read_between_marks(plan, measured, wanted, value):
    """FD falls from 8 to 4 between 20 and 40 s: to their geometric mean in half of it."""
    for p in measured:
        if p["row"] == "gan" and p["mark"] == "time":
            p["figures"]["fd/samples"] = wanted
    (reach,) = [t for t in summarise(plan, [], measured)["targets"] if t["number"] == 2]
    assert (reach["value"], reach["met"]) == (pytest.approx(value), False)


def test_as_much_recall_is_not_more(plan, measured):
    for p in measured:
        p["figures"]["prdc/recall"] = 0.0
    assert not any(t["met"] for t in summarise(plan, [], measured)["targets"] if "recall" in t["text"])


def test_the_best_of_the_autoencoders_is_the_mark(plan, measured):
    for name, distance in (("vae", 5.0), ("adversarial-ae", 3.0)):
        measured += [point(name, 0, mark, fd__samples=distance) for mark in ENDS]
    targets = [t for t in summarise(plan, [], measured)["targets"] if (t["number"], t["arm"]) == (5, "time")]
    assert [(t["value"], t["met"]) for t in targets] == [(pytest.approx(2 / 3), False)]


def test_points_have_modes_for_targets():
    figures = {"modes/found": {"mean": 25.0}, "modes/total": {"mean": 25}, "modes/good_share": {"mean": 0.94}}
    found, good = judge_targets({"aegan": {"time": {"figures": figures}}}, are_points=True)
    assert found["met"] and not good["met"]


def test_the_table_says_everything_beside_its_figures(plan, measured):
    trial = {"row": "gan", "steps": 3, "commit": "0ddba11"}
    tuning = [trial | {"options": {"lr": 6e-4, "lr_d": 6e-4}, "score": 9.5},
              trial | {"options": {"lr": 2e-4, "lr_d": 2e-4}, "score": None}]  # fmt: skip
    measured.append({"row": "gan", "seed": 2, "mark": "diverged", "step": 1, "images": 64, "seconds": 1.0,
                     "fit_seconds": 0.0, "commit": "c0ffee"})  # fmt: skip
    page = table_page(summarise(plan, tuning, measured))
    assert (
        "| GAN | N(0, I) | 8.00 ± 1.41 |" in page and "… GAN | N(0, I), weights not averaged | 11.00 ± 0.00 |" in page
    )
    assert "**lr 0.0006: 9.50**" in page and "lr 0.0002: diverged" in page
    for words in (
        "fashion-cnn", "50 samples (half as many within a run) against 100 test items", "over 2–3 seeds", "drawn here",
        "processor time", "a machine", "commit 0ddba11, c0ffee", "GAN (seed 2)", "| > 0.5 | 0.6 | met |", "**missed**",
        "| real images | training set | 0.10 |",
    ):  # fmt: skip
        assert words in page, words


@pytest.mark.parametrize(("counts", "words"), [([3, 3], "3"), ([2, 1, 3], "1–3"), ([1], "1"), ([], "0")])
def test_a_number_of_runs_is_said_as_it_is(counts, words):
    assert count_seeds([{"seeds": list(range(count))} for count in counts]) == words


def test_an_ingredient_is_worth_what_its_loss_costs(plan, measured):
    measured += [point("aegan-no-adv-rec", 0, mark, fd__samples=5.0) for mark in ENDS]
    results = summarise(plan, [], measured)
    assert [(row["name"], row["worth"]) for row in results["ablation"]] == [("aegan-no-adv-rec", 2.5)]
    page = ablation_page(results)
    assert "| D does not judge reconstructions | 2.50 | 5.00 |" in page and "| **whole recipe** | 1 | 2.00" in page
    assert ABLATION.keys() >= {row["name"] for row in results["ablation"]}


def test_pictures_are_drawn(plan, measured, images, points, quick_points):
    results = summarise(plan, [], measured)
    picture = open_png(curves(results))
    assert picture.size == (1066, 650)
    config = get_preset("aegan").with_options(width=4, z_dim=4, flow_layers=2, img_resolution=16)
    models = {"gan": AEGAN(get_preset("gan").with_options(**options(config))).eval(), "aegan": AEGAN(config).eval()}
    content = sheet(results, models, images)
    assert read_provenance(content)["description"].startswith("AI-generated: samples and reconstructions")
    picture = open_png(content)
    assert picture.width > 1000 and np.asarray(picture.convert("L")).std() > 20
    assert COLOURS.keys() == ROWS.keys()
    for p in measured:
        p["figures"] = {"modes/found": 2.0, "modes/total": 2.0, "modes/good_share": 0.9} | (
            {"extractor": None, "split": "test", "test_count": 9, "generated_count": 9} if p["mark"] in ENDS else {}
        )
    plan["question"]["base"] = asdict(common_config(quick_points))
    results = summarise(plan, [], measured)
    assert results["targets"] and "| AE-GAN" in table_page(results).replace("**", "")
    open_png(curves(results))
    open_png(sheet(results, {"aegan": AEGAN(quick_points).eval()}, replace(points, name="ring")))


def options(config):
    return {name: getattr(config.model, name) for name in ("width", "z_dim", "img_resolution")}


def open_png(content):
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture
