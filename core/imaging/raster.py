"""PNG, JPEG, TIFF, WebP and BMP by Pillow, from untrusted bytes to values in [0, 1]."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

from core.errors import UnreadableImageError
from core.imaging import scaling
from core.imaging.limits import Decoded, Limits, MeteredBytes

_ORIENTATION, _BITS, _PHOTOMETRIC, _TILE_WIDTH, _TILE_HEIGHT, _STRIPS, _TILES = (
    274, 258, 262, 322, 323, 273, 324,
)  # fmt: skip
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_MAX_PROFILE = 4_000_000
_SCAN_WORK = 400_000_000  # scans x pixels of a progressive JPEG; each scan costs a full pass


def check_scans(data: bytes, pixels: int, parts: int = 1) -> None:
    """Refuse JPEG data whose many scans would each take a pass over the whole image.

    Args:
        data: a file or code stream holding JPEG data.
        pixels: width x height.
        parts: strips or tiles that each hold a JPEG of their own.

    Raises:
        UnreadableImageError: too much work.
    """
    scans = data.count(b"\xff\xda") / max(1, parts)
    if scans > 1000 or (scans > 4 and scans * pixels > _SCAN_WORK):
        raise UnreadableImageError(
            "its JPEG data has far too many scans; save it again with an image viewer."
        )


def _check_tiff(image: Image.Image, data: bytes, limits: Limits) -> bool:
    """Check what only TIFF can declare; return whether the file has more pages."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    if int(tags.get(_TILE_WIDTH, 1)) * int(tags.get(_TILE_HEIGHT, 1)) > limits.pixels:
        raise UnreadableImageError("its tiles are too large; save it as PNG and try again.")
    if "jpeg" in str(image.info.get("compression")):
        parts = len(tags.get(_STRIPS, ())) or len(tags.get(_TILES, ()))
        check_scans(data, image.width * image.height, parts)
    return tags.next != 0


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1 to 8; 1 where it is absent or unreadable."""
    try:
        value = int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # damaged EXIF must not lose the picture
        return 1
    return value if value in _TRANSPOSE else 1


def _flatten(image: Image.Image, notes: list[str]) -> Image.Image:
    """Palette and transparency to plain L, RGB or CMYK."""
    if image.mode in ("P", "PA"):
        notes.append("Palette colours looked up.")
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    elif image.mode in ("1", "L", "RGB") and "transparency" in image.info:
        image = image.convert("RGBA" if image.mode == "RGB" else "LA")
    elif image.mode in ("La", "RGBa"):
        image = image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    if image.mode not in ("LA", "RGBA"):
        return image
    alpha, plain = image.getchannel("A"), image.convert(image.mode[:-1])
    if alpha.getextrema()[0] == 255:
        notes.append("Opaque alpha channel dropped.")
        return plain
    colour = "black" if image.mode == "LA" else "white"
    base = Image.new(plain.mode, plain.size, colour)
    base.paste(plain, mask=alpha)
    notes.append(f"Transparent parts laid on {colour}.")
    return base


def _to_srgb(image: Image.Image, profile: bytes | None, notes: list[str]) -> Image.Image:
    """Colours to sRGB, by the embedded ICC profile where there is a usable one."""
    if profile and image.mode in ("RGB", "CMYK") and len(profile) <= _MAX_PROFILE:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if image.mode == "RGB" and "sRGB" in ImageCms.getProfileDescription(source):
                return image
            target = ImageCms.createProfile("sRGB")
            out = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        except Exception:  # a damaged profile must not lose the picture
            notes.append("Unusable colour profile ignored.")
        else:
            if out is not None:
                notes.append("Colours converted from the embedded ICC profile to sRGB.")
                return out
    elif profile:
        notes.append("Embedded ICC profile not applied.")
    if image.mode == "CMYK":
        notes.append("CMYK converted to RGB without a colour profile.")
    elif image.mode not in ("RGB", "RGBX", "YCbCr"):
        raise UnreadableImageError("its colour model is not supported; save it as 8-bit RGB PNG.")
    return image.convert("RGB")


def _unit(image: Image.Image) -> np.ndarray:
    """8-bit image to float32 in [0, 1]."""
    out = np.asarray(image).astype(np.float32)
    out /= 255
    return out


def _values(image: Image.Image, profile: bytes | None, notes: list[str]) -> np.ndarray:
    """A loaded image of any mode to float32 in [0, 1], (H, W) or (H, W, 3)."""
    if image.mode.startswith("I"):
        return scaling.integers(np.asarray(image), notes)
    if image.mode == "F":
        return scaling.floats(np.asarray(image), notes)
    image = _flatten(image, notes)
    if image.mode in ("1", "L"):
        if profile:
            notes.append("Embedded ICC profile of a grey image not applied.")
        return _unit(image.convert("L"))
    return _unit(_to_srgb(image, profile, notes))


def _reduced(image: Image.Image, kind: str, data: bytes) -> bool:
    """Whether Pillow reads 16-bit colour of this file with 8 bits."""
    if image.mode.startswith("I") or image.mode == "F":
        return False
    if kind == "PNG":
        return data[24] == 16
    tags = image.tag_v2 if kind == "TIFF" else {}  # type: ignore[attr-defined]
    return max(tags.get(_BITS, (8,))) == 16


def decode(data: bytes, kind: str, limits: Limits) -> Decoded:
    """Decode the first picture of a file.

    Args:
        data: the whole file.
        kind: "PNG", "JPEG", "TIFF", "WebP" or "BMP", as its content says.
        limits: size bounds, checked on the header before the pixels are decoded.

    Returns:
        The picture, upright, and notes.

    Raises:
        UnreadableImageError: beyond a limit or unsupported.
        Exception: whatever Pillow raises on damaged files.
    """
    notes: list[str] = []
    with Image.open(MeteredBytes(data), formats=[kind.upper()]) as image:
        limits.check_size(*image.size)
        if kind == "TIFF":
            more, single = _check_tiff(image, data, limits), "page"
        else:
            more, single = getattr(image, "n_frames", 1) > 1, "frame"
        if kind == "JPEG":
            check_scans(data, image.width * image.height)
        if more:
            notes.append(f"Only the first {single} of several is used.")
        inverted = kind == "TIFF" and image.tag_v2.get(_PHOTOMETRIC) == 0  # type: ignore[attr-defined]
        reduced = _reduced(image, kind, data)
        turn = _orientation(image) if kind == "TIFF" else 1  # Pillow turns TIFFs while loading
        image.load()
        profile = image.info.get("icc_profile")
        upright: Image.Image = image
        if kind != "TIFF":
            turn = _orientation(image)
            upright = image.transpose(_TRANSPOSE[turn]) if turn > 1 else image
        if turn > 1:
            notes.append("Turned upright as its EXIF orientation says.")
        if reduced:
            notes.append("16-bit colour read with 8 bits a channel.")
        pixels = _values(upright, profile, notes)
    if inverted and image.mode.startswith(("I", "F")):  # Pillow inverts up to 8 bits by itself
        pixels = 1 - pixels
        notes.append("Grey values inverted: in this TIFF white is zero.")
    return Decoded(pixels, kind, notes)
