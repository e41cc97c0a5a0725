"""The map's own part of the server; what it shows and how it moves is tested in the browser."""

import html
import json

import gradio as gr

from aegan.atlas import ATLAS
from aegan.config import get_preset
from aegan.model import AEGAN
from aegan.ui.map import create_map
from aegan.ui.models import Models

SMALL = {"architecture": "dense", "width": 4, "z_dim": 10, "flow_layers": 2, "flow_width": 8, "img_resolution": 16}


def test_training_images_are_offered_where_there_is_an_atlas(tmp_path):
    for name in ("plain", "<with>"):
        AEGAN(get_preset("aegan").with_options(**SMALL)).save_pretrained(tmp_path / name)
    (tmp_path / "<with>" / ATLAS).touch()
    with gr.Blocks() as page:
        create_map(Models([tmp_path / "plain", tmp_path / "<with>"], shipped=tmp_path / "none"))
    (component,) = (block for block in page.blocks.values() if isinstance(block, gr.HTML))
    clouds = component.props["clouds"]
    assert json.loads(html.unescape(clouds)) == ["<with>"]
    assert not set("<>\"'") & set(clouds)  # it stands in an attribute
