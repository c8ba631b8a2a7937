"""`bench [NAME]`: figures beside a baseline measured in the same run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.output import Json, domain_of, emit, plain, reported

_DATA = typer.Option(help="Archives for the benchmarks that read data; made-up images otherwise.")
_OUT = typer.Option(help="Also write a JSON list; lines of benchmarks that were not run stay.")


def bench(
    name: Annotated[
        str | None,
        typer.Argument(help="generate, detect, explain, latent, data …; all by default."),
    ] = None,
    domain: Annotated[str | None, typer.Option(help="Only models of this domain.")] = None,
    data: Annotated[list[Path] | None, _DATA] = None,
    out: Annotated[Path | None, _OUT] = None,
    as_json: Json = False,
) -> None:
    """Measure speed; the usual unit is one ResNet-18 forward pass at 224 px."""
    with reported():
        if domain is not None:
            domain_of(domain)
        from core.bench import run_benches

        lines = []
        for line in run_benches(name, domain, data):
            lines.append(plain(line))
            emit(line, as_json, _text(line))
        if out is not None:
            from core.cards import write_json

            partly = name is not None or domain is not None
            write_json(out, _joined(out, lines) if partly else lines)


def _joined(out: Path, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """New lines in the places of the old ones of their names; lines of other benchmarks stay."""
    old = json.loads(out.read_text()) if out.exists() else []
    new = {line["name"]: line for line in lines}
    kept = [new.pop(line["name"], line) for line in old]
    return [*kept, *new.values()]


def _text(line: dict[str, Any]) -> str:
    goal = f"  (goal {line['goal']})" if line.get("goal") else ""
    text = f"{line['name']}: {line['value']:.4g} {line['unit']}"
    if line["ratio"] is not None:
        text += f", {line['ratio']:.2f} × {line['baseline']:.4g}"
    return text + goal


COMMANDS = (bench,)
