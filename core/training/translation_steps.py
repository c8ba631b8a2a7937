"""One optimisation step of a translator: unpaired (CycleGAN and its variant) or aligned."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from core.device import mixed
from core.models.translation.cyclegan import CycleGan
from core.training import translation_losses as losses
from core.training.translation_data import Batch, ImagePool, PairBatches, SliceBatches

Values = dict[str, torch.Tensor]


class TranslationSteps:
    """Networks, optimisers, image pools and the step.

    Args:
        model: both generators and critics, on its device.
        table: the `[train]` table; `weights` holds the factors of the losses.
        device: where everything lives.
    """

    def __init__(self, model: CycleGan, table: dict[str, Any], device: torch.device) -> None:
        self.model = model
        self.device = device
        self.batch = int(table.get("batch", 8))
        self.weights = {k: float(v) for k, v in table.get("weights", {}).items()}
        self.rate = float(table.get("rate", 2e-4))
        fused = device.type == "cuda"
        self.generators = [*model.to_ct.parameters(), *model.to_mri.parameters()]
        self.critics = [*model.critic_ct.parameters(), *model.critic_mri.parameters()]
        self.optimisers = {
            "generator": torch.optim.Adam(self.generators, self.rate, (0.5, 0.999), fused=fused),
            "critic": torch.optim.Adam(self.critics, self.rate, (0.5, 0.999), fused=fused),
        }
        pool = int(table.get("pool", 64))
        self.pools = {m: ImagePool(pool, model.size, device) for m in ("ct", "mri")}
        self.scalp = round(model.size / 32)
        self.progress = 0.0

    def set_rate(self, progress: float) -> None:
        """Constant for the first half of the run, then linearly to zero (Zhu et al. 2017)."""
        self.progress = min(progress, 1.0)
        share = min(1.0, 2 * (1 - self.progress))
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = self.rate * max(share, 1e-3)

    def step(self, source: SliceBatches | PairBatches) -> Values:
        """Update generators and critics once; losses by name, still on the device."""
        batch = source.draw(self.batch)
        values, fake_ct, fake_mri = self._generators(batch)
        if "adversarial" in values:
            values |= self._critics(batch, fake_ct, fake_mri)
        return values

    def _generators(self, batch: Batch) -> tuple[Values, torch.Tensor, torch.Tensor]:
        for p in self.critics:
            p.requires_grad_(False)
        with mixed(self.device):
            values, fake_ct, fake_mri = self.losses(batch)
        total = torch.stack([self.weights.get(k, 0.0) * v for k, v in values.items()]).sum()
        self.optimisers["generator"].zero_grad(set_to_none=True)
        total.backward()
        self.optimisers["generator"].step()
        for p in self.critics:
            p.requires_grad_(True)
        return {k: v.detach() for k, v in values.items()}, fake_ct.detach(), fake_mri.detach()

    def losses(self, batch: Batch) -> tuple[Values, torch.Tensor, torch.Tensor]:
        """Unweighted losses of the generators, and the translations."""
        raise NotImplementedError

    def adversarial(self, fake_ct: torch.Tensor, fake_mri: torch.Tensor) -> torch.Tensor:
        """How far the critics are from taking the translations for real."""
        model = self.model
        return losses.least_squares(model.critic_ct(fake_ct), 1.0) + losses.least_squares(
            model.critic_mri(fake_mri), 1.0
        )

    def _critics(self, batch: Batch, fake_ct: torch.Tensor, fake_mri: torch.Tensor) -> Values:
        found: Values = {}
        for name, critic, real, fake in (
            ("critic_ct", self.model.critic_ct, batch.ct, self.pools["ct"].exchange(fake_ct)),
            ("critic_mri", self.model.critic_mri, batch.mri, self.pools["mri"].exchange(fake_mri)),
        ):
            with mixed(self.device):
                scores = critic(torch.cat([real, fake]))
            on_real, on_fake = scores.chunk(2)
            found[name] = 0.5 * (
                losses.least_squares(on_real, 1.0) + losses.least_squares(on_fake, 0.0)
            )
        self.optimisers["critic"].zero_grad(set_to_none=True)
        torch.stack(list(found.values())).sum().backward()
        self.optimisers["critic"].step()
        return {k: v.detach() for k, v in found.items()}


class UnpairedSteps(TranslationSteps):
    """CycleGAN (Zhu et al. 2017, eq. 3 and sec. 5.2), with shape and structure where weighted."""

    def losses(self, batch: Batch) -> tuple[Values, torch.Tensor, torch.Tensor]:
        """Adversarial, cycle and identity losses, and the variant's."""
        model, n = self.model, len(batch.mri)
        if self.weights.get("identity", 0.0) > 0:  # both inputs of a generator in one pass
            fake_ct, same_ct = model.to_ct(torch.cat([batch.mri, batch.ct])).split(n)
            fake_mri, same_mri = model.to_mri(torch.cat([batch.ct, batch.mri])).split(n)
            identity = F.l1_loss(same_ct, batch.ct) + F.l1_loss(same_mri, batch.mri)
        else:
            fake_ct, fake_mri = model.to_ct(batch.mri), model.to_mri(batch.ct)
            identity = fake_ct.new_zeros(())
        cycle = F.l1_loss(model.to_mri(fake_ct), batch.mri) + F.l1_loss(
            model.to_ct(fake_mri), batch.ct
        )
        values: Values = {}
        if self.weights.get("adversarial", 1.0) > 0:
            values["adversarial"] = self.adversarial(fake_ct, fake_mri)
        values |= {"cycle": cycle, "identity": identity}
        with torch.autocast(self.device.type, enabled=False):
            if self.weights.get("shape", 0.0) > 0:
                values["shape"] = losses.shape_consistency(
                    fake_ct, batch.mri_mask, 0
                ) + losses.shape_consistency(fake_mri, batch.ct_mask, self.scalp)
            if self.weights.get("structure", 0.0) > 0:
                values["structure"] = losses.structure_consistency(
                    batch.mri, fake_ct, batch.mri_mask
                ) + losses.structure_consistency(batch.ct, fake_mri, batch.ct_mask)
        return values, fake_ct, fake_mri


class DrawnSteps(UnpairedSteps):
    """The unpaired step after a warm start on slices drawn by hand (`core.translation.drawn`).

    For the first `[train] warm` of the run the generators learn to draw; then the unpaired losses
    take over while the weight of the drawn slices falls linearly to zero. From random weights, a
    critic must first find out that contrast is turned round; the drawn start hands that over.
    """

    def __init__(self, model: CycleGan, table: dict[str, Any], device: torch.device) -> None:
        super().__init__(model, table, device)
        self.warm = float(table["warm"])

    def losses(self, batch: Batch) -> tuple[Values, torch.Tensor, torch.Tensor]:
        """The distance from the drawn slices alone, or with everything else beside it."""
        assert batch.drawn_ct is not None and batch.drawn_mri is not None
        values: Values = {}
        left = 1.0
        if self.progress < self.warm:
            fake_ct, fake_mri = self.model.to_ct(batch.mri), self.model.to_mri(batch.ct)
        else:
            values, fake_ct, fake_mri = super().losses(batch)
            left = (1 - self.progress) / (1 - self.warm)
        far = F.l1_loss(fake_ct, batch.drawn_ct) + F.l1_loss(fake_mri, batch.drawn_mri)
        return {**values, "drawn": left * far}, fake_ct, fake_mri


class AlignedSteps(TranslationSteps):
    """Fine-tuning on aligned slices: the true slice is known (Isola et al. 2017, eq. 4)."""

    def losses(self, batch: Batch) -> tuple[Values, torch.Tensor, torch.Tensor]:
        """Distance from the true slices, adversarial loss, and cycle where weighted."""
        model = self.model
        fake_ct, fake_mri = model.to_ct(batch.mri), model.to_mri(batch.ct)
        values: Values = {}
        if self.weights.get("adversarial", 1.0) > 0:
            values["adversarial"] = self.adversarial(fake_ct, fake_mri)
        if self.weights.get("cycle", 0.0) > 0:
            values["cycle"] = F.l1_loss(model.to_mri(fake_ct), batch.mri) + F.l1_loss(
                model.to_ct(fake_mri), batch.ct
            )
        with torch.autocast(self.device.type, enabled=False):
            values["aligned"] = losses.aligned(fake_ct, batch.ct, batch.ct_mask) + losses.aligned(
                fake_mri, batch.mri, batch.mri_mask
            )
        return values, fake_ct, fake_mri
