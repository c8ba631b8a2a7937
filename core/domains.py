"""What a domain is: its classes, sources, licences and caveats. Add a domain by registering one."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ImageClass:
    """One class of images: a stable id for files and URLs, and a name for people."""

    id: str
    name: str


@dataclass(frozen=True)
class Task:
    """A labelling of a domain's images: `labels` in order, and the label of each image class.

    Image classes that `mapping` leaves out do not take part in the task.
    """

    id: str
    name: str
    labels: tuple[str, ...]
    mapping: dict[str, str]

    def label_of(self, class_id: str) -> str | None:
        """Return the task's label for an image class, or None where it takes no part."""
        return self.mapping.get(class_id)


@dataclass(frozen=True)
class Source:
    """Where images of a domain come from, and what may be done with them."""

    id: str
    title: str
    url: str
    licence: str
    redistribution: str
    citation: str


@dataclass(frozen=True)
class Domain:
    """One kind of medical image that SynthLens knows.

    Attributes:
        id: stable id used in paths, URLs and the command line.
        name: display name.
        modality: the imaging technique, in a clinician's words.
        organ: what the segmentation in `core.explain.organ` looks for ("lung", "tissue", "head").
        channels: 1 for grey images, 3 for colour.
        size: side of the square images that models see by default, in pixels.
        classes: image classes, in label order.
        tasks: labellings by id; the first is the default.
        sources: where the images come from.
        caveats: known traps, in whole sentences, shown wherever a verdict is.
        mirror: whether a left-right flip leaves the anatomy plausible.
    """

    id: str
    name: str
    modality: str
    organ: str
    channels: int
    size: int
    classes: tuple[ImageClass, ...]
    tasks: tuple[Task, ...]
    sources: tuple[Source, ...]
    caveats: tuple[str, ...] = field(default=())
    mirror: bool = True

    @property
    def class_ids(self) -> tuple[str, ...]:
        """Ids of the image classes, in label order."""
        return tuple(c.id for c in self.classes)

    def class_name(self, class_id: str) -> str:
        """Return the display name of a class or task label (the id itself where none is set)."""
        return next((c.name for c in self.classes if c.id == class_id), class_id)

    def task(self, task_id: str | None = None) -> Task:
        """Return a task by id, the default one for None.

        Raises:
            KeyError: the domain has no such task.
        """
        if task_id is None:
            return self.tasks[0]
        for task in self.tasks:
            if task.id == task_id:
                return task
        known = ", ".join(t.id for t in self.tasks)
        raise KeyError(f"Domain {self.id} has no task '{task_id}'; choose one of: {known}.")

    def members(self, label: str) -> tuple[str, ...]:
        """Image classes meant by a class id or a task label, case-insensitively.

        Raises:
            KeyError: neither a class nor a task label of this domain.
        """
        wanted = label.lower()
        for class_id in self.class_ids:
            if class_id.lower() == wanted:
                return (class_id,)
        for task in self.tasks:
            found = tuple(c for c, own in task.mapping.items() if own.lower() == wanted)
            if found:
                return found
        known = ", ".join((*self.class_ids, *(v for t in self.tasks for v in t.labels)))
        raise KeyError(f"'{label}' is no class of {self.name}; choose one of: {known}.")


_domains: dict[str, Domain] = {}


def register(domain: Domain) -> Domain:
    """Make a domain known to the app, the command line and the data loaders.

    Raises:
        ValueError: another domain already has this id.
    """
    if _domains.get(domain.id, domain) != domain:
        raise ValueError(f"A different domain is already registered as '{domain.id}'.")
    _domains[domain.id] = domain
    return domain


def unregister(domain_id: str) -> None:
    """Forget a domain (tests register toy domains)."""
    _domains.pop(domain_id, None)


def get(domain_id: str) -> Domain:
    """Return a registered domain.

    Raises:
        KeyError: no such domain; the message lists those that exist.
    """
    if domain_id not in _domains:
        raise KeyError(f"Unknown domain '{domain_id}'; choose one of: {', '.join(_domains)}.")
    return _domains[domain_id]


def all_domains() -> tuple[Domain, ...]:
    """All registered domains, in order of registration."""
    return tuple(_domains.values())


def _same(ids: tuple[str, ...]) -> dict[str, str]:
    return {i: i for i in ids}


_CHEST = ("normal", "bacterial", "viral", "covid19")
_BRAIN = ("glioma", "meningioma", "notumor", "pituitary")
_POLYPS = (
    "adenocarcinoma",
    "healthy",
    "serrated_adenoma",
    "tubular_adenoma",
    "villous_adenoma",
)
_TEXTURE = (
    ("tumor", "Tumour epithelium"),
    ("stroma", "Simple stroma"),
    ("complex", "Complex stroma"),
    ("lympho", "Immune cells"),
    ("debris", "Debris and mucus"),
    ("mucosa", "Mucosal glands"),
    ("adipose", "Adipose tissue"),
    ("empty", "Background"),
)

CHEST_XRAY = register(
    Domain(
        id="chest_xray",
        name="Chest X-ray",
        modality="frontal chest radiograph",
        organ="lung",
        channels=1,
        size=128,
        mirror=False,
        classes=(
            ImageClass("normal", "Normal"),
            ImageClass("bacterial", "Bacterial pneumonia"),
            ImageClass("viral", "Viral pneumonia"),
            ImageClass("covid19", "COVID-19"),
        ),
        tasks=(
            Task(
                id="pneumonia",
                name="Normal or pneumonia (official two-class task)",
                labels=("NORMAL", "PNEUMONIA"),
                mapping={"normal": "NORMAL", "bacterial": "PNEUMONIA", "viral": "PNEUMONIA"},
            ),
            Task(id="conditions", name="Four conditions", labels=_CHEST, mapping=_same(_CHEST)),
        ),
        sources=(
            Source(
                id="kermany",
                title="Labeled Optical Coherence Tomography and Chest X-Ray Images",
                url="https://data.mendeley.com/datasets/rscbjbr9sj/2",
                licence="CC BY 4.0",
                redistribution="Redistribution allowed with attribution.",
                citation="Kermany et al., Cell 172, 2018, doi:10.1016/j.cell.2018.02.010",
            ),
            Source(
                id="covid-cxnet",
                title="COVID-CXNet",
                url="https://github.com/armiro/COVID-CXNet",
                licence="images CC BY 4.0",
                redistribution="Redistribution allowed with attribution.",
                citation="Haghanifar et al., Multimed. Tools Appl. 81, 2022",
            ),
        ),
        caveats=(
            "Normal and pneumonia images are of children of one hospital; the official test "
            "images differ in distribution from the training images.",
            "COVID-19 images come from other hospitals and from adults, and some carry drawn "
            "marks: a model can tell them by their source instead of by disease.",
            "The radial power spectrum alone tells much of normal from pneumonia (see the audit): "
            "a classifier may use sharpness instead of disease.",
            "About 170 person numbers occur in training and in test; whether they are the same "
            "patients is not known.",
        ),
    )
)

BRAIN_MRI = register(
    Domain(
        id="brain_mri",
        name="Brain MRI",
        modality="magnetic resonance slice of the head",
        organ="head",
        channels=1,
        size=128,
        classes=(
            ImageClass("glioma", "Glioma"),
            ImageClass("meningioma", "Meningioma"),
            ImageClass("notumor", "No tumour"),
            ImageClass("pituitary", "Pituitary tumour"),
        ),
        tasks=(Task(id="tumor", name="Tumour type", labels=_BRAIN, mapping=_same(_BRAIN)),),
        sources=(
            Source(
                id="nickparvar",
                title="Brain Tumor MRI Dataset",
                url="https://www.kaggle.com/datasets/masoudnickparvar/brain-tumor-mri-dataset",
                licence="CC0, as stated by its publisher",
                redistribution="Stated as public domain; its own sources state less.",
                citation="Nickparvar, Kaggle, doi:10.34740/kaggle/dsv/2645886",
            ),
        ),
        caveats=(
            "The public split leaks: many test images are copies of training images. Official "
            "figures are shown beside figures on the de-duplicated part.",
            "No-tumour images come from other sources (axial only, watermarks, borders), so a "
            "classifier can cheat.",
        ),
    )
)

COLORECTAL_POLYPS = register(
    Domain(
        id="colorectal_polyps",
        name="Colorectal histology: polyps",
        modality="H&E-stained colorectal tissue tile",
        organ="tissue",
        channels=3,
        size=128,
        classes=(
            ImageClass("adenocarcinoma", "Adenocarcinoma"),
            ImageClass("healthy", "Healthy mucosa"),
            ImageClass("serrated_adenoma", "Serrated adenoma"),
            ImageClass("tubular_adenoma", "Tubular adenoma"),
            ImageClass("villous_adenoma", "Villous adenoma"),
        ),
        tasks=(Task(id="polyp", name="Polyp type", labels=_POLYPS, mapping=_same(_POLYPS)),),
        sources=(
            Source(
                id="polyps",
                title="Colorectal polyp tiles",
                url="",
                licence="not stated by its source",
                redistribution="Research only: no right to pass the images on is known.",
                citation="Source as described in docs/data.md",
            ),
        ),
        caveats=(
            "The licence of the training images is not stated: research use only.",
            "Stain varies with class, and there are no slide or patient identifiers: figures may "
            "be too good.",
        ),
    )
)

COLORECTAL_TEXTURE = register(
    Domain(
        id="colorectal_texture",
        name="Colorectal histology: tissue texture",
        modality="H&E-stained colorectal tissue tile",
        organ="tissue",
        channels=3,
        size=128,
        classes=tuple(ImageClass(i, n) for i, n in _TEXTURE),
        tasks=(
            Task(
                id="tissue",
                name="Tissue type",
                labels=tuple(i for i, _ in _TEXTURE),
                mapping=_same(tuple(i for i, _ in _TEXTURE)),
            ),
        ),
        sources=(
            Source(
                id="kather",
                title="Collection of textures in colorectal cancer histology",
                url="https://zenodo.org/records/53169",
                licence="CC BY 4.0",
                redistribution="Redistribution allowed with attribution.",
                citation="Kather et al., Sci. Rep. 6, 27988, 2016",
            ),
        ),
        caveats=("Tiles of ten slides: neighbouring tiles may stand on both sides of a split.",),
    )
)
