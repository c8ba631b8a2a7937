"""Preprocessing as one named, versioned object: the very same at training and at inference."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
from PIL import Image
from torch.nn import functional


def resized(images: torch.Tensor, side: int) -> torch.Tensor:
    """Images (N, C, S, S) at another side, antialiased, differentiable; unchanged at `side`."""
    if images.shape[-1] == side:
        return images
    return functional.interpolate(images, (side, side), mode="bilinear", antialias=True)


@dataclass(frozen=True)
class Preprocessing:
    """From a decoded image to a model's input.

    Attributes:
        name, version: identify the recipe; a change of behaviour is a new version.
        size: side of the square output in pixels (aspect ratio is not kept, as in the sources).
        channels: 1 or 3.
        mean, std: normalisation after scaling to [0, 1]; the same for every channel.
        clahe: clip limit of contrast-limited adaptive histogram equalisation, 0 for none.
    """

    name: str = "square"
    version: int = 1
    size: int = 128
    channels: int = 1
    mean: float = 0.5
    std: float = 0.5
    clahe: float = 0.0

    def pixels(self, image: np.ndarray) -> np.ndarray:
        """Resize and convert one image to what is cached and shown.

        Args:
            image: (H, W) or (H, W, 3), float in [0, 1] or uint8.

        Returns:
            (size, size, channels) uint8.
        """
        array = image if image.dtype == np.uint8 else np.rint(np.clip(image, 0, 1) * 255)
        pil = Image.fromarray(array.astype(np.uint8).squeeze())
        pil = pil.convert("L" if self.channels == 1 else "RGB")
        if pil.size != (self.size, self.size):
            pil = pil.resize((self.size, self.size), Image.Resampling.BICUBIC)
        out = np.asarray(pil)
        if self.clahe > 0:
            from skimage import exposure  # only for CLAHE

            out = np.rint(exposure.equalize_adapthist(out, clip_limit=self.clahe) * 255)
        return out.astype(np.uint8).reshape(self.size, self.size, self.channels)

    def normalise(self, pixels: np.ndarray | torch.Tensor) -> torch.Tensor:
        """uint8 (N, size, size, channels) to float32 (N, channels, size, size), normalised."""
        batch = torch.as_tensor(np.asarray(pixels)).permute(0, 3, 1, 2).float() / 255
        return (batch - self.mean) / self.std

    def denormalise(self, batch: torch.Tensor) -> np.ndarray:
        """Inverse of `normalise`: float (N, C, H, W) to uint8 (N, H, W, C), clipped."""
        unit = (batch.detach().float().cpu() * self.std + self.mean).clamp(0, 1)
        return (unit * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()

    def __call__(self, image: np.ndarray) -> torch.Tensor:
        """One decoded image to a model's input, (1, channels, size, size) float32."""
        return self.normalise(self.pixels(image)[None])

    def to_dict(self) -> dict[str, object]:
        """All settings, for a card or a cache key."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: dict[str, object]) -> Preprocessing:
        """Rebuild the object that `to_dict` described."""
        return cls(**settings)  # type: ignore[arg-type]
