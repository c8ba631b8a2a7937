"""Augmentation of a whole batch on its device: one affine resampling, then tone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch.nn import functional

from core.training import tone


@dataclass(frozen=True)
class Augmentation:
    """Random geometry and tone; every range is symmetric about "no change".

    Attributes:
        rotation: largest angle in degrees.
        shift: largest move, as a share of the side.
        shear: largest shear angle in degrees.
        scale: largest relative change of size.
        aspect: largest relative change of width against height.
        mirror: flip left-right half of the time (only where anatomy allows).
        turns: rotate by a random multiple of 90 degrees (tissue has no upright).
        brightness: largest shift of grey level, in the normalised range of width 2.
        contrast: largest relative change of contrast about the mean grey level.
        gamma: largest change of log gamma.
        stain: largest relative change of each colour channel's contrast by itself.
        stain_shift: largest move of each colour channel's mean by itself: laboratories differ in
            it by class, which a classifier must not learn.
        sharpness: largest share of fine detail taken away or added: scanners and file histories
            differ in it by class, which a classifier must not learn.
        resolution: largest share blended in of the image at half its resolution.
        local_contrast: largest relative change of contrast within neighbourhoods.
        jpeg: strongest quantisation of cosine blocks, 1 for JPEG quality 50.
        noise: largest standard deviation of Gaussian noise.
        erase: chance that a random rectangle of up to a third of the side is blanked.
    """

    rotation: float = 10.0
    shift: float = 0.06
    shear: float = 5.0
    scale: float = 0.1
    aspect: float = 0.0
    mirror: bool = False
    turns: bool = False
    brightness: float = 0.2
    contrast: float = 0.2
    gamma: float = 0.0
    stain: float = 0.0
    stain_shift: float = 0.0
    sharpness: float = 0.0
    resolution: float = 0.0
    local_contrast: float = 0.0
    jpeg: float = 0.0
    noise: float = 0.0
    erase: float = 0.0

    def __call__(self, batch: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        """Augment normalised images (N, C, S, S); values stay within [-1, 1].

        Args:
            batch: images on any device.
            random: its state makes the result repeatable; on the batch's own device nothing
                has to be copied.
        """
        warped = self._texture(self._tone(self._warp(batch, random), random), random).clamp(-1, 1)
        return self._blank(warped, random) if self.erase else warped

    def _warp(self, batch: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        n = len(batch)
        angle = _span(n, math.radians(self.rotation), random)
        if self.turns:
            angle = angle + torch.randint(4, (n,), generator=random, device=random.device) * (
                math.pi / 2
            )
        shear = torch.tan(_span(n, math.radians(self.shear), random))
        size = 1 + _span(n, self.scale, random)
        flip = 1 + _span(n, self.aspect, random)
        if self.mirror:
            flip = flip * (1 - 2 * _coin(n, 0.5, random).float())
        cos, sin = angle.cos() / size, angle.sin() / size
        move_x, move_y = _span(n, 2 * self.shift, random), _span(n, 2 * self.shift, random)
        rows = [flip * cos, flip * (shear * cos - sin), move_x, sin, shear * sin + cos, move_y]
        theta = torch.stack(rows, dim=1).view(n, 2, 3).to(batch)
        grid = functional.affine_grid(theta, list(batch.shape), align_corners=False)
        return functional.grid_sample(
            batch, grid, mode="bilinear", padding_mode="reflection", align_corners=False
        )

    def _tone(self, batch: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        n, channels = batch.shape[:2]
        gain = (1 + _span(n, self.contrast, random)).view(n, 1, 1, 1)
        shift = _span(n, self.brightness, random).view(n, 1, 1, 1)
        if self.stain:
            gain = gain * (1 + _span(n * channels, self.stain, random).view(n, channels, 1, 1))
        if self.stain_shift:
            shift = shift + _span(n * channels, self.stain_shift, random).view(n, channels, 1, 1)
        gain, shift = gain.to(batch), shift.to(batch)
        mean = batch.mean(dim=(1, 2, 3), keepdim=True)
        batch = torch.addcmul(mean * (1 - gain) + shift, batch, gain)
        if self.gamma:
            power = _span(n, self.gamma, random).exp().view(n, 1, 1, 1).to(batch)
            batch = ((batch + 1) / 2).clamp(1e-4, 1).pow(power) * 2 - 1
        return batch

    def _texture(self, batch: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        n = len(batch)
        if self.local_contrast:
            amount = _span(n, self.local_contrast, random).to(batch)
            batch = tone.local_contrast(batch, amount)
        if self.resolution:
            batch = tone.lose_resolution(batch, _share(n, self.resolution, random).to(batch))
        if self.sharpness:
            batch = tone.sharpen(batch, _span(n, self.sharpness, random).to(batch))
        if self.noise:
            sigma = _span(n, self.noise, random).abs().view(n, 1, 1, 1).to(batch)
            grain = torch.randn(batch.shape, generator=random, device=random.device)
            batch = batch + sigma * grain.to(batch)
        if self.jpeg:
            batch = tone.jpeg(batch, _share(n, self.jpeg, random).to(batch))
        return batch

    def _blank(self, batch: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        # Random erasing (Zhong et al. 2020), with the image's own mean as the filling.
        n, _, height, width = batch.shape
        chosen = _coin(n, self.erase, random)
        ends = []
        for side in (height, width):
            extent = side * (0.1 + _share(n, 0.23, random)[:, None])
            start = _share(n, 1.0, random)[:, None] * (side - extent)
            place = torch.arange(side, device=random.device)[None]
            ends.append((place >= start) & (place < start + extent))
        hole = (ends[0][:, :, None] & ends[1][:, None, :] & chosen[:, None, None])[:, None]
        return torch.where(hole.to(batch.device), batch.mean(dim=(1, 2, 3), keepdim=True), batch)


def _span(n: int, limit: float, random: torch.Generator) -> torch.Tensor:
    """N values uniform in [-limit, limit], on the generator's device."""
    return (torch.rand(n, generator=random, device=random.device) * 2 - 1) * limit


def _share(n: int, limit: float, random: torch.Generator) -> torch.Tensor:
    """N values uniform in [0, limit]."""
    return torch.rand(n, generator=random, device=random.device) * limit


def _coin(n: int, chance: float, random: torch.Generator) -> torch.Tensor:
    """N flags, each True with the given chance."""
    return torch.rand(n, generator=random, device=random.device) < chance


def mixup(
    batch: torch.Tensor, targets: torch.Tensor, alpha: float, random: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Blend images and their soft labels with a random partner (Zhang et al. 2018, eq. 1).

    Args:
        batch: (N, C, S, S).
        targets: (N, K) label distributions.
        alpha: of the Beta(alpha, alpha) law of the blend; 0 leaves all as it is.
        random: on any device.
    """
    if alpha <= 0:
        return batch, targets
    partner = torch.randperm(len(batch), generator=random, device=random.device).to(batch.device)
    # Beta(a, a) as a ratio of gamma draws, which take a generator.
    shape = torch.full((2, len(batch)), alpha, device=random.device)
    draws = torch._standard_gamma(shape, generator=random).clamp_min(1e-8)
    share = (draws[0] / draws.sum(0)).to(batch)
    share = torch.maximum(share, 1 - share)
    pixels = share.view(-1, 1, 1, 1)
    mixed = pixels * batch + (1 - pixels) * batch[partner]
    return mixed, share[:, None] * targets + (1 - share[:, None]) * targets[partner]
