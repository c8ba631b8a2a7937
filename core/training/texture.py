"""Train the texture of an autoencoder that is otherwise finished: an hour on a CPU core."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import torch
from torch.nn import functional as F

from core.cards import Card
from core.data.dataset import DomainData
from core.device import mixed
from core.models.autoencoder import Autoencoder
from core.models.base import build, stands_alone
from core.models.patch_critic import PatchCritic
from core.models.texture import FOLD, MAPS
from core.registry import Registry
from core.training.batches import Pool, save_grid
from core.training.descent import descend
from core.training.ema import Ema
from core.training.publish import publish
from core.training.run import Run
from core.training.texture_losses import (
    eight_bits,
    grid_log_power,
    local_power,
    magnified,
    pattern_shares,
    radial_log_power,
    statistics,
)
from core.training.warm_start import warm_start

CHUNK = 32


class Pairs:
    """Training images of one domain and their reconstructions without texture.

    Attributes:
        grey: whether the domain is.
        decoded: (N, C, S, S) half precision.
        images: (N, C, S, S) likewise.
    """

    def __init__(self, model: Autoencoder, data: DomainData, wanted: int, run: Run) -> None:
        self.grey = data.domain.channels == 1
        pool, channels = Pool([data], device=run.device), data.domain.channels
        decoded, images = [], []
        with torch.no_grad():
            for start in range(0, min(wanted, len(pool)), CHUNK):
                x = pool.draw(CHUNK, start, run.seed)
                with mixed(run.device):
                    y = model.decode_raw(model.moments(x)[0].float()).float()
                y = y.mean(1, keepdim=True) if self.grey else y  # as `Autoencoder.decode`
                decoded.append(y.half())
                images.append(x[:, :channels].half())
        self.decoded, self.images = torch.cat(decoded), torch.cat(images)

    def draw(self, size: int, crop: int, mirror: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """A batch of decoded and real crops, (B, 3, crop, crop) each; some pairs flipped."""
        rows = torch.randint(len(self.decoded), (size,))
        # one place for all of a batch, on the grid of folded pixels that the network sees
        top, left = (
            FOLD * int(torch.randint((n - crop) // FOLD + 1, ())) for n in self.decoded.shape[2:]
        )
        cut = (rows, slice(None), slice(top, top + crop), slice(left, left + crop))
        y, x = (v[cut].float().expand(-1, 3, -1, -1) for v in (self.decoded, self.images))
        if mirror and torch.rand(()) < 0.5:
            y, x = y.flip(-1), x.flip(-1)
        return y, x


class TextureTrainer:
    """Holds networks, averages and optimisers of one run."""

    def __init__(self, config: dict[str, Any], data: list[DomainData], run: Run) -> None:
        self.settings, self.data, self.run = config["train"], data, run
        model = build(config["model"]["family"], config["model"], stands_alone).to(run.device)
        assert isinstance(model, Autoencoder) and model.texture is not None
        self.registry = Registry(device=run.device)
        self.start = warm_start(model, self.settings, self.registry)
        self.model, self.texture = model.eval(), model.texture.train()
        self.critic = PatchCritic(6).to(run.device)
        for module in (self.texture, self.critic):
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = Ema(self.texture, self.settings["ema"])
        self.optimiser = torch.optim.Adam(self.texture.parameters(), betas=(0.5, 0.95))
        self.critic_optimiser = torch.optim.Adam(self.critic.parameters(), betas=(0.5, 0.95))
        if state := run.load_state():
            for part in _STATEFUL:
                getattr(self, part).load_state_dict(state[part])
            self.ema.module.load_state_dict(state["ema"])
        self.pairs = [Pairs(self.model, d, self.settings["pairs"], run) for d in data]

    def rate(self) -> float:
        """Share of the learning rates: warm-up over 50 steps, half a cosine over the last half."""
        left = min(1.0, 2 * (1 - self.run.share(self.settings["images"])))
        return min(1.0, (self.run.step + 1) / 50) * (0.5 - 0.5 * math.cos(math.pi * left))

    def step(self) -> dict[str, torch.Tensor]:
        """One step of critic and texture on a batch of one domain."""
        number = self.run.step % len(self.data)
        pairs, mirror = self.pairs[number], self.data[number].domain.mirror
        y, x = pairs.draw(self.settings["batch"], self.settings["crop"], mirror)
        y, x = y.to(self.run.device), x.to(self.run.device)
        drawn = torch.randn(len(y), MAPS, *y.shape[2:], device=y.device)
        made = eight_bits(self.texture.add(y, drawn, pairs.grey))
        share = self.rate()
        for optimiser, key in ((self.optimiser, "rate"), (self.critic_optimiser, "critic_rate")):
            for group in optimiser.param_groups:
                group["lr"] = self.settings[key] * share
        critic, wanted = self._teach(made.detach(), x)
        losses = self._losses(made, x, wanted)
        total = torch.stack([self.settings["loss"][k] * v for k, v in losses.items()]).sum()
        descend(self.optimiser, total, self.texture)
        self.run.step += 1
        self.run.images_seen += len(y)
        self.ema.update(self.texture, self.run.step)
        return {**losses, "critic": critic}

    def _teach(
        self, made: torch.Tensor, x: torch.Tensor
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """One step of the critic; its loss, and its features of the real images before it."""
        real, wanted = self.critic(magnified(x))
        fake, _ = self.critic(magnified(made))
        # hinge loss (Lim & Ye 2017, eq. 9)
        critic = F.relu(1 - real).mean() + F.relu(1 + fake).mean()
        descend(self.critic_optimiser, critic, self.critic)
        return critic, [w.detach() for w in wanted]

    def _losses(
        self, made: torch.Tensor, x: torch.Tensor, wanted: list[torch.Tensor]
    ) -> dict[str, torch.Tensor]:
        score, features = self.critic(magnified(made))
        return {
            "adversarial": -score.mean(),
            "statistics": statistics(features, wanted),
            "power": local_power(made, x),
            "spectrum": F.l1_loss(radial_log_power(made), radial_log_power(x)),
            "grid": F.l1_loss(grid_log_power(made), grid_log_power(x)),
            "patterns": F.l1_loss(pattern_shares(made), pattern_shares(x)),
        }

    def train(self) -> None:
        """Until the budget or the image count is spent."""
        while not self.run.out_of_time() and self.run.images_seen < self.settings["images"]:
            losses = self.step()
            if self.run.every(self.run.interval(30), "log"):
                if not math.isfinite(float(losses["power"].detach())):
                    raise FloatingPointError(f"The loss diverged before step {self.run.step}.")
                self.run.log(**losses)
            if self.run.every(self.run.interval(180), "look"):
                self.look()
                self.save()

    @torch.no_grad()
    def look(self) -> None:
        """Write real, decoded and textured images in rows of eight, four rows a domain each."""
        for pairs, data in zip(self.pairs, self.data):
            y, x = (v[:8].float().to(self.run.device) for v in (pairs.decoded, pairs.images))
            wide = y.expand(-1, 3, -1, -1)
            made = self.ema.module(wide, list(range(8)), pairs.grey)[:, : y.shape[1]]
            pixels = data.preprocessing.denormalise(torch.cat([x, y, made]))
            save_grid(pixels, self.run.folder / f"{data.domain.id}-{self.run.step:06d}.png")

    def save(self) -> None:
        """Write the state to resume from."""
        parts = {k: getattr(self, k).state_dict() for k in _STATEFUL}
        self.run.save_state({**parts, "ema": self.ema.module.state_dict()})


_STATEFUL = ("texture", "critic", "optimiser", "critic_optimiser")


def train(config: dict[str, Any], data: list[DomainData], run: Run) -> Card:
    """Train the texture on images and their reconstructions; all other weights stay.

    Args:
        config: `[model]` of the autoencoder with `texture`; `[train]` with `start_from`, `pairs`
            (per domain), `images`, `batch`, `rate`, `critic_rate`, `ema`, and weights of the
            losses in `[train.loss]`.
        data: the domains that the autoencoder serves.
        run: the run to log to and resume from.
    """
    trainer = TextureTrainer(config, data, run)
    trainer.train()
    trainer.save()
    trainer.look()
    trainer.model.texture = trainer.ema.module
    card = replace(
        trainer.registry.card(trainer.settings["start_from"]),
        id=config["id"],
        config=config["model"],
        training=run.summary([d.provenance() for d in data]) | trainer.start,
        title=config["title"],
        limits=config.get("limits", []),
    )
    return publish(run, card, trainer.model)
