"""`python -m aegan fit`: a checkpoint's flow alone learns on."""

import pytest
import torch

from aegan import cli
from aegan.checkpoints import save_model
from aegan.images import to_model
from aegan.model import AEGAN


@pytest.fixture
def checkpoint(tmp_path, monkeypatch, quick_points, points):
    """A folder with a model of points whose flow has learnt nothing yet."""
    monkeypatch.setattr("aegan.cli_use.load_data", lambda *name_and_shape: points)
    folder = tmp_path / "model"
    save_model(folder, AEGAN(quick_points.with_options(prior="flow")))
    (folder / "metrics.json").write_text("{}")
    return folder


def test_a_flow_is_fitted_further_and_nothing_else_changes(checkpoint, points, capsys):
    before = AEGAN.from_pretrained(checkpoint)
    codes = before.encode(to_model(points.train))
    assert cli.main(["fit", str(checkpoint), "--steps", "300", "--rate", "5e-3"]) == 0
    assert f"evaluate {checkpoint} --save" in capsys.readouterr().err
    after = AEGAN.from_pretrained(checkpoint)
    assert after.prior.log_prob(codes).mean() > before.prior.log_prob(codes).mean() + 0.1
    for network in ("encoder", "generator", "discriminator"):
        old, new = (getattr(model, network).state_dict() for model in (before, after))
        assert all(torch.equal(old[key], new[key]) for key in old)
    card = (checkpoint / "README.md").read_text()
    assert "for 300 steps more: `python -m aegan fit FOLDER --steps 300 --rate 0.005`" in card
    assert "codes of 64 training items" in card
    assert not (checkpoint / "metrics.json").exists(), "the former flow's figures are not this one's"


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["--steps", "0"], "between 1 and 100,000"),
        (["--steps", "many"], "whole number"),
        (["--rate", "nan"], "number above 0"),
        (["fashion-gan"], "prior is a flow"),
        (["nobody/nothing"], "that is here"),
    ],
)
def test_mistakes_cost_one_line_and_change_nothing(checkpoint, words, sentence, capsys):
    before = (checkpoint / "model.safetensors").read_bytes()
    assert cli.main(["fit", *([str(checkpoint)] if words[0].startswith("--") else []), *words]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert sentence in line
    assert (checkpoint / "model.safetensors").read_bytes() == before and (checkpoint / "metrics.json").exists()
