"""The whole app on toy checkpoints, and a made-up upload."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.toy import real_image, toys  # noqa: F401

APP = Path(__file__).parents[2] / "app.py"


def png(seed: int = 0, channels: int = 1) -> bytes:
    """A made-up real image as a PNG."""
    stream = io.BytesIO()
    Image.fromarray(real_image(seed, channels=channels)).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def open_page(toys):  # noqa: F811
    """Open a page of the app on toy checkpoints, with query parameters."""

    def run(page: str = "generate", **query: str) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=120)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        if page != "generate":
            app.switch_page(f"pages/{page}.py").run()
        return app

    return run


@pytest.fixture
def upload():
    """Bytes of a made-up real image."""
    return png()


def words(app: AppTest) -> str:
    """All text of a page."""
    parts = [*app.markdown, *app.caption, *app.title, *app.subheader, *app.error, *app.info]
    return "\n".join(str(element.value) for element in parts)


def pixels(seed: int = 0) -> np.ndarray:
    """A made-up real image, uint8."""
    return real_image(seed)
