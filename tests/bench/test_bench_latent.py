import numpy as np
import pytest

from core.bench import latent, sliders
from core.errors import SynthLensError
from tests.latent.small import write_small
from tests.toy import toys  # noqa: F401


def test_a_slider_step_is_measured_for_every_style_generator(toys, monkeypatch):  # noqa: F811
    monkeypatch.setattr(latent, "resnet18_unit", lambda: 0.05)
    monkeypatch.setattr(latent, "REPEATS", 2)
    write_small(toys.root)
    found = {m.name: m for m in latent.run("chest_xray")}
    (own,) = [m for name, m in found.items() if "small-style" in name]
    assert own.value > 0 and own.goal == "<= 4"


def test_browser_figures_are_summarised_beside_their_goals():
    times = np.linspace(0.05, 0.25, 50).tolist()
    lines = {m.name: m for m in sliders.summarise({"times": times, "lost": 0, "disorder": 1})}
    slow = lines["slider move in Chromium, 95th percentile"]
    assert slow.value == pytest.approx(0.24, abs=0.005) and slow.ratio < 1
    assert lines["slider moves lost"].value == 0
    assert lines["slider moves disorder"].value == 1


def test_a_missing_browser_is_said(monkeypatch):
    pytest.importorskip("playwright")
    monkeypatch.setattr(sliders.shutil, "which", lambda name: None)
    with pytest.raises(SynthLensError, match="no Chromium"):
        sliders.drive("http://localhost:1/latent_space")


@pytest.mark.parametrize(
    ("asked", "local"),
    [
        ("http://localhost:8501/media/a.png", True),
        ("data:image/png;base64,AA", True),
        ("https://fonts.example.org/a.svg", False),
    ],
)
def test_only_the_app_itself_is_asked(asked, local):
    assert sliders._local(asked, "http://localhost:8501/latent_space") is local
