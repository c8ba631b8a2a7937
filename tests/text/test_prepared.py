import pytest
import torch

from core.errors import DataError
from core.text.pairs import Pair
from core.text.prepared import load, prepare, save
from tests.text import small

PAIRS = {
    "train": [
        Pair("The lungs are clear.", "normal", "report"),
        Pair("Right lower lobe pneumonia.", "pneumonia", "report"),
    ],
    "val": [Pair("No pneumonia", "normal", "absent")],
}


@pytest.fixture
def prepared():
    return prepare(small.encoder(), "small", PAIRS, {"x.zip": "0" * 64})


def test_the_cut_encoder_reads_as_the_whole_one_does(prepared):
    whole = small.encoder()
    tokens = whole.tokenise([p.text for s in PAIRS.values() for p in s])
    expected = whole.embed(tokens.ids, tokens.mask)
    found = prepared.states(torch.device("cpu")).float()
    assert torch.equal(prepared.mask, tokens.mask)
    alike = torch.cosine_similarity(found, expected, dim=-1)[tokens.mask]
    assert float(alike.min()) > 0.995


def test_a_file_holds_all_of_it(prepared, tmp_path):
    save(prepared, tmp_path / "texts.safetensors")
    again = load(tmp_path / "texts.safetensors")
    assert torch.equal(again.ids, prepared.ids) and torch.equal(again.mask, prepared.mask)
    assert again.condition.tolist() == [0, 1, 0] and again.split.tolist() == [0, 0, 1]
    assert again.note == prepared.note and again.note["texts"]["val"]["normal"] == {"absent": 1}
    device = torch.device("cpu")
    assert torch.equal(again.states(device), prepared.states(device))


def test_a_missing_file_says_how_to_make_it(tmp_path):
    with pytest.raises(DataError, match="text prepare"):
        load(tmp_path / "gone.safetensors")


def test_other_architectures_are_refused():
    encoder = small.encoder()
    encoder.bert.config.model_type = "gpt2"
    with pytest.raises(DataError, match="no BERT"):
        prepare(encoder, "odd", PAIRS, {})
