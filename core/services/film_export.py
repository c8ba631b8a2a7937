"""A film as a file: GIF, MP4 or the frames, each saying that it is synthetic."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
from PIL import Image

from core import __version__
from core.errors import SynthLensError
from core.services.export import NOTICE

FORMATS = {"gif": "image/gif", "mp4": "video/mp4", "zip": "application/zip"}
LEAST_SIDE = 256  # px: smaller frames are enlarged by whole numbers, or players blur them
_EPOCH = (1980, 1, 1, 0, 0, 0)


def encode(
    frames: np.ndarray, format: str, note: str = "", rate: int = 8, bounce: bool = True
) -> bytes:
    """Frames as one file.

    Args:
        frames: (n, S, S, C) uint8.
        format: one of `FORMATS`.
        note: how they were made; written into the file beside the notice.
        rate: frames a second.
        bounce: run back to the start, so that a loop has no jump (GIF and MP4).

    Raises:
        SynthLensError: another format, or no package to write it.
    """
    if format not in FORMATS:
        raise SynthLensError(f"Unknown format '{format}'; choose one of: {', '.join(FORMATS)}.")
    if format == "zip":
        return _zip(frames, note)
    order = [*range(len(frames)), *range(len(frames) - 2, 0, -1)] if bounce else None
    shown = [_large(f) for f in (frames if order is None else frames[order])]
    return _gif(shown, note, rate) if format == "gif" else _mp4(shown, note, rate)


def _text(note: str) -> str:
    return f"{NOTICE} {note}".strip()


def _large(frame: np.ndarray) -> Image.Image:
    times = max(1, -(-LEAST_SIDE // frame.shape[0]))
    image = Image.fromarray(frame.squeeze())
    return image.resize((image.width * times, image.height * times), Image.Resampling.BICUBIC)


def _gif(images: list[Image.Image], note: str, rate: int) -> bytes:
    stream = io.BytesIO()
    first, *rest = images
    first.save(
        stream, "GIF", save_all=True, append_images=rest, duration=round(1000 / rate), loop=0,
        comment=_text(note).encode(),
    )  # fmt: skip
    return stream.getvalue()


def _mp4(images: list[Image.Image], note: str, rate: int) -> bytes:
    try:
        import av
    except ImportError as error:
        raise SynthLensError(
            "MP4 needs the package 'av' (pip install av); GIF and frames need nothing."
        ) from error
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        container.metadata["comment"] = _text(note)
        video = container.add_stream("libx264", rate=rate, options={"crf": "16"})
        video.width, video.height = (side - side % 2 for side in images[0].size)
        video.pix_fmt = "yuv420p"
        for image in images:
            frame = av.VideoFrame.from_image(image.convert("RGB"))
            container.mux(video.encode(frame))
        container.mux(video.encode())
    return stream.getvalue()


def _zip(frames: np.ndarray, note: str) -> bytes:
    manifest = {
        "synthetic": True,
        "notice": NOTICE,
        "software": f"SynthLens {__version__}",
        "note": note,
        "frames": len(frames),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for place, frame in enumerate(frames):
            png = io.BytesIO()
            Image.fromarray(frame.squeeze()).save(png, "PNG")
            archive.writestr(zipfile.ZipInfo(f"frame_{place:03d}.png", _EPOCH), png.getvalue())
        text = json.dumps(manifest, indent=2)
        archive.writestr(zipfile.ZipInfo("manifest.json", _EPOCH), text)
    return stream.getvalue()
