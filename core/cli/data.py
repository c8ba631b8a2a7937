"""`data fetch`, `data audit` and `data pack`: public archives, what is in them, a part of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.output import FAILED, Json, counter, domain_of, emit, plain, reported, say

app = typer.Typer(help="Fetch public data sets and audit them.", no_args_is_help=True)

DomainArgument = Annotated[str, typer.Argument(metavar="DOMAIN", help="Domain id.")]
Data = Annotated[
    list[Path],
    typer.Option(help="Archive, folder, or folder of archives; may be repeated."),
]


@app.command()
def fetch(
    domain: DomainArgument,
    to: Annotated[Path, typer.Option(help="Folder for the archive.")] = Path("data"),
    source: Annotated[str | None, typer.Option(help="Which download, if several.")] = None,
    as_json: Json = False,
) -> None:
    """Download a domain's public archive: licence first, resumable, checksum where published."""
    with reported():
        from core.data.fetch import choose, fetch_one

        download = choose(domain, source)
    with reported(FAILED):
        path = fetch_one(download, to, counter("bytes"), say)
        emit({"domain": domain, "source": download.id, "path": str(path)}, as_json, str(path))


@app.command()
def audit(
    domain: DomainArgument,
    data: Data,
    out: Annotated[Path | None, typer.Option(help="Folder for the JSON and the report.")] = None,
    as_json: Json = False,
) -> None:
    """Count, and look for damage, duplicates, leaks between splits and shortcuts."""
    with reported():
        known = domain_of(domain)
        from core.data.audit import audit as service

        found = service(known, data, counter("images"))
        _write(found, out)
        emit(found, as_json, json.dumps(plain(found), indent=2, ensure_ascii=False))


@app.command()
def pack(
    domain: DomainArgument,
    data: Data,
    out: Annotated[Path, typer.Option(help="The file to write, NAME.pack.")],
    as_json: Json = False,
) -> None:
    """Put training and validation images in one file, to train where the archives are not."""
    with reported():
        from core.data.dataset import load
        from core.data.pack import SUFFIX, write_pack
        from core.errors import SynthLensError

        known = domain_of(domain)
        if out.suffix != SUFFIX:
            raise SynthLensError(f"Name the file {out.with_suffix(SUFFIX).name}: packs end so.")
        n = write_pack(load(known, data), data, out)
        size = round(out.stat().st_size / 1e6, 1)
        line = {"domain": domain, "images": n, "megabytes": size, "path": str(out)}
        emit(line, as_json, f"{out}: {n} images, {size} MB")


def _write(found: dict[str, Any], out: Path | None) -> None:
    if out is None:
        return
    from core.data.report import write

    for path in write(domain_of(found["domain"]), plain(found), out):
        say(f"Written: {path}")


@app.command()
def slices(
    data: Data,
    out: Annotated[Path, typer.Option(help="The pack to write, an .npz file.")],
    size: Annotated[int, typer.Option(min=16, help="Side of a slice in pixels.")] = 256,
    as_json: Json = False,
) -> None:
    """Prepare MRI and CT slices as one small pack, which `train cyclegan --data` reads as well."""
    with reported():
        from core.translation.slices import read_slices

        pack = read_slices(data, size)
        pack.save(out)
        held = out.stat().st_size
        line = {"path": str(out), "bytes": held, **pack.provenance()}
        emit(line, as_json, f"{out}: {held / 1e6:.1f} MB")
