"""The one place where models are found, verified, loaded, cached, evicted and locked."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from core.cards import Card, read_card, sha256
from core.device import best_device
from core.errors import CheckpointError, SynthLensError
from core.memory import ON_CPU, on_cpu, relieve, short_of_memory
from core.models.base import build

WEIGHTS = "model.safetensors"
ROOT = Path(os.environ.get("SYNTHLENS_CHECKPOINTS", Path(__file__).parents[1] / "checkpoints"))


@dataclass(frozen=True)
class Status:
    """Whether a checkpoint's files are those its card names."""

    id: str
    verified: bool
    message: str


@dataclass
class Loaded:
    """One model in memory, shared by all sessions of the process.

    Hold `lock` while hooks are attached to `module` or its gradients are in use: two users who
    explain the same model must never see each other's activations.

    Attributes:
        note: what the user should know of where it runs; "" where it is as usual.
    """

    card: Card
    module: nn.Module
    device: torch.device
    lock: threading.RLock
    bytes: int
    note: str = ""

    def moved_to_cpu(self) -> Loaded:
        """A copy for work that the device's memory does not suffice for."""
        return replace(
            self, module=on_cpu(self.module), device=torch.device("cpu"), lock=threading.RLock(),
            note=ON_CPU,
        )  # fmt: skip


class Registry:
    """Checkpoints below one folder, loaded on demand.

    Args:
        root: holds `<domain>/<model>/{card.json, model.safetensors}`.
        device: where models are put; the best one present by default.
        budget: bytes of weights kept in memory; the least recently used go first.
    """

    def __init__(
        self, root: Path = ROOT, device: torch.device | None = None, budget: int = 2 << 30
    ) -> None:
        self.root = root
        self.device = device or best_device()
        self.budget = budget
        self._models: OrderedDict[str, Loaded] = OrderedDict()
        self._guard = threading.Lock()
        self._loading: dict[str, threading.RLock] = {}

    def cards(self, domain: str | None = None, task: str | None = None) -> list[Card]:
        """Readable cards, sorted by id; damaged ones are reported by `statuses` instead."""
        found = []
        for path in sorted(self.root.glob("*/*/card.json")):
            try:
                card = read_card(path)
            except CheckpointError:
                continue
            if domain in (None, card.domain) and task in (None, card.task):
                found.append(card)
        return found

    def folder(self, model_id: str) -> Path:
        """The checkpoint's folder; an id that would leave the root is refused."""
        folder = (self.root / model_id).resolve()
        if self.root.resolve() not in folder.parents:
            raise CheckpointError(f"'{model_id}' is no model id.")
        return folder

    def card(self, model_id: str, domain: str | None = None) -> Card:
        """The card of a model, by full id, or by folder name within a domain.

        Raises:
            CheckpointError: no such model, or its card cannot be read.
        """
        full = f"{domain}/{model_id}" if domain and "/" not in model_id else model_id
        path = self.folder(full) / "card.json"
        if not path.exists():
            known = ", ".join(c.id for c in self.cards(domain)) or "none"
            raise CheckpointError(f"There is no model '{full}'; known models: {known}.")
        return read_card(path)

    def status(self, model_id: str) -> Status:
        """Compare the files' sha256 with the card, without loading anything."""
        try:
            card = self.card(model_id)
            for name, expected in card.files.items():
                path = self.folder(model_id) / name
                if not path.exists():
                    return Status(model_id, False, f"The file {path} is missing.")
                if _digest(path, path.stat().st_mtime_ns, path.stat().st_size) != expected:
                    return Status(
                        model_id, False, f"The file {path} does not match its card's sha256."
                    )
        except CheckpointError as error:
            return Status(model_id, False, str(error))
        if not card.files:
            return Status(model_id, False, f"The card of {model_id} names no weight file.")
        return Status(model_id, True, "verified")

    def statuses(self) -> list[Status]:
        """The status of every folder that holds a card or weights, damaged ones included."""
        marks = [*self.root.glob("*/*/card.json"), *self.root.glob("*/*/*.safetensors")]
        folders = sorted({p.parent for p in marks})
        return [self.status(f"{p.parent.name}/{p.name}") for p in folders]

    def get(self, model_id: str) -> Loaded:
        """A verified model, loaded once per process however many sessions ask (single flight).

        Raises:
            CheckpointError: missing, altered or damaged; every other model stays usable.
        """
        with self._guard:
            if model_id in self._models:
                self._models.move_to_end(model_id)
                return self._models[model_id]
            flight = self._loading.setdefault(model_id, threading.RLock())
        with flight:
            with self._guard:
                if model_id in self._models:
                    return self._models[model_id]
            loaded = self._load(model_id)
            with self._guard:
                self._models[model_id] = loaded
                self._evict(keep=model_id)
            return loaded

    @contextmanager
    def locked(self, model_id: str) -> Iterator[Loaded]:
        """A model under its lock: for hooks, gradients and anything else that leaves traces."""
        loaded = self.get(model_id)
        with loaded.lock:
            yield loaded

    def loaded_ids(self) -> list[str]:
        """Ids in memory, least recently used first."""
        with self._guard:
            return list(self._models)

    def clear(self) -> None:
        """Forget every loaded model."""
        with self._guard:
            self._models.clear()

    def _evict(self, keep: str) -> None:
        for model_id in list(self._models):
            if sum(m.bytes for m in self._models.values()) <= self.budget:
                return
            if model_id != keep:
                del self._models[model_id]

    def _load(self, model_id: str) -> Loaded:
        card = self.card(model_id)
        status = self.status(model_id)
        if not status.verified:
            raise CheckpointError(
                f"{status.message} Restore it, for example with 'git checkout -- checkpoints'."
            )
        try:
            return self._placed(card)
        except RuntimeError as error:
            if not short_of_memory(error):
                raise
        self.clear()
        relieve(self.device)
        try:
            return self._placed(card)
        except RuntimeError as error:
            if not short_of_memory(error):
                raise
            if self.device.type == "cpu":
                raise SynthLensError(f"There is not enough memory to load {model_id}.") from None
        other = Registry(self.root, torch.device("cpu"))  # shares no part with what stays here
        return replace(other.get(model_id), note=ON_CPU)

    def _placed(self, card: Card) -> Loaded:
        module = self._build(card)
        module.to(self.device).eval().requires_grad_(False)
        size = sum(p.numel() * p.element_size() for p in module.parameters())
        return Loaded(card, module, self.device, threading.RLock(), size)

    def _build(self, card: Card) -> nn.Module:
        path = self.folder(card.id) / WEIGHTS
        try:
            module = build(card.family, card.config, lambda other: self.get(other).module)
            state = {
                k: v.float() if v.is_floating_point() else v for k, v in load_file(path).items()
            }
            own = getattr(module, "load_weights", None)
            own(state) if own else module.load_state_dict(state)
        except (SafetensorError, OSError) as error:
            raise CheckpointError(f"The file {path} is damaged: {error}.") from error
        except (RuntimeError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, RuntimeError) and short_of_memory(error):
                raise
            raise CheckpointError(f"The file {path} does not fit its card: {error}") from error
        return module


@lru_cache(maxsize=256)
def _digest(path: Path, modified_ns: int, size: int) -> str:
    """sha256 of a file, computed again only when its time stamp or size changed."""
    return sha256(path)


@lru_cache(maxsize=1)
def default_registry() -> Registry:
    """The registry of the shipped checkpoints, one per process.

    With `SYNTHLENS_BACKEND=ray` its services run on Ray Serve (`core.serving`).
    """
    if os.environ.get("SYNTHLENS_BACKEND") == "ray":
        from core.serving.ray_backend import connect

        return connect()
    return Registry()
