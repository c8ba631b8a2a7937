"""The Indiana University / OpenI reports: the collection's XML, or the same as a CSV table.

Demner-Fushman et al., J. Am. Med. Inform. Assoc. 23, 2016, doi:10.1093/jamia/ocv080.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from core.data.archive import Archive, open_all
from core.errors import DataError
from core.text.cleaning import clean


@dataclass(frozen=True)
class Report:
    """One report.

    Attributes:
        uid: the collection's number of the study.
        findings, impression: cleaned texts, "" where the study has none.
        headings: the indexers' terms with their qualifiers, lower case ("infiltrate/lung/base").
        images: ids of the study's images, without ending.
    """

    uid: str
    findings: str
    impression: str
    headings: tuple[str, ...]
    images: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Findings and impression in one."""
        return f"{self.findings} {self.impression}".strip()

    @property
    def problems(self) -> frozenset[str]:
        """The terms alone, without qualifiers."""
        return frozenset(h.split("/")[0].strip() for h in self.headings)

    @property
    def split(self) -> str:
        """The split of the text: "train", "val" or "test"; equal texts share one."""
        digest = hashlib.sha256(self.text.lower().encode()).digest()[0]
        return "test" if digest < 32 else "val" if digest < 64 else "train"


def read_reports(paths: list[Path]) -> list[Report]:
    """Every report with a text in the given archives or folders, by ascending number.

    Raises:
        DataError: none found, or a broken file.
    """
    tars = [p for p in paths if p.name.endswith((".tgz", ".tar.gz"))]
    found = [r for p in tars for r in _tar(p)]
    found += [r for a in open_all([p for p in paths if p not in tars]) for r in reports_of(a)]
    found = [r for r in found if r.text]
    if not found:
        raise DataError(
            "No report found; expected OpenI's XML files or indiana_reports.csv, "
            "see 'python -m core data fetch openi_reports'."
        )
    return sorted(found, key=lambda r: (len(r.uid), r.uid))


def reports_of(archive: Archive) -> Iterator[Report]:
    """Reports of one archive in either form; nothing where it holds neither."""
    for name in archive.names():
        if name.endswith("indiana_reports.csv"):
            yield from _table(archive, name)
        elif name.endswith(".xml"):
            yield parse_xml(archive.read(name), name)


def parse_xml(content: bytes, name: str = "report.xml") -> Report:
    """One report in the collection's XML.

    Raises:
        DataError: no XML, or one that declares entities (which no report does).
    """
    if b"<!ENTITY" in content:
        raise DataError(f"{name} declares XML entities; it is not taken as a report.")
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, DefusedXmlException) as error:
        raise DataError(f"{name} is no valid XML report: {error}.") from error
    parts = {
        str(node.get("Label", "")).upper(): clean("".join(node.itertext()))
        for node in root.iter("AbstractText")
    }
    identity = root.find(".//uId")
    number = str(identity.get("id", "")) if identity is not None else ""
    images = tuple(str(node.get("id")) for node in root.iter("parentImage") if node.get("id"))
    headings = tuple((node.text or "").lower() for node in root.findall(".//MeSH/major"))
    uid = number.removeprefix("CXR") or Path(name).stem
    return Report(uid, parts.get("FINDINGS", ""), parts.get("IMPRESSION", ""), headings, images)


def _tar(path: Path) -> Iterator[Report]:
    """Reports of the collection's own .tgz, read from front to back."""
    try:
        with tarfile.open(path) as store:
            for member in store:
                if member.isfile() and member.name.endswith(".xml"):
                    stream = store.extractfile(member)
                    yield parse_xml(stream.read() if stream else b"", member.name)
    except (OSError, tarfile.TarError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is no readable .tgz archive; download it again.") from error


def _table(archive: Archive, name: str) -> Iterator[Report]:
    images: dict[str, list[str]] = {}
    projections = name.replace("reports.csv", "projections.csv")
    if projections in archive.names():
        for row in _rows(archive, projections):
            if row.get("projection", "Frontal") == "Frontal":
                images.setdefault(row["uid"], []).append(row["filename"].split(".dcm")[0])
    for row in _rows(archive, name):
        headings = tuple(h.strip().lower() for h in (row.get("MeSH") or "").split(";") if h)
        yield Report(
            row["uid"],
            clean(row.get("findings") or ""),
            clean(row.get("impression") or ""),
            headings,
            tuple(images.get(row["uid"], ())),
        )


def _rows(archive: Archive, name: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig")))
