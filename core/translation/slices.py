"""Unpaired and aligned MRI and CT slices, split by person, as one small pack of uint8 arrays."""

from __future__ import annotations

import hashlib
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from core.data.archive import Archive, open_all
from core.data.cache import FOLDER, decode
from core.errors import DataError
from core.translation.head import prepare

FORMAT = 3  # raise when the meaning of a pack changes
VAL_CASES = ("16",)  # aligned cases that choices are made on
FOLDS = (("20", "21"), ("28", "32"), ("37", "41"))  # aligned folders tested together
VAL_MRI = ("15", "36")  # persons without a CT
LOWEST_CT = 0.27  # of the way from neck to vertex: below it lie slices that no MRI shows
_UNPAIRED_MRI = re.compile(r"(?:^|/)unpaired/mri/(\d+)(\d{3})\.\w+$")
_UNPAIRED_CT = re.compile(r"(?:^|/)unpaired/ct/(\d+)_(\d+)_\w+\.\w+$")
_PAIRED = re.compile(r"(?:^|/)paired/(\d+)/(mri|ct)/(\d+)(\d{3})\.\w+$")


@dataclass(frozen=True)
class Found:
    """Where a slice lies: archive, member, modality, person, folder of its case, slice number."""

    archive: str
    path: str
    modality: str
    subject: str
    case: str
    number: int


@dataclass
class Slices:
    """Prepared slices (see `prepare`), aligned pairs beside each other by index.

    Attributes:
        size: side of a slice in pixels.
        mri, ct: (N, S, S) and (M, S, S) uint8 unpaired slices.
        mri_mask, ct_mask: bool masks of the head.
        mri_subject, ct_subject: persons, (N,) and (M,) str.
        mri_position, ct_position: 0 at the skull base, 1 at the vertex, float32.
        mri_split, ct_split: "train", "val" or "test", by person.
        pair_mri, pair_ct: (P, S, S) uint8 aligned slices.
        pair_mri_mask, pair_ct_mask: bool masks of the head.
        pair_subject: persons, (P,) str.
        pair_case: the folder of the case, which no split cuts, (P,) str.
        archives: sha256 by archive name, as JSON text.
    """

    size: int
    mri: np.ndarray
    mri_mask: np.ndarray
    mri_subject: np.ndarray
    mri_position: np.ndarray
    mri_split: np.ndarray
    ct: np.ndarray
    ct_mask: np.ndarray
    ct_subject: np.ndarray
    ct_position: np.ndarray
    ct_split: np.ndarray
    pair_mri: np.ndarray
    pair_mri_mask: np.ndarray
    pair_ct: np.ndarray
    pair_ct_mask: np.ndarray
    pair_subject: np.ndarray
    pair_case: np.ndarray
    archives: str

    def save(self, path: Path) -> None:
        """Write as one compressed .npz, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.stem}.{os.getpid()}.partial.npz")
        np.savez_compressed(partial, format=np.array(FORMAT), **asdict(self))
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> Slices:
        """Read what `save` wrote.

        Raises:
            DataError: no such pack, or one of an older format.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                if int(file["format"]) != FORMAT:
                    raise DataError(f"{path} is of an older format; prepare it again.")
                parts = {f.name: file[f.name] for f in fields(cls)}
        except (OSError, KeyError, ValueError) as error:
            raise DataError(f"{path} is no pack of slices; prepare it again.") from error
        return cls(**{**parts, "size": int(parts["size"]), "archives": str(parts["archives"])})

    def cases(self, fold: int | None) -> dict[str, np.ndarray]:
        """Positions of aligned slices for "train", "val" and "test".

        Args:
            fold: index into `FOLDS`, whose cases are the test; None where no aligned slice is
                trained on: then every case that choices are not made on is test.
        """
        val = np.isin(self.pair_case, VAL_CASES)
        test = ~val if fold is None else np.isin(self.pair_case, FOLDS[fold])
        parts = {"train": ~val & ~test, "val": val, "test": test}
        return {name: np.flatnonzero(part) for name, part in parts.items()}

    def provenance(self) -> dict[str, object]:
        """What a card says of the data: archives by sha256, and counts by split."""
        counts = {
            name: {s: int((split == s).sum()) for s in ("train", "val", "test")}
            for name, split in (("mri", self.mri_split), ("ct", self.ct_split))
        }
        cases = {str(c): int((self.pair_case == c).sum()) for c in np.unique(self.pair_case)}
        return {"archives": json.loads(self.archives), "counts": counts, "aligned": cases}


def find(archives: list[Archive]) -> list[Found]:
    """Every slice of the archives, from the layout of `brain-mri-ct.zip`.

    A file name ends in three digits of the slice; what stands before them is the person.
    """
    found = []
    for archive in archives:
        for name in archive.names():
            if m := _UNPAIRED_MRI.search(name):
                found.append(Found(archive.name, name, "mri", m[1], "", int(m[2])))
            elif m := _UNPAIRED_CT.search(name):
                found.append(Found(archive.name, name, "ct", m[1], "", int(m[2])))
            elif m := _PAIRED.search(name):
                found.append(Found(archive.name, name, m[2], m[3], m[1], int(m[4])))
    return found


def positions(items: list[Found]) -> np.ndarray:
    """Height of each slice within its person's own stack, 0 lowest to 1 highest, float32."""
    numbers = np.array([i.number for i in items], np.float32)
    subjects = np.array([i.subject for i in items])
    out = np.zeros(len(items), np.float32)
    for subject in np.unique(subjects):
        own = subjects == subject
        low, high = numbers[own].min(), numbers[own].max()
        out[own] = (numbers[own] - low) / max(high - low, 1)
    return out


def split_people(subjects: np.ndarray, modality: str) -> np.ndarray:
    """The split of each slice by person: fixed people for MRI, two in ten by digest for CT."""
    names = {}
    for subject in np.unique(subjects):
        draw = hashlib.sha256(f"{modality}/{subject}".encode()).digest()[0] % 10
        part = {0: "val", 1: "test"}.get(draw, "train")
        names[subject] = part if modality == "ct" else "val" if subject in VAL_MRI else "train"
    return np.array([names[s] for s in subjects], dtype="<U5")


def read_slices(paths: list[Path], size: int, folder: Path | None = None) -> Slices:
    """Prepared slices from archives, through a cache, or from a pack (.npz) made before.

    Args:
        paths: as for every `--data`, or one .npz.
        size: side in pixels; a pack must have it.
        folder: of the cache.

    Raises:
        DataError: no MRI and CT slices there, or a pack of another size.
    """
    packs = [p for p in paths if p.suffix == ".npz"]
    if packs:
        pack = Slices.load(packs[0])
        if pack.size != size:
            raise DataError(f"{packs[0]} holds {pack.size} px slices; this model needs {size} px.")
        return pack
    archives = open_all(paths)
    items = find(archives)
    people = {(i.modality, bool(i.case)) for i in items}
    if len(people) < 4:
        names = ", ".join(str(a.path) for a in archives)
        raise DataError(
            f"No MRI and CT slices in {names}; expected unpaired/mri, unpaired/ct and "
            "paired/<case>/{mri,ct}, as in brain-mri-ct.zip."
        )
    used = {a.name: a for a in archives if a.name in {i.archive for i in items}}
    digests = {name: archive.digest() for name, archive in used.items()}
    key = hashlib.sha256(json.dumps([FORMAT, size, digests], sort_keys=True).encode()).hexdigest()
    path = (folder or FOLDER) / f"slices-{key[:24]}.npz"
    if not path.exists():
        _prepare(used, items, size, json.dumps(digests)).save(path)
    return Slices.load(path)


def _prepare(archives: dict[str, Archive], items: list[Found], size: int, digests: str) -> Slices:
    paired = {i.subject for i in items if i.case} | {i.case for i in items if i.case}
    parts: dict[str, np.ndarray] = {}
    for modality in ("mri", "ct"):
        # a person with an aligned pair must not be met in unpaired training
        own = [i for i in items if i.modality == modality and not i.case]
        own = [i for i in own if modality == "ct" or i.subject not in paired]
        height = positions(own)
        if modality == "ct":
            keep = [k for k, h in enumerate(height) if h >= LOWEST_CT]
            own = [own[k] for k in keep]
            height = (height[keep] - LOWEST_CT) / (1 - LOWEST_CT)
        parts[modality], parts[f"{modality}_mask"] = _read(archives, own, size)
        subjects = np.array([i.subject for i in own])
        parts[f"{modality}_subject"], parts[f"{modality}_position"] = subjects, height
        parts[f"{modality}_split"] = split_people(subjects, modality)
    pairs = _pairs(items)
    for k, modality in enumerate(("mri", "ct")):
        own = [pair[k] for pair in pairs]
        parts[f"pair_{modality}"], parts[f"pair_{modality}_mask"] = _read(archives, own, size)
    parts["pair_subject"] = np.array([a.subject for a, _ in pairs])
    parts["pair_case"] = np.array([a.case for a, _ in pairs])
    return Slices(size=size, archives=digests, **parts)  # type: ignore[arg-type]


def _pairs(items: list[Found]) -> list[tuple[Found, Found]]:
    ct = {(i.case, i.subject, i.number): i for i in items if i.case and i.modality == "ct"}
    mri = [i for i in items if i.case and i.modality == "mri"]
    pairs = [(i, ct.get((i.case, i.subject, i.number))) for i in mri]
    return [(a, b) for a, b in pairs if b is not None]


def _read(
    archives: dict[str, Archive], items: list[Found], size: int
) -> tuple[np.ndarray, np.ndarray]:
    def one(item: Found) -> tuple[np.ndarray, np.ndarray]:
        pixels = decode(archives[item.archive].read(item.path), item.path)
        return prepare(pixels, item.modality, size)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        found = list(pool.map(one, items))
    return np.stack([f[0] for f in found]), np.stack([f[1] for f in found])
