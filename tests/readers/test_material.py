"""Cases made of toy models and made-up real images."""

import io

import numpy as np
import pytest
from PIL import Image

from core import domains
from core.errors import CheckpointError
from core.readers import sessions, studies
from core.readers.database import StudyError
from core.readers.design import CAUSABILITY, COMPARE, DIAGNOSE, RATE, TURING
from core.readers.material import Real, alike, build
from tests.readers.made import design
from tests.toy import real_image, toys  # noqa: F401


def reals(n, class_id="normal"):
    return [Real(real_image(i), class_id) for i in range(n)]


@pytest.fixture
def built(toys):  # noqa: F811
    given = {"chest_xray": [*reals(9), *reals(9, "bacterial")]}
    wanted = design(cases={TURING: 10, COMPARE: 6, RATE: 4, DIAGNOSE: 4}, methods=("gradcam", "ig"))
    return build(toys, wanted, given), wanted


def of(material, task):
    return [d for d in material.drafts if d.task == task]


def test_half_is_real_and_classes_match(built):
    cases = of(built[0], TURING)
    assert [c.truth for c in cases].count("real") == 5 and len(cases) == 10
    kinds = {t: sorted(c.content["class_id"] for c in cases if c.truth == t)
             for t in ("real", "synthetic")}  # fmt: skip
    assert set(kinds["synthetic"]) <= set(kinds["real"])
    assert all(c.content["source"]["model"].endswith("toy-diffusion") for c in cases if
               c.truth == "synthetic")  # fmt: skip
    seeds = [c.content["source"]["seed"] for c in cases if c.truth == "synthetic"]
    assert len(set(seeds)) == 5


def test_the_detector_judged_what_readers_see(built):
    for case in of(built[0], TURING):
        assert case.content["detector"]["model"] == "chest_xray/toy-detector"
        assert 0 <= case.content["detector"]["p"] <= 1


def test_both_origins_pass_through_one_encoding(built):
    side = domains.get("chest_xray").size
    for case in of(built[0], TURING):
        png = built[0].pictures[case.content["pictures"]["image"]]
        image = Image.open(io.BytesIO(png))
        assert (image.format, image.size, image.mode, image.info) == ("PNG", (side, side), "L", {})
    pixels = np.rint(real_image(3) / 1.0).astype(np.uint8)
    assert np.array_equal(alike(pixels, "chest_xray"), alike(pixels / 255, "chest_xray"))


def test_pairs_cover_all_methods_and_the_control(built):
    pairs = [tuple(c.content["methods"]) for c in of(built[0], COMPARE)]
    assert sorted(pairs) == sorted([("gradcam", "ig"), ("gradcam", "random"), ("ig", "random")] * 2)
    for case in of(built[0], COMPARE):
        pictures = case.content["pictures"]
        assert len({pictures["image"], pictures["first"], pictures["second"]}) == 3


def test_random_maps_differ_from_image_to_image(built):
    shown = [c.content["pictures"]["map"] for c in of(built[0], RATE)]
    assert len(set(shown)) == len(shown) == 4
    methods = [c.content["methods"][0] for c in of(built[0], CAUSABILITY)]
    assert methods == ["gradcam", "ig", "random"]


def test_a_diagnosis_has_a_truth_and_the_model_s_advice(built):
    labels = domains.get("chest_xray").task().labels
    for case in of(built[0], DIAGNOSE):
        assert case.truth in labels and case.content["advice"] in labels
        assert 0 < case.content["advice_p"] <= 1
        assert case.content["methods"][0] in ("gradcam", "ig")  # never a control


def test_the_same_design_gives_the_same_cases(toys):  # noqa: F811
    wanted = design(cases={TURING: 4, COMPARE: 2}, methods=("gradcam",))
    one, other = (build(toys, wanted, {"chest_xray": reals(6)}) for _ in range(2))
    assert one.drafts == other.drafts and one.pictures == other.pictures
    third = build(toys, design(cases={TURING: 4}, seed=6), {"chest_xray": reals(6)})
    assert {
        d.content["pictures"]["image"] for d in third.drafts if d.truth == "synthetic"
    }.isdisjoint(one.pictures)


def test_too_few_real_images_say_how_many(toys):  # noqa: F811
    with pytest.raises(StudyError, match=r"needs 4 real images .* 3 were given"):
        build(toys, design(cases={TURING: 8}), {"chest_xray": reals(3)})


def test_two_domains_and_named_generators(toys):  # noqa: F811
    wanted = design(
        domains=("chest_xray", "brain_mri"),
        cases={TURING: 10},
        generators=("chest_xray/toy-gan", "chest_xray/toy-diffusion"),
    )
    shares = []
    found = build(
        toys, wanted, {"chest_xray": reals(3), "brain_mri": reals(3, "glioma")},
        lambda share, what: shares.append(share),
    )  # fmt: skip
    models = [d.content["source"]["model"] for d in found.drafts if d.truth == "synthetic"]
    assert (
        sorted(models)
        == ["brain_mri/toy-diffusion"] * 3
        + ["chest_xray/toy-diffusion"]
        + ["chest_xray/toy-gan"] * 2
    )
    assert shares == sorted(shares) and shares[-1] == 1


def test_without_real_images_maps_explain_synthetic_ones(toys):  # noqa: F811
    found = build(toys, design(cases={DIAGNOSE: 3}, methods=("gradcam",)), {})
    assert all(d.content["source"]["model"] for d in found.drafts)
    assert {d.truth for d in found.drafts} == set(domains.get("chest_xray").task().labels)


def test_a_domain_without_models_says_so(toys):  # noqa: F811
    with pytest.raises(CheckpointError):
        build(toys, design(domains=("colorectal_texture",), cases={DIAGNOSE: 2}), {})


def test_a_built_study_can_be_read(built, db):
    material, wanted = built
    opened = studies.create(db, wanted, material.drafts, material.pictures)
    token = sessions.join(db, opened.code, "other", 1)
    now = sessions.where(db, token)
    for sha in now.content["pictures"].values():
        assert sessions.picture(db, opened.code, sha).startswith(b"\x89PNG")
