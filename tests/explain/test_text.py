import numpy as np
import pytest
import torch

from core.explain import text
from tests.text import small
from tests.toy import write_registry


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    return small.generators(write_registry(folder / "checkpoints"), small.save(folder / "bert"))


@pytest.mark.parametrize("model", ["text-diffusion", "text-gan"])
def test_words_sum_to_the_change_and_act_somewhere(registry, model):
    found = text.explain(registry, model, "No pneumonia, heart size is normal.", 3)
    assert [w.text for w in found.words] == ["No", "pneumonia,", "heart", "size", "is", "normal."]
    total = sum(w.value for w in found.words)
    change = found.score - found.baseline
    assert total == pytest.approx(change, abs=0.05 * abs(change) + 0.02)
    assert found.gap < 0.5
    grids = np.stack([w.attention for w in found.words])
    assert np.allclose(grids.mean(0), 1, atol=1e-4) and grids.shape[1:] in ((4, 4), (2, 2))
    assert all(w.removed is not None and w.removed.shape == (32, 32) for w in found.words)
    assert found.image.shape == (32, 32, 1) and found.judge == "chest_xray/toy-conditions"


def test_nothing_is_left_on_the_shared_model(registry):
    module = registry.get("chest_xray/text-gan").module
    before = [m.processor for n, m in module.named_modules() if n.endswith("attn2")]
    with text.recorded(module) as maps:
        z = module.noise([1])
        tokens = small.encoder().tokenise(["no pneumonia"])
        states = small.encoder().embed(tokens.ids, tokens.mask)
        recorded = module(z, module.listen(states, tokens.mask))
    after = [m.processor for n, m in module.named_modules() if n.endswith("attn2")]
    assert all(a is b for a, b in zip(before, after)) and maps
    plain = module(z, module.listen(states, tokens.mask))
    assert torch.allclose(recorded, plain, atol=1e-4)


def test_words_and_their_tokens():
    tokens = small.encoder(6).tokenise(["The lungs are clear, no pneumonia"])
    words = text.words_of(tokens)
    assert [w.text for w in words] == ["The", "lungs", "are", "clear,"]
    assert words[0].tokens == [1]


def test_the_judge_is_asked_at_its_own_side():
    seen = []
    score = text._Score(lambda x: seen.append(x) or x.mean((2, 3)), ["NORMAL", "PNEUMONIA"],
                        "normal", 16)  # fmt: skip
    images = torch.zeros(2, 2, 32, 32, requires_grad=True)
    score(images).sum().backward()
    assert seen[0].shape[-1] == 16 and images.grad is not None
