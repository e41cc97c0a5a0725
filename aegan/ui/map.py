"""The map in Explore: a plane of the latent space in small pictures, and where training images lie on it."""

from __future__ import annotations

import html
import json

from aegan.atlas import ATLAS
from aegan.ui.hosting import answers
from aegan.ui.models import Models
from aegan.ui.nearest import describe_cloud
from aegan.ui.page import component


def create_map(models: Models) -> None:
    """Below the explorer: one component, drawn by assets/js/map.js, which has the explorer make its pictures. Training
    images are offered for models that have an atlas."""
    clouds = [name for name, folder in models.folders.items() if (folder / ATLAS).is_file()]
    component(
        "map",
        server_functions=[answers(lambda request: describe_cloud(models, request), "on_cloud")],
        clouds=html.escape(json.dumps(clouds)),
    )
