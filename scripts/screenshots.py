"""Drive every page in headless Chromium and save screenshots, wide and narrow, light and dark.

    python scripts/screenshots.py --url http://localhost:8501 --out out/screenshots [--upload FILE]

Pictures of uploaded real images stay on this machine: write them to an ignored folder only.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = (
    "",
    "latent_space",
    "classifier_comparison",
    "real_or_synthetic",
    "explain",
    "concepts",
    "models_and_data",
)
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
WAIT_MS = 240_000
HEADING = "[data-testid=stTitle], h1, [data-testid=stMain] :is(h4, h5)"  # readers see no title


@dataclass(frozen=True)
class Shot:
    """One page as it was seen."""

    page: str
    size: str
    scheme: str
    path: Path
    exceptions: int
    overflow: int  # pixels by which the page is wider than its window


@contextmanager
def browser(executable: str = CHROMIUM) -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=executable, args=ARGS)
        try:
            yield found
        finally:
            found.close()


def settle(page: Page) -> None:
    """Wait until Streamlit has finished its run and every figure is drawn."""
    page.wait_for_selector(HEADING, timeout=WAIT_MS)
    for _ in range(2):
        page.wait_for_timeout(1200)
        page.wait_for_selector("[data-test-script-state=notRunning]", timeout=WAIT_MS)
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-testid=stPlotlyChart]')]"
        ".every(e => e.querySelector('.main-svg'))"
        " && !document.querySelector('[data-testid=stSkeleton]')",
        timeout=WAIT_MS,
    )
    page.wait_for_timeout(800)


def whole_page(page: Page, width: int) -> None:
    """Make the window as tall as the page's content, which scrolls in a container of its own."""
    height = page.evaluate(
        "() => document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight + 80"
    )
    page.set_viewport_size({"width": width, "height": max(600, min(int(height), 9000))})
    page.wait_for_timeout(900)


def shoot(
    window: Browser, url: str, name: str, size: str, scheme: str, out: Path, upload: Path | None
) -> Shot:
    """Open a page, upload if it takes files, and save what is seen."""
    width, height = SIZES[size]
    page = window.new_page(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    base, _, query = url.partition("?")
    page.goto(f"{base.rstrip('/')}/{name}?{query}", timeout=WAIT_MS)
    settle(page)
    chooser = page.locator("[data-testid=stFileUploaderDropzoneInput]")
    if upload and chooser.count():
        chooser.first.set_input_files(str(upload))
        settle(page)
    if name == "" and upload:
        page.get_by_role("button", name="Generate", exact=True).click()
        settle(page)
    whole_page(page, width)
    path = out / f"{name or 'generate'}-{size}-{scheme}.png"
    page.screenshot(path=path)
    exceptions = page.locator("[data-testid=stException]").count()
    overflow = page.evaluate(
        "() => { const m = document.querySelector('[data-testid=stMain]');"
        " return m.scrollWidth - m.clientWidth; }"
    )
    page.close()
    return Shot(name or "generate", size, scheme, path, exceptions, int(overflow))


def main() -> int:
    """Take every screenshot; the exit code is 3 where a page failed or overflowed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--url", default="http://localhost:8501")
    parser.add_argument("--out", type=Path, default=Path("out/screenshots"))
    parser.add_argument("--upload", type=Path)
    parser.add_argument("--pages", nargs="*", default=list(PAGES))
    parser.add_argument("--schemes", nargs="*", default=["light", "dark"])
    parser.add_argument("--sizes", nargs="*", default=list(SIZES))
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    wrong = 0
    with browser() as window:
        for name in args.pages:
            for size in args.sizes:
                for scheme in args.schemes:
                    own = "" if name == "generate" else name
                    shot = shoot(window, args.url, own, size, scheme, args.out, args.upload)
                    wrong += bool(shot.exceptions or shot.overflow > 1)
                    print(shot)
    return 3 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
