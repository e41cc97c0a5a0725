"""Checkpoints: round trips, and one clear sentence for every way in which they can be wrong."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from aegan.config import PRESETS, UserError, get_preset
from aegan.model import AEGAN, pick_device


@pytest.fixture
def folder(tmp_path):
    config = get_preset("aegan").with_options(width=4, z_dim=4, flow_width=16)
    AEGAN(config, {"step": 7, "data": "fashion-mnist"}, seed=3).save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_round_trip(folder):
    model = AEGAN.from_pretrained(folder)
    again = AEGAN(model.config, seed=3).eval()
    noise = torch.randn(3, 4)
    assert torch.equal(model.sample(0, noise=noise), again.sample(0, noise=noise))
    assert model.info["step"] == 7 and not model.training
    assert not any(p.requires_grad for p in model.parameters())
    assert sorted(p.name for p in folder.iterdir()) == ["config.json", "model.safetensors"]


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_round_trips(name, tmp_path):
    AEGAN(PRESETS[name].with_options(width=4)).save_pretrained(tmp_path)
    assert AEGAN.from_pretrained(tmp_path).config == PRESETS[name].with_options(width=4)


def test_a_second_save_replaces_and_keeps_other_files(folder):
    (folder / "README.md").write_text("card")
    AEGAN(get_preset("autoencoder").with_options(width=4)).save_pretrained(folder)
    assert AEGAN.from_pretrained(folder).discriminator is None
    assert (folder / "README.md").read_text() == "card"


def edit_config(folder, change):
    values = json.loads((folder / "config.json").read_text())
    change(values)
    (folder / "config.json").write_text(json.dumps(values))


def edit_weights(folder, change):
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda v: v.update(format_version=99), "format_version 99"),
        (lambda v: v["model"].update(z_dim="4"), "z_dim must be of type int"),
        (lambda v: v["model"].update(z_dim=10**9), "z_dim must lie between"),
        (lambda v: v["model"].update(colour=1), "unknown field 'colour'"),
        (lambda v: v.update(model=3), "part 'model' must be an object"),
        (lambda v: v["objective"].update(rec=float("nan")), "rec must be a finite number"),
        (lambda v: v.update(info=[]), "info must be an object"),
        (lambda v: v["model"].update(z_dim=8), "not saved together"),
    ],
)
def test_a_wrong_configuration_is_named(folder, change, sentence):
    edit_config(folder, change)
    with pytest.raises(UserError, match=sentence):
        AEGAN.from_pretrained(folder)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.pop("generator.stem.weight"), "lacks tensor 'generator.stem.weight'"),
        (lambda t: t.update(extra=torch.zeros(1)), "unknown tensor 'extra'"),
        (lambda t: t.update({"generator.to_image.bias": torch.zeros(3)}), r"generator.to_image.bias has shape \[3\]"),
        (lambda t: t["generator.to_image.bias"].fill_(float("inf")), "to_image.bias has values that are not finite"),
    ],
)
def test_wrong_weights_are_named(folder, change, sentence):
    edit_weights(folder, change)
    with pytest.raises(UserError, match=sentence):
        AEGAN.from_pretrained(folder)


def test_unreadable_files(folder, tmp_path):
    with pytest.raises(UserError, match="no checkpoint folder"):
        AEGAN.from_pretrained(tmp_path / "missing")
    with pytest.raises(UserError, match="no checkpoint folder"):
        AEGAN.from_pretrained("../x")
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match="cannot be read as safetensors"):
        AEGAN.from_pretrained(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match="cannot be read as safetensors"):
        AEGAN.from_pretrained(folder)
    (folder / "config.json").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="cannot be read"):
        AEGAN.from_pretrained(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(UserError, match="not valid JSON"):
        AEGAN.from_pretrained(folder)


def test_a_hub_repository_that_cannot_be_had(monkeypatch):
    with pytest.raises(UserError, match="neither a folder nor to be had from the Hub"):
        AEGAN.from_pretrained("nobody/nothing", local_files_only=True)


def test_a_full_disk_leaves_the_earlier_checkpoint(folder, monkeypatch):
    before = (folder / "model.safetensors").read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("aegan.model.save_file", full)
    with pytest.raises(UserError, match="No space left"):
        AEGAN(get_preset("autoencoder")).save_pretrained(folder)
    assert (folder / "model.safetensors").read_bytes() == before
    assert sorted(p.name for p in folder.iterdir()) == ["config.json", "model.safetensors"]
    AEGAN.from_pretrained(folder)


def test_devices():
    assert pick_device("cpu").type == "cpu" and pick_device("auto").type in ("cpu", "cuda", "mps")
    with pytest.raises(UserError, match="no kind of device 'gpu'"):
        pick_device("gpu")
    with pytest.raises(UserError, match="not available on this machine"):
        pick_device("cuda:99")


def test_what_a_model_cannot_do_it_says():
    gan = AEGAN(get_preset("gan").with_options(width=4))
    with pytest.raises(UserError, match="no encoder"):
        gan.reconstruct(torch.zeros(1, 1, 28, 28))
    assert AEGAN(get_preset("autoencoder").with_options(width=4)).realness(torch.zeros(1, 1, 28, 28)) is None


def test_pushing_uploads_what_from_pretrained_reads(monkeypatch, tmp_path):
    uploaded = {}

    class Hub:
        def __init__(self, *args, **kwargs):
            pass

        def create_repo(self, repo_id, **kwargs):
            return type("Url", (), {"repo_id": repo_id})

        def upload_folder(self, repo_id, folder_path, **kwargs):
            uploaded.update({path.name: path.read_bytes() for path in Path(folder_path).iterdir()})
            return "done"

    monkeypatch.setattr("huggingface_hub.hub_mixin.HfApi", Hub)
    model = AEGAN(get_preset("aegan").with_options(width=4), {"step": 3}, seed=5).eval()
    assert model.push_to_hub("owner/name") == "done"
    for name in ("model.safetensors", "config.json"):
        (tmp_path / name).write_bytes(uploaded[name])
    monkeypatch.setattr("aegan.model.snapshot_download", lambda *args, **kwargs: str(tmp_path))
    again = AEGAN.from_pretrained("owner/name", revision="main")
    noise = torch.randn(2, 32)
    assert again.info == {"step": 3} and torch.equal(again.sample(0, noise=noise), model.sample(0, noise=noise))
