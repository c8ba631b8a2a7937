"""Cells: what they train on, that they learn, resume, shard and are kept."""

import numpy as np
import pytest
import torch

from core.errors import DataError
from core.registry import Registry
from core.study.cell import rate, train_cell
from core.study.grid import Cell, cells
from core.study.material import gather
from core.study.runner import read_cells, run_cells


@pytest.fixture
def publish_here(tmp_path, monkeypatch):
    monkeypatch.setattr("core.training.publish.ROOT", tmp_path / "checkpoints")
    return tmp_path / "checkpoints"


@pytest.mark.parametrize(
    ("name", "times"),
    [("real", 1), ("classic", 1), ("duplicate@1", 2), ("gan@0.5", 1.5), ("gan-only", 1)],
)
def test_arms_have_the_counts_they_name(material, name, times):
    plain = material.choose(Cell("cnn", 1.0, "real", 0))
    rows = material.choose(Cell("cnn", 1.0, name, 0))
    assert abs(len(rows) - times * len(plain)) <= 2  # rounded per class
    inside = rows < len(material.real)
    assert inside.all() == (name in ("real", "classic", "duplicate@1"))
    assert inside.any() == (name != "gan-only")
    labels = material.pool.labels.numpy()
    assert np.array_equal(np.unique(labels[rows]), np.unique(labels[plain]))


def test_regimes_are_nested_and_the_control_copies_only_its_own_images(material):
    small = set(material.choose(Cell("cnn", 0.25, "real", 0)))
    assert small < set(material.choose(Cell("cnn", 1.0, "real", 0)))
    assert set(material.choose(Cell("cnn", 0.25, "duplicate@1", 1))) == small


def test_no_test_or_validation_image_is_in_the_pool(material, images):
    assert set(images.split[material.real]) == {"train"}
    held = {images.images[i].tobytes() for i in images.indices("test")}
    mine = {p.permute(1, 2, 0).numpy().tobytes() for p in material.pool.pixels}
    assert not held & mine


def test_a_pack_too_small_for_an_arm_is_said(material):
    with pytest.raises(DataError, match="are needed"):
        material.choose(Cell("cnn", 1.0, "gan@9", 0))


def test_a_cell_learns_and_repeats_by_seed(material, config):
    config["train"] |= {"steps": 60}
    one, two = (train_cell(Cell("cnn", 1.0, "classic", 0), material, config) for _ in range(2))
    assert np.array_equal(one.test, two.test)
    assert (one.test.argmax(1) == material.test_labels).mean() > 0.6  # chance is .25
    assert [c["step"] for c in one.curve] == [20, 40, 60]
    other = train_cell(Cell("cnn", 1.0, "classic", 1), material, config)
    assert not np.array_equal(one.test, other.test)


def test_every_arm_of_a_regime_takes_the_same_steps(material, config):
    looks = [
        train_cell(Cell("vit", 0.25, name, 0), material, config).curve[-1]["step"]
        for name in ("real", "duplicate@1", "gan@1")
    ]
    assert looks == [12, 12, 12]


def test_the_rate_warms_up_and_ends_at_zero():
    settings = {"steps": 100, "warmup": 10, "lr": 1.0}
    assert rate(0, settings) == pytest.approx(0.1)
    assert rate(99, settings) < 0.001 < rate(50, settings) < rate(12, settings)


def test_a_study_resumes_shards_and_keeps(material, config, tmp_path, publish_here):
    out = tmp_path / "study"
    none = run_cells(material, config, out, time_budget=-1.0)
    assert none["done"] == 0 and none["left"] == len(cells(config, ["diffusion", "gan"]))
    seen = []
    half = run_cells(material, config, out, (1, 2), progress=lambda *a: seen.append(a))
    assert half["done"] == len(seen) and half["missing"] == 0
    rest = run_cells(material, config, out)
    assert rest["found"] == half["done"] and rest["left"] == 0
    again = run_cells(material, config, out)
    assert again["done"] == 0 and again["found"] == none["left"]
    content = list(read_cells(out))
    assert len(content) == none["left"]
    assert all(logits.shape == (len(material.test), 4) for _, logits in content)
    assert all({"official", "clean"} == set(c["test"]) for c, _ in content)
    kept = Registry(publish_here, torch.device("cpu")).cards("chest_xray", "classifier")
    assert [c.name for c in kept] == ["study-cnn-25-gan-1"]
    assert kept[0].training["set"]["generators"] == ["chest_xray/toy-gan"]


def test_other_settings_start_anew(material, config, tmp_path, publish_here):
    config |= {"shares": [1.0], "seeds": [1], "ratios": [1.0], "central": 0}
    run_cells(material, config, tmp_path)
    config["train"] |= {"lr": 0.02}
    assert run_cells(material, config, tmp_path)["found"] == 0


def test_small_packs_leave_a_note_instead_of_a_cell(material, config, tmp_path, publish_here):
    config |= {"ratios": [9.0], "shares": [1.0], "seeds": [1], "central": 0}
    tally = run_cells(material, config, tmp_path)
    assert tally["missing"] == 4  # both packs, with the gate and without; copies never run out
    reasons = [c["missing"] for c, logits in read_cells(tmp_path) if logits is None]
    assert len(reasons) == 4 and all("are needed" in r for r in reasons)
    assert run_cells(material, config, tmp_path)["missing"] == 4  # tried again once packs grow


def test_packs_that_are_not_made_leave_their_arms_out(images, config, tmp_path):
    found = gather(images, config, tmp_path, torch.device("cpu"))
    assert found.packs == {}
    with pytest.raises(DataError, match="study augmentation"):
        next(read_cells(tmp_path))


def test_a_smaller_side_shrinks_real_and_synthetic_images_alike(images, packed, config):
    full = gather(images, config, packed, torch.device("cpu"))
    small = gather(images, config | {"side": 16}, packed, torch.device("cpu"))
    assert small.recipe.size == 16 and full.recipe == images.preprocessing
    assert small.pool.pixels.shape == (*full.pool.pixels.shape[:2], 16, 16)
    assert small.test_images.shape[1:3] == small.held.images.shape[1:3] == (16, 16)
    for row in (0, len(small.real)):  # a real and a synthetic image
        large = full.pool.pixels[row].permute(1, 2, 0).numpy()
        assert np.array_equal(small.recipe.pixels(large), small.pool.pixels[row].permute(1, 2, 0))


def test_steps_follow_the_share_where_the_study_says_so(material, config):
    own = config | {"steps": [2, 5]}
    lengths = [train_cell(Cell("cnn", s, "classic", 0), material, own).curve[-1]["step"]
               for s in own["shares"]]  # fmt: skip
    assert lengths == [2, 5]
