"""Train the latent diffusion model by conditional flow matching."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from core.cards import Card
from core.data.dataset import DomainData
from core.device import mixed
from core.models.base import build
from core.models.diffusion import LatentDiffusion
from core.registry import Registry
from core.training.batches import save_grid
from core.training.descent import descend
from core.training.ema import Ema
from core.training.gan_data import Reals, encode_images, load_reals
from core.training.gan_monitor import describe, kernel_distance
from core.training.publish import publish
from core.training.run import Run
from core.training.warm_start import warm_start

DROP = 0.1  # share of batches' labels replaced by "no class" (Ho & Salimans 2022)


class DiffusionTrainer:
    """Holds the network, its average and the optimiser of one run."""

    def __init__(self, config: dict[str, Any], data: DomainData, run: Run) -> None:
        self.config, self.settings, self.data, self.run = config, config["train"], data, run
        registry = Registry(device=run.device)
        model = build(config["model"]["family"], config["model"], lambda i: registry.get(i).module)
        assert isinstance(model, LatentDiffusion)
        self.model = model.to(run.device)
        self.model.unet.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.start = warm_start(self.model, self.settings, registry)
        self.ema = Ema(self.model.unet, self.settings["ema"])
        self.optimiser = torch.optim.AdamW(
            self.model.unet.parameters(),
            self.settings["rate"],
            betas=(0.9, 0.99),
            weight_decay=0.01,
        )
        mirror = data.domain.mirror
        self.reals = load_reals(data, self.model, run.folder, mirror).to(run.device)
        held_out = data.indices("val")
        self.held_out = Reals(
            encode_images(data, held_out, self.model, False),
            torch.as_tensor(data.class_index[held_out]),
        )
        spread = held_out[:: max(1, len(held_out) // 128)][:128]
        self.reference = describe(data.images[spread])
        self._resume()

    def step(self) -> torch.Tensor:
        """One optimiser step on a class-balanced batch; returns the loss."""
        size = self.settings["batch"]
        z, labels = self.reals.batch(size)
        labels = torch.where(
            torch.rand(size, device=labels.device) < DROP, self.model.classes, labels
        )
        with mixed(self.run.device):
            loss = flow_loss(self.model, z, labels)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        descend(self.optimiser, loss, self.model.unet)
        self.run.step += 1
        self.run.images_seen += size
        self.ema.update(self.model.unet, self.run.step)
        return loss.detach()

    def rate(self) -> float:
        """Linear warm-up over 200 steps; half a cosine to zero over the last third of the run."""
        left = min(1.0, 3 * (1 - self.run.share(self.settings["images"])))
        decay = 0.5 - 0.5 * math.cos(math.pi * left)
        return float(self.settings["rate"] * min(1, (self.run.step + 1) / 200) * decay)

    def train(self) -> None:
        """Until the budget or the image count is spent."""
        recent: list[torch.Tensor] = []
        while not self.run.out_of_time() and self.run.images_seen < self.settings["images"]:
            recent.append(self.step())
            if self.run.every(self.run.interval(20), "log"):
                loss = float(torch.stack(recent).mean())  # read seldom: a GPU need not wait
                if not math.isfinite(loss):
                    raise FloatingPointError(f"The loss diverged before step {self.run.step}.")
                self.run.log(loss=loss, held_out_loss=self.held_out_loss())
                recent.clear()
            if self.run.every(self.run.interval(240), "look"):
                self.run.log(kid=self.look())
                self.save()

    @torch.no_grad()
    def held_out_loss(self) -> float:
        """Loss of the averaged weights on held-out latents, at fixed noise and times."""
        with torch.random.fork_rng(), swapped(self.model, self.ema.module):
            torch.manual_seed(self.run.seed)
            z, labels = (v.to(self.run.device) for v in _spread(self.held_out, 96))
            return float(flow_loss(self.model, z, labels))

    def look(self) -> float:
        """Write a grid of fixed seeds, one row of eight per class; their KID to held-out images."""
        names = range(self.model.classes)
        labels = torch.tensor([c for c in names for _ in range(8)])
        with swapped(self.model, self.ema.module):
            images = self.model.sample(labels, [k % 8 for k in range(len(labels))])
        pixels = self.data.preprocessing.denormalise(images)
        save_grid(pixels, self.run.folder / "grids" / f"{self.run.step:07d}.png")
        return kernel_distance(describe(pixels), self.reference)

    def save(self) -> None:
        """Write the state to resume from."""
        self.run.save_state(
            {
                "unet": self.model.unet.state_dict(),
                "ema": self.ema.module.state_dict(),
                "optimiser": self.optimiser.state_dict(),
            }
        )

    def _resume(self) -> None:
        if state := self.run.load_state():
            self.model.unet.load_state_dict(state["unet"])
            self.ema.module.load_state_dict(state["ema"])
            self.optimiser.load_state_dict(state["optimiser"])


class swapped:
    """Within the block the model samples with its averaged weights."""

    def __init__(self, model: LatentDiffusion, unet: nn.Module) -> None:
        self.model, self.unet = model, unet

    def __enter__(self) -> None:
        self.model.unet, self.unet = self.unet, self.model.unet

    def __exit__(self, *details: object) -> None:
        self.model.unet, self.unet = self.unet, self.model.unet


def flow_loss(model: LatentDiffusion, z: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Conditional flow matching loss (Lipman et al. 2023, eq. 9), logit-normal times.

    Args:
        z: (N, L, s, s) latents of real images.
        labels: (N,) class ids.
    """
    # times concentrated in the middle, where the velocity is hardest (Esser et al. 2024, eq. 19)
    t = torch.sigmoid(torch.randn(len(z), device=z.device))
    drawn = torch.randn_like(z)
    share = t[:, None, None, None]
    return F.mse_loss(model((1 - share) * z + share * drawn, t, labels), drawn - z)


def _spread(reals: Reals, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """N images at even distances through the set: fixed, and of every class."""
    chosen = torch.linspace(0, len(reals.labels) - 1, n).long()
    return reals.grids[chosen], reals.labels[chosen]


def train(config: dict[str, Any], data: list[DomainData], run: Run) -> Card:
    """Train on one domain's training split and publish the averaged weights."""
    trainer = DiffusionTrainer(config, data[0], run)
    trainer.train()
    trainer.save()
    run.log(held_out_loss=trainer.held_out_loss(), kid=trainer.look())
    domain = data[0].domain
    card = Card(
        id=config["id"],
        domain=domain.id,
        task="generator",
        family=config["model"]["family"],
        title=config["title"],
        config=config["model"],
        classes=list(domain.class_ids),
        preprocessing=data[0].preprocessing.to_dict(),
        requires=[config["model"]["autoencoder"]],
        training=run.summary([data[0].provenance()]) | trainer.start,
        limits=config.get("limits", []),
        licence=config.get("licence", ""),
    )
    trainer.model.unet = trainer.ema.module
    return publish(run, card, trainer.model)
