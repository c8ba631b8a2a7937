"""Made-up heads: an ellipse of brain with ventricles in a skull, as MRI and as CT."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

CASES = ("16", "20", "21", "28", "32", "37", "41")


def head(modality: str, side: int = 64, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    """A slice: air, scalp, skull, brain and two ventricles, (side, side) uint8."""
    rng = np.random.default_rng(seed)
    rows, columns = (np.mgrid[0:side, 0:side] + 0.5) / side - 0.5
    wide, tall = 0.33 * scale * rng.uniform(0.95, 1.05), 0.4 * scale * rng.uniform(0.95, 1.05)
    radius = np.sqrt((columns / wide) ** 2 + (rows / tall) ** 2)
    ventricle = np.sqrt(((np.abs(columns) - 0.05) / 0.03) ** 2 + (rows / 0.1) ** 2) < 1
    levels = {"mri": (120, 20, 90, 220), "ct": (30, 255, 100, 50)}[modality]
    image = np.zeros((side, side))
    for limit, level in zip((1.0, 0.94, 0.85), levels):
        image[radius < limit] = level
    image[ventricle & (radius < 0.8)] = levels[3]
    noise = rng.normal(0, 3, image.shape) * (radius < 1)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def slices_zip(path: Path, per_person: int = 3, side: int = 64) -> Path:
    """A zip in the layout of `brain-mri-ct.zip`; person 21 also stands among the unpaired MRI."""
    with zipfile.ZipFile(path, "w") as made:
        for person in (10, 15, 21, 36):
            for k in range(per_person):
                data = _bytes(head("mri", side, 10 * person + k), "PNG")
                made.writestr(f"unpaired/mri/{person}{k + 5:03d}.png", data)
        for person in range(80, 92):
            for k in range(per_person):
                data = _bytes(head("ct", side, 10 * person + k), "JPEG")
                made.writestr(f"unpaired/ct/{person}_{k + 1:03d}_normal.jpg", data)
        for case in CASES:
            for k in range(per_person):
                for modality in ("mri", "ct"):
                    data = _bytes(head(modality, side, 10 * int(case) + k), "PNG")
                    made.writestr(f"paired/{case}/{modality}/{case}{k + 3:03d}.png", data)
    return path


def _bytes(pixels: np.ndarray, kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()
