"""The main paths in a real browser, on toy checkpoints."""

import re
import time

import pytest

from tests.e2e.driver import png
from tests.e2e.serve_toys import FAULT, REASON
from tests.pages.conftest import png as made_up


def test_generate_download_and_share(toy_server, visit):
    window = visit(f"{toy_server.url}/?seed=41&n=2")
    window.press("Generate")
    assert "seed 41" in window.words() and "seed 42" in window.words()
    name, data = window.download("PNG")
    image, said = png(data)
    assert image.width == 32 and "41" in name
    assert "synthetic" in " ".join(f"{k} {v}" for k, v in said.items()).lower()
    other = visit(window.page.url)  # the address is the link one shares
    other.press("Generate")
    again, _ = png(other.download("PNG")[1])
    assert again.tobytes() == image.tobytes()
    assert window.broken == other.broken == []


def test_upload_and_verdict_on_a_phone(toy_server, visit):
    window = visit(f"{toy_server.url}/real_or_synthetic", width=390, dark=True)
    window.give(("<b>mine</b>.png", made_up()), ("bad.png", b"no image"))
    words = window.words()
    assert "Looks real" in words and "can't be used" in words
    assert window.count("[data-testid=stMain] b") == 0  # a file's name is not markup
    assert window.count("[data-testid=stException]") == 0 and window.overflow() <= 1
    assert window.serious() == []


def test_explain_and_its_maps(toy_server, visit):
    window = visit(f"{toy_server.url}/explain?explained=chest_xray/toy-cnn")
    window.give(("mine.png", made_up()))
    assert window.count("[data-testid=stPlotlyChart]") >= 1
    assert "answers" in window.words() and window.count("[data-testid=stException]") == 0
    slider = window.page.get_by_role("slider").first
    before = slider.input_value() if slider.evaluate("e => e.tagName") == "INPUT" else None
    slider.focus()
    slider.press("Home")
    window.settle()
    assert before is None or slider.input_value() != before
    assert window.count("[data-testid=stPlotlyChart]") >= 1 and window.broken == []


def test_keyboard_alone_draws_images(toy_server, visit):
    window = visit(toy_server.url)
    keys = window.page.keyboard
    for _ in range(60):
        keys.press("Tab")
        at = window.page.evaluate(
            "() => [document.activeElement.tagName, document.activeElement.innerText]"
        )
        if at[0] == "BUTTON" and "Generate" in at[1]:
            break
    outline = window.page.evaluate(
        "() => { const s = getComputedStyle(document.activeElement);"
        " return s.outlineStyle !== 'none' || s.boxShadow !== 'none'; }"
    )
    assert outline  # one sees where one is
    keys.press("Enter")
    window.settle()
    assert "seed 1" in window.words()


def test_a_fault_gets_a_number_and_the_page_goes_on(toy_server, visit):
    window = visit(f"{toy_server.url}/?seed=77&n=1")
    (toy_server.folder / FAULT).touch()
    try:
        window.press("Generate")
        window.page.get_by_text(re.compile(r"under the number")).first.wait_for(timeout=60_000)
        number = re.search(r"number\s+([0-9a-f]{8})", window.words())[1]
        assert REASON not in window.words() and "Traceback" not in window.words()
    finally:
        (toy_server.folder / FAULT).unlink()
    for _ in range(50):
        log = toy_server.log.read_text()
        if number in log:
            break
        time.sleep(0.1)
    assert f"Error {number}" in log and REASON in log
    window.press("Generate")
    assert "seed 77" in window.words() and "under the number" not in window.words()


@pytest.mark.parametrize("name", ["", "models_and_data"])
def test_no_serious_finding(toy_server, visit, name):
    window = visit(f"{toy_server.url}/{name}", dark=True)
    assert window.serious() == [] and window.overflow() <= 1
