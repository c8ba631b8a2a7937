"""Services that may run elsewhere: a registry with a `call` has them done there.

The decorated service looks the same to its caller; only where it works differs.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

SERVICES: dict[str, str] = {}
HOME = (
    "core.services.generation",
    "core.services.classification",
    "core.services.detection",
    "core.explain.service",
)


def served(work: Callable[P, R]) -> Callable[P, R]:
    """Let a service, whose first argument is the registry, run wherever the registry's models are.

    Arguments and results must be plain data. A `progress` callback hears of the end alone.
    """
    SERVICES[work.__name__] = work.__module__
    signature = inspect.signature(work)

    @functools.wraps(work)
    def ask(*args: P.args, **kwargs: P.kwargs) -> R:
        given = signature.bind(*args, **kwargs).arguments
        registry = given.pop("registry")
        call = getattr(registry, "call", None)
        if call is None:
            return work(*args, **kwargs)
        progress = given.pop("progress", None)
        found: R = call(work.__name__, given)
        if progress:
            progress(1.0, None)
        return found

    return ask


def perform(registry: Any, service: str, arguments: dict[str, Any]) -> Any:
    """Run a service by name on this process's own registry.

    Raises:
        KeyError: no such service.
    """
    for module in HOME:
        import_module(module)
    work = getattr(import_module(SERVICES[service]), service)
    return work(registry, **arguments)
