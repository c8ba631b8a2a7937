"""What keeps a translation's anatomy where it was: shape and structure consistency."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from core.translation.similarity import inside, ssim_map

_OFFSETS = ((0, 2), (2, 0), (0, -2), (-2, 0), (2, 2), (2, -2), (-2, 2), (-2, -2))
_TISSUE = 0.2  # of white: what a closed head must reach everywhere inside


def least_squares(scores: torch.Tensor, target: float) -> torch.Tensor:
    """Least-squares adversarial loss (Mao et al. 2017, eq. 9): target 1 is real."""
    return (scores - target).square().mean()


def _grow(x: torch.Tensor, reach: int) -> torch.Tensor:
    """Largest value within a square of `reach` pixels to each side."""
    return F.max_pool2d(x, 2 * reach + 1, 1, reach)


def _shrink(x: torch.Tensor, reach: int) -> torch.Tensor:
    return -_grow(-x, reach)


def shape_consistency(output: torch.Tensor, mask: torch.Tensor, scalp: int) -> torch.Tensor:
    """The output's head must fill the input's outline and leave the outside black.

    The idea of a shape that both modalities share is that of Zhang et al. 2018 (CVPR, sec. 3.2)
    and of MaskGAN (Phan et al. 2023, sec. 2.2), here without a segmentation network: the outline
    comes from thresholds (`core.translation.head`), and the output is compared with it after a
    grey closing, which ignores sinuses and ventricles. A band as wide as the scalp, which a brain
    window does not show, is left free.

    Args:
        output: translated images, (N, 1, S, S) in [-1, 1].
        mask: of the input's head, same shape, 0 to 1.
        scalp: pixels by which the output's head may be wider than the input's (CT to MRI);
            0 where it may only be narrower.

    Returns:
        Scalar: mean excess outside plus mean lack inside, each in [0, 1].
    """
    side = mask.shape[-1]
    unit = (output + 1) / 2
    outside = 1 - _grow(mask, scalp) if scalp else 1 - mask
    core = _shrink(mask, side // 32)
    reach = side // 16
    closed = _shrink(_grow(unit, reach), reach)
    lack = F.relu(_TISSUE - closed) / _TISSUE
    return (inside(unit, outside) + inside(lack, core)).mean()


def mind(x: torch.Tensor, floor: float = 4e-4) -> torch.Tensor:
    """Modality-independent neighbourhood descriptor (Heinrich et al. 2012, eq. 1).

    How like each pixel's patch is to the patches around it, relative to the local variance:
    edges look alike in MRI and CT whichever side is bright.

    Args:
        x: (N, 1, S, S) in [0, 1].
        floor: least variance, so that noise in flat regions has no structure.

    Returns:
        (N, 8, S, S) in (0, 1].
    """
    padded = F.pad(x, (2, 2, 2, 2), mode="replicate")
    size = x.shape[-1]
    near = [padded[..., 2 + a : 2 + a + size, 2 + b : 2 + b + size] for a, b in _OFFSETS]
    distance = F.avg_pool2d((torch.cat(near, 1) - x).square(), 3, 1, 1, count_include_pad=False)
    variance = distance.mean(1, keepdim=True) + floor
    return torch.exp(-distance / variance)


def structure_consistency(
    source: torch.Tensor, output: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """Mean difference of the descriptors of input and output inside the head.

    Yang et al. 2018 ("Unpaired brain MR-to-CT synthesis using a structure-constrained CycleGAN",
    eq. 5), at half resolution, where there is less noise.

    Args:
        source, output: (N, 1, S, S) in [-1, 1].
        mask: of the input's head, same shape.
    """
    a, b = (mind(F.avg_pool2d((x + 1) / 2, 2)) for x in (source, output))
    difference = (a.detach() - b).abs().mean(1, keepdim=True)
    return inside(difference, F.avg_pool2d(mask, 2)).mean()


def aligned(output: torch.Tensor, target: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Loss against the true slice: L1 over the picture, and L1 and 1 - SSIM inside the head.

    Zhao et al. 2017 (sec. III) found the mix of both better than either.

    Args:
        output, target: (N, 1, S, S) in [-1, 1].
        mask: of the target's head, same shape.
    """
    a, b = (output + 1) / 2, (target + 1) / 2
    error = (a - b).abs()
    similar = inside(ssim_map(a, b), mask).mean()
    return error.mean() + inside(error, mask).mean() + 0.5 * (1 - similar)
