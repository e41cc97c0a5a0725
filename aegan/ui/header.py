"""The header: name, model chooser, where pictures are computed, language, theme."""

from __future__ import annotations

import gradio as gr

from aegan.ui.page import component
from aegan.ui.texts import LANGUAGES


def create_header() -> gr.HTML:
    """Drawn by assets/js/header.js; its event `language` tells that another language was chosen."""
    return component(
        "header",
        languages="".join(f'<option value="{code}" lang="{code}">{name}</option>' for code, name in LANGUAGES.items()),
    )
