"""Slices drawn without a model: what training can start from, and what it must beat."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy import ndimage

from core.translation.head import BONE
from core.translation.slices import Slices

MARROW = 10  # grey level of bone in a T2-weighted MRI


def drawn_head(mask: np.ndarray, scalp: int, bone: int, brain: int) -> np.ndarray:
    """A CT slice drawn from an outline alone.

    Args:
        mask: (S, S) bool, the head in the MRI.
        scalp, bone: widths in pixels.
        brain: grey level of everything inside.

    Returns:
        (S, S) uint8.
    """
    depth = ndimage.distance_transform_edt(mask)
    out = np.zeros(mask.shape, np.uint8)
    out[depth > scalp] = 255
    out[depth > scalp + bone] = brain
    return out


def fit(slices: Slices) -> dict[str, int]:
    """The widths that fit the validation case best; the grey is the training CTs' median brain."""
    side = slices.size
    train = slices.ct[slices.ct_split == "train"]
    values = train[(train > 40) & (train < 200)]
    brain = int(np.median(values)) if len(values) else 100
    positions = slices.cases(None)["val"]
    best, least = {"scalp": 1, "bone": 1, "brain": brain}, np.inf
    scalps = range(0, side // 24, max(1, side // 128))
    bones = range(1, side // 10, max(1, side // 85))
    for scalp, bone in product(scalps, bones):
        errors = []
        for i in positions:
            drawn = drawn_head(slices.pair_mri_mask[i], scalp, bone, brain).astype(np.float32)
            errors.append(np.abs(drawn - slices.pair_ct[i])[slices.pair_ct_mask[i]].mean())
        if np.mean(errors) < least:
            least, best = float(np.mean(errors)), {"scalp": scalp, "bone": bone, "brain": brain}
    return best


@dataclass(frozen=True)
class Inversion:
    """Draws the other modality with T2's contrast turned round: fluid is bright there, dark in CT.

    Inside the skull, grey level q-quantile of one modality becomes the (1 - q)-quantile of the
    other, both from unpaired training slices: the one-dimensional transport that reverses order.
    Bone is drawn from the outline (to CT) or from its grey level (to MRI).

    Attributes:
        settings: widths for `drawn_head`.
        to_ct, to_mri: (256,) uint8 grey level of the other modality by grey level.
    """

    settings: dict[str, int]
    to_ct: np.ndarray
    to_mri: np.ndarray

    @classmethod
    def of(cls, slices: Slices) -> Inversion:
        """Widths fitted on the validation case, grey levels from the training slices."""
        settings = fit(slices)
        levels = {}
        for kind in ("mri", "ct"):
            chosen = getattr(slices, f"{kind}_split") == "train"
            images = getattr(slices, kind)[chosen]
            masks = getattr(slices, f"{kind}_mask")[chosen]
            inner = np.concatenate([x[inside_skull(m, settings)] for x, m in zip(images, masks)])
            levels[kind] = inner[inner < BONE] if kind == "ct" else inner
        return cls(settings, *(_reversed(levels[a], levels[b]) for a, b in _DIRECTIONS))

    def draw_ct(self, mri: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """A CT slice from an MRI slice and the head's mask, (S, S) uint8 and bool."""
        inner = inside_skull(mask, self.settings)
        return np.where(inner, self.to_ct[mri], drawn_head(mask, **self.settings))

    def draw_mri(self, ct: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """An MRI slice from a CT slice and the head's mask, (S, S) uint8 and bool."""
        drawn = np.where(ct >= BONE, np.uint8(MARROW), self.to_mri[ct])
        return np.where(mask, drawn, np.uint8(0))


_DIRECTIONS = (("mri", "ct"), ("ct", "mri"))


def inside_skull(mask: np.ndarray, settings: dict[str, int]) -> np.ndarray:
    """Pixels deeper in the head than the drawn scalp and bone, (S, S) bool."""
    depth = ndimage.distance_transform_edt(mask)
    return np.asarray(depth > settings["scalp"] + settings["bone"])


def _reversed(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """For each grey level of the source, the target's level of the reversed rank, (256,) uint8."""
    if not len(source) or not len(target):
        return np.arange(255, -1, -1, dtype=np.uint8)
    rank = np.searchsorted(np.sort(source), np.arange(256)) / len(source)
    return np.quantile(target, 1 - rank, method="nearest").astype(np.uint8)
