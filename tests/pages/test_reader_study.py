"""The reader study's page on toy checkpoints: set up, take part, results."""

import pytest
from streamlit.testing.v1 import AppTest

from core.readers import sessions, studies
from core.readers.database import Database
from core.readers.design import COMPARE, DIAGNOSE, RATE, TURING
from core.readers.fill import demo, fill
from core.readers.material import Real, build
from core.readers.records import frame
from core.ui.readers import trial
from tests.pages.conftest import APP, png, words
from tests.readers.made import design
from tests.toy import real_image

CASES = {TURING: 4, COMPARE: 3, RATE: 3, DIAGNOSE: 1}


@pytest.fixture
def db(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/studies.sqlite"
    monkeypatch.setenv("SYNTHLENS_DB", url)
    monkeypatch.setattr(trial, "FASTEST", 0.0)
    return Database(url)


@pytest.fixture
def opened(toys, db):
    wanted = design(cases=CASES, methods=("gradcam", "ig"), tell=("share", "score"))
    reals = [Real(real_image(i), "normal") for i in range(4)]
    made = build(toys, wanted, {"chest_xray": reals})
    return studies.create(db, wanted, made.drafts, made.pictures)


def press(app, label):
    next(b for b in app.button if b.label == label).click()
    return app.run()


def start(open_page, opened, db):
    token = sessions.join(db, opened.code, "radiologist", 9)
    app = open_page("reader_study", reader=token)
    assert "reader 1" in words(app) and "Half of the images" in words(app)
    return press(app, "Start"), token


def answers(app):
    return [b for b in app.button if (b.key or "").startswith("answer:")]


def test_joining_takes_role_and_years_only(open_page, opened, db):
    app = open_page("reader_study", study=opened.code)
    assert not app.exception
    assert app.text_input(key="study").value == opened.code
    app.selectbox(key="role").select("radiologist")
    app.number_input(key="years").set_value(12)
    app.run()
    press(app, "Join")
    assert not app.exception
    reader = studies.overview(db, opened.code).readers[0]
    assert (reader["role"], reader["years"], reader["total"]) == ("radiologist", 12, 4 + 3 + 6 + 2)
    assert app.query_params["reader"]


def test_a_wrong_code_is_one_sentence(open_page, db):
    app = open_page("reader_study", study="AAA-AAA")
    app.selectbox(key="role").select("other")
    app.run()
    press(app, "Join")
    assert "There is no study with this code" in words(app)
    assert "not known" in words(open_page("reader_study", reader="AAAA-AAAA-AAAA"))


def test_a_reader_goes_from_the_first_case_to_the_last(open_page, opened, db):
    app, token = start(open_page, opened, db)
    seen, steps = set(), 0
    while answers(app):
        assert not app.exception and app.get("image")
        now = sessions.where(db, token)
        seen.add((now.task, now.step))
        answers(app)[steps % len(answers(app))].click()
        app.run()
        steps += 1
        if any(b.label == "Next case" for b in app.button):
            assert sessions.where(db, token).done == now.done  # nothing is saved before "Next"
            press(app, "Next case")
        assert steps < 100
    assert len(seen) == 6 and sessions.where(db, token).position is None
    assert "Thank you" in words(app) and "of 4** right" in words(app)
    assert len(frame(db, opened.code)) == 15


def test_an_answer_is_committed_before_the_next_case_shows(open_page, opened, db):
    app, token = start(open_page, opened, db)
    while sessions.where(db, token).task != TURING:
        now = sessions.where(db, token)
        given = {q.id: q.options[0][0] for q in now.asked}
        sessions.answer(db, token, now.position, given)
    app.run()
    done = sessions.where(db, token).done
    answers(app)[5].click()
    app.run()
    assert sessions.where(db, token).done == done + 1
    assert frame(db, opened.code)["score"].iloc[-1] == 6


def test_pause_and_reload_go_on_at_the_same_case(open_page, opened, db):
    app, token = start(open_page, opened, db)
    place = sessions.where(db, token).position
    press(app, "Pause")
    assert not answers(app)
    fresh = open_page("reader_study", reader=token)  # another browser, or a restarted server
    press(fresh, "Start" if place == 0 else "Go on")
    assert answers(fresh) and sessions.where(db, token).position == place


def test_a_mistake_can_be_taken_back_before_the_next_case(open_page, opened, db):
    app, token = start(open_page, opened, db)
    while sessions.where(db, token).task != RATE:
        now = sessions.where(db, token)
        sessions.answer(db, token, now.position, {q.id: q.options[0][0] for q in now.asked})
    app.run()
    answers(app)[0].click()
    app.run()
    press(app, "Take back")
    for choice in (4, 3, 2):
        answers(app)[choice].click()
        app.run()
    press(app, "Next case")
    assert frame(db, opened.code)["ratings"].iloc[-1] == {
        "usefulness": 5, "plausibility": 4, "trust": 3,
    }  # fmt: skip


def test_keys_are_on_the_buttons(open_page, opened, db):
    app, _ = start(open_page, opened, db)
    shortcuts = [b.proto.shortcut for b in answers(app)]
    assert shortcuts == [str(i + 1) for i in range(len(shortcuts))]
    pause = next(b for b in app.button if b.label == "Pause")
    assert pause.proto.shortcut.lower().startswith("esc")


def test_setting_up_makes_a_study(open_page, db):
    app = open_page("reader_study", view="Set up")
    assert not app.exception
    app.number_input(key="n:turing").set_value(4)
    app.number_input(key="n:compare").set_value(3)
    app.run()
    press(app, "Make the study")
    assert "needs 2 real images" in words(app)
    uploader = next(u for u in app.get("file_uploader") if "Normal" in u.label)
    for i in range(2):
        uploader = uploader.upload(f"{i}.png", png(i), "image/png")
    app.run()
    press(app, "Make the study")
    assert not app.exception and "The study is open" in words(app)
    code = studies.codes_of(db)[0]
    assert studies.overview(db, code).cases == {TURING: 4, COMPARE: 3}
    press(app, "See the results")
    assert not app.exception and "No answer yet" in words(app)


def test_results_show_every_task_and_label_simulated_readers(open_page, db):
    opened = demo(db, "chest_xray", 4)
    app = open_page("reader_study", view="Results")
    app.text_input(key="typed_key").set_value(opened.key).run()
    press(app, "Open the results")
    assert not app.exception
    text = words(app) + "\n".join(w.value for w in app.warning)
    for wanted in ("SIMULATED", "Real or synthetic?", "Which map explains better?",
                   "Human interpretability score", "Diagnosis without and with"):  # fmt: skip
        assert wanted in text
    assert len(app.get("plotly_chart")) >= 8
    assert {"Accuracy", "d′", "Fleiss’ κ"} <= {m.label for m in app.metric}


def test_people_and_simulated_readers_are_never_mixed(open_page, opened, db):
    fill(db, opened.code, 2)
    token = sessions.join(db, opened.code, "radiologist", 9)
    now = sessions.where(db, token)
    sessions.answer(db, token, now.position, {q.id: q.options[0][0] for q in now.asked})
    app = open_page("reader_study", view="Results")
    app.text_input(key="typed_key").set_value(opened.key).run()
    press(app, "Open the results")
    assert "1 answers of 1 readers" in words(app) and not app.warning


def test_a_wrong_key_opens_nothing(open_page, db):
    app = open_page("reader_study", view="Results")
    app.text_input(key="typed_key").set_value("WRONG").run()
    press(app, "Open the results")
    assert "opens no study" in words(app)


def test_the_power_calculator_answers(open_page, db):
    app = open_page("reader_study", view="Results")
    assert "Fewest answers" in words(app)
    before = words(app)
    app.number_input(key="effect").set_value(0.05).run()
    assert not app.exception and words(app) != before


def test_a_reader_s_link_into_a_fresh_server_goes_through_the_app(toys, db):
    app = AppTest.from_file(str(APP), default_timeout=120)
    app.query_params["reader"] = "AAAA-AAAA-AAAA"
    app.switch_page("pages/reader_study.py").run()
    assert not app.exception
    assert app.sidebar.selectbox(key="domain").value == "chest_xray"
