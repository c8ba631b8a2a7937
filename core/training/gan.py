"""Train a GAN of any family: `train gan --config configs/<domain>/<family>.toml`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import torch

from core.cards import Card
from core.data.dataset import DomainData
from core.device import mixed
from core.models.base import Load, build, noise
from core.models.gan.image_critic import ImageCritic, make_critic
from core.models.gan.space import GanGenerator
from core.registry import default_registry
from core.training.ema import Ema
from core.training.gan_data import Reals, load_reals
from core.training.gan_monitor import Watch, check_finite
from core.training.gan_steps import DcganSteps, Steps, StyleSteps, WassersteinSteps
from core.training.publish import publish
from core.training.run import Run

STEPS: dict[str, type[Steps]] = {
    "stylegan2": StyleSteps,
    "wgan-gp": WassersteinSteps,
    "dcgan": DcganSteps,
}
PER_CLASS = 8


def train(
    config: dict[str, Any], data: list[DomainData], run: Run, load: Load | None = None
) -> Card:
    """Train on the training split and publish the moving average of the generator.

    Args:
        config: `[model]` for the generator, `[critic]`, `[train]`.
        data: one domain.
        run: folder, budget and log.
        load: returns the autoencoder; the shipped checkpoints by default.

    Raises:
        TrainingStoppedError: divergence or mode collapse; the state before it is kept.
    """
    domain = data[0].domain
    load = load or (lambda other: default_registry().get(other).module)
    steps = make_steps(config, load, run.device, domain.mirror)
    table = config["train"]
    ema = Ema(steps.generator, float(table.get("ema", 0.998)))
    average = cast(GanGenerator, ema.module)
    mirror = domain.mirror and bool(table.get("mirror", True))
    reals = load_reals(data[0], steps.generator, run.folder, mirror)
    watch = make_watch(data[0], reals, run, table)
    reals = reals.to(run.device)
    restore(run, steps, average)
    total = int(table.get("images", 1_000_000))
    while run.images_seen < total and not run.out_of_time():
        # Every step has its own seed: a resumed run repeats the uninterrupted one.
        torch.manual_seed(run.seed * 1_000_003 + run.step + run.offset)
        with mixed(run.device):
            values, used = steps.step(reals, run.images_seen)
        check_finite(values, run.step)
        run.step += 1
        run.images_seen += used
        ema.update(steps.generator, run.step)
        if run.every(run.interval(float(table.get("log_seconds", 20))), "log"):
            run.log(**values)
        if run.every(run.interval(float(table.get("grid_seconds", 240))), "grid"):
            run.log(**look(average, watch, run))
            save(run, steps, average)
    save(run, steps, average)
    run.log(**look(average, watch, run))
    card = publish(run, make_card(config, data[0], run), average)
    if steps.optimisers["critic"].state:  # not where the run ended before its first step
        publish(run, *judge(config, card, steps, reals, load))
    return card


def make_steps(config: dict[str, Any], load: Load, device: torch.device, mirror: bool) -> Steps:
    """Networks and optimisers of a configuration, on a device and channels-last."""
    torch.manual_seed(int(config.get("seed", 0)))
    model = config["model"]
    generator = build(model["family"], model, load)
    assert isinstance(generator, GanGenerator)
    critic: torch.nn.Module = make_critic(model["family"], critic_config(config, generator))
    for network in (generator, critic):
        network.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return STEPS[model["family"]](generator, critic, config["train"], mirror)


def critic_config(config: dict[str, Any], generator: GanGenerator) -> dict[str, Any]:
    """What the critic of a generator is made from."""
    own = {k: getattr(generator, k) for k in ("classes", "grid_channels", "size")}
    return {**own, **config.get("critic", {})}


def make_watch(data: DomainData, reals: Reals, run: Run, table: dict[str, Any]) -> Watch:
    """Fixed real images to compare fixed samples with."""
    classes = range(len(data.domain.classes))
    parts = [reals.first(c, PER_CLASS) for c in classes]
    n = min(len(p) for p in parts)
    held_out = data.indices("val")
    spread = held_out[:: max(1, len(held_out) // 128)][:128]
    real = torch.stack([p[:n] for p in parts])
    least = float(table.get("least_diversity", 0.2))
    return Watch(real, data.images[spread], data.preprocessing, run.folder, least)


@torch.no_grad()
def look(average: GanGenerator, watch: Watch, run: Run) -> dict[str, float]:
    """Draw the fixed-seed grid with the averaged weights, save and measure it."""
    refresh(average)
    device = next(average.parameters()).device
    labels = torch.arange(average.classes, device=device).repeat_interleave(PER_CLASS)
    # The same codes in every row: columns show what the class alone changes.
    z = noise((average.z_dim,), list(range(PER_CLASS))).repeat(average.classes, 1).to(device)
    grids = average.grid(z, labels)
    images = torch.cat([average.to_image(part) for part in grids.split(16)])
    return watch.look(grids.unflatten(0, (average.classes, PER_CLASS)), images, run.step)


def refresh(average: GanGenerator) -> None:
    """Measure again what depends on the weights (the mean w of each class)."""
    update = getattr(average, "update_mean", None)
    if update:
        update()


def save(run: Run, steps: Steps, average: torch.nn.Module) -> None:
    """Write everything the next step depends on."""
    run.save_state(
        {
            "generator": steps.generator.state_dict(),
            "critic": steps.critic.state_dict(),
            "average": average.state_dict(),
            "optimisers": {k: o.state_dict() for k, o in steps.optimisers.items()},
            "extra": steps.extra(),
        }
    )


def restore(run: Run, steps: Steps, average: torch.nn.Module) -> None:
    """Take up a saved run, where there is one."""
    state = run.load_state()
    if state is None:
        return
    steps.generator.load_state_dict(state["generator"])
    steps.critic.load_state_dict(state["critic"])
    average.load_state_dict(state["average"])
    for name, optimiser in steps.optimisers.items():
        optimiser.load_state_dict(state["optimisers"][name])
    steps.restore(state["extra"])


def make_card(config: dict[str, Any], data: DomainData, run: Run) -> Card:
    """The card of a trained generator; hashes and parameters are filled in on publishing."""
    model = {k: v for k, v in config["model"].items() if k != "family"}
    return Card(
        id=config["id"],
        domain=data.domain.id,
        task="generator",
        family=config["model"]["family"],
        title=config.get("title", config["id"]),
        config=model,
        classes=list(data.domain.class_ids),
        preprocessing=data.preprocessing.to_dict(),
        requires=[model["autoencoder"]] if "autoencoder" in model else [],
        training=run.summary([data.provenance()]),
        limits=list(config.get("limits", [])),
        licence=str(config.get("licence", "")),
    )


def judge(
    config: dict[str, Any], card: Card, steps: Steps, reals: Reals, load: Load
) -> tuple[Card, ImageCritic]:
    """The trained critic as a model that scores images, with its card.

    Args:
        config: of the run.
        card: of the generator.
        steps: holds the critic.
        reals: real images, for the critic's typical minibatch deviation.
        load: returns the autoencoder.
    """
    own = critic_config(config, steps.generator)
    own |= {"kind": card.family, "growth": getattr(steps, "growth", None)}
    own |= {k: card.config[k] for k in ("autoencoder",) if k in card.config}
    module = ImageCritic(own, load)
    module.critic.load_state_dict(steps.critic.state_dict())
    classes = range(len(card.classes))
    module.cpu().eval()
    module.measure_deviation(torch.cat([reals.first(c, PER_CLASS).cpu() for c in classes]))
    limits = [
        "Scores how real an image looks to this critic, on a scale of its own; it is no verdict.",
        "It was trained against one generator and overlooks what that one never got wrong.",
    ]
    title = f"Critic of: {card.title}"
    return replace(
        card, id=f"{card.id}-critic", task="critic", family="critic", title=title, config=own,
        files={}, limits=limits,
    ), module  # fmt: skip
