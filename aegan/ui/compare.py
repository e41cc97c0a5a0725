"""Compare: models of the same data side by side, from the same noise and from the same test images."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from aegan.catalog import ASSETS
from aegan.config import OBJECTIVES, Objective, UserError
from aegan.data import load_data
from aegan.images import to_model, to_uint8
from aegan.latent import interpolate
from aegan.metrics import psnr
from aegan.provenance import describe_picture
from aegan.ui import figures
from aegan.ui.hosting import MAX_SEED, answers, parse_seed
from aegan.ui.models import Facts, Models, Shown, noise_of
from aegan.ui.page import component

COLUMNS = 8  # pictures in a strip
MOST_ROWS = 6
MOST_TESTS = 500  # test images that are kept in memory, of each data set
TERMS = ("rec", "adv", "adv_rec", "adv_z", "cycle", "rec_fake", "kl")
KINDS = ("noise", "walk", "real", "reconstructions")


def create_compare_tab(models: Models) -> None:
    """The tab: one component, drawn by assets/js/compare.js."""

    @answers
    def on_family(request: Any) -> dict[str, Any]:
        return describe_family(models, request)

    @answers
    def on_strip(request: Any) -> dict[str, Any]:
        return draw_strip(models, request)

    component("compare", server_functions=[on_family, on_strip])


def describe_family(models: Models, request: Any) -> dict[str, Any]:
    """The chosen model and those that it can be compared with.

    Args:
        models: where to find them.
        request: {"model": name}.

    Returns:
        "model", "data" (its title), "terms" that any of them learns from, "has_tests" (whether there are test images
        to reconstruct) and "rows": each model's name, objective, weights, figures and length of training.

    Raises:
        UserError: for a request that is not of this form, or a model of points.
    """
    if not isinstance(request, dict):
        raise UserError("The request must be an object with model.")
    chosen = models.facts(request.get("model"))
    config = chosen.config
    if config.model.is_points:
        raise UserError("This model knows points, not pictures: choose another model.")
    family = find_family(models, chosen)
    return {
        "model": chosen.name,
        "data": str(chosen.info.get("data_title") or config.data),
        "terms": [term for term in TERMS if any(getattr(facts.config.objective, term) for facts in family)],
        "has_tests": _has_tests(config.data),
        "rows": [_describe(facts) for facts in family],
    }


def find_family(models: Models, chosen: Facts) -> list[Facts]:
    """The chosen model and one of each other objective, of the same data, size of pictures and size of noise.

    The richest mixture of terms comes first, whichever was chosen, so that choosing another moves nothing.
    """

    def kind(facts: Facts) -> tuple[Any, ...]:
        return (str(facts.info.get("data") or facts.config.data), facts.config.model.x_shape, facts.config.model.z_dim)

    family = {_lit(chosen.config.objective): chosen}
    for name in models.names:
        try:
            facts = models.facts(name)
        except UserError:  # its files are damaged: whoever chooses it is told so
            continue
        if kind(facts) == kind(chosen) and len(family) < MOST_ROWS:
            family.setdefault(_lit(facts.config.objective), facts)
    places = list(OBJECTIVES)
    return sorted(family.values(), key=lambda facts: -places.index(name_objective(facts.config.objective)))


def name_objective(objective: Objective) -> str:
    """The row of the mixing desk that has the same terms, or nearly the same."""
    lit = _lit(objective)
    return min(reversed(OBJECTIVES), key=lambda name: len(lit ^ _lit(OBJECTIVES[name])))


def _lit(objective: Objective) -> frozenset[str]:
    """The terms that an objective learns from, and whether E has its own decoder."""
    return frozenset(name for name in (*TERMS, "own_decoder") if getattr(objective, name))


def _describe(facts: Facts) -> dict[str, Any]:
    objective, figures_, info = facts.config.objective, facts.figures, facts.info
    return {
        "name": facts.name,
        "objective": name_objective(objective),
        "weights": {term: getattr(objective, term) for term in TERMS if getattr(objective, term)},
        "has_encoder": objective.needs_encoder,
        "extractor": str(figures_.get("extractor") or ""),
        "fd": _number(figures_.get("fd/samples")),
        "fd_sd": _number(figures_.get("fd/samples_sd")),
        "fd_reconstructions": _number(figures_.get("fd/reconstructions")),
        "psnr": _number(figures_.get("rec/psnr")),
        "test_count": _number(figures_.get("test_count")),
        "generated_count": _number(figures_.get("generated_count")),
        "split": str(figures_.get("split") or "test"),
        "seconds": _number(info.get("seconds")),
        "step": _number(info.get("step")),
        "hardware": str(info.get("hardware") or ""),
    }


def _number(value: Any) -> float | None:
    """A finite number of a file, or None."""
    return float(value) if type(value) in (int, float) and np.isfinite(value) else None


@torch.no_grad()
def draw_strip(models: Models, request: Any) -> dict[str, Any]:
    """Eight pictures in a row.

    Args:
        models: where to find the model.
        request: {"model": name, "kind": one of KINDS, "seed": int}: pictures from eight draws of noise, of which the
            k-th is what Explore shows for seed + k; from a path between the first and the last of them; test images;
            or what the model makes of these. For the last two, the seed says which test images.

    Returns:
        "model", "kind", "seed" and "pictures", PNG data URIs that say what they are; of reconstructions also "psnr".

    Raises:
        UserError: for a request that is not of this form.
    """
    if not isinstance(request, dict) or request.get("kind") not in KINDS:
        raise UserError(f"The request must be an object with model, seed and kind, one of {', '.join(KINDS)}.")
    kind, seed = request["kind"], parse_seed(request.get("seed"))
    answer: dict[str, Any] = {"model": request.get("model"), "kind": kind, "seed": seed}
    if kind == "real":
        tests = choose_tests(models.facts(request.get("model")), seed)
        return answer | {"pictures": [figures.data_uri(image) for image in tests]}
    shown = models.get(request.get("model"))
    if shown.model.config.model.is_points:
        raise UserError("This model knows points, not pictures: choose another model.")
    if kind == "reconstructions":
        tests = choose_tests(models.facts(shown.name), seed)
        code = shown.model.encode(to_model(tests))
        images = to_uint8(shown.model.decode(code))
        return answer | {"pictures": _files(shown, images, code=code), "psnr": round(psnr(tests, images), 1)}
    noise = torch.stack([noise_of(shown, (seed + k) % (MAX_SEED + 1)) for k in range(COLUMNS)])
    if kind == "walk":
        noise = interpolate(noise[0], noise[-1], COLUMNS)
    return answer | {"pictures": _files(shown, to_uint8(shown.model.sample(0, noise=noise)), noise=noise)}


def _files(shown: Shown, images: np.ndarray, **latent: Tensor) -> list[str]:
    """Pictures of a model as PNG data URIs, each with the note of its own noise or code, [N, …] like the pictures."""
    (name, rows), what = next(iter(latent.items())), "a picture" if "noise" in latent else "a reconstruction"
    notes = [describe_picture(shown.model, what, shown.title, **{name: row[None]}) for row in rows]
    return [figures.data_uri(image, note) for image, note in zip(images, notes, strict=True)]


def choose_tests(facts: Facts, seed: int) -> np.ndarray:
    """Eight test images of the model's data, uint8 [8, H, W, C]; the same seed gives the same ones to all its family.

    Raises:
        UserError: when none come with the page.
    """
    model = facts.config.model
    if not _has_tests(facts.config.data):
        raise UserError("No test images of this model's data come with the page: look at the generated pictures.")
    tests = _load_tests(facts.config.data, model.img_resolution, model.img_channels)
    return tests[np.random.default_rng(seed).permutation(len(tests))[:COLUMNS]]


def _has_tests(data: str) -> bool:
    return data in bundled_data()


@lru_cache(maxsize=1)
def bundled_data() -> frozenset[str]:
    """Names of the data sets of which a part comes with the page."""
    return frozenset(path.stem for path in ASSETS.glob("*.json"))


@lru_cache(maxsize=4)
def _load_tests(data: str, img_resolution: int, img_channels: int) -> np.ndarray:
    return load_data(data, img_resolution, img_channels, full=False).test[:MOST_TESTS].copy()
