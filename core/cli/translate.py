"""`translate`: MRI slices to CT, or CT to MRI, into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.inputs import read
from core.cli.output import FAILED, Json, emit, reported, say
from core.errors import SynthLensError

_PATHS = typer.Argument(metavar="PATH…", help="Image files (DICOM too) or folders.")
_DIRECTION = typer.Option(help="mri_to_ct or ct_to_mri.")
_FORMAT = typer.Option("--format", help="png or dicom.")


def translate(
    paths: Annotated[list[Path], _PATHS],
    out: Annotated[Path, typer.Option(help="Folder for the translated slices.")],
    direction: Annotated[str, _DIRECTION] = "mri_to_ct",
    model: Annotated[str | None, typer.Option(help="Translator; the best by default.")] = None,
    format: Annotated[str, _FORMAT] = "png",
    as_json: Json = False,
) -> None:
    """Translate slices of the head; those out of scope are declined, one line each."""
    failed = 0
    with reported():
        from core.registry import default_registry
        from core.services.translation import DIRECTIONS, best

        for value, known in ((direction, DIRECTIONS), (format, ("png", "dicom"))):
            if value not in known:
                raise SynthLensError(f"Unknown '{value}'; choose one of: {', '.join(known)}.")
        registry = default_registry()
        card = best(registry, model)
        out.mkdir(parents=True, exist_ok=True)
        for entry in read(paths):
            line = _one(registry, entry, direction, card.id, format, out)
            failed += "error" in line
            emit(line, as_json, _text(line))
            if "error" in line and not as_json:
                say(f"{line['path']}: {line['error']}")
    if failed:
        raise typer.Exit(FAILED)


def _one(
    registry: Any, entry: Any, direction: str, model: str, format: str, out: Path
) -> dict[str, Any]:
    from core.services import translation_export as export
    from core.services.translation import translate as service

    line: dict[str, Any] = {"path": str(entry.path), "model": model, "direction": direction}
    if entry.pixels is None:
        return {**line, "error": entry.error}
    found = service(registry, entry.pixels, direction, model)
    line |= {"in_scope": found.in_scope, "message": found.message}
    if not found.in_scope:
        return {**line, "error": f"Declined: {found.message}"}
    suffix, write = ("dcm", export.dicom_bytes) if format == "dicom" else ("png", export.png_bytes)
    file = out / f"{entry.path.stem}_{direction}.{suffix}"
    file.write_bytes(write(found))
    return {**line, "file": str(file), "cycle_error": found.cycle_error}


def _text(line: dict[str, Any]) -> str | None:
    return f"{line['file']} (cycle error {line['cycle_error']:.1f})" if "file" in line else None


COMMANDS = (translate,)
