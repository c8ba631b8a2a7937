"""One labelled image of an archive."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """Where an image lies and what its source says of it.

    Attributes:
        archive: file name of the archive.
        path: member name inside it.
        source: id of the `Source` it comes from.
        class_id: image class of the domain.
        official: the source's own split, "train", "val" or "test"; "" where it has none.
        patient: group that must not be split, where the source tells; else None.
    """

    archive: str
    path: str
    source: str
    class_id: str
    official: str
    patient: str | None = None
