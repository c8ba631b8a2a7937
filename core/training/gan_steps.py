"""One optimisation step of each GAN family: what differs between them, behind one interface."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from core.models.ada import AdaptiveAugment
from core.models.gan.critic import at_stage
from core.models.gan.space import GanGenerator
from core.training import gan_losses as losses
from core.training.gan_data import Reals


class Steps:
    """Networks, optimisers and the step of a GAN.

    Args:
        generator: what is trained.
        critic: its opponent.
        train: the `[train]` table of the configuration.
        mirror: whether left-right flips are allowed as augmentation.
    """

    def __init__(
        self, generator: GanGenerator, critic: nn.Module, train: dict[str, Any], mirror: bool
    ) -> None:
        self.generator = generator
        self.critic = critic
        self.batch = int(train.get("batch", 32))
        self.train = train
        self.mirror = mirror
        betas = tuple(train.get("betas", (0.0, 0.99)))
        rate = float(train.get("rate", 2e-3))
        self.optimisers = {
            "generator": torch.optim.Adam(generator.parameters(), rate, betas),
            "critic": torch.optim.Adam(
                critic.parameters(), float(train.get("critic_rate", rate)), betas
            ),
        }

    def step(self, reals: Reals, images_seen: int) -> tuple[dict[str, float], int]:
        """Update the networks once.

        Args:
            reals: real images.
            images_seen: so far; schedules follow it, so that they do not depend on batch size.

        Returns:
            (losses by name, real images used).
        """
        raise NotImplementedError

    def extra(self) -> dict[str, float]:
        """Plain values to save and restore beside the networks."""
        return {}

    def restore(self, extra: dict[str, float]) -> None:
        """Take back what `extra` gave."""

    def draw(self, n: int, reals: Reals) -> tuple[torch.Tensor, torch.Tensor]:
        """Random codes and balanced labels on the generator's device."""
        device = next(self.generator.parameters()).device
        z = torch.randn(n, self.generator.z_dim, device=device)
        return z, reals.labels_of(n).to(device)

    def real(self, reals: Reals, n: int | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """A balanced batch of real images on the generator's device, channels-last."""
        device = next(self.generator.parameters()).device
        x, labels = reals.batch(n or self.batch)
        return x.to(device, memory_format=torch.channels_last), labels.to(device)

    def at_stage(self, x: torch.Tensor) -> torch.Tensor:
        """Real images as the critic sees them at the current stage of growth."""
        return x

    def reconstruct(
        self, x: torch.Tensor, labels: torch.Tensor
    ) -> tuple[torch.Tensor, dict[str, float]]:
        """VAE loss of encoder and generator on real images, at the current stage of growth."""
        found = self.generator.encoder(x, labels)  # type: ignore[operator, misc]
        mean, log_variance = (v.float() for v in found)
        z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        output = self.generator.stage(z, labels).float()
        loss, error, divergence = losses.negative_elbo(self.at_stage(x), output, mean, log_variance)
        return loss, {"reconstruction": error.item(), "kl": divergence.item()}

    def update(self, name: str, loss: torch.Tensor) -> None:
        """One optimiser step of "generator" or "critic"."""
        optimiser = self.optimisers[name]
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()


class StyleSteps(Steps):
    """StyleGAN2: a VAE start, then non-saturating loss with lazy R1 and adaptive augmentation.

    The generator begins as the decoder of a conditional VAE (Kingma and Welling 2014): after
    `warmup_images` it already draws the right anatomy, softly. Then the critic runs ahead for
    `ahead_images`, and from there on samples of the prior are trained adversarially, while a
    small reconstruction term keeps encoder and variety (Larsen et al. 2016).
    """

    def __init__(
        self, generator: GanGenerator, critic: nn.Module, train: dict[str, Any], mirror: bool
    ) -> None:
        super().__init__(generator, critic, train, mirror)
        self.warmup = int(train.get("warmup_images", 40_000))
        self.ahead = int(train.get("ahead_images", 3_000))
        self.gamma = float(train.get("r1_gamma", 1.0))
        self.lazy = int(train.get("r1_every", 16))
        self.keep = float(train.get("reconstruction", 0.5))
        self.keep_every = int(train.get("reconstruction_every", 2))
        self.count = 0
        self.augment = AdaptiveAugment(
            mirror, float(train.get("ada_target", 0.6)), int(train.get("ada_images", 100_000))
        )

    def extra(self) -> dict[str, float]:
        """Augmentation probability and the step count."""
        return {"ada_p": self.augment.probability, "count": float(self.count)}

    def restore(self, extra: dict[str, float]) -> None:
        """See `extra`."""
        self.augment.probability, self.count = extra["ada_p"], int(extra["count"])

    def step(self, reals: Reals, images_seen: int) -> tuple[dict[str, float], int]:
        """See `Steps.step`."""
        self.count += 1
        if images_seen < self.warmup:
            x, labels = self.real(reals)
            loss, values = self.reconstruct(x, labels)
            self.update("generator", loss)
            return values, self.batch
        values = {}
        z, fake_labels = self.draw(self.batch, reals)
        fake = self.generator.grid(z, fake_labels).float()
        values |= self.critic_step(reals, fake.detach(), fake_labels)
        keep = self.count % self.keep_every == 0
        follow = images_seen >= self.warmup + self.ahead
        loss = torch.zeros((), device=fake.device)
        if follow:
            self.critic.requires_grad_(False)
            loss = losses.logistic_generator(self.critic(self.augment(fake), fake_labels).float())
            values["generator"] = loss.item()
        if keep and self.keep > 0:
            x, labels = self.real(reals, self.batch // 2)
            kept, more = self.reconstruct(x, labels)
            loss = loss + self.keep * kept
            values |= more
        if loss.requires_grad:
            self.update("generator", loss)
        self.critic.requires_grad_(True)
        return values, self.batch

    def critic_step(
        self, reals: Reals, fake: torch.Tensor, fake_labels: torch.Tensor
    ) -> dict[str, float]:
        """Logistic loss on augmented images; R1 on every `r1_every`-th step, weighted as often."""
        x, labels = self.real(reals)
        real_scores = self.critic(self.augment(x), labels).float()
        fake_scores = self.critic(self.augment(fake), fake_labels).float()
        loss = losses.logistic_critic(real_scores, fake_scores)
        values = {
            "critic": loss.item(),
            "real_score": real_scores.mean().item(),
            "fake_score": fake_scores.mean().item(),
        }
        if self.count % self.lazy == 0:  # lazy regularisation (Karras et al. 2020, app. B)
            # at the augmented image: CUDA's grid sampling has no second derivative
            penalty = losses.r1(lambda a: self.critic(a, labels), self.augment(x))
            values["penalty"] = penalty.item()
            loss = loss + 0.5 * self.gamma * self.lazy * penalty
        self.update("critic", loss)
        values["overfitting"] = self.augment.update(real_scores)
        values["ada_p"] = self.augment.probability
        return values


class WassersteinSteps(Steps):
    """WGAN-GP: several critic steps with a gradient penalty, growing from 4x4.

    Gulrajani et al. 2017, algorithm 1; growth follows Karras et al. 2018. With `warmup_images`
    the generator starts as the decoder of a VAE, as in `StyleSteps`.
    """

    def __init__(
        self, generator: GanGenerator, critic: nn.Module, train: dict[str, Any], mirror: bool
    ) -> None:
        super().__init__(generator, critic, train, mirror)
        self.penalty = float(train.get("penalty", 10.0))
        self.critic_steps = int(train.get("n_critic", 5))
        self.stage_images = int(train.get("stage_images", 0))
        self.warmup = int(train.get("warmup_images", 0))
        self.keep = float(train.get("reconstruction", 0.0))

    def growth_at(self, images_seen: int) -> float:
        """Levels grown so far: half of every stage fades the new side in, half trains it."""
        levels = float(self.critic.levels)  # type: ignore[arg-type]
        if self.stage_images <= 0:
            return levels
        done, part = divmod(images_seen / self.stage_images, 1.0)
        return min(done + min(1.0, 2 * part + 1e-3), levels)

    def at_stage(self, x: torch.Tensor) -> torch.Tensor:
        """See `Steps.at_stage`: pooled to the stage's side and blended like the generator."""
        return at_stage(x, self.growth, self.critic.levels)  # type: ignore[arg-type]

    def step(self, reals: Reals, images_seen: int) -> tuple[dict[str, float], int]:
        """See `Steps.step`; every critic step uses its own real images."""
        self.growth = self.growth_at(images_seen)
        self.generator.growth.fill_(self.growth)  # type: ignore[operator, union-attr]
        values = {"growth": self.growth}
        loss, used = torch.zeros(()), 0
        if images_seen >= self.warmup:
            for _ in range(self.critic_steps):
                values |= self.critic_step(reals)
            used = self.critic_steps * self.batch
            z, labels = self.draw(self.batch, reals)
            self.critic.requires_grad_(False)
            fake = self.generator.stage(z, labels).float()
            loss = losses.wasserstein_generator(self.critic(fake, labels, self.growth).float())
            values["generator"] = loss.item()
        if self.generator.encoder is not None and (not used or self.keep > 0):
            x, labels = self.real(reals)
            kept, more = self.reconstruct(x, labels)
            loss = loss + (self.keep if used else 1.0) * kept
            values |= more
        self.update("generator", loss)
        self.critic.requires_grad_(True)
        return values, used or self.batch

    def critic_step(self, reals: Reals) -> dict[str, float]:
        """Wasserstein loss, gradient penalty and a small pull of the scores towards zero."""
        x, labels = self.real(reals)
        x = self.at_stage(x)
        with torch.no_grad():  # the same classes, so that the penalty mixes like with like
            fake = self.generator.stage(self.draw(len(x), reals)[0], labels).float()
        real_scores = self.critic(x, labels, self.growth).float()
        fake_scores = self.critic(fake, labels, self.growth).float()
        penalty = losses.gradient_penalty(lambda a: self.critic(a, labels, self.growth), x, fake)
        distance = losses.wasserstein_critic(real_scores, fake_scores)
        drift = 1e-3 * real_scores.square().mean()  # Karras et al. 2018, app. A.1
        self.update("critic", distance + self.penalty * penalty + drift)
        return {
            "critic": distance.item(),
            "penalty": penalty.item(),
            "real_score": real_scores.mean().item(),
            "fake_score": fake_scores.mean().item(),
        }


class DcganSteps(Steps):
    """DCGAN: binary cross-entropy, one step of each network (Radford et al. 2016)."""

    def step(self, reals: Reals, images_seen: int) -> tuple[dict[str, float], int]:
        """See `Steps.step`."""
        x, labels = self.real(reals)
        z, fake_labels = self.draw(self.batch, reals)
        fake = self.generator.grid(z, fake_labels).float()
        real_scores = self.critic(x, labels).float()
        fake_scores = self.critic(fake.detach(), fake_labels).float()
        critic_loss = losses.logistic_critic(real_scores, fake_scores)
        self.update("critic", critic_loss)
        self.critic.requires_grad_(False)
        loss = losses.logistic_generator(self.critic(fake, fake_labels).float())
        self.update("generator", loss)
        self.critic.requires_grad_(True)
        values = {"critic": critic_loss.item(), "generator": loss.item()}
        values["real_score"] = real_scores.mean().item()
        values["fake_score"] = fake_scores.mean().item()
        return values, self.batch
