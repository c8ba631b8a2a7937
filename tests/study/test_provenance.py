"""Generators behind synthetic training images saw no test or validation image."""

from pathlib import Path

import numpy as np
import pytest
import torch

from core import domains
from core.data.dataset import load
from core.registry import Registry
from core.study.provenance import copies, leaks, learned_from, same_split
from tests.training import tiny

SHARED = Path(__file__).parents[3] / "shared" / "data"
SHIPPED = Registry(device=torch.device("cpu"))


@pytest.fixture
def data():
    return tiny.data(16, 60)


def test_the_same_archives_and_counts_are_the_same_split(data):
    found = leaks({"a/b": [data.provenance()]}, data)
    assert found["same_split"] == ["a/b"] and found["other_split"] == {}
    assert found["copies"] == {"val": 0, "official": 0, "clean": 0}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"archives": {"y.zip": "1" * 64}}, "other archives: y.zip"),
        ({"counts": {}}, "another split"),
    ],
)
def test_another_split_is_named(data, change, said):
    found = leaks({"a/b": [{**data.provenance(), **change}]}, data)
    assert found["same_split"] == [] and said in found["other_split"]["a/b"]


def test_other_domains_do_not_matter(data):
    found = leaks({"a/b": [{"domain": "brain_mri", "archives": {}, "counts": {}}]}, data)
    assert found["same_split"] == [] and found["other_split"] == {}


def test_copies_of_held_out_images_are_counted(data):
    train, val, test = (data.indices(s)[0] for s in ("train", "val", "test"))
    data.pixel_hashes[test] = data.pixel_hashes[train]
    data.clean_test = data.clean_test & (np.arange(len(data.items)) != test)
    assert copies(data) == {"val": 0, "official": 1, "clean": 0}
    data.pixel_hashes[val] = data.pixel_hashes[train]
    assert copies(data)["val"] == 1


def test_a_pack_without_test_images_is_the_same_split_and_another_count_is_not():
    ours = {"a": {"train": 5, "val": 2, "test": 3}}
    assert same_split({"a": {"train": 5, "val": 2, "test": 0}}, ours)
    assert not same_split({"a": {"train": 6, "val": 2, "test": 0}}, ours)
    assert not same_split({"a": {"train": 5, "val": 2, "test": 1}}, ours)
    assert not same_split({}, ours)


def archives(card):
    """Paths of the archives a card's own domain was trained on, where they are at hand."""
    for entry in card.training.get("data", []):
        if entry["domain"] == card.domain:
            return [SHARED / name for name in entry["archives"]]
    return []


@pytest.mark.parametrize("card", SHIPPED.cards(task="generator"), ids=lambda c: c.id)
def test_shipped_generators_saw_no_validation_or_clean_test_image(card):
    paths = archives(card)
    assert paths, f"{card.id} does not say what it was trained on"
    if not all(path.exists() for path in paths):
        pytest.skip(f"the archives of {card.id} are not here")
    found = leaks(learned_from(SHIPPED, card), load(domains.get(card.domain), paths))
    assert card.id in found["same_split"] and not found["other_split"]
    assert found["copies"]["val"] == found["copies"]["clean"] == 0
