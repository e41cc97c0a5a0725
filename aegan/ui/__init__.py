"""The page: a header and four tabs over the core. Tabs never import each other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before gradio reads it
with suppress(ImportError):  # before torch is imported, as Hugging Face's hosted GPUs require
    import spaces  # noqa: F401

import gradio as gr  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402

from aegan.images import MAX_FILE_BYTES  # noqa: E402
from aegan.job import LIMITS  # noqa: E402
from aegan.jobs import Jobs  # noqa: E402
from aegan.model import pick_device  # noqa: E402
from aegan.package import MAX_PACKAGE_BYTES  # noqa: E402
from aegan.ui import figures  # noqa: E402
from aegan.ui.after import LARGE, after_routes  # noqa: E402
from aegan.ui.brought import Brought  # noqa: E402
from aegan.ui.choosing import choosing_facts  # noqa: E402
from aegan.ui.compare import create_compare_tab  # noqa: E402
from aegan.ui.endpoints import create_endpoints  # noqa: E402
from aegan.ui.explore import create_explore_tab, first_view  # noqa: E402
from aegan.ui.header import create_header  # noqa: E402
from aegan.ui.hosting import MAX_WAITING, TURN_SECONDS, Gate, lender, seat  # noqa: E402
from aegan.ui.models import Models  # noqa: E402
from aegan.ui.nearest import create_nearest  # noqa: E402
from aegan.ui.own import OwnModels  # noqa: E402
from aegan.ui.page import STYLES, first_look, head, speak_every_language  # noqa: E402
from aegan.ui.reconstruct import create_reconstruct_tab  # noqa: E402
from aegan.ui.served import Compress, FirstLook, routes, version  # noqa: E402
from aegan.ui.shelf import create_shelf  # noqa: E402
from aegan.ui.studies import create_study  # noqa: E402
from aegan.ui.texts import say  # noqa: E402
from aegan.ui.theme import create_theme  # noqa: E402
from aegan.ui.training import create_training_tab  # noqa: E402


def build_app(
    checkpoints: Sequence[str | Path] = (), device: str = "auto", studies: Sequence[str | Path] = ()
) -> tuple[gr.Blocks, dict[str, Any]]:
    """The page and the options it is launched with.

    Args:
        checkpoints: model folders shown besides the shipped ones, and before them.
        device: where training runs; pictures are always decoded on the CPU, where one at a time is quickest.
        studies: folders of `python -m aegan study` shown besides the shipped ones, and before them.

    Raises:
        UserError: when the first model or a study cannot be loaded, or the device is not there.
    """
    lend = lender()
    limits = replace(LIMITS, turn_seconds=TURN_SECONDS if lend else 0)
    jobs = Jobs(limits, str(pick_device(device)), lend=lend)
    own, brought = OwnModels(jobs), Brought(jobs)
    models = Models(checkpoints, own=own)
    with seat():
        first = first_view(models)
    with gr.Blocks(title="AE-GAN", analytics_enabled=False, delete_cache=(600, 3600), fill_width=True) as page:
        header = create_header()
        own_run = gr.BrowserState(None, storage_key="aegan.run", secret="aegan")  # in a tab it would be read too late
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab(say("tab_explore"), id="explore"):
                create_explore_tab(models)
                create_shelf(models)
                create_nearest(models)
            with gr.Tab(say("tab_reconstruct"), id="reconstruct"):
                create_reconstruct_tab(models)
            with gr.Tab(say("tab_compare"), id="compare"):
                create_compare_tab(models)
                create_study(studies)
            with gr.Tab(say("tab_train"), id="train"):
                create_training_tab(models, jobs, page, own_run, brought)
        create_endpoints(models)
        speak_every_language(page, header)
        quick: Any = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        page.load(lambda job_id: {"card": own.find_card(job_id)}, own_run, header, **quick)
    page.queue(max_size=MAX_WAITING, default_concurrency_limit=2)
    facts = {
        "models": models.cards(), "first": first, "device": "CPU", "max_megabytes": MAX_FILE_BYTES // 2**20,
        "most_brought": MAX_PACKAGE_BYTES, "version": version(), "choosing": choosing_facts(jobs),
    }  # fmt: skip
    look = first_look(figures.to_uri(first["pictures"][0])) if first and "width" in first["pictures"][0] else b""
    return page, {
        "theme": create_theme(),
        "css_paths": STYLES,
        "head": head(**facts),
        "footer_links": ["api"],
        "run_history": False,
        "enable_monitoring": False,
        "show_error": False,
        "max_file_size": MAX_FILE_BYTES,
        "state_session_capacity": 1000,
        "app_kwargs": {
            "middleware": [Middleware(Compress), Middleware(FirstLook, look), Middleware(Gate, larger=LARGE)],
            "routes": [*after_routes(own, brought), *routes(models)],
            "docs_url": None,
            "redoc_url": None,
            "openapi_url": None,
        },  # fmt: skip
    }
