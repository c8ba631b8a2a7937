"""Losses of the GAN families. Scores are (N,), higher is more real."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

Score = Callable[[torch.Tensor], torch.Tensor]


def logistic_critic(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Logistic loss of the critic (Goodfellow et al. 2014, eq. 1); also DCGAN's BCE."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def logistic_generator(fake: torch.Tensor) -> torch.Tensor:
    """Non-saturating loss of the generator (Goodfellow et al. 2014, sec. 3)."""
    return F.softplus(-fake).mean()


def wasserstein_critic(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Negative estimate of the Wasserstein distance (Arjovsky et al. 2017, eq. 2)."""
    return fake.mean() - real.mean()


def wasserstein_generator(fake: torch.Tensor) -> torch.Tensor:
    """What the generator minimises under the Wasserstein distance."""
    return -fake.mean()


def r1(score: Score, real: torch.Tensor) -> torch.Tensor:
    """Squared gradient norm of the critic at real images, mean over the batch.

    Mescheder et al. 2018, eq. 9, without its factor gamma / 2.
    """
    real = real.detach().requires_grad_()
    with torch.autocast(real.device.type, enabled=False):  # bf16 is too coarse for a slope
        (gradient,) = torch.autograd.grad(score(real).sum(), real, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean()


def gradient_penalty(score: Score, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """Mean squared distance of the critic's gradient norm from 1, between real and fake.

    Gulrajani et al. 2017, eq. 3, without its factor lambda. The norm is taken per image, hence
    the critic must not mix the images of a batch (no batch normalisation).
    """
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    between = torch.lerp(real.detach(), fake.detach(), share).requires_grad_()
    with torch.autocast(between.device.type, enabled=False):
        (gradient,) = torch.autograd.grad(score(between).sum(), between, create_graph=True)
    return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def kl_to_normal(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """KL divergence of N(mean, variance) from N(0, 1) in nats per image, (N,)."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)


def negative_elbo(
    target: torch.Tensor, output: torch.Tensor, mean: torch.Tensor, log_variance: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Loss of a VAE whose decoder variance is at its optimum, per dimension of the target.

    Rybkin et al. 2021, eq. 6: D / 2 * log(MSE) + KL; it needs no weight between the two terms.

    Returns:
        (loss, mean squared error, mean KL in nats).
    """
    error = F.mse_loss(output, target)
    divergence = kl_to_normal(mean, log_variance).mean()
    dimensions = target[0].numel()
    return 0.5 * torch.log(error + 1e-6) + divergence / dimensions, error, divergence
