"""Files that a user gives: decoded through the one door, refused in plain words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from PIL import Image

from core.domains import Domain
from core.errors import UnreadableImageError
from core.images import LoadedImage, read_image
from core.registry import Registry
from core.services.detection import in_scope as check
from core.ui.state import digest, remember
from core.ui.text import escape, safe_name

MOST_FILES = 200
HELP = "PNG, JPEG, TIFF, WebP, BMP or DICOM. Files stay in this session's memory and go with it."


@dataclass(frozen=True)
class Upload:
    """One file as it was given.

    Attributes:
        name: the user's file name, not yet safe for markdown.
        data: the bytes.
        sha256: key for everything computed from them.
    """

    name: str
    data: bytes
    sha256: str

    @property
    def title(self) -> str:
        """The name, safe for markdown."""
        return safe_name(self.name)


def pick_one(label: str, key: str) -> Upload | None:
    """An uploader for a single file."""
    file = st.file_uploader(label, key=key, help=HELP)
    return _upload(file) if file else None


def pick_many(label: str, key: str) -> list[Upload]:
    """An uploader for several files; those beyond `MOST_FILES` are left out, and it says so."""
    files = st.file_uploader(label, key=key, help=HELP, accept_multiple_files=True) or []
    if len(files) > MOST_FILES:
        st.warning(f"Only the first {MOST_FILES} of {len(files)} files are read.")
    return [_upload(file) for file in files[:MOST_FILES]]


def decode(upload: Upload) -> LoadedImage | None:
    """The decoded image, or None after showing why it cannot be read."""
    try:
        return remember("decoded", (upload.sha256,), lambda: read(upload), keep=2)
    except UnreadableImageError as error:
        st.error(escape(str(error)), icon=":material/broken_image:")
        return None


def read(upload: Upload) -> LoadedImage:
    """Decode without showing anything.

    Raises:
        UnreadableImageError: the file is no image that SynthLens reads.
    """
    return read_image(upload.data, upload.name)


def notes(upload: Upload, image: LoadedImage) -> None:
    """One caption line on what was read and what was done to it."""
    width, height = image.size
    parts = [f"{image.format}, {width} × {height} px", *image.notes]
    if image.dicom:
        parts += [f"{key} {value}" for key, value in image.dicom.items() if value]
    st.caption(f"{upload.title} — " + "; ".join(safe_name(p, 200) for p in parts))


def doubt(registry: Registry, domain: Domain, upload: Upload, image: LoadedImage) -> None:
    """Warn where a file is not of the domain: a model answers all the same."""
    key = (upload.sha256, domain.id)
    found = remember("scopes", key, lambda: check(registry, [image.pixels], domain.id)[0])
    if found["checked"] and not found["in_scope"]:
        st.warning(f"{found['message']} What a model says of it means little.")


def thumbnail(pixels: np.ndarray, side: int = 256) -> np.ndarray:
    """A small uint8 copy for the screen, aspect ratio kept: (h, w) or (h, w, 3)."""
    array = pixels if pixels.dtype == np.uint8 else np.rint(np.clip(pixels, 0, 1) * 255)
    image = Image.fromarray(array.astype(np.uint8).squeeze())
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    return np.asarray(image)


def _upload(file: st.runtime.uploaded_file_manager.UploadedFile) -> Upload:
    data = file.getvalue()
    return Upload(file.name, data, digest(data))
