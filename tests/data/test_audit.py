"""The audit finds what was planted: copies, damage, patients, leaks and shortcuts."""

import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from core import domains
from core.data import report
from core.data.audit import audit
from core.errors import DataError


def jpeg(pixels: np.ndarray, quality: int = 95) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def picture(rng, size: int = 48) -> np.ndarray:
    """Smooth random image: perceptual hashes need low frequencies."""
    small = Image.fromarray(rng.integers(0, 256, (12, 12), dtype=np.uint8))
    return np.asarray(small.resize((size, size), Image.Resampling.BICUBIC))


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Brain archive: 3 exact copies (2 sets, 1 across splits), 1 near copy, 1 broken file."""
    rng = np.random.default_rng(1)
    folder = tmp_path_factory.mktemp("audit")
    members: dict[str, bytes] = {}
    for class_id in domains.BRAIN_MRI.class_ids:
        dark = 0.3 if class_id == "notumor" else 1.0  # the planted shortcut
        for split, n in (("Training", 10), ("Testing", 4)):
            for k in range(n):
                pixels = (picture(rng) * dark).astype(np.uint8)
                members[f"{split}/{class_id}/{k}.jpg"] = jpeg(pixels)
    members["Testing/glioma/copy.jpg"] = members["Training/glioma/0.jpg"]
    members["Training/glioma/copy.jpg"] = members["Training/glioma/0.jpg"]
    members["Training/pituitary/copy.jpg"] = members["Training/pituitary/1.jpg"]
    original = Image.open(io.BytesIO(members["Training/meningioma/2.jpg"]))
    members["Testing/meningioma/near.jpg"] = jpeg(np.asarray(original), quality=80)
    members["Training/notumor/broken.jpg"] = members["Training/notumor/0.jpg"][:200]
    members["Training/unknown/other.jpg"] = members["Training/notumor/0.jpg"]
    path = folder / "brain.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


calls: list[tuple[int, int]] = []


@pytest.fixture(scope="module")
def found(planted):
    return audit(domains.BRAIN_MRI, [planted], lambda *s: calls.append(s))


def test_exact_copies_within_and_across_splits(found):
    assert found["cross_split_duplicate_groups"] == 1
    assert found["extra_copies"] == 3
    exact = found["exact_duplicates"]
    assert exact["groups"] == 2
    assert exact["largest_group"] == 3
    assert exact["affected_test_images"]["glioma"] == [1, 5]
    assert exact["affected_test_images"]["pituitary"] == [0, 4]


def test_near_copy_is_found_apart_from_exact_ones(found):
    near = found["near_duplicates"]
    assert near["groups"] == 1
    assert near["cross_split_groups"] == 1
    assert near["affected_test_images"]["meningioma"] == [1, 5]
    by_limit = near["by_limit"]
    assert by_limit["12"]["clean_test"]["meningioma"] == 4
    counts = [row["pairs"] for row in by_limit.values()]
    assert counts == sorted(counts)


def test_counts_damage_and_strays(found):
    assert found["counts"]["official"]["notumor"] == {"train": 10, "test": 4}
    assert found["counts"]["official"]["glioma"] == {"train": 11, "test": 5}
    assert found["counts"]["ours_clean_test"]["glioma"] == 4
    assert found["corrupt"] == ["brain.zip/Training/notumor/broken.jpg"]
    assert found["unrecognised_images"] == 1
    assert found["sizes"]["width"] == [48, 48, 48]


def test_our_splits_share_nothing(found):
    assert set(found["our_splits"].values()) == {0}


def test_planted_shortcut_shows_in_the_mean_only(found):
    outcomes = found["probes"]["class"]
    assert outcomes["mean"]["recall"]["notumor"] > 0.9
    assert outcomes["size"]["balanced_accuracy"] == 0.25
    assert "skipped" in found["probes"]["source"]["all"]


def test_report_reads_and_keeps_the_numbers(found, tmp_path):
    data, text = report.write(domains.BRAIN_MRI, found, tmp_path)
    assert json.loads(data.read_text()) == found
    page = text.read_text()
    assert "**1** sets of pixel-identical images" in page
    assert "| Affected test images: Glioma | 1 of 5 |" in page
    assert "broken.jpg" in page
    for caveat in domains.BRAIN_MRI.caveats:
        assert caveat in page
    widths = {line.count("|") for line in page.splitlines() if line.startswith("| Limit")}
    assert widths == {3 + 4 + 1}


def test_patients_in_two_official_splits_and_two_sources(tmp_path):
    rng = np.random.default_rng(2)
    names = ["train/NORMAL/IM-0001-0001.jpeg", "train/PNEUMONIA/person1_virus_1.jpeg"]
    names += ["test/PNEUMONIA/person1_virus_2.jpeg", "test/PNEUMONIA/person2_bacteria_3.jpeg"]
    with zipfile.ZipFile(tmp_path / "chest.zip", "w") as archive:
        for name in names:
            archive.writestr(f"chest_xray/{name}", jpeg(picture(rng)))
        archive.writestr("covid19/1.jpg", jpeg(picture(rng, 64)))
    found = audit(domains.CHEST_XRAY, [tmp_path / "chest.zip"])
    assert found["patients"] == {
        "images_with_patient": 4,
        "patients": 3,
        "patients_in_two_official_splits": 1,
        "test_images_of_such_patients": 1,
    }
    assert found["sources"] == {"kermany": 4, "covid-cxnet": 1}
    assert set(found["probes"]) == {"class", "pneumonia", "source"}
    assert "Normal or pneumonia" in report.markdown(domains.CHEST_XRAY, found)


def test_wrong_archive_is_refused(planted):
    with pytest.raises(DataError, match="Chest X-ray"):
        audit(domains.CHEST_XRAY, [planted])


def test_progress_reaches_the_end(found):
    assert calls == [(k, 61) for k in range(1, 62)]
