import numpy as np
import pytest
from PIL import Image

from core import domains
from core.data.dataset import load
from core.domains import Domain, ImageClass, Task


@pytest.fixture
def toy_domain():
    classes = (ImageClass("round", "Round"), ImageClass("square", "Square"))
    task = Task("shape", "Shape", ("round", "square"), {"round": "round", "square": "square"})
    domain = domains.register(
        Domain("toy_shapes", "Toy shapes", "drawing", "tissue", 1, 32, classes, (task,), ())
    )
    yield domain
    domains.unregister("toy_shapes")


def test_the_four_domains_are_registered_with_consistent_tasks():
    ids = [d.id for d in domains.all_domains()]
    assert ids[:4] == ["chest_xray", "brain_mri", "colorectal_polyps", "colorectal_texture"]
    for domain in domains.all_domains():
        for task in domain.tasks:
            assert set(task.mapping) <= set(domain.class_ids)
            assert set(task.mapping.values()) == set(task.labels)


def test_the_two_colorectal_domains_have_distinct_names_and_classes():
    polyps, texture = domains.get("colorectal_polyps"), domains.get("colorectal_texture")
    assert polyps.name != texture.name
    assert not set(polyps.class_ids) & set(texture.class_ids)


def test_label_means_a_class_or_the_members_of_a_task_label():
    chest = domains.get("chest_xray")
    assert chest.members("viral") == ("viral",)
    assert chest.members("PNEUMONIA") == ("bacterial", "viral")
    assert chest.members("normal") == ("normal",)
    with pytest.raises(KeyError, match="choose one of"):
        chest.members("cat")


def test_covid_takes_no_part_in_the_official_two_class_task():
    task = domains.get("chest_xray").task("pneumonia")
    assert task.labels == ("NORMAL", "PNEUMONIA")
    assert task.label_of("covid19") is None


def test_unknown_domain_and_task_are_named_in_the_message():
    with pytest.raises(KeyError, match="chest_xray"):
        domains.get("knee")
    with pytest.raises(KeyError, match="pneumonia"):
        domains.get("chest_xray").task("age")


def test_registering_another_domain_under_a_taken_id_is_refused(toy_domain):
    other = Domain("toy_shapes", "Other", "drawing", "tissue", 1, 8, (), (), ())
    with pytest.raises(ValueError, match="already registered"):
        domains.register(other)
    assert domains.get("toy_shapes") is toy_domain


def test_a_new_domain_needs_one_entry_and_data_only(toy_domain, tmp_path, rng):
    for split in ("train", "test"):
        for name in toy_domain.class_ids:
            folder = tmp_path / "shapes" / split / name
            folder.mkdir(parents=True)
            for k in range(12):
                pixels = rng.integers(0, 256, (40, 40), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{k}.png")
    data = load(toy_domain, [tmp_path / "shapes"], cache=tmp_path / "cache")
    assert data.images.shape == (48, 32, 32, 1)
    assert data.counts()["round"] == {"train": 11, "val": 1, "test": 12}
