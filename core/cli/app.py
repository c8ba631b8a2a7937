"""The `python -m core` program: collects the commands of every group."""

from __future__ import annotations

import typer

from core.cli import (
    bench,
    concepts,
    data,
    evaluate,
    explain,
    gallery,
    generate,
    judge,
    latent,
    models,
    readers,
    serve,
    study,
    text,
    train,
    translate,
    vary,
)

app = typer.Typer(
    name="python -m core",
    help="SynthLens: synthetic medical images, honestly measured. Research and education only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for group in (
    models,
    generate,
    vary,
    gallery,
    judge,
    explain,
    train,
    evaluate,
    latent,
    bench,
    translate,
    serve,
):
    for command in group.COMMANDS:
        app.command()(command)
app.add_typer(concepts.app, name="concepts")
app.add_typer(data.app, name="data")
app.add_typer(readers.app, name="readers")
app.add_typer(study.app, name="study")
app.add_typer(text.app, name="text")


def main() -> None:
    """Run the program with the process's arguments."""
    app(prog_name="python -m core")
