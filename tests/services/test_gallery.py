import json

import pytest

from core.errors import CheckpointError
from core.services.gallery import make_gallery
from core.ui.gallery import shipped
from tests.toy import toy_registry


def test_the_gallery_holds_every_class_and_is_what_the_app_shows(tmp_path):
    from core import domains

    registry, domain = toy_registry(tmp_path), domains.get("chest_xray")
    paths = make_gallery(registry, domain.id, per_class=2, seed=5)
    manifest = json.loads((paths[0].parent / "manifest.json").read_text())
    assert manifest["synthetic"] is True and len(paths) == 2 * len(domain.classes)
    images = shipped(registry, domain)
    assert {i.class_id for i in images} == set(domain.class_ids)
    assert {i.seed for i in images} == {5, 6}


def test_a_domain_without_a_generator_says_so(tmp_path):
    with pytest.raises(CheckpointError):
        make_gallery(toy_registry(tmp_path), "colorectal_texture")
