"""A made-up data set and small configurations for training tests."""

import numpy as np

from core import domains
from core.data.dataset import DomainData
from core.data.items import Item
from core.preprocessing import Preprocessing

AUTOENCODER = {
    "family": "autoencoder-kl",
    "fold": 4,
    "latent_channels": 8,
    "widths": [16, 16],
    "layers": 1,
}
DIFFUSION = {
    "family": "latent-diffusion",
    "autoencoder": "shared/ae",
    "channels": 1,
    "classes": 4,
    "latent_channels": 8,
    "latent_size": 4,
    "widths": [16, 32],
    "attention": [False, True],
    "layers": 1,
}


def data(size: int = 32, n: int = 40, domain: str = "chest_xray") -> DomainData:
    """Brightness tells the class; every tenth image is for validation, every fifth for test."""
    rng = np.random.default_rng(0)
    where = domains.get(domain)
    index = np.arange(n) % len(where.class_ids)
    shape = (n, size, size, where.channels)
    images = np.clip(60 * index[:, None, None, None] + rng.integers(0, 40, shape), 0, 255)
    split = np.where(
        np.arange(n) % 10 == 0, "val", np.where(np.arange(n) % 5 == 1, "test", "train")
    )
    items = [Item("x", f"{k}", "s", where.class_ids[c], "train") for k, c in enumerate(index)]
    return DomainData(
        where,
        Preprocessing(size=size, channels=where.channels),
        items,
        images.astype(np.uint8),
        index.astype(np.int64),
        split,
        split == "test",
        np.arange(n),
        [str(k) for k in range(n)],
        rng.integers(0, 256, (n, 32), dtype=np.uint8),
        {"x.zip": "0" * 64},
    )
