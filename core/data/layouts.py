"""Archive layouts of the public sources: from member names to labelled items."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator

from core.data.archive import Archive
from core.data.items import Item
from core.domains import Domain
from core.errors import DataError

Layout = Callable[[Archive, Domain], Iterator[Item]]
_layouts: dict[str, list[Layout]] = {}

_IMAGE = re.compile(r"\.(jpe?g|png|tiff?|bmp)$", re.IGNORECASE)
_CHEST = re.compile(r"(?:^|/)(train|val|test)/(NORMAL|PNEUMONIA)/([^/]+)$")
# Kaggle: person12_virus_3.jpeg; Mendeley: VIRUS-1234-0001.jpeg
_PERSON = re.compile(r"^(?:(person\d+)_(bacteria|virus)|((BACTERIA|VIRUS)-\d+)-)")
_NORMAL = re.compile(r"^((?:NORMAL\d*-)?IM-\d+|NORMAL-\d+)")
_BRAIN = re.compile(r"(?:^|/)(Training|Testing)/(glioma|meningioma|notumor|pituitary)/[^/]+$")
_COVID = re.compile(r"(?:^|/)covid19/([^/]+)$")
_POLYP = re.compile(r"(?:^|/)(train|test)/([a-z_]+)/[^/]+$")
_KATHER = re.compile(r"(?:^|/)0?[1-8]_([A-Z]+)/([^/]+)$")
_OFFICIAL = {"Training": "train", "Testing": "test"}


def layout(domain_id: str) -> Callable[[Layout], Layout]:
    """Decorator: add a layout to a domain (a domain may be fed by several sources)."""

    def register(reader: Layout) -> Layout:
        _layouts.setdefault(domain_id, []).append(reader)
        return reader

    return register


def items_of(archive: Archive, domain: Domain) -> list[Item]:
    """All labelled images of a domain in one archive; empty where the layout is another's."""
    return [i for reader in _layouts.get(domain.id, [by_class]) for i in reader(archive, domain)]


def items_in(archives: list[Archive], domain: Domain) -> list[Item]:
    """All labelled images of a domain in several archives.

    Raises:
        DataError: none of them holds an image of this domain.
    """
    found = [item for archive in archives for item in items_of(archive, domain)]
    if not found:
        names = ", ".join(str(a.path) for a in archives)
        raise DataError(
            f"No image of {domain.name} in {names}; expected the layout of its public source, "
            f"see 'python -m core data fetch {domain.id}'."
        )
    return found


def by_class(archive: Archive, domain: Domain) -> Iterator[Item]:
    """Plain layout for further domains: `[train|val|test/]<class id>/<file>`."""
    for name in archive.names():
        parts = name.split("/")
        if len(parts) >= 2 and parts[-2] in domain.class_ids and _IMAGE.search(name):
            split = parts[-3] if len(parts) >= 3 and parts[-3] in ("train", "val", "test") else ""
            yield Item(archive.name, name, domain.id, parts[-2], split)


@layout("chest_xray")
def kermany(archive: Archive, domain: Domain) -> Iterator[Item]:
    """Kermany et al. 2018: `{train,val,test}/{NORMAL,PNEUMONIA}/person12_virus_3.jpeg`.

    Kaggle's zip holds everything twice (`chest_xray/chest_xray/...`): each file counts once.
    """
    seen: set[tuple[str, ...]] = set()
    for name in archive.names():
        found = _CHEST.search(name)
        if not found or not _IMAGE.search(name) or found.groups() in seen:
            continue
        seen.add(found.groups())
        split, label, file = found.groups()
        if label == "NORMAL":
            patient = _NORMAL.match(file)
            yield Item(archive.name, name, "kermany", "normal", split, patient and patient.group(1))
        elif match := _PERSON.match(file):
            person, kind = match.group(1) or match.group(3), match.group(2) or match.group(4)
            class_id = "viral" if kind.lower() == "virus" else "bacterial"
            yield Item(archive.name, name, "kermany", class_id, split, person)


@layout("chest_xray")
def covid_cxnet(archive: Archive, domain: Domain) -> Iterator[Item]:
    """COVID-CXNet: `covid19/*.jpg`, patients in `metadata.csv`; no official split."""
    names = archive.names()
    matches = [(n, m.group(1)) for n in names if (m := _COVID.search(n)) and _IMAGE.search(n)]
    if not matches:
        return
    patients: dict[str, str] = {}
    for table in (n for n in names if n.endswith("metadata.csv")):
        text = archive.read(table).decode("utf-8-sig")
        for row in csv.DictReader(io.StringIO(text)):
            if row.get("patient_id"):
                patients[row["filename"]] = f"covid-{row['patient_id']}"
    for name, file in matches:
        yield Item(archive.name, name, "covid-cxnet", "covid19", "", patients.get(file))


@layout("brain_mri")
def nickparvar(archive: Archive, domain: Domain) -> Iterator[Item]:
    """Nickparvar: `{Training,Testing}/{glioma,meningioma,notumor,pituitary}/*.jpg`."""
    for name in archive.names():
        if (found := _BRAIN.search(name)) and _IMAGE.search(name):
            yield Item(archive.name, name, "nickparvar", found.group(2), _OFFICIAL[found.group(1)])


@layout("colorectal_polyps")
def polyps(archive: Archive, domain: Domain) -> Iterator[Item]:
    """Colorectal polyps: `{train,test}/<class>/*.jpg`."""
    for name in archive.names():
        found = _POLYP.search(name)
        if found and found.group(2) in domain.class_ids and _IMAGE.search(name):
            yield Item(archive.name, name, "polyps", found.group(2), found.group(1))


@layout("colorectal_texture")
def kather(archive: Archive, domain: Domain) -> Iterator[Item]:
    """Kather Texture 2016: `Kather_texture_2016_image_tiles_5000/01_TUMOR/*.tif`."""
    for name in archive.names():
        found = _KATHER.search(name)
        if found and found.group(1).lower() in domain.class_ids and _IMAGE.search(name):
            yield Item(archive.name, name, "kather", found.group(1).lower(), "")
