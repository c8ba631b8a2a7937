"""A concept that a model was built to use must be found, a random one must not."""

from functools import cache

import numpy as np
import pytest

from core.concepts.measure import Settings, test_all
from core.concepts.sets import ConceptSet, Material, arrange, matched, random_pairs, top_of_each
from core.concepts.tapped import Tapped
from core.errors import DataError
from core.evaluate.holm import holm
from tests.explain import planted

test_all.__test__ = False  # a function of the library, not a test
FAMILIES = sorted(planted.SIDES)
N = 60


def pixels(batch):
    return planted.Preprocessing().denormalise(batch)


def noise(n, seed, side):
    """Images without any label: noise alone, one grey level of the patch as good as another."""
    x, _ = planted.images(n, seed, side=side)
    return x


@cache
def outcome(family, seed=0, randoms=3):
    """The planted concept, a bright stripe outside the patch, and concepts of random images."""
    side = planted.SIDES[family]
    x, labels = planted.images(4 * N, seed, side=side)
    bright, dark = x[labels == 1], x[labels == 0]
    mixed = np.concatenate([pixels(bright[: 2 * N]), pixels(dark[: 2 * N])])
    elsewhere = noise(N, seed + 1, side)
    elsewhere[:, :, side // 2 :, : side // 2] += 0.5  # the lower left, which the model cannot see
    planted_set = pixels(planted.images(2 * N, seed + 2, side=side)[0][1::2])
    rest = [pixels(noise(N, seed + 10 + i, side)) for i in range(randoms)]
    pool = pixels(noise(4 * N, seed + 3, side))
    stacks = [planted_set, pixels(elsewhere.clamp(-1, 1)), *rest, pool]
    starts = np.cumsum([0, *(len(s) for s in stacks)])
    names = ["planted", "elsewhere", *(f"random-{i}" for i in range(randoms))]
    concepts = [
        ConceptSet(name, name, "attribute", "Drawn.", np.arange(starts[i], starts[i + 1]))
        for i, name in enumerate(names)
    ]
    images = np.concatenate(stacks)
    material = Material(
        "attribute", images, np.zeros(len(images), int), np.arange(starts[-2], starts[-1]), concepts
    )
    judged = {"dark": mixed[len(mixed) // 2 :][:40], "bright": mixed[:40]}
    settings = Settings(runs=20, size=N, dealings=4000, seed=seed)
    return test_all(Tapped(planted.model(family)), [material], judged, settings, "toy/planted")


@pytest.mark.parametrize("family", FAMILIES)
def test_the_planted_concept_is_significant_and_points_the_right_way(family):
    found = outcome(family)
    for label, sign in (("bright", 1), ("dark", -1)):
        rows = [found.row("planted", layer, label) for layer in found.layers]
        assert any(row.evidence for row in rows)
        for row in rows:
            if row.evidence:
                assert np.sign(row.derivative) == sign
                assert (row.score > 0.8) if sign > 0 else (row.score < 0.2)
                assert row.accuracy_ci[0] > 0.5


@pytest.mark.parametrize("family", FAMILIES)
def test_random_concepts_are_not(family):
    found = outcome(family)
    rows = [r for r in found.rows if r.concept.startswith("random")]
    assert len(rows) >= 6 and not any(r.evidence for r in rows)
    assert np.mean([r.accuracy for r in rows]) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_the_model_cannot_see_is_no_concept_of_it(family):
    found = outcome(family)
    assert not any(r.evidence for r in found.rows if r.concept == "elsewhere")


def test_random_concepts_are_called_significant_as_often_as_the_level_says():
    rows = outcome("cnn", 100, 10).rows
    p = [r.p for r in rows if r.concept.startswith("random") and r.label == "bright"]
    assert len(p) == 10
    assert sum(value < 0.05 for value in p) <= 3  # of 10 draws at 5 %: more in 1 of 1,000
    assert min(holm(p)) > 0.01


def test_the_shipped_parts_fit_each_other():
    found = outcome("cnn")
    assert len(found.rows) == len(found.concepts) * len(found.layers) * len(found.labels)
    assert set(found.vectors) == {(c.id, layer) for c in found.concepts for layer in found.layers}
    for vector in found.vectors.values():
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)
    two = [found.row("planted", found.layers[0], label) for label in found.labels]
    assert two[0].derivative * two[1].derivative < 0


def test_scores_are_captums_share_of_images_that_grow():
    found = outcome("cnn")
    tapped = Tapped(planted.model("cnn"))
    assert all(0 <= r.score <= 1 and 0 <= r.random <= 1 for r in found.rows)
    assert found.layers == tapped.names


def _material(strata, concept, pool):
    images = np.zeros((len(strata), 4, 4, 1), np.uint8)
    own = ConceptSet("c", "c", "attribute", "", np.array(concept))
    return Material("attribute", images, np.array(strata), np.array(pool), [own])


def test_counterparts_have_the_concepts_classes():
    strata = [0] * 30 + [1] * 10 + [0] * 100 + [1] * 100
    material = _material(strata, range(40), range(40, 240))
    test = arrange(material, material.concepts[0], runs=5, size=100, seed=0)
    counts = np.bincount(material.strata[test.concept])
    assert counts.tolist() == [30, 10]
    for own, other in [(test.concept, test.random), *test.pairs]:
        assert np.bincount(material.strata[other]).tolist() == counts.tolist()
        assert not set(own) & set(other)
    assert len({p[1].tobytes() for p in test.pairs}) == 5


def test_images_without_a_match_are_left_out():
    own, other = matched(np.arange(6), np.array([6, 7]), np.zeros(8, int), np.random.default_rng(0))
    assert len(own) == len(other) == 2


def test_random_pairs_share_no_image():
    material = _material([0] * 60, range(20), range(20, 60))
    pairs = random_pairs(material, 4, 100, 0)
    assert len(pairs) == 4 and all(len(a) == 20 and not set(a) & set(b) for a, b in pairs)


def test_too_few_images_are_refused():
    material = _material([0] * 20, range(5), range(5, 20))
    with pytest.raises(DataError, match="8 are needed"):
        arrange(material, material.concepts[0], 20, 100, 0)


def test_the_top_is_taken_class_by_class(rng):
    classes = np.repeat([0, 1], 50)
    measured = np.concatenate([np.arange(50.0), 1000 + np.arange(50.0)])
    top = top_of_each(measured, classes, rng, 0.1)
    assert sorted(top.tolist()) == [45, 46, 47, 48, 49, 95, 96, 97, 98, 99]


def test_an_attribute_that_does_not_vary_makes_no_concept(rng):
    assert len(top_of_each(np.zeros(40), np.repeat([0, 1], 20), rng)) == 0
