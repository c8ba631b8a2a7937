"""A small StyleGAN2 in pixel space, untrained: two classes, 16 px."""

import torch

from core.models.base import build

CONFIG = {
    "space": "pixel",
    "channels": 1,
    "classes": 2,
    "size": 16,
    "z_dim": 8,
    "w_dim": 8,
    "widths": [8, 8, 8],
    "encoder_widths": [],
    "mapping": 2,
}


def small_stylegan2(**changes):
    """The same weights every time."""
    torch.manual_seed(0)
    model = build("stylegan2", CONFIG | changes, None)
    model.update_mean(64)
    return model.eval().requires_grad_(False)


def codes(model, n=4, label=0, seed=0):
    """Random w, (n, layers, w_dim)."""
    draw = torch.Generator().manual_seed(seed)
    z = torch.randn(n, model.z_dim, generator=draw)
    return model.map(z, torch.full((n,), label)).contiguous()


def write_small(root, domain_id="chest_xray"):
    """The same model as a checkpoint beside the toy ones; returns its id."""
    from core import domains
    from core.cards import Card
    from core.preprocessing import Preprocessing
    from tests.toy import SIZE, write_model

    domain = domains.get(domain_id)
    config = CONFIG | {"channels": domain.channels, "classes": len(domain.classes), "size": SIZE}
    config |= {"widths": [8, 8, 8, 8]}
    recipe = Preprocessing(size=SIZE, channels=domain.channels).to_dict()
    card = Card(
        f"{domain_id}/small-style", domain_id, "generator", "stylegan2", "Small style",
        config, list(domain.class_ids), recipe, limits=["Untrained."], licence="MIT",
    )  # fmt: skip
    module = small_stylegan2(**config)
    return write_model(root, card, module, {"fid_ratio": 0.1, "n": 8}).id
