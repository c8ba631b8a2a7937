"""What a page needs to know of the session: the registry, the chosen domain, cached results."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from core import domains
from core.cards import Card
from core.domains import Domain
from core.registry import Registry, default_registry

T = TypeVar("T")


def registry() -> Registry:
    """The one registry of the process, shared by all sessions."""
    _come_in_by_the_front_door()
    return default_registry()


def _come_in_by_the_front_door() -> None:
    """Start over through `app.py` where a page was run on its own.

    Streamlit turns automatic page discovery off only when `st.navigation` first runs, so a deep
    link that is a fresh server's first visit would show the page without sidebar and domain.
    """
    if PagesManager.uses_pages_directory and "domain" not in st.session_state:
        PagesManager.uses_pages_directory = False
        st.rerun()


def choose_domain() -> Domain:
    """Draw the domain select (bound to the URL) and return the choice."""
    known = {d.id: d.name for d in domains.all_domains()}
    if (given := st.query_params.get("domain")) in known:  # an address may also name the id
        st.query_params["domain"] = known[given]
        st.rerun()
    chosen = st.selectbox(
        "Domain", list(known), key="domain", format_func=known.__getitem__, bind="query-params"
    )
    return domains.get(chosen)


def domain() -> Domain:
    """The domain chosen in the sidebar; the first one where nothing is chosen yet."""
    known = domains.all_domains()
    chosen = st.session_state.get("domain")
    return next((d for d in known if d.id == chosen), known[0])


def cards(task: str, domain_id: str | None = None) -> list[Card]:
    """Cards of one task for a domain (the chosen one by default), models of several included."""
    wanted = domain_id or domain().id
    shared = registry().cards("shared", task)
    own = registry().cards(wanted, task)
    return own + [c for c in shared if wanted in c.config.get("domains", [wanted])]


def digest(data: bytes) -> str:
    """sha256 of bytes: the only key under which an upload's results are kept."""
    return hashlib.sha256(data).hexdigest()


def remember(kind: str, key: tuple[Any, ...], compute: Callable[[], T], keep: int = 24) -> T:
    """Compute once per session, kind and key; the oldest results of a kind are dropped first.

    Results live in the session alone: nothing of an upload outlives it.
    """
    store: dict[tuple[Any, ...], Any] = st.session_state.setdefault(f"_kept_{kind}", {})
    if key not in store:
        value = compute()
        while len(store) >= keep:
            store.pop(next(iter(store)))
        store[key] = value
    return store[key]
