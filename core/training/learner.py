"""One optimiser step of a classifier: mix, mixed-precision forward, update, average."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from core.device import mixed
from core.training.augment import Augmentation, mixup
from core.training.ema import Ema

CLIP = 5.0  # largest norm of the gradient
AHEAD = {"cuda": 8}
"""Batches augmented at once by device, 1 elsewhere: a GPU waits for launches, not for pixels."""


class Learner:
    """A classifier in training with its optimiser, moving average and augmentation.

    Nothing in a step waits for the device, so that many small kernels queue up.

    Attributes:
        module: the module being trained, on the device.
        average: its moving average, or None.
        random: the device's stream of random numbers.

    Args:
        module: classifier to train.
        counts: (K,) training images per class, for class weights.
        settings: `lr`, `weight_decay`, `ema`, `label_smoothing`, `mixup`, `class_weights`.
        augment: arguments of `Augmentation`; None trains on images as they are.
        device: where to train.
        seed: of augmentation and mixup.
    """

    def __init__(
        self,
        module: nn.Module,
        counts: np.ndarray,
        settings: dict[str, Any],
        augment: dict[str, Any] | None,
        device: torch.device,
        seed: int,
    ) -> None:
        self.settings, self.device = settings, device
        self.module = module.to(device).to(memory_format=torch.channels_last)  # type: ignore
        decay = float(settings["ema"])
        self.average = Ema(self.module, decay) if decay else None
        self.optimiser = torch.optim.AdamW(
            self.module.parameters(), lr=settings["lr"], weight_decay=settings["weight_decay"],
            fused=device.type == "cuda",
        )  # fmt: skip
        self.augment = None if augment is None else Augmentation(**augment)
        self.random = torch.Generator(device if device.type == "cuda" else "cpu").manual_seed(seed)
        weights = counts.sum() / (len(counts) * np.maximum(counts, 1))
        self.weights = torch.tensor(
            weights if settings["class_weights"] else np.ones(len(counts)),
            dtype=torch.float32, device=device,
        )  # fmt: skip

    @property
    def current(self) -> nn.Module:
        """The module that would be shipped now: the moving average where there is one."""
        return self.average.module if self.average is not None else self.module

    def augmented(self, x: torch.Tensor) -> torch.Tensor:
        """A batch (B, C, S, S) under random geometry, tone and texture."""
        return x if self.augment is None else self.augment(x, self.random)

    def step(self, x: torch.Tensor, labels: torch.Tensor, lr: float, number: int) -> torch.Tensor:
        """Learn from one batch; the loss comes back as a tensor that nothing has waited for.

        Args:
            x: (B, C, S, S) normalised and augmented, on the device.
            labels: (B,) int64.
            lr: learning rate of this step.
            number: steps done before, for the average's warm-up.
        """
        targets = functional.one_hot(labels, len(self.weights)).float()
        x, targets = mixup(x, targets, float(self.settings["mixup"]), self.random)
        x = x.contiguous(memory_format=torch.channels_last)
        for group in self.optimiser.param_groups:
            group["lr"] = lr
        with mixed(self.device):
            logits = self.module(x)
        loss = functional.cross_entropy(
            logits.float(), targets, self.weights,
            label_smoothing=float(self.settings["label_smoothing"]),
        )  # fmt: skip
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.module.parameters(), CLIP)
        self.optimiser.step()
        if self.average is not None:
            self.average.update(self.module, number)
        return loss.detach()

    def state(self) -> dict[str, Any]:
        """Everything that `load_state` needs to go on from here."""
        return {
            "module": self.module.state_dict(),
            "average": self.average.module.state_dict() if self.average is not None else None,
            "optimiser": self.optimiser.state_dict(),
            "random": self.random.get_state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a `state`."""
        self.module.load_state_dict(state["module"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.average is not None:
            self.average.module.load_state_dict(state["average"])
        self.random.set_state(state["random"].cpu())
