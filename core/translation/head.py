"""Where the head is in a slice, and the one preparation of slices for the translators."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

MODALITIES = ("mri", "ct")
CT_FLOOR = 15  # grey level of the brain window that still is tissue, not air
MRI_FLOOR = 0.12  # of the 99th percentile
BONE = 225  # grey level of the brain window from which a smoothed pixel counts as bone
CLOSE = 1 / 40  # of the side: gaps in the outline (ears, sinuses) narrower than twice this close


def to_grey(image: np.ndarray, size: int) -> np.ndarray:
    """Any slice to (size, size) uint8, its aspect ratio kept by black margins.

    Args:
        image: (H, W), (H, W, 1) or (H, W, 3), float in [0, 1] or uint8.
        size: side of the result in pixels.
    """
    array = image if image.dtype == np.uint8 else np.rint(np.clip(image, 0, 1) * 255)
    pil = Image.fromarray(array.astype(np.uint8).squeeze()).convert("L")
    if pil.width != pil.height:
        side = max(pil.size)
        square = Image.new("L", (side, side))
        square.paste(pil, ((side - pil.width) // 2, (side - pil.height) // 2))
        pil = square
    if pil.width != size:
        pil = pil.resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(pil)


def head_mask(grey: np.ndarray, modality: str) -> np.ndarray:
    """The head's outline, filled: the largest bright region, closed and without holes.

    A head holder, a stereotactic frame and noise around the head are left out where they do not
    touch it.

    Args:
        grey: (S, S) uint8.
        modality: "mri" or "ct".

    Returns:
        (S, S) bool, empty where nothing is bright.
    """
    side = len(grey)
    floor = CT_FLOOR if modality == "ct" else max(8.0, MRI_FLOOR * np.percentile(grey, 99))
    bright = ndimage.gaussian_filter(grey.astype(np.float32), side / 256) > floor
    bright = ndimage.binary_fill_holes(bright)  # a thin scalp around a dark skull is a ring
    bright = ndimage.binary_opening(bright, iterations=max(1, side // 128))
    labels, found = ndimage.label(bright)
    if not found:
        return np.zeros(grey.shape, bool)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    steps = max(1, round(side * CLOSE))
    padded = np.pad(labels == sizes.argmax(), steps)
    closed = ndimage.binary_closing(padded, iterations=steps)[steps:-steps, steps:-steps]
    return ndimage.binary_fill_holes(closed)


def prepare(image: np.ndarray, modality: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """A slice as the translators see it: square, the head alone, MRI scaled to its own range.

    The grey levels of a CT stay, because they mean Hounsfield units; those of an MRI have no
    unit and are scaled so that the 99.5th percentile of the head is white.

    Args:
        image: see `to_grey`.
        modality: "mri" or "ct".
        size: side of the result.

    Returns:
        (size, size) uint8, black outside the head, and the head's mask, (size, size) bool.
    """
    grey = to_grey(image, size)
    mask = head_mask(grey, modality)
    if modality == "mri" and mask.any():
        top = max(float(np.percentile(grey[mask], 99.5)), 1.0)
        grey = np.clip(grey * (255.0 / top), 0, 255)
    return np.where(mask, np.rint(grey), 0).astype(np.uint8), mask


def skull_and_brain(grey: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bone and what it encloses in a CT slice, by thresholds.

    Bone lies above the brain window, so it is (nearly) white. The brain is the largest region
    within the closed ring of bone; near the skull base, where there is no ring, it may be empty.

    Args:
        grey: (S, S) uint8 CT slice in a brain window.
        mask: (S, S) bool, the head.

    Returns:
        Two (S, S) bool masks.
    """
    side = len(grey)
    smooth = ndimage.gaussian_filter(grey.astype(np.float32), side / 256)
    skull = (smooth >= BONE) & mask
    steps = max(1, side // 64)
    closed = ndimage.binary_closing(np.pad(skull, steps), iterations=steps)
    ring = closed[steps:-steps, steps:-steps]
    within = ndimage.binary_fill_holes(ring) & ~ring
    labels, found = ndimage.label(ndimage.binary_opening(within, iterations=max(1, side // 128)))
    if not found:
        return skull, np.zeros(grey.shape, bool)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return skull, labels == sizes.argmax()


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """Overlap of two masks (Dice 1945), NaN where both are empty."""
    total = int(a.sum()) + int(b.sum())
    return 2 * int((a & b).sum()) / total if total else float("nan")
