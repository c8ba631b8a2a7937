"""Log-in, where whoever runs the server has set up a provider (OpenID Connect).

Without `[auth]` in `.streamlit/secrets.toml` the app is open to whoever reaches it; with it, no
page is drawn for a visitor who has not logged in. See docs/deployment.md.
"""

from __future__ import annotations

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError


def wanted() -> bool:
    """Whether a provider is set up."""
    try:
        return "auth" in st.secrets
    except StreamlitSecretNotFoundError:
        return False


def require() -> None:
    """Stop here, with a button to log in, unless the visitor is logged in or need not be."""
    if not wanted():
        return
    if not st.user.is_logged_in:
        st.title("SynthLens", anchor=False)
        st.markdown("This server asks its visitors to log in.")
        st.button("Log in", on_click=st.login, type="primary", icon=":material/login:")
        st.stop()


def footer() -> None:
    """In the sidebar: who is logged in, and a button to log out."""
    if wanted():
        st.caption(f"Logged in as {_name()}.")
        st.button("Log out", on_click=st.logout, icon=":material/logout:")


def _name() -> str:
    from core.ui.text import safe_name

    found = st.user.get("email") or st.user.get("name") or "a visitor"
    return safe_name(str(found))
