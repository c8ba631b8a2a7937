import torch

from core.bench import translate
from core.registry import Registry
from tests.toy import write_registry
from tests.translators import write_translators


def test_rows_name_the_model_and_the_goal(tmp_path, monkeypatch):
    write_registry(tmp_path, ("brain_mri",))
    write_translators(tmp_path)
    registry = Registry(tmp_path, torch.device("cpu"))
    monkeypatch.setattr(translate, "default_registry", lambda: registry)
    monkeypatch.setattr(translate, "resnet18_unit", lambda: 0.01)
    rows = list(translate.run())
    assert len(rows) == 2
    assert all("brain_mri/cyclegan" in row.name and row.goal == "<= 60" for row in rows)
    assert list(translate.run("chest_xray")) == []


def test_the_made_up_head_is_a_head_on_black():
    image = translate.made_up(64)
    assert image.shape == (64, 64) and image[0].max() == 0 and image[32, 32] > 60
