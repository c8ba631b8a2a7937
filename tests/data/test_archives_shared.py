"""No split shares an image or a patient with another, in every real archive at hand."""

from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from core import domains
from core.data.dataset import DomainData, load
from core.errors import DataError

DOMAINS = ("chest_xray", "brain_mri", "colorectal_polyps", "colorectal_texture")


@cache
def loaded(domain_id: str, folder: Path) -> DomainData | None:
    """The domain's images through the usual cache; None where no archive holds any."""
    try:
        return load(domains.get(domain_id), [folder])
    except DataError:
        return None


@pytest.fixture(params=DOMAINS)
def data(request, shared_data) -> DomainData:
    found = loaded(request.param, shared_data)
    if found is None:
        pytest.skip(f"no archive of {request.param} in {shared_data}")
    return found


def parts(data: DomainData) -> dict[str, np.ndarray]:
    """Training, validation and the part of the test set that figures call de-duplicated."""
    return {
        "train": data.indices("train"),
        "val": data.indices("val"),
        "clean test": data.indices("test", clean=True),
    }


def shared(data: DomainData, values: np.ndarray) -> dict[str, int]:
    """Number of values (empty ones aside) that two parts have in common, by pair of parts."""
    sets = {name: set(values[index]) - {""} for name, index in parts(data).items()}
    return {f"{a} | {b}": len(sets[a] & sets[b]) for a, b in combinations(sets, 2)}


def test_no_pixel_identical_image_in_two_splits(data):
    found = shared(data, np.array(data.pixel_hashes))
    assert not any(found.values()), found


def test_no_patient_in_two_splits(data):
    names = np.array([f"{i.source}/{i.patient}" if i.patient else "" for i in data.items])
    found = shared(data, names)
    assert not any(found.values()), found


def test_no_near_duplicate_group_in_two_splits(data):
    found = shared(data, data.group.astype(str))
    assert not any(found.values()), found


def test_identical_pixels_as_cached_are_not_in_two_splits(data):
    # Independent of stored hashes: compares the very bytes that models see.
    rows = np.array([hash(image.tobytes()) for image in data.images]).astype(str)
    found = shared(data, rows)
    assert not any(found.values()), found


def test_every_image_has_one_split_and_every_class_all_three(data):
    assert set(np.unique(data.split)) == {"train", "val", "test"}
    assert all(n > 0 for counts in data.counts().values() for n in counts.values())
    official = np.array([i.official for i in data.items])
    assert (data.split[official == "test"] == "test").all()
    assert not (data.split[np.isin(official, ("train", "val"))] == "test").any()


def test_brain_leak_is_seen(shared_data):
    data = loaded("brain_mri", shared_data)
    if data is None:
        pytest.skip(f"no brain MRI archive in {shared_data}")
    hashes = np.array(data.pixel_hashes)
    official = np.array([i.official for i in data.items])
    leak = set(hashes[official == "train"]) & set(hashes[official == "test"])
    assert 185 <= len(leak) <= 195
    assert len(hashes) - len(set(hashes)) == 426
    classes = np.array([i.class_id for i in data.items])
    copied = (official == "test") & np.isin(hashes, list(leak))
    assert (copied & (classes == "meningioma")).sum() == 106
    assert (copied & (classes == "notumor")).sum() == 105
    assert not data.clean_test[copied].any()
