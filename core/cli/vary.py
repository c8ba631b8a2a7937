"""`vary` and `findings`: images like a given one, and what a classifier sees in one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.inputs import read
from core.cli.output import DomainId, Json, Model, counter, domain_of, emit, reported, say
from core.errors import SynthLensError

One = Annotated[Path, typer.Argument(metavar="PATH", help="An image file.")]
_CLASS = typer.Option("--class", help="Image class; what a classifier sees in it by default.")
_STRENGTH = typer.Option(min=0, max=1, help="0 gives the image back, 1 forgets it.")


def vary(
    path: One,
    domain: DomainId,
    out: Annotated[Path, typer.Option(help="Folder for images and manifest.json.")],
    label: Annotated[str | None, _CLASS] = None,
    model: Model = None,
    n: Annotated[int, typer.Option("--n", min=1, help="How many images.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="Image i has seed + i.")] = 0,
    strength: Annotated[float, _STRENGTH] = 0.6,
    as_json: Json = False,
) -> None:
    """Write variations of a given image, drawn by a latent diffusion model."""
    with reported():
        known = domain_of(domain)
        pixels = _pixels(path)
        from core.registry import default_registry
        from core.services import export, variation

        registry = default_registry()
        chosen = label or _inferred(variation.infer_class(registry, pixels, domain))
        if chosen not in known.class_ids:
            raise SynthLensError(f"Choose a class of: {', '.join(known.class_ids)}.")
        show = counter("images")
        made = variation.vary(
            registry, pixels, domain, chosen, n, seed, strength, model,
            progress=lambda share, _: show(round(share * n), n),
        )  # fmt: skip
        for image, file in zip(made, export.write_folder(made, out)):
            line = {"path": str(file), "class": image.class_id, "seed": image.seed}
            emit(line | {"model": image.model, "options": image.options}, as_json, str(file))


def _inferred(seen: Any) -> str:
    """The first image class that fits what a classifier saw; which ones do is said."""
    fitting = ", ".join(seen.classes)
    say(f"{seen.model} sees {seen.label} ({seen.probability:.2f}), which fits: {fitting}.")
    return str(seen.classes[0])


def findings(path: One, domain: DomainId, model: Model = None, as_json: Json = False) -> None:
    """Describe an image as a classifier and its activation map see it; never a diagnosis."""
    with reported():
        domain_of(domain)
        pixels = _pixels(path)
        from core.registry import default_registry
        from core.services import findings as service

        found = service.simulate(default_registry(), pixels, domain, model)
        extent = "" if found.extent is None else f", {found.band} ({found.extent:.0%})"
        place = f", {found.zone}" if found.zone else ""
        text = f"{found.condition} ({found.probability:.2f}){place}{extent}. {service.NOTICE}"
        emit({"path": str(path), **asdict(found), "notice": service.NOTICE}, as_json, text)


def _pixels(path: Path) -> Any:
    entry = next(read([path]))
    if entry.pixels is None:
        raise SynthLensError(str(entry.error))
    return entry.pixels


COMMANDS = (vary, findings)
