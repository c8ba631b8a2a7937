"""`serve`: the services on Ray Serve, for several processes or machines."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from core.cli.output import reported, say
from core.errors import SynthLensError


def serve(
    replicas: Annotated[int, typer.Option(min=1, help="Processes, each with its models.")] = 2,
    most: Annotated[
        int | None, typer.Option(min=1, help="Scale up to so many under load; fixed by default.")
    ] = None,
    gpus: Annotated[float, typer.Option(min=0, help="Share of a GPU for each replica.")] = 0.0,
) -> None:
    """Serve models from Ray until interrupted; run the app with SYNTHLENS_BACKEND=ray."""
    with reported():
        try:
            from core.serving import ray_backend
        except ImportError as error:
            raise SynthLensError(
                "Ray is not installed; run 'pip install -r requirements-scale.txt'."
            ) from error
        ray_backend.start(replicas=replicas, most=most, gpus=gpus)
        say(f"Serving with {replicas} replicas; interrupt to stop.")
        try:
            while True:
                time.sleep(60)
        except KeyboardInterrupt:
            say("Stopped.")


COMMANDS = (serve,)
