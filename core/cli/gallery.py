"""`gallery`: draw the images that the app shows first."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.output import DomainId, Json, Model, domain_of, emit, reported

_PER_CLASS = typer.Option(min=1, help="Images of each class.")
_SEED = typer.Option(min=0, help="Seed of each class's first image.")


def gallery(
    domain: DomainId,
    model: Model = None,
    per_class: Annotated[int, _PER_CLASS] = 4,
    seed: Annotated[int, _SEED] = 0,
    as_json: Json = False,
) -> None:
    """Draw the domain's gallery of synthetic images, shipped beside its checkpoints."""
    with reported():
        domain_of(domain)
        from core.registry import default_registry
        from core.services.gallery import make_gallery

        for path in make_gallery(default_registry(), domain, model, per_class, seed):
            emit({"path": str(path), "domain": domain}, as_json, str(path))


COMMANDS = (gallery,)
