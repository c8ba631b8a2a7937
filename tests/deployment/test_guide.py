"""What docs/deployment.md tells to type exists, and its limits are those of the app."""

import re
import tomllib
from pathlib import Path

import pytest
from streamlit import config

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "deployment.md").read_text()
SERVER = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["server"]
FLAGS = sorted(set(re.findall(r"--((?:server|browser|client)\.\w+)", GUIDE)))


@pytest.mark.parametrize("flag", FLAGS)
def test_an_option_is_one_of_streamlit_s(flag):
    assert flag in config._config_options_template


def test_the_base_path_and_the_public_address_are_told():
    assert {"server.baseUrlPath", "browser.serverAddress", "server.corsAllowedOrigins"} <= set(
        FLAGS
    )
    assert "location /synthlens/" in GUIDE and "synthlens/oauth2callback" in GUIDE


def test_the_proxy_lets_uploads_and_idle_websockets_through():
    (allowed,) = re.findall(r"client_max_body_size (\d+)m", GUIDE)
    assert int(allowed) >= SERVER["maxUploadSize"]
    assert f"{SERVER['maxUploadSize']} MB a file" in GUIDE
    assert "proxy_http_version 1.1" in GUIDE and 'Connection "upgrade"' in GUIDE
    assert int(re.findall(r"proxy_read_timeout (\d+)s", GUIDE)[0]) >= 600


@pytest.mark.parametrize(
    "header",
    [
        "Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options",
        "Referrer-Policy", "Permissions-Policy", "Content-Security-Policy",
    ],
)  # fmt: skip
def test_a_page_s_headers_are_set_for_every_answer(header):
    assert re.search(rf"add_header {header} \"[^\"]+\" always;", GUIDE)


def test_the_log_in_names_every_entry_that_streamlit_reads():
    block = next(b for b in re.findall(r"```toml\n(.*?)```", GUIDE, re.S) if "[auth]" in b)
    wanted = {"redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url"}
    assert set(tomllib.loads(block)["auth"]) == wanted
