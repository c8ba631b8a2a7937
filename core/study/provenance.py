"""Whether the generators behind synthetic images can have seen the images they are tested on."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.cards import Card
from core.data.dataset import DomainData
from core.registry import Registry

Learned = dict[str, list[dict[str, Any]]]
"""By model id, `DomainData.provenance()` of every data set that the model learned from."""


def learned_from(registry: Registry, card: Card) -> Learned:
    """What a model and all models it needs (an autoencoder, say) learned from, by their cards."""
    found = {card.id: list(card.training.get("data", []))}
    for other in card.requires:
        found |= learned_from(registry, registry.card(other))
    return found


def leaks(learned: Learned, data: DomainData) -> dict[str, Any]:
    """Compare what models learned from with the held-out images of a domain.

    Trainers read the training split alone, and a split follows from the archives. A model whose
    card names the very archives at hand, by sha256, with the same counts, has therefore seen these
    training images and no others; it remains to look for held-out images that have a copy there.

    Args:
        learned: by model id.
        data: the domain's images as the study splits them.

    Returns:
        `same_split`: models whose archives and counts are those of `data`; `other_split`: models
        trained on this domain in another split, with the reason; `copies`: how many held-out
        images of each set have an exact copy in training ("val", "official", "clean").
    """
    own = data.provenance()
    same, other = [], {}
    for model, entries in learned.items():
        for entry in (e for e in entries if e.get("domain") == data.domain.id):
            if entry.get("archives") != own["archives"]:
                other[model] = "learned from other archives: " + ", ".join(entry["archives"])
            elif not same_split(entry.get("counts", {}), data.counts()):
                other[model] = "learned from another split of the same archives"
            else:
                same.append(model)
    return {"same_split": same, "other_split": other, "copies": copies(data)}


def same_split(theirs: dict[str, dict[str, int]], ours: dict[str, dict[str, int]]) -> bool:
    """Whether counts by class and split agree; a pack carries no test images, so none count."""

    def kept(counts: dict[str, dict[str, int]], splits: tuple[str, ...]) -> list[Any]:
        return sorted((c, *(n.get(s) for s in splits)) for c, n in counts.items())

    packed = bool(theirs) and not any(n.get("test") for n in theirs.values())
    splits = ("train", "val") if packed else ("train", "val", "test")
    return kept(theirs, splits) == kept(ours, splits)


def copies(data: DomainData) -> dict[str, int]:
    """Held-out images with an exact copy (of decoded pixels) among the training images."""
    hashes = np.array(data.pixel_hashes)
    known = hashes[data.indices("train")]
    sets = {
        "val": data.indices("val"),
        "official": data.indices("test"),
        "clean": data.indices("test", clean=True),
    }
    return {name: int(np.isin(hashes[rows], known).sum()) for name, rows in sets.items()}
