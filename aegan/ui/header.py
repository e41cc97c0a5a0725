"""The header: name, model chooser, where pictures are computed, language, theme."""

from __future__ import annotations

import html

import gradio as gr

from aegan.ui.models import Models
from aegan.ui.page import component
from aegan.ui.texts import LANGUAGES


def create_header(models: Models) -> gr.HTML:
    """Drawn by assets/js/header.js; its event `language` tells that another language was chosen."""
    return component(
        "header",
        models="".join(f'<option value="{html.escape(name)}">{html.escape(name)}</option>' for name in models.names),
        languages="".join(f'<option value="{code}" lang="{code}">{name}</option>' for code, name in LANGUAGES.items()),
    )
