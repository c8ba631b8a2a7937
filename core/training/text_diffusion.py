"""Train the latent diffusion from text: conditional flow matching on weak pairs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from core.cards import Card
from core.data.dataset import DomainData
from core.device import mixed
from core.models.base import build
from core.models.text_adapter import Conditioning
from core.models.text_diffusion import TextDiffusion
from core.models.text_generator import TextGenerator
from core.registry import Registry
from core.text.conditions import CONDITIONS
from core.text.prepared import Prepared, load
from core.training.batches import save_grid
from core.training.diffusion import DROP
from core.training.ema import Ema
from core.training.publish import publish
from core.training.run import Run
from core.training.schedule import warm_then_cosine
from core.training.text_data import Batch, WeakPairs, load_pairs
from core.training.warm_start import warm_start

READING = 0.1  # weight of reading the condition off the text beside the flow loss


class TextDiffusionTrainer:
    """Holds the model, its average, the pairs and the optimiser of one run."""

    def __init__(self, config: dict[str, Any], data: DomainData, run: Run) -> None:
        self.config, self.settings, self.data, self.run = config, config["train"], data, run
        registry = Registry(device=run.device)
        model = build(config["model"]["family"], config["model"], lambda i: registry.get(i).module)
        assert isinstance(model, TextDiffusion)
        self.start = warm_start(model, self.settings, registry)
        self.model = model.to(run.device)
        self.model.unet.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = Ema(self.model, self.settings["ema"])
        self.prepared = load(Path(self.settings["texts"]))
        self.pairs, self.held_out = load_pairs(
            data, self.model, self.prepared, run.folder, self.settings.get("shares")
        )
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), self.settings["rate"], betas=(0.9, 0.99), weight_decay=0.01
        )
        if state := run.load_state():
            self.model.load_state_dict(state["model"])
            self.ema.module.load_state_dict(state["ema"])
            self.optimiser.load_state_dict(state["optimiser"])

    def step(self) -> torch.Tensor:
        """One optimiser step; returns (flow loss, reading loss) on the device."""
        size = self.settings["batch"]
        losses = self.losses(self.model, self.pairs.batch(size), DROP)
        for group in self.optimiser.param_groups:
            group["lr"] = warm_then_cosine(self.run, self.settings["rate"], self.settings["images"])
        self.optimiser.zero_grad(set_to_none=True)
        (losses[0] + READING * losses[1]).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.run.step += 1
        self.run.images_seen += size
        self.ema.update(self.model, self.run.step)
        return losses.detach()

    def losses(self, model: TextDiffusion, batch: Batch, drop: float) -> torch.Tensor:
        """Flow matching loss and cross-entropy of the condition read off the text, (2,)."""
        dropped = torch.rand(len(batch.z), device=batch.z.device) < drop
        with mixed(self.run.device):
            text = model.listen(batch.states, batch.mask, dropped)
            flow = text_flow_loss(model, batch.z, text)
        reading = F.cross_entropy(text.logits.float(), batch.condition)
        return torch.stack([flow, reading])

    def train(self) -> None:
        """Until the budget or the image count is spent."""
        recent: list[torch.Tensor] = []
        while not self.run.out_of_time() and self.run.images_seen < self.settings["images"]:
            recent.append(self.step())
            if self.run.every(self.run.interval(20), "log"):
                self.log(recent)
                recent.clear()
            if self.run.every(self.run.interval(240), "look"):
                self.look()
                self.save()

    def log(self, recent: list[torch.Tensor]) -> None:
        """Mean training losses, and the averaged weights' on held-out pairs at fixed noise."""
        flow, reading = torch.stack(recent).mean(0).tolist()
        if not math.isfinite(flow):
            raise FloatingPointError(f"The loss diverged at step {self.run.step}.")
        self.run.log(loss=flow, reading_loss=reading, **self.held_out_figures())

    @torch.no_grad()
    def held_out_figures(self) -> dict[str, float]:
        """Losses of the averaged weights on 256 fixed held-out pairs, and its share read right."""
        with torch.random.fork_rng(devices_of(self.run)):
            torch.manual_seed(self.run.seed)
            batch = self.held_out.batch(256)
            flow, _ = self.losses(self.ema.module, batch, 0.0).tolist()
        text = self.ema.module.listen(batch.states, batch.mask)
        right = (text.logits.argmax(1) == batch.condition).float().mean()
        return {"held_out_loss": flow, "held_out_read": float(right)}

    def look(self) -> None:
        """Write a grid of fixed seeds and held-out texts, one row of eight per condition."""
        pixels = grid(self.ema.module, self.held_out, self.run, self.data)
        save_grid(pixels, self.run.folder / "grids" / f"{self.run.step:07d}.png")

    def save(self) -> None:
        """Write the state to resume from."""
        self.run.save_state(
            {
                "model": self.model.state_dict(),
                "ema": self.ema.module.state_dict(),
                "optimiser": self.optimiser.state_dict(),
            }
        )


def text_flow_loss(model: TextDiffusion, z: torch.Tensor, text: Conditioning) -> torch.Tensor:
    """Conditional flow matching loss (Lipman et al. 2023, eq. 9), logit-normal times.

    Args:
        model: predicts velocities.
        z: (N, L, s, s) latents of real images.
        text: N texts.
    """
    t = torch.sigmoid(torch.randn(len(z), device=z.device))
    drawn = torch.randn_like(z)
    share = t[:, None, None, None]
    found = model((1 - share) * z + share * drawn, t, text)
    return F.mse_loss(found.float(), drawn - z)


@torch.no_grad()
def grid(model: TextGenerator, pairs: WeakPairs, run: Run, data: DomainData) -> Any:
    """(N, S, S, C) uint8 images of eight texts per condition, the same seeds in every row."""
    shown = [c for c in range(len(CONDITIONS)) if float(pairs.weights[c]) > 0]
    condition = torch.tensor(shown, device=pairs.weights.device).repeat_interleave(8)
    with torch.random.fork_rng(devices_of(run)):
        torch.manual_seed(run.seed)
        text = pairs.texts.draw(condition)
    with mixed(run.device):
        seeds = [k % 8 for k in range(len(condition))]
        images = model.sample(pairs.states[text], pairs.mask[text], seeds)
    return data.preprocessing.denormalise(images)


def devices_of(run: Run) -> list[torch.device]:
    """Devices beside the CPU whose random state a fixed draw must leave alone."""
    return [run.device] if run.device.type == "cuda" else []


def train(config: dict[str, Any], data: list[DomainData], run: Run) -> Card:
    """Train on one domain's training split and publish the averaged weights."""
    trainer = TextDiffusionTrainer(config, data[0], run)
    trainer.train()
    trainer.save()
    trainer.look()
    run.log(**trainer.held_out_figures())
    card = make_card(config, data[0], run, trainer.prepared)
    card.training |= trainer.start
    return publish(run, card, trainer.ema.module)


def make_card(config: dict[str, Any], data: DomainData, run: Run, texts: Prepared) -> Card:
    """The card of a generator from text; hashes are filled in on publishing."""
    model = {k: v for k, v in config["model"].items() if k != "family"}
    return Card(
        id=config["id"],
        domain=data.domain.id,
        task="text-generator",
        family=config["model"]["family"],
        title=config["title"],
        config=model,
        classes=list(CONDITIONS),
        preprocessing=data.preprocessing.to_dict(),
        requires=[model["autoencoder"]],
        training={**run.summary([data.provenance()]), "texts": texts.note},
        limits=config.get("limits", []),
        licence=config.get("licence", ""),
    )
