import numpy as np
import pytest

from core.evaluate.kid import kernel, kid, mmd2


def test_kernel_is_the_published_cubic():
    assert kernel(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])) == pytest.approx(
        (11 / 2 + 1) ** 3
    )


def test_mmd_matches_a_sum_by_hand(rng):
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(5, 3))

    def k(x, y):
        return float((x @ y / 3 + 1) ** 3)

    aa = np.mean([k(a[i], a[j]) for i in range(4) for j in range(4) if i != j])
    bb = np.mean([k(b[i], b[j]) for i in range(5) for j in range(5) if i != j])
    ab = np.mean([k(x, y) for x in a for y in b])
    assert mmd2(a, b) == pytest.approx(aa + bb - 2 * ab)


def test_same_distribution_is_about_zero_and_another_is_not(rng):
    a, b = rng.normal(size=(400, 8)), rng.normal(size=(400, 8))
    same, spread = kid(a, b, size=100, subsets=20)
    far, _ = kid(a, b + 1.0, size=100, subsets=20)
    assert abs(same) < 0.05
    assert far > 10 * abs(same) and far > 3 * spread


def test_estimate_is_unbiased_in_the_number_of_images(rng):
    values = [mmd2(rng.normal(size=(10, 4)), rng.normal(size=(10, 4))) for _ in range(400)]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20
    assert min(values) < 0  # a biased estimate would never be


def test_subsets_are_seeded_and_never_larger_than_the_sets(rng):
    a, b = rng.normal(size=(20, 4)), rng.normal(size=(30, 4))
    assert kid(a, b, size=1000, seed=3) == kid(a, b, size=1000, seed=3)
