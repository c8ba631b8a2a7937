"""A translated slice as a file that says it is synthetic, derived, and from what."""

from __future__ import annotations

import io

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core import __version__
from core.errors import SynthLensError
from core.services.dicom import secondary_capture
from core.services.generation import GeneratedImage
from core.services.translation import DOMAIN, LABELS, Translation

NOTICE = (
    "SYNTHETIC image DERIVED by SynthLens from another image; not acquired from a patient. "
    "Research and education only."
)


def describe(found: Translation) -> dict[str, str]:
    """What the file says of itself."""
    source, target = (LABELS[k] for k in found.kinds)
    window = f"window {found.window.width:g}, level {found.window.level:g} HU (assumed)"
    return {
        "Title": f"Synthetic {target} derived from {source}",
        "Description": f"{NOTICE} Source: {source} slice, sha256 {found.source_sha256}.",
        "Software": f"SynthLens {__version__}",
        "Synthetic": "true",
        "Derived": "true",
        "Class": found.direction,
        "Model": found.model,
        "Seed": "none",
        "Options": window if target == "CT" else "grey levels without a unit",
    }


def as_image(found: Translation) -> GeneratedImage:
    """The output as the export of generated images knows it.

    Raises:
        SynthLensError: the slice was declined, so there is no output.
    """
    if found.output is None:
        raise SynthLensError("There is no translation to export: the slice was declined.")
    number = int(found.source_sha256[:8] or "0", 16)
    return GeneratedImage(found.output[..., None], DOMAIN, found.direction, found.model, number)


def dicom_bytes(found: Translation) -> bytes:
    """A DICOM secondary capture: image type DERIVED, SECONDARY, SYNTHETIC; Synthetic Data YES."""
    return secondary_capture(as_image(found), describe(found))


def png_bytes(found: Translation) -> bytes:
    """A PNG whose text chunks say that it is synthetic and derived."""
    info = PngInfo()
    for key, value in describe(found).items():
        info.add_text(key, value)
    stream = io.BytesIO()
    Image.fromarray(as_image(found).pixels[..., 0]).save(stream, "PNG", pnginfo=info)
    return stream.getvalue()
