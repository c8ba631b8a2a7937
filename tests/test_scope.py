import numpy as np
import pytest
import torch

from core import domains
from core.cards import Card, read_metrics
from core.data.dataset import DomainData
from core.errors import CheckpointError
from core.evaluate.encoder import evaluate, evaluate_scope
from core.evaluate.foreign import blank, foreign_images, noise, writing
from core.image_statistics import chroma, entropy, statistics
from core.preprocessing import Preprocessing
from core.registry import Registry
from core.scope import Gaussian, Scope, check, fit_scope, scope, scopes
from tests.toy import ToyEncoder, write_model

SIZE = 64


def discs(n, seed, channels=1, size=SIZE):
    """A made-up domain: a bright disc of varying size and place on a dark, smooth ground."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    found = []
    for _ in range(n):
        cy, cx, r = 0.5 + rng.normal(0, 0.03, 3)
        disc = 1 / (1 + np.exp((np.hypot(y - cy, x - cx) - r * 0.6) * 25))
        image = 30 + 150 * disc * rng.uniform(0.85, 1.1) + rng.normal(0, 3, (size, size))
        found.append(np.clip(image, 0, 255))
    return np.stack(found).astype(np.uint8)[..., None].repeat(channels, -1)


@pytest.fixture
def domain():
    made = domains.Domain(
        "discs", "Disc", "made up", "head", 1, SIZE, (domains.ImageClass("disc", "Disc"),),
        (domains.Task("t", "t", ("disc",), {"disc": "disc"}),), (),
    )  # fmt: skip
    yield domains.register(made)
    domains.unregister("discs")


@pytest.fixture(autouse=True)
def few_photographs(monkeypatch):
    monkeypatch.setattr("core.evaluate.foreign.NATURAL", ("camera", "coffee"))
    monkeypatch.setattr("core.evaluate.foreign.MEDICAL", ("cell",))
    monkeypatch.setattr("core.evaluate.encoder.EACH", 4)
    monkeypatch.setattr("core.evaluate.encoder.DEGRADED", 2)


@pytest.fixture
def data(domain):
    n = 260
    split = np.array(["train"] * 160 + ["val"] * 60 + ["test"] * 40)
    return DomainData(
        domain, Preprocessing(size=SIZE), [], discs(n, 0), np.zeros(n, np.int64), split,
        split == "test", np.arange(n), [""] * n, np.zeros((n, 32), np.uint8), {},
    )  # fmt: skip


@pytest.fixture
def registry(tmp_path):
    card = Card("shared/encoder", "shared", "encoder", "toy_encoder", "Toy encoder")
    write_model(tmp_path, card, ToyEncoder(), None)
    return Registry(tmp_path, torch.device("cpu"))


def test_gaussian_distance_is_mahalanobis(rng):
    points = rng.normal(size=(4000, 3)) * [1, 2, 5] + [3, 0, 0]
    fitted = Gaussian.fit(points)
    far = fitted.distance(np.array([[3.0, 0, 0], [5, 0, 0], [3, 4, 0], [3, 0, 10]]))
    np.testing.assert_allclose(far, [0, 2, 2, 2], atol=0.15)


def test_scope_keeps_99_percent_of_what_it_was_set_on(rng, tmp_path):
    train = rng.normal(size=(500, 8)), rng.normal(size=(500, 4))
    held = rng.normal(size=(300, 8)), rng.normal(size=(300, 4))
    fitted = Scope.fit(train, held)
    assert np.mean(fitted.distance(*held) <= fitted.limit) == pytest.approx(0.99, abs=0.004)
    fitted.save(tmp_path / "scope.safetensors")
    again = Scope.load(tmp_path / "scope.safetensors")
    np.testing.assert_allclose(again.distance(*held), fitted.distance(*held), rtol=1e-5)


def test_own_images_stay_and_foreign_ones_are_refused(registry, data):
    fit_scope(registry, data)
    assert scope(registry, discs(1, 99)[0], "discs").in_scope
    rng = np.random.default_rng(1)
    strangers = noise(8, rng) + blank(8, rng) + writing(8, rng)
    refused = [not d.in_scope for d in scopes(registry, strangers, "discs")]
    assert np.mean(refused) > 0.95
    found = evaluate_scope(registry, data, {"other": strangers})
    assert found["kept"]["test"]["rate"] >= 0.9
    assert found["refused"]["other"]["n"] == 24
    assert found["refused_all"]["rate"] > 0.95


def test_a_coloured_picture_is_not_of_a_grey_domain(registry, data):
    fit_scope(registry, data)
    coloured = discs(1, 99, 3)[0].copy()
    coloured[..., 2] //= 4
    decision = scope(registry, coloured, "discs")
    assert not decision.in_scope
    assert "unlike the Disc" in decision.message


def test_decision_accepts_float_and_any_size(registry, data):
    fit_scope(registry, data)
    large = discs(1, 5, size=2 * SIZE)[0, ..., 0]
    a = scope(registry, large, "discs")
    b = scope(registry, large.astype(np.float32) / 255, "discs")
    assert a.distance == pytest.approx(b.distance, rel=1e-4)
    assert a.nearest_domain == "discs"


def test_scope_file_is_named_and_hashed_in_the_card(registry, data):
    fit_scope(registry, data)
    card = registry.card("shared/encoder")
    assert "scope-discs.safetensors" in card.files
    assert card.calibration["scope"]["discs"]["n_held_out"] == 60
    assert registry.status("shared/encoder").verified


def test_unfitted_domain_says_what_to_run(registry, domain):
    with pytest.raises(CheckpointError, match="evaluate encoder --domain discs"):
        scope(registry, discs(1, 0)[0], "discs")
    assert check(registry, [discs(1, 0)[0]], "discs") == [{"checked": False, "in_scope": True}]
    assert scopes(registry, [], "discs") == []


def test_evaluation_writes_metrics_beside_the_encoder(registry, data):
    result = evaluate(registry, "shared/encoder", data)
    stored = read_metrics(registry.folder("shared/encoder"))
    assert stored["domains"]["discs"]["scope"]["kept"] == result["scope"]["kept"]
    assert "JPEG quality 75" in result["scope"]["kept_after"]
    assert check(registry, list(discs(2, 7)), "discs")[0]["checked"]


def test_statistics_of_known_images():
    flat = np.full((1, 64, 64, 1), 128, np.uint8)
    assert entropy(flat[..., 0] / 255.0)[0] == pytest.approx(0, abs=1e-6)
    red = np.zeros((1, 64, 64, 3), np.uint8)
    red[..., 0] = 255
    assert chroma(red)[0] == 1.0 and chroma(flat)[0] == 0.0
    assert statistics(np.concatenate([flat, flat])).shape == (2, 17)
    even = np.arange(64 * 64).reshape(1, 64, 64) % 32 / 32 + 0.01
    assert entropy(even)[0] == pytest.approx(5, abs=1e-6)


def test_foreign_images_are_seeded_and_of_many_kinds():
    a, b = foreign_images(3, each=4), foreign_images(3, each=4)
    assert set(a) == {"photographs", "other_medical", "print", "text", "noise", "blank"}
    assert all(np.array_equal(x, y) for k in a for x, y in zip(a[k], b[k]))
    assert all(i.dtype == np.uint8 and i.ndim in (2, 3) for k in a for i in a[k])
