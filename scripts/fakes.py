"""Fakes a domain's detector trains on: `PYTHONPATH=. python scripts/fakes.py DOMAIN [--count 24]`.

Two families at several seeds, samplers, guidance scales and truncations, into out/fakes/DOMAIN.
WGAN-GP and DCGAN are kept out: they stay generators that no detector ever saw. A folder that is
there already is left alone.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from core import domains
from core.registry import default_registry
from core.services.export import write_folder
from core.services.generation import generate

KINDS: tuple[tuple[str, str, float, int, dict[str, float]], ...] = (
    # folder, model, images as multiples of `count`, first seed, sampling options
    ("diffusion", "latent-diffusion", 1.0, 5000, {}),
    ("diffusion-few-steps", "latent-diffusion", 1.0, 6000, {"steps": 8, "guidance": 1.0}),
    ("diffusion-guided", "latent-diffusion", 0.4, 7000, {"steps": 10, "guidance": 3.0}),
    ("stylegan2", "stylegan2", 2.0, 5000, {"truncation": 1.0}),
    ("stylegan2-truncated", "stylegan2", 1.0, 6000, {"truncation": 0.6}),
)


def main() -> None:
    """Draw what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("domain", choices=[d.id for d in domains.all_domains()])
    parser.add_argument("--count", type=int, default=24, help="images a class, kind and seed range")
    parser.add_argument("--out", type=Path, default=Path("out/fakes"))
    given = parser.parse_args()
    registry = default_registry()
    for name, model, share, seed, options in KINDS:
        for label in registry.card(f"{given.domain}/{model}").classes:
            folder = given.out / given.domain / name / label
            if (folder / "manifest.json").exists():
                continue
            n = max(1, round(share * given.count))
            images = generate(
                registry, given.domain, f"{given.domain}/{model}", label, n, seed, options
            )
            write_folder(images, folder, "png")
            print(f"{folder}: {n} images", flush=True)


if __name__ == "__main__":
    main()
