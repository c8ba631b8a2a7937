"""`bench [NAME]`: figures beside a baseline measured in the same run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.output import Json, domain_of, emit, plain, reported

_DATA = typer.Option(help="Archives for the benchmarks that read data; made-up images otherwise.")


def bench(
    name: Annotated[
        str | None,
        typer.Argument(help="generate, detect, explain, latent, data …; all by default."),
    ] = None,
    domain: Annotated[str | None, typer.Option(help="Only models of this domain.")] = None,
    data: Annotated[list[Path] | None, _DATA] = None,
    out: Annotated[Path | None, typer.Option(help="Also write all lines as a JSON list.")] = None,
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

            write_json(out, lines)


def _text(line: dict[str, Any]) -> str:
    goal = f"  (goal {line['goal']})" if line.get("goal") else ""
    text = f"{line['name']}: {line['value']:.4g} {line['unit']}"
    if line["ratio"] is not None:
        text += f", {line['ratio']:.2f} × {line['baseline']:.4g}"
    return text + goal


COMMANDS = (bench,)
