"""Batches of MRI and CT slices drawn, paired and warped on the device they train on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from core.translation.drawn import Inversion
from core.translation.slices import Slices


@dataclass
class Batch:
    """Slices and masks of both kinds, (N, 1, S, S) each; images in [-1, 1], masks in [0, 1].

    `drawn_ct` belongs to `mri` and `drawn_mri` to `ct` (see `core.translation.drawn`), where the
    source was asked for them.
    """

    mri: torch.Tensor
    mri_mask: torch.Tensor
    ct: torch.Tensor
    ct_mask: torch.Tensor
    drawn_ct: torch.Tensor | None = None
    drawn_mri: torch.Tensor | None = None


class SliceBatches:
    """Unpaired or aligned training slices on a device.

    Args:
        slices: all slices.
        device: where they live and are drawn.
        window: draw the CT of an MRI among slices at most this far from its relative height, 0
            for any: the position-based selection of Yang et al. 2020 (sec. III-C).
        warp: whether to rotate, scale, shift and mirror.
        drawn: whether batches also hold the other modality drawn from each slice.
    """

    def __init__(
        self, slices: Slices, device: torch.device, window: float = 0.0, warp: bool = True,
        drawn: bool = False,
    ) -> None:  # fmt: skip
        mri, ct = slices.mri_split == "train", slices.ct_split == "train"
        order = np.argsort(slices.ct_position[ct], kind="stable")
        self.mri = stack(slices.mri[mri], slices.mri_mask[mri], device)
        self.ct = stack(slices.ct[ct][order], slices.ct_mask[ct][order], device)
        self.mri_height = torch.as_tensor(slices.mri_position[mri], device=device)
        self.ct_height = torch.as_tensor(slices.ct_position[ct][order], device=device)
        self.window = window
        self.warp = warp
        if drawn:
            inversion = Inversion.of(slices)
            self.mri = _beside(self.mri, inversion.draw_ct)
            self.ct = _beside(self.ct, inversion.draw_mri)

    def draw(self, size: int) -> Batch:
        """A batch of `size` MRI and as many CT slices, not of the same people."""
        device = self.mri.device
        i = torch.randint(len(self.mri), (size,), device=device)
        low, high = torch.zeros_like(i), torch.full_like(i, len(self.ct))
        if self.window > 0:
            height = self.mri_height[i]
            low = torch.searchsorted(self.ct_height, height - self.window)
            high = torch.searchsorted(self.ct_height, height + self.window)
            high = torch.maximum(high, low + 1).clamp(max=len(self.ct))
            low = torch.minimum(low, high - 1)
        share = torch.rand(size, device=device)
        j = low + (share * (high - low)).long().clamp(max=len(self.ct) - 1)
        j = torch.minimum(j, high - 1)
        mri, ct = self.mri[i].float(), self.ct[j].float()
        if self.warp:
            mri, ct = warped(mri, affine(size, device)), warped(ct, affine(size, device))
        return _batch(mri, ct, self.warp)


class PairBatches:
    """Aligned training slices on a device; both slices of a pair are warped alike.

    Args:
        slices: all slices.
        positions: aligned slices to train on.
        device: where they live and are drawn.
        warp: whether to rotate, scale, shift and mirror.
    """

    def __init__(
        self, slices: Slices, positions: np.ndarray, device: torch.device, warp: bool = True
    ) -> None:
        self.mri = stack(slices.pair_mri[positions], slices.pair_mri_mask[positions], device)
        self.ct = stack(slices.pair_ct[positions], slices.pair_ct_mask[positions], device)
        self.warp = warp

    def draw(self, size: int) -> Batch:
        """A batch of `size` aligned pairs."""
        i = torch.randint(len(self.mri), (size,), device=self.mri.device)
        mri, ct = self.mri[i].float(), self.ct[i].float()
        if self.warp:
            same = affine(size, self.mri.device)
            mri, ct = warped(mri, same), warped(ct, same)
        return _batch(mri, ct, self.warp)


def stack(images: np.ndarray, masks: np.ndarray, device: torch.device) -> torch.Tensor:
    """Images and masks as two channels, (N, 2, S, S) uint8 on a device, masks 0 or 255."""
    both = np.stack([images, masks.astype(np.uint8) * 255], 1)
    return torch.from_numpy(both).to(device)


def _beside(
    both: torch.Tensor, draw: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> torch.Tensor:
    """(N, 2, S, S) images and masks with a third channel, drawn from the two."""
    made = [draw(image, mask > 127) for image, mask in both.cpu().numpy()]
    third = torch.from_numpy(np.stack(made)).to(both)
    return torch.cat([both, third[:, None]], 1)


def affine(size: int, device: torch.device) -> torch.Tensor:
    """Random rotation by up to 12 degrees, scale .88 to 1.14, shift by 4 %, mirror: (N, 2, 3)."""
    draw = torch.rand(size, 6, device=device) * 2 - 1
    angle = draw[:, 0] * (12 * math.pi / 180)
    scale = torch.exp(draw[:, 1] * 0.13)
    stretch = torch.exp(draw[:, 2] * 0.05)
    mirror = torch.where(draw[:, 5] > 0, 1.0, -1.0)
    cos, sin = angle.cos() * scale, angle.sin() * scale
    rows = [
        torch.stack([mirror * cos * stretch, -sin, draw[:, 3] * 0.08], 1),
        torch.stack([mirror * sin, cos / stretch, draw[:, 4] * 0.08], 1),
    ]
    return torch.stack(rows, 1)


def warped(x: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
    """Apply affine maps to (N, C, S, S), bilinear, black beyond the border."""
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False)


def _batch(mri: torch.Tensor, ct: torch.Tensor, vary: bool) -> Batch:
    mri, ct = mri / 255, ct / 255
    image = mri[:, :1]
    if vary:  # an MRI has no unit: its contrast varies from scanner to scanner
        power = torch.exp((torch.rand(len(mri), 1, 1, 1, device=mri.device) * 2 - 1) * 0.3)
        image = image.clamp(min=1e-4) ** power
    batch = Batch(image * 2 - 1, mri[:, 1:2], ct[:, :1] * 2 - 1, ct[:, 1:2])
    if mri.shape[1] > 2:
        batch.drawn_ct, batch.drawn_mri = mri[:, 2:] * 2 - 1, ct[:, 2:] * 2 - 1
    return batch


class ImagePool:
    """The last translations, so that a critic is not shown the newest alone.

    Shrivastava et al. 2017, sec. 2.3: each new image is, with probability 1/2, exchanged for one
    of the pool.

    Args:
        size: images kept.
        image: the side of an image.
        device: where they live.
    """

    def __init__(self, size: int, image: int, device: torch.device) -> None:
        self.images = torch.zeros(size, 1, image, image, dtype=torch.float16, device=device)
        self.filled = 0

    def exchange(self, fresh: torch.Tensor) -> torch.Tensor:
        """(N, 1, S, S) new images to as many, some of them older; N at most the pool's size."""
        n = len(fresh)
        if self.filled < len(self.images):
            end = min(self.filled + n, len(self.images))
            self.images[self.filled : end] = fresh[: end - self.filled].half()
            self.filled = end
            return fresh
        places = torch.randperm(len(self.images), device=fresh.device)[:n]
        swap = torch.rand(n, 1, 1, 1, device=fresh.device) < 0.5
        old = self.images[places]
        self.images[places] = torch.where(swap, fresh.half(), old)
        return torch.where(swap, old.to(fresh.dtype), fresh)
