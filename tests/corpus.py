"""An upload corpus built by code alone: valid, odd, damaged and hostile files, all made up.

Texts that must never come out again hold `SENTINEL`.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    RLELossless,
    generate_uid,
)

SENTINEL = "Zqsentinel"
WIDTH, HEIGHT = 24, 20


@dataclass
class Sample:
    """One file and what must come of it.

    Attributes:
        name: file name as uploaded.
        data: its bytes.
        outcome: "ok", "error", or "either" (a truncated file may still be whole enough).
        says: text that must occur in the notes (ok) or in the message (error).
        pixels: expected values in [0, 1], compared within `tolerance`.
    """

    name: str
    data: bytes
    outcome: str = "ok"
    says: str = ""
    pixels: np.ndarray | None = None
    tolerance: float = 1e-6


def grey() -> np.ndarray:
    """(HEIGHT, WIDTH) uint8 without any symmetry, smooth enough for JPEG."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return (rows * 6 + columns * 5).astype(np.uint8)


def colour() -> np.ndarray:
    """(HEIGHT, WIDTH, 3) uint8."""
    base = grey()
    return np.stack([base, 255 - base, base // 2 + 60], axis=-1)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """Encode with Pillow."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def unit(array: np.ndarray) -> np.ndarray:
    """uint8 to [0, 1]."""
    return array / 255.0


def png_chunk(name: bytes, body: bytes) -> bytes:
    """One PNG chunk with its checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(
    width: int, height: int, body: bytes, bits: int = 8, kind: int = 0, extra: bytes = b""
) -> bytes:
    """A PNG with any declared size."""
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + extra
        + png_chunk(b"IDAT", zlib.compress(body)) + png_chunk(b"IEND", b"")
    )  # fmt: skip


def tiff(tags: dict[int, int], tail: bytes = b"", following: int = 0) -> bytes:
    """A little-endian TIFF of single LONG tags, `tail` after the directory."""
    entries = b"".join(struct.pack("<HHII", t, 4, 1, v) for t, v in sorted(tags.items()))
    return (
        b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries
        + struct.pack("<I", following) + tail
    )  # fmt: skip


def tiff_declared(width: int, height: int, **more: int) -> bytes:
    """A one-strip grey TIFF that declares a size and holds 16 bytes."""
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 150, 277: 1, 278: height, 279: 16}
    tags.update({int(k[1:]): v for k, v in more.items()})
    return tiff(tags).ljust(150, b"\0") + bytes(16)


def dicom(
    pixels: np.ndarray | bytes | None,
    syntax: str = ExplicitVRLittleEndian,
    photometric: str = "MONOCHROME2",
    preamble: bool = True,
    meta: bool = True,
    **tags: object,
) -> bytes:
    """A DICOM file with made-up names; `pixels` is (H, W[, 3]), (N, H, W), raw bytes or None."""
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3.4"
    ds.Modality, ds.PatientName, ds.PatientID = "CT", f"{SENTINEL}^Name", f"{SENTINEL}1"
    ds.PatientBirthDate, ds.ImageComments = "19000101", SENTINEL
    ds.InstitutionName, ds.StudyDescription = SENTINEL, SENTINEL
    block = ds.private_block(0x0011, SENTINEL, create=True)
    block.add_new(0x01, "LO", SENTINEL)
    ds.PhotometricInterpretation = photometric
    ds.Rows, ds.Columns, ds.SamplesPerPixel = HEIGHT, WIDTH, 1
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation = 7, 0
    if isinstance(pixels, np.ndarray):
        bits = pixels.dtype.itemsize * 8
        ds.BitsAllocated = ds.BitsStored = bits
        ds.HighBit, ds.PixelRepresentation = bits - 1, int(pixels.dtype.kind == "i")
        if pixels.ndim == 3 and pixels.shape[-1] == 3:
            ds.SamplesPerPixel, ds.PlanarConfiguration = 3, 0
        elif pixels.ndim == 3:
            ds.NumberOfFrames = len(pixels)
        ds.Rows, ds.Columns = pixels.shape[-3:-1] if ds.SamplesPerPixel == 3 else pixels.shape[-2:]
        big = syntax == ExplicitVRBigEndian
        pixels = pixels.astype(pixels.dtype.newbyteorder(">" if big else "<")).tobytes()
    if pixels is not None:
        ds.add_new("PixelData", "OB" if ds.BitsAllocated == 8 else "OW", pixels)
        if syntax in (JPEG2000Lossless, JPEGBaseline8Bit, RLELossless):
            ds["PixelData"].is_undefined_length = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # made-up broken values are the point
        for keyword, value in tags.items():
            setattr(ds, keyword, value)
    return written(ds, syntax, preamble, meta)


def written(ds: Dataset, syntax: str, preamble: bool = True, meta: bool = True) -> bytes:
    """Encode a data set, with or without its preamble and file meta information."""
    little, implicit = syntax != ExplicitVRBigEndian, syntax == ImplicitVRLittleEndian
    out = io.BytesIO()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    ds.file_meta.MediaStorageSOPInstanceUID = generate_uid(entropy_srcs=["corpus"])
    ds.file_meta.TransferSyntaxUID = syntax
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if meta:
            ds.preamble = bytes(128)
            ds.save_as(out, enforce_file_format=True, implicit_vr=implicit, little_endian=little)
        else:
            del ds.file_meta
            ds.save_as(out, implicit_vr=implicit, little_endian=little)
    data = out.getvalue()
    return data if preamble or not meta else data[132:]


def valid() -> dict[str, Sample]:
    """One good file per format and encoding, each with its expected pixels."""
    g, c = Image.fromarray(grey()), Image.fromarray(colour())
    wide = grey().astype(np.uint16) * 257
    jpeg = saved(g, "JPEG", quality=100)
    note = PngImagePlugin.PngInfo()
    note.add_text("Patient", SENTINEL)
    ug, uc = unit(grey()), unit(colour())
    samples = [
        Sample("grey.png", saved(g, "PNG", pnginfo=note), pixels=ug),
        Sample("colour.png", saved(c, "PNG"), pixels=uc),
        Sample("deep.png", saved(Image.fromarray(wide), "PNG"), says="High bit depth", pixels=ug),
        Sample(
            "grey.jpg", saved(g, "JPEG", quality=100, comment=SENTINEL), pixels=ug, tolerance=0.02
        ),
        Sample(
            "colour.jpg", saved(c, "JPEG", quality=100, subsampling=0), pixels=uc, tolerance=0.03
        ),
        Sample(
            "prog.jpg", saved(g, "JPEG", quality=100, progressive=True), pixels=ug, tolerance=0.02
        ),
        Sample("grey.tif", saved(g, "TIFF", description=SENTINEL), pixels=ug),
        Sample("lzw.tif", saved(c, "TIFF", compression="tiff_lzw"), pixels=uc),
        Sample("deflate.tif", saved(g, "TIFF", compression="tiff_deflate"), pixels=ug),
        Sample(
            "jpeg.tif", saved(g, "TIFF", compression="jpeg", quality=100), pixels=ug, tolerance=0.02
        ),
        Sample("deep.tif", saved(Image.fromarray(wide), "TIFF"), says="High bit depth", pixels=ug),
        Sample("lossless.webp", saved(c, "WEBP", lossless=True, exact=True), pixels=uc),
        Sample("lossy.webp", saved(c, "WEBP", quality=100), pixels=uc, tolerance=0.08),
        Sample("grey.bmp", saved(g, "BMP"), pixels=ug),
        Sample("colour.bmp", saved(c, "BMP"), pixels=uc),
        Sample("explicit.dcm", dicom(grey()), pixels=ug),
        Sample("implicit.dcm", dicom(grey(), ImplicitVRLittleEndian), pixels=ug),
        Sample("jpeg.dcm", dicom(encapsulate([jpeg]), JPEGBaseline8Bit), pixels=ug, tolerance=0.02),
        Sample("j2k.dcm", dicom(encapsulate([j2k()]), JPEG2000Lossless), pixels=ug),
        Sample("rle.dcm", dicom(encapsulate([rle()]), RLELossless), pixels=ug),
    ]
    return {s.name: s for s in samples}


def j2k(width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """A lossless JPEG 2000 code stream of the grey picture, or of a flat one of another size."""
    image = Image.fromarray(grey())
    if (width, height) != image.size:
        image = Image.new("L", (width, height))
    return saved(image, "JPEG2000", no_jp2=True, irreversible=False)


def rle(packed: bytes | None = None) -> bytes:
    """One RLE segment (PS3.5 annex G): literal runs of the grey picture, or any `packed` bytes."""
    if packed is None:
        flat = grey().tobytes()
        runs = (flat[i : i + 128] for i in range(0, len(flat), 128))
        packed = b"".join(bytes([len(r) - 1]) + r for r in runs)
    return struct.pack("<16I", 1, 64, *[0] * 14) + packed + b"\0" * (len(packed) % 2)


def truncated() -> Iterator[Sample]:
    """Every valid file, cut at many points."""
    for sample in valid().values():
        length = len(sample.data)
        for cut in sorted(
            {0, 1, 4, 12, 40, 140, *(length * k // 8 for k in range(1, 8)), length - 9}
        ):
            if cut < length:
                data = sample.data[:cut]
                yield Sample(f"cut{cut}-{sample.name}", data, "either" if cut > 40 else "error")


def misnamed() -> Iterator[Sample]:
    """Valid content under another format's suffix."""
    for name in ("grey.png", "grey.jpg", "grey.tif", "lossless.webp", "grey.bmp", "explicit.dcm"):
        good = valid()[name]
        for suffix in ("png", "jpg", "tif", "webp", "bmp", "dcm", "gif", ""):
            yield Sample(
                f"really-{name}.{suffix}", good.data, "ok", "", good.pixels, good.tolerance
            )


def foreign() -> Iterator[Sample]:
    """Content that is no listed format, named like one."""
    frames = [Image.fromarray(grey()), Image.fromarray(255 - grey())]
    gif = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    text = SENTINEL.encode()
    contents = {
        "a GIF": gif,
        "an SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "an SVG drawing": b'<?xml version="1.0"?>\n<svg width="9"/>',
        "a web page": b"<!DOCTYPE html><html><body>" + text,
        "web page": b"\xef\xbb\xbf  <script>alert(1)</script>",
        "XML text": b'<?xml version="1.0"?><a>' + text + b"</a>",
        "a script": b"#!/bin/sh\nrm -rf /tmp/nothing",
        "a PDF": b"%PDF-1.7 " + text,
        "a zip": b"PK\x03\x04" + bytes(60),
        "a gzip": b"\x1f\x8b" + bytes(60),
        "a program": b"\x7fELF" + bytes(60),
        "program": b"MZ" + bytes(60),
        "HEIC": b"\0\0\0\x18ftypheic" + bytes(60),
        "a NIfTI": b"\x5c\x01" + bytes(342) + b"n+1\0" + bytes(20),
        "JPEG 2000": j2k(),
        "no known image": text * 5,
        "known image": np.random.default_rng(3).bytes(5000),
        "known": bytes(5000),
        "empty": b"",
    }
    for says, data in contents.items():
        for suffix in ("png", "dcm"):
            yield Sample(f"foreign-{says.replace(' ', '_')}.{suffix}", data, "error", says)


def polyglots() -> Iterator[Sample]:
    """Files that are two things at once are read as what they start with."""
    good = valid()
    for name in ("grey.png", "grey.jpg", "grey.bmp", "grey.tif"):
        for label, tail in (
            ("zip", b"PK\x03\x04" + bytes(90)),
            ("html", b"<script>x</script>"),
            ("self", good[name].data),
        ):
            s = good[name]
            yield Sample(f"poly-{label}-{name}", s.data + tail, "ok", "", s.pixels, s.tolerance)
    body = bytearray(good["explicit.dcm"].data)
    body[:8] = b"II*\0" + struct.pack("<I", 40)
    yield Sample("poly-tiff-dicom.dcm", bytes(body), pixels=unit(grey()))
    body[:8] = b"%PDF-1.7"
    yield Sample("poly-pdf-dicom.dcm", bytes(body), pixels=unit(grey()))


def bombs() -> Iterator[Sample]:
    """Small files that would cost a lot of memory or time."""
    big = 20_000
    too_many = "million pixels"
    yield Sample("bomb.png", png(big, big, bytes(1000)), "error", too_many)
    yield Sample("bomb-max.png", png(2**31 - 1, 2**31 - 1, b""), "error")
    yield Sample("bomb-wide.png", png(2**31 - 1, 16, b""), "error", too_many)
    yield Sample("bomb-rgba16.png", png(big, big, b"", 16, 6), "error", too_many)
    yield Sample("bomb-declared.png", png(5000, 5000, bytes(100)), "error")
    yield Sample(
        "bomb-text.png",
        png(
            WIDTH, HEIGHT, b"", extra=png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(3_000_000)))
        ),
        "error",
    )
    yield Sample(
        "bomb-icc.png",
        png(
            WIDTH,
            HEIGHT,
            b"\0" * 500,
            extra=png_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(3_000_000))),
        ),
        "either",
    )
    yield Sample(
        "bomb-chunks.png",
        png(WIDTH, HEIGHT, b"\0" * 500, extra=png_chunk(b"teSt", b"") * 90_000),
        "error",
        "small parts",
    )
    yield Sample("bomb.tif", tiff_declared(big, big), "error", too_many)
    yield Sample("bomb-max.tif", tiff_declared(2**32 - 1, 2**32 - 1), "error")
    yield Sample(
        "bomb-tile.tif",
        tiff_declared(64, 64, t322=65_536, t323=65_536, t324=150, t325=16),
        "error",
        "tiles",
    )
    yield Sample("bomb-samples.tif", tiff_declared(64, 64, t277=65_535), "error")
    tags = b"".join(struct.pack("<HHII", 60_000 + k, 7, 100_000, 8) for k in range(4000))
    yield Sample(
        "bomb-tags.tif", b"II*\0" + struct.pack("<IH", 8, 4000) + tags + bytes(100_000), "error"
    )
    loop = tiff(
        {256: 24, 257: 20, 258: 8, 259: 1, 262: 1, 273: 150, 277: 1, 278: 20, 279: 480}, following=8
    )
    yield Sample("loop.tif", loop.ljust(150, b"\0") + bytes(480), "ok", "first page")
    yield Sample(
        "bomb.bmp",
        b"BM"
        + struct.pack("<IHHIIiiHHIIiiII", 70, 0, 0, 54, 40, big, big, 1, 24, 0, 0, 0, 0, 0, 0),
        "error",
        too_many,
    )
    webp = b"VP8X" + struct.pack("<I", 10) + bytes(4) + b"\xff\x3e\0" + b"\xff\x3e\0"
    yield Sample("bomb.webp", b"RIFF" + struct.pack("<I", len(webp) + 4) + b"WEBP" + webp, "error")
    flat = saved(Image.new("L", (8, 8)), "JPEG")
    at = flat.index(b"\xff\xc0")
    huge = flat[: at + 5] + struct.pack(">HH", 60_000, 60_000) + flat[at + 9 :]
    yield Sample("bomb.jpg", huge, "error", too_many)
    yield Sample("bomb-scans.jpg", scan_bomb(), "error", "scans")
    for n, shape in enumerate(((65_535, 65_535), (20_000, 20_000))):
        yield Sample(
            f"bomb{n}.dcm", dicom(b"\0" * 64, Rows=shape[0], Columns=shape[1]), "error", too_many
        )
    yield Sample("bomb-frames.dcm", dicom(grey(), NumberOfFrames=2_000_000_000), "error", "cut off")
    yield Sample("bomb-short.dcm", dicom(b"\0" * 64, Rows=5000, Columns=5000), "error", "cut off")
    yield Sample(
        "bomb-j2k.dcm", dicom(encapsulate([j2k(900, 900)]), JPEG2000Lossless), "error", "match"
    )
    yield Sample("bomb-jpeg.dcm", dicom(encapsulate([huge]), JPEGBaseline8Bit), "error", too_many)
    yield Sample(
        "bomb-rle.dcm", dicom(encapsulate([rle(b"\x81\0" * 250)]), RLELossless), "error", "match"
    )
    yield Sample(
        "bomb-rle-long.dcm", dicom(encapsulate([rle(b"\x81\0" * 9000)]), RLELossless), "error"
    )
    yield Sample(
        "bomb-fragments.dcm", dicom(b"\xfe\xff\x00\xe0\0\0\0\0" * 30_000, RLELossless), "error"
    )
    head = dicom(None)
    element = struct.pack("<HH2sH", 0x0011, 0x1001, b"LO", 0)
    yield Sample("bomb-elements.dcm", head + element * 250_000, "error", "small parts")
    nested = (
        struct.pack("<HH2sHI", 0x0040, 0x0275, b"SQ", 0, 0xFFFFFFFF)
        + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    )
    yield Sample("bomb-nested.dcm", head + nested * 5000, "error")
    items = b"\xfe\xff\x00\xe0\0\0\0\0" * 700_000
    many = struct.pack("<HH2sHI", 0x0028, 0x3010, b"SQ", 0, len(items)) + items
    picture = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 480) + grey().tobytes()
    yield Sample("bomb-items.dcm", head + many + picture, says="Oversized", pixels=unit(grey()))
    inner = zlib.compressobj(wbits=-15)
    body = inner.compress(bytes(20_000_000)) + inner.flush()
    meta = dicom(None, DeflatedExplicitVRLittleEndian)
    yield Sample("bomb-deflated.dcm", meta + body, "error", "deflated")


def scan_bomb(side: int = 3000, repeats: int = 400) -> bytes:
    """A progressive JPEG whose last scan is repeated: little data, many passes."""
    data = saved(Image.new("L", (side, side), 99), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * repeats + b"\xff\xd9"


def sizes() -> Iterator[Sample]:
    """Too small, odd and extreme shapes."""
    for kind, suffix in (
        ("PNG", "png"),
        ("JPEG", "jpg"),
        ("TIFF", "tif"),
        ("WEBP", "webp"),
        ("BMP", "bmp"),
    ):
        for side in ((1, 1), (15, 40)):
            data = saved(Image.new("L", side, 7), kind)
            yield Sample(f"small{side[0]}.{suffix}", data, "error", "at least")
        yield Sample(f"flat.{suffix}", saved(Image.new("L", (16, 16), 7), kind), says="same value")
        yield Sample(
            f"long.{suffix}", saved(Image.new("L", (16, 3000), 7), kind), says="same value"
        )
    yield Sample("small.dcm", dicom(grey()[:1, :1].copy()), "error", "at least")
    yield Sample("none.dcm", dicom(grey(), Rows=0, Columns=0), "error", "at least")


def modes() -> Iterator[Sample]:
    """Colour models, bit depths, transparency, several frames."""
    g, c = grey(), colour()
    ug, uc = unit(g), unit(c)
    image, rgb = Image.fromarray(g), Image.fromarray(c)
    bw = image.point(lambda v: 255 * (v > 120)).convert("1")
    for kind, suffix in (("PNG", "png"), ("TIFF", "tif"), ("BMP", "bmp")):
        yield Sample(f"bilevel.{suffix}", saved(bw, kind), pixels=(g > 120).astype(float))
        yield Sample(
            f"palette.{suffix}",
            saved(rgb.quantize(64), kind),
            says="Palette",
            pixels=uc,
            tolerance=0.15,
        )
    for kind, suffix in (("JPEG", "jpg"), ("TIFF", "tif")):
        cmyk = rgb.convert("CMYK")
        yield Sample(
            f"cmyk.{suffix}", saved(cmyk, kind, quality=100), says="CMYK", pixels=uc, tolerance=0.06
        )
    alpha = Image.fromarray(np.where(g > 100, 255, 0).astype(np.uint8))
    keep = np.asarray(alpha)[..., None] > 0
    rgba, opaque, la = rgb.copy(), rgb.copy(), image.copy()
    for target, mask in ((rgba, alpha), (opaque, Image.new("L", rgb.size, 255)), (la, alpha)):
        target.putalpha(mask)
    for kind, suffix in (("PNG", "png"), ("TIFF", "tif"), ("WEBP", "webp")):
        options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
        yield Sample(
            f"alpha.{suffix}",
            saved(rgba, kind, **options),
            says="white",
            pixels=np.where(keep, uc, 1),
        )
        yield Sample(f"opaque.{suffix}", saved(opaque, kind, **options), pixels=uc)
    for kind, suffix in (("PNG", "png"), ("TIFF", "tif")):
        yield Sample(
            f"la.{suffix}", saved(la, kind), says="black", pixels=np.where(keep[..., 0], ug, 0)
        )
    yield Sample("key.png", saved(image, "PNG", transparency=0), says="black", pixels=ug)
    yield Sample("palette-key.png", saved(rgb.quantize(64), "PNG", transparency=0), says="white")
    for bits in (10, 12, 14):
        deep = (g.astype(np.uint16) << (bits - 8)) + (1 << (bits - 8)) - 1
        top = 2**bits - 1
        for kind, suffix in (("PNG", "png"), ("TIFF", "tif")):
            yield Sample(
                f"bits{bits}.{suffix}",
                saved(Image.fromarray(deep), kind),
                says=str(top),
                pixels=deep / top if deep.max() >= 2 ** (bits - 2) else None,
            )
    white0 = tiff(
        {
            256: WIDTH,
            257: HEIGHT,
            258: 16,
            259: 1,
            262: 0,
            273: 150,
            277: 1,
            278: HEIGHT,
            279: WIDTH * HEIGHT * 2,
        }
    )
    deep = g.astype("<u2") * 257
    yield Sample(
        "white-is-zero.tif",
        white0.ljust(150, b"\0") + deep.tobytes(),
        says="inverted",
        pixels=1 - ug,
    )
    body = b"".join(b"\0" + np.repeat(row, 2, axis=-1).tobytes() for row in c)
    yield Sample("rgb16.png", png(WIDTH, HEIGHT, body, 16, 2), says="16-bit colour", pixels=uc)
    ints = Image.fromarray((g.astype(np.int32) - 90) * 1000)
    yield Sample("int32.tif", saved(ints, "TIFF"), says="stretched", pixels=ug / ug.max())
    for name, values, says, expected in floats():
        yield Sample(
            f"float-{name}.tif",
            saved(Image.fromarray(values), "TIFF"),
            "ok" if says else "error",
            says or "valid value",
            expected,
        )
    other = Image.fromarray(255 - c)
    for kind, suffix, options in (
        ("PNG", "png", {}),
        ("WEBP", "webp", {"lossless": True, "exact": True}),
        ("TIFF", "tif", {}),
    ):
        data = saved(rgb, kind, save_all=True, append_images=[other, rgb], **options)
        yield Sample(f"several.{suffix}", data, says="first", pixels=uc)
    mpo = saved(rgb, "MPO", save_all=True, append_images=[other], quality=100)
    yield Sample("several.jpg", mpo, says="first frame", pixels=uc, tolerance=0.25)


def floats() -> Iterator[tuple[str, np.ndarray, str, np.ndarray | None]]:
    """Name, values, expected note ("" for an error) and pixels of 32-bit float pictures."""
    base = unit(grey()).astype(np.float32)
    holes = base.copy()
    holes[3, 4], holes[5, 6], holes[7, 8] = np.nan, np.inf, -np.inf
    filled = base.copy()
    filled[[3, 5, 7], [4, 6, 8]] = base.min()
    yield "unit", base, "kept", base
    yield "nan", holes, "3 pixels", filled
    yield "wide", base * 4000 - 1000, "stretched", base / base.max()
    yield "huge", (base * 2 - 1) * np.float32(3.3e38), "stretched", None
    yield "all-nan", np.full_like(base, np.nan), "", None


def orientations() -> Iterator[Sample]:
    """EXIF orientations 1 to 8; expected pixels by the definition in the EXIF standard."""
    g = grey()
    upright = {
        1: g, 2: g[:, ::-1], 3: g[::-1, ::-1], 4: g[::-1], 5: g.T,
        6: np.rot90(g, -1), 7: g[::-1, ::-1].T, 8: np.rot90(g),
    }  # fmt: skip
    for kind, suffix in (("PNG", "png"), ("JPEG", "jpg"), ("TIFF", "tif"), ("WEBP", "webp")):
        for value, expected in upright.items():
            exif = Image.Exif()
            exif[0x0112], exif[0x013B] = value, SENTINEL
            options = {"JPEG": {"quality": 100}, "WEBP": {"lossless": True}}.get(kind, {})
            data = saved(Image.fromarray(g), kind, exif=exif, **options)
            pixels = unit(expected)
            if kind == "WEBP":
                pixels = np.repeat(pixels[..., None], 3, axis=-1)
            yield Sample(
                f"exif{value}.{suffix}", data, "ok", "upright" if value > 1 else "", pixels, 0.02
            )
    for n, exif in enumerate(
        (b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0" + b"\xff" * 90)
    ):
        data = saved(Image.fromarray(g), "JPEG", quality=100, exif=exif)
        yield Sample(f"exif-bad{n}.jpg", data, pixels=unit(g), tolerance=0.02)


def profiles() -> Iterator[Sample]:
    """ICC profiles: sRGB, a real conversion, of the wrong kind, damaged."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"sRGB", b"xRGB").replace(
        "sRGB".encode("utf-16-be"), "xRGB".encode("utf-16-be")
    )
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    c, uc = Image.fromarray(colour()), unit(colour())
    grey_image = Image.fromarray(grey())
    for kind, suffix in (("PNG", "png"), ("TIFF", "tif"), ("JPEG", "jpg"), ("WEBP", "webp")):
        options = {
            "JPEG": {"quality": 100, "subsampling": 0},
            "WEBP": {"lossless": True, "exact": True},
        }.get(kind, {})
        for label, profile, says in (
            ("srgb", srgb, ""),
            ("near", swapped, "converted"),
            ("lab", lab, "ignored"),
            ("bad", SENTINEL.encode() * 20, "ignored"),
        ):
            data = saved(c, kind, icc_profile=profile, **options)
            yield Sample(f"icc-{label}.{suffix}", data, "ok", says, uc, 0.03)
    yield Sample(
        "icc-grey.png",
        saved(grey_image, "PNG", icc_profile=srgb),
        says="not applied",
        pixels=unit(grey()),
    )
    yield Sample(
        "icc-cmyk.jpg",
        saved(c.convert("CMYK"), "JPEG", icc_profile=srgb, quality=100),
        says="ignored",
        pixels=uc,
        tolerance=0.06,
    )


def dicoms() -> Iterator[Sample]:
    """DICOM variants: transforms, frames, syntaxes, missing parts, hostile header values."""
    g = grey()
    ug, uc = unit(g), unit(colour())
    signed = (g.astype(np.int16) - 100) * 4
    full = {"WindowCenter": 128, "WindowWidth": 256}
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian):
        for name, pixels, low, high in (
            ("u16", g.astype(np.uint16) * 16, 0, 2000),
            ("s16", signed, -200, 400),
            ("u8", g, 0, 200),
            ("u32", g.astype(np.uint32) * 9, 0, 900),
        ):
            for photometric in ("MONOCHROME1", "MONOCHROME2"):
                window = {"WindowCenter": (low + high) / 2, "WindowWidth": high - low}
                shown = np.clip((pixels.astype(float) - low) / (high - low), 0, 1)
                if photometric == "MONOCHROME1":
                    shown = 1 - shown
                data = dicom(pixels, syntax, photometric, VOILUTFunction="LINEAR_EXACT", **window)
                says = "inverted" if photometric == "MONOCHROME1" else "window"
                yield Sample(f"{name}-{photometric}-{syntax[-3:]}.dcm", data, "ok", says, shown)
    sigmoid = 1 / (1 + np.exp(-4 * (g - 100.0) / 80))
    yield Sample(
        "sigmoid.dcm",
        dicom(g, VOILUTFunction="SIGMOID", WindowCenter=100, WindowWidth=80),
        pixels=sigmoid,
        tolerance=1e-5,
    )
    yield Sample(
        "windows.dcm",
        dicom(g, WindowCenter=[127.5 + 0.5, 9], WindowWidth=[256, 1]),
        says="window",
        pixels=ug,
    )
    yield Sample(
        "rescale.dcm",
        dicom(g, RescaleSlope=2, RescaleIntercept=-100, WindowCenter=155.5, WindowWidth=511),
        says="Rescale",
        pixels=ug,
        tolerance=0.01,
    )
    for bad in (
        {"WindowCenter": 128, "WindowWidth": 0},
        {"WindowCenter": 9000, "WindowWidth": 2},
        {"WindowWidth": 5},
    ):
        yield Sample(
            f"window-{len(str(bad))}.dcm", dicom(g.astype(np.uint16), **bad), says="percentile"
        )
    padded = g.astype(np.int16)
    padded[:5] = -2000
    yield Sample(
        "padding.dcm",
        dicom(padded, "1.2.840.10008.1.2.1", "MONOCHROME1", PixelPaddingValue=-2000),
        says="Padding",
    )
    lut = Dataset()
    falling = np.arange(255, -1, -1, dtype="<u2") * 257
    lut.LUTDescriptor, lut.LUTData = [256, 0, 16], falling.tobytes()
    lut["LUTData"].VR = "OW"
    lut.LUTExplanation = SENTINEL
    yield Sample("voi-lut.dcm", dicom(g, VOILUTSequence=[lut]), says="lookup", pixels=1 - ug)
    broken = Dataset()
    broken.LUTDescriptor, broken.LUTData = [256, 0, 16], b"\0\0"
    broken["LUTData"].VR = "OW"
    yield Sample("voi-short.dcm", dicom(g, VOILUTSequence=[broken]), says="ignored", pixels=ug)
    frames = np.stack([g // 3, g // 2, g])
    yield Sample("frames.dcm", dicom(frames), says="Frame 2 of 3", pixels=unit(g // 2))
    group, window = Dataset(), Dataset()
    window.WindowCenter, window.WindowWidth, window.VOILUTFunction = 60, 120, "LINEAR_EXACT"
    window.WindowCenterWidthExplanation = SENTINEL
    group.FrameVOILUTSequence = [window]
    shown = np.clip((g // 2) / 120, 0, 1)
    yield Sample(
        "enhanced.dcm",
        dicom(frames, SharedFunctionalGroupsSequence=[group]),
        says="window",
        pixels=shown,
    )
    yield Sample("rgb.dcm", dicom(colour(), photometric="RGB"), pixels=uc)
    ybr = np.asarray(Image.fromarray(colour()).convert("YCbCr"))
    yield Sample("ybr.dcm", dicom(ybr.copy(), photometric="YBR_FULL"), pixels=uc, tolerance=0.02)
    ramp = bytes(range(256))
    table = {}
    for channel, values in (("Red", ramp), ("Green", ramp[::-1]), ("Blue", ramp)):
        table[f"{channel}PaletteColorLookupTableDescriptor"] = [256, 0, 8]
        table[f"{channel}PaletteColorLookupTableData"] = values
    palette = np.stack([ug, 1 - ug, ug], axis=-1)
    yield Sample(
        "palette.dcm",
        dicom(g, photometric="PALETTE COLOR", **table),
        says="Palette",
        pixels=palette,
    )
    for meta in (True, False):
        for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
            data = dicom(g, syntax, preamble=False, meta=meta, **full)
            yield Sample(
                f"bare-{meta}-{syntax[-3:]}.dcm", data, says="window", pixels=ug, tolerance=0.01
            )
    for syntax, says in (
        ("1.2.840.10008.1.2.4.70", "JPEG Lossless"),
        ("1.2.840.10008.1.2.4.80", "JPEG-LS"),
        ("1.2.840.10008.1.2.4.201", "High-Throughput"),
        ("1.2.840.10008.1.2.4.102", "MPEG-4"),
        ("1.2.3.4.5.6", "no decoder"),
    ):
        data = dicom(encapsulate([b"\xff\xd8" + bytes(50)]), RLELossless)
        old = RLELossless.encode()
        at = data.index(struct.pack("<HH2sH", 2, 0x10, b"UI", len(old) + len(old) % 2))
        new = syntax.encode() + b"\0" * (len(syntax) % 2)
        was = len(old) + len(old) % 2
        head = data[:at] + struct.pack("<HH2sH", 2, 0x10, b"UI", len(new)) + new
        length = struct.unpack("<I", data[140:144])[0] + len(new) - was
        patched = head[:140] + struct.pack("<I", length) + head[144:] + data[at + 8 + was :]
        yield Sample(f"syntax-{syntax}.dcm", patched, "error", says)
    yield Sample("no-pixels.dcm", dicom(None), "error", "no pixel data")
    yield Sample("empty-pixels.dcm", dicom(b""), "error")
    for keyword, value in (
        ("Modality", SENTINEL), ("PhotometricInterpretation", SENTINEL), ("RescaleSlope", "1"),
        ("SamplesPerPixel", 7), ("BitsAllocated", 13), ("BitsStored", 99), ("NumberOfFrames", -4),
    ):  # fmt: skip
        ok = keyword in ("Modality", "RescaleSlope")
        data = dicom(g, **{keyword: value})
        yield Sample(
            f"odd-{keyword}.dcm",
            data,
            "ok" if ok else "either" if keyword == "BitsStored" else "error",
        )
    named = SENTINEL.encode() + b"  "
    plain = dicom(g, WindowCenter="128.00000000", WindowWidth="256.00000000")
    yield Sample("named-window.dcm", plain.replace(b"128.00000000", named), "either")
    yield Sample(
        "named-both.dcm",
        plain.replace(b"128.00000000", named).replace(b"256.00000000", named),
        "either",
    )
    yield Sample("named-vr.dcm", plain.replace(b"LO", b"ZQ").replace(b"PN", b"DS"), "either")
    yield Sample(
        "named-rows.dcm",
        plain.replace(
            struct.pack("<HH2sH", 0x28, 0x10, b"US", 2), struct.pack("<HH2sH", 0x28, 0x10, b"PN", 2)
        ),
        "error",
    )


def all_samples() -> list[Sample]:
    """The whole corpus."""
    groups = (
        truncated,
        misnamed,
        foreign,
        polyglots,
        bombs,
        sizes,
        modes,
        orientations,
        profiles,
        dicoms,
    )
    return [*valid().values(), *(sample for group in groups for sample in group())]
