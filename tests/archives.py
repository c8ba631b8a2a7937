"""Made-up archives in the layouts of the public sources, for tests."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

BRAIN = ("glioma", "meningioma", "notumor", "pituitary")


def brain_zip(path: Path, per_class: int = 6, leak: bool = False, side: int = 40) -> Path:
    """A zip in the brain MRI layout.

    Args:
        path: where to write it.
        per_class: images per class and split.
        leak: put the first glioma training image into the test split as well.
        side: of the square images, in pixels.
    """
    rng = np.random.default_rng(0)
    first = b""
    with zipfile.ZipFile(path, "w") as made:
        for split, short in (("Training", "Tr"), ("Testing", "Te")):
            for name in BRAIN:
                for i in range(per_class):
                    content = _jpeg(rng, side)
                    if (name, i) == ("glioma", 0):
                        first = first or content
                        content = first if leak else content
                    made.writestr(f"{split}/{name}/{short}-{name[:2]}_{i:04d}.jpg", content)
    return path


def _jpeg(rng: np.random.Generator, side: int) -> bytes:
    coarse = rng.integers(0, 255, (8, 8), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(coarse).resize((side, side)).save(stream, "JPEG")
    return stream.getvalue()
