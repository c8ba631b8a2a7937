"""`explain`: overlays, raw maps and metrics of one image into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from core.cli.output import FAILED, DomainId, Json, counter, domain_of, emit, plain, reported, say
from core.errors import SynthLensError, UnreadableImageError

if TYPE_CHECKING:
    from core.cards import Card
    from core.registry import Registry

_METHODS = typer.Option(help="Comma-separated: gradcam, ig, shap and others.")
_BASELINE = typer.Option(help="Integrated Gradients from: black, blurred, mean, averaged.")
_WAY = typer.Option(help="diffusion (redraw it) or latent (follow the gradient).")
_METRICS = typer.Option("--metrics/--no-metrics", help="Measure the maps too; takes longer.")


def explain(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="One image file.")],
    domain: DomainId,
    model: Annotated[str, typer.Option(help="Id of a classifier, detector or generator critic.")],
    out: Annotated[Path, typer.Option(help="Folder for overlays, .npy maps and explanation.json.")],
    methods: Annotated[str, _METHODS] = "gradcam,ig,shap",
    target: Annotated[str | None, typer.Option(help="Class to explain; default: top one.")] = None,
    against: Annotated[str | None, typer.Option(help="Contrast: why the target, not this?")] = None,
    baseline: Annotated[str, _BASELINE] = "black",
    metrics: Annotated[bool, _METRICS] = True,
    report: Annotated[Path | None, typer.Option(help="Also this .html or .pdf file.")] = None,
    as_json: Json = False,
) -> None:
    """Explain one model's answer for one image, with metrics against three baseline maps."""
    with reported():
        domain_of(domain)
        if report is not None and report.suffix not in (".html", ".pdf"):
            raise SynthLensError("Name the report with the ending .html or .pdf.")
        from core.explain.base import Settings
        from core.explain.service import explain as service

        registry, card = _model(model, domain)
        image = _image(path, as_json)
        names = [name.strip() for name in methods.split(",") if name.strip()]
        show = counter("percent")
        found = service(
            registry, card.id, image, names, target, metrics,
            lambda share, _: show(round(100 * share), 100), against, Settings(baseline=baseline),
        )  # fmt: skip
        line = write(found, path, domain, out)
        if report is not None:
            write_report(found, names, report)
            line["files"].append(str(report))
        emit(line, as_json, "\n".join(line["files"]))


def counterfactual(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="One image file.")],
    domain: DomainId,
    model: Annotated[str, typer.Option(help="Id of a classifier or detector.")],
    out: Annotated[Path, typer.Option(help="Folder for the images and counterfactual.json.")],
    wanted: Annotated[str | None, typer.Option(help="Class to reach; default: second.")] = None,
    way: Annotated[str | None, _WAY] = None,
    as_json: Json = False,
) -> None:
    """Find the nearest generated change of an image that makes a model answer another class."""
    with reported():
        domain_of(domain)
        from core.cards import write_json
        from core.explain.counterfactual import counterfactual as service
        from core.services.overlay import overlay

        registry, card = _model(model, domain)
        show = counter("percent")
        found = service(
            registry, card.id, _image(path, as_json), wanted,
            lambda share, _: show(round(100 * share), 100), way,
        )  # fmt: skip
        change = overlay(found.reconstruction, found.difference)
        files = _pictures(out, path.stem, {"changed": found.changed, "difference": change})
        kept = (
            "wanted", "way", "drawn_as", "strength", "seen", "before", "after", "flipped",
            "distance", "change", "steps", "control", "attack", "others",
        )  # fmt: skip
        line: dict[str, Any] = {"path": str(path), "domain": domain, "model": card.id}
        line |= {name: getattr(found, name) for name in kept}
        line |= {"visible": found.visible, "near_adversarial": found.near_adversarial}
        line |= {"doubts": list(found.doubts), "files": files}
        write_json(out / f"{path.stem}_counterfactual.json", plain(line))
        emit(line, as_json, "\n".join([*files, *found.doubts]))


def explain_generator(
    domain: DomainId,
    model: Annotated[str, typer.Option(help="Id of a GAN or of a diffusion model.")],
    label: Annotated[str, typer.Option("--class", help="Class of the image.")],
    out: Annotated[Path, typer.Option(help="Folder for .npy maps and the image.")],
    seed: Annotated[int, typer.Option(help="Seed of the image.")] = 1,
    region: Annotated[
        str, typer.Option(help="Top,left,bottom,right in shares.")
    ] = "0.3,0.3,0.7,0.7",
    scorer: Annotated[str | None, typer.Option(help="Or the score of this model.")] = None,
    target: Annotated[str | None, typer.Option(help="Output of the scorer.")] = None,
    as_json: Json = False,
) -> None:
    """Trace a region or a model's score back to a generator's code and layers.

    Of a diffusion model: the magnitude of its feature maps over time.
    """
    with reported():
        domain_of(domain)
        from core.explain.generator import explain_generator as service
        from core.explain.unet_features import explain_over_time

        registry, card = _model(model, domain)
        out.mkdir(parents=True, exist_ok=True)
        line: dict[str, Any] = {"model": card.id, "class": label, "seed": seed}
        if "diffusion" in f"{card.id} {card.family}":
            levels = explain_over_time(registry, card.id, label, seed)
            arrays = {name.replace(" ", "_"): np.stack(maps) for name, maps in levels.items()}
            files = []
        else:
            box = _box(region)
            other = _model(scorer, domain)[1].id if scorer else None
            found = service(registry, card.id, label, seed, box, other, target)
            arrays = {"w": found.w, "z": found.z, **found.layers}
            files = _pictures(out, f"{label}_{seed}", {"image": found.pixels.squeeze()})
            line |= {"score": found.score, "share_by_layer": found.share_by_layer.tolist()}
        for name, values in arrays.items():
            files.append(str(out / f"{label}_{seed}_{name}.npy"))
            np.save(files[-1], values)
        emit(line | {"files": files}, as_json, "\n".join(files))


def _box(text: str) -> tuple[float, float, float, float]:
    try:
        top, left, bottom, right = (float(part) for part in text.split(","))
    except ValueError as error:
        raise SynthLensError("Give --region as four numbers, such as 0.3,0.3,0.7,0.7.") from error
    return top, left, bottom, right


def _model(model: str, domain: str) -> tuple[Registry, Card]:
    """The registry and a model's card.

    Raises:
        SynthLensError: the model is another domain's.
    """
    from core.registry import default_registry

    registry = default_registry()
    card = registry.card(model, domain)
    if card.domain not in (domain, "shared"):
        raise SynthLensError(f"'{card.id}' belongs to the domain {card.domain}, not {domain}.")
    return registry, card


def _pictures(out: Path, stem: str, pictures: dict[str, np.ndarray]) -> list[str]:
    from PIL import Image

    out.mkdir(parents=True, exist_ok=True)
    files = []
    for name, pixels in pictures.items():
        files.append(str(out / f"{stem}_{name}.png"))
        Image.fromarray(pixels.squeeze()).save(files[-1])
    return files


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
    line |= {"against": found.against}
    line |= {"prediction": found.prediction, "methods": list(found.maps)}
    line |= {"metrics": found.metrics, "reading": found.reading.sentence}
    line |= {"files": [*files, str(summary)]}
    more = {"agreement": found.agreement, "randomisation": found.randomisation}
    more |= {"info": found.info, "settings": found.settings}
    write_json(summary, plain(line | more))
    return line


def write_report(found: Any, methods: list[str], path: Path) -> None:
    """Write the report that the page offers, as HTML or PDF by the file's ending."""
    if path.suffix == ".pdf":
        from core.ui.pdf import explanation_pdf

        content = explanation_pdf([found], methods)
    else:
        from core.ui.figures.maps import Look
        from core.ui.reports import explanation_report

        content = explanation_report([found], methods, Look())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


COMMANDS = (explain, counterfactual, explain_generator)
