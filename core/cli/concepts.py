"""`concepts`: measure and ship concept vectors, show them, ask one image, test one's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from core.cli.data import Data
from core.cli.output import FAILED, DomainId, Json, counter, domain_of, emit, plain, reported, say
from core.errors import SynthLensError

if TYPE_CHECKING:
    from core.cards import Card
    from core.concepts.shipped import Row, Shipped
    from core.registry import Registry

app = typer.Typer(help="Explain models in concepts (TCAV).", no_args_is_help=True)

_MODEL = typer.Option("--model", help="Id of a classifier or detector.")
_MODELS = typer.Option("--model", help="Model id; all classifiers and the detector if left out.")
_LAYER = typer.Option(help="Layer's name; the last one by default.")
_RUNS = typer.Option(min=20, help="Random counterparts of every TCAV score.")
_LIMIT = typer.Option(min=200, help="Most real images to measure attributes on.")
_NAME = typer.Option(help="What the images of FOLDER show.")
_AGAINST = typer.Option(help="Folder of images of the same kind that do not show it.")
_TARGET = typer.Option(help="Output whose change is shown; the last class by default.")
_OUT = typer.Option(help="JSON file for vectors and figures.")


@app.command()
def measure(
    domain: DomainId,
    data: Data,
    model: Annotated[str | None, _MODELS] = None,
    runs: Annotated[int, _RUNS] = 20,
    limit: Annotated[int, _LIMIT] = 4000,
    seed: int = 0,
    as_json: Json = False,
) -> None:
    """Test measured attributes and latent directions as concepts; ship vectors and figures.

    Written beside each checkpoint: concepts.json and concepts.safetensors, no image.
    """
    with reported():
        domain_of(domain)
        from core.concepts.measure import Settings
        from core.registry import default_registry

        registry = default_registry()
        cards = _cards(registry, domain, model)
        settings = Settings(runs=runs, seed=seed)
        failed = not _measured(registry, cards, data, settings, limit, as_json)
    if failed:
        raise typer.Exit(FAILED)


def _measured(
    registry: Registry,
    cards: list[Card],
    data: list[Path],
    settings: Any,
    limit: int,
    as_json: bool,
) -> bool:
    """Measure models one by one; images are read and attributes measured once per size."""
    from core.concepts import ship
    from core.data.dataset import load

    known: dict[str, Any] = {}
    fine = True
    for card in cards:
        recipe = card.preprocess()
        key = str(recipe.to_dict())
        try:
            if key not in known:
                images = load(domain_of(card.domain), data, recipe)
                say(f"{card.domain}: measuring attributes and drawing concept images")
                known[key] = images, ship.materials(registry, images, limit, settings.seed)
            images, concepts = known[key]
            tell = _percent(card.id)
            found = ship.measure(registry, card, images, concepts, settings, tell)
        except SynthLensError as error:
            emit({"id": card.id, "error": str(error)}, as_json)
            say(f"{card.id}: {error}")
            fine = False
            continue
        sure = [r for r in found.rows if r.evidence]
        line = {"id": card.id, "concepts": len(found.concepts), "layers": found.layers}
        line |= {"tests": len(found.rows), "evidence": [_row(found, r) for r in sure]}
        emit(line, as_json, _told(found))
    return fine


def _percent(what: str) -> Callable[[float], None]:
    bar = counter(what)
    return lambda share: bar(round(100 * share), 100)


@app.command()
def show(domain: DomainId, model: Annotated[str, _MODEL], as_json: Json = False) -> None:
    """Print the shipped figures of a model: accuracy, TCAV score, p-value per concept."""
    with reported():
        found = _shipped(*_known(domain, model))
    if as_json:
        for row in found.rows:
            emit(_row(found, row), True)
    else:
        emit({}, False, _told(found, everything=True))


@app.command()
def image(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="One image file.")],
    domain: DomainId,
    model: Annotated[str, _MODEL],
    target: Annotated[str | None, _TARGET] = None,
    layer: Annotated[str | None, _LAYER] = None,
    as_json: Json = False,
) -> None:
    """Say how every shipped concept would move one image's answer."""
    with reported():
        from core.images import read_path
        from core.services.concepts import pushes

        registry, card = _known(domain, model)
        found = _shipped(registry, card)
        label, where = target or found.labels[-1], layer or found.layers[-1]
        pixels = read_path(path).pixels
        for push in pushes(registry, [found], pixels, label, where):
            line: dict[str, Any] = {"concept": push.concept, "label": label, "layer": where}
            line |= {"change": push.change, "evidence": push.row.evidence}
            emit(line, as_json, f"{push.change:+.3f}  {push.sentence(label)}")


@app.command("test")
def test_own(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Images that show the concept.")],
    against: Annotated[Path, _AGAINST],
    name: Annotated[str, _NAME],
    domain: DomainId,
    model: Annotated[str, _MODEL],
    layer: Annotated[str | None, _LAYER] = None,
    out: Annotated[Path | None, _OUT] = None,
    seed: int = 0,
    as_json: Json = False,
) -> None:
    """Test a concept of your own: a folder that shows it against a folder that does not."""
    with reported():
        from core.services.concepts import as_json as text
        from core.services.concepts import layers, own_concept

        registry, card = _known(domain, model)
        shows, others = _images(folder, as_json), _images(against, as_json)
        where = layer or layers(registry, card.id)[-1]
        bar = counter("percent")
        found = own_concept(
            registry,
            card.id,
            name,
            shows,
            others,
            where,
            seed,
            lambda share: bar(round(100 * share), 100),
        )
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_text(text(found) + "\n")
        for row in found.rows:
            emit(_row(found, row), as_json, _sentence(found, row))


def _images(folder: Path, as_json: bool) -> list[np.ndarray]:
    from core.cli.inputs import read

    found = []
    for entry in read([folder]):
        if entry.pixels is None:
            emit({"path": str(entry.path), "error": entry.error}, as_json)
            say(str(entry.error))
        else:
            found.append(entry.pixels)
    return found


def _known(domain: str, model: str) -> tuple[Registry, Card]:
    from core.registry import default_registry

    domain_of(domain)
    registry = default_registry()
    return registry, _cards(registry, domain, model)[0]


def _cards(registry: Registry, domain: str, model: str | None) -> list[Card]:
    from core.services.concepts import TASKS, testable_models

    if model is None:
        cards = testable_models(registry, domain)
        if not cards:
            raise SynthLensError(f"There is no classifier or detector for {domain}.")
        return cards
    card = registry.card(model, domain)
    if card.task not in TASKS or card.domain != domain:
        raise SynthLensError(f"'{card.id}' is no classifier or detector of {domain}.")
    return [card]


def _shipped(registry: Registry, card: Card) -> Shipped:
    from core.concepts.shipped import MAKE
    from core.services.concepts import shipped_concepts

    found = shipped_concepts(registry, card.id)
    if found is None:
        again = MAKE.format(domain=card.domain, model=card.id)
        raise SynthLensError(f"No concepts were measured for {card.id}; run '{again}'.")
    return found


def _row(found: Shipped, row: Row) -> dict[str, Any]:
    from dataclasses import asdict

    names = {c.id: c.name for c in found.concepts}
    return dict(plain(asdict(row) | {"name": names[row.concept]}))


def _sentence(found: Shipped, row: Row) -> str:
    name = next(c.name for c in found.concepts if c.id == row.concept)
    if not row.evidence:
        verdict = "no evidence"
    else:
        verdict = f"pushes {'towards' if row.derivative > 0 else 'away from'} {row.label}"
    return (
        f"{name} · {row.layer} · {row.label}: {verdict} (TCAV {row.score:.2f} against "
        f"{row.random:.2f} of random sets, Holm p {row.p_holm:.2g}, CAV accuracy "
        f"{row.accuracy:.2f}, 95 % interval {row.accuracy_ci[0]:.2f} to {row.accuracy_ci[1]:.2f})"
    )


def _told(found: Shipped, everything: bool = False) -> str:
    chosen = [r for r in found.rows if everything or r.evidence]
    lines = [
        f"{found.model}: {sum(r.evidence for r in found.rows)} of {len(found.rows)} tests pass"
    ]
    return "\n".join(lines + [f"  {_sentence(found, row)}" for row in chosen])
