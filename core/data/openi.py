"""The Indiana / OpenI collection: chest X-rays as PNG beside their reports as XML or a table.

`data fetch openi` brings the reports, `data fetch openi --source openi-images` the images (1.4 GB,
to be unpacked). Demner-Fushman et al., J. Am. Med. Inform. Assoc. 23, 2016.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.data.archive import Archive, open_all
from core.data.cache import decode
from core.errors import DataError
from core.preprocessing import Preprocessing
from core.text.conditions import condition_of
from core.text.reports import Report, read_reports


@dataclass(frozen=True)
class Study:
    """A report and where its frontal image lies.

    Attributes:
        report: cleaned, with the indexers' terms.
        archive: that holds the image.
        path: of the image in it.
    """

    report: Report
    archive: Archive
    path: str

    @property
    def condition(self) -> str | None:
        """The condition by the source's labels, None where they are of neither."""
        return condition_of(self.report)


@dataclass
class OpenI:
    """True pairs of texts and images.

    Attributes:
        studies: N of them.
        images: (N, S, S, 1) uint8.
    """

    studies: list[Study]
    images: np.ndarray

    def split(self, name: str) -> np.ndarray:
        """Positions of a split: that of the text, so that equal reports stay together."""
        return np.flatnonzero([s.report.split == name for s in self.studies])


def find_studies(paths: list[Path]) -> list[Study]:
    """Match reports to images by the ids that the reports name.

    The views of a study are told apart only in the table of projections; without it the first
    image that a report names is taken, which is the frontal one in nearly all of them.

    Raises:
        DataError: no reports, or none whose image is there.
    """
    reports = read_reports(paths)
    images: dict[str, tuple[Archive, str]] = {}
    for archive in open_all([p for p in paths if p.suffix not in (".tgz", ".gz")]):
        for name in archive.names():
            if name.lower().endswith(".png"):
                images[Path(name).stem.split(".dcm")[0].removeprefix("CXR")] = (archive, name)
    found = []
    for report in reports:
        own = [images[i] for k in report.images if (i := k.removeprefix("CXR")) in images]
        if own:
            found.append(Study(report, *own[0]))
    if not found:
        raise DataError(
            "No image of these reports found; unpack OpenI's NLMCXR_png.tgz and pass its folder "
            "too, see 'python -m core data fetch openi --source openi-images'."
        )
    return found


def load(
    paths: list[Path],
    recipe: Preprocessing | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> OpenI:
    """Read the pairs of the collection.

    Args:
        paths: archives or folders with reports and images.
        recipe: 128 px grey where left out.
        progress: called with images done and in all.

    Raises:
        DataError: nothing to pair, or a broken image; the text names it.
    """
    studies, own = find_studies(paths), recipe or Preprocessing()
    images = np.zeros((len(studies), own.size, own.size, own.channels), np.uint8)
    for k, study in enumerate(studies):
        images[k] = own.pixels(decode(study.archive.read(study.path), study.path))
        if progress:
            progress(k + 1, len(studies))
    return OpenI(studies, images)
