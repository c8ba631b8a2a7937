"""`study …`: packs of synthetic images, the augmentation study's cells, and its results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.data import Data
from core.cli.output import DomainId, Json, counter, domain_of, emit, reported, say
from core.errors import SynthLensError

app = typer.Typer(help="What synthetic training images add, measured.", no_args_is_help=True)

_CONFIG = typer.Option(help="The study's TOML file, configs/DOMAIN/study.toml.")
_OUT = typer.Option(help="The study's folder; runs/study-DOMAIN by default.")
_GATE = typer.Option(help="Mark which images pass the quality gate.")
_DRAWN = typer.Option(min=0, help="Images to draw at least, passed or not, per real one.")
_RATIO = typer.Option(min=0.01, help="Images to pass, per real training image of the class.")


@app.command()
def pack(
    domain: DomainId,
    config: Annotated[Path, _CONFIG],
    data: Data,
    name: Annotated[str, typer.Option(help="Name of the pack in the configuration.")],
    model: Annotated[str, typer.Option(help="The generator that draws it.")],
    ratio: Annotated[float, _RATIO] = 2.0,
    drawn: Annotated[float, _DRAWN] = 0.0,
    steps: Annotated[int | None, typer.Option(min=1, help="Sampling steps (diffusion).")] = None,
    guidance: Annotated[float | None, typer.Option(min=0, help="Guidance (diffusion).")] = None,
    truncation: Annotated[
        float | None, typer.Option(min=0, max=1, help="Truncation (GAN).")
    ] = None,
    gate: Annotated[bool, _GATE] = True,
    as_json: Json = False,
) -> None:
    """Draw the synthetic images of one generator, once for all cells."""
    with reported():
        from core.registry import default_registry
        from core.study import pack as packs

        settings = _read(domain, config)
        images = _images(domain, data, settings)
        folder = _folder(settings, name)
        index = images.indices("train", settings["task"])
        wanted: dict[str, int] = {}
        for c in images.class_index[index].tolist():
            wanted[images.domain.class_ids[c]] = wanted.get(images.domain.class_ids[c], 0) + 1
        given = {"steps": steps, "guidance": guidance, "truncation": truncation}
        about = packs.make_pack(
            default_registry(), domain, model,
            {c: round(ratio * n) for c, n in wanted.items()}, folder,
            {k: v for k, v in given.items() if v is not None}, gate, counter("images"),
            {c: round(drawn * n) for c, n in wanted.items()},
        )  # fmt: skip
        emit(about, as_json, f"{folder}: {sum(about['drawn'].values())} images, "
                             f"{sum(about['passed'].values())} passed")  # fmt: skip


@app.command()
def augmentation(
    domain: DomainId,
    config: Annotated[Path, _CONFIG],
    data: Data,
    out: Annotated[Path | None, _OUT] = None,
    shard: Annotated[str, typer.Option(help="i/n: every n-th cell from the i-th.")] = "0/1",
    time_budget: Annotated[str | None, typer.Option(help="Such as 45s, 20m or 1.5h.")] = None,
    as_json: Json = False,
) -> None:
    """Train the study's cells; run again to go on where it stopped, `study results` to report."""
    with reported():
        settings = _read(domain, config)
        images = _images(domain, data, settings)
        from core.device import best_device
        from core.study.material import gather
        from core.study.provenance import leaks
        from core.study.runner import run_cells
        from core.training.config import read_duration

        try:
            part = tuple(int(v) for v in shard.split("/"))
            seconds = None if time_budget is None else read_duration(time_budget)
            if len(part) != 2 or not 0 <= part[0] < part[1]:
                raise ValueError(f"'{shard}' is no shard; write 0/4 for the first of four.")
        except ValueError as error:
            raise SynthLensError(str(error)) from error
        material = gather(images, settings, Path(), best_device())
        if lacking := sorted(set(settings["packs"]) - set(material.packs)):
            say(f"Packs not made yet, their cells wait: {', '.join(lacking)}.")
        for pack, (own, _) in material.packs.items():
            for model, why in leaks(own.about["trained_on"], images)["other_split"].items():
                say(f"Pack {pack}: {model} {why}; load the same archives to compare fairly.")
        show = lambda done, total, cell: say(f"{done} of {total}: {cell.key}")  # noqa: E731
        folder = out or Path("runs") / f"study-{domain}"
        tally = run_cells(material, settings, folder, (part[0], part[1]), seconds, show)
        emit({"domain": domain, "out": str(folder), **tally}, as_json, f"{folder}: {tally}")


@app.command()
def results(
    domain: DomainId,
    out: Annotated[Path | None, _OUT] = None,
    to: Annotated[Path | None, typer.Option(help="Folder for results.json.")] = None,
    as_json: Json = False,
) -> None:
    """Compute what the page shows from the cells: levels, effects, tests; one results.json."""
    with reported():
        domain_of(domain)
        from core.registry import default_registry
        from core.study import results as study

        found = study.results(out or Path("runs") / f"study-{domain}")
        folder = to or default_registry().root / domain / study.FOLDER
        path = study.write_results(found, folder)
        line = {"domain": domain, "file": str(path), "cells": found["cells"]["done"]}
        line |= {"planned": found["cells"]["planned"], "arms": len(found["arms"])}
        emit(line, as_json, f"{path}: {line['cells']} of {line['planned']} cells")


def _read(domain: str, config: Path) -> dict[str, Any]:
    from core.study.grid import read_study

    domain_of(domain)
    settings = read_study(config)
    if settings["domain"] != domain:
        raise SynthLensError(f"{config} is about {settings['domain']}, not {domain}.")
    return settings


def _folder(settings: dict[str, Any], name: str) -> Path:
    if name not in settings["packs"]:
        known = ", ".join(settings["packs"])
        raise SynthLensError(f"The configuration names no pack '{name}'; choose one of: {known}.")
    return Path(settings["packs"][name])


def _images(domain: str, data: list[Path], settings: dict[str, Any]) -> Any:
    from core.data.dataset import load
    from core.preprocessing import Preprocessing

    known = domain_of(domain)
    own = {"size": known.size, "channels": known.channels, **settings.get("preprocessing", {})}
    return load(known, data, Preprocessing(**own))
