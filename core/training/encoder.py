"""Self-supervised training of the encoder: SimCLR (Chen et al. 2020) on all domains at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from core.cards import Card
from core.data.dataset import DomainData
from core.device import mixed
from core.models.base import build, stands_alone
from core.models.encoder import Encoder, encode
from core.preprocessing import Preprocessing
from core.training.publish import publish
from core.training.run import Run
from core.training.views import view

SOURCE = 96  # px: side that images are kept at for training
LIMITS = [
    "Trained on few thousand images of few sources: distances compare images of these domains "
    "with each other and mean little elsewhere.",
    "Blurred a little in training, so small losses of sharpness move its features less than they "
    "move a texture descriptor; read both.",
]


class Pool:
    """Training images of all domains in memory, with what may be done to each.

    Args:
        data: one entry per domain.
        size: side that images are kept at, in pixels.
        device: where they lie, as uint8.
    """

    def __init__(
        self, data: list[DomainData], size: int = SOURCE, device: torch.device | str = "cpu"
    ) -> None:
        images, mirror, turn = [], [], []
        for part in data:
            rows = part.indices("train")
            images.append(_shrink(part.images[rows], size).expand(-1, 3, -1, -1).to(device))
            mirror += [part.domain.mirror] * len(rows)
            turn += [180.0 if part.domain.organ == "tissue" else 12.0] * len(rows)
        self.images = torch.cat(images)
        self.mirror, self.turn = torch.tensor(mirror), torch.tensor(turn)

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, rows: torch.Tensor) -> torch.Tensor:
        """Normalised images (N, 3, size, size); grey ones are replicated."""
        return self.images[rows].float() / 127.5 - 1


def _shrink(pixels: np.ndarray, size: int) -> torch.Tensor:
    """uint8 (N, S, S, C) to uint8 (N, C, size, size), area-averaged."""
    pieces = []
    for start in range(0, len(pixels), 256):
        part = torch.as_tensor(np.array(pixels[start : start + 256])).permute(0, 3, 1, 2).float()
        part = F.interpolate(part, (size, size), mode="bilinear", antialias=True)
        pieces.append(part.round().clamp(0, 255).to(torch.uint8))
    return torch.cat(pieces)


def nt_xent(a: torch.Tensor, b: torch.Tensor, temperature: float) -> torch.Tensor:
    """Normalised temperature-scaled cross-entropy (Chen et al. 2020, equation 1).

    Args:
        a: (N, D) projections of one view of N images.
        b: (N, D) projections of another view of the same images.
        temperature: divides cosine similarities.

    Returns:
        Scalar mean over the 2N views.
    """
    z = F.normalize(torch.cat([a, b]), dim=1)
    logits = z @ z.T / temperature
    logits.fill_diagonal_(-torch.inf)
    n = len(a)
    target = torch.cat([torch.arange(n, 2 * n), torch.arange(n)]).to(a.device)
    return F.cross_entropy(logits, target)


def projector(dimensions: int, width: int = 256, outputs: int = 128) -> nn.Sequential:
    """The head whose output the loss compares; thrown away after training."""
    return nn.Sequential(
        nn.Linear(dimensions, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, outputs)
    )


def knn_accuracy(encoder: Encoder, data: DomainData, references: int = 1500) -> float:
    """Share of validation images whose 5 nearest training images vote for their class."""
    rng = np.random.default_rng(0)
    train, val = data.indices("train"), data.indices("val")
    train = np.sort(rng.permutation(train)[:references])
    val = np.sort(rng.permutation(val)[:300])
    if not len(train) or not len(val):
        return float("nan")
    a = F.normalize(torch.from_numpy(encode(encoder, data.images[train])), dim=1)
    b = F.normalize(torch.from_numpy(encode(encoder, data.images[val])), dim=1)
    near = (b @ a.T).topk(min(5, len(train)), dim=1).indices.numpy()
    votes = torch.from_numpy(data.class_index[train][near]).mode(dim=1).values.numpy()
    return float((votes == data.class_index[val]).mean())


def learning_rate(peak: float, share: float) -> float:
    """Linear warm-up over the first 2 % of the run, then half a cosine to zero.

    Args:
        peak: highest rate.
        share: of the run done, by images or by time budget, 0 to 1.
    """
    share = min(share, 1.0)
    return peak * min(share / 0.02 + 0.02, 0.5 + 0.5 * math.cos(math.pi * share))


def train(config: dict[str, Any], data: list[DomainData], run: Run) -> Card:
    """Train on the training splits of all domains given, and publish the checkpoint.

    Args:
        config: `[model]` of the encoder and `[train]` with images, batch, lr, weight_decay,
            temperature, view.
        data: one entry per domain.
        run: the run to log to and resume from.

    Returns:
        The published card.
    """
    settings = config["train"]
    torch.manual_seed(run.seed)
    module = {k: v for k, v in config["model"].items() if k != "family"}
    encoder = build("encoder", module, stands_alone).to(run.device)
    assert isinstance(encoder, Encoder)
    head = projector(encoder.dimensions).to(run.device)
    both = nn.ModuleList([encoder, head]).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(
        both.parameters(), lr=settings["lr"], weight_decay=settings["weight_decay"]
    )
    if state := run.load_state():
        both.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
    pool = Pool(data, device=run.device)
    while run.images_seen < settings["images"] and not run.out_of_time():
        loss = _step(encoder, head, optimiser, pool, settings, run)
        if run.every(20, "log"):
            run.log(loss=loss, lr=optimiser.param_groups[0]["lr"])
        if run.every(180, "probe"):
            run.log(**_probe(encoder, data))
        if run.every(60, "state"):
            run.save_state(_state(both, optimiser))
    run.save_state(_state(both, optimiser))
    scores = _probe(encoder, data)
    run.log(**scores)
    return publish(run, _card(config, data, scores, run), encoder)


def _step(
    encoder: Encoder,
    head: nn.Module,
    optimiser: torch.optim.Optimizer,
    pool: Pool,
    settings: dict[str, Any],
    run: Run,
) -> float:
    rows = torch.randint(len(pool), (settings["batch"],))
    images = pool.batch(rows)
    views = [view(images, pool.mirror[rows], pool.turn[rows], settings["view"]) for _ in "ab"]
    both = torch.cat(views).contiguous(memory_format=torch.channels_last)
    with mixed(run.device):
        a, b = head(encoder(both)).float().chunk(2)
    loss = nt_xent(a, b, settings["temperature"])
    share = run.share(settings["images"])
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(settings["lr"], share)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
    run.step += 1
    run.images_seen += len(rows)
    return float(loss.detach())


def _probe(encoder: Encoder, data: list[DomainData]) -> dict[str, float]:
    encoder.eval()
    scores = {f"knn_{part.domain.id}": knn_accuracy(encoder, part) for part in data}
    encoder.train()
    return scores


def _state(both: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    return {"model": both.state_dict(), "optimiser": optimiser.state_dict()}


def _card(
    config: dict[str, Any], data: list[DomainData], scores: dict[str, float], run: Run
) -> Card:
    model = {k: v for k, v in config["model"].items() if k != "family"}
    return Card(
        id=config["id"],
        domain="shared",
        task="encoder",
        family="encoder",
        title=config.get("title", "Self-supervised encoder"),
        config=model,
        preprocessing=Preprocessing(size=data[0].images.shape[1], channels=3).to_dict(),
        calibration={"validation": scores},
        training=run.summary([part.provenance() for part in data]),
        limits=LIMITS,
        licence=config.get("licence", ""),
    )
