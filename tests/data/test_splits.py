import numpy as np
import pytest
from PIL import Image

from core.data.hashes import groups, near_pairs, perceptual_hash, pixel_hash, same_pairs
from core.data.items import Item
from core.data.splits import make_split


def smooth(rng, size=96):
    small = Image.fromarray(rng.integers(0, 256, (12, 12), dtype=np.uint8))
    return np.asarray(small.resize((size, size), Image.Resampling.BICUBIC))


def item(k, official="train", patient=None, name="a"):
    return Item("x.zip", f"{k}.png", "src", name, official, patient)


def test_pixel_hash_sees_one_changed_pixel_and_the_shape(rng):
    image = smooth(rng)
    changed = image.copy()
    changed[3, 4] ^= 1
    assert pixel_hash(image) == pixel_hash(image.copy())
    assert pixel_hash(image) != pixel_hash(changed)
    assert pixel_hash(image) != pixel_hash(image.reshape(48, 192))


def test_perceptual_hash_survives_resizing_and_noise_and_tells_images_apart(rng):
    images = [smooth(rng) for _ in range(20)]
    small = np.asarray(Image.fromarray(images[0]).resize((80, 80)))
    noisy = np.clip(images[0] + rng.normal(0, 2, images[0].shape), 0, 255).astype(np.uint8)
    hashes = np.stack([perceptual_hash(i) for i in [*images, small, noisy]])
    assert {tuple(p) for p in near_pairs(hashes).tolist()} == {(0, 20), (0, 21), (20, 21)}


def test_near_pairs_do_not_depend_on_the_chunk(rng):
    hashes = rng.integers(0, 4, (60, 32), dtype=np.uint8)
    a, b = near_pairs(hashes, 90, 7), near_pairs(hashes, 90, 60)
    assert len(a) > 0
    assert sorted(map(tuple, a.tolist())) == sorted(map(tuple, b.tolist()))


def test_same_keys_chain_into_one_group_and_none_joins_nothing():
    pairs = same_pairs(["p", None, "p", None, "q", "p"])
    group = groups(6, pairs)
    assert group[0] == group[2] == group[5]
    assert len(set(group.tolist())) == 4


@pytest.fixture
def split_inputs(rng):
    items, hashes = [], []
    for k in range(200):
        official = "test" if k >= 160 else "train"
        patient = f"p{k // 4}" if k < 150 else None
        items.append(item(k, official, patient, "ab"[k // 4 % 2]))
        hashes.append(f"h{k}")
    hashes[165] = hashes[10]  # a test image that is a copy of a training image
    perceptual = rng.integers(0, 256, (200, 32), dtype=np.uint8)
    perceptual[170] = perceptual[20]
    perceptual[170, 0] ^= 1  # and one that is nearly a copy
    return items, hashes, perceptual


def test_no_patient_or_copy_crosses_training_and_validation(split_inputs):
    items, hashes, perceptual = split_inputs
    parts = make_split(items, hashes, perceptual)
    for kind in ([i.patient for i in items], hashes, parts.group.tolist()):
        train = {k for k, s in zip(kind, parts.split) if s == "train" and k is not None}
        val = {k for k, s in zip(kind, parts.split) if s == "val" and k is not None}
        assert val and not train & val


def test_official_test_is_kept_whole_and_its_clean_part_marked(split_inputs):
    parts = make_split(*split_inputs)
    assert parts.split[160:].tolist() == ["test"] * 40
    leaky = np.flatnonzero((parts.split == "test") & ~parts.clean_test)
    assert leaky.tolist() == [165, 170]


def test_validation_is_a_stratified_tenth_and_reproducible(split_inputs):
    items, hashes, perceptual = split_inputs
    parts = make_split(items, hashes, perceptual)
    assert 12 <= (parts.split == "val").sum() <= 18
    again = make_split(items, hashes, perceptual)
    assert (again.split == parts.split).all()
    other = make_split(items, hashes, perceptual, seed=1)
    assert (other.split != parts.split).any()


def test_a_source_without_a_test_set_gets_one_of_whole_patients(rng):
    items = [item(k, "", f"p{k // 3}") for k in range(120)]
    perceptual = rng.integers(0, 256, (120, 32), dtype=np.uint8)
    parts = make_split(items, [str(k) for k in range(120)], perceptual)
    assert 12 <= (parts.split == "test").sum() <= 18
    for patient in {i.patient for i in items}:
        assert len({s for s, i in zip(parts.split, items) if i.patient == patient}) == 1
    assert parts.clean_test.sum() == (parts.split == "test").sum()


def test_the_official_validation_images_join_the_training_pool(rng):
    items = [item(k, "val" if k < 5 else "train") for k in range(60)]
    perceptual = rng.integers(0, 256, (60, 32), dtype=np.uint8)
    parts = make_split(items, [str(k) for k in range(60)], perceptual)
    assert (parts.split == "val").sum() == 6
