"""AEGAN: the networks that an objective needs, and the prior, as one model that saves, loads and answers."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import torch
import torch.nn as nn
import torch.nn.functional as F
from huggingface_hub import PyTorchModelHubMixin, snapshot_download
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from aegan.config import Config, UserError
from aegan.networks import Discriminator, Encoder, Generator, LatentDiscriminator
from aegan.prior import NormalPrior, Prior, build_prior

FORMAT_VERSION = 1
WEIGHTS, CONFIG = "model.safetensors", "config.json"
MAX_WEIGHTS_BYTES = 2_000_000_000


class AEGAN(
    nn.Module,
    PyTorchModelHubMixin,
    library_name="aegan",
    tags=["aegan", "autoencoder", "gan", "image-generation"],
    license="mit",
):
    """Encoder, generator (which is also the decoder), discriminators and latent prior.

    Only what the objective needs is built; the rest is None.

    Args:
        config: networks, objective, training and data set, whole.
        info: plain JSON about how the weights came to be: step, nimg, seed, commit, license, …
        seed: fixes the initial weights.
    """

    def __init__(self, config: Config, info: dict[str, Any] | None = None, seed: int = 0) -> None:
        super().__init__()
        self.config, self.info = config, info or {}
        model, objective, code_dim = config.model, config.objective, config.code_dim
        rng = torch.Generator().manual_seed(seed)
        self.encoder = Encoder(model, code_dim, objective.kl > 0) if objective.needs_encoder else None
        self.generator = Generator(model, model.z_dim, model.depth) if objective.needs_generator else None
        self.own_decoder = Generator(model, code_dim, model.encoder_depth) if objective.own_decoder else None
        self.discriminator = Discriminator(model) if objective.needs_discriminator else None
        self.latent_discriminator = (
            LatentDiscriminator(model, code_dim) if objective.needs_latent_discriminator else None
        )
        self.prior: Prior = build_prior(model, rng) if objective.is_tied else NormalPrior()
        _initialise(self, rng)

    @property
    def decoder(self) -> Generator | None:
        """What decodes E's codes: G itself, unless the objective gives E a decoder of its own."""
        return self.own_decoder if self.config.objective.own_decoder else self.generator

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def encode(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] in [-1, 1] -> codes [N, code_dim]; the mean where E is stochastic.

        Raises:
            UserError: when the model has no encoder.
        """
        if self.encoder is None:
            raise UserError("This model has no encoder (a plain GAN), so it cannot reconstruct: choose another model.")
        return self.encoder(x)[0]

    def decode(self, code: Tensor) -> Tensor:
        """Codes [N, code_dim] -> images [N, C, H, W]."""
        if self.decoder is None:
            raise UserError("This model has no decoder: choose another model.")
        return self.decoder(code)

    def generate(self, z: Tensor) -> Tensor:
        """Latents [N, z_dim] -> images [N, C, H, W] in [-1, 1]."""
        if self.generator is None:
            raise UserError("This model has no generator for noise: choose another model.")
        return self.generator(z)

    def reconstruct(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] -> decode(encode(x))."""
        return self.decode(self.encode(x))

    def to_latent(self, noise: Tensor) -> Tensor:
        """Noise [N, z_dim] ~ N(0, I) -> latents, by the fitted prior; the identity where there is none."""
        return self.prior.to_latent(noise)

    def to_noise(self, z: Tensor) -> Tensor:
        """Latents [N, z_dim] -> the noise that `to_latent` maps to them."""
        return self.prior.to_noise(z)

    def sample(self, n: int, rng: torch.Generator | None = None, noise: Tensor | None = None) -> Tensor:
        """n new images [n, C, H, W] from noise drawn by `rng` (on its own device), or from the noise given."""
        if noise is None:
            source = rng.device if rng is not None else self.device
            noise = torch.randn(n, self.config.model.z_dim, generator=rng, device=source).to(self.device)
        return self.generate(self.to_latent(noise))

    def realness(self, x: Tensor) -> Tensor | None:
        """D's opinion of images [N, C, H, W]: probability [N] of being real; None without a discriminator."""
        return None if self.discriminator is None else self.discriminator(x).float().sigmoid()

    # -- on disk and on the Hub ---------------------------------------------------------------------------------

    def save_pretrained(self, save_directory: str | os.PathLike, **kwargs: Any) -> str | None:  # type: ignore[override]
        """Writes model.safetensors and config.json; each appears whole or not at all.

        Args:
            save_directory: made when missing; other files in it are left alone.
            **kwargs: `push_to_hub=True` with `repo_id` uploads afterwards, as in huggingface-hub's mixin.
        """
        folder = Path(save_directory)
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"format_version": FORMAT_VERSION, **self.config.to_dict(), "info": self.info}, indent=2)
        tensors = {name: t.detach().cpu().contiguous() for name, t in self.state_dict().items()}
        # The fingerprint tells apart weights and a configuration that were not saved together.
        metadata = {"format": "pt", "config_sha256": hashlib.sha256(text.encode()).hexdigest()}
        weights, config = folder / f".{WEIGHTS}.part", folder / f".{CONFIG}.part"
        try:
            save_file(tensors, weights, metadata=metadata)
            config.write_text(text)
            os.replace(weights, folder / WEIGHTS)
            os.replace(config, folder / CONFIG)
        except (OSError, SafetensorError) as error:
            raise UserError(
                f"The model could not be written to {folder}: {error}. Free some space and try again."
            ) from error
        finally:
            weights.unlink(missing_ok=True)
            config.unlink(missing_ok=True)
        if kwargs.pop("push_to_hub", False):
            return self.push_to_hub(kwargs.pop("repo_id", folder.name), **kwargs)
        return None

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls, name_or_folder: str | os.PathLike, *, device: str | torch.device = "cpu", **hub_options: Any
    ) -> AEGAN:
        """Loads a checkpoint folder, or a repository of the Hub; ready for use, weights fixed.

        Args:
            name_or_folder: a folder with model.safetensors and config.json, or "owner/name".
            device: where to put the model.
            **hub_options: revision, token, cache_dir, local_files_only, … of `snapshot_download`.

        Raises:
            UserError: says which file, field or tensor is missing or wrong.
        """
        folder = Path(name_or_folder)
        if not folder.is_dir():
            if len(folder.parts) != 2 or folder.is_absolute() or ".." in folder.parts:
                raise UserError(f"There is no checkpoint folder {str(name_or_folder)!r}.")
            try:
                folder = Path(snapshot_download(folder.as_posix(), allow_patterns=[WEIGHTS, CONFIG], **hub_options))
            except Exception as error:  # the client raises many kinds, all of which mean the same here
                raise UserError(f"{name_or_folder} is neither a folder nor to be had from the Hub: {error}") from error
        text = _read_text(folder / CONFIG)
        config, info = _parse_config(text, folder / CONFIG)
        model = cls(config, info)
        _load_weights(model, folder / WEIGHTS, hashlib.sha256(text.encode()).hexdigest())
        return model.eval().requires_grad_(False).to(device)


def pick_device(name: str = "auto") -> torch.device:
    """The device of that name; `auto` is CUDA, else MPS, else the CPU.

    Raises:
        UserError: when the device asked for is not there.
    """
    if name == "auto":
        return torch.device(
            "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        )
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UserError(f"There is no kind of device {name!r}: use auto, cpu, cuda or mps.") from None
    present = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    if (device.index or 0) >= present.get(device.type, 0):
        raise UserError(f"The device {name!r} is not available on this machine: use --device auto or --device cpu.")
    return device


def _initialise(model: nn.Module, rng: torch.Generator) -> None:
    """Draws every weight from `rng`, variance 1 / fan-in; layers that start at zero stay so.

    torch's layers draw theirs from the global generator, which visitors share.
    """
    layers = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
    module: Any  # its attributes depend on whether it is parametrised
    for module in filter(lambda module: isinstance(module, layers), model.modules()):
        normed = hasattr(module, "parametrizations")
        weight = module.parametrizations.weight.original if normed else module.weight
        with torch.no_grad():
            if module.bias is not None:
                module.bias.zero_()
            if not weight.any():
                continue
            nn.init.kaiming_uniform_(weight, a=1.0, generator=rng)
            if normed:  # the power iteration's vectors were drawn globally as well
                norm, matrix = module.parametrizations.weight[0], weight.flatten(1)
                u = torch.randn(len(matrix), generator=rng)
                for _ in range(15):
                    v = F.normalize(matrix.T @ u, dim=0)
                    u = F.normalize(matrix @ v, dim=0)
                norm._u.copy_(u)
                norm._v.copy_(v)


def _read_text(path: Path) -> str:
    try:
        if path.stat().st_size > 1_000_000:
            raise UserError(f"{path} is too large for a configuration.")
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: a checkpoint needs {CONFIG} and {WEIGHTS}.") from error


def _parse_config(text: str, path: Path) -> tuple[Config, dict[str, Any]]:
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{path} is not valid JSON ({error}).") from None
    if not isinstance(values, dict) or values.get("format_version") != FORMAT_VERSION:
        found = values.get("format_version") if isinstance(values, dict) else None
        raise UserError(f"{path} has format_version {found!r}, but this program reads {FORMAT_VERSION}.")
    info = values.get("info", {})
    if not isinstance(info, dict):
        raise UserError(f"{path}: info must be an object.")
    try:
        return Config.from_dict(values), info
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _load_weights(model: AEGAN, path: Path, fingerprint: str) -> None:
    """Fills the model from a file that belongs to the configuration of that fingerprint."""
    try:
        if path.stat().st_size > MAX_WEIGHTS_BYTES:
            raise UserError(f"{path} is too large.")
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            given = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no iterator here)
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path} cannot be read as safetensors: {error}") from None
    if "config_sha256" in metadata and metadata["config_sha256"] != fingerprint:
        raise UserError(f"{path} and {CONFIG} beside it were not saved together: copy both from the same checkpoint.")
    check_tensors(given, model.state_dict(), str(path))
    model.load_state_dict(given)


def check_tensors(given: dict[str, Tensor], own: dict[str, Tensor], place: str) -> None:
    """Compares tensors that were given with those that they are to replace: all there, none besides, of the same type
    and shape, and finite.

    Args:
        given: tensors by name.
        own: those that they are to replace.
        place: where the given ones come from, in words.

    Raises:
        UserError: names the tensor that is missing, unknown or wrong.
    """
    for problem, names in (("lacks", own.keys() - given.keys()), ("has the unknown", given.keys() - own.keys())):
        if names:
            raise UserError(f"{place} {problem} tensor {min(names)[:80]!r} ({len(names)} in all).")
    for name, tensor in given.items():
        if tensor.shape != own[name].shape:
            raise UserError(
                f"{place}: {name} has shape {list(tensor.shape)}, but the model's is {list(own[name].shape)}."
            )
        if tensor.dtype != own[name].dtype:
            raise UserError(f"{place}: {name} is of type {tensor.dtype}, but the model's is {own[name].dtype}.")
        if not tensor.isfinite().all():
            raise UserError(f"{place}: {name} has values that are not finite.")
