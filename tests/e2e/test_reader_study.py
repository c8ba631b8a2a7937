"""A reader study in a real browser: from set-up to analysis, and through the server's death."""

import json
import re
from pathlib import Path

import pytest

from core.readers import sessions, studies
from core.readers.database import Database
from core.readers.design import COMPARE, DIAGNOSE, RATE, TURING
from core.readers.fill import demo
from core.readers.records import frame
from scripts.screenshots import whole_page
from tests.e2e.conftest import free_port, start
from tests.pages.conftest import png
from tests.readers import made

OUT = Path(__file__).parents[2] / "out" / "e2e"

pytestmark = pytest.mark.e2e


class Host:
    """A toy server with a study database of its own, which can be killed and started again."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.database = f"sqlite:///{folder}/studies.sqlite"
        self.db = Database(self.database)
        self.process = None
        self.start()

    def start(self):
        arguments = ["-m", "tests.e2e.serve_toys", str(self.port), str(self.folder / "models")]
        log = self.folder / "server.log"
        self.process, self.url = start(arguments, log, self.port, SYNTHLENS_DB=self.database)

    def kill(self):
        self.process.kill()  # SIGKILL: nothing gets to tidy up
        assert self.process.wait(20) == -9


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    found = Host(tmp_path_factory.mktemp("host"))
    yield found
    found.process.terminate()
    found.process.wait(20)


def look(window, name, width):
    """Keep a picture of the whole page, and check what every page must hold to."""
    OUT.mkdir(parents=True, exist_ok=True)
    overflow = window.overflow()
    whole_page(window.page, width)
    window.page.screenshot(path=OUT / f"readers-{name}-{width}.png")
    window.page.set_viewport_size({"width": width, "height": 900})
    assert window.count("[data-testid=stException]") == 0 and window.broken == []
    assert overflow <= 1


def fill_in(window, label, value):
    field = window.page.get_by_label(label, exact=True).first
    field.fill(str(value))
    field.press("Enter")
    window.settle()


def begin(window):
    """Press "Start" or "Go on", whose name also holds its key."""
    window.page.locator(".st-key-start button").click()
    window.settle()


def press_key(window, db, token, key):
    """One key of the keyboard, and what it did to the number of stored answers."""
    before = sessions.where(db, token).done
    window.page.keyboard.press(key)
    window.page.wait_for_timeout(500)  # shorter than settling: some fifty keys are pressed
    window.page.wait_for_selector("[data-test-script-state=notRunning]")
    return sessions.where(db, token).done - before


def answer_case(window, db, token):
    """Answer the case on screen by keys alone; returns what was asked."""
    now = sessions.where(db, token)
    for _ in now.asked:
        window.page.wait_for_timeout(300)
        stored = press_key(window, db, token, "2")
    if now.task not in (TURING, COMPARE):
        assert stored == 0  # nothing is saved before "Next case"
        stored = press_key(window, db, token, "Enter")
    assert stored == 1
    return now


@pytest.mark.parametrize("width", [1440, 390])
def test_from_set_up_to_analysis(host, visit, width):
    window = visit(f"{host.url}/reader_study?view=Set%20up", width=width)
    fill_in(window, "Title, shown to readers", f"In a browser, {width} px")
    for task, n in (("Real or synthetic?", 4), ("Which map explains better?", 2),
                    ("Rate this explanation", 4),
                    ("Diagnose, without and with the model", 1)):  # fmt: skip
        fill_in(window, task, n)
    window.give(*[(f"{i}.png", png(i)) for i in range(4)])
    look(window, "setup", width)
    window.press("Make the study")
    window.page.get_by_text("The study is open").wait_for()
    code, key = (e.inner_text().strip() for e in window.page.locator("[data-testid=stCode]").all())
    look(window, "opened", width)

    reader = visit(f"{host.url}/reader_study?study={code}", width=width)
    reader.page.get_by_role("combobox", name=re.compile("Your role")).first.click()
    reader.page.get_by_role("option", name="Radiologist").click()
    reader.settle()
    look(reader, "join", width)
    reader.press("Join")
    token = re.search(r"reader=([A-Z0-9-]+)", reader.page.url)[1]
    look(reader, "ready", width)
    begin(reader)
    seen, pictured, total = 0, set(), sessions.where(host.db, token).total
    while sessions.where(host.db, token).position is not None:
        now = sessions.where(host.db, token)
        if (now.task, now.step) not in pictured:
            pictured.add((now.task, now.step))
            look(reader, f"case-{now.task}-{now.step}", width)
        answer_case(reader, host.db, token)
        seen += 1
        if seen == 3:  # pause, close the window, go on elsewhere
            reader.page.keyboard.press("Escape")
            reader.settle()
            assert "Your code to go on" in reader.words()
            reader = visit(f"{host.url}/reader_study?reader={token}", width=width)
            assert f"{seen} of {total} answered" in reader.words()
            begin(reader)
    assert seen == total and "Thank you" in reader.words()
    look(reader, "finished", width)

    window.press("See the results")
    assert f"{total} answers of 1 readers" in window.words()
    look(window, "results", width)
    name, data = window.download("Answers (CSV)")
    assert name == f"{code}.csv" and data.count(b"\n") == total + 1
    assert studies.by_key(host.db, key) == code


@pytest.mark.parametrize("width", [1440, 390])
def test_results_of_simulated_readers_say_so(host, visit, width):
    opened = demo(host.db, "chest_xray", 6)
    window = visit(f"{host.url}/reader_study?view=Results", width=width)
    fill_in(window, "Investigator's key", opened.key)
    window.press("Open the results")
    window.page.get_by_text("Human interpretability score").wait_for()
    window.settle()
    for title in ("How many readers and cases?", "Do the intervals hold what they promise?"):
        window.page.get_by_text(title).click()
        window.settle()
    look(window, "simulated", width)
    assert window.words().count("SIMULATED") >= 2
    name, data = window.download("Analysis (JSON)")
    assert name.startswith("SIMULATED_") and json.loads(data)["label"].startswith("SIMULATED")


def test_the_server_is_killed_and_no_answer_is_lost(host, visit):
    cases = {TURING: 12, COMPARE: 0, RATE: 0, DIAGNOSE: 0}
    wanted = made.design(cases=cases)
    opened = studies.create(host.db, wanted, made.drafts(cases), {"aa": png()})
    token = sessions.join(host.db, opened.code, "radiologist", 5)
    window = visit(f"{host.url}/reader_study?reader={token}")
    begin(window)
    for _ in range(5):
        answer_case(window, host.db, token)
    window.page.wait_for_timeout(300)
    window.page.keyboard.press("6")  # the sixth is on its way when the server dies
    host.kill()
    kept = frame(host.db, opened.code)
    assert len(kept) in (5, 6) and kept["position"].tolist() == list(range(len(kept)))
    assert set(kept["score"][:5]) == {2}
    host.start()
    window = visit(f"{host.url}/reader_study?reader={token}")
    assert f"{len(kept)} of 12 answered" in window.words()
    begin(window)
    assert f"{len(kept)} of 12" in window.words()
    while sessions.where(host.db, token).position is not None:
        answer_case(window, host.db, token)
    assert "Thank you" in window.words()
    after = frame(host.db, opened.code)
    assert after["position"].tolist() == list(range(12)) and after["case"].nunique() == 12
    assert after.iloc[: len(kept)].equals(kept)


def test_an_open_window_reconnects_after_the_server_died(host, visit):
    cases = {TURING: 4}
    opened = studies.create(host.db, made.design(cases=cases), made.drafts(cases), {"aa": png()})
    token = sessions.join(host.db, opened.code, "radiologist", 5)
    window = visit(f"{host.url}/reader_study?reader={token}")
    begin(window)
    answer_case(window, host.db, token)
    host.kill()
    host.start()
    window.page.get_by_text("1 of 4 answered").wait_for()
    assert "1 of 4 answered" in window.words()
    begin(window)
    answer_case(window, host.db, token)
    assert len(frame(host.db, opened.code)) == 2
