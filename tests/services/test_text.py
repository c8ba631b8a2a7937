from dataclasses import replace

import numpy as np
import pytest
import torch

from core.cards import write_card
from core.errors import CancelledError, CheckpointError, SynthLensError
from core.memory import ON_CPU, SMALLER
from core.services import queue, text
from core.services.classification import Prediction
from tests.text import small
from tests.toy import write_registry


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    return small.generators(write_registry(folder / "checkpoints"), small.save(folder / "bert"))


@pytest.mark.parametrize("model", ["text-diffusion", "text-gan"])
def test_a_text_and_a_seed_give_the_same_image_again(registry, model):
    found = text.draw(registry, model, "FINDINGS: No pneumonia.", 2, 5, {"steps": 2})
    assert found.reading.text == "No pneumonia." and not found.reading.cut
    assert [i.seed for i in found.images] == [5, 6]
    assert found.images[0].pixels.shape == (32, 32, 1)
    assert sum(found.reading.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert len(found.answers) == 2 and found.judge == "Toy conditions"
    again = text.draw(registry, model, "No pneumonia.", 1, 6, {"steps": 2})
    assert np.array_equal(again.images[0].pixels, found.images[1].pixels)


def test_reading_needs_no_image(registry):
    assert text.read(registry, None, "no pneumonia").condition in text.IMAGE_CLASSES


def test_the_default_is_the_diffusion(registry):
    assert [c.name for c in text.cards(registry)] == ["text-diffusion", "text-gan"]
    assert text.choose(registry, None).name == "text-diffusion"


@pytest.mark.parametrize("empty", ["", "  ", "XXXX", "12 345."])
def test_an_empty_text_is_answered_in_one_sentence(registry, empty):
    with pytest.raises(SynthLensError, match="Type a finding"):
        text.draw(registry, None, empty, 1, 0)


def test_other_wrong_input(registry):
    with pytest.raises(SynthLensError, match="at least one image"):
        text.draw(registry, None, "no pneumonia", 0, 0)
    with pytest.raises(CheckpointError, match="does not draw from text"):
        text.draw(registry, "toy-gan", "no pneumonia", 1, 0)


def greedy(monkeypatch, registry, room):
    """The generator fails where asked for more than `room` images at a time."""
    module = type(registry.get("chest_xray/text-gan").module)
    sample = module.sample

    def refuse(self, states, *rest, **options):
        if len(states) > room:
            raise torch.OutOfMemoryError("no")
        return sample(self, states, *rest, **options)

    monkeypatch.setattr(module, "sample", refuse)


def test_short_memory_means_smaller_batches_and_it_is_said(registry, monkeypatch):
    whole = text.draw(registry, "text-gan", "no pneumonia", 4, 0)
    said = []
    monkeypatch.setattr(queue.Guest, "note", lambda self, words: said.append(words))
    greedy(monkeypatch, registry, 1)
    found = text.draw(registry, "text-gan", "no pneumonia", 4, 0)
    assert [i.seed for i in found.images] == [0, 1, 2, 3]
    for one, two in zip(whole.images, found.images):
        assert np.abs(one.pixels.astype(int) - two.pixels).max() <= 1
    assert set(said) == {SMALLER.format(size=n) for n in (1, 2)}


def test_no_memory_for_one_image_is_one_sentence(registry, monkeypatch):
    greedy(monkeypatch, registry, 0)
    with pytest.raises(SynthLensError, match="not enough memory"):
        text.draw(registry, "text-gan", "no pneumonia", 1, 0)


def test_a_full_gpu_hands_the_drawing_to_the_cpu(registry, monkeypatch):
    loaded = registry.get("chest_xray/text-gan")
    on_gpu = replace(loaded, device=torch.device("meta"))  # stands for a GPU
    asked, sample = [], type(loaded.module).sample

    def refuse(self, *rest, **options):
        asked.append(self is loaded.module)
        if self is loaded.module:
            raise torch.OutOfMemoryError("no")
        return sample(self, *rest, **options)

    monkeypatch.setattr(type(loaded.module), "sample", refuse)
    said = []
    monkeypatch.setattr(queue.Guest, "note", lambda self, words: said.append(words))
    tokens = text.checked("no pneumonia", text.encoder_of(loaded.card))
    states = text.encoder_of(loaded.card).embed(tokens.ids, tokens.mask)
    assert text.batch(on_gpu, states, tokens.mask, [3]).shape == (1, 32, 32, 1)
    assert asked == [True, False] and said == [ON_CPU]


def test_cancelling_keeps_what_is_finished(registry, monkeypatch):
    monkeypatch.setattr(text, "BATCH", 1)

    def stop(share, preview):
        if share >= 0.5:
            raise CancelledError

    found = text.draw(registry, "text-gan", "no pneumonia", 2, 0, progress=stop)
    assert len(found.images) == 1


def test_short_memory_halves_the_batch(registry, monkeypatch):
    loaded = registry.get("chest_xray/text-gan")
    tokens = small.encoder().tokenise(["no pneumonia"])
    states = small.encoder().embed(tokens.ids, tokens.mask)
    whole = text.batch(loaded, states, tokens.mask, [1, 2, 3])
    sample = loaded.module.sample

    def tight(states, mask, seeds, *rest, **options):
        if len(seeds) > 1:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return sample(states, mask, seeds, *rest, **options)

    monkeypatch.setattr(loaded.module, "sample", tight)
    found = text.batch(loaded, states, tokens.mask, [1, 2, 3])
    assert np.abs(found.astype(int) - whole).max() <= 1


@pytest.mark.parametrize(
    ("labels", "condition", "wanted"),
    [
        (["normal", "bacterial", "viral", "covid19"], "pneumonia", {"bacterial", "viral"}),
        (["NORMAL", "PNEUMONIA"], "viral", {"PNEUMONIA"}),
        (["NORMAL", "PNEUMONIA"], "normal", {"NORMAL"}),
        (["NORMAL", "PNEUMONIA"], "covid19", set()),
    ],
)
def test_which_answers_agree_with_a_condition(labels, condition, wanted):
    assert text.expected(labels, condition) == wanted
    answer = Prediction("chest_xray", "x", labels[0], dict.fromkeys(labels, 0.5))
    assert text.agrees(answer, condition) == (labels[0] in wanted if wanted else None)


def test_the_judge_is_the_better_one_on_validation(registry):
    judge = text.judge_of(registry, "normal")
    better = replace(judge, id="chest_xray/toy-better", title="Better")
    better.calibration = judge.calibration | {"validation": {"balanced_accuracy": 1.0}}
    folder = registry.root / better.id
    folder.mkdir()
    for name in judge.files:
        (folder / name).write_bytes((registry.folder(judge.id) / name).read_bytes())
    write_card(better, folder)
    assert text.judge_of(type(registry)(registry.root), "normal").id == better.id
