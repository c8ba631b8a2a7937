"""Audit of a data set: counts, damage, duplicates, patients in two splits, shortcuts."""

from __future__ import annotations

import time
import warnings
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from core.data.archive import Archive, open_all
from core.data.cache import decode
from core.data.hashes import NEAR, groups, near_pairs, perceptual_hash, pixel_hash, same_pairs
from core.data.items import Item
from core.data.layouts import items_in
from core.data.probes import TITLES, probe, shortcut_features
from core.data.splits import Split, make_split
from core.domains import Domain
from core.errors import DataError

FORMAT = 1
LIMITS = (0, 6, 12, 20, 26, 32)  # Hamming distances for the sensitivity table, in bits
NO_SPLIT = "none"
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Scanned:
    """What the audit keeps of one image: never its pixels."""

    item: Item
    shape: tuple[int, ...]
    pixels: str
    perceptual: np.ndarray
    features: dict[str, np.ndarray]


def audit(
    domain: Domain, paths: list[Path], progress: Callable[[int, int], None] | None = None
) -> dict[str, object]:
    """Examine every image of a domain in the given archives.

    Args:
        domain: whose layouts to look for.
        paths: archives, unpacked folders, or folders of archives.
        progress: called with images read so far and in all.

    Returns:
        A JSON-ready dictionary of numbers and names. `cross_split_duplicate_groups` counts sets
        of pixel-identical images that stand in more than one of the source's own splits.

    Raises:
        DataError: no image of this domain.
    """
    start, worked = time.monotonic(), time.process_time()
    archives = open_all(paths)
    items = items_in(archives, domain)
    used = [a for a in archives if a.name in {i.archive for i in items}]
    scanned, corrupt = scan(used, items, progress)
    kept = [s.item for s in scanned]
    hashes = [s.pixels for s in scanned]
    perceptual = np.stack([s.perceptual for s in scanned])
    near = near_pairs(perceptual)
    exact_groups = groups(len(kept), same_pairs(list(hashes)))
    near_groups = groups(len(kept), np.concatenate([near, same_pairs(list(hashes))]))
    ours = make_split(kept, hashes, perceptual)
    exact = duplicates(kept, exact_groups)
    return {
        "format": FORMAT,
        "domain": domain.id,
        "archives": {a.name: a.digest() for a in used},
        "images": len(items),
        "cross_split_duplicate_groups": exact["cross_split_groups"],
        "extra_copies": exact["extra_copies"],
        "counts": {
            "official": count_table(domain, kept, [i.official or NO_SPLIT for i in kept]),
            "ours": count_table(domain, kept, list(ours.split)),
            "ours_clean_test": class_counts(domain, kept, ours.clean_test),
        },
        "sources": dict(Counter(i.source for i in kept)),
        "sizes": sizes(scanned),
        "corrupt": corrupt,
        "unrecognised_images": unrecognised(used, items),
        "exact_duplicates": exact,
        "near_duplicates": {
            **duplicates(kept, near_groups, distinct=hashes),
            "limit_bits": NEAR,
            "pairs": len(near),
            "by_limit": near_by_limit(domain, kept, hashes, perceptual),
        },
        "patients": patients(kept),
        "our_splits": crossings(kept, hashes, ours),
        "probes": probes(domain, scanned, ours.group),
        "seconds": round(time.monotonic() - start, 1),
        "cpu_seconds": round(time.process_time() - worked, 1),
    }


def scan(
    archives: list[Archive],
    items: list[Item],
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Scanned], list[str]]:
    """Read all images once; return what is kept of each, and the names of unreadable ones."""
    by_name = {a.name: a for a in archives}

    def one(item: Item) -> Scanned | str:
        try:
            data = by_name[item.archive].read(item.path)
            pixels = decode(data, item.path)
        except DataError:
            return f"{item.archive}/{item.path}"
        features = shortcut_features(data, pixels)
        return Scanned(item, pixels.shape, pixel_hash(pixels), perceptual_hash(pixels), features)

    results = []
    with ThreadPoolExecutor() as pool:
        for result in pool.map(one, items):
            results.append(result)
            if progress:
                progress(len(results), len(items))
    good = [r for r in results if isinstance(r, Scanned)]
    if not good:
        raise DataError("None of the images can be read; download the archive again.")
    return good, [r for r in results if isinstance(r, str)]


def count_table(domain: Domain, items: list[Item], split: list[str]) -> dict[str, dict[str, int]]:
    """Number of images by class and split; splits without an image are left out."""
    found = Counter(zip((i.class_id for i in items), map(str, split)))
    present = [s for s in (*SPLITS, NO_SPLIT) if any(key[1] == s for key in found)]
    return {c: {s: found[c, s] for s in present} for c in domain.class_ids}


def class_counts(domain: Domain, items: list[Item], keep: np.ndarray) -> dict[str, int]:
    """Number of kept images by class; `keep` is (N,) bool."""
    found = Counter(i.class_id for i, kept in zip(items, keep) if kept)
    return {c: found[c] for c in domain.class_ids}


def sizes(scanned: list[Scanned], most: int = 10) -> dict[str, object]:
    """Range of heights and widths, and the commonest formats ("224x224 grey")."""
    height, width = (np.array([s.shape[k] for s in scanned]) for k in (0, 1))
    kinds = Counter(
        f"{s.shape[1]}x{s.shape[0]} {'colour' if len(s.shape) == 3 else 'grey'}" for s in scanned
    )
    return {
        "width": [int(width.min()), int(np.median(width)), int(width.max())],
        "height": [int(height.min()), int(np.median(height)), int(height.max())],
        "commonest": dict(kinds.most_common(most)),
        "different": len(kinds),
    }


def unrecognised(archives: list[Archive], items: list[Item]) -> int:
    """Number of image files that the domain's layouts do not explain."""
    known = {(i.archive, i.path) for i in items}
    endings = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp")
    return sum(
        name.lower().endswith(endings) and (a.name, name) not in known
        for a in archives
        for name in a.names()
    )


def duplicates(
    items: list[Item], group: np.ndarray, distinct: list[str] | None = None
) -> dict[str, object]:
    """Sets of images that are the same, within and across the source's own splits.

    Args:
        items: N images.
        group: (N,) ids; images of one id are the same.
        distinct: N exact hashes; only sets with two different ones count (near-duplicates).

    Returns:
        Numbers of sets, of copies beyond the first, of sets across splits and across classes,
        and how many test images of each class have a fellow in training or validation.
    """
    sets = [m for m in _members(group) if len(m) > 1]
    if distinct is not None:
        sets = [m for m in sets if len({distinct[i] for i in m}) > 1]
    crossing = [m for m in sets if len({items[i].official for i in m} - {""}) > 1]
    affected = Counter(
        items[i].class_id
        for m in crossing
        for i in m
        if items[i].official == "test" and {items[k].official for k in m} & {"train", "val"}
    )
    tests = Counter(i.class_id for i in items if i.official == "test")
    return {
        "groups": len(sets),
        "extra_copies": sum(len(m) - 1 for m in sets),
        "largest_group": max((len(m) for m in sets), default=0),
        "cross_split_groups": len(crossing),
        "cross_class_groups": sum(len({items[i].class_id for i in m}) > 1 for m in sets),
        "cross_source_groups": sum(len({items[i].source for i in m}) > 1 for m in sets),
        "affected_test_images": {c: [affected[c], n] for c, n in sorted(tests.items())},
    }


def near_by_limit(
    domain: Domain, items: list[Item], hashes: list[str], perceptual: np.ndarray
) -> dict[str, dict[str, object]]:
    """How the official clean test set shrinks as more bits count as a near-duplicate.

    Pairs of different classes are hardly the same image: their number bounds false alarms.
    """
    official = np.array([i.official for i in items])
    classes = np.array([i.class_id for i in items])
    exact = same_pairs(list(hashes))
    wide = near_pairs(perceptual, max(LIMITS))
    bits = np.bitwise_count(perceptual[wide[:, 0]] ^ perceptual[wide[:, 1]]).sum(1)
    found: dict[str, dict[str, object]] = {}
    for limit in LIMITS:
        pairs = wide[bits <= limit]
        group = groups(len(items), np.concatenate([pairs, exact]))
        clean = (official == "test") & ~np.isin(group, group[np.isin(official, ("train", "val"))])
        found[str(limit)] = {
            "pairs": len(pairs),
            "cross_class_pairs": int((classes[pairs[:, 0]] != classes[pairs[:, 1]]).sum()),
            "clean_test": class_counts(domain, items, clean),
        }
    return found


def patients(items: list[Item]) -> dict[str, object]:
    """How many images name a patient, and how many patients stand in two official splits."""
    splits: dict[tuple[str, str], set[str]] = {}
    for item in items:
        if item.patient:
            splits.setdefault((item.source, item.patient), set()).add(item.official)
    across = [key for key, found in splits.items() if len(found - {""}) > 1]
    named = sum(i.patient is not None for i in items)
    touched = sum(i.official == "test" and (i.source, i.patient) in set(across) for i in items)
    return {
        "images_with_patient": named,
        "patients": len(splits),
        "patients_in_two_official_splits": len(across),
        "test_images_of_such_patients": touched,
    }


def crossings(items: list[Item], hashes: list[str], split: Split) -> dict[str, int]:
    """What our own splits share: all numbers must be 0 (test means its clean part)."""
    parts = {
        "train": split.split == "train",
        "val": split.split == "val",
        "test": split.clean_test,
    }
    keys = {
        "images": np.array(hashes),
        "patients": np.array([f"{i.source}/{i.patient}" if i.patient else "" for i in items]),
        "groups": split.group.astype(str),
    }
    found = {}
    for what, values in keys.items():
        sets = {s: set(values[mask]) - {""} for s, mask in parts.items()}
        for one, other in (("train", "val"), ("train", "test"), ("val", "test")):
            found[f"{what}_{one}_{other}"] = len(sets[one] & sets[other])
    return found


def probes(domain: Domain, scanned: list[Scanned], group: np.ndarray) -> dict[str, object]:
    """Shortcut probes for the image class, for tasks with other labels, and for the source."""
    labels = {"class": np.array([s.item.class_id for s in scanned])}
    for task in domain.tasks:
        if any(c != label for c, label in task.mapping.items()):
            labels[task.id] = np.array([task.label_of(s.item.class_id) or "" for s in scanned])
    labels["source"] = np.array([s.item.source for s in scanned])
    single = {n: np.stack([s.features[n] for s in scanned]) for n in scanned[0].features}
    features = {**single, "all": np.concatenate(list(single.values()), axis=1)}
    found: dict[str, object] = {}
    for target, values in labels.items():
        keep = values != ""
        found[target] = {
            name: _probe(features[name][keep], values[keep], group[keep]) for name in TITLES
        }
    return found


def _probe(features: np.ndarray, labels: np.ndarray, group: np.ndarray) -> dict[str, object]:
    with warnings.catch_warnings():
        # A probe need not be the best linear model: 100 steps bound the time.
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            outcome = asdict(probe(features, labels, group))
        except ValueError as error:
            return {"skipped": str(error)}
    return {k: _rounded(v) for k, v in outcome.items()}


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def _members(group: np.ndarray) -> list[np.ndarray]:
    order = np.argsort(group, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
