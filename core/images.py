"""The one door for every uploaded or listed file: PNG, JPEG, TIFF, WebP, BMP and DICOM."""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from core.errors import UnreadableImageError
from core.imaging import dicom, raster, signature
from core.imaging.limits import DEFAULT, Decoded, Limits

SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".dcm", ".dicom", ".dic")
)
_DAMAGED = "the file is damaged, cut off or of an unusual kind; export it again from its source."

# Pillow's debug messages quote the text fields of a file.
logging.getLogger("PIL").setLevel(logging.INFO)
# Warning filters are global, and one picture at a time keeps the peak memory of many users low.
_decoding = threading.Lock()


@dataclass
class LoadedImage:
    """A picture from a file, ready for `Preprocessing`.

    Attributes:
        pixels: float32 in [0, 1], (H, W) grey or (H, W, 3) RGB.
        notes: what was done to the file's values, one sentence each.
        format: "PNG", "JPEG", "TIFF", "WebP", "BMP" or "DICOM", as the content says.
        size: (width, height) of `pixels`.
        dicom: modality, size, bits and photometric interpretation, None for other formats.
        sha256: digest of the file's bytes.
    """

    pixels: np.ndarray
    notes: list[str]
    format: str
    size: tuple[int, int]
    dicom: dict[str, object] | None
    sha256: str


def display_name(name: str) -> str:
    """Shorten a file name to 48 characters and replace all that markup could be made of."""
    plain = re.sub(r"[^\w .,()+-]", "_", re.split(r"[/\\]", name)[-1]).strip()
    return plain if len(plain) <= 48 else f"{plain[:30]}…{plain[-17:]}"


def _decode(data: bytes, limits: Limits) -> Decoded | str:
    """Decode, or return the sentence that says why not.

    No exception leaves this function: a library's text, and the frames of its traceback, may
    hold a patient's name.
    """
    try:
        limits.check_bytes(len(data))
        kind = signature.require(data)
        with _decoding, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if kind == "DICOM":
                return dicom.decode(data, limits)
            return raster.decode(data, kind, limits)
    except UnreadableImageError as error:
        return str(error)
    except Image.DecompressionBombError:
        return (
            f"the image has more than {limits.pixels / 1e6:g} million pixels; save a smaller copy."
        )
    except MemoryError:
        return "there is not enough memory to open it now; save a smaller copy of it."
    except Exception:
        return _DAMAGED


def read_image(data: bytes, name: str = "", limits: Limits = DEFAULT) -> LoadedImage:
    """Decode an untrusted file; its type is told by its content.

    Args:
        data: the file's bytes.
        name: the file's name, for messages only.
        limits: bounds on bytes and pixels, checked before decoding.

    Returns:
        The first picture, upright and scaled; a volume's middle frame.

    Raises:
        UnreadableImageError: no readable picture; one sentence says why and what to do.
    """
    result = _decode(data, limits)
    if isinstance(result, str):
        shown = display_name(name)
        lead = f"“{shown}” can't be used" if shown else "This file can't be used"
        raise UnreadableImageError(f"{lead}: {result}")
    pixels = result.pixels
    if float(pixels.max()) == float(pixels.min()):
        result.notes.append("Every pixel has the same value.")
    return LoadedImage(
        pixels=pixels,
        notes=result.notes,
        format=result.format,
        size=(pixels.shape[1], pixels.shape[0]),
        dicom=result.dicom,
        sha256=hashlib.sha256(data).hexdigest(),
    )


def read_path(path: Path, limits: Limits = DEFAULT) -> LoadedImage:
    """Like `read_image`, for a file on disk; never reads more than the limit.

    Raises:
        UnreadableImageError: missing, no regular file, not readable, or no readable picture.
    """
    shown = display_name(path.name)
    try:
        data = b""
        regular = path.is_file()
        if regular:
            with path.open("rb") as file:
                data = file.read(limits.bytes + 1)
    except OSError:
        regular = False
    if not regular:
        raise UnreadableImageError(
            f"“{shown}” can't be used: no such file, or no right to read it; check the path."
        )
    return read_image(data, path.name, limits)


def _listed(path: Path) -> bool:
    """Whether a file in a folder is meant as an image, by its suffix or its first bytes."""
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            return signature.sniff(file.read(512)) is not None
    except OSError:
        return False


def list_images(paths: list[Path]) -> list[Path]:
    """Files as given, and the images below folders: sorted, recursive, hidden ones skipped.

    A path that does not exist stays in the list, so that reading it reports it.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if not path.is_dir():
            found[path] = None
            continue
        for inner in sorted(path.rglob("*")):
            hidden = any(part.startswith(".") for part in inner.relative_to(path).parts)
            if not hidden and inner.is_file() and _listed(inner):
                found[inner] = None
    return list(found)
