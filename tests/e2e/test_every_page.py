"""Every page as shipped, wide and narrow, light and dark; pictures go to out/e2e."""

import json
from pathlib import Path

import pytest

from core import domains
from core.registry import default_registry
from core.services.export import png_bytes
from core.services.generation import generate

ROOT = Path(__file__).parents[2]
OUT = ROOT / "out" / "e2e"
PAGES = ["", *sorted(p.stem for p in (ROOT / "pages").glob("*.py") if p.stem != "generate")]
SIZES = {"wide": 1440, "narrow": 390}

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def drawn():
    """An image of our own to upload."""
    registry = default_registry()
    card = registry.cards("chest_xray", "generator")[0]
    return png_bytes(generate(registry, "chest_xray", card.id, card.classes[0], 1, 5)[0])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_whole_and_accessible(server, visit, drawn, page, size, scheme):
    from scripts.screenshots import whole_page

    window = visit(f"{server}/{page}", width=SIZES[size], dark=scheme == "dark")
    if page == "":
        window.press("Generate")
    elif window.count("[data-testid=stFileUploaderDropzoneInput]"):
        window.give(("mine.png", drawn))
    OUT.mkdir(parents=True, exist_ok=True)
    findings = window.serious()
    overflow = window.overflow()
    whole_page(window.page, SIZES[size])
    window.page.screenshot(path=OUT / f"{page or 'generate'}-{size}-{scheme}.png")
    seen = {"page": page, "size": size, "scheme": scheme, "findings": findings}
    with (OUT / "findings.jsonl").open("a") as stream:
        stream.write(json.dumps(seen) + "\n")
    assert window.count("[data-testid=stException]") == 0 and window.broken == []
    assert overflow <= 1
    assert findings == []


@pytest.mark.parametrize("domain", [d.name for d in domains.all_domains()])
@pytest.mark.parametrize("page", PAGES)
def test_a_domain_is_shown_or_its_gap_is_named(server, visit, page, domain):
    window = visit(f"{server}/{page}?domain={domain}")
    assert window.count("[data-testid=stException]") == 0
    assert "Something went wrong" not in window.words()
    assert len(window.words()) > 80


def test_starts_and_page_switches_are_timed(tmp_path, monkeypatch):
    from core.bench import app

    script = tmp_path / "empty.py"
    script.write_text(app.EMPTY)
    monkeypatch.setattr(app, "STARTS", 1)
    found = app.drive(script)
    assert len(found["cold"]) == 1 and len(found["first"]) == 1
    assert len(found["again"]) == 2 * app.ROUNDS + 1
    assert all(seconds > 0 for times in found.values() for seconds in times)
