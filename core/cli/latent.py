"""Latent spaces: directions, dissection, map, training dynamics, films and inversion."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.output import DomainId, Json, Model, counter, domain_of, emit, reported, say
from core.errors import SynthLensError

_PER_CLASS = typer.Option(min=8, help="Codes per class that directions are found from.")
_N = typer.Option("--n", min=8, help="Other codes that effects are measured on.")
_IMAGES = typer.Option("--n", min=8, help="Images, half to choose thresholds, half to score.")
_TOP = typer.Option(min=1, help="Units per layer whose ablation is measured.")
_POINTS = typer.Option(min=4, help="Images of each class on the map.")
_RUN = typer.Option(help="Folder of the training run: history.jsonl and grids.")
_FROM = typer.Option("--from", help="CLASS:SEED that the film starts at.", show_default=False)
_TO = typer.Option("--to", help="CLASS:SEED that it arrives at.", show_default=False)
_MODE = typer.Option(help="w, z or noise; the model's first by default.")
_FRAMES = typer.Option(min=2, help="Number of frames.")
_FILM = typer.Option(help="File to write: .gif, .mp4 or .zip (frames).")
_CLASS = typer.Option("--class", help="Class the image is taken for.", show_default=False)
_STEPS = typer.Option(min=0, help="Steps of descent; 0 gives the encoder's guess.")


def _progress(what: str) -> Callable[[float], bool]:
    show = counter(what)

    def report(share: float) -> bool:
        show(round(100 * share), 100)
        return True

    return report


def directions(
    domain: DomainId,
    model: Model = None,
    per_class: Annotated[int, _PER_CLASS] = 64,
    n: Annotated[int, _N] = 48,
    as_json: Json = False,
) -> None:
    """Find latent directions, measure their effects and ship both beside the checkpoint."""
    with reported():
        domain_of(domain)
        from core.evaluate.latent import measure_directions
        from core.registry import default_registry
        from core.services.latent import style_model

        registry = default_registry()
        chosen = style_model(registry, domain, model).id
        table = measure_directions(registry, chosen, per_class, n, _progress("directions"))
    for name, row in table.items():
        significant = [e["quantity"] for e in row["effects"] if e["significant"]]
        told = f"{name}: {row['named_by_effect']}; moves {len(significant)} quantities"
        emit({"model": chosen, "direction": name, **row}, as_json, told)


def dissect(
    domain: DomainId,
    model: Model = None,
    n: Annotated[int, _IMAGES] = 32,
    top: Annotated[int, _TOP] = 10,
    as_json: Json = False,
) -> None:
    """Match a style generator's units with segments and measure what goes without each."""
    with reported():
        domain_of(domain)
        from core.evaluate.dissection import dissect as work
        from core.registry import default_registry
        from core.services.latent import style_model

        registry = default_registry()
        chosen = style_model(registry, domain, model).id
        table = work(registry, chosen, n, top, _progress("dissection"))
    for layer, found in table["layers"].items():
        for row in found["top"]:
            told = (
                f"{layer}, unit {row['unit']}: {row['segment']} IoU {row['iou']:.2f} "
                f"(other images' {row['control']:.2f})"
            )
            emit({"model": chosen, "layer": layer, **row}, as_json, told)


def map_images(
    domain: DomainId,
    model: Model = None,
    per_class: Annotated[int, _POINTS] = 128,
    as_json: Json = False,
) -> None:
    """Place a generator's images on a 2-D map among real ones, with coverage, beside it."""
    with reported():
        domain_of(domain)
        from core.evaluate.map import map_images as work
        from core.registry import default_registry
        from core.services.defaults import choose

        registry = default_registry()
        chosen = choose(registry, domain, "generator", model).id
        table = work(registry, chosen, per_class, _progress("map"))
    line: dict[str, Any] = {
        k: table[k] for k in ("model", "per_class", "plane", "coverage") if k in table
    }
    rate = table.get("coverage", {}).get("generated", {}).get("rate")
    told = f"{chosen}: coverage {rate:.3f}" if rate is not None else f"{chosen}: mapped"
    emit(line, as_json, told)


def dynamics(
    domain: DomainId, run: Annotated[Path, _RUN], model: Model = None, as_json: Json = False
) -> None:
    """Ship a training run's log and fixed-seed grids beside the checkpoint, below 400 kB."""
    with reported():
        domain_of(domain)
        from core.registry import default_registry
        from core.services.defaults import choose
        from core.training.dynamics import pack, unpack

        registry = default_registry()
        card = choose(registry, domain, "generator", model)
        path = pack(run, registry.folder(card.id), max(1, len(card.classes)))
        found = unpack(path.parent)
    line = {"model": card.id, "path": str(path), "bytes": path.stat().st_size}
    line |= {"rows": len(found.history), "grids": len(found.grids)}
    emit(line, as_json, f"{path}: {len(found.grids)} grids, {line['bytes']} bytes")


def film(
    domain: DomainId,
    start: Annotated[str, _FROM],
    end: Annotated[str, _TO],
    out: Annotated[Path, _FILM],
    model: Model = None,
    mode: Annotated[str | None, _MODE] = None,
    frames: Annotated[int, _FRAMES] = 16,
    as_json: Json = False,
) -> None:
    """Write the images between two codes as GIF, MP4 or frames, with the path's length."""
    with reported():
        domain_of(domain)
        from core.registry import default_registry
        from core.services.defaults import choose
        from core.services.film import film as make
        from core.services.film import modes_of
        from core.services.film_export import encode

        registry = default_registry()
        card = choose(registry, domain, "generator", model)
        known = modes_of(registry, card)
        chosen = mode or (known[0] if known else "")
        show = _progress("film")
        ends = (_end(start), _end(end))
        found = make(registry, card.id, ends, chosen, frames, show)
        note = f"{card.id}, {start} to {end}, way: {chosen}."
        data = encode(found.frames, out.suffix.lstrip(".").lower(), note)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(data)
    line = {"path": str(out), "model": card.id, "mode": chosen, "frames": frames}
    line |= {"path_length": found.length, "straight": found.straight}
    emit(line, as_json, str(out))


def _end(text: str) -> Any:
    from core.services.film import End

    label, _, seed = text.rpartition(":")
    if not label or not seed.isdigit():
        raise SynthLensError(f"'{text}' is no CLASS:SEED, such as normal:7.")
    return End(label, int(seed))


def invert(
    image: Annotated[Path, typer.Argument(help="File to project into W.")],
    domain: DomainId,
    label: Annotated[str, _CLASS],
    out: Annotated[Path, typer.Option(help="Folder for the reconstruction (PNG) and its code.")],
    model: Model = None,
    steps: Annotated[int, _STEPS] = 150,
    as_json: Json = False,
) -> None:
    """Project an image into a style generator's W and say how far the reconstruction is off."""
    with reported():
        domain_of(domain)
        import numpy as np
        from PIL import Image

        from core.images import read_image
        from core.registry import default_registry
        from core.services.inversion import project
        from core.services.latent import style_model

        if not image.exists():
            raise SynthLensError(f"There is no file {image}.")
        registry = default_registry()
        card = style_model(registry, domain, model)
        pixels = read_image(image.read_bytes(), image.name).pixels
        show = _progress("inversion")
        found = project(registry, card.id, pixels, label, steps, show)
        out.mkdir(parents=True, exist_ok=True)
        Image.fromarray(found.pixels.squeeze()).save(out / "reconstruction.png")
        np.save(out / "code.npy", found.code)
    path = str(out / "reconstruction.png")
    line = {"model": card.id, "path": path, "error": found.error}
    line |= {"start_error": found.start_error, "ceiling": found.ceiling, "psnr": found.psnr}
    line |= {"ssim": found.ssim, "feature_distance": found.feature_distance}
    emit(line | {"in_scope": found.in_scope, "note": found.note}, as_json, path)
    say(found.note)


COMMANDS = (directions, dissect, map_images, dynamics, film, invert)
