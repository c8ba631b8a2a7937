"""Train the GAN from text: adversarial, L1 and perceptual loss (features of our own encoder).

With a `teacher` the L1 and perceptual losses compare with what the text diffusion draws from the
same noise and text (Luhman & Luhman 2021), so that a pair has one right answer; without one they
compare with a random image of the condition. The adversarial loss always sees real images.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

from core.cards import Card
from core.data.dataset import DomainData
from core.device import mixed
from core.evaluate.features import find_encoder
from core.models.base import build
from core.models.encoder import Encoder
from core.models.text_gan import TextCritic, TextGan
from core.models.text_generator import TextGenerator
from core.registry import WEIGHTS, Registry
from core.text.conditions import CONDITIONS
from core.text.prepared import load
from core.training.batches import save_grid
from core.training.ema import Ema
from core.training.publish import publish
from core.training.run import Run
from core.training.schedule import warm_then_cosine
from core.training.text_data import WeakPairs, load_pairs
from core.training.text_diffusion import devices_of, grid, make_card
from core.training.warm_start import warm_start


@dataclass
class Bank:
    """Noise (N, L, s, s), rows of the texts (N,), conditions (N,), latents wanted (N, L, s, s)."""

    noise: torch.Tensor
    text: torch.Tensor
    condition: torch.Tensor
    target: torch.Tensor


class TextGanTrainer:
    """Holds the networks, their optimisers and the pairs of one run."""

    def __init__(self, config: dict[str, Any], data: DomainData, run: Run) -> None:
        self.settings, self.data, self.run = config["train"], data, run
        registry = Registry(device=run.device)
        model = build(config["model"]["family"], config["model"], lambda i: registry.get(i).module)
        assert isinstance(model, TextGan)
        self.start = warm_start(model, self.settings, registry)
        self.model = model.to(run.device)
        width = int(self.settings["critic_width"])
        self.critic = TextCritic(*model.latent, width, len(CONDITIONS)).to(run.device)
        self.ema = Ema(self.model, self.settings["ema"])
        self.encoder = cast(Encoder, find_encoder(registry, data.domain.id).module)
        self.prepared = load(Path(self.settings["texts"]))
        self.pairs, self.held_out = load_pairs(
            data, self.model, self.prepared, run.folder, self.settings.get("shares")
        )
        self.optimisers = {
            "generator": _adam(self.model, self.settings["rate"]),
            "critic": _adam(self.critic, self.settings["critic_rate"]),
        }
        self.bank: Bank | None = None
        if teacher := self.settings.get("teacher"):
            loaded = registry.get(str(teacher))
            digest, size = loaded.card.files[WEIGHTS], int(self.settings["bank"])
            self.bank = kept_bank(
                cast(TextGenerator, loaded.module), self.pairs, size, run, digest[:12]
            )
            self.start["teacher"] = {"id": loaded.card.id, "sha256": digest}
        self._resume()

    def given(self, size: int) -> Bank:
        """Noise and texts of a step, with the latents that the generator should come near to."""
        if self.bank is None:
            condition = self.pairs.conditions(size)
            z = self.pairs.grids[self.pairs.images.draw(condition)].float()
            return Bank(torch.randn_like(z), self.pairs.texts.draw(condition), condition, z)
        row = torch.randint(len(self.bank.text), (size,), device=self.bank.text.device)
        return Bank(*(v[row] for v in vars(self.bank).values()))

    def step(self) -> dict[str, torch.Tensor]:
        """One step of the critic and one of the generator; losses stay on the device."""
        size = self.settings["batch"]
        real, given = self.pairs.batch(size), self.given(size)
        with mixed(self.run.device):
            text = self.model.listen(self.pairs.states[given.text], self.pairs.mask[given.text])
            fake = self.model(given.noise.float(), text)
            judged = self.critic(real.z, real.condition)
            forged = self.critic(fake.detach(), given.condition)
        # hinge loss (Lim & Ye 2017, eq. 9)
        critic = F.relu(1 - judged.float()).mean() + F.relu(1 + forged.float()).mean()
        self._update("critic", critic, self.critic)
        with mixed(self.run.device):
            score = self.critic(fake, given.condition)
        losses = {
            "adversarial": -score.float().mean(),
            "l1": F.l1_loss(fake.float(), given.target.float()),
            "perceptual": self.perceptual(fake, given.target),
            "reading": F.cross_entropy(text.logits.float(), given.condition),
        }
        weights = self.settings["weights"]
        total = torch.stack([float(weights[k]) * v for k, v in losses.items()]).sum()
        self._update("generator", total, self.model)
        self.run.step += 1
        self.run.images_seen += size
        self.ema.update(self.model, self.run.step)
        return {k: v.detach() for k, v in {**losses, "critic": critic}.items()}

    def perceptual(self, fake: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        """L1 distance of the encoder's features of the decoded images (Johnson et al. 2016)."""
        n = min(len(fake), int(self.settings.get("perceptual_batch", 64)))  # the dear part
        with mixed(self.run.device):
            found = self._features(fake[:n])
            with torch.no_grad():
                target = self._features(wanted[:n].float())
        pairs = zip(found, target)
        return torch.stack([F.l1_loss(a.float(), b.float()) for a, b in pairs]).mean()

    def _features(self, z: torch.Tensor) -> list[torch.Tensor]:
        """Features after each block, scaled to unit length over channels (Zhang et al. 2018)."""
        own = self.model.autoencoder
        image = own.decode_raw(z * own.std + own.mean).mean(1, keepdim=True)
        x = F.relu(self.encoder.stem(self.encoder.prepare(image)))
        found = []
        for stage in self.encoder.stages:
            x = stage(x)
            found.append(F.normalize(x, dim=1) * x.shape[1] ** 0.5)
        return found

    def _update(self, name: str, loss: torch.Tensor, module: nn.Module) -> None:
        optimiser = self.optimisers[name]
        for group in optimiser.param_groups:
            rate = self.settings["rate" if name == "generator" else "critic_rate"]
            group["lr"] = warm_then_cosine(self.run, rate, self.settings["images"])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters(), 5.0)
        optimiser.step()

    def train(self) -> None:
        """Until the budget or the image count is spent."""
        recent: list[dict[str, torch.Tensor]] = []
        while not self.run.out_of_time() and self.run.images_seen < self.settings["images"]:
            recent.append(self.step())
            if self.run.every(self.run.interval(20), "log"):
                self.log(recent)
                recent.clear()
            if self.run.every(self.run.interval(240), "look"):
                self.look()
                self.save()
        if recent:
            self.log(recent)

    def log(self, recent: list[dict[str, torch.Tensor]]) -> None:
        """Mean losses since the last line."""
        means = {k: float(torch.stack([r[k] for r in recent]).mean()) for k in recent[0]}
        if not math.isfinite(means["l1"]):
            raise FloatingPointError(f"The loss diverged at step {self.run.step}.")
        self.run.log(**means)

    def look(self) -> None:
        """Write a grid of fixed seeds and held-out texts, one row of eight per condition."""
        pixels = grid(self.ema.module, self.held_out, self.run, self.data)
        save_grid(pixels, self.run.folder / "grids" / f"{self.run.step:07d}.png")

    def save(self) -> None:
        """Write the state to resume from; the bank has a file of its own."""
        self.run.save_state(
            {
                "model": self.model.state_dict(),
                "critic": self.critic.state_dict(),
                "ema": self.ema.module.state_dict(),
                "optimisers": {k: o.state_dict() for k, o in self.optimisers.items()},
            }
        )

    def _resume(self) -> None:
        if state := self.run.load_state():
            self.model.load_state_dict(state["model"])
            self.critic.load_state_dict(state["critic"])
            self.ema.module.load_state_dict(state["ema"])
            for name, optimiser in self.optimisers.items():
                optimiser.load_state_dict(state["optimisers"][name])


def kept_bank(
    teacher: TextGenerator, pairs: WeakPairs, size: int, run: Run, mark: str
) -> Bank:  # fmt: skip
    """The bank of a run: drawn once, then read from the run's folder.

    Args:
        teacher, pairs, size, run: see `make_bank`.
        mark: of the teacher's weights; another teacher's bank is not taken.
    """
    path = run.folder / f"bank-{mark}-{size}-{run.seed}.safetensors"
    device = pairs.grids.device
    if path.exists():
        return Bank(**{k: v.to(device) for k, v in load_file(path).items()})
    bank = make_bank(teacher, pairs, size, run)
    run.folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    save_file({k: v.cpu().contiguous() for k, v in vars(bank).items()}, partial)
    partial.replace(path)
    return bank


@torch.no_grad()
def make_bank(teacher: TextGenerator, pairs: WeakPairs, size: int, run: Run) -> Bank:
    """What the teacher draws from seeded noise and random texts.

    Args:
        teacher: a text diffusion in the same latents.
        pairs: its texts.
        size: images.
        run: seed and device.
    """
    with torch.random.fork_rng(devices_of(run)):
        torch.manual_seed(run.seed)
        condition = pairs.conditions(size)
        text = pairs.texts.draw(condition)
        noise = torch.randn((size, *pairs.grids.shape[1:]), device=condition.device)
    target = []
    chunk = 512 if run.device.type == "cuda" else 32  # a CPU's caches hold no more
    for rows in torch.arange(size, device=condition.device).split(chunk):
        with mixed(run.device):
            own = text[rows]
            heard, silent = teacher.both(pairs.states[own], pairs.mask[own])
            target.append(teacher.draw(noise[rows], heard, silent).half())
    return Bank(noise.half(), text, condition, torch.cat(target))


def _adam(module: nn.Module, rate: float) -> torch.optim.Optimizer:
    return torch.optim.AdamW(module.parameters(), rate, betas=(0.0, 0.99), weight_decay=1e-4)


def train(config: dict[str, Any], data: list[DomainData], run: Run) -> Card:
    """Train on one domain's training split and publish the averaged weights."""
    trainer = TextGanTrainer(config, data[0], run)
    trainer.train()
    trainer.save()
    trainer.look()
    card = make_card(config, data[0], run, trainer.prepared)
    card.training |= trainer.start
    return publish(run, card, trainer.ema.module)
