"""What a model card says of how its model was trained."""

import json
import shlex

import numpy as np
import pytest

from aegan import cli, cli_train
from aegan.card import train_command
from aegan.checkpoints import SHIPPED, shipped_models
from aegan.config import PRESETS, Config, get_preset


@pytest.mark.parametrize("preset", [*PRESETS, "points"])
@pytest.mark.parametrize("changes", [{}, {"lr": 0.01, "flip": True, "adv_kind": "hinge"}])
def test_the_command_on_a_card_describes_its_configuration(preset, changes, monkeypatch, points, images):
    config = get_preset(preset).with_options(**changes)

    def load(name, img_resolution=16, img_channels=1):
        """Stands for any data set: as large as it is asked to be."""
        if img_resolution == 1 or name == "ring":
            return points
        shape = (4, img_resolution, img_resolution, img_channels)
        return cli_train.replace(images, train=np.zeros(shape, np.uint8))

    monkeypatch.setattr(cli_train, "load_data", load)
    for data in (config.data, "ring" if config.model.is_points else "other"):
        wanted = cli_train.replace(config, data=data)
        words = shlex.split(train_command(wanted))
        assert words[:3] == ["python", "-m", "aegan"]
        found, _ = cli_train.configure(cli.create_parser().parse_args(words[3:]))
        assert found == wanted


@pytest.mark.parametrize("name", shipped_models())
def test_the_commands_on_shipped_cards_still_say_how_these_models_were_trained(name):
    """A preset that changes later must not change what the card of an earlier model says."""
    folder = SHIPPED / name
    config = Config.from_dict(json.loads((folder / "config.json").read_text("utf-8")))
    assert f"\n{train_command(config)}\n" in (folder / "README.md").read_text("utf-8")
