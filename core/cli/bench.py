"""`bench [NAME]`: figures beside a baseline measured in the same run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.output import Json, domain_of, emit, plain, reported

_DATA = typer.Option(help="Archives for the benchmarks that read data; made-up images otherwise.")


def bench(
    name: Annotated[
        str | None, typer.Argument(help="generate, detect, explain or data; all by default.")
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
        from core.bench import run

        lines = []
        for line in run(name, domain, data):
            lines.append(plain(line))
            goal = f"  (goal {line['goal']})" if line.get("goal") else ""
            emit(
                line,
                as_json,
                f"{line['name']}: {line['value']:.4g} {line['unit']}, "
                f"{line['ratio']:.2f} × {line['baseline']:.4g}{goal}",
            )
        if out is not None:
            from core.cards import write_json

            write_json(out, lines)


COMMANDS = (bench,)
