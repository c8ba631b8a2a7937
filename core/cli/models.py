"""`models`: every checkpoint and whether its files are those its card names."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from core.cli.output import Json, domain_of, emit, reported


def models(
    domain: Annotated[str | None, typer.Option(help="Only models of this domain.")] = None,
    task: Annotated[str | None, typer.Option(help="Only this kind, such as classifier.")] = None,
    as_json: Json = False,
) -> None:
    """List checkpoints with task, family, size and sha256 status."""
    with reported():
        if domain not in (None, "shared"):
            domain_of(str(domain))
        from core.registry import default_registry

        registry = default_registry()
        for status in registry.statuses():
            line = _describe(registry, status)
            if domain in (None, line["domain"]) and task in (None, line["task"]):
                emit(line, as_json, _text(line))


def _describe(registry: Any, status: Any) -> dict[str, Any]:
    from core.errors import CheckpointError

    folder = registry.folder(status.id)
    size = sum(p.stat().st_size for p in folder.glob("*.safetensors"))
    line = {"id": status.id, "domain": status.id.split("/")[0], "task": None, "family": None}
    line |= {"parameters": None, "bytes": size, "verified": status.verified}
    try:
        card = registry.card(status.id)
        line |= {"domain": card.domain, "task": card.task, "family": card.family}
        line |= {"parameters": card.parameters, "title": card.title}
    except CheckpointError:
        pass  # the status message says what is wrong with the card
    if not status.verified:
        line["message"] = status.message
    return line


def _text(line: dict[str, Any]) -> str:
    state = "verified" if line["verified"] else f"NOT USABLE: {line['message']}"
    size = f"{(line['parameters'] or 0) / 1e6:.1f} M weights, {line['bytes'] / 1e6:.1f} MB"
    return f"{line['id']:<40} {line['task'] or '?':<12} {line['family'] or '?':<18} {size}  {state}"


COMMANDS = (models,)
