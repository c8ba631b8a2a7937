"""`explain`: overlays, raw maps, JSON."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.toy import write_images


@pytest.fixture
def image(tmp_path):
    return write_images(tmp_path / "in", 1)[0]


def test_files_of_every_method(core, image, tmp_path):
    answer = core(
        "explain", image, "--domain", "chest_xray", "--model", "toy-cnn", "--methods",
        "gradcam,ig", "--target", "PNEUMONIA", "--out", tmp_path / "o", "--no-metrics", "--json",
        "--report", tmp_path / "r.pdf",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")
    line = answer.lines[0]
    assert line["model"] == "chest_xray/toy-cnn" and line["target"] == "PNEUMONIA"
    assert line["path"] == str(image) and line["methods"] == ["gradcam", "ig"]
    for method in ("gradcam", "ig"):
        values = np.load(tmp_path / "o" / f"a_{method}.npy")
        assert values.shape == (32, 32) and values.dtype == np.float32
        with Image.open(tmp_path / "o" / f"a_{method}.png") as overlay:
            assert overlay.size == (32, 32)
    written = json.loads((tmp_path / "o" / "a_explanation.json").read_text())
    assert written["prediction"] == line["prediction"] and "settings" in written


@pytest.mark.slow
def test_metrics_stand_beside_random_and_edge_maps(core, image, tmp_path):
    answer = core(
        "explain", image, "--domain", "chest_xray", "--model", "toy-cnn", "--methods", "gradcam",
        "--out", tmp_path / "o", "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert {"gradcam", "random", "edge", "centre"} <= set(answer.lines[0]["metrics"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--domain", "knee"), "Unknown domain"),
        (("--model", "absent"), "no model"),
        (("--domain", "brain_mri", "--model", "chest_xray/toy-cnn"), "belongs to"),
        (("--methods", "guess"), "choose from"),
        (("--target", "FLU"), "FLU"),
        (("--target", "NORMAL", "--against", "NORMAL"), "two different classes"),
        (("--baseline", "pink"), "averaged"),
        (("--report", "notes.txt"), ".html or .pdf"),
    ],
)
def test_wrong_usage(core, image, tmp_path, change, message):
    base = (
        "explain",
        image,
        "--domain",
        "chest_xray",
        "--model",
        "toy-cnn",
        "--out",
        tmp_path / "o",
    )
    answer = core(*base, "--no-metrics", *change)
    assert answer.code == 2 and message in answer.err, answer.err


def test_an_unreadable_image_is_a_failed_input(core, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no")
    answer = core(
        "explain", tmp_path / "bad.png", "--domain", "chest_xray", "--model", "toy-cnn",
        "--out", tmp_path / "o", "--json",
    )  # fmt: skip
    assert answer.code == 3 and set(answer.lines[0]) == {"path", "error"}


def test_a_generator_is_traced(core, tmp_path):
    answer = core(
        "explain-generator", "--domain", "chest_xray", "--model", "toy-gan", "--class", "viral",
        "--out", tmp_path, "--scorer", "toy-cnn", "--target", "PNEUMONIA", "--json",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    line = answer.lines[0]
    assert sum(line["share_by_layer"]) == pytest.approx(1)
    assert np.load(tmp_path / "viral_1_w.npy").shape == (2, 5)
    assert (tmp_path / "viral_1_image.png").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("--region", "1,2"), "four numbers"),
        (("--region", "0.5,0,0.5,1"), "some width"),
        (("--model", "toy-diffusion"), "no diffusion UNet"),
        (("--model", "toy-cnn"), "choose a GAN"),
    ],
)
def test_what_cannot_be_traced(core, tmp_path, change, message):
    base = ("explain-generator", "--domain", "chest_xray", "--model", "toy-gan", "--class", "viral")
    answer = core(*base, "--out", tmp_path, *change)
    assert answer.code == 2 and message in answer.err, answer.err


def test_a_counterfactual_needs_the_autoencoder(core, image, tmp_path):
    answer = core(
        "counterfactual", image, "--domain", "chest_xray", "--model", "toy-cnn", "--out", tmp_path
    )
    assert answer.code == 2 and "autoencoder-128" in answer.err, answer.err
