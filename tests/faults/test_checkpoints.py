"""Damaged checkpoints in the running app: named in one sentence, all others stay usable."""

import pytest

from core.cards import read_card, sha256, write_card
from core.services.generation import generate
from tests.cli.conftest import core  # noqa: F401
from tests.pages.conftest import open_page, words  # noqa: F401
from tests.toy import toys  # noqa: F401


def truncated(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:30])
    card = read_card(folder / "card.json")
    card.files = {path.name: sha256(path)}
    write_card(card, folder)


def altered(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes() + b"x")


HARMS = {
    "truncated": (truncated, "is damaged"),
    "wrong sha256": (altered, "does not match its card"),
    "weights missing": (lambda f: (f / "model.safetensors").unlink(), "is missing"),
}


@pytest.fixture(params=HARMS)
def harmed(request, toys):  # noqa: F811
    harm, says = HARMS[request.param]
    harm(toys.root / "chest_xray" / "toy-gan")
    return says


def test_the_page_names_the_file_and_draws_with_the_others(harmed, open_page):  # noqa: F811
    app = open_page("generate", n="1")
    app.multiselect(key="models").set_value(["chest_xray/toy-gan"]).run()
    app.button[[b.label for b in app.button].index("Generate")].click().run()
    assert not app.exception
    (said,) = (e.value for e in app.error)
    assert harmed in said and "toy-gan" in said and "Traceback" not in said
    app.multiselect(key="models").set_value(["chest_xray/toy-diffusion"]).run()
    app.button[[b.label for b in app.button].index("Generate")].click().run()
    assert not app.exception and not app.error
    assert any("seed 1" in c.value for c in app.caption)


@pytest.mark.parametrize("harm", ["wrong sha256", "weights missing"])
def test_the_list_of_models_tells_which_are_whole(toys, harm, core):  # noqa: F811
    HARMS[harm][0](toys.root / "chest_xray" / "toy-gan")
    answer = core("models", "--json")
    verified = {line["id"]: line["verified"] for line in answer.lines}
    assert not verified.pop("chest_xray/toy-gan") and all(verified.values())


def test_a_missing_card_hides_the_model_and_is_reported(toys, open_page, core):  # noqa: F811
    (toys.root / "chest_xray" / "toy-gan" / "card.json").unlink()
    app = open_page("generate", n="1")
    assert not app.exception
    assert app.multiselect(key="models").options == ["Toy diffusion"]
    assert generate(toys, "chest_xray", None, "normal", 1, 0)
    app = open_page("models_and_data")
    assert not app.exception
    answer = core("models", "--json")
    (lost,) = (line for line in answer.lines if line["id"] == "chest_xray/toy-gan")
    assert not lost["verified"]
