"""What a person does with a page, and what a machine can say of its accessibility."""

import io
from contextlib import contextmanager

from PIL import Image
from playwright.sync_api import sync_playwright

from scripts.screenshots import ARGS, CHROMIUM, settle

WAIT = 180_000
AXE = {"resultTypes": ["violations"]}


@contextmanager
def open_browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        try:
            yield browser
        finally:
            browser.close()


class Window:
    """One visitor's browser window."""

    def __init__(self, page):
        self.page = page
        page.set_default_timeout(WAIT)
        self.broken = []
        page.on("pageerror", lambda error: self.broken.append(str(error)))

    def go(self, url):
        self.page.goto(url, timeout=WAIT)
        settle(self.page)

    def settle(self):
        settle(self.page)

    def press(self, name):
        self.page.get_by_role("button", name=name, exact=True).first.click()
        self.settle()

    def give(self, *files):
        """Upload (name, bytes) pairs."""
        chooser = self.page.locator("[data-testid=stFileUploaderDropzoneInput]").first
        chooser.set_input_files(
            [{"name": n, "mimeType": "image/png", "buffer": data} for n, data in files]
        )
        self.settle()

    def download(self, name):
        """Press a download button; the file's name and bytes."""
        with self.page.expect_download(timeout=WAIT) as waiting:
            self.page.get_by_role("button", name=name, exact=True).first.click()
        found = waiting.value
        with open(found.path(), "rb") as stream:
            return found.suggested_filename, stream.read()

    def words(self):
        return self.page.locator("[data-testid=stMain]").inner_text()

    def count(self, selector):
        return self.page.locator(selector).count()

    def overflow(self):
        """Pixels by which the page is wider than its window."""
        return self.page.evaluate(
            "() => { const m = document.querySelector('[data-testid=stMain]');"
            " return m.scrollWidth - m.clientWidth; }"
        )

    def serious(self):
        """axe-core's serious and critical findings, one line each."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page, options=AXE).response["violations"]
        return [
            f"{v['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
            for v in found
            if v["impact"] in ("serious", "critical")
            for node in v["nodes"]
        ]


def png(data):
    """A downloaded PNG: its image and its text entries."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image, image.text
