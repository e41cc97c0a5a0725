"""The page's own components and the head that they share: templates, scripts, styles and texts put together."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from aegan.ui.texts import TEXTS, tables
from aegan.ui.texts_errors import ERRORS
from aegan.ui.theme import actor_variables

ASSETS = Path(__file__).resolve().parents[2] / "assets"
FIRST = ASSETS / "css" / "first.css"  # of what is to be seen before the page is built
STYLES = sorted(set((ASSETS / "css").glob("*.css")) - {FIRST}, key=lambda path: (path.name != "page.css", path))

_RELABELLED = ("label", "info", "value", "placeholder")


def component(
    name: str, server_functions: list[Callable[..., Any]] | None = None, events: Sequence[str] = (), **props: Any
) -> gr.HTML:
    """A component of ours: assets/html/NAME.html with its script assets/js/NAME.js. A script that is a module exports
    a function of (element, server, {props, watch, trigger}) as its default; `events` are those that it triggers. Until
    it has come, the component is inert: a press that nobody listens to would be lost without a sign.

    The template is filled in once, with `props`; what changes later the script draws itself, from `value` or from
    the answers of `server_functions`.
    """
    script = (ASSETS / "js" / f"{name}.js").read_text(encoding="utf-8")
    if "export default" in script:
        script = f'element.inert = true; import(window.aegan.asset("js/{name}.js"))'
        script += ".then((module) => { module.default(element, server, { props, watch, trigger });"
        script += " element.inert = false; });"
        script += f"// {json.dumps(list(events))}"  # Gradio wants to find their names
    return gr.HTML(
        html_template=(ASSETS / "html" / f"{name}.html").read_text(encoding="utf-8"),
        js_on_load=script,
        server_functions=server_functions,
        apply_default_css=False,
        elem_id=name,
        **props,
    )


def head(**facts: Any) -> str:
    """What the scripts share: texts and facts as JSON, then assets/js/page.js; the palette as CSS variables."""
    data = json.dumps({"texts": tables(), "errors": ERRORS, **facts}, ensure_ascii=False).replace("</", "<\\/")
    script = (ASSETS / "js" / "page.js").read_text(encoding="utf-8")
    return f"<style>{actor_variables()}</style><script>window.aeganData = {data};\n{script}</script>"


def first_look(picture: str) -> bytes:
    """What the page shows from its first byte on, where the explorer is going to show it: a picture, as a URI."""
    style = FIRST.read_text(encoding="utf-8")
    look = f'<style>{style}</style><div class="first-look" aria-hidden="true"><img src="{picture}" alt=""></div>'
    return look.encode()


def speak_every_language(page: gr.Blocks, switch: gr.HTML) -> None:
    """Puts Gradio's own components into the visitor's language: when the page opens and when `switch` says so.

    Components are built with English texts, which are looked up here; the page's scripts hold the table and make the
    changes in the browser, so that switching needs neither a reload nor the server.
    """
    keys = {english: key for key, (english, _) in TEXTS.items()}
    found: list[tuple[Any, dict[str, str]]] = []
    for block in page.blocks.values():
        shown = {name: getattr(block, name, None) for name in _RELABELLED}
        known = {name: keys[text] for name, text in shown.items() if isinstance(text, str) and text in keys}
        if known:
            found.append((block, known))
    script = f"() => window.aegan.relabel({json.dumps([known for _, known in found])})"
    outputs = [block for block, _ in found]
    page.load(None, None, outputs, js=script, api_visibility="private", show_progress="hidden")
    switch.language(None, None, outputs, js=script, api_visibility="private", show_progress="hidden")
