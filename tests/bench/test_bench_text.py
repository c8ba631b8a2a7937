from core.bench import text
from tests.text import small
from tests.toy import toys  # noqa: F401


def test_every_generator_from_text_is_measured(toys, tmp_path, monkeypatch):  # noqa: F811
    (tmp_path / "bert").mkdir()
    small.generators(toys.root, small.save(tmp_path / "bert"))
    monkeypatch.setattr(text, "resnet18_unit", lambda: 0.01)
    monkeypatch.setattr(text, "TEXT", "Right lower lobe pneumonia.")
    found = list(text.run())
    assert len(found) == 6 and all(m.value > 0 for m in found)
    assert [m.goal for m in found if "batch" in m.name] == ["<= 60", "<= 60"]
