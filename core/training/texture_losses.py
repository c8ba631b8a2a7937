"""What an image with synthetic texture is compared with the real one by: statistics, not pixels.

Matching local statistics is the classic way to synthesise texture (Portilla & Simoncelli 2000):
noise cannot have a real image's detail pixel by pixel.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch.nn import functional as F

from core.evaluate.texture import PATTERNS
from core.models.texture import FOLD, blur, octaves

WINDOW = 8  # pixels of a side over which power is compared
LEVEL = 2 / 255  # a grey level of 8 bits, in [-1, 1]
LEAST = LEVEL**2 / 12  # power of rounding to 8 bits
GAIN = 8.0  # how much the critic sees fine detail magnified
SOFTNESS = (0.5, 3.0)  # grey levels over which a neighbour turns from darker to brighter


def eight_bits(x: torch.Tensor) -> torch.Tensor:
    """(N, C, S, S) in [-1, 1], clipped and rounded as a saved image is; gradients pass through."""
    rounded = ((x.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1
    return x + (rounded - x).detach()


def magnified(x: torch.Tensor) -> torch.Tensor:
    """What the critic sees: images and their finest detail, magnified, (N, 6, S, S)."""
    return torch.cat([x, torch.tanh(GAIN * (x - blur(x)))], 1)


def statistics(features: list[torch.Tensor], wanted: list[torch.Tensor]) -> torch.Tensor:
    """L1 distance of mean and standard deviation of critic features over each image.

    Huang & Belongie 2017 (eq. 13) with the features of Larsen et al. 2016.
    """
    parts = []
    for made, real in zip(features, wanted):
        for value in (torch.mean, torch.std):
            parts.append(F.l1_loss(value(made, (2, 3)), value(real, (2, 3))))
    return torch.stack(parts).mean()


def local_power(made: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """L1 distance of the log power of each octave of detail, in windows of `WINDOW` pixels."""
    parts = []
    for a, b in zip(octaves(made)[0], octaves(real)[0]):
        logs = [(F.avg_pool2d(v.square(), WINDOW) + LEAST).log() for v in (a, b)]
        parts.append(F.l1_loss(logs[0], logs[1]))
    return torch.stack(parts).mean()


def grid_log_power(x: torch.Tensor) -> torch.Tensor:
    """How strongly detail repeats with the grid that the network folds pixels by, in log.

    Transposed and shuffled convolutions leave such meshes (Odena et al. 2016). Detail of luminance
    is averaged over the image by its place in the grid; what then differs between places is mesh.

    Args:
        x: (N, 3, S, S), cut on the grid.

    Returns:
        (N, 2 OCTAVES): of the mean and of the log power of each octave.
    """
    found = []
    for octave in octaves(x.mean(1, keepdim=True))[0]:
        for value in (octave, (octave.square() + LEAST).log()):
            places = F.pixel_unshuffle(value, FOLD).mean((2, 3))
            found.append((places.var(1) + LEAST / 100).log())
    return torch.stack(found, 1)


def radial_log_power(x: torch.Tensor) -> torch.Tensor:
    """Azimuthal mean of the power spectrum of luminance (Durall et al. 2020), (N, S // 2) in log.

    Args:
        x: (N, 3, S, S).
    """
    size = x.shape[-1]
    window = torch.hann_window(size, periodic=False, device=x.device)
    grey = x.mean(1)
    grey = (grey - grey.mean((1, 2), keepdim=True)) * window[:, None] * window
    power = torch.fft.fft2(grey).abs().square().flatten(1)
    frequency = torch.fft.fftfreq(size, device=x.device) * size
    ring = torch.hypot(frequency[:, None], frequency).round().long().flatten()
    rings = torch.zeros(len(x), int(ring.max()) + 1, device=x.device).index_add(1, ring, power)
    count = torch.bincount(ring)
    return (rings / count)[:, 1 : size // 2 + 1].add(1e-4).log()


def pattern_shares(x: torch.Tensor) -> torch.Tensor:
    """Soft histograms of uniform local binary patterns (Ojala et al. 2002) of luminance.

    A neighbour is brighter than the centre to a degree, a sigmoid of their difference, so that
    gradients pass; as softness falls the hard histogram is reached.

    Args:
        x: (N, 3, S, S) in [-1, 1].

    Returns:
        (N, len(SOFTNESS), 28): shares of 10 patterns at radius 1 and of 18 at radius 2.
    """
    grey = x.mean(1, keepdim=True)
    found = []
    for softness in SOFTNESS:
        parts = []
        for points, radius in PATTERNS:
            differences = F.conv2d(grey, _kernels(points, radius).to(grey))
            # half a level up: an equal neighbour counts as brighter
            bits = torch.sigmoid((differences / LEVEL + 0.5) / softness)
            changes = (bits - bits.roll(1, 1)).abs().sum(1)
            uniform = torch.sigmoid(4 * (3 - changes))  # two changes or fewer
            count = bits.sum(1)
            parts += [
                ((1 - (count - k).abs()).clamp(min=0) * uniform).mean((1, 2))
                for k in range(points + 1)
            ]
            parts.append((1 - uniform).mean((1, 2)))
        found.append(torch.stack(parts, 1))
    return torch.stack(found, 1)


@lru_cache(maxsize=4)
def _kernels(points: int, radius: float) -> torch.Tensor:
    """Kernels (points, 1, k, k) of neighbours on a circle, bilinear, minus the centre."""
    edge = math.ceil(radius)
    kernels = torch.zeros(points, 1, 2 * edge + 1, 2 * edge + 1)
    for n in range(points):
        angle = 2 * math.pi * n / points
        # rounded: a neighbour on the grid must not be blended with the next
        down, right = round(-radius * math.sin(angle), 5), round(radius * math.cos(angle), 5)
        for dy in (math.floor(down), math.floor(down) + 1):
            for dx in (math.floor(right), math.floor(right) + 1):
                weight = max(0.0, 1 - abs(down - dy)) * max(0.0, 1 - abs(right - dx))
                if weight > 0:
                    kernels[n, 0, edge + dy, edge + dx] += weight
        kernels[n, 0, edge, edge] -= 1
    return kernels
