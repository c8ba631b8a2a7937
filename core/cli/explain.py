"""`explain`: overlays, raw maps and metrics of one image into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from core.cli.output import FAILED, DomainId, Json, counter, domain_of, emit, plain, reported, say
from core.errors import SynthLensError, UnreadableImageError

_METHODS = typer.Option(help="Comma-separated: gradcam, ig, shap and others.")
_METRICS = typer.Option("--metrics/--no-metrics", help="Measure the maps too; takes longer.")


def explain(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="One image file.")],
    domain: DomainId,
    model: Annotated[str, typer.Option(help="Id of a classifier, detector or generator critic.")],
    out: Annotated[Path, typer.Option(help="Folder for overlays, .npy maps and explanation.json.")],
    methods: Annotated[str, _METHODS] = "gradcam,ig,shap",
    target: Annotated[str | None, typer.Option(help="Class to explain; default: top one.")] = None,
    metrics: Annotated[bool, _METRICS] = True,
    as_json: Json = False,
) -> None:
    """Explain one model's answer for one image, with metrics against a random and an edge map."""
    with reported():
        domain_of(domain)
        from core.explain.service import explain as service
        from core.registry import default_registry

        registry = default_registry()
        card = registry.card(model, domain)
        if card.domain not in (domain, "shared"):
            raise SynthLensError(f"'{card.id}' belongs to the domain {card.domain}, not {domain}.")
        image = _image(path, as_json)
        names = [name.strip() for name in methods.split(",") if name.strip()]
        show = counter("percent")
        found = service(
            registry, card.id, image, names, target, metrics,
            lambda share, _: show(round(100 * share), 100),
        )  # fmt: skip
        line = write(found, path, domain, out)
        emit(line, as_json, "\n".join(line["files"]))


def _image(path: Path, as_json: bool) -> np.ndarray:
    from core.images import read_path

    try:
        return read_path(path).pixels
    except UnreadableImageError as error:
        emit({"path": str(path), "error": str(error)}, as_json)
        say(str(error))
        raise typer.Exit(FAILED) from error


def write(found: Any, path: Path, domain: str, out: Path) -> dict[str, Any]:
    """Write an `Explanation` as files and return its JSON line.

    Per method: `<stem>_<method>.png` (overlay) and `<stem>_<method>.npy` (signed (S, S) float32);
    for all together `<stem>_explanation.json`.
    """
    from PIL import Image

    from core.cards import write_json
    from core.services.overlay import overlay

    out.mkdir(parents=True, exist_ok=True)
    files = []
    for method, values in found.maps.items():
        stem = out / f"{path.stem}_{method}"
        Image.fromarray(overlay(found.pixels, values)).save(f"{stem}.png")
        np.save(f"{stem}.npy", values)
        files += [f"{stem}.png", f"{stem}.npy"]
    summary = out / f"{path.stem}_explanation.json"
    line = {"path": str(path), "domain": domain, "model": found.model, "target": found.target}
    line |= {"prediction": found.prediction, "methods": list(found.maps)}
    line |= {"metrics": found.metrics, "reading": found.reading.sentence}
    line |= {"files": [*files, str(summary)]}
    more = {"agreement": found.agreement, "randomisation": found.randomisation}
    more |= {"info": found.info, "settings": found.settings}
    write_json(summary, plain(line | more))
    return line


COMMANDS = (explain,)
