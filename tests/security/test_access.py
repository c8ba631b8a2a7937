"""Log-in is optional; where a provider is set up, nothing is drawn before it."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import APP
from tests.toy import toys  # noqa: F401

AUTH = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "made up for this test",  # pragma: allowlist secret
    "client_id": "synthlens",
    "client_secret": "made up",  # pragma: allowlist secret
    "server_metadata_url": "http://127.0.0.1:9/.well-known/openid-configuration",
}


class Visitor(dict):
    """Stands for `st.user`."""

    @property
    def is_logged_in(self):
        return bool(self)


@pytest.fixture
def app(toys, monkeypatch):  # noqa: F811
    def run(user=None, auth=True):
        monkeypatch.setattr("streamlit.user", Visitor(user or {}))
        found = AppTest.from_file(str(APP), default_timeout=60)
        if auth:
            found.secrets["auth"] = AUTH
        return found.run()

    return run


def test_without_a_provider_the_app_is_open(app):
    found = app(auth=False)
    assert not found.exception and found.title[0].value == "Generate"
    assert not [b for b in found.button if b.label in ("Log in", "Log out")]


def test_a_visitor_who_has_not_logged_in_sees_a_button_and_no_page(app):
    found = app()
    assert not found.exception and [t.value for t in found.title] == ["SynthLens"]
    assert [b.label for b in found.button] == ["Log in"]
    assert not found.sidebar.selectbox and not found.get("file_uploader")


def test_the_button_asks_for_a_log_in(app, monkeypatch):
    asked = []
    monkeypatch.setattr("streamlit.login", lambda: asked.append(True))
    app().button[0].click().run()
    assert asked == [True]


def test_whoever_is_logged_in_sees_the_pages_and_can_leave(app):
    found = app({"email": "a_b@example.org"})
    assert not found.exception and found.title[0].value == "Generate"
    assert "Log out" in [b.label for b in found.sidebar.button]
    assert any(r"a\_b@example\.org" in c.value for c in found.sidebar.caption)
