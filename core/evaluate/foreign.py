"""Images that belong to no medical domain: what a scope check must refuse."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from skimage import data as samples

NATURAL = (
    "astronaut", "brick", "camera", "cat", "clock", "coffee", "coins", "grass", "gravel",
    "hubble_deep_field", "moon", "rocket",
)  # fmt: skip
MEDICAL = ("cell", "immunohistochemistry", "microaneurysms", "retina")
PRINT = ("page", "text", "logo")
WORDS = "the quick brown fox jumps over a lazy dog while reports of findings remain normal"


def crops(image: np.ndarray, n: int, rng: np.random.Generator) -> list[np.ndarray]:
    """The whole image and `n` random square crops of 40 % of its shorter side or more."""
    found = [image]
    for _ in range(n):
        side = int(min(image.shape[:2]) * rng.uniform(0.4, 1.0))
        y = rng.integers(0, image.shape[0] - side + 1)
        x = rng.integers(0, image.shape[1] - side + 1)
        found.append(image[y : y + side, x : x + side])
    return found


def photographs(names: tuple[str, ...], n: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Crops of scikit-image's bundled sample images, without transparency."""
    found = []
    for name in names:
        image = np.asarray(getattr(samples, name)())
        found += crops(image[..., :3] if image.ndim == 3 else image, n, rng)
    return found


def noise(n: int, rng: np.random.Generator, size: int = 128) -> list[np.ndarray]:
    """White, coloured, binary and cloudy noise."""
    found = []
    for i in range(n):
        shape = (size, size, 3) if i % 2 else (size, size)
        kind = i % 4
        if kind < 2:
            found.append(rng.integers(0, 256, shape, dtype=np.uint8))
        elif kind == 2:
            found.append(((rng.random(shape) < rng.uniform(0.1, 0.9)) * 255).astype(np.uint8))
        else:
            side = int(rng.integers(4, 40))
            small = Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8))
            found.append(np.asarray(small.resize((size, size), Image.Resampling.BICUBIC)))
    return found


def blank(n: int, rng: np.random.Generator, size: int = 128) -> list[np.ndarray]:
    """Constant images and plain ramps, some coloured."""
    found = []
    for i in range(n):
        level = rng.integers(0, 256, 3 if i % 2 else 1)
        image = np.ones((size, size, 1)) * level
        if i % 4 >= 2:
            image = image * np.linspace(0, 1, size)[None, :, None]
        found.append(image.astype(np.uint8).squeeze())
    found[:2] = [np.zeros((size, size), np.uint8), np.full((size, size), 255, np.uint8)]
    return found


def writing(n: int, rng: np.random.Generator, size: int = 256) -> list[np.ndarray]:
    """Pages of rendered text: dark on light, light on dark, several sizes and columns."""
    found, words = [], WORDS.split()
    for i in range(n):
        paper, ink = (255, 0) if i % 2 else (int(rng.integers(0, 60)), 235)
        page = Image.new("L", (size, size), paper)
        pen, height = ImageDraw.Draw(page), int(rng.integers(9, 40))
        font = ImageFont.load_default(height)
        for y in range(4, size, int(height * 1.3)):
            pen.text((4, y), " ".join(rng.choice(words, 9)), fill=ink, font=font)
        found.append(np.asarray(page))
    return found


def foreign_images(seed: int = 0, each: int = 40) -> dict[str, list[np.ndarray]]:
    """Images of no domain by kind.

    Args:
        seed: of crops, noise and text.
        each: number of made-up images per kind; photographs give about ten crops each.

    Returns:
        "photographs", "other_medical", "print", "text", "noise" and "blank"; each image (H, W)
        or (H, W, 3) uint8.
    """
    rng = np.random.default_rng(seed)
    per_image = max(1, each // 4)
    return {
        "photographs": photographs(NATURAL, per_image, rng),
        "other_medical": photographs(MEDICAL, per_image, rng),
        "print": photographs(PRINT, per_image, rng),
        "text": writing(each, rng),
        "noise": noise(each, rng),
        "blank": blank(each, rng),
    }
