"""The three classifier families: shapes, class activation maps, gradients, round trips."""

import pytest
import torch

from core.models.base import Classifier, build

SETTINGS = {
    "cnn": {"size": 32, "widths": [4, 8, 8], "dense": 16},
    "resnet": {"width": 8, "blocks": [1, 1, 1, 1]},
    "vit": {"size": 32, "patch": 8, "dim": 16, "depth": 2, "heads": 2},
}


def make(name: str, **more) -> Classifier:
    torch.manual_seed(0)
    settings = {"channels": 1, "classes": 3, **SETTINGS[name], **more}
    return build(name, settings, lambda _: None).eval()


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("channels", [1, 3])
def test_logits_and_features_have_the_promised_shape(name, channels):
    model = make(name, channels=channels)
    x = torch.randn(2, channels, 32, 32)
    assert model(x).shape == (2, 3)
    assert model.features(x).shape[0] == 2 and model.features(x).ndim == 2


@pytest.mark.parametrize("name", SETTINGS)
def test_the_cam_layer_sees_maps_that_the_logits_depend_on(name):
    model, seen = make(name), []
    with torch.no_grad():  # the transformer's head starts at zero
        for parameter in list(model.parameters())[-2:]:
            torch.nn.init.normal_(parameter)
    handle = model.cam_layer().register_forward_hook(lambda m, i, o: seen.append(o))
    logits = model(torch.randn(2, 1, 32, 32, requires_grad=True))
    handle.remove()
    grid = model.cam_grid(seen[0])
    assert grid.ndim == 4 and len(grid) == 2 and grid.shape[2] == grid.shape[3] > 0
    gradient = torch.autograd.grad(logits[:, 1].sum(), seen[0])[0]
    assert model.cam_grid(gradient).abs().sum() > 0


def test_vit_tokens_go_back_to_their_places():
    model = make("vit")
    tokens = torch.arange(17.0)[None, :, None].expand(1, 17, 16)  # class token is 0
    grid = model.cam_grid(tokens)
    assert grid.shape == (1, 16, 4, 4)
    assert grid[0, 0, 0].tolist() == [1, 2, 3, 4] and grid[0, 0, 3, 3] == 16


@pytest.mark.parametrize("name", SETTINGS)
def test_a_state_dict_restores_the_same_logits(name):
    one, x = make(name), torch.randn(2, 1, 32, 32)
    torch.manual_seed(9)
    other = build(name, {"channels": 1, "classes": 3, **SETTINGS[name]}, lambda _: None).eval()
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(x), other(x))


def test_stochastic_depth_acts_in_training_only():
    model = make("vit", drop_path=0.9, depth=3)
    torch.nn.init.normal_(model.net.heads.head.weight)
    x = torch.randn(4, 1, 32, 32)
    assert torch.equal(model(x), model(x))
    model.train()
    assert not torch.equal(model(x), model(x))


def test_last_stride_refines_the_activation_map_and_width_shrinks_the_net():
    shapes, sizes = [], []
    for more in ({"last_stride": 2}, {"last_stride": 1, "width": 16}):
        model = make("resnet", **more)
        hook = model.cam_layer().register_forward_hook(lambda m, i, o: shapes.append(o.shape))
        model(torch.randn(1, 1, 64, 64))
        hook.remove()
        sizes.append(sum(p.numel() for p in model.parameters()))
    assert shapes[0][2:] == (2, 2) and shapes[1][2:] == (4, 4)
    assert sizes[0] < sizes[1]


def test_imagenet_weights_need_the_full_width():
    with pytest.raises(ValueError, match="width = 64"):
        make("resnet").load_pretrained()


@pytest.mark.parametrize("name", SETTINGS)
def test_standardised_models_are_blind_to_exposure(name):
    model, x = make(name, standardise=True), torch.rand(2, 1, 32, 32)
    if name == "vit":
        torch.nn.init.normal_(model.net.heads.head.weight)
    assert torch.allclose(model(x), model(x - 0.7), atol=1e-4)
    assert torch.isfinite(model(torch.zeros(1, 1, 32, 32))).all()
