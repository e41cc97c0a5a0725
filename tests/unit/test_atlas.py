"""The index of training images: what is nearest, what is a copy, what a damaged file is."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from aegan.atlas import ATLAS, FEWEST_TESTS, MAX_BYTES, MOST_KEPT, build_atlas, load_atlas, save_atlas
from aegan.atlas_index import CODE_UNIT, PIXELS, Atlas, describe_images
from aegan.config import OBJECTIVES, UserError, get_preset
from aegan.data import Dataset, load_data
from aegan.images import to_model, to_uint8
from aegan.model import AEGAN

SMALL = {"architecture": "dense", "width": 4, "z_dim": 6, "flow_layers": 2, "flow_width": 8}


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_data("mnist", full=False)


@pytest.fixture(scope="module")
def model() -> AEGAN:
    return AEGAN(dataclasses.replace(get_preset("aegan"), data="mnist").with_options(**SMALL)).eval()


@pytest.fixture(scope="module")
def atlas(model, digits) -> Atlas:
    return build_atlas(model, digits)


@pytest.fixture(scope="module")
def true_features(digits):
    """Of the indexed images, not rounded."""
    return describe_images(digits.train, "digits-cnn")


@pytest.fixture
def colours() -> Dataset:
    """Pictures of one colour each and some noise, of two kinds."""
    rng = np.random.default_rng(0)
    pictures = np.clip(rng.integers(0, 255, (60, 1, 1, 3)) + rng.normal(0, 12, (60, 32, 32, 3)), 0, 255)
    pictures, labels = pictures.astype(np.uint8), np.arange(60) % 2
    return Dataset("mine", "mine", pictures[:40], pictures[40:], labels[:40], labels[40:], ("a", "b"), "mine", "me")


@pytest.fixture
def painter() -> AEGAN:
    config = get_preset("aegan").with_options(**SMALL, img_resolution=32, img_channels=3, flip=True)
    return AEGAN(dataclasses.replace(config, data="mine")).eval()


# -- what is nearest ------------------------------------------------------------------------------------------------


def test_the_search_is_exact(atlas, model, digits):
    """Against distances to every vector, one by one."""
    made = to_uint8(model.sample(20, torch.Generator().manual_seed(0)))
    for image in [*made, *digits.test[:20]]:
        query = describe_images(image[None], "digits-cnn")
        every = (query - atlas.vectors).norm(dim=1)
        distances, rows = atlas.nearest(image)
        assert rows.tolist() == every.argsort()[:6].tolist()
        assert torch.allclose(distances, every[rows], atol=1e-6)


def test_rounding_moves_distances_by_little(atlas, digits, true_features):
    queries = describe_images(digits.test[:300], "digits-cnn")
    moved = (torch.cdist(queries, atlas.vectors) - torch.cdist(queries, true_features)).abs().max()
    assert moved <= atlas.scale.norm() / 2 + 1e-3  # every feature by half a unit, at worst
    assert 0 < moved < 0.03 * atlas.usual[50]


def test_copies_are_found(atlas, digits, true_features):
    for row in range(0, len(digits.train), 97):
        distances, rows = atlas.nearest(digits.train[row])
        assert int(rows[0]) == row
        assert distances[0] < 0.05 * atlas.usual[50] < 0.2 * atlas.usual[1] and atlas.rank(float(distances[0])) == 0
        assert distances[0] <= (true_features[row] - atlas.vectors[row]).norm() + 1e-4
        assert np.array_equal(atlas.pictures[int(rows[0])], digits.train[row])


def test_a_mirrored_copy_is_found_where_training_mirrors(painter, colours):
    atlas = build_atlas(painter, colours)
    assert atlas.is_mirrored
    picture = np.ascontiguousarray(colours.train[7, :, ::-1])
    distances, rows = atlas.nearest(picture)
    assert int(rows[0]) == 7 and distances[0] < 0.1 * atlas.usual[50]
    plain = dataclasses.replace(atlas, is_mirrored=False)
    assert plain.nearest(picture)[0][0] > 2 * distances[0]


def test_the_scale_is_that_of_test_images(atlas, digits):
    found = [float(atlas.nearest(image)[0][0]) for image in digits.test[:200]]
    assert np.median([atlas.rank(distance) for distance in found]) == pytest.approx(50, abs=8)
    assert torch.equal(atlas.usual, atlas.usual.sort().values)
    assert (atlas.rank(0.0), atlas.rank(1e9)) == (0, 100)
    every = torch.cdist(describe_images(digits.test, "digits-cnn"), atlas.vectors).amin(1)
    assert atlas.usual[50] == pytest.approx(float(every.median()), rel=0.01)


def test_labels_and_codes_are_those_of_the_images(atlas, model, digits):
    assert (atlas.data, atlas.attribute, atlas.total, len(atlas.index)) == ("mnist", "class", 6000, 6000)
    assert [atlas.label(row) for row in range(50)] == [str(label) for label in digits.train_labels[:50]]
    images = digits.train[atlas.rows[:100].numpy()]
    noise = model.to_noise(model.encode(to_model(images))).detach()
    assert (atlas.codes[:100] * CODE_UNIT - noise).abs().max() <= 0.51 * CODE_UNIT
    assert len(set(atlas.rows.tolist())) == len(atlas.codes) == 1500


def test_faces_are_coloured_by_their_hair(painter, colours):
    attributes = {"beard": ("none", "full"), "hair colour": ("black", "blue", "rose")}
    chosen = np.stack([np.arange(40) % 2, np.arange(40) % 3], axis=1)
    atlas = build_atlas(painter, dataclasses.replace(colours, attributes=attributes, train_attributes=chosen))
    assert (atlas.attribute, atlas.names) == ("hair colour", ("black", "blue", "rose"))
    assert [atlas.label(row) for row in range(4)] == ["black", "blue", "rose", "black"]


def test_few_test_images_give_no_scale(painter, colours):
    atlas = build_atlas(painter, dataclasses.replace(colours, test=colours.test[: FEWEST_TESTS - 1]))
    assert not len(atlas.usual) and atlas.rank(1.0) is None


def test_pictures_of_other_data_are_kept(painter, colours, monkeypatch):
    atlas = build_atlas(painter, colours)
    assert (atlas.data, atlas.extractor, atlas.names) == ("", PIXELS, ("a", "b"))
    assert atlas.pictures.shape == colours.train.shape
    for kept, image in zip(atlas.pictures, colours.train, strict=True):
        assert np.abs(kept.mean((0, 1)) - image.mean((0, 1))).max() < 12
    monkeypatch.setattr("aegan.atlas.MOST_KEPT", 10)
    fewer = build_atlas(painter, dataclasses.replace(colours, train_labels=None))
    assert len(fewer.index) == len(fewer.pictures) == 10 and fewer.total == 40
    assert (fewer.attribute, fewer.label(3)) == ("", "")
    assert len(fewer.nearest(colours.train[0], 50)[0]) == 10
    assert MOST_KEPT > 10


def test_a_folder_named_like_a_set_is_not_taken_for_it(painter, colours):
    assert build_atlas(painter, dataclasses.replace(colours, name="avatars", title="avatars")).data == ""


@pytest.mark.parametrize("objective", ["gan", "seed"])
def test_models_without_a_space_of_codes_have_none(colours, objective):
    config = get_preset("aegan").with_options(**SMALL, img_resolution=32, img_channels=3)
    atlas = build_atlas(AEGAN(dataclasses.replace(config, objective=OBJECTIVES[objective])).eval(), colours)
    assert atlas.codes.shape == (0, 6) and len(atlas.index) == 40


def test_points_have_no_atlas(points, quick_points, tmp_path):
    model = AEGAN(quick_points).eval()
    model.save_pretrained(tmp_path)
    for make in (lambda: build_atlas(model, points), lambda: save_atlas(tmp_path)):
        with pytest.raises(UserError, match="only models of images have an atlas"):
            make()


# -- on disk --------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(painter, colours, tmp_path):
    painter.save_pretrained(tmp_path / "mine")
    save_atlas(tmp_path / "mine", colours)
    return tmp_path / "mine"


def test_what_was_written_is_read(folder, painter, colours):
    content = (folder / ATLAS).read_bytes()
    found, built = load_atlas(folder, painter), build_atlas(AEGAN.from_pretrained(folder), colours)
    for field in dataclasses.fields(Atlas):
        given, wanted = getattr(found, field.name), getattr(built, field.name)
        assert torch.equal(given, wanted) if isinstance(wanted, torch.Tensor) else given == wanted, field.name
    save_atlas(folder, colours)
    assert (folder / ATLAS).read_bytes() == content
    assert sorted(path.name for path in folder.iterdir()) == [ATLAS, "config.json", "model.safetensors"]


def test_a_checkpoint_without_one_has_none(folder, painter):
    (folder / ATLAS).unlink()
    assert load_atlas(folder, painter) is None


def test_data_that_cannot_be_found_are_said(folder):
    with pytest.raises(UserError, match="There is no data set 'mine'"):
        save_atlas(folder)


def rewrite(folder, facts=None, tensors=None, drop=None) -> None:
    from safetensors import safe_open

    with safe_open(folder / ATLAS, "pt") as file:
        known = json.loads(file.metadata()["facts"])
    given = {name: t for name, t in (load_file(folder / ATLAS) | (tensors or {})).items() if name != drop}
    known = {name: value for name, value in (known | (facts or {})).items() if name != drop}
    save_file(given, folder / ATLAS, {"facts": json.dumps(known)})


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"facts": {"format_version": 2}}, "format_version must be 1"),
        ({"drop": "codes"}, "its tensors must be"),
        ({"drop": "names"}, "its facts must be"),
        ({"tensors": {"more": torch.zeros(1)}}, "its tensors must be"),
        ({"tensors": {"index": torch.zeros(40, 768)}}, "its tensors must be"),
        ({"tensors": {"index": torch.zeros(40, 5, dtype=torch.int8)}}, "must be of the features that pixels has"),
        ({"tensors": {"index": torch.zeros(0, 768, dtype=torch.int8)}}, "at least one training image"),
        ({"tensors": {"index": torch.zeros(40, dtype=torch.int8)}}, "at least one training image"),
        ({"tensors": {"scale": torch.full((768,), torch.nan)}}, "scale must be finite"),
        ({"tensors": {"scale": torch.full((768,), -1.0)}}, "scale must be finite"),
        ({"tensors": {"scale": torch.ones(7)}}, "must be of the features that pixels has"),
        ({"tensors": {"labels": torch.full((40,), 2, dtype=torch.int16)}}, "labels must be those of the index"),
        ({"tensors": {"labels": torch.full((40,), -1, dtype=torch.int16)}}, "labels must be those of the index"),
        ({"tensors": {"labels": torch.zeros(39, dtype=torch.int16)}}, "labels must be those of the index"),
        ({"tensors": {"usual": torch.arange(101.0).flip(0)}}, "usual must be 101 growing distances"),
        ({"tensors": {"usual": torch.full((101,), torch.inf)}}, "usual must be 101 growing distances"),
        ({"tensors": {"usual": torch.zeros(5)}}, "usual must be 101 growing distances"),
        ({"tensors": {"rows": torch.full((40,), 40, dtype=torch.int32)}}, "rows must be of the index"),
        ({"tensors": {"rows": torch.zeros(2000, dtype=torch.int32)}}, "rows must be of the index"),
        ({"tensors": {"codes": torch.zeros(40, 5, dtype=torch.int16)}}, "codes must be one for each of the rows"),
        ({"tensors": {"sheet": torch.zeros(0, dtype=torch.uint8)}}, "its pictures must be"),
        ({"facts": {"data": "mnist"}}, "its pictures must be"),
        ({"facts": {"data": "../../etc"}}, "its data do not come along"),
        ({"facts": {"data": "cifar10"}}, "its data do not come along"),
        ({"facts": {"data": ["mnist"]}}, "its data do not come along"),
        ({"facts": {"shape": [28, 1]}}, "another shape than the model's"),
        ({"facts": {"shape": None}}, "another shape than the model's"),
        ({"facts": {"extractor": "digits-cnn"}}, "must be of the features that digits-cnn has"),
        ({"facts": {"extractor": "../digits-cnn"}}, "its extractor must be one of"),
        ({"facts": {"extractor": ["pixels"]}}, "its extractor must be one of"),
        ({"facts": {"total": 3}}, "at least one training image"),
        ({"facts": {"total": "40"}}, "total must be a whole number"),
        ({"facts": {"is_mirrored": 1}}, "is_mirrored true or false"),
        ({"facts": {"names": ["x" * 101, "b"]}}, "short words"),
        ({"facts": {"names": "ab"}}, "short words"),
        ({"facts": {"attribute": None}}, "short words"),
        ({"facts": {"weights_sha256": "0"}}, "of other weights"),
    ],
)
def test_damaged_parts_get_one_sentence(folder, painter, change, sentence):
    rewrite(folder, **change)
    with pytest.raises(UserError, match=f"{sentence}.*make it anew with `python -m aegan prepare mine`"):
        load_atlas(folder, painter)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 100, b"\x08\0\0\0\0\0\0\0{" + b" " * 7])
def test_what_is_no_such_file_gets_one_sentence(folder, painter, content):
    (folder / ATLAS).write_bytes(content)
    with pytest.raises(UserError, match="cannot be read: delete it, or make it anew"):
        load_atlas(folder, painter)


def test_facts_that_are_no_json_and_files_too_large_get_one_sentence(folder, painter):
    save_file(load_file(folder / ATLAS), folder / ATLAS, {"facts": "[" * 100_000})
    with pytest.raises(UserError, match="cannot be read"):
        load_atlas(folder, painter)
    with (folder / ATLAS).open("r+b") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(UserError, match="cannot be read"):
        load_atlas(folder, painter)


def test_an_atlas_of_other_weights_is_refused(folder, painter):
    AEGAN(painter.config, seed=1).save_pretrained(folder)
    with pytest.raises(UserError, match="of other weights than those beside it"):
        load_atlas(folder, painter)


def test_a_sheet_of_another_size_is_refused(folder, painter):
    rewrite(folder, tensors={"sheet": torch.zeros(50, dtype=torch.uint8)})
    with pytest.raises(UserError, match="damaged or not a picture"):
        load_atlas(folder, painter).pictures  # noqa: B018
