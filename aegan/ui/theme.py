"""Colours and type. One colour per actor, everywhere; the page's style sheet reads them as CSS variables."""

from __future__ import annotations

import gradio as gr

#: The palette of Wong (Nature Methods 8, 441, 2011), which colour-blind people tell apart.
ACTORS = {
    "real": "#009E73",
    "generated": "#E69F00",
    "encoder": "#0072B2",
    "generator": "#D55E00",
    "discriminator": "#CC79A7",
    "latent": "#56B4E9",
}

FONT = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "PingFang SC", "Microsoft YaHei", "sans-serif"]
MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]


def create_theme() -> gr.themes.Base:
    """Quiet: system fonts (nothing is fetched), warm greys, hairlines instead of shadows, one accent."""
    theme = gr.themes.Base(primary_hue="sky", neutral_hue="stone", font=FONT, font_mono=MONO, radius_size="md")
    return theme.set(
        body_background_fill="#fafaf8",
        body_background_fill_dark="#131315",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="#1b1b1e",
        background_fill_secondary="#f4f4f1",
        background_fill_secondary_dark="#232327",
        body_text_color="#1d1d1f",
        body_text_color_dark="#ececee",
        body_text_color_subdued="#62625d",
        body_text_color_subdued_dark="#a5a5ab",
        border_color_primary="#e4e4df",
        border_color_primary_dark="#333338",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_label_background_fill="transparent",
        block_title_text_weight="500",
        block_title_text_size="*text_sm",
        block_info_text_size="*text_xs",
        input_background_fill="#ffffff",
        input_background_fill_dark="#232327",
        input_border_color="#d8d8d2",
        input_border_color_dark="#3d3d43",
        input_border_width="1px",
        input_shadow="none",
        color_accent="#0072B2",
        slider_color="#0072B2",
        slider_color_dark="#56B4E9",
        button_primary_background_fill="#0072B2",
        button_primary_background_fill_dark="#0072B2",
        button_primary_background_fill_hover="#005f96",
        button_primary_background_fill_hover_dark="#1a86c4",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_dark="#2a2a2f",
        button_secondary_background_fill_hover="#f0f0ec",
        button_secondary_background_fill_hover_dark="#36363c",
        button_secondary_border_color="#d8d8d2",
        button_secondary_border_color_dark="#44444b",
        button_border_width="1px",
        button_primary_shadow="none",
        button_secondary_shadow="none",
    )


def actor_variables() -> str:
    """The palette as a style sheet, for the page's own components."""
    return ":root{" + "".join(f"--{name}:{colour};" for name, colour in ACTORS.items()) + "}"
