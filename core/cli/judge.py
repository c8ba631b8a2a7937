"""`classify` and `detect`: one line per file, in the input's order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.inputs import answer, read
from core.cli.output import FAILED, DomainId, Json, Model, domain_of, emit, reported, say

Paths = Annotated[list[Path], typer.Argument(metavar="PATH…", help="Image files or folders.")]


def classify(paths: Paths, domain: DomainId, model: Model = None, as_json: Json = False) -> None:
    """Predict the class of images, with calibrated probabilities."""
    with reported():
        domain_of(domain)
        from core.registry import default_registry
        from core.services.classification import classify as service
        from core.services.defaults import choose

        registry = default_registry()
        chosen = choose(registry, domain, "classifier", model).id

        def work(images: list[Any]) -> list[dict[str, Any]]:
            return [
                {
                    "domain": p.domain,
                    "model": p.model,
                    "label": p.label,
                    "probabilities": p.probabilities,
                }
                for p in service(registry, images, domain, chosen)
            ]

        _run(paths, work, as_json, _class_text)


def detect(
    paths: Paths,
    domain: DomainId,
    model: Model = None,
    no_stability: Annotated[
        bool, typer.Option("--no-stability", help="Skip the re-encoding check: about 7 × faster.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Tell real from synthetic images: real, synthetic, unsure or out_of_scope."""
    with reported():
        domain_of(domain)
        from core.registry import default_registry
        from core.services.defaults import choose
        from core.services.detection import detect as service

        registry = default_registry()
        chosen = choose(registry, domain, "detector", model).id

        def work(images: list[Any]) -> list[dict[str, Any]]:
            found = service(registry, images, domain, chosen, stability=not no_stability)
            return [dict(vars(verdict)) for verdict in found]

        _run(paths, work, as_json, _verdict_text)


def _run(
    paths: list[Path],
    work: Callable[[list[Any]], list[dict[str, Any]]],
    as_json: bool,
    text: Callable[[dict[str, Any]], str],
) -> None:
    failed = 0
    for line in answer(read(paths), work):
        if "error" in line:
            failed += 1
            emit(line, as_json)
            if not as_json:
                say(f"{line['path']}: {line['error']}")
        else:
            emit(line, as_json, text(line))
    if failed:
        raise typer.Exit(FAILED)


def _class_text(line: dict[str, Any]) -> str:
    chances = ", ".join(f"{k} {v:.3f}" for k, v in line["probabilities"].items())
    return f"{line['path']}: {line['label']} ({chances})"


def _verdict_text(line: dict[str, Any]) -> str:
    p = line["p_synthetic"]
    return f"{line['path']}: {line['verdict']}" + ("" if p is None else f" (synthetic {p:.3f})")


COMMANDS = (classify, detect)
