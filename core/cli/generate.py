"""`generate`: synthetic images of a class into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.output import DomainId, Json, Model, counter, domain_of, emit, reported, say
from core.errors import SynthLensError

_COUNT = typer.Option("--n", min=1, help="How many images.")
_SEED = typer.Option(min=0, help="Seed of the first image; image i has seed + i.")
_CLASS = typer.Option("--class", help="Image class or task label.", show_default=False)
_STEPS = typer.Option(min=1, help="Sampling steps of a diffusion model.")
_GUIDANCE = typer.Option(min=0, help="Classifier-free guidance of a diffusion model.")
_TRUNCATION = typer.Option(min=0, max=1, help="Truncation of a GAN, 0 to 1.")
_FORMAT = typer.Option("--format", help="png or dicom.")


def generate(
    domain: DomainId,
    label: Annotated[str, _CLASS],
    out: Annotated[Path, typer.Option(help="Folder for images and manifest.json.")],
    model: Model = None,
    n: Annotated[int, _COUNT] = 1,
    seed: Annotated[int, _SEED] = 0,
    steps: Annotated[int | None, _STEPS] = None,
    guidance: Annotated[float | None, _GUIDANCE] = None,
    truncation: Annotated[float | None, _TRUNCATION] = None,
    format: Annotated[str, _FORMAT] = "png",
    as_json: Json = False,
) -> None:
    """Write synthetic images and manifest.json; the same seed gives the same bytes."""
    with reported():
        _check(domain, label, format)
        from core.registry import default_registry
        from core.services import export, generation

        given = {"steps": steps, "guidance": guidance, "truncation": truncation}
        options = {k: v for k, v in given.items() if v is not None}
        show = counter("images")
        images = generation.generate(
            default_registry(), domain, model, label, n, seed, options,
            lambda share, _: show(round(share * n), n),
        )  # fmt: skip
        for image, path in zip(images, export.write_folder(images, out, format)):
            emit(_line(image, path), as_json, str(path))
        for note in {image.note for image in images} - {""}:
            say(note)


def _check(domain: str, label: str, format: str) -> None:
    """Refuse unknown names before anything heavy is imported."""
    try:
        domain_of(domain).members(label)
    except KeyError as error:
        raise SynthLensError(str(error.args[0])) from error
    if format not in ("png", "dicom"):
        raise SynthLensError(f"Unknown format '{format}'; choose one of: png, dicom.")


def _line(image: Any, path: Path) -> dict[str, Any]:
    line = {"path": str(path), "domain": image.domain, "model": image.model}
    return line | {"class": image.class_id, "seed": image.seed, "options": image.options}


COMMANDS = (generate,)
