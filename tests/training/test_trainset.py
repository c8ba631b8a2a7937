"""Regimes and added images: nested shares, the control, synthetic folders."""

import json

import numpy as np
import pytest
from PIL import Image

from core.errors import DataError
from core.training.trainset import listing, make_trainset, subset
from tests.training.test_classifier import SIZE, made_up


def synthetic_folder(folder, per_class):
    entries = []
    folder.mkdir()
    for name, n in per_class.items():
        for i in range(n):
            file = f"{name}{i}.png"
            Image.fromarray(np.full((SIZE, SIZE), 7, np.uint8)).save(folder / file)
            entries.append({"file": file, "class": name, "seed": i})
    content = {"model": "chest_xray/gan", "images": entries}
    (folder / "manifest.json").write_text(json.dumps(content))
    return folder


def test_shares_are_nested_and_cut_no_group():
    data = made_up(60)
    data.group = np.arange(len(data.items)) // 2
    pool = data.indices("train")
    small, large = subset(data, pool, 0.1), subset(data, pool, 0.5)
    assert set(small) < set(large) < set(pool)
    assert np.array_equal(subset(data, pool, 1.0), pool)
    for kept in (small, large):
        inside = np.isin(data.group[pool], data.group[kept])
        assert set(pool[inside]) == set(kept)
    assert set(data.class_index[small]) == {0, 1, 2, 3}


def test_duplicate_control_matches_counts():
    data = made_up()
    made = make_trainset(data, "pneumonia", {"synthetic": {"source": "duplicates", "ratio": 1}}, 0)
    plain = make_trainset(data, "pneumonia", {}, 0)
    assert len(made.labels) == 2 * len(plain.labels) == 24
    assert np.array_equal(np.bincount(made.labels), 2 * np.bincount(plain.labels))
    assert made.note["source"] == "duplicates" and made.note["added"] == 12


def test_synthetic_images_join_with_their_generator_named(tmp_path):
    folder = synthetic_folder(tmp_path / "fake", {"normal": 2, "bacterial": 3, "viral": 2})
    settings = {"source": str(folder), "ratio": 0.5}
    made = make_trainset(made_up(), "pneumonia", {"synthetic": settings}, 0)
    assert made.note["generators"] == ["chest_xray/gan"] and made.note["added"] == 6
    assert (made.images[-6:] == 7).all() and sorted(made.labels[-6:]) == [0, 0, 1, 1, 1, 1]
    only = {"synthetic": settings, "regime": {"keep": False}}
    assert (make_trainset(made_up(), "pneumonia", only, 0).images == 7).all()


def test_too_few_synthetic_images_and_an_empty_folder_are_said(tmp_path):
    folder = synthetic_folder(tmp_path / "fake", {"normal": 1})
    with pytest.raises(DataError, match="are needed"):
        make_trainset(made_up(), "pneumonia", {"synthetic": {"source": str(folder)}}, 0)
    with pytest.raises(DataError, match="generate"):
        listing(tmp_path / "nothing")
