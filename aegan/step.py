"""One training step: E and G once forward, then D's update and G's update from it, the prior's, the average's."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn as nn
from torch import Tensor

from aegan import distributed, losses
from aegan.augment import augment, disturb
from aegan.config import Config, Objective
from aegan.prior import FlowPrior, MixturePrior
from aegan.randomness import StepRandom
from aegan.state import TrainState

PRIOR_BATCH = 256  # codes per step of the flow's running fit
MIXTURE_EVERY = 50  # steps between two rounds of the mixture's running fit


@dataclass
class Forward:
    """What one forward pass of E and G made; D's update and G's update both use it."""

    x: Tensor  # real images [N, C, H, W]
    code: Tensor | None = None  # E(x) [N, code_dim]; a draw where E is stochastic
    mean_log_var: tuple[Tensor, Tensor] | None = None
    x_rec: Tensor | None = None  # [N, C, H, W]
    z: Tensor | None = None  # latents of x_fake
    x_fake: Tensor | None = None  # [N or N / 2, C, H, W]


def train_step(state: TrainState, x: Tensor, player: str = "both", watched: bool = False) -> dict[str, Tensor]:
    """One update of every network in use on real images x [N, C, H, W]; returns metrics, still on the device.

    Where `player` is "d" or "g", only the discriminators learn, or only the others (E, G, the prior, the average).
    Where it is `watched`, the norms of the gradients are among the metrics; the update is the same.
    """
    random = StepRandom(state.config.train.seed, state.step, state.device)
    ramp = adversarial_ramp(state.config, state.step)
    _set_learning_rates(state)
    made = forward(state, augment(x, state.config, random), random, adversarial=ramp > 0)
    metrics: dict[str, Tensor] = {}
    if ramp > 0 and player != "g":
        metrics |= update_discriminators(state, made, random, watched)
    if player != "d":
        metrics |= update_generator(state, made, random, ramp, watched)
        metrics |= update_prior(state, made, random)
        update_average(state)
    state.step += 1
    state.nimg += len(x) * distributed.world()
    return metrics


def learns(config: Config, player: str, step: int) -> bool:
    """Whether a step of that player ("d", "g" or "both") would change anything: D is not there, or not yet, perhaps."""
    objective = config.objective
    has_judge = objective.needs_discriminator or objective.needs_latent_discriminator
    return player != "d" or (has_judge and adversarial_ramp(config, step) > 0)


def adversarial_ramp(config: Config, step: int) -> float:
    """Weight in [0, 1] of all terms but `rec` and `kl`: 0 in the warm-up, then growing linearly to 1."""
    t = config.train
    if not config.objective.rec:  # nothing to warm up with
        return 1.0
    return min(max((step - t.warmup_steps + 1) / (t.ramp_steps + 1), 0.0), 1.0)


def pixel_kind(config: Config, step: int) -> str:
    """How pixels are compared at a step: `l1` or `mse`.

    Squared errors first find what is small and far off, such as eyes, which the median of a pixel misses; absolute
    errors then make flat and sharp what squared ones leave cloudy. Hence `mse-l1`.
    """
    kind = config.objective.rec_kind
    if kind == "mse-l1":
        return "mse" if step < config.train.warmup_steps / 2 else "l1"
    return "mse" if kind == "mse" else "l1"


def forward(state: TrainState, x: Tensor, random: StepRandom, adversarial: bool) -> Forward:
    """E and G once: reconstructions and, after the warm-up, images from the prior, in one batch of G."""
    model, objective = state.model, state.config.objective
    made = Forward(x)
    if model.encoder is not None:
        with autocast(state):
            mean, log_var = model.encoder(x)
        made.code = mean
        if log_var is not None:
            made.mean_log_var = (mean, log_var)
            made.code = mean + (log_var / 2).exp() * random.normal(*mean.shape)
        if state.codes is not None:
            state.codes.add(distributed.gather(mean.detach()))
    if adversarial and objective.needs_fake:
        # D judges as many generated images as real ones: half are reconstructions where those are judged too.
        n = len(x) // 2 if objective.adv and objective.adv_rec else len(x)
        made.z = draw_latents(state, n, random)  # in full precision, as the finished model does
    needs_rec = bool(objective.rec or (adversarial and objective.adv_rec))
    with autocast(state):
        if needs_rec and made.code is not None and objective.is_tied and made.z is not None:
            made.x_rec, made.x_fake = model.generate(torch.cat([made.code, made.z])).split([len(x), len(made.z)])
        else:
            made.x_rec = model.decode(made.code) if needs_rec and made.code is not None else None
            made.x_fake = model.generate(made.z) if made.z is not None else None
    return made


@torch.no_grad()
def draw_latents(state: TrainState, n: int, random: StepRandom) -> Tensor:
    """Latents [n, z_dim] for G: from the prior, and by choice from one wide Gaussian and from between two codes."""
    t, prior = state.config.train, state.model.prior
    if isinstance(prior, MixturePrior):  # its map is exact but slow; draws have the same distribution
        z = random.part(prior.draw(n * distributed.world(), random.rng), n)
    else:
        z = prior.to_latent(random.normal(n, state.config.model.z_dim))
    if state.codes is None or not (t.wide_share or t.mixed_share):
        return z
    codes = state.codes.recent()
    wide = codes.mean(0) + codes.std(0) * random.normal(n, z.shape[1])
    pick = (random.uniform(n, 2) * len(codes)).long()
    mixed = torch.lerp(codes[pick[:, 0]], codes[pick[:, 1]], random.uniform(n))
    kind = random.uniform(n)
    return torch.where(kind < t.wide_share, wide, torch.where(kind < t.wide_share + t.mixed_share, mixed, z))


def judged_pairs(objective: Objective, made: Forward) -> list[tuple[float, Tensor, Tensor]]:
    """(weight, real, generated) of each kind of image that D judges, equally many real and generated.

    A reconstruction is paired with its own original, which matters to relativistic losses. Where both kinds are in
    use each takes every second image, so that parts of a batch in several processes pair as the whole would.
    """
    pairs = []
    if objective.adv_rec and made.x_rec is not None:
        every = 2 if objective.adv else 1
        pairs.append((objective.adv_rec, made.x[::every], made.x_rec[::every]))
    if objective.adv and made.x_fake is not None:
        real = made.x[1::2] if objective.adv_rec else made.x
        pairs.append((objective.adv, real, made.x_fake))
    return pairs


def update_discriminators(
    state: TrainState, made: Forward, random: StepRandom, watched: bool = False
) -> dict[str, Tensor]:
    """One step of D and of the latent discriminator; E and G stay as they are."""
    model, objective = state.model, state.config.objective
    metrics: dict[str, Tensor] = {}
    total = torch.zeros((), device=state.device)
    if model.discriminator is not None:
        pairs = judged_pairs(objective, made)
        weight_sum, sizes = sum(weight for weight, _, _ in pairs), [len(part) for _, part, _ in pairs]
        real = [disturb(part, state.config, random) for _, part, _ in pairs]
        fake = [disturb(part.detach(), state.config, random) for _, _, part in pairs]
        seen = torch.cat([*real, *fake])
        with autocast(state):
            logits_real, logits_fake = model.discriminator(seen).float().chunk(2)
        for (weight, _, _), a, b in zip(pairs, logits_real.split(sizes), logits_fake.split(sizes), strict=True):
            total = total + weight / weight_sum * losses.discriminator_loss(a, b, objective.adv_kind)
        metrics |= {
            "loss/d": total,
            "score/real": logits_real.sigmoid().mean(),
            "score/fake": logits_fake.sigmoid().mean(),
        }
        penalised = objective.gamma and state.step % objective.gp_every == 0
        # One step in eight carries eight times the penalty: its gradient would stand out for no reason of the game's.
        watched = watched and not (penalised and objective.gp_every > 1)
        if penalised:
            r1, r2 = (losses.gradient_penalty(model.discriminator, part) for part in seen.detach().chunk(2))
            total = total + objective.gamma * objective.gp_every * (r1 + r2)
    if model.latent_discriminator is not None and made.code is not None:
        with autocast(state):
            logits_prior = model.latent_discriminator(random.normal(*made.code.shape))
            logits_code = model.latent_discriminator(made.code.detach())
        loss = losses.discriminator_loss(logits_prior, logits_code, "bce")
        metrics["loss/dz"] = loss
        total = total + loss
    if "d" in state.optimizers:
        _descend(state, "d", total)
        if watched:
            metrics |= gradient_norms(discriminator=model.discriminator, latent=model.latent_discriminator)
    return metrics


def update_generator(
    state: TrainState, made: Forward, random: StepRandom, ramp: float, watched: bool = False
) -> dict[str, Tensor]:
    """One step of E and G (and of E's own decoder) on the weighted sum of terms; D stays as it is."""
    model, objective = state.model, state.config.objective
    judges = state.parameters("d")
    for p in judges:  # gradients flow through D, not into it
        p.requires_grad_(False)
    terms: dict[str, tuple[float, Tensor]] = {}
    with autocast(state):
        if objective.rec and made.x_rec is not None:
            terms["rec"] = (objective.rec, _reconstruction(state, made, ramp))
        if made.mean_log_var is not None:
            terms["kl"] = (objective.kl, losses.kl_to_normal(*made.mean_log_var) / made.x[0].numel())
        if ramp > 0 and model.discriminator is not None:
            names = [name for name in ("adv_rec", "adv") if getattr(objective, name)]
            for name, (weight, real, fake) in zip(names, judged_pairs(objective, made), strict=True):
                logits_real = None
                if objective.adv_kind == "relativistic":
                    logits_real = model.discriminator(disturb(real, state.config, random))
                logits_fake = model.discriminator(disturb(fake, state.config, random))
                loss = losses.generator_loss(logits_fake, logits_real, objective.adv_kind)
                terms[f"{name}_g"] = (ramp * weight, loss)
        if ramp > 0 and model.latent_discriminator is not None and made.code is not None:
            loss = losses.generator_loss(model.latent_discriminator(made.code), None, "bce")
            terms["adv_z"] = (ramp * objective.adv_z, loss)
        if (objective.cycle or objective.rec_fake) and made.x_fake is not None and made.z is not None:
            z_rec = model.encode(made.x_fake)
            if objective.cycle:
                terms["cycle"] = (ramp * objective.cycle, losses.latent_distance(made.z, z_rec))
            if objective.rec_fake:
                kind = pixel_kind(state.config, state.step)
                distance = losses.pixel_distance(made.x_fake, model.decode(z_rec), kind)
                terms["rec_fake"] = (ramp * objective.rec_fake, distance)
    _descend(state, "g", torch.stack([weight * loss for weight, loss in terms.values()]).sum())
    for p in judges:
        p.requires_grad_(True)
    metrics = {f"loss/{name}": loss for name, (_, loss) in terms.items()}
    return metrics | (gradient_norms(encoder=model.encoder, generator=model.generator) if watched else {})


@torch.no_grad()
def gradient_norms(**networks: nn.Module | None) -> dict[str, Tensor]:
    """L2 norm over all weights of each network that has a gradient; stays on the device.

    Taken after the optimiser's step, which leaves gradients as they are, and only read: the update is the same, watched
    or not.
    """
    found = {}
    for name, network in networks.items():
        gradients = [p.grad for p in network.parameters() if p.grad is not None] if network is not None else []
        if gradients:
            found[f"grad/{name}"] = torch.stack(torch._foreach_norm(gradients)).float().norm()
    return found


def _reconstruction(state: TrainState, made: Forward, ramp: float) -> Tensor:
    """The `rec` term. D's features mean nothing before D has learnt, so until then pixels are compared."""
    discriminator = state.model.discriminator
    assert made.x_rec is not None
    pixels = losses.pixel_distance(made.x, made.x_rec, pixel_kind(state.config, state.step))
    if state.config.objective.rec_kind != "features" or discriminator is None or ramp == 0:
        return pixels
    with torch.no_grad():
        wanted = discriminator.features(made.x)
    features = losses.feature_distance(wanted, discriminator.features(made.x_rec))
    return (1 - ramp) * pixels + ramp * features


def update_prior(state: TrainState, made: Forward, random: StepRandom) -> dict[str, Tensor]:
    """One step of the prior's running fit, on recent codes; E feels nothing of it."""
    prior, codes = state.model.prior, state.codes
    if codes is None:
        return {}
    if isinstance(prior, MixturePrior):
        if state.step == 0 or (state.step < 1000 and state.step % 200 == 0):
            prior.begin(codes.recent(), random.rng)
        elif state.step % MIXTURE_EVERY == 0:
            prior.update(codes.recent())
        return {}
    if not isinstance(prior, FlowPrior):
        return {}
    n = PRIOR_BATCH // distributed.world()
    if state.step % 20 == 0:
        prior.standardise(codes.recent(), momentum=1.0 if state.step == 0 else 0.1)
    pick = (random.uniform(n) * min(codes.filled, codes.SIZE)).long().squeeze(1)
    loss = prior.loss(codes.codes[pick], random.normal(n, codes.codes.shape[1]))
    _descend(state, "prior", loss)
    return {"loss/prior": loss}


@torch.no_grad()
def update_average(state: TrainState) -> None:
    """EMA of weights and of running statistics; starts quickly, so that early pictures are not the initial ones."""
    beta = min(state.config.train.ema_beta, (1 + state.step) / (10 + state.step))
    torch._foreach_lerp_(list(state.ema.parameters()), [p.detach() for p in state.model.parameters()], 1 - beta)
    for (name, average), value in zip(state.ema.named_buffers(), state.model.buffers(), strict=True):
        if name.endswith(("running_mean", "running_var")):
            average.lerp_(value, 1 - beta)
        else:  # singular vectors, rotations, a mixture: an average of them is not one of them
            average.copy_(value)


def autocast(state: TrainState) -> torch.autocast:
    """bf16 where the device is fast at it, or as told."""
    precision = state.config.train.precision
    fast = {"cuda": True, "cpu": _cpu_is_fast_at_bf16()}.get(state.device.type, False)
    return torch.autocast(
        state.device.type, torch.bfloat16, enabled=precision == "bf16" or (precision == "auto" and fast)
    )


def _cpu_is_fast_at_bf16() -> bool:
    known = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(known()) if known is not None else False


def _descend(state: TrainState, player: str, loss: Tensor) -> None:
    optimizer = state.optimizers[player]
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    parameters = state.parameters(player)
    distributed.average_gradients(parameters)
    if player == "prior":
        nn.utils.clip_grad_norm_(parameters, 5.0)
    optimizer.step()


def _set_learning_rates(state: TrainState) -> None:
    """Constant, then falling linearly to 0 in the last `decay_share` of the run (by steps or by time)."""
    t = state.config.train
    done = max(state.step / t.steps, state.seconds / t.seconds if t.seconds else 0.0)
    factor = min(1.0, (1 - done) / t.decay_share) if t.decay_share else 1.0
    for name, rate in (("g", t.lr), ("d", t.lr_d), ("prior", t.lr_prior)):
        if name in state.optimizers:
            state.optimizers[name].param_groups[0]["lr"] = rate * max(factor, 0.0)
