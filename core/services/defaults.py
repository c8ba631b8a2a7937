"""Which model answers when the caller names none: chosen on validation, never on a test set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core import domains
from core.cards import Card, read_metrics
from core.errors import CheckpointError
from core.registry import Registry

DUPLICATES = "duplicates"  # further copies of real images: a control, not synthetic ones
FAMILY_ORDER = ("diffusion", "style", "stylegan", "wgan", "gan", "dcgan")


def choose(registry: Registry, domain: str, task: str, model: str | None) -> Card:
    """The card of the model that was named, or the best one of its kind for a domain.

    Args:
        registry: where to look.
        domain: domain id.
        task: kind of model, one of `core.cards.TASKS`.
        model: full id or folder name; None for the default.

    Raises:
        KeyError: unknown domain.
        CheckpointError: no such model, one of another kind, or none for this domain.
    """
    domains.get(domain)
    if model is not None:
        return _named(registry, domain, task, model)
    cards = registry.cards(domain, task) or _shared(registry, domain, task)
    if not cards:
        raise CheckpointError(
            f"There is no {task} for {domain} in {registry.root}; train one with "
            f"'python -m core train {task} --domain {domain} …'."
        )
    ranks = {"generator": generator_rank, "classifier": classifier_rank}
    rank = ranks.get(task, lambda registry, card: (0.0, 0.0))
    return max(cards, key=lambda card: rank(registry, card))


def generator_rank(registry: Registry, card: Card) -> tuple[float, float]:
    """Higher is better: the measured FID ratio, then diffusion before style-based before others."""
    ratios = list(numbers(read_metrics(registry.folder(card.id)), "fid_ratio"))
    text = f"{card.family} {card.name}".lower()
    place = next((i for i, name in enumerate(FAMILY_ORDER) if name in text), len(FAMILY_ORDER))
    return (ratios[0][1] if ratios else -1.0, -float(place))


def classifier_rank(registry: Registry, card: Card) -> tuple[float, ...]:
    """Higher is better: the domain's default task, then balanced accuracy on held-out images.

    Figures under shift, where a card has them, come before those of plain validation, on which
    good models hardly differ.
    """
    default = domains.get(card.domain).task().labels if card.domain != "shared" else ()
    found = {"calibration": card.calibration, "training": card.training}
    found["metrics"] = read_metrics(registry.folder(card.id))
    scores = [v for path, v in numbers(found, "balanced_accuracy") if _on_validation(path)]
    shifted = float(card.calibration.get("held_out", {}).get("balanced_accuracy", -1.0))
    return (float(tuple(card.classes) == tuple(default)), shifted, max(scores, default=-1.0))


def independent(card: Card) -> bool:
    """Whether a classifier was trained on real images alone, so that it may judge synthetic ones.

    One that learned from a generator's images would agree with that generator for its own sake.
    """
    own = card.training.get("set", {})
    return not own.get("generators") and own.get("source", DUPLICATES) == DUPLICATES


def numbers(content: Any, key: str, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number in nested JSON whose name ends with `key`, with its dotted path.

    A figure may be a bare number or an object that holds it as "value" or "mean".
    """
    if not isinstance(content, dict):
        return
    for name, value in content.items():
        here = f"{path}.{name}"
        if name.endswith(key):
            inner = value.get("value", value.get("mean")) if isinstance(value, dict) else value
            if isinstance(inner, int | float) and not isinstance(inner, bool):
                yield here, float(inner)
                continue
        yield from numbers(value, key, here)


def _on_validation(path: str) -> bool:
    return any(part.startswith("val") for part in path.replace("_", ".").split("."))


def _shared(registry: Registry, domain: str, task: str) -> list[Card]:
    """Models of several domains that list this one in their card, or list none."""
    cards = registry.cards("shared", task)
    return [c for c in cards if domain in c.config.get("domains", [domain])]


def _named(registry: Registry, domain: str, task: str, model: str) -> Card:
    card = registry.card(model, domain)
    if card.task != task:
        raise CheckpointError(f"'{card.id}' is no {task} but a model for: {card.task}.")
    if card.domain not in (domain, "shared"):
        raise CheckpointError(f"'{card.id}' belongs to the domain {card.domain}, not {domain}.")
    return card
