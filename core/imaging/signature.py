"""Tell a file's type by its content, never by its name."""

from __future__ import annotations

import struct

from core.errors import UnreadableImageError

LISTED = "PNG, JPEG, TIFF, WebP, BMP or DICOM"

# Signature at offset 0 -> what people call the format.
_RASTER = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"BM", "BMP"),
)
_OTHER = (
    (b"GIF8", "a GIF"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"8BPS", "a Photoshop file"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"#!", "a script"),
)
_MARKUP = ((b"<svg", "an SVG drawing"), (b"<html", "a web page"), (b"<script", "a web page"))
_EXPLICIT_VR = {b"UI", b"UL", b"OB", b"CS", b"SH", b"LO", b"DA", b"TM", b"US", b"SQ", b"PN"}


def _plausible_dicom(data: bytes) -> bool:
    """Whether a file without preamble starts like a DICOM data set (group 2 or 8)."""
    if len(data) < 16:
        return False
    group, element = struct.unpack("<HH", data[:4])
    if group not in (0x0002, 0x0008) or element > 0x0120:
        return False
    (length,) = struct.unpack("<I", data[4:8])
    return data[4:6] in _EXPLICIT_VR or length <= min(256, len(data))


def _other(data: bytes) -> str | None:
    """Name of a well-known format that is not read here, else None."""
    named = next((name for start, name in _OTHER if data.startswith(start)), None)
    if named:
        return named
    if data[4:8] == b"ftyp":
        return "a HEIC or AVIF picture or a video"
    if data[344:348] in (b"n+1\0", b"ni1\0"):
        return "a NIfTI volume"
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<", b"<!")):
        return next((name for tag, name in _MARKUP if tag in head), "a web page or XML text")
    return None


def sniff(data: bytes) -> str | None:
    """Return "PNG", "JPEG", "TIFF", "WebP", "BMP" or "DICOM" by content, None for anything else.

    Args:
        data: the file's first 400 bytes or more.
    """
    if data[128:132] == b"DICM":
        return "DICOM"
    for start, name in _RASTER:
        if data.startswith(start):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    return "DICOM" if _plausible_dicom(data) else None


def require(data: bytes) -> str:
    """Like `sniff`, but say what the file is instead, and what to do, where it is not listed.

    Raises:
        UnreadableImageError: the content is none of the listed formats.
    """
    found = sniff(data)
    if found is None:
        what = _other(data)
        lead = f"it is {what}" if what else "its content is no known image format"
        raise UnreadableImageError(f"{lead}; save the picture as {LISTED} and try again.")
    return found
