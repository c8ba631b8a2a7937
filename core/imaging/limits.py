"""What a file may cost: bytes, pixels, reads. Checked before anything is decoded."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import numpy as np

from core.errors import UnreadableImageError

MAX_READS = 100_000  # a 25 MB file of tiny chunks would keep a parser busy for half a minute


@dataclass(frozen=True)
class Limits:
    """Bounds on one file.

    Attributes:
        bytes: largest file, in bytes.
        pixels: largest width x height; the largest radiography detectors have about 19 million.
        min_side: smallest width and height, in pixels.
    """

    bytes: int = 25_000_000
    pixels: int = 25_000_000
    min_side: int = 16

    def check_bytes(self, count: int) -> None:
        """Refuse empty and too large files.

        Raises:
            UnreadableImageError: `count` is 0 or above the limit.
        """
        if count == 0:
            raise UnreadableImageError("the file is empty; export it again from its source.")
        if count > self.bytes:
            raise UnreadableImageError(
                f"the file is larger than {self.bytes / 1e6:g} MB; save a smaller copy of it."
            )

    def check_size(self, width: int, height: int) -> None:
        """Refuse image sizes, in pixels, that are too small or too large.

        Raises:
            UnreadableImageError: a side below `min_side`, or more than `pixels` in all.
        """
        if min(width, height) < self.min_side:
            raise UnreadableImageError(
                f"the image has {width} x {height} pixels; choose one of at least "
                f"{self.min_side} x {self.min_side}."
            )
        if width * height > self.pixels:
            raise UnreadableImageError(
                f"the image has more than {self.pixels / 1e6:g} million pixels "
                f"({width} x {height}); save a smaller copy of it."
            )


DEFAULT = Limits()


@dataclass
class Decoded:
    """A decoder's result.

    Attributes:
        pixels: float32 in [0, 1], (H, W) or (H, W, 3).
        format: name of the file format.
        notes: what was done to get from the file to `pixels`, one sentence each.
        dicom: modality, size, bits and photometric interpretation of a DICOM file, else None.
    """

    pixels: np.ndarray
    format: str
    notes: list[str] = field(default_factory=list)
    dicom: dict[str, object] | None = None


class MeteredBytes(io.BytesIO):
    """A file in memory that stops parsers which read too often or the same bytes over and over."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._reads = MAX_READS
        self._bytes = 6 * len(data) + 1_000_000

    def read(self, size: int | None = -1, /) -> bytes:
        """Read up to `size` bytes.

        Raises:
            UnreadableImageError: the budget of reads or bytes is spent.
        """
        out = super().read(size)
        self._reads -= 1
        self._bytes -= len(out)
        if self._reads < 0 or self._bytes < 0:
            raise UnreadableImageError(
                "the file is built of too many small parts; save it again with an image viewer."
            )
        return out
