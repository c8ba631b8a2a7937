"""Train the shared autoencoder: reconstruction first, then an adversarial finish of its decoder.

The finish leaves the encoder as it is, so that latents, and every model trained on them, stay
valid: it may be repeated at any time.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.nn import functional as F

from core.cards import Card
from core.data.dataset import DomainData
from core.device import mixed
from core.models.autoencoder import Autoencoder
from core.models.base import build, stands_alone
from core.models.patch_critic import PatchCritic
from core.registry import Registry
from core.training.batches import Pool, save_grid
from core.training.descent import descend
from core.training.ema import Ema
from core.training.publish import publish
from core.training.run import Run
from core.training.warm_start import warm_start


class AutoencoderTrainer:
    """Holds modules, optimisers and losses of one run."""

    def __init__(self, config: dict[str, Any], data: list[DomainData], run: Run) -> None:
        self.config, self.run, self.data = config, run, data
        self.settings = config["train"]
        self.pool = Pool(data, "train", run.device)
        self.held_out = Pool(data, "val", run.device)
        model = build(config["model"]["family"], config["model"], stands_alone)
        assert isinstance(model, Autoencoder)
        self.start = warm_start(model, self.settings, Registry(device=run.device))
        self.model, self.critic = model.to(run.device), PatchCritic().to(run.device)
        for module in (self.model, self.critic):
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = Ema(self.model, self.settings["ema"])
        self.finishing = False
        betas = (0.5, 0.95)
        self.optimiser = torch.optim.Adam(self.model.parameters(), betas=betas)
        self.critic_optimiser = torch.optim.Adam(
            self.critic.parameters(), self.settings["critic_rate"], betas=betas
        )
        self._resume()

    def rate(self) -> float:
        """Warm-up over 200 steps, then half a cosine within each of the two parts, to a tenth."""
        share, turn = self.run.share(self.settings["images"]), self.settings["finish_from"]
        done = (share - turn) / (1 - turn) if self.finishing else share / max(turn, 1e-6)
        decay = 0.55 + 0.45 * math.cos(math.pi * min(1.0, max(0.0, done)))
        rate = self.settings["finish_rate" if self.finishing else "rate"]
        return float(rate * min(1, (self.run.step + 1) / 200) * decay)

    def batch(self) -> torch.Tensor:
        """The next training batch, (B, 3, S, S)."""
        images = self.pool.draw(
            self.settings["batch"], self.run.step, self.run.seed + self.run.offset
        )
        return images.contiguous(memory_format=torch.channels_last)

    def reconstruct(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """One step on encoder and decoder: L1, L1 of gradients, weak KL (Rombach et al. 2022)."""
        with mixed(self.run.device):
            mean, logvar = self.model.moments(x)
        mean, logvar = mean.float(), logvar.float()
        z = mean + torch.randn_like(mean) * (0.5 * logvar).exp()
        with mixed(self.run.device):
            y = self.model.decode_raw(z)
        y = y.float()
        kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).mean()
        losses = {"l1": F.l1_loss(y, x), "edges": _edges(y, x), "kl": kl}
        total = losses["l1"] + losses["edges"] + self.settings["kl"] * kl
        descend(self.optimiser, total, self.model)
        return losses

    def finish(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        """One step on decoder and critic: L1, feature matching, hinge adversarial loss."""
        with mixed(self.run.device):
            with torch.no_grad():
                mean, logvar = self.model.moments(x)
                z = mean + torch.randn_like(mean) * (0.5 * logvar).exp()
            y = self.model.decode_raw(z).float()
            # critic: hinge loss (Lim & Ye 2017, eq. 9)
            real, wanted = self.critic(x)
            fake, _ = self.critic(y.detach())
            critic = F.relu(1 - real.float()).mean() + F.relu(1 + fake.float()).mean()
        descend(self.critic_optimiser, critic, self.critic)
        # decoder: stay near the image, match the critic's features (Larsen et al. 2016, eq. 7)
        with mixed(self.run.device):
            score, features = self.critic(y)
        pairs = zip(features, wanted)
        matching = torch.stack([F.l1_loss(f.float(), w.detach().float()) for f, w in pairs]).mean()
        losses = {"l1": F.l1_loss(y, x), "matching": matching, "adversarial": -score.float().mean()}
        weights = self.settings["finish"]
        total = torch.stack([weights[k] * v for k, v in losses.items()]).sum()
        descend(self.optimiser, total, self.model.kl.decoder)
        return {**losses, "critic": critic}

    def train(self) -> None:
        """Until the budget or the image count is spent."""
        while not self.run.out_of_time() and self.run.images_seen < self.settings["images"]:
            if not self.finishing and self.due():
                self.begin_finish()
            for group in self.optimiser.param_groups:
                group["lr"] = self.rate()
            step = self.finish if self.finishing else self.reconstruct
            losses = step(self.batch())
            self.run.step += 1
            self.run.images_seen += self.settings["batch"]
            self.ema.update(self.model, self.run.step)
            if self.run.every(30, "log"):
                self.run.log(psnr=self.psnr(), **losses)
            if self.run.every(180, "save"):
                self.save()
        if not self.finishing:
            self.whiten()

    def due(self) -> bool:
        """Whether the adversarial finish begins now: at `finish_from`, a share of the run."""
        return self.run.share(self.settings["images"]) >= self.settings["finish_from"]

    def begin_finish(self) -> None:
        """Freeze the encoder at its average and fix the latents' whitening.

        A run that starts from a checkpoint with a finish leaves its encoder and whitening alone.
        """
        self.finishing = True
        if self.run.step:
            self.model.load_state_dict(self.ema.module.state_dict())
            self.whiten()
        self.save()
        self.publish()  # from here on the latents are final: other models may start

    @torch.no_grad()
    def whiten(self) -> None:
        """Measure mean and standard deviation of each latent channel on training images."""
        parts = [self.pool.draw(64, k, self.run.seed + 1) for k in range(8)]
        z = torch.cat([self.ema.module.moments(p)[0] for p in parts])
        for model in (self.model, self.ema.module):
            model.mean.copy_(z.mean((0, 2, 3), keepdim=True))
            model.std.copy_(z.std((0, 2, 3), keepdim=True))

    @torch.no_grad()
    def psnr(self) -> float:
        """Peak signal-to-noise ratio in dB on 48 fixed held-out images; writes their grid."""
        x = self.held_out.draw(48, 0, self.run.seed)
        y = self.ema.module.decode_raw(self.ema.module.moments(x)[0])
        y = y.clamp(-1, 1)
        pairs = torch.stack([x[:24], y[:24]], 1).flatten(0, 1)
        recipe = self.data[0].preprocessing
        save_grid(recipe.denormalise(pairs), self.run.folder / "reconstructions.png")
        return float(10 * torch.log10(4 / F.mse_loss(y, x)))

    def save(self) -> None:
        """Write the state to resume from."""
        parts = {k: getattr(self, k).state_dict() for k in _STATEFUL}
        ema = self.ema.module.state_dict()
        self.run.save_state({**parts, "ema": ema, "finishing": self.finishing})

    def publish(self) -> Card:
        """Write the averaged weights and their card into `checkpoints/`."""
        card = Card(
            id=self.config["id"],
            domain=self.config["id"].split("/")[0],
            task="autoencoder",
            family=self.config["model"]["family"],
            title=self.config["title"],
            config=self.config["model"],
            preprocessing={**self.data[0].preprocessing.to_dict(), "channels": 3},
            training=self.run.summary([d.provenance() for d in self.data]) | self.start,
            limits=self.config.get("limits", []),
            licence=self.config.get("licence", ""),
        )
        return publish(self.run, card, self.ema.module)

    def _resume(self) -> None:
        if state := self.run.load_state():
            for part in _STATEFUL:
                getattr(self, part).load_state_dict(state[part])
            self.ema.module.load_state_dict(state["ema"])
            self.finishing = bool(state["finishing"])


_STATEFUL = ("model", "critic", "optimiser", "critic_optimiser")


def _edges(y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """L1 distance of horizontal and vertical differences."""
    across = F.l1_loss(y.diff(dim=-1), x.diff(dim=-1))
    return across + F.l1_loss(y.diff(dim=-2), x.diff(dim=-2))


def train(config: dict[str, Any], data: list[DomainData], run: Run) -> Card:
    """Train on the training splits of all given domains and publish the averaged weights."""
    trainer = AutoencoderTrainer(config, data, run)
    trainer.train()
    trainer.save()
    run.log(psnr=trainer.psnr())
    return trainer.publish()
