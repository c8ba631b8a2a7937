"""`evaluate TASK`: recompute what a card states, and write it beside the checkpoint."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.output import DomainId, Json, Model, domain_of, emit, reported

TASKS = {"classifier": "classification", "detector": "detection", "generator": "generator"}


def evaluate(
    task: Annotated[str, typer.Argument(help=f"One of: {', '.join(TASKS)}.")],
    domain: DomainId,
    model: Model = None,
    as_json: Json = False,
) -> None:
    """Evaluate models of a domain."""
    with reported():
        domain_of(domain)
        emit({"task": task}, as_json)


COMMANDS = (evaluate,)
