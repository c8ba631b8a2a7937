import json
import threading

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from core.cards import Card, read_card, read_metrics, sha256, write_card, write_json
from core.errors import CheckpointError
from core.models.base import build, family, noise
from core.registry import Registry

builds = []


@family("test-linear")
def _linear(config, load):
    builds.append(config)
    module = nn.Linear(int(config["inputs"]), 2)
    if config.get("needs"):
        module.other = (load(config["needs"]),)
    return module


def add(root, name, inputs=3, **config):
    folder = root / "toy" / name
    folder.mkdir(parents=True, exist_ok=True)
    weights = {"weight": torch.ones(2, inputs).half(), "bias": torch.zeros(2).half()}
    save_file(weights, folder / "model.safetensors")
    files = {"model.safetensors": sha256(folder / "model.safetensors")}
    card = Card(f"toy/{name}", "toy", "classifier", "test-linear", name, files=files)
    card.config = {"inputs": inputs, **config}
    write_card(card, folder)
    return folder


@pytest.fixture
def root(tmp_path):
    builds.clear()
    add(tmp_path, "a")
    add(tmp_path, "b")
    return tmp_path


@pytest.fixture
def registry(root):
    return Registry(root, torch.device("cpu"))


def test_models_are_listed_by_domain_and_task(registry):
    assert [c.id for c in registry.cards()] == ["toy/a", "toy/b"]
    assert registry.cards(domain="other") == []
    assert registry.cards(task="generator") == []


def test_a_model_is_loaded_in_float32_without_gradients(registry):
    loaded = registry.get("toy/a")
    assert loaded.module.weight.dtype == torch.float32
    assert not loaded.module.weight.requires_grad and not loaded.module.training
    assert registry.get("toy/a") is loaded


def test_a_bare_name_is_enough_within_a_domain(registry):
    assert registry.card("b", domain="toy").id == "toy/b"
    with pytest.raises(CheckpointError, match="known models: toy/a, toy/b"):
        registry.card("z", domain="toy")


def test_an_id_cannot_leave_the_checkpoints_folder(registry):
    with pytest.raises(CheckpointError, match="no model id"):
        registry.card("../../etc")


def damage_bytes(folder):
    path = folder / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def truncate(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:20])
    _rehash(folder)


def other_shape(folder):
    save_file({"weight": torch.ones(5, 5), "bias": torch.ones(5)}, folder / "model.safetensors")
    _rehash(folder)


def _rehash(folder):
    card = read_card(folder / "card.json")
    card.files = {"model.safetensors": sha256(folder / "model.safetensors")}
    write_card(card, folder)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (damage_bytes, "does not match its card"),
        (lambda f: (f / "model.safetensors").unlink(), "missing"),
        (truncate, "damaged"),
        (other_shape, "does not fit"),
        (lambda f: (f / "card.json").write_text("{"), "cannot be read"),
        (lambda f: (f / "card.json").unlink(), "no model"),
    ],
)
def test_a_bad_checkpoint_is_named_and_the_others_stay_usable(root, registry, harm, says):
    harm(root / "toy" / "a")
    with pytest.raises(CheckpointError, match=says) as error:
        registry.get("toy/a")
    assert "a" in str(error.value) and "\n" not in str(error.value).strip().splitlines()[0]
    assert registry.get("toy/b").module(torch.ones(1, 3)).tolist() == [[3.0, 3.0]]


def test_statuses_tell_verified_from_altered(root, registry):
    damage_bytes(root / "toy" / "a")
    assert {s.id: s.verified for s in registry.statuses()} == {"toy/a": False, "toy/b": True}


def test_a_folder_of_pictures_is_no_checkpoint(root, registry):
    (root / "toy" / "gallery").mkdir()
    assert [s.id for s in registry.statuses()] == ["toy/a", "toy/b"]
    (root / "toy" / "a" / "card.json").unlink()
    assert not registry.statuses()[0].verified


def test_many_sessions_load_a_model_once(registry):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(registry.get("toy/a"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(builds) == 1 and len({id(f) for f in found}) == 1


def test_the_least_recently_used_model_leaves_first(root):
    add(root, "c")
    registry = Registry(root, torch.device("cpu"), budget=2 * 8 * 4)
    for name in ("a", "b", "a", "c"):
        registry.get(f"toy/{name}")
    assert registry.loaded_ids() == ["toy/a", "toy/c"]


def test_a_required_checkpoint_is_loaded_through_the_registry(root, registry):
    add(root, "d", needs="toy/b")
    registry.get("toy/d")
    assert set(registry.loaded_ids()) == {"toy/b", "toy/d"}


def test_the_lock_keeps_a_second_user_out(registry):
    inside = threading.Event()
    with registry.locked("toy/a") as loaded:
        other = threading.Thread(target=lambda: (loaded.lock.acquire(), inside.set()))
        other.start()
        assert not inside.wait(0.05)
    assert inside.wait(1)


def test_an_unknown_family_is_refused_by_name():
    with pytest.raises(KeyError, match="test-linear"):
        build("nonsense", {}, lambda _: nn.Identity())


def test_noise_of_an_image_depends_on_its_seed_alone():
    both, alone = noise((4,), [1, 2]), noise((4,), [2])
    assert torch.equal(both[1], alone[0]) and not torch.equal(both[0], both[1])


def test_json_is_replaced_whole_and_metrics_default_to_nothing(tmp_path):
    write_json(tmp_path / "x" / "metrics.json", {"auc": 0.9})
    assert read_metrics(tmp_path / "x") == {"auc": 0.9}
    assert read_metrics(tmp_path) == {}
    assert [p.name for p in (tmp_path / "x").iterdir()] == ["metrics.json"]


def test_a_card_with_an_unknown_field_is_refused(tmp_path):
    (tmp_path / "card.json").write_text(json.dumps({"id": "x", "colour": "red"}))
    with pytest.raises(CheckpointError, match="colour"):
        read_card(tmp_path / "card.json")
