"""What a study compares: the rows of its table, the settings that are tried for each, the ingredients taken away.

All rows have the networks, data, batch size, augmentation and averaging of one common configuration.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aegan.config import OBJECTIVES, Config, UserError

LOG_EVERY = 10  # steps between two looks at the clock

#: Points of a run that are measured: at shares of the budget, the last being "time", and at equal "images".
SHARES = {"1/8": 1 / 8, "1/4": 1 / 4, "1/2": 1 / 2, "3/4": 3 / 4, "time": 1.0}
ENDS = ("images", "time")

LEARNING_RATES = (2e-4, 6e-4, 1.5e-3)  # of all networks, tried for every row

Options = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """What a folder's study asks; it may be given more rows and seeds, but no other question."""

    base: Config  # data, networks and training that all rows share; the objective is the row aegan's
    budget: float  # seconds of training per run, the last fit of the prior included
    tune: float  # seconds of training per trial; 0: the settings of `base` are taken
    device: str  # cpu, cuda or mps
    threads: int  # of the CPU


@dataclass(frozen=True)
class Row:
    """One line of the table.

    `prior` is what its samples come from: flow, mixture, or normal for N(0, I). `others` are further ways to sample
    the same model: another prior, or `raw` for weights that were not averaged.
    """

    name: str
    config: Config
    prior: str
    others: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Row:
        """Reads what `asdict` made."""
        return cls(values["name"], Config.from_dict(values["config"]), values["prior"], tuple(values["others"]))


#: Row -> name in words, prior ("": the common configuration's), other ways to sample it, options. A row that is sampled
#: from a mixture fitted afterwards, or from N(0, I), spends no time on a prior in training.
ROWS: dict[str, tuple[str, str, tuple[str, ...], Options]] = {
    "autoencoder": ("Autoencoder", "mixture", (), {"prior": "normal"}),
    "vae": ("VAE", "mixture", ("normal",), {"prior": "normal"}),
    "adversarial-ae": ("Adversarial AE", "mixture", ("normal",), {"prior": "normal"}),
    "gan": ("GAN", "normal", ("raw",), {"prior": "normal"}),
    "vae-gan": ("VAE-GAN", "mixture", ("normal",), {"prior": "normal"}),
    "seed": ("Seed", "normal", (), {"prior": "normal", "warmup_steps": 0, "ramp_steps": 0}),
    "aegan": ("AE-GAN", "", ("mixture",), {}),
}


def _other_penalty(config: Config, _: Config) -> Options:
    """The other way to keep D smooth."""
    normed = config.model.spectral_norm
    return {"spectral_norm": not normed, "gamma": 1.0 if normed else 0.0}


def _recipes_pixels(config: Config, base: Config) -> Options:
    """Pixels compared as in the recipe in question, so that this alone is not what makes it better."""
    kind = base.objective.rec_kind
    return {"rec_kind": "l1" if kind in ("features", config.objective.rec_kind) else kind}


#: Row -> the fourth setting that is tried: the best learning rate with the other value of the row's own knob. From the
#: row's configuration and the common one.
KNOBS: dict[str, Callable[[Config, Config], Options]] = {
    "autoencoder": _recipes_pixels,
    "vae": lambda c, _: {"kl": c.objective.kl / 5},
    "adversarial-ae": lambda c, _: {"adv_z": c.objective.adv_z * 5},
    "gan": _other_penalty,
    "vae-gan": lambda c, _: {"kl": c.objective.kl / 5},
    "seed": _other_penalty,
    "aegan": _other_penalty,
}

#: The whole recipe with one ingredient changed: row -> what changed in words, options. A row that changes nothing in a
#: recipe is left out.
ABLATION: dict[str, tuple[str, Callable[[Config], Options]]] = {
    "aegan-prior-none": ("no fitted prior: N(0, I)", lambda c: {"prior": "normal"}),
    "aegan-prior-mixture": ("mixture instead of the flow", lambda c: {"prior": "mixture"}),
    "aegan-prior-late": (
        "prior only for sampling; G learns from one wide Gaussian", lambda c: {"wide_share": 1.0, "mixed_share": 0.0}
    ),
    "aegan-wide-mixed": (
        "a quarter of the latents wide, a quarter between codes", lambda c: {"wide_share": 0.25, "mixed_share": 0.25}
    ),
    "aegan-only-prior": ("all latents from the prior", lambda c: {"wide_share": 0.0, "mixed_share": 0.0}),
    "aegan-no-warmup": ("no warm-up, no ramp", lambda c: {"warmup_steps": 0, "ramp_steps": 0}),
    "aegan-no-adv-rec": (
        "D does not judge reconstructions",
        lambda c: {"adv_rec": 0.0, "adv": c.objective.adv + c.objective.adv_rec},
    ),
    "aegan-no-cycle": ("no latent cycle", lambda c: {"cycle": 0.0}),
    "aegan-adv-z": ("with a latent discriminator", lambda c: {"adv_z": 0.02}),
}  # fmt: skip


def common_config(config: Config) -> Config:
    """A configuration as every row has it: constant rates, so that all moments of a run compare; only the study ends it
    and looks at it."""
    return config.with_options(
        decay_share=0.0, seconds=0.0, steps=10_000_000, seed=0,
        log_every=LOG_EVERY, save_every=1000, preview_every=1_000_000,
    )  # fmt: skip


def check_names(names: Sequence[str]) -> None:
    """Raises UserError for a row that there is not; the nearest one is suggested."""
    for name in names:
        if name not in ROWS:
            near = difflib.get_close_matches(name, ROWS, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Choose among {', '.join(ROWS)}."
            raise UserError(f"There is no row {name!r}. {hint}")


def make_row(name: str, base: Config, choice: Options) -> Row:
    """A row of `ROWS` with the common configuration `base` and the settings that were chosen for it."""
    _, prior, others, options = ROWS[name]
    given = base.objective
    objective = given if name == "aegan" else OBJECTIVES[name]
    if objective.needs_discriminator:  # the same D, learning in the same way
        objective = replace(objective, gamma=given.gamma, gp_every=given.gp_every, adv_kind=given.adv_kind)
    config = replace(base, objective=objective).with_options(**options).with_options(**choice)
    prior = prior or config.model.prior
    if config.model.prior == "normal":  # nothing is fitted on the way, and a mixture by the study itself
        config = config.with_options(prior_steps=0)
    return Row(name, config, prior, tuple(other for other in others if other != prior))


def make_ablation(aegan: Row) -> list[Row]:
    """The rows of `ABLATION` that differ from the whole recipe."""
    rows = []
    for name, (_, change) in ABLATION.items():
        config = aegan.config.with_options(**change(aegan.config))
        if config != aegan.config:
            steps = 0 if config.model.prior == "normal" else config.train.prior_steps
            rows.append(Row(name, config.with_options(prior_steps=steps), config.model.prior))
    return rows


def next_trial(name: str, base: Config, done: Sequence[dict[str, Any]]) -> Options | None:
    """The options to try next for a row, after the trials that are done; None after the fourth.

    Args:
        name: of the row.
        base: the common configuration.
        done: trials in their order, each with its `options` and its `score`.
    """
    if len(done) < len(LEARNING_RATES):
        rate = LEARNING_RATES[len(done)]
        return {"lr": rate, "lr_d": rate}
    if len(done) > len(LEARNING_RATES):
        return None
    best = best_trial(done)
    return best | KNOBS[name](make_row(name, base, best).config, base)


def best_trial(done: Sequence[dict[str, Any]]) -> Options:
    """The options with the lowest score; a trial that diverged has none. The earliest if all did, {} without trials."""
    scored = sorted(done, key=lambda trial: float("inf") if trial["score"] is None else trial["score"])
    return dict(scored[0]["options"]) if scored else {}


def describe(options: Options) -> str:
    """Options in words; both learning rates are the same."""
    shown = {name: value for name, value in options.items() if name != "lr_d"}
    return ", ".join(f"{key} {value:g}" if type(value) is float else f"{key} {value}" for key, value in shown.items())
