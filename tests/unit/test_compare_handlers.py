"""Compare and the study below it, as plain functions: what is comparable, what is shown, what is refused."""

import base64
import copy
import dataclasses
import json
import math
import re

import numpy as np
import pytest
import torch
from PIL import Image

from aegan.config import OBJECTIVES, UserError, get_preset
from aegan.images import open_image, to_uint8
from aegan.model import AEGAN
from aegan.provenance import read_provenance
from aegan.study_report import judge_targets
from aegan.study_rows import ABLATION, ROWS
from aegan.ui import compare, studies
from aegan.ui.hosting import MAX_SEED
from aegan.ui.models import Models, noise_of
from aegan.ui.page import ASSETS
from aegan.ui.texts import TEXTS
from tests.made_up import made_up_results

SMALL = {"architecture": "dense", "width": 4, "z_dim": 6, "flow_layers": 2, "flow_width": 8}
DATA = "mnist"  # the smallest of the bundled sets


def save(folder, objective="aegan", data=DATA, figures=None, info=None, **options):
    config = get_preset(objective).with_options(**{**SMALL, **options})
    AEGAN(dataclasses.replace(config, data=data), info or {}).save_pretrained(folder)
    if figures is not None:
        (folder / "metrics.json").write_text(json.dumps(figures))
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Models:
    folder = tmp_path_factory.mktemp("models")
    whole = save(folder / "whole", figures={"fd/samples": 1.5, "extractor": "digits-cnn"}, info={"seconds": 60.0})
    others = [
        save(folder / "gan", "gan", figures={"fd/samples": math.nan, "extractor": 7}),
        save(folder / "again"),  # the same objective once more
        save(folder / "auto", "autoencoder"),
        save(folder / "wide", "vae", z_dim=9),
        save(folder / "clothes", "vae", data="fashion-mnist"),
        save(folder / "unknown", "aegan", data="../../etc/passwd"),
    ]
    AEGAN(get_preset("points").with_options(width=4, flow_layers=2, flow_width=8)).save_pretrained(folder / "points")
    (folder / "broken").mkdir()
    (folder / "broken" / "config.json").write_text('{"model": []}')
    return Models([whole, *others, folder / "points", folder / "broken"], shipped=folder / "none")


def family(models, name):
    return compare.describe_family(models, {"model": name})


def strip(models, kind, seed=3, model="whole"):
    return compare.draw_strip(models, {"model": model, "kind": kind, "seed": seed})


def content(uri):
    return base64.b64decode(uri.partition(",")[2])


def pixels(answer):
    return np.stack([np.asarray(open_image(content(uri)))[..., None] for uri in answer["pictures"]])


# -- what belongs together ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chosen", ["whole", "gan", "auto"])
def test_models_of_one_data_set_are_compared_whichever_is_chosen(models, chosen):
    answer = family(models, chosen)
    assert [row["name"] for row in answer["rows"]] == ["whole", "gan", "auto"]
    assert [row["objective"] for row in answer["rows"]] == ["aegan", "gan", "autoencoder"]
    assert answer["terms"] == ["rec", "adv", "adv_rec", "cycle"]
    assert answer["has_tests"] is True
    json.dumps(answer, allow_nan=False)


def test_the_chosen_one_stands_for_its_objective(models):
    assert [row["name"] for row in family(models, "again")["rows"]] == ["again", "gan", "auto"]


@pytest.mark.parametrize("chosen", ["wide", "clothes", "unknown"])
def test_another_noise_or_other_data_are_not_compared(models, chosen):
    assert [row["name"] for row in family(models, chosen)["rows"]] == [chosen]


def test_a_row_says_what_its_files_say(models):
    whole, gan, auto = family(models, "whole")["rows"]
    assert (whole["fd"], whole["extractor"], whole["seconds"]) == (1.5, "digits-cnn", 60.0)
    assert whole["weights"] == {"rec": 2.0, "adv": 0.5, "adv_rec": 0.5, "cycle": 0.1}
    assert (gan["fd"], gan["extractor"], gan["has_encoder"]) == (None, "7", False)
    assert (auto["fd"], auto["has_encoder"]) == (None, True)


@pytest.mark.parametrize("name", list(OBJECTIVES))
def test_every_objective_has_its_own_name(name):
    assert compare.name_objective(OBJECTIVES[name]) == name


def test_a_varied_recipe_keeps_its_name():
    assert compare.name_objective(dataclasses.replace(OBJECTIVES["aegan"], cycle=0.0)) == "aegan"
    assert compare.name_objective(dataclasses.replace(OBJECTIVES["aegan"], adv_z=0.02)) == "aegan"


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (None, "The request must be an object"),
        ({"model": "nothing"}, "There is no such model here"),
        ({"model": ["whole"]}, "There is no such model here"),
        ({"model": "points"}, "knows points, not pictures"),
        ({"model": "broken"}, "configuration"),
    ],
)
def test_wrong_families_get_one_sentence(models, request_, sentence):
    with pytest.raises(UserError, match=sentence):
        compare.describe_family(models, request_)


# -- strips ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["whole", "gan", "auto"])
def test_columns_are_the_points_of_explore_in_every_model(models, model):
    shown = models.get(model)
    noise = torch.stack([noise_of(shown, seed) for seed in range(3, 11)])
    assert np.array_equal(pixels(strip(models, "noise", 3, model)), to_uint8(shown.model.sample(0, noise=noise)))
    assert strip(models, "noise", 4, model)["pictures"][:7] == strip(models, "noise", 3, model)["pictures"][1:]


def test_a_walk_goes_from_the_first_point_to_the_last(models):
    ends, walk = pixels(strip(models, "noise")).astype(int), pixels(strip(models, "walk")).astype(int)
    assert np.abs(ends[[0, -1]] - walk[[0, -1]]).max() <= 1
    assert (ends[1:-1] != walk[1:-1]).any(axis=(1, 2, 3)).all()


def test_reconstructions_are_of_the_test_images_that_are_shown(models):
    real, again = strip(models, "real"), strip(models, "reconstructions")
    assert real["pictures"] == strip(models, "real", model="auto")["pictures"], "the same for the whole family"
    assert real["pictures"] != strip(models, "real", seed=4)["pictures"]
    assert pixels(real).shape == pixels(again).shape == (8, 28, 28, 1)
    error = np.mean((pixels(real).astype(float) - pixels(again)) ** 2)
    assert again["psnr"] == pytest.approx(10 * math.log10(255**2 / error), abs=0.06)


def test_made_pictures_say_so_and_real_ones_do_not(models):
    shown = models.get("whole")
    record = read_provenance(content(strip(models, "noise")["pictures"][2]))
    assert record["model"] == "whole" and record["generated"] is True
    assert torch.tensor(record["noise"]).allclose(noise_of(shown, 5)[None])
    code = read_provenance(content(strip(models, "reconstructions")["pictures"][0]))["code"]
    assert np.array(code).shape == (1, 6)
    assert read_provenance(content(strip(models, "real")["pictures"][0])) is None


def test_the_last_seed_is_followed_by_the_first(models):
    assert strip(models, "noise", MAX_SEED)["pictures"][1] == strip(models, "noise", 0)["pictures"][0]


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (None, "must be an object with model, seed and kind"),
        ("noise", "must be an object with model, seed and kind"),
        ({"model": "whole", "seed": 1}, "kind, one of noise, walk, real, reconstructions"),
        ({"model": "whole", "seed": 1, "kind": ["noise"]}, "kind, one of"),
        ({"model": "whole", "seed": -1, "kind": "noise"}, "The seed must be a whole number"),
        ({"model": "whole", "seed": 2**31, "kind": "noise"}, "The seed must be a whole number"),
        ({"model": "whole", "seed": 1.0, "kind": "walk"}, "The seed must be a whole number"),
        ({"model": "whole", "seed": True, "kind": "real"}, "The seed must be a whole number"),
        ({"model": "whole", "seed": "1", "kind": "real"}, "The seed must be a whole number"),
        ({"model": "nothing", "seed": 1, "kind": "noise"}, "There is no such model here"),
        ({"model": "nothing", "seed": 1, "kind": "real"}, "There is no such model here"),
        ({"model": "points", "seed": 1, "kind": "noise"}, "knows points, not pictures"),
        ({"model": "gan", "seed": 1, "kind": "reconstructions"}, "has no encoder"),
        ({"model": "unknown", "seed": 1, "kind": "real"}, "No test images of this model's data"),
        ({"model": "points", "seed": 1, "kind": "real"}, "No test images of this model's data"),
    ],
)
def test_wrong_strips_get_one_sentence(models, request_, sentence):
    with pytest.raises(UserError, match=sentence):
        compare.draw_strip(models, request_)


# -- the study ------------------------------------------------------------------------------------------------------


@pytest.fixture
def results():
    return made_up_results()


def write(folder, results):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(results if isinstance(results, str) else json.dumps(results))
    return folder


def test_results_are_cut_to_what_is_drawn(tmp_path, results):
    study = studies.read_study(write(tmp_path / "one", results))
    assert [row["name"] for row in study["rows"]] == ["autoencoder", "gan", "aegan"]
    gan = study["rows"][1]
    assert gan["arms"]["time"]["figures"]["fd/samples"] == [10.0, pytest.approx(math.sqrt(0.5))]
    assert gan["arms"]["images"]["figures"]["fd/samples"][0] == 22.0
    assert gan["arms"]["time"]["others"] == {"raw": {"fd/samples": [20.0, 0.0]}}
    assert "rec/psnr" not in gan["arms"]["time"]["figures"]
    assert [point["mean"] for point in gan["curve"]] == [32, 28, 20, 14, 10]
    assert (gan["curve"][0]["min"], gan["curve"][0]["max"]) == (31.5, 32.5)
    assert [column["name"] for column in study["columns"]][:3] == ["fd/samples", "fd/midpoints", "fd/reconstructions"]
    assert study["floor"] == pytest.approx({"fd/samples": 0.1, "prdc/recall": 0.9})
    assert study["seeds"] == "2"
    signs = {target["number"]: target["sign"] for target in study["targets"]}
    assert (signs[1], signs[3]) == ("≤", ">")
    prior, cycle = study["ingredients"]
    assert (prior["name"], prior["worth"], prior["value"], prior["seeds"]) == ("aegan-prior-none", 3.0, 9.0, 2)
    assert (cycle["name"], cycle["worth"]) == ("aegan-no-cycle", pytest.approx(0.8))
    json.dumps(study, allow_nan=False)


def test_a_study_without_an_ablation_has_no_ingredients(tmp_path, results):
    results["ablation"] = []
    assert studies.read_study(write(tmp_path / "none", results))["ingredients"] == []
    del results["ablation"]
    assert studies.read_study(write(tmp_path / "none", results))["ingredients"] == []


def test_a_study_of_points_follows_their_modes(tmp_path, results):
    results["extractor"] = None
    for row in results["rows"] + results["ablation"]:
        for moment in (*row["curve"], row["time"], row["images"]):
            moment["figures"] = {"modes/good_share": moment["figures"]["fd/samples"]}
    study = studies.read_study(write(tmp_path / "points", results))
    assert (study["followed"], study["columns"][0]["name"]) == ("modes/good_share", "modes/good_share")
    assert len(study["rows"][0]["curve"]) == 5 and study["ingredients"] == []


def _put(results, path, value):
    for key in path[:-1]:
        results = results[key]
    results[path[-1]] = value


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["rows"], None), (["rows"], {}), (["rows", 0], 7), (["rows", 0, "curve"], 3), (["rows", 0, "title"], ["x"]),
        (["rows", 1, "time", "figures", "fd/samples", "mean"], math.nan),
        (["rows", 1, "time", "figures", "fd/samples", "mean"], "<b>"),
        (["rows", 1, "curve", 0, "position"], {}), (["targets", 0, "limit"], math.inf), (["data"], []),
        (["data", "title"], 5), (["budget_seconds"], "300"), (["machines"], [{}]), (["versions"], None),
        (["floor", "prdc/recall"], "much"), (["ablation"], None), (["ablation", 0, "worth"], math.inf),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, list) else None,
)  # fmt: skip
def test_damaged_results_get_one_sentence(tmp_path, results, path, value):
    _put(results, path, value)
    with pytest.raises(UserError, match="The study in bad cannot be read .* write results.json again"):
        studies.read_study(write(tmp_path / "bad", results))


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "[" * 100_000], ids=["empty", "torn", "list", "number", "deep"])
def test_what_is_no_study_gets_one_sentence(tmp_path, text):
    with pytest.raises(UserError, match="cannot be read"):
        studies.read_study(write(tmp_path / "bad", text))
    with pytest.raises(UserError, match="cannot be read"):
        studies.read_study(tmp_path / "nowhere")


def test_results_are_bounded(tmp_path, results, monkeypatch):
    many = copy.deepcopy(results)
    many["rows"] *= 50
    many["data"]["credit"] = "x" * 10_000
    study = studies.read_study(write(tmp_path / "many", many))
    assert len(study["rows"]) == studies.MOST_ROWS and len(study["data"]["credit"]) == studies.MOST_WORDS
    monkeypatch.setattr(studies, "MAX_RESULTS_BYTES", 1000)
    with pytest.raises(UserError, match="cannot be read"):
        studies.read_study(tmp_path / "many")


def test_shipped_studies_are_found_and_damaged_ones_left_out(tmp_path, results):
    assert studies.find_studies(shipped=tmp_path) == {}
    write(tmp_path / "shipped" / "b", results)
    write(tmp_path / "shipped" / "broken", "{")
    own = write(tmp_path / "own", results)
    found = studies.find_studies([own], tmp_path / "shipped")
    assert list(found) == ["own", "b"]
    with pytest.raises(UserError, match="The study in broken cannot be read"):
        studies.find_studies([tmp_path / "shipped" / "broken"], tmp_path)
    for request in (None, {}, {"study": "../own"}, {"study": ["own"]}, {"study": "broken"}):
        with pytest.raises(UserError, match="There is no such study here"):
            studies.choose(found, request)
    assert studies.choose(found, {"study": "own"}) == own


def test_the_sheet_is_sent_if_there_is_one_of_bearable_size(tmp_path, monkeypatch):
    assert studies.read_sheet(tmp_path) == {"image": None}
    Image.new("L", (4, 4)).save(tmp_path / "samples.png")
    assert studies.read_sheet(tmp_path)["image"].startswith("data:image/png;base64,")
    Image.new("L", (4, 4)).save(tmp_path / "samples.webp")
    image = studies.read_sheet(tmp_path)["image"]
    assert image.startswith("data:image/webp;base64,") and content(image) == (tmp_path / "samples.webp").read_bytes()
    monkeypatch.setattr(studies, "MAX_SHEET_BYTES", 10)
    assert studies.read_sheet(tmp_path) == {"image": None}


def test_titles_cannot_be_markup(tmp_path, results):
    results["data"]["title"] = '"><script>bad()</script>'
    option = studies.option("one", write(tmp_path / "one", results))
    assert "<script" not in option and "&lt;script&gt;" in option
    assert option.endswith("· 1.33 min</option>")


def test_every_key_that_the_scripts_put_together_is_known(results):
    script = (ASSETS / "js" / "compare.js").read_text()
    used = set(re.findall(r'make\("\w+", "[^"]*", "(\w+)"', script)) | set(re.findall(r'"(fd_\w+|uneven\w*)"', script))
    used |= {f"strip_{kind}" for kind in compare.KINDS} | {"walk_what", "compare_alone", "psnr_here"}
    used |= {f"help.{term}" for term in compare.TERMS} | {f"objective.{name}" for name in (*OBJECTIVES, *ROWS)}
    used |= {f"{kind}.{name}" for kind in ("figure", "figure_help") for name in (*studies.COLUMNS, "images", "seconds")}
    used |= {f"ingredient.{name}" for name in ABLATION}
    used |= {f"prior.{prior}" for prior in ("flow", "mixture", "normal", "raw")}
    used |= {f"{kind}_{arm}" for kind in ("arm", "study_lead") for arm in studies.ARMS} | set(
        re.findall(r'"(how_\w+)"', (ASSETS / "js" / "study.js").read_text())
    )
    assert used <= set(TEXTS), sorted(used - set(TEXTS))


def test_every_target_is_said_in_both_languages(results):
    rows = {row["name"]: row for row in results["rows"]}
    rows |= {name: rows["autoencoder"] for name in ("vae", "adversarial-ae")}
    for arm in studies.ARMS:
        for place in ("midpoints", "worst_axis", "near"):
            rows["aegan"][arm]["figures"][f"explore/precision_{place}"] = {"mean": 0.5}
    targets = judge_targets(rows)
    assert {target["number"] for target in targets} == {1, 2, 3, 4, 5, 6}
    points = {
        "aegan": {"time": {"figures": {f"modes/{name}": {"mean": 8} for name in ("found", "total", "good_share")}}}
    }
    for target in [*targets, *judge_targets(points, are_points=True)]:
        assert f"target.{target['text']}" in TEXTS and f"goal.{target['number']}" in TEXTS, target["text"]
