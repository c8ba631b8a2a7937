import numpy as np
import pytest
import torch

from core import domains
from core.cards import Card, read_metrics, write_json
from core.data.dataset import DomainData
from core.errors import CheckpointError, DataError
from core.evaluate import sampling
from core.evaluate.classification_score import network, probe
from core.evaluate.diversity import intra_class, scales
from core.evaluate.features import find_encoder
from core.evaluate.generator import evaluate, summarise
from core.evaluate.reconstruction import evaluate as evaluate_autoencoder
from core.evaluate.reconstruction import likeness
from core.models.base import Generator, family
from core.preprocessing import Preprocessing
from core.registry import Registry
from tests.toy import ToyEncoder, write_model

SIZE, CLASSES = 32, ("dark", "light")


def pictures(classes, seed, grain=6.0, blur=False):
    """Made-up images: random coarse blobs on a ground whose brightness is the class."""
    rng = np.random.default_rng(seed)
    ground = 60 + 70 * np.asarray(classes)[:, None, None]
    blobs = np.kron(rng.normal(0, 25, (len(classes), 8, 8)), np.ones((1, 4, 4)))
    image = ground + blobs + rng.normal(0, grain, (len(classes), SIZE, SIZE))
    if blur:
        image = sum(np.roll(image, s, a) for s in (-1, 0, 1) for a in (1, 2)) / 6
    return np.clip(image, 0, 255).astype(np.uint8)[..., None]


class Painter(Generator):
    """Draws made-up images, as good as real or blurred; `copy` returns one picture for all."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.mode, self.weight = mode, torch.nn.Parameter(torch.zeros(1))

    def sample(self, labels, seeds, progress=None, **options):
        made = []
        for label, seed in zip(labels.tolist(), seeds):
            source = 0 if self.mode == "copy" else seed + 1000
            made.append(pictures([label], source, blur=self.mode == "soft"))
        return Preprocessing(size=SIZE).normalise(np.concatenate(made))


class Mirror(torch.nn.Module):
    """An autoencoder that loses nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def encode(self, x):
        return x

    def decode(self, z, channels=3, seeds=None):
        return z[:, :channels]


@family("toy_painter")
def _painter(config, load):
    return Painter(config["mode"])


@family("toy_mirror")
def _mirror(config, load):
    return Mirror()


def blobs():
    """A registered domain of made-up images; `domains.unregister("blobs")` afterwards."""
    made = domains.Domain(
        "blobs", "Blobs", "made up", "head", 1, SIZE,
        tuple(domains.ImageClass(c, c) for c in CLASSES),
        (domains.Task("t", "t", CLASSES, {c: c for c in CLASSES}),), (),
    )  # fmt: skip
    domains.register(made)
    n = 180
    classes = np.arange(n) % 2
    split = np.array(["train"] * 120 + ["val"] * 60)
    return DomainData(
        made, Preprocessing(size=SIZE), [], pictures(classes, 0), classes, split,
        split == "test", np.arange(n), [""] * n, np.zeros((n, 32), np.uint8), {},
    )  # fmt: skip


@pytest.fixture
def data():
    yield blobs()
    domains.unregister("blobs")


def write_painters(root):
    """Generators of those images, good and bad, with an encoder and an autoencoder."""

    def add(name, task, family_name, config, module, classes=()):
        card = Card(name, name.split("/")[0], task, family_name, name, config, list(classes))
        card.preprocessing = Preprocessing(size=SIZE).to_dict()
        write_model(root, card, module, None)

    add("shared/encoder", "encoder", "toy_encoder", {}, ToyEncoder())
    add("shared/mirror", "autoencoder", "toy_mirror", {}, Mirror())
    for mode in ("good", "soft", "copy"):
        config = {"mode": mode}
        add(f"blobs/{mode}", "generator", "toy_painter", config, Painter(mode), CLASSES)
    return Registry(root, torch.device("cpu"))


@pytest.fixture
def registry(tmp_path, monkeypatch):
    monkeypatch.setattr("core.data.cache.FOLDER", tmp_path / "cache")
    return write_painters(tmp_path)


def test_figures_of_a_perfect_generator_are_near_those_of_real_images(registry, data):
    found = evaluate(registry, "blobs/good", data, n=60, seeds=(0, 1, 2))
    assert found["n"] == 60 and found["seeds"] == [0, 1, 2]
    assert found["class_counts"] == {"dark": 30, "light": 30}
    assert found["fid_ratio"] == pytest.approx(1, abs=0.25)
    assert found["ratios"]["lbp"]["mean"] > 0.5 and found["ratios"]["spectrum"]["mean"] > 0.5
    assert found["coverage"] > 0.8 and abs(found["kid"]) < 0.03
    assert not found["copies"]["pixel"]["exceeds_held_out"]
    assert found["copies"]["feature"]["synthetic"]["n"] == 180
    assert found["classification_score"]["balanced_accuracy"] > 0.9
    assert found["ms_ssim"]["synthetic"]["mean"] == pytest.approx(
        found["ms_ssim"]["real"]["mean"], abs=0.1
    )
    assert set(found["per_class"]) == set(CLASSES)


def test_softness_shows_in_texture_and_is_written_beside_the_checkpoint(registry, data):
    write_json(registry.folder("blobs/soft") / "metrics.json", {"bench": 1})
    found = evaluate(registry, "blobs/soft", data, n=60, seeds=(0, 1))
    assert found["ratios"]["lbp"]["mean"] < 0.2
    assert found["ratios"]["spectrum"]["mean"] < 0.3
    stored = read_metrics(registry.folder("blobs/soft"))
    assert stored["fid_ratio"] == found["fid_ratio"] and stored["bench"] == 1
    assert "shared/encoder" in stored["features"]["encoder"]


def test_collapse_shows_in_recall_and_diversity(registry, data):
    found = evaluate(registry, "blobs/copy", data, n=40, seeds=(0,))
    assert found["recall"] < 0.2 and found["coverage"] < 0.4
    assert found["fid_ratio"] < 0.5
    assert found["ms_ssim"]["synthetic"]["mean"] > found["ms_ssim"]["real"]["mean"] + 0.3


def test_another_resolution_and_empty_splits_are_refused(registry, data):
    with pytest.raises(DataError, match="No held-out image"):
        evaluate(registry, "blobs/good", data, splits=("test",))
    data.images = np.zeros((180, 16, 16, 1), np.uint8)
    with pytest.raises(DataError, match="32 pixels"):
        evaluate(registry, "blobs/good", data)


def test_lossless_autoencoder_reaches_the_ceiling(registry, data):
    found = evaluate_autoencoder(registry, "shared/mirror", data, n=60)
    assert found["ssim"] == pytest.approx(1)
    assert all(r == pytest.approx(1, rel=1e-3) for r in found["ratios"].values())
    stored = read_metrics(registry.folder("shared/mirror"))
    assert stored["domains"]["blobs"]["n"] == 60


def test_psnr_has_its_closed_form():
    a = np.full((2, 16, 16, 1), 100, np.uint8)
    found = likeness(a, a + 10)
    assert found["psnr"] == pytest.approx(20 * np.log10(255 / 10), rel=1e-6)


def test_same_seed_same_images_whatever_the_batch(registry):
    loaded = registry.get("blobs/good")
    classes = np.array([0, 1, 1])
    a, b = (sampling.draw(loaded, classes, 4, batch=size) for size in (1, 3))
    np.testing.assert_array_equal(a, b)
    assert (sampling.draw(loaded, classes, 5) != a).any()


def test_subset_and_matching_keep_class_shares(rng):
    classes = np.repeat([0, 1, 2], [50, 30, 20])
    rows = sampling.subset(classes, 10, rng)
    assert np.bincount(classes[rows]).tolist() == [5, 3, 2]
    assert len(sampling.subset(classes, 1000, rng)) == 100
    other = sampling.alike(np.array([0, 0, 2]), classes, rng)
    assert sorted(classes[other]) == [0, 0, 2] and len(set(other)) == 3
    with pytest.raises(DataError, match="Too few"):
        sampling.alike(np.array([3]), classes, rng)


def test_summary_gives_mean_and_spread_over_seeds():
    names = ("kid", "kid_subset_sd", "precision", "recall", "density", "coverage")
    one = dict.fromkeys(names, 0.0)
    rounds = [
        {**one, "kid": v, "frechet": {"encoder": 2.0}, "ratios": {"encoder": v}} for v in (0.2, 0.4)
    ]
    found = summarise(rounds)
    assert found["kid"] == pytest.approx(0.3)
    assert found["fid_ratio_sd"] == pytest.approx(np.std([0.2, 0.4], ddof=1))
    assert found["frechet"]["encoder"] == {"mean": 2.0, "sd": 0.0}


def test_encoder_of_the_domain_comes_before_the_shared_one(registry, tmp_path):
    assert find_encoder(registry, "blobs").card.id == "shared/encoder"
    card = Card("blobs/own", "blobs", "encoder", "toy_encoder", "Own")
    write_model(tmp_path, card, ToyEncoder(), None)
    assert find_encoder(registry, "blobs").card.id == "blobs/own"
    with pytest.raises(CheckpointError, match="no encoder"):
        find_encoder(Registry(tmp_path / "none"), "blobs")


def test_probe_and_network_learn_separated_classes(monkeypatch):
    classes = np.arange(96) % 2
    tested = pictures(classes[:20], 5)
    flat = pictures(classes, 4).reshape(96, -1) / 255
    assert (probe(flat, classes, tested.reshape(20, -1) / 255) == classes[:20]).mean() > 0.9
    assert (probe(flat[:3], np.zeros(3), flat[:2]) == 0).all()
    monkeypatch.setattr("core.evaluate.classification_score.EPOCHS", 8)
    few = classes[:32]
    assert (network(pictures(few, 4), few, tested, 2) == classes[:20]).mean() > 0.8


def test_similarity_is_one_for_repeats_and_weights_sum_to_one(rng):
    same = np.repeat(pictures([0], 1), 4, 0)
    assert intra_class(same, np.zeros(4), pairs=3)["mean"] == pytest.approx(1, abs=1e-4)
    assert sum(scales(128)) == pytest.approx(1) and len(scales(128)) == 5
    assert len(scales(32)) == 3
    assert intra_class(same, np.arange(4))["pairs"] == 0
