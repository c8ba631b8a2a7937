"""Synthetic images as files that say what they are: PNG, DICOM, a manifest, a ZIP."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core import __version__, domains
from core.cards import write_json
from core.errors import SynthLensError
from core.services.generation import GeneratedImage

NOTICE = "SYNTHETIC image made by SynthLens; not a patient. Research and education only."
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same images give the same archive, whatever the date


def describe(image: GeneratedImage) -> dict[str, str]:
    """What a file says of itself: synthetic, class, model, seed, options, licence note."""
    return {
        "Title": f"Synthetic {domains.get(image.domain).name}: {image.class_id}",
        "Description": NOTICE,
        "Software": f"SynthLens {__version__}",
        "Synthetic": "true",
        "Domain": image.domain,
        "Class": image.class_id,
        "Model": image.model,
        "Seed": str(image.seed),
        "Options": json.dumps(image.options, sort_keys=True),
        "Copyright": licence_note(image.domain),
    }


def licence_note(domain: str) -> str:
    """The terms of the images that the domain's models were trained on, in one line."""
    parts = [f"{s.title}: {s.licence}" for s in domains.get(domain).sources]
    return "Trained on " + "; ".join(parts) + "."


def png_bytes(image: GeneratedImage) -> bytes:
    """A PNG whose tEXt chunks say that it is synthetic, by which model and seed."""
    info = PngInfo()
    for key, value in describe(image).items():
        info.add_text(key, value)
    stream = io.BytesIO()
    _pil(image.pixels).save(stream, "PNG", pnginfo=info)
    return stream.getvalue()


def dicom_bytes(image: GeneratedImage) -> bytes:
    """A DICOM secondary capture whose tags say that it is synthetic, by which model and seed."""
    from core.services.dicom import secondary_capture

    return secondary_capture(image, describe(image))


def encode(image: GeneratedImage, format: str = "png") -> bytes:
    """One image as "png" or "dicom".

    Raises:
        SynthLensError: another format.
    """
    writers = {"png": png_bytes, "dicom": dicom_bytes}
    if format not in writers:
        raise SynthLensError(f"Unknown format '{format}'; choose one of: {', '.join(writers)}.")
    return writers[format](image)


def file_name(image: GeneratedImage, format: str = "png") -> str:
    """A name that tells class, model and seed, such as "covid19_latent-diffusion_000042.png"."""
    suffix = "dcm" if format == "dicom" else "png"
    return f"{image.class_id}_{image.model.split('/')[-1]}_{image.seed:06d}.{suffix}"


def manifest(images: list[GeneratedImage], format: str = "png") -> dict[str, Any]:
    """What was made and how to make it again, ready for `manifest.json`."""
    entries = [
        {
            "file": file_name(image, format),
            "class": image.class_id,
            "seed": image.seed,
            "sha256": hashlib.sha256(encode(image, format)).hexdigest(),
        }
        for image in images
    ]
    head = images[0] if images else None
    return {
        "synthetic": True,
        "notice": NOTICE,
        "software": f"SynthLens {__version__}",
        "domain": head.domain if head else None,
        "model": head.model if head else None,
        "options": head.options if head else {},
        "licence": licence_note(head.domain) if head else "",
        "images": entries,
    }


def write_folder(images: list[GeneratedImage], folder: Path, format: str = "png") -> list[Path]:
    """Write the images and `manifest.json` into a folder; returns the images' paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / file_name(image, format) for image in images]
    for image, path in zip(images, paths):
        path.write_bytes(encode(image, format))
    write_json(folder / "manifest.json", manifest(images, format))
    return paths


def zip_bytes(
    images: list[GeneratedImage], metrics: dict[str, Any] | None = None, format: str = "png"
) -> bytes:
    """The images with `manifest.json` and, where given, `metrics.json`, as one ZIP."""
    files = {file_name(image, format): encode(image, format) for image in images}
    files["manifest.json"] = _json(manifest(images, format))
    if metrics is not None:
        files["metrics.json"] = _json(metrics)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, indent=2, ensure_ascii=False).encode()


def _pil(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
