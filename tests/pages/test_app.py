"""The frame around the pages."""

from streamlit.testing.v1 import AppTest

from core import domains
from tests.pages.conftest import APP, words

PAGES = (
    "generate",
    "latent_space",
    "classifier_comparison",
    "real_or_synthetic",
    "explain",
    "models_and_data",
    "reader_study",
)


def test_the_sidebar_holds_domain_device_and_notice(open_page):
    app = open_page()
    sidebar = "\n".join(str(e.value) for e in [*app.sidebar.markdown, *app.sidebar.caption])
    assert "nothing it shows is a diagnosis" in sidebar
    assert "CPU" in sidebar
    assert app.sidebar.selectbox(key="domain").options == [d.name for d in domains.all_domains()]


def test_a_deep_link_into_a_fresh_server_goes_through_the_app(toys):
    app = AppTest.from_file(str(APP), default_timeout=120)
    app.switch_page("pages/models_and_data.py").run()
    assert not app.exception
    assert app.sidebar.selectbox(key="domain").value == "chest_xray"
    assert "Models and data" in words(app)


def test_no_page_imports_torch():
    for page in PAGES:
        assert "torch" not in (APP.parent / "pages" / f"{page}.py").read_text()
