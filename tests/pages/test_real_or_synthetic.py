"""The detector's page on toy checkpoints."""

from core.services.export import png_bytes
from core.services.generation import generate
from tests.pages.conftest import png, words


def give(app, *files):
    uploader = app.get("file_uploader")[0]
    for name, data in files:
        uploader = uploader.upload(name, data, "image/png")
    return app.run()


def test_a_real_image_gets_a_verdict_with_its_evidence(open_page, upload):
    app = give(open_page("real_or_synthetic"), ("mine.png", upload))
    assert not app.exception
    assert "Looks real" in words(app)
    assert "mine" in words(app)


def test_a_generated_image_is_recognised(toys, open_page):
    image = generate(toys, "chest_xray", "toy-gan", "viral", 1, 3)[0]
    app = give(open_page("real_or_synthetic"), ("made.png", png_bytes(image)))
    assert not app.exception
    outcome = next(iter(app.session_state["_judged"].values()))
    assert outcome.verdict.p_synthetic > 0.9


def test_a_batch_is_a_table_and_a_bad_file_does_not_stop_it(open_page):
    files = [("a.png", png(1)), ("bad.png", b"no image"), ("c.png", png(2))]
    app = give(open_page("real_or_synthetic"), *files)
    assert not app.exception
    table = app.dataframe[0].value
    assert table["File"].tolist() == ["a.png", "bad.png", "c.png"]
    assert table["Verdict"].tolist() == ["Looks real", "unreadable", "Looks real"]
    assert "can't be used" in table["Remark"][1]


def test_a_file_name_cannot_carry_markup(open_page, upload):
    app = give(open_page("real_or_synthetic"), ("<script>x</script>.png", upload))
    assert not app.exception
    assert "<script>" not in words(app)


def test_the_evidence_comes_on_demand(open_page, upload):
    app = give(open_page("real_or_synthetic"), ("mine.png", upload))
    before = len(app.get("plotly_chart"))
    toggle = next(t for t in app.toggle if t.label == "Compute the evidence")
    toggle.set_value(True).run()
    assert not app.exception
    assert len(app.get("plotly_chart")) == before + 2  # heat maps and spectrum


def test_a_domain_without_a_detector_says_so(open_page):
    app = open_page("real_or_synthetic", domain="Colorectal histology: tissue texture")
    assert not app.exception
    assert "No detector" in words(app)
