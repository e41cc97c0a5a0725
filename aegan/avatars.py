"""Cartoon faces with known attributes, rendered by DiceBear."""

from __future__ import annotations

from typing import Any

import numpy as np

from aegan.config import UserError

LICENSE = "CC BY 4.0"
CREDIT = "ToonHead by Johan Melin, rendered with DiceBear"
FULL, FULL_TEST = 12_000, 2_000


def render(train: int, test: int) -> tuple[np.ndarray, dict[str, Any]]:
    raise UserError("Rendering avatars is not built yet.")
