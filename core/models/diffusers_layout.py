"""Save a latent diffusion model in diffusers' own folder layout, so that it opens elsewhere."""

from __future__ import annotations

from pathlib import Path

from diffusers import AutoencoderKL, DPMSolverMultistepScheduler, UNet2DModel

from core.cards import write_json
from core.models.diffusion import LatentDiffusion
from core.models.ode import SHIFT

PARTS = {"unet": UNet2DModel, "vae": AutoencoderKL, "scheduler": DPMSolverMultistepScheduler}


def save(model: LatentDiffusion, classes: list[str], folder: Path) -> None:
    """Write `unet/`, `vae/`, `scheduler/` and `model_index.json`.

    The autoencoder works on pixels folded by `fold` (`torch.nn.functional.pixel_unshuffle`), and
    the UNet on latents whitened by the mean and standard deviation in the VAE's config.

    Args:
        model: a latent diffusion model.
        classes: names of its condition ids; one more id means "no class".
        folder: where to write; made if needed.
    """
    autoencoder = model.autoencoder
    autoencoder.kl.register_to_config(
        latents_mean=autoencoder.mean.flatten().tolist(),
        latents_std=autoencoder.std.flatten().tolist(),
    )
    solver = DPMSolverMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=SHIFT
    )
    parts = {"unet": model.unet, "vae": autoencoder.kl, "scheduler": solver}
    for name, part in parts.items():
        part.save_pretrained(folder / name)
    index = {n: ["diffusers", c.__name__] for n, c in PARTS.items()}
    extra = {"fold": autoencoder.fold, "classes": [*classes, "none"], "channels": model.channels}
    write_json(folder / "model_index.json", {"_class_name": "DiffusionPipeline", **index, **extra})
