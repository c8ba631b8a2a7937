"""Start a run from the weights of a shipped checkpoint, and say so in the card."""

from __future__ import annotations

from typing import Any

from torch import nn

from core.registry import WEIGHTS, Registry

# of the earlier training, so that a card tells the whole chain
KEPT = ("command", "commit", "seed", "images_seen", "seconds", "hardware", "started_from")


def warm_start(module: nn.Module, settings: dict[str, Any], registry: Registry) -> dict[str, Any]:
    """Load every weight of `settings["start_from"]` that has the same name and shape.

    Args:
        module: the untrained module.
        settings: the `[train]` table; without `start_from` nothing happens.
        registry: where the earlier checkpoint is found and verified.

    Returns:
        What the card's `training` says of it: the checkpoint, its sha256 and images seen.
    """
    model_id = settings.get("start_from")
    if not model_id:
        return {}
    loaded = registry.get(str(model_id))
    own = module.state_dict()
    earlier = loaded.module.state_dict()
    fitting = {k: v for k, v in earlier.items() if k in own and own[k].shape == v.shape}
    module.load_state_dict(fitting, strict=False)
    return {
        "started_from": {
            "id": loaded.card.id,
            "sha256": loaded.card.files.get(WEIGHTS, ""),
            **{k: v for k, v in loaded.card.training.items() if k in KEPT},
            "tensors": f"{len(fitting)} of {len(own)}",
        }
    }
