import pytest
import torch

from core.models.base import build
from core.models.translation.cyclegan import DIRECTIONS, CycleGan
from core.models.translation.patch_gan import PatchGan
from core.models.translation.resnet_generator import ResnetGenerator

CONFIG = {"size": 32, "width": 4, "dilations": [1, 2], "critic_width": 4}


@pytest.fixture(scope="module")
def model() -> CycleGan:
    torch.manual_seed(0)
    found = build("cyclegan", CONFIG, lambda _: torch.nn.Identity())
    assert isinstance(found, CycleGan)
    return found.eval()


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_translations_keep_shape_and_range(model, direction):
    y = model(torch.rand(2, 1, 32, 32) * 2 - 1, direction)
    assert y.shape == (2, 1, 32, 32)
    assert float(y.detach().abs().max()) <= 1


def test_directions_are_two_networks_that_close_a_cycle(model):
    assert model.generator("mri_to_ct") is model.back("ct_to_mri")
    assert model.critic("mri_to_ct") is model.critic_ct
    with pytest.raises(KeyError, match="mri_to_ct, ct_to_mri"):
        model.generator("ct_to_pet")


def test_an_image_depends_on_no_other_of_its_batch(model):
    x = torch.rand(3, 1, 32, 32) * 2 - 1
    torch.testing.assert_close(model(x)[1:2], model(x[1:2]), rtol=1e-4, atol=1e-5)


def test_a_score_sees_a_patch_of_70_pixels():
    critic = PatchGan(2).eval()
    with torch.no_grad():
        for module in critic.modules():
            if isinstance(module, torch.nn.InstanceNorm2d):
                module.forward = lambda x: x  # the norm sees the whole image
    x = torch.zeros(1, 1, 160, 160, requires_grad=True)
    scores = critic(x)
    middle = scores.shape[-1] // 2
    (slope,) = torch.autograd.grad(scores[0, 0, middle, middle], x)
    rows = slope[0, 0].abs().sum(1).nonzero()
    assert int(rows.max() - rows.min()) + 1 == 70


def test_a_generator_can_learn_the_identity():
    torch.manual_seed(0)
    generator, x = ResnetGenerator(4, (1,)), torch.rand(4, 1, 16, 16) * 2 - 1
    optimiser = torch.optim.Adam(generator.parameters(), 1e-2)
    losses = []
    for _ in range(40):
        loss = (generator(x) - x).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.6 * losses[0]
