"""The images of a domain, decoded, labelled and split: what training and evaluation work on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data.archive import open_all
from core.data.cache import cached
from core.data.items import Item
from core.data.layouts import items_in
from core.data.splits import make_split
from core.domains import Domain
from core.preprocessing import Preprocessing


@dataclass
class DomainData:
    """All images of a domain found in the given archives.

    Attributes:
        images: (N, S, S, C) uint8, memory-mapped.
        class_index: (N,) int64 into `domain.class_ids`.
        split: (N,) "train", "val" or "test".
        clean_test: (N,) test images that share nothing with training or validation.
        group: (N,) ids of groups (patient, duplicates) that no split cuts.
        pixel_hashes: N exact hashes of the pixels at the source.
        perceptual_hashes: (N, 32) uint8.
        archives: sha256 by archive name.
    """

    domain: Domain
    preprocessing: Preprocessing
    items: list[Item]
    images: np.ndarray
    class_index: np.ndarray
    split: np.ndarray
    clean_test: np.ndarray
    group: np.ndarray
    pixel_hashes: list[str]
    perceptual_hashes: np.ndarray
    archives: dict[str, str]

    def labels(self, task: str) -> np.ndarray:
        """(N,) index into the task's labels, -1 where the class takes no part."""
        wanted = self.domain.task(task)
        table = [
            wanted.labels.index(label) if (label := wanted.label_of(c)) is not None else -1
            for c in self.domain.class_ids
        ]
        return np.array(table, dtype=np.int64)[self.class_index]

    def indices(self, split: str, task: str | None = None, clean: bool = False) -> np.ndarray:
        """Positions of a split, of those that take part in a task, in ascending order.

        Args:
            split: "train", "val" or "test".
            task: keep only images whose class the task labels.
            clean: of "test", only the de-duplicated part.
        """
        keep = self.split == split
        if task is not None:
            keep &= self.labels(task) >= 0
        if clean:
            keep &= self.clean_test
        return np.flatnonzero(keep)

    def counts(self) -> dict[str, dict[str, int]]:
        """Number of images by class and split."""
        found = Counter(zip((i.class_id for i in self.items), self.split.tolist()))
        return {
            c: {s: found[c, s] for s in ("train", "val", "test")} for c in self.domain.class_ids
        }

    def provenance(self) -> dict[str, object]:
        """What a card says of the data: archives by sha256, and counts."""
        return {"domain": self.domain.id, "archives": self.archives, "counts": self.counts()}


def load(
    domain: Domain,
    paths: list[Path],
    preprocessing: Preprocessing | None = None,
    cache: Path | None = None,
) -> DomainData:
    """Read a domain's images from archives or folders, through the cache, or from a pack.

    Args:
        domain: which domain's layouts to look for.
        paths: archives, unpacked folders, or folders of archives; or packs, one per domain.
        preprocessing: by default the domain's size and channels.
        cache: folder of the cache.

    Raises:
        DataError: no image of this domain, or one that cannot be read.
    """
    if packs := [p for p in paths if p.suffix == ".pack"]:
        return _from_pack(packs, domain, preprocessing)
    archives = open_all(paths)
    items = items_in(archives, domain)
    used = [a for a in archives if a.name in {i.archive for i in items}]
    recipe = preprocessing or Preprocessing(size=domain.size, channels=domain.channels)
    store = cached(used, items, recipe, cache)
    parts = make_split(items, store.pixel_hashes, store.perceptual)
    classes = {c: n for n, c in enumerate(domain.class_ids)}
    return DomainData(
        domain=domain,
        preprocessing=recipe,
        items=items,
        images=store.images,
        class_index=np.array([classes[i.class_id] for i in items], dtype=np.int64),
        split=parts.split,
        clean_test=parts.clean_test,
        group=parts.group,
        pixel_hashes=store.pixel_hashes,
        perceptual_hashes=store.perceptual,
        archives={a.name: a.digest() for a in used},
    )


def _from_pack(
    packs: list[Path], domain: Domain, preprocessing: Preprocessing | None
) -> DomainData:
    from core.data.pack import domain_of_pack, read_pack

    own = [p for p in packs if domain_of_pack(p) == domain.id]
    return read_pack((own or packs)[0], domain, preprocessing)
