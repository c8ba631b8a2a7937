"""`evaluate TASK`: recompute what a card states, and write it beside the checkpoint."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.data import Data
from core.cli.output import FAILED, DomainId, Json, counter, domain_of, emit, reported, say
from core.errors import SynthLensError

if TYPE_CHECKING:
    from core.cards import Card
    from core.registry import Registry

EVALUATORS = {
    "classifier": "core.evaluate.classification",
    "detector": "core.evaluate.detection",
    "generator": "core.evaluate.generator",
    "autoencoder": "core.evaluate.reconstruction",
    "encoder": "core.evaluate.encoder",
    "explain": "core.explain.dataset",
    "text-generator": "core.evaluate.text_generator",
    "text-guidance": "core.evaluate.text_guidance",
    "translator": "core.evaluate.translation",
}
# whose models are measured, where it is not the task itself, and where the figures then go
_MODELS = {"explain": ("classifier", "detector"), "text-guidance": ("text-generator",)}  # fmt: skip
_FILES = {"explain": "explain.json", "text-guidance": "guidance.json"}
_N = typer.Option("--n", min=2, help="Images of each kind, where the task draws some.")
_SEEDS = typer.Option(min=1, help="Number of sampling seeds, for generators.")
_SPLITS = typer.Option(help="Held-out splits to use, comma-separated: val, test.")
_SCORE = typer.Option(help="Also train a small network on synthetic images (generators).")


def evaluate(
    task: Annotated[str, typer.Argument(help=f"One of: {', '.join(EVALUATORS)}.")],
    domain: DomainId,
    data: Data,
    model: Annotated[
        str | None, typer.Option(help="Model id; all of the domain if left out.")
    ] = None,
    n: Annotated[int | None, _N] = None,
    seeds: Annotated[int | None, _SEEDS] = None,
    splits: Annotated[str | None, _SPLITS] = None,
    score_network: Annotated[bool | None, _SCORE] = None,
    as_json: Json = False,
) -> None:
    """Measure models on held-out images; the figures go into each model's metrics.json.

    `explain` measures the maps of classifiers and detectors, or of a named critic, into
    explain.json; `text-guidance` sweeps a text generator's guidance, which chooses its default.
    """
    with reported():
        domain_of(domain)
        if task not in EVALUATORS:
            raise SynthLensError(
                f"Cannot evaluate '{task}'; choose one of: {', '.join(EVALUATORS)}."
            )
        from core.registry import default_registry

        registry = default_registry()
        cards = chosen(registry, _MODELS.get(task, (task,)), domain, model)
        given: dict[str, Any] = {"n": n, "score_network": score_network}
        given["seeds"] = None if seeds is None else tuple(range(seeds))
        given["splits"] = None if splits is None else tuple(splits.split(","))
        options = {k: v for k, v in given.items() if v is not None}
        failed = [c for c in cards if not _one(registry, task, c, domain, data, options, as_json)]
    if failed:
        raise typer.Exit(FAILED)


def chosen(
    registry: Registry, tasks: tuple[str, ...], domain: str, model: str | None
) -> list[Card]:
    """The named model, or every model of some tasks for the domain.

    Raises:
        CheckpointError: no such model, or none of these tasks.
    """
    from core.services.defaults import choose

    if model is not None:
        own = registry.card(model, domain).task
        return [choose(registry, domain, own if len(tasks) > 1 else tasks[0], model)]
    found = [card for task in tasks for card in registry.cards(domain, task)]
    return found or [choose(registry, domain, tasks[0], None)]


def _one(
    registry: Registry,
    task: str,
    card: Card,
    domain: str,
    data: list[Path],
    options: dict[str, Any],
    as_json: bool,
) -> bool:
    """Evaluate one model; False where that failed, with the reason on stderr."""
    module = import_module(EVALUATORS[task])
    work = module.evaluate
    known = inspect.signature(work).parameters
    try:
        own_data = getattr(module, "read_data", None)
        images = own_data(card, data) if own_data else _load(card, domain, data)
        show = counter(card.id)
        options = {**options, "progress": lambda share: show(round(100 * share), 100)}
        options["paths"] = data
        own = {k: v for k, v in options.items() if k in known}
        result = work(registry, card.id, images, **own)
    except SynthLensError as error:
        emit({"id": card.id, "task": card.task, "domain": domain, "error": str(error)}, as_json)
        say(f"{card.id}: {error}")
        return False
    line = {"id": card.id, "task": card.task, "domain": domain, "metrics": result}
    file = registry.folder(card.id) / _FILES.get(task, "metrics.json")
    emit(line, as_json, f"{card.id}: written to {file}")
    return True


def _load(card: Card, domain: str, data: list[Path]) -> Any:
    """The domain's images at the model's own preprocessing."""
    from dataclasses import replace

    from core.data.dataset import load

    known = domain_of(domain)
    return load(known, data, replace(card.preprocess(), channels=known.channels))


def leave_one_out(
    domain: DomainId,
    config: Annotated[Path, typer.Option(help="TOML file of the domain's detector.")],
    data: Data,
    time_budget: Annotated[str | None, typer.Option(help="Of each training, such as 3m.")] = None,
    only: Annotated[str | None, typer.Option(help="Train this group alone, anew.")] = None,
    n: Annotated[int, _N] = 300,
    out: Annotated[Path | None, typer.Option(help="Folder for the runs.")] = None,
    as_json: Json = False,
) -> None:
    """Train a detector without each generator family and ask it about that family.

    The figures go into leave_one_out.json beside the detector; run again to go on.
    """
    with reported():
        domain_of(domain)
        from core.evaluate import leave_one_out as work
        from core.registry import default_registry
        from core.training.config import read_config, read_duration

        registry, settings = default_registry(), read_config(config)
        card = registry.card(str(settings["id"]))
        budget = None if time_budget is None else read_duration(time_budget)
        folder = out or Path("runs") / f"leave-one-out-{domain}"
        images = _load(card, domain, data)
        found = work.evaluate(registry, settings, images, folder, budget, only, n, progress=say)
        file = registry.folder(card.id) / work.FILE
        emit({"id": card.id, "summary": found["summary"]}, as_json, f"{card.id}: written to {file}")


def unseen_degradation(
    domain: DomainId,
    config: Annotated[Path, typer.Option(help="TOML file of the domain's detector.")],
    data: Data,
    time_budget: Annotated[str | None, typer.Option(help="Of each training, such as 3m.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Leave out this one; repeatable.")] = None,
    n: Annotated[int, _N] = 300,
    out: Annotated[Path | None, typer.Option(help="Folder for the runs.")] = None,
    as_json: Json = False,
) -> None:
    """Train a detector without a kind of degradation and walk it along that kind.

    The figures go into unseen_degradation.json beside the detector; run again to go on.
    """
    with reported():
        domain_of(domain)
        from core.evaluate import unseen_degradation as work
        from core.registry import default_registry
        from core.training.config import read_config, read_duration

        registry, settings = default_registry(), read_config(config)
        card = registry.card(str(settings["id"]))
        budget = None if time_budget is None else read_duration(time_budget)
        folder = out or Path("runs") / f"unseen-degradation-{domain}"
        images, kinds = _load(card, domain, data), kind or work.KINDS
        found = work.evaluate(registry, settings, images, folder, budget, kinds, n, progress=say)
        file = registry.folder(card.id) / work.FILE
        emit({"id": card.id, **found}, as_json, f"{card.id}: written to {file}")


COMMANDS = (evaluate, leave_one_out, unseen_degradation)
