"""Ray Serve as an optional back end: `python -m core serve`, the app with SYNTHLENS_BACKEND=ray.

Every replica holds a registry of its own and performs whole services. They depend on their
arguments alone (seeds included), so a request whose replica died is simply asked again.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import ray
from ray import serve
from ray.exceptions import ActorDiedError, ActorUnavailableError, RayTaskError

from core.errors import SynthLensError
from core.registry import ROOT, Registry
from core.services import queue
from core.services.remote import perform

APP, DEPLOYMENT = "synthlens", "services"
TRIES = 5
PATIENCE = 600.0  # seconds a request may take, waiting included


class Services:
    """One replica: a registry and the services on it."""

    def __init__(self, root: str) -> None:
        import torch

        self.registry = Registry(Path(root))
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))

    def call(self, service: str, arguments: dict[str, Any]) -> Any:
        """Perform a service."""
        return perform(self.registry, service, arguments)

    def process(self) -> int:
        """This replica's process id."""
        return os.getpid()

    def check_health(self) -> None:
        """Asked by Ray every few seconds; a replica that raises is replaced."""
        if not self.registry.root.is_dir():
            raise RuntimeError(f"no checkpoints at {self.registry.root}")


def start(
    root: Path = ROOT, replicas: int = 1, most: int | None = None, gpus: float = 0.0
) -> RayRegistry:
    """Deploy the services and return the registry that asks them.

    Args:
        root: checkpoints, readable on every node.
        replicas: processes, each with models of its own.
        most: upper limit of autoscaling; None for a fixed number.
        gpus: share of a GPU that each replica gets.
    """
    join()
    size: dict[str, Any] = {"num_replicas": replicas}
    if most is not None:
        limits = {"min_replicas": replicas, "max_replicas": most, "target_ongoing_requests": 2}
        size = {"autoscaling_config": limits}
    deployment = serve.deployment(
        Services, name=DEPLOYMENT, max_ongoing_requests=4, health_check_period_s=5,
        ray_actor_options={"num_cpus": 0.5, "num_gpus": gpus}, **size,
    )  # fmt: skip
    serve.start(proxy_location="Disabled")  # asked through handles alone: no port is opened
    serve.run(deployment.bind(str(root)), name=APP, route_prefix=None)
    return RayRegistry(root)


def join() -> None:
    """Join the cluster that SYNTHLENS_RAY_ADDRESS names, else one on this machine, else begin one.

    Raises:
        SynthLensError: no cluster at the address.
    """
    if ray.is_initialized():
        return
    named = os.environ.get("SYNTHLENS_RAY_ADDRESS")
    try:  # "auto" alone finds what another process, such as `python -m core serve`, has begun
        ray.init(address=named or "auto", log_to_driver=False)
    except ConnectionError as error:
        if named:
            raise SynthLensError(f"There is no Ray cluster at {named}.") from error
        ray.init(address="local", include_dashboard=False, log_to_driver=False)


def connect(root: Path = ROOT) -> RayRegistry:
    """The registry that asks a running deployment; one is started where there is none."""
    join()
    if APP in serve.status().applications:
        return RayRegistry(root)
    return start(root)


class RayRegistry(Registry):
    """Cards from this machine's checkpoints, services from Ray's replicas.

    What no service offers (a latent slider's single image, say) is still done in this process.
    """

    def __init__(self, root: Path = ROOT) -> None:
        super().__init__(root)
        self.handle = serve.get_deployment_handle(DEPLOYMENT, APP)

    def call(self, service: str, arguments: dict[str, Any]) -> Any:
        """Have a service done; the waiting visitor is shown that work goes on and may cancel.

        Raises:
            SynthLensError: what the service itself raised, or no replica could be kept alive.
        """
        for attempt in range(TRIES):
            response = self.handle.call.remote(service, arguments)
            try:
                return self._wait(response)
            except (ActorDiedError, ActorUnavailableError):
                time.sleep(0.2 * 2**attempt)
            except RayTaskError as error:
                raise _own(error) from None
        raise SynthLensError("The model server keeps failing. Try again in a minute.")

    def _wait(self, response: Any) -> Any:
        guest, end = queue.guest(), time.monotonic() + PATIENCE
        while True:
            try:
                found = response.result(timeout_s=queue.POLL)
                guest.finished()
                return found
            except TimeoutError:
                if time.monotonic() > end:
                    response.cancel()
                    raise SynthLensError("The model server took too long. Try again.") from None
                try:
                    guest.working()
                except BaseException:
                    response.cancel()
                    raise


def _own(error: RayTaskError) -> Exception:
    """The service's own error, as it would be raised in this process."""
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, Exception) else error
