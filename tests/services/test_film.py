import io
import json
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from core.errors import CancelledError, SynthLensError
from core.services import film_export
from core.services.film import MODES, End, film, modes_of
from core.services.generation import generate
from tests.toy import toy_registry

MODEL = "chest_xray/toy-gan"


@pytest.fixture
def registry(tmp_path):
    return toy_registry(tmp_path)


def drawn(registry, class_id, seed):
    return generate(registry, "chest_xray", "toy-gan", class_id, 1, seed)[0].pixels


@pytest.mark.parametrize("mode", ["w", "z"])
def test_both_ends_are_exactly_the_images_of_their_seeds(registry, mode):
    found = film(registry, MODEL, (End("normal", 3), End("covid19", 9)), mode, 7)
    assert found.frames.shape[0] == 7 and found.mode in MODES
    np.testing.assert_array_equal(found.frames[0], drawn(registry, "normal", 3))
    np.testing.assert_array_equal(found.frames[-1], drawn(registry, "covid19", 9))
    assert found.errors == (None, None)
    levels = found.frames.mean((1, 2, 3))
    assert (np.diff(levels) > 0).all()  # from the dark class to the bright one


def test_the_path_is_never_shorter_than_the_straight_line(registry):
    found = film(registry, MODEL, (End("normal", 1), End("normal", 2)), "z", 9)
    assert found.length >= found.straight > 0
    same = film(registry, MODEL, (End("normal", 1), End("normal", 1)), "w", 3)
    assert same.length == pytest.approx(0, abs=1e-5)


def test_an_inverted_upload_is_an_end_in_w(registry):
    code = np.zeros((2, 5), np.float32)
    code[:, 4] = 0.7
    found = film(registry, MODEL, (End("normal", 1), End("normal", code=code)), "w", 3)
    assert found.frames[-1].mean() > found.frames[0].mean() + 100
    with pytest.raises(SynthLensError, match="no code in Z"):
        film(registry, MODEL, (End("normal", 1), End("normal", code=code)), "z", 3)


@pytest.mark.parametrize(
    ("mode", "frames", "label", "said"),
    [
        ("noise", 3, "normal", "offers no way 'Through diffusion noise'"),
        ("w", 1, "normal", "at least two frames"),
        ("w", 3, "glioma", "does not know the class 'glioma'"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_sentence(registry, mode, frames, label, said):
    with pytest.raises(SynthLensError, match=said):
        film(registry, MODEL, (End(label, 1), End("normal", 2)), mode, frames)


def test_progress_is_told_and_can_cancel(registry):
    shares = []
    film(registry, MODEL, (End("normal", 1), End("viral", 2)), "w", 20, shares.append)
    assert shares == [0.4, 0.8, 1.0]

    def cancel(share):
        raise CancelledError("Cancelled.")

    with pytest.raises(CancelledError):
        film(registry, MODEL, (End("normal", 1), End("viral", 2)), "w", 20, cancel)


def test_ways_depend_on_the_family(registry):
    assert modes_of(registry, registry.card(MODEL)) == ["w", "z"]


FRAMES = np.stack([np.full((16, 16, 1), v, np.uint8) for v in (10, 90, 200)])


def test_a_gif_plays_there_and_back_and_says_what_it_is():
    image = Image.open(io.BytesIO(film_export.encode(FRAMES, "gif", "seed 1 to 2")))
    assert image.n_frames == 4 and image.size == (256, 256)
    assert b"SYNTHETIC" in image.info["comment"] and b"seed 1 to 2" in image.info["comment"]
    straight = film_export.encode(FRAMES, "gif", bounce=False)
    assert Image.open(io.BytesIO(straight)).n_frames == 3


@pytest.mark.parametrize("channels", [1, 3])
def test_an_mp4_holds_every_frame(channels):
    av = pytest.importorskip("av")
    data = film_export.encode(np.repeat(FRAMES, channels, 3), "mp4", bounce=False)
    with av.open(io.BytesIO(data)) as container:
        levels = [f.to_ndarray(format="gray").mean() for f in container.decode(video=0)]
        assert "SYNTHETIC" in container.metadata["comment"]
    assert levels == pytest.approx([10, 90, 200], abs=20) and len(levels) == 3


def test_frames_come_with_a_manifest_and_the_same_bytes_each_time():
    data = film_export.encode(FRAMES, "zip", "a note")
    assert data == film_export.encode(FRAMES, "zip", "a note")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert manifest["synthetic"] and manifest["frames"] == 3 and manifest["note"] == "a note"
        frame = Image.open(io.BytesIO(archive.read("frame_002.png")))
        assert np.asarray(frame).mean() == 200


def test_other_formats_are_refused():
    with pytest.raises(SynthLensError, match="choose one of: gif, mp4, zip"):
        film_export.encode(FRAMES, "avi")


def test_torch_is_left_in_its_usual_mode(registry):
    film(registry, MODEL, (End("normal", 1), End("viral", 2)), "z", 3)
    assert torch.ones(1, requires_grad=True).mul(2).requires_grad


@pytest.fixture
def flow(registry):
    """An untrained latent diffusion model with its autoencoder, as checkpoints."""
    from core.cards import Card
    from core.models.base import build
    from core.preprocessing import Preprocessing
    from tests.toy import SIZE, write_model
    from tests.training.tiny import AUTOENCODER, DIFFUSION

    torch.manual_seed(0)
    plain = {k: v for k, v in AUTOENCODER.items() if k != "family"}
    coder = build(AUTOENCODER["family"], plain, None).eval()
    recipe = Preprocessing(size=SIZE).to_dict()
    card = Card(
        "shared/ae", "shared", "autoencoder", AUTOENCODER["family"], "AE", plain, [], recipe
    )
    write_model(registry.root, card, coder, None)
    config = {k: v for k, v in DIFFUSION.items() if k != "family"}
    module = build(DIFFUSION["family"], config, lambda _: coder)
    names = registry.card(MODEL).classes
    card = Card(
        "chest_xray/flow", "chest_xray", "generator", DIFFUSION["family"], "Flow", config, names,
        recipe,
    )  # fmt: skip
    return write_model(registry.root, card, module, None).id


def test_a_film_through_noise_ends_at_the_images_of_its_seeds(registry, flow):
    assert modes_of(registry, registry.card(flow)) == ["noise"]
    shares = []
    ends = End("normal", 3), End("viral", 4)
    found = film(registry, flow, ends, "noise", 4, shares.append)
    for end, frame in zip(ends, (found.frames[0], found.frames[-1])):
        made = generate(registry, "chest_xray", "flow", end.class_id, 1, end.seed)[0].pixels
        assert np.abs(frame.astype(int) - made).max() <= 1  # a batch rounds a little otherwise
    assert shares == sorted(shares) and found.errors == (None, None)


def test_uploads_are_inverted_into_noise_and_their_error_is_told(registry, flow):
    pixels = drawn(registry, "normal", 5).squeeze()
    ends = End("normal", pixels=pixels), End("normal", 1)
    found = film(registry, flow, ends, "noise", 2)
    assert found.errors[0] > 0 and found.errors[1] is None
