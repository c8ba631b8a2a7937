"""Nothing is asked of the network: pages are drawn with every connection refused."""

import socket

import pytest

from tests.pages.conftest import open_page, png, upload  # noqa: F401
from tests.pages.test_real_or_synthetic import give
from tests.toy import toys  # noqa: F401

PAGES = ("generate", "latent_space", "classifier_comparison", "explain", "models_and_data")


@pytest.fixture
def alone(monkeypatch):
    tried = []

    def refuse(self, address):
        tried.append(address)
        raise OSError("no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: refuse(None, a))
    return tried


@pytest.mark.parametrize("page", PAGES)
def test_a_page_needs_no_network(alone, open_page, page):  # noqa: F811
    app = open_page(page)
    assert not app.exception and alone == []


def test_a_verdict_needs_no_network(alone, open_page, upload):  # noqa: F811
    app = give(open_page("real_or_synthetic"), ("mine.png", upload))
    assert not app.exception and alone == []
