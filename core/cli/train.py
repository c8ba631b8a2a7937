"""`train TASK`: one run from a committed configuration, resumable and bounded in time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from core.cli.data import Data
from core.cli.output import Json, domain_of, emit, reported, say
from core.errors import SynthLensError

TASKS = (
    "autoencoder, diffusion, gan, classifier, detector, encoder, cyclegan, text-diffusion, text-gan"
)


def train(
    task: Annotated[str, typer.Argument(help=f"One of: {TASKS}.")],
    domain: Annotated[list[str], typer.Option(help="Domain id; repeat for a shared model.")],
    config: Annotated[Path, typer.Option(help="TOML file with the model and its training.")],
    data: Data,
    time_budget: Annotated[str | None, typer.Option(help="Such as 45s, 20m or 1.5h.")] = None,
    resume: Annotated[bool, typer.Option(help="Go on where the run stopped.")] = False,
    out: Annotated[Path | None, typer.Option(help="The run's folder, runs/NAME.")] = None,
    as_json: Json = False,
) -> None:
    """Train a model and publish it among the checkpoints."""
    with reported():
        known = [domain_of(d) for d in domain]
        from core.training.config import read_config
        from core.training.run import Run
        from core.training.tasks import reader, trainer

        try:
            work = trainer(task)
            seconds = _seconds(time_budget)
        except (KeyError, ValueError) as error:
            raise SynthLensError(str(error.args[0])) from error
        settings = read_config(config)
        own = reader(task)
        loaded = own(settings, data) if own else [_load(d, data, settings) for d in known]
        # only now: a run that does not resume forgets the folder's earlier state
        run = Run(out or Path("runs") / settings["id"].replace("/", "-"), settings, seconds, resume)
        say(f"Training {settings['id']} in {run.folder} on {run.device}.")
        card = work(settings, loaded, run)
        # of the seed that was kept, where there were several
        seen = card.training.get("images_seen", run.images_seen)
        line = {"id": card.id, "task": task, "steps": card.training.get("steps", run.step)}
        line |= {"images_seen": seen, "seconds": round(run.seconds, 1), "run": str(run.folder)}
        emit(line, as_json, f"{card.id}: {seen} images in {run.seconds:.0f} s")


def _seconds(text: str | None) -> float | None:
    from core.training.config import read_duration

    return None if text is None else read_duration(text)


def _load(domain: Any, data: list[Path], settings: dict[str, Any]) -> Any:
    from core.data.dataset import load
    from core.preprocessing import Preprocessing

    own = {"size": domain.size, "channels": domain.channels, **settings.get("preprocessing", {})}
    return load(domain, data, Preprocessing(**own))


COMMANDS = (train,)
