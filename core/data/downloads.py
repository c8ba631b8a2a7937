"""Table of public downloads: where each domain's images can be fetched, and under which licence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Download:
    """One public archive.

    Attributes:
        id: name of the download on the command line.
        domain: the domain whose loader reads it.
        title: name of the data set for people.
        filename: name under which the archive is kept.
        url: direct address, empty where the source offers none.
        page: the source's page for people.
        licence: licence as stated by the source.
        checksum: `algorithm:hex`, None where the source publishes none that is known here.
        size: about how many bytes; 0 where unknown. For messages and the disk check only.
        steps: how to get the file by hand, one sentence each.
        note: what to know before using it.
    """

    id: str
    domain: str
    title: str
    filename: str
    url: str
    page: str
    licence: str
    checksum: str | None
    size: int
    steps: tuple[str, ...]
    note: str = ""


_MEDMNIST = "https://zenodo.org/records/10519652"

DOWNLOADS: tuple[Download, ...] = (
    Download(
        id="kermany",
        domain="chest_xray",
        title="Chest X-ray images (normal and pneumonia), Kermany et al. 2018",
        filename="ChestXRay2017.zip",
        url="https://data.mendeley.com/public-files/datasets/rscbjbr9sj/files/"
        "f12eaf6d-6023-432f-acc9-80c9d7393433/file_downloaded",
        page="https://data.mendeley.com/datasets/rscbjbr9sj/2",
        licence="CC BY 4.0",
        checksum=None,
        size=1_240_000_000,
        steps=(
            "Open https://data.mendeley.com/datasets/rscbjbr9sj/2 and download ChestXRay2017.zip "
            "(or chest-xray-pneumonia from Kaggle, the same images).",
        ),
        note="COVID-19 images are a separate download: covid-cxnet.",
    ),
    Download(
        id="covid-cxnet",
        domain="chest_xray",
        title="COVID-CXNet chest X-rays",
        filename="covid-cxnet.zip",
        url="",
        page="https://github.com/armiro/COVID-CXNet",
        licence="images CC BY 4.0",
        checksum=None,
        size=0,
        steps=(
            "Get the repository https://github.com/armiro/COVID-CXNet.",
            "Put its COVID-19 images into a folder named covid19 inside a zip file.",
        ),
        note="Other hospitals and ages than the rest: source predicts class.",
    ),
    Download(
        id="medmnist-pneumonia",
        domain="chest_xray",
        title="PneumoniaMNIST, 128 x 128 (MedMNIST+)",
        filename="pneumoniamnist_128.npz",
        url=f"{_MEDMNIST}/files/pneumoniamnist_128.npz",
        page=_MEDMNIST,
        licence="CC BY 4.0",
        checksum="md5:05b46931834c231683c68f40c47b2971",
        size=72_000_000,
        steps=(f"Open {_MEDMNIST} and download pneumoniamnist_128.npz.",),
        note="Small alternative: NORMAL and PNEUMONIA only, centre crops, own split.",
    ),
    Download(
        id="nickparvar",
        domain="brain_mri",
        title="Brain Tumor MRI Dataset, Nickparvar",
        filename="brain-tumor-mri-dataset.zip",
        url="https://www.kaggle.com/api/v1/datasets/download/"
        "masoudnickparvar/brain-tumor-mri-dataset",
        page="https://www.kaggle.com/datasets/masoudnickparvar/brain-tumor-mri-dataset",
        licence="CC0, as stated by its publisher",
        checksum=None,
        size=160_000_000,
        steps=(
            "Log in at https://www.kaggle.com/datasets/masoudnickparvar/brain-tumor-mri-dataset.",
            "Press Download and keep the zip as brain-tumor-mri-dataset.zip.",
        ),
        note="Kaggle may ask for a log-in and may serve a newer version than the one audited.",
    ),
    Download(
        id="kather-2016",
        domain="colorectal_texture",
        title="Kather Texture 2016: 5,000 tiles of colorectal cancer histology",
        filename="Kather_texture_2016_image_tiles_5000.zip",
        url="https://zenodo.org/records/53169/files/Kather_texture_2016_image_tiles_5000.zip",
        page="https://zenodo.org/records/53169",
        licence="CC BY 4.0",
        checksum="md5:0ddbebfc56344752028fda72602aaade",
        size=258_000_000,
        steps=(
            "Open https://zenodo.org/records/53169 and download "
            "Kather_texture_2016_image_tiles_5000.zip.",
        ),
    ),
    Download(
        id="medmnist-path",
        domain="colorectal_texture",
        title="PathMNIST, 128 x 128 (MedMNIST+)",
        filename="pathmnist_128.npz",
        url=f"{_MEDMNIST}/files/pathmnist_128.npz",
        page=_MEDMNIST,
        licence="CC BY 4.0",
        checksum="md5:ac42d08fb904d92c244187169d1fd1d9",
        size=0,
        steps=(f"Open {_MEDMNIST} and download pathmnist_128.npz.",),
        note="Nine classes of another collection (NCT-CRC-HE-100K): no stand-in for the eight "
        "of Kather Texture 2016.",
    ),
    Download(
        id="polyps",
        domain="colorectal_polyps",
        title="Colorectal polyp tiles",
        filename="colorectal-polyps.zip",
        url="",
        page="",
        licence="not stated by its source",
        checksum=None,
        size=0,
        steps=(
            "No public download is known; use a colorectal-polyps.zip that you already have, "
            "for research only.",
        ),
    ),
    Download(
        id="openi",
        domain="openi_reports",
        title="Indiana University chest X-ray reports (Open-i)",
        filename="NLMCXR_reports.tgz",
        url="https://openi.nlm.nih.gov/imgs/collections/NLMCXR_reports.tgz",
        page="https://openi.nlm.nih.gov/faq",
        licence="CC BY-NC-ND 4.0",
        checksum=None,
        size=1_200_000,
        steps=("Open https://openi.nlm.nih.gov/faq and follow the links to the collection.",),
        note="Reports as XML; the images are the download openi-images.",
    ),
    Download(
        id="openi-images",
        domain="openi_reports",
        title="Indiana University chest X-rays (Open-i), PNG",
        filename="NLMCXR_png.tgz",
        url="https://openi.nlm.nih.gov/imgs/collections/NLMCXR_png.tgz",
        page="https://openi.nlm.nih.gov/faq",
        licence="CC BY-NC-ND 4.0",
        checksum=None,
        size=1_360_000_000,
        steps=("Open https://openi.nlm.nih.gov/faq and follow the links to the collection.",),
        note="Unpack it with 'tar -xzf' and pass the folder beside the reports.",
    ),
)
ALIASES = {"openi": "openi_reports"}


def downloads_of(domain: str) -> tuple[Download, ...]:
    """All downloads of a domain, the main one first; empty where there is none."""
    wanted = ALIASES.get(domain, domain)
    return tuple(d for d in DOWNLOADS if d.domain == wanted)
