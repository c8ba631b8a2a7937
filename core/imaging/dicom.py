"""DICOM by pydicom: one frame, windowed; of the header only four technical facts get out."""

from __future__ import annotations

import io
import logging
from itertools import pairwise
from typing import Any

import numpy as np
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import get_frame
from pydicom.multival import MultiValue
from pydicom.pixels import apply_color_lut, apply_modality_lut, get_decoder, pixel_array
from pydicom.pixels.processing import apply_voi
from pydicom.tag import Tag
from pydicom.uid import (
    UID,
    AllTransferSyntaxes,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from core.errors import UnreadableImageError
from core.imaging import scaling
from core.imaging.limits import Decoded, Limits, MeteredBytes
from core.imaging.raster import check_scans

# pydicom's messages quote header values, which may name a patient.
_log = logging.getLogger("pydicom")
_log.setLevel(logging.CRITICAL + 1)
_log.propagate = False
_log.addHandler(logging.NullHandler())

_KEYWORDS = """
    Modality SamplesPerPixel PhotometricInterpretation PlanarConfiguration NumberOfFrames
    Rows Columns BitsAllocated BitsStored HighBit PixelRepresentation PixelPaddingValue
    WindowCenter WindowWidth VOILUTFunction RescaleIntercept RescaleSlope
    ModalityLUTSequence VOILUTSequence RedPaletteColorLookupTableDescriptor
    GreenPaletteColorLookupTableDescriptor BluePaletteColorLookupTableDescriptor
    RedPaletteColorLookupTableData GreenPaletteColorLookupTableData
    BluePaletteColorLookupTableData SharedFunctionalGroupsSequence
    PerFrameFunctionalGroupsSequence PixelData FloatPixelData DoubleFloatPixelData
    ExtendedOffsetTable ExtendedOffsetTableLengths
"""
_TAGS = [Tag(keyword) for keyword in _KEYWORDS.split()]
# Only values known to DICOM are repeated: a header can hold a name in any field.
_MODALITIES = """
    AR BI CR CT DX ES GM IO IVUS KO MG MR NM OCT OP OPT OT PR PT PX RF RG RTIMAGE
    SC SEG SM US VL XA XC
"""
_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "YBR_PARTIAL_420")
_DAMAGED = "its pixel data is cut off or does not match its header; export the file again."
_MAX_FRAGMENTS = 20_000
_MAX_HEADER = 500_000  # bytes of undecoded header values; pydicom builds objects for each part


def _number(dataset: Dataset, keyword: str, default: int) -> int:
    value = dataset.get(keyword)
    return default if value is None or value == "" else int(value)


def _drop_oversized(dataset: Dataset) -> bool:
    """Remove header elements too large to decode in reasonable time; return whether any was."""
    left, dropped = _MAX_HEADER, False
    for tag in list(dataset.keys()):
        value = dataset.get_item(tag).value  # still raw: indexing would decode it
        if tag.group == 0x7FE0 or not isinstance(value, bytes):
            continue
        left -= len(value)
        if left < 0:
            del dataset[tag]
            dropped = True
    return dropped


def _read(data: bytes, notes: list[str]) -> Dataset:
    """Parse only the elements that the picture needs."""
    # pydicom would inflate without a bound
    if DeflatedExplicitVRLittleEndian.encode() in data:
        raise UnreadableImageError(
            "it is a deflated DICOM file; save an uncompressed copy with your DICOM viewer."
        )
    dataset = dcmread(MeteredBytes(data), force=True, specific_tags=_TAGS)
    if _drop_oversized(dataset):
        notes.append("Oversized header tables ignored.")
    if not any(k in dataset for k in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")):
        raise UnreadableImageError(
            "the DICOM file holds no pixel data; choose an image instead of a report or index."
        )
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = (
            ImplicitVRLittleEndian
            if implicit
            else ExplicitVRLittleEndian
            if little
            else ExplicitVRBigEndian
        )
    return dataset


def _check_rle(frame: bytes, plane: int) -> None:
    """Walk run lengths without decoding (PS3.5 annex G) and stop where a plane overflows."""
    count, *starts = np.frombuffer(frame[:64], "<u4").astype(int).tolist()
    if not 1 <= count <= 15 or len(frame) > 1.2 * count * plane + 1024:
        raise UnreadableImageError(_DAMAGED)
    starts = [*starts[:count], len(frame)]
    for at, end in pairwise(starts):
        total = 0
        while at < end - 1:
            byte = frame[at]
            total += byte + 1 if byte < 128 else 257 - byte if byte > 128 else 0
            at += 2 + byte if byte < 128 else 2 if byte > 128 else 1
            if total > plane + 256:
                raise UnreadableImageError(_DAMAGED)


def _check_compressed(dataset: Dataset, syntax: UID, frames: int, index: int) -> None:
    """Refuse syntaxes without a decoder and streams larger than the header says."""
    known = syntax in AllTransferSyntaxes
    try:
        available = known and get_decoder(syntax).is_available
    except NotImplementedError:
        available = False
    if not available:
        method = f" ({syntax.name})" if known else ""
        raise UnreadableImageError(
            f"its DICOM compression{method} has no decoder here; "
            "save an uncompressed copy with your DICOM viewer."
        )
    if not syntax.is_compressed:
        return
    if not frames <= dataset.PixelData.count(b"\xfe\xff\x00\xe0") <= _MAX_FRAGMENTS:
        raise UnreadableImageError(_DAMAGED)
    frame = get_frame(dataset.PixelData, index, number_of_frames=frames)
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    if syntax == RLELossless:
        _check_rle(frame, rows * columns)
        return
    check_scans(frame, rows * columns)
    with Image.open(io.BytesIO(frame), formats=["JPEG", "JPEG2000"]) as image:
        if image.size != (columns, rows):
            raise UnreadableImageError(_DAMAGED)


def _check(dataset: Dataset, limits: Limits) -> tuple[int, int]:
    """Check sizes against the limits and the bytes present; return (frames, middle frame)."""
    limits.check_size(_number(dataset, "Columns", 0), _number(dataset, "Rows", 0))
    frames = _number(dataset, "NumberOfFrames", 1) or 1
    samples, bits = _number(dataset, "SamplesPerPixel", 1), _number(dataset, "BitsAllocated", 0)
    if samples not in (1, 3) or bits not in (1, 8, 16, 32, 64) or frames < 1:
        raise UnreadableImageError(
            "its DICOM pixel layout is not supported; export the frame as PNG."
        )
    syntax = dataset.file_meta.TransferSyntaxUID
    _check_compressed(dataset, syntax, frames, frames // 2)
    if not syntax.is_compressed:
        held = next(
            len(dataset[k].value)
            for k in ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
            if k in dataset
        )
        per_pixel = 2 if dataset.get("PhotometricInterpretation") == "YBR_FULL_422" else samples
        if int(dataset.Rows) * int(dataset.Columns) * per_pixel * frames * bits > 8 * held:
            raise UnreadableImageError(_DAMAGED)
    return frames, frames // 2


def _place(dataset: Dataset, sequence: str, index: int) -> Dataset:
    """Where a frame's transform stands: the data set itself, or its functional groups."""
    groups: Any = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared: Any = dataset.get("SharedFunctionalGroupsSequence") or []
    for item in (*groups[index : index + 1], *shared[:1]):
        if item.get(sequence):
            return item[sequence].value[0]
    return dataset


def _first(value: Any) -> float | None:
    """The first of one or several numbers, None where there is none that is finite."""
    if value is None or value == "":
        return None
    number = float(value[0] if isinstance(value, MultiValue) else value)
    return number if np.isfinite(number) else None


def _modality_values(dataset: Dataset, stored: np.ndarray, index: int, notes: list[str]) -> Any:
    """Modality LUT or rescale slope and intercept (PS3.3 C.11.1.1.2)."""
    if dataset.get("ModalityLUTSequence"):
        notes.append("Modality lookup table applied.")
        return apply_modality_lut(stored, dataset)
    place = _place(dataset, "PixelValueTransformationSequence", index)
    slope, intercept = _first(place.get("RescaleSlope")), _first(place.get("RescaleIntercept"))
    if slope is None or intercept is None or slope == 0:
        return stored
    if slope == 1 and intercept == 0:
        return stored
    notes.append("Rescale slope and intercept applied.")
    return stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)


def _display_values(
    dataset: Dataset, values: np.ndarray, keep: np.ndarray | None, index: int, notes: list[str]
) -> np.ndarray:
    """VOI lookup table, window, or where there is no usable one the percentiles."""
    if dataset.get("VOILUTSequence"):
        try:
            depth = int(dataset.VOILUTSequence[0].LUTDescriptor[2])
            whole = np.rint(values).astype(np.int32) if values.dtype.kind == "f" else values
            out = scaling.stretch(apply_voi(whole, dataset), 0, 2**depth - 1)
        except Exception:  # a damaged table must not lose the picture
            notes.append("Unusable VOI lookup table ignored.")
        else:
            notes.append("VOI lookup table of the file applied.")
            return out
    place = _place(dataset, "FrameVOILUTSequence", index)
    center, width = _first(place.get("WindowCenter")), _first(place.get("WindowWidth"))
    if center is not None and width is not None and width > 0:
        function = str(place.get("VOILUTFunction") or "LINEAR")
        out = scaling.window(values, center, width, function)
        if out.max() > out.min():
            notes.append("Display window (VOI) of the file applied.")
            return out
    if values.dtype == np.uint8:
        notes.append("No usable display window: 8-bit values shown as stored.")
        return scaling.stretch(values, 0, 2 ** _number(dataset, "BitsStored", 8) - 1)
    notes.append("No usable display window: 0.5th to 99.5th percentile of the values shown.")
    return scaling.stretch(values, *scaling.percentiles(values, keep))


def _grey(dataset: Dataset, stored: np.ndarray, index: int, notes: list[str]) -> np.ndarray:
    """Stored values to grey in [0, 1], the way a viewer shows them."""
    padding = dataset.get("PixelPaddingValue")
    keep = None if padding is None or padding == "" else stored != int(padding)
    if keep is not None and not keep.all() and keep.any():
        notes.append("Padding around the picture set to black.")
    else:
        keep = None
    if stored.dtype.kind == "f":
        stored = scaling.finite(stored, notes)
    values = _modality_values(dataset, stored, index, notes)
    out = _display_values(dataset, values, keep, index, notes)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        out = 1 - out
        notes.append("Grey values inverted (MONOCHROME1).")
    if keep is not None:
        out[~keep] = 0
    return out


def decode(data: bytes, limits: Limits) -> Decoded:
    """Decode one frame of a DICOM file: the only one, or the middle one of several.

    Args:
        data: the whole file, with or without preamble.
        limits: size bounds, checked on the header before the pixels are decoded.

    Returns:
        The picture with notes; `dicom` holds modality, size, bits and photometric interpretation.

    Raises:
        UnreadableImageError: beyond a limit, no picture, unsupported.
        Exception: whatever pydicom raises on damaged files; its text may quote the header.
    """
    notes: list[str] = []
    dataset = _read(data, notes)
    frames, index = _check(dataset, limits)
    photometric = str(dataset.get("PhotometricInterpretation"))
    if photometric not in (*_GREY, *_COLOUR, "PALETTE COLOR"):
        raise UnreadableImageError(
            "its DICOM colour model is not supported; export the frame as PNG."
        )
    if frames > 1:
        notes.append(f"Frame {index + 1} of {frames} (the middle one) is used.")
    stored = pixel_array(dataset, index=index)
    if photometric == "PALETTE COLOR":
        stored = apply_color_lut(stored, dataset)
        notes.append("Palette colours looked up.")
        pixels = scaling.stretch(stored, 0, np.iinfo(stored.dtype).max)
    elif photometric in _COLOUR:
        pixels = scaling.stretch(stored, 0, 2 ** _number(dataset, "BitsStored", 8) - 1)
    else:
        pixels = _grey(dataset, stored, index, notes)
    modality = str(dataset.get("Modality"))
    facts: dict[str, object] = {
        "modality": modality if modality in _MODALITIES.split() else "other",
        "size": (int(dataset.Columns), int(dataset.Rows)),
        "bits": _number(dataset, "BitsStored", 0),
        "photometric": photometric,
    }
    return Decoded(np.ascontiguousarray(pixels, np.float32), "DICOM", notes, facts)
