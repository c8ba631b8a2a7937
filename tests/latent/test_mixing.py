import pytest
import torch

from core.latent.mixing import layer_groups, mix


@pytest.mark.parametrize("layers", [1, 2, 5, 11])
def test_groups_cover_every_layer_once_and_in_order(layers):
    groups = layer_groups(layers)
    assert [i for group in groups.values() for i in group] == list(range(layers))
    assert all(groups.values())


def test_mixing_takes_the_named_layers_only():
    w, other = torch.zeros(1, 5, 3), torch.ones(1, 5, 3)
    mixed = mix(w, other, (0, 4))
    assert mixed[0, :, 0].tolist() == [1, 0, 0, 0, 1]
    assert w.sum() == 0
    assert torch.equal(mix(w, other, tuple(range(5))), other)
