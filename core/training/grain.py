"""Fit the grain of an autoencoder that is otherwise finished: minutes on a CPU."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from core.cards import Card
from core.data.dataset import DomainData
from core.device import mixed
from core.models.autoencoder import Autoencoder
from core.models.base import build, stands_alone
from core.models.grain import Grain
from core.registry import Registry
from core.training.batches import Pool
from core.training.publish import publish
from core.training.run import Run
from core.training.warm_start import warm_start

CHUNK = 32


def train(config: dict[str, Any], data: list[DomainData], run: Run) -> Card:
    """Fit the grain to pairs of an image and its reconstruction; all other weights stay.

    Args:
        config: `[model]` of the autoencoder with `grain`; `[train]` with `start_from`, `pairs`
            (per domain), `images`, `batch`, `rate`.
        data: the domains that the autoencoder serves.
        run: the run to log to and resume from.
    """
    settings = config["train"]
    model = build(config["model"]["family"], config["model"], stands_alone).to(run.device)
    assert isinstance(model, Autoencoder) and model.grain is not None
    registry = Registry(device=run.device)
    start = warm_start(model, settings, registry)
    optimiser = torch.optim.Adam(model.grain.parameters())
    if state := run.load_state():
        model.grain.load_state_dict(state["grain"])
        optimiser.load_state_dict(state["optimiser"])
    decoded, power = pairs(model.eval(), data, settings["pairs"], run)
    while not run.out_of_time() and run.images_seen < settings["images"]:
        share = run.share(settings["images"])
        for group in optimiser.param_groups:
            group["lr"] = settings["rate"] * (0.5 + 0.5 * math.cos(math.pi * share))
        generator = torch.Generator().manual_seed(run.seed * 1_000_003 + run.step)
        rows = torch.randint(len(decoded), (settings["batch"],), generator=generator)
        loss = step(model.grain, optimiser, *(_on(v[rows], run) for v in (power, decoded)))
        run.step += 1
        run.images_seen += len(rows)
        if run.every(run.interval(30), "log"):
            run.log(grain=loss)
            run.save_state({"grain": model.grain.state_dict(), "optimiser": optimiser.state_dict()})
    run.save_state({"grain": model.grain.state_dict(), "optimiser": optimiser.state_dict()})
    card = replace(
        registry.card(settings["start_from"]),
        config=config["model"],
        training=run.summary([d.provenance() for d in data]) | start,
        title=config["title"],
        limits=config.get("limits", []),
    )
    return publish(run, card, model)


def step(
    grain: Grain, optimiser: torch.optim.Optimizer, power: torch.Tensor, decoded: torch.Tensor
) -> torch.Tensor:
    """One step on the deviance of the predicted power."""
    loss = grain.loss(power, decoded)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(grain.parameters(), 1.0)
    optimiser.step()
    return loss.detach()


@torch.no_grad()
def pairs(
    model: Autoencoder, data: list[DomainData], wanted: int, run: Run
) -> tuple[torch.Tensor, torch.Tensor]:
    """Reconstructions of training images without grain, and the power of what they lack.

    The colour axes are fitted on the first colour domain's residuals.

    Returns:
        (N, 3, S, S) decoded in half precision, (N, 3, bands, S/4, S/4) power.
    """
    assert model.grain is not None
    decoded: list[torch.Tensor] = []
    power: list[torch.Tensor] = []
    for part in sorted(data, key=lambda d: -d.domain.channels):
        pool, grey = Pool([part], device=run.device), part.domain.channels == 1
        for start in range(0, wanted, CHUNK):
            x = pool.draw(CHUNK, start, run.seed)
            with mixed(run.device):
                y = model.decode_raw(model.moments(x)[0].float()).float()
            y = y.mean(1, keepdim=True).expand_as(y) if grey else y  # as `Autoencoder.decode`
            if not grey and not decoded:
                model.grain.fit_axes(x - y)
            power.append(model.grain.power(x - y, grey))
            decoded.append(y.half())
    return torch.cat(decoded), torch.cat(power)


def _on(rows: torch.Tensor, run: Run) -> torch.Tensor:
    return rows.to(run.device).float()
