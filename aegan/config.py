"""What to build and how to train it: frozen dataclasses, their presets, and nothing else.

Every option carries its help, bounds and choices beside its default, so that the command line, the page and the
checks all read the same line. Only the standard library is used here.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import typing
from dataclasses import dataclass, field, fields, replace
from typing import Any


class UserError(ValueError):
    """A mistake that its maker can mend: the message is one sentence that says what to do."""


def option(default: Any, help: str, *, low: float | None = None, high: float | None = None, choices: tuple = ()) -> Any:
    """A dataclass field with its help text and its allowed values (bounds are inclusive)."""
    return field(default=default, metadata={"help": help, "low": low, "high": high, "choices": choices})


def _check(config: Any) -> None:
    """Raises UserError unless every field has its declared type and lies within its declared values."""
    types = typing.get_type_hints(type(config))
    for f in fields(config):
        value, wanted = getattr(config, f.name), types[f.name]
        if wanted is float and type(value) is int:
            value = float(value)
            object.__setattr__(config, f.name, value)  # the one place where a frozen value is normalised
        if type(value) is not wanted:
            raise UserError(f"{f.name} must be of type {wanted.__name__}, not {value!r}.")
        if wanted is float and not math.isfinite(value):
            raise UserError(f"{f.name} must be a finite number, not {value}.")
        low, high, choices = (f.metadata[key] for key in ("low", "high", "choices"))
        if choices and value not in choices:
            raise UserError(f"{f.name} must be one of {', '.join(map(str, choices))}, not {value!r}.")
        if (low is not None and value < low) or (high is not None and value > high):
            raise UserError(f"{f.name} must lie between {low} and {high}, not {value}.")


@dataclass(frozen=True)
class ModelConfig:
    """The four networks and the latent prior.

    A data point of a 2-D toy set is an image of one pixel with two channels: nothing else treats it specially.
    """

    architecture: str = option("conv", "kind of network", choices=("dense", "conv", "residual"))
    img_resolution: int = option(28, "height and width in pixels; 1 for 2-D points", choices=(1, 16, 28, 32, 64, 128))
    img_channels: int = option(1, "1 grey, 3 colour, 2 for 2-D points", choices=(1, 2, 3))
    z_dim: int = option(32, "size of the latent vector", low=2, high=512)
    code_dim: int = option(0, "size of E's code where the decoder is not G; 0: z_dim", low=0, high=512)
    width: int = option(32, "channels at full resolution; dense layers have 8 times as many units", low=4, high=128)
    depth: int = option(2, "hidden layers of a dense G or D", low=0, high=8)
    encoder_depth: int = option(2, "hidden layers of a dense E or of its own decoder", low=0, high=8)
    upsample: str = option("strided", "how a conv G doubles its resolution", choices=("strided", "resize"))
    spectral_norm: bool = option(False, "bound the Lipschitz constant of each layer of D")
    code: str = option("normalized", "what E's code passes through", choices=("normalized", "relu", "linear"))
    prior: str = option("flow", "map from noise to codes", choices=("flow", "mixture", "normal"))
    flow_layers: int = option(16, "couplings of the flow", low=1, high=32)
    flow_width: int = option(128, "hidden units of each coupling", low=8, high=1024)
    components: int = option(20, "Gaussians of the mixture", low=1, high=200)

    def __post_init__(self) -> None:
        _check(self)
        if (self.img_resolution == 1) != (self.img_channels == 2):
            raise UserError("2-D points need img_resolution=1 together with img_channels=2; images need neither.")
        if self.is_points and self.architecture != "dense":
            raise UserError("2-D points need architecture=dense.")

    @property
    def is_points(self) -> bool:
        return self.img_resolution == 1

    @property
    def x_shape(self) -> tuple[int, int, int]:
        """[C, H, W] of one data point."""
        return (self.img_channels, self.img_resolution, self.img_resolution)


@dataclass(frozen=True)
class Objective:
    """The mixing desk: the weight of each term. A term of weight zero costs nothing and builds nothing."""

    rec: float = option(0.0, "reconstruction |x - G(E(x))|", low=0, high=1000)
    adv: float = option(0.0, "adversarial, on G(z)", low=0, high=1000)
    adv_rec: float = option(0.0, "adversarial, on G(E(x))", low=0, high=1000)
    adv_z: float = option(0.0, "latent discriminator, on E(x) against N(0, I)", low=0, high=1000)
    cycle: float = option(0.0, "latent cycle |z - E(G(z))|^2", low=0, high=1000)
    rec_fake: float = option(0.0, "reconstruction of a generated image |G(z) - dec(E(G(z)))|^2", low=0, high=1000)
    kl: float = option(0.0, "KL(E(x) || N(0, I)) per dimension of x; makes E stochastic", low=0, high=1000)
    rec_kind: str = option(
        "l1",
        "how a reconstruction is compared; mse-l1: mse in the first half of the warm-up, then l1",
        choices=("l1", "mse", "mse-l1", "features"),
    )
    adv_kind: str = option("bce", "adversarial loss", choices=("bce", "hinge", "relativistic"))
    gamma: float = option(0.0, "zero-centred gradient penalties R1 and R2 on D", low=0, high=1000)
    gp_every: int = option(8, "steps between two penalties (lazy regularisation)", low=1, high=1000)
    own_decoder: bool = option(False, "E has a decoder of its own instead of G")

    def __post_init__(self) -> None:
        _check(self)
        if not (self.rec or self.needs_discriminator):
            raise UserError("The objective has nothing to learn from: give rec or adv a weight above 0.")
        if self.rec_kind == "features" and not self.needs_discriminator:
            raise UserError("rec_kind=features compares in D's features, so it needs adv or adv_rec above 0.")

    @property
    def needs_encoder(self) -> bool:
        return any((self.rec, self.adv_rec, self.adv_z, self.cycle, self.rec_fake, self.kl))

    @property
    def needs_fake(self) -> bool:
        """Whether images are generated from noise in training."""
        return any((self.adv, self.cycle, self.rec_fake))

    @property
    def needs_generator(self) -> bool:
        return self.needs_fake or not self.own_decoder

    @property
    def needs_discriminator(self) -> bool:
        return bool(self.adv or self.adv_rec)

    @property
    def needs_latent_discriminator(self) -> bool:
        return bool(self.adv_z)

    @property
    def is_tied(self) -> bool:
        """Whether G decodes E's codes, so that codes and latents are one space."""
        return self.needs_encoder and not self.own_decoder


@dataclass(frozen=True)
class TrainConfig:
    """How a run is trained: budget, optimisers, schedule, augmentation, rhythm of its events."""

    steps: int = option(4000, "length of the run in steps", low=1, high=10_000_000)
    seconds: float = option(0.0, "stop after this time; 0: no limit", low=0, high=1e7)
    batch_size: int = option(64, "images per step, over all processes", low=2, high=4096)
    seed: int = option(0, "fixes every random choice", low=0, high=2**31 - 1)
    lr: float = option(5e-4, "learning rate of E and G", low=0, high=1)
    lr_d: float = option(5e-4, "learning rate of D and of the latent discriminator", low=0, high=1)
    lr_prior: float = option(1e-3, "learning rate of the flow", low=0, high=1)
    beta1: float = option(0.5, "Adam's first decay", low=0, high=0.9999)
    beta2: float = option(0.99, "Adam's second decay", low=0, high=0.99999)
    decay_share: float = option(0.0, "share of the run, at its end, in which learning rates fall to 0", low=0, high=1)
    ema_beta: float = option(0.998, "decay of the averaged weights", low=0, high=0.99999)
    warmup_steps: int = option(400, "steps of the autoencoder alone, before the adversarial terms", low=0, high=10**7)
    ramp_steps: int = option(100, "steps in which the adversarial terms then grow to full weight", low=0, high=10**7)
    wide_share: float = option(0.0, "share of adversarial latents from one wide Gaussian", low=0, high=1)
    mixed_share: float = option(0.0, "share of adversarial latents between two recent codes", low=0, high=1)
    prior_steps: int = option(
        0, "steps of the prior's last fit, on the codes of all images; 0: keep the running fit", low=0, high=100_000
    )
    flip: bool = option(False, "mirror images at random")
    shift: int = option(0, "move images at random, by up to this many pixels", low=0, high=16)
    d_translate: float = option(0.0, "move what D sees by up to this share of its width", low=0, high=0.5)
    d_cutout: float = option(0.0, "blank a square of this share of the width in what D sees", low=0, high=0.5)
    precision: str = option("auto", "bf16 where the device is fast at it", choices=("auto", "fp32", "bf16"))
    log_every: int = option(20, "steps between two records of losses", low=1, high=100_000)
    preview_every: int = option(100, "steps between two previews", low=1, high=1_000_000)
    measure_every: int = option(
        0, "steps between two measurements of a small sample in mid-run; 0: none", low=0, high=1_000_000
    )
    save_every: int = option(500, "steps between two saves of the run", low=1, high=1_000_000)

    def __post_init__(self) -> None:
        _check(self)
        if self.wide_share + self.mixed_share > 1:
            raise UserError("wide_share and mixed_share are shares of one batch: together at most 1.")


@dataclass(frozen=True)
class Config:
    """One run, whole: data, networks, objective, training."""

    data: str = "fashion-mnist"
    model: ModelConfig = ModelConfig()
    objective: Objective = Objective(rec=1.0)
    train: TrainConfig = TrainConfig()

    def __post_init__(self) -> None:
        if self.model.code_dim not in (0, self.model.z_dim) and not self.objective.own_decoder:
            raise UserError(
                "code_dim can differ from z_dim only where E has its own decoder: set own_decoder or code_dim=0."
            )
        if self.objective.cycle and self.code_dim != self.model.z_dim:
            raise UserError("cycle compares latents with codes, so code_dim must equal z_dim: set code_dim=0.")

    @property
    def code_dim(self) -> int:
        """Size of what E returns."""
        return self.model.code_dim or self.model.z_dim

    def with_options(self, **values: Any) -> Config:
        """A copy with single options changed, each found by its name.

        Args:
            **values: option name to value; a string is read as the option's own type.

        Raises:
            UserError: for an unknown name (the nearest one is suggested) or a value out of range.
        """
        changes: dict[str, dict[str, Any]] = {"model": {}, "objective": {}, "train": {}}
        for name, value in values.items():
            if name not in OPTIONS:
                near = difflib.get_close_matches(name, OPTIONS, n=1)
                hint = f" Did you mean {near[0]}?" if near else " See `python -m aegan train --help`."
                raise UserError(f"There is no option {name!r}.{hint}")
            part, kind = OPTIONS[name]
            changes[part][name] = _parse(name, value, kind) if isinstance(value, str) else value
        parts = {part: replace(getattr(self, part), **new) for part, new in changes.items() if new}
        return replace(self, **parts)

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Config:
        """Reads what `to_dict` wrote.

        Raises:
            UserError: names the field that is unknown, of the wrong type or out of range.
        """
        data = values.get("data", cls.data)
        if not isinstance(data, str):
            raise UserError("The configuration's data must be a name.")
        missing = [name for name in _PARTS if name not in values]
        if missing:
            raise UserError(f"The configuration lacks its part {missing[0]!r}.")
        parts = {name: _from_dict(kind, values[name], name) for name, kind in _PARTS.items()}
        return cls(data=data, **parts)


_PARTS = {"model": ModelConfig, "objective": Objective, "train": TrainConfig}

#: Option name -> (part of Config, type). Names are unique over the parts, so that `--set lr=1e-3` needs no path.
OPTIONS: dict[str, tuple[str, type]] = {
    f.name: (part, typing.get_type_hints(kind)[f.name]) for part, kind in _PARTS.items() for f in fields(kind)
}


def _parse(name: str, text: str, kind: type) -> Any:
    try:
        if kind is bool:
            return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}[text.lower()]
        return kind(text)
    except (ValueError, KeyError):
        raise UserError(f"{name} needs a value of type {kind.__name__}, not {text!r}.") from None


def _from_dict(kind: type, values: Any, part: str) -> Any:
    if not isinstance(values, dict):
        raise UserError(f"The configuration's part {part!r} must be an object.")
    unknown = sorted(set(values) - {f.name for f in fields(kind)})
    if unknown:
        raise UserError(f"The configuration's part {part!r} has the unknown field {unknown[0]!r}.")
    return kind(**values)


#: The rows of the mixing desk. Weights are for terms averaged over pixels and latent dimensions.
OBJECTIVES: dict[str, Objective] = {
    "autoencoder": Objective(rec=1.0, rec_kind="mse"),
    "vae": Objective(rec=1.0, rec_kind="mse", kl=0.05),
    "adversarial-ae": Objective(rec=1.0, rec_kind="mse", adv_z=0.02),
    "gan": Objective(adv=1.0, gamma=1.0),
    "vae-gan": Objective(rec=0.5, rec_kind="features", adv=0.5, adv_rec=0.5, kl=0.05, gamma=1.0),
    "seed": Objective(rec=1.0, rec_kind="mse", adv=1.0, rec_fake=1.0, own_decoder=True),
    "aegan": Objective(rec=2.0, adv=0.5, adv_rec=0.5, cycle=0.1, gamma=1.0),
}

_IMAGES = Config(objective=OBJECTIVES["aegan"])

#: The shipped models: trained long, averaged over more steps, ending with falling learning rates. Rates and norm are
#: what the study found best on Fashion-MNIST; more weight on reconstructions cost nothing there in 14,000 steps.
_LONG = {
    "steps": 14_000, "warmup_steps": 1000, "ramp_steps": 200, "ema_beta": 0.999, "decay_share": 0.5,
    "prior_steps": 4000, "save_every": 1000,
    "lr": 1.5e-3, "lr_d": 1.5e-3, "spectral_norm": True, "gamma": 0.0, "rec": 4.0,
}  # fmt: skip

#: Complete recipes. Every objective's name is a preset too: that objective on the default 28-pixel networks.
PRESETS: dict[str, Config] = {
    **{name: replace(_IMAGES, objective=objective) for name, objective in OBJECTIVES.items()},
    "fashion": _IMAGES.with_options(**_LONG),
    "digits": replace(_IMAGES, data="mnist").with_options(**_LONG),
    # In a mean over 16 times as many values, each counts for less; and what is right is sharp here, as rules draw it.
    # With rec 4, 16, 64 and 256, G gave ever more of the details back, and its samples came nearer, too. L1
    # alone comes late to what is small and far off, as eyes are; in 10,000 steps it comes there, too (README, Faces).
    "avatars": replace(_IMAGES, data="avatars").with_options(
        **{**_LONG, "rec": 256.0}, rec_kind="mse-l1", img_resolution=64, img_channels=3, z_dim=64, width=16,
        batch_size=32, flip=True, upsample="resize",
    ),
    # Modes here are narrow: a code normalised by its batch would blur them, a flow would join them, and gamma=1 would
    # keep D from seeing them. In two latent dimensions E may fold, so that two modes share their codes: hence four.
    "points": replace(_IMAGES, data="ring").with_options(
        architecture="dense", img_resolution=1, img_channels=2, width=16, z_dim=4, code="linear",
        prior="mixture", components=40, steps=2000, batch_size=256, lr=2e-4, lr_d=2e-4, gamma=0.01, gp_every=4,
        warmup_steps=300, decay_share=0.5, prior_steps=1000,
    ),
    "seed": replace(_IMAGES, objective=OBJECTIVES["seed"]).with_options(
        architecture="dense", z_dim=100, code_dim=128, encoder_depth=0, code="relu", prior="normal",
        warmup_steps=0, ramp_steps=0, lr=2e-4, lr_d=2e-4,
    ),
}  # fmt: skip


def get_preset(name: str) -> Config:
    """The preset of that name.

    Raises:
        UserError: for an unknown name; the nearest one is suggested.
    """
    return _named(PRESETS, name, "preset")


def get_objective(name: str) -> Objective:
    """The row of the mixing desk of that name.

    Raises:
        UserError: for an unknown name; the nearest one is suggested.
    """
    return _named(OBJECTIVES, name, "objective")


def _named(table: dict[str, Any], name: str, kind: str) -> Any:
    if name in table:
        return table[name]
    near = difflib.get_close_matches(name, table, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Choose one of {', '.join(table)}."
    raise UserError(f"There is no {kind} {name!r}. {hint}")
