"""Where each model family's builder is: imported when a checkpoint of it is first loaded.

Some families bring libraries whose import takes seconds; the first page needs none of them.
"""

from __future__ import annotations

from importlib import import_module

MODULES = {
    "autoencoder-kl": "core.models.autoencoder",
    "cnn": "core.models.cnn",
    "critic": "core.models.gan.image_critic",
    "cyclegan": "core.models.translation.cyclegan",
    "dcgan": "core.models.gan.dcgan",
    "detector": "core.models.detector",
    "encoder": "core.models.encoder",
    "latent-diffusion": "core.models.diffusion",
    "resnet": "core.models.resnet",
    "stylegan2": "core.models.gan.stylegan2",
    "text-diffusion": "core.models.text_diffusion",
    "text-gan": "core.models.text_gan",
    "vit": "core.models.vit",
    "wgan-gp": "core.models.gan.wgan_gp",
}


def load(name: str) -> None:
    """Import the module that registers a family's builder, where it is one of ours."""
    if name in MODULES:
        import_module(MODULES[name])
