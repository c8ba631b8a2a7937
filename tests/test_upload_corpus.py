"""Every file of the corpus gives a right result or one clear sentence, quickly and discreetly."""

import logging
import time

import numpy as np
import pytest

from core.errors import UnreadableImageError
from core.images import read_image
from tests.corpus import SENTINEL, Sample, all_samples

SAMPLES = all_samples()


def _check_result(sample: Sample, image) -> str:
    assert sample.outcome != "error", f"{sample.name} was read: {image.notes}"
    assert image.pixels.dtype == np.float32
    assert image.pixels.ndim == 2 or image.pixels.shape[2:] == (3,)
    assert np.isfinite(image.pixels).all()
    assert image.pixels.min() >= 0 and image.pixels.max() <= 1
    assert image.size == image.pixels.shape[1::-1]
    if sample.outcome == "ok":
        assert sample.says in " ".join(image.notes), image.notes
    if sample.pixels is not None:
        assert image.pixels.shape == sample.pixels.shape
        assert np.abs(image.pixels - sample.pixels).max() <= sample.tolerance
    return repr((image.notes, image.format, image.size, image.dicom))


def _check_error(sample: Sample, error: UnreadableImageError) -> str:
    text = str(error)
    assert sample.outcome != "ok", f"{sample.name}: {text}"
    assert text.endswith(".") and "\n" not in text and len(text) < 260
    assert any(verb in text for verb in ("save", "export", "choose")), text
    if sample.outcome == "error":
        assert sample.says in text, text
    assert error.__cause__ is None and error.__context__ is None
    return text


@pytest.mark.parametrize("sample", SAMPLES, ids=[s.name for s in SAMPLES])
def test_file(sample, caplog, capfd, recwarn):
    caplog.set_level(logging.DEBUG)
    start = time.process_time()
    try:
        seen = _check_result(sample, read_image(sample.data, sample.name))
    except UnreadableImageError as error:
        seen = _check_error(sample, error)
    assert time.process_time() - start < 5
    out = capfd.readouterr()
    everything = seen + caplog.text + out.out + out.err + "".join(str(w.message) for w in recwarn)
    assert SENTINEL.lower() not in everything.lower()


def test_corpus_is_large_and_varied():
    assert len(SAMPLES) >= 300
    assert len({s.name for s in SAMPLES}) == len(SAMPLES)
    assert {s.outcome for s in SAMPLES} == {"ok", "error", "either"}
    assert sum(SENTINEL.encode() in s.data for s in SAMPLES) > 100
