"""Mutations of valid files: each gives pixels in range or one sentence, never anything else."""

import logging
import time

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import UnreadableImageError
from core.images import read_image
from tests.corpus import SENTINEL, valid

FILES = list(valid().values())
CASES = 2000

# (operation, where as a share of the length, value)
edits = st.lists(
    st.tuples(st.sampled_from("setcutdupdelins"), st.floats(0, 1), st.integers(0, 255)),
    min_size=1,
    max_size=5,
)


def mutate(data: bytes, changes: list[tuple[str, float, int]]) -> bytes:
    """Apply edits; three in four hit the first 400 bytes, where the headers are."""
    out = bytearray(data)
    for operation, share, value in changes:
        reach = len(out) if value % 4 == 0 else min(400, len(out))
        at = int(share * max(0, reach - 1))
        if operation in "set":
            out[at : at + 1] = bytes([value])
        elif operation in "cut":
            del out[max(40, at * 2) :]
        elif operation in "dup":
            out[at:at] = out[at : at + value]
        elif operation in "del":
            del out[at : at + 1 + value // 16]
        else:
            out[at : at + 4] = bytes([255, 255, 255, value])
    return bytes(out)


@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(sample=st.sampled_from(FILES), changes=edits)
def check(seen: list[str], sample, changes):
    start = time.process_time()
    try:
        image = read_image(mutate(sample.data, changes), sample.name)
    except UnreadableImageError as error:
        text = str(error)
        assert text.endswith(".") and "\n" not in text
        assert error.__context__ is None
    else:
        assert image.pixels.dtype == np.float32 and np.isfinite(image.pixels).all()
        assert image.pixels.min() >= 0 and image.pixels.max() <= 1
        text = repr((image.notes, image.format, image.dicom))
    assert SENTINEL.lower() not in text.lower()
    assert time.process_time() - start < 5
    seen.append(text)


def test_mutated_files(caplog, capfd):
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    check(seen)
    out = capfd.readouterr()
    assert SENTINEL not in caplog.text + out.out + out.err
    refused = sum("can't be used" in text for text in seen)
    assert len(seen) >= CASES * 0.95
    assert 0.1 < refused / len(seen) < 0.9  # both branches are really exercised
