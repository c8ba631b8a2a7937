import json
import zipfile

import pytest

from core.errors import CheckpointError, DataError
from core.evaluate import text_guidance
from core.services.text import draw
from core.services.text_options import GUIDANCE_FILE, options_of
from core.text.reports import read_reports
from core.ui.figures.guidance import trade_off
from tests.text import small
from tests.training import tiny


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    return small.setting(tmp_path_factory.mktemp("text"))


def test_the_default_is_chosen_on_validation_texts_and_then_used(setting):
    registry, reports = setting
    card, shares = registry.card("chest_xray/text-diffusion"), []
    assert options_of(registry, card) == {}
    found = text_guidance.evaluate(
        registry, card.id, tiny.data(n=80), [reports], n=3, amounts=(1.0, 3.0),
        progress=shares.append,
    )  # fmt: skip
    assert shares == [0.5, 1.0] and [r["guidance"] for r in found["rows"]] == [1.0, 3.0]
    assert all(r["agreement"]["normal"]["n"] == 3 for r in found["rows"])
    assert found["chosen"] in (1.0, 3.0) and 0 <= found["real_ms_ssim"]["mean"] <= 1
    assert json.loads((registry.folder(card.id) / GUIDANCE_FILE).read_text())["n"] == 3
    assert options_of(registry, card, {"steps": 2.0}) == {"guidance": found["chosen"], "steps": 2.0}
    image = draw(registry, card.id, "Lungs are clear.", 1, 0, {"steps": 1.0}).images[0]
    assert image.options["guidance"] == found["chosen"]
    assert (
        draw(registry, card.id, "Clear.", 1, 0, {"guidance": 5.0, "steps": 1.0})
        .images[0]
        .options["guidance"]
        == 5.0
    )
    figure = trade_off(found)
    assert len(figure.data) == 3 and list(figure.data[0].x) == [1.0, 3.0]


def test_a_choice_for_other_weights_or_a_damaged_file_counts_for_nothing(setting):
    registry = setting[0]
    card = registry.card("chest_xray/text-gan")
    path = registry.folder(card.id) / GUIDANCE_FILE
    path.write_text(json.dumps({"chosen": 3.0, "model_files": card.files}))
    assert options_of(registry, card) == {"guidance": 3.0}
    path.write_text(json.dumps({"chosen": 3.0, "model_files": {"model.safetensors": "0" * 64}}))
    assert options_of(registry, card) == {}
    path.write_text('{"chosen": 3')
    assert options_of(registry, card) == {}
    path.unlink()


def test_without_a_judge_nothing_is_chosen(setting, monkeypatch):
    monkeypatch.setattr(text_guidance, "judge_of", lambda registry, condition: None)
    with pytest.raises(CheckpointError, match="No classifier of real chest X-rays"):
        text_guidance.evaluate(setting[0], "chest_xray/text-gan", tiny.data(n=20), [setting[1]])


def test_only_validation_texts_are_read(setting):
    found = text_guidance.validation_texts([setting[1]])
    split = {r.text: r.split for r in read_reports([setting[1]])}
    assert {split[t] for own in found.values() for t in own} == {"val"}


def test_a_condition_without_validation_reports_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "r.zip", "w") as store:
        rows = "".join(f"{k},normal,normal,PA,,,Clear lungs {k}.,\n" for k in range(60))
        store.writestr("indiana_reports.csv", small.HEAD + rows)
    with pytest.raises(DataError, match=r"no validation report of: pneumonia"):
        text_guidance.validation_texts([tmp_path / "r.zip"])


@pytest.mark.parametrize(
    ("rates", "chosen"),
    [((0.5, 0.9, 0.9), 2.0), ((0.9, 0.5, 0.905), 1.0), ((0.1, 0.2, 0.9), 3.0)],
)
def test_the_least_that_agrees_about_as_well_as_the_best(rates, chosen):
    rows = [
        {"guidance": float(k + 1), "agreement": {"normal": {"rate": r}, "pneumonia": None}}
        for k, r in enumerate(rates)
    ]
    assert text_guidance.choose(rows) == chosen
