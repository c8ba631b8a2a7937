from pathlib import Path

import numpy as np
import pytest

from core.errors import DataError
from core.translation.slices import (
    FOLDS,
    VAL_CASES,
    Found,
    Slices,
    positions,
    read_slices,
    split_people,
)
from tests.archives import brain_zip
from tests.phantoms import CASES, slices_zip


@pytest.fixture(scope="module")
def slices(tmp_path_factory) -> Slices:
    folder = tmp_path_factory.mktemp("slices")
    return read_slices([slices_zip(folder / "made.zip")], 32, folder / "cache")


def test_everything_is_found_at_the_wanted_size(slices):
    assert slices.mri.shape[1:] == slices.ct.shape[1:] == slices.pair_ct.shape[1:] == (32, 32)
    assert len(slices.pair_mri) == len(slices.pair_ct) == 3 * len(CASES)
    assert slices.mri.dtype == np.uint8 and slices.mri_mask.dtype == bool


def test_a_person_with_aligned_slices_is_not_trained_on_unpaired(slices):
    assert set(slices.mri_subject) == {"10", "15", "36"}


def test_no_person_stands_in_two_splits(slices):
    for subject, split in (
        (slices.mri_subject, slices.mri_split),
        (slices.ct_subject, slices.ct_split),
    ):
        for person in np.unique(subject):
            assert len(set(split[subject == person])) == 1


def test_slices_below_the_brain_are_left_out(slices):
    # of three slices per person the lowest lies at 0, below the limit
    assert len(slices.ct) == 2 * 12
    assert slices.ct_position.min() >= 0 and slices.ct_position.max() == pytest.approx(1)


@pytest.mark.parametrize("fold", [0, 1, 2])
def test_folds_cut_no_case_and_share_none(slices, fold):
    parts = {k: set(slices.pair_case[v]) for k, v in slices.cases(fold).items()}
    assert parts["test"] == set(FOLDS[fold])
    assert parts["val"] == set(VAL_CASES)
    assert not parts["train"] & (parts["test"] | parts["val"])
    assert set.union(*parts.values()) == set(CASES)


def test_without_a_fold_every_other_case_is_test(slices):
    parts = slices.cases(None)
    assert len(parts["train"]) == 0
    assert set(slices.pair_case[parts["test"]]) == set(CASES) - set(VAL_CASES)


def test_every_case_is_tested_once_over_the_folds():
    tested = [case for fold in FOLDS for case in fold]
    assert sorted([*tested, *VAL_CASES]) == sorted(CASES)


def test_a_pack_reads_back_the_same(slices, tmp_path):
    path = tmp_path / "pack.npz"
    slices.save(path)
    again = read_slices([path], 32)
    np.testing.assert_array_equal(again.ct, slices.ct)
    np.testing.assert_array_equal(again.pair_subject, slices.pair_subject)
    assert again.provenance() == slices.provenance()
    with pytest.raises(DataError, match="64 px"):
        read_slices([path], 64)


def test_a_file_that_is_no_pack_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "pack.npz"
    path.write_bytes(b"nothing")
    with pytest.raises(DataError, match="prepare it again"):
        read_slices([path], 32)


def test_another_archive_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(DataError, match="No MRI and CT slices"):
        read_slices([brain_zip(tmp_path / "other.zip", 2)], 32)


def test_height_is_relative_to_the_person():
    items = [Found("a", "p", "ct", s, "", n) for s, n in (("1", 4), ("1", 8), ("2", 3), ("1", 6))]
    np.testing.assert_allclose(positions(items), [0, 1, 0, 0.5])


def test_split_of_people_does_not_depend_on_who_else_is_there():
    many = np.array([str(i) for i in range(60)])
    alone = {s: split_people(np.array([s]), "ct")[0] for s in many}
    assert list(split_people(many, "ct")) == [alone[s] for s in many]
    assert {"train", "val", "test"} == set(alone.values())


def test_the_real_archive(shared_data: Path):
    path = shared_data / "brain-mri-ct.zip"
    if not path.exists():
        pytest.skip("needs brain-mri-ct.zip")
    from core.data.archive import Archive
    from core.translation.slices import find

    items = find([Archive.open(path)])
    assert len(items) == 325 + 2501 + 2 * 146
    aligned = {i.subject for i in items if i.case}
    assert len(aligned) == 8  # one of the seven folders holds slices of two people
