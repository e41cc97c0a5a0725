"""What a run shall be, as JSON for assets/js/choose.js: data, preset, knobs; what it will take; its link."""

from __future__ import annotations

from typing import Any

import gradio as gr

from aegan.catalog import list_data
from aegan.config import Config, UserError
from aegan.data import Dataset
from aegan.estimate import Estimates, count_weights
from aegan.jobs import Jobs
from aegan.ui.hosting import answers
from aegan.ui.own_data import OwnData
from aegan.ui.page import component
from aegan.ui.recipes import FIRST_CHOICE, KNOBS, configure, describe_knobs, knob_values, pack_link, parse_link
from aegan.uploads import OWN


class Choosing:
    """What visitors choose on this server."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs, self.estimates, self.own = jobs, Estimates(jobs), OwnData(jobs.limits.upload)

    def config(self, choice: Any) -> tuple[Config, Dataset | None]:
        """The run that was chosen, and the visitor's own images where it is to learn from those.

        Args:
            choice: {"data", "preset", "knobs": {name: value}, "own": the token of own images, or None}.

        Raises:
            UserError: names what is wrong.
        """
        knobs = choice.get("knobs") if isinstance(choice, dict) else None
        if not isinstance(knobs, dict) or len(knobs) > len(KNOBS):
            raise UserError("A choice is an object with data, preset and knobs.")
        own = self.own.get(choice.get("own")) if choice.get("data") == OWN else None
        return configure(str(choice.get("data"))[:80], str(choice.get("preset"))[:80], knobs, own), own

    def start(self, choice: Any, owner: str) -> str:
        """Begins the run that was chosen; returns its id.

        Raises:
            UserError: says why it cannot begin.
        """
        config, own = self.config(choice)
        return self.jobs.start(config, owner=owner, own=own)

    def describe(self, request: Any) -> dict[str, Any]:
        """A choice with all its values, its link, and why it cannot start.

        Args:
            request: as for `config`; or {"link": text} of an address, which a strange value makes the first choice.
        """
        choice, wrong = request, ""
        if isinstance(request, dict) and "link" in request:
            data, preset = FIRST_CHOICE
            knobs: dict[str, Any] = {}
            try:
                data, preset, knobs = parse_link(request["link"])
            except UserError as error:
                wrong = str(error)
            choice = {"data": data, "preset": preset, "knobs": knobs, "own": None}
        config, own = self.config(choice)
        answer = {
            "data": choice["data"],
            "preset": choice["preset"],
            "knobs": choice["knobs"],
            "values": dict(zip(KNOBS, knob_values(config), strict=True)),
            "link": pack_link(choice["data"], choice["preset"], config, own),
            "wrong": wrong,
            "refused": "",
        }
        try:
            if choice["data"] != OWN or own is not None:
                self.jobs.bounded(config, own)
            answer["weights"] = count_weights(config)
        except UserError as error:
            answer["refused"] = str(error)
        return answer

    def estimate(self, request: Any) -> dict[str, Any]:
        """What the chosen run will take; see `Estimate`.

        Raises:
            UserError: when it is beyond the limits.
        """
        config, own = self.config(request)
        config = self.jobs.bounded(config, own)
        found, limit = self.estimates.of(config), self.jobs.limits.seconds
        reached = None
        if found.seconds is not None and found.seconds > limit:
            reached = int(config.train.steps * limit / found.seconds)
        return {
            "megabytes": None if found.memory is None else round(found.memory / 2**20),
            "most_megabytes": None if found.most_memory is None else round(found.most_memory / 2**20),
            "fits": found.fits,
            "is_sure": found.is_sure,
            "speed": None if found.images_per_second is None else round(found.images_per_second),
            "seconds": None if found.seconds is None else round(found.seconds, 1),
            "steps": config.train.steps,
            "reached": reached,
            "limit": round(limit / 60),
        }


def create_choosing(jobs: Jobs) -> tuple[gr.HTML, Choosing]:
    """The part of the tab where a run is chosen. Its event `start` comes with {"choice": as for `Choosing.config`}."""
    choosing = Choosing(jobs)
    functions = {"on_choice": choosing.describe, "on_estimate": choosing.estimate, "on_images": choosing.own.read}
    served = [answers(function, name) for name, function in functions.items()]
    sets = "".join(f'<option value="{d.name}">{d.title}</option>' for d in list_data() if d.available)
    return component("choose", server_functions=served, events=["start"], sets=sets), choosing


def choosing_facts(jobs: Jobs) -> dict[str, Any]:
    """What the page's scripts know of choosing from the start."""
    limits = jobs.limits.upload
    return {
        "knobs": describe_knobs(),
        "first": dict(zip(("data", "preset"), FIRST_CHOICE, strict=True)),
        "least": limits.least,
        "images": limits.images,
        "megabytes": limits.bytes // 2**20,
    }
