"""Train a real-or-synthetic detector; every image passes the same random re-encoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from core.cards import Card
from core.data.dataset import DomainData
from core.errors import CheckpointError
from core.evaluate import calibration, family
from core.models.base import build, stands_alone
from core.models.detector import Detector
from core.registry import Registry
from core.training.classifier import ClassifierTrainer, calibrate
from core.training.degrade import degrade, degrade_all
from core.training.fakes import ROUND_TRIP, Fakes, generated, round_trips
from core.training.publish import home, publish
from core.training.run import Run
from core.training.trainset import TrainSet

CLASSES = ["real", "synthetic"]
ALPHA = 0.05
AUTOENCODER = "shared/autoencoder-128"
_ROUND_TRIPS = 300
PER_FAMILY = 60  # fakes of each family that the head is fitted on, and checked on


@dataclass
class Fitted:
    """A detector that is trained and calibrated, not yet published.

    Attributes:
        module: at its best look at the held-out images.
        settings: arguments of its builder.
        calibration: see `calibrate_detector`.
        fakes: of "train" and "val".
    """

    module: torch.nn.Module
    settings: dict[str, Any]
    calibration: dict[str, Any]
    fakes: dict[str, Fakes]


def fit(config: dict[str, Any], own: DomainData, run: Run) -> Fitted:
    """Train and calibrate a detector for one domain.

    Args:
        config: `[model]`, `[train]` and `[fakes]`: `folders` of generated images, `leave_out`
            (families kept from training and calibration), `weights` (how often a family is
            drawn, against 1), `degradation_left_out`, `autoencoder`.
        own: the domain; fakes are made of its training and validation images.
        run: the run's folder, log and clock.
    """
    fakes = {part: make_fakes(own, config.get("fakes", {}), part) for part in ("train", "val")}
    settings = {"channels": own.domain.channels, "size": own.preprocessing.size}
    settings |= {k: v for k, v in config["model"].items() if k != "family"}
    module = build(config["model"]["family"], settings, stands_alone)
    val_images, val_labels = held_out(own, fakes["val"], run.seed, _unseen(config))
    trainer = DetectorTrainer(module, own, fakes["train"], val_images, val_labels, config, run)
    best = trainer.fit()
    return Fitted(best, settings, calibrate_detector(trainer.predict(best), val_labels), fakes)


def _unseen(config: dict[str, Any]) -> str:
    return str(config.get("fakes", {}).get("degradation_left_out", ""))


def train(config: dict[str, Any], data: list[DomainData], run: Run) -> Card:
    """Train, calibrate and publish a detector for one domain; see `fit` for the arguments."""
    own = data[0]
    fitted = fit(config, own, run)
    card = Card(
        id=config["id"], domain=own.domain.id, task="detector", family=config["model"]["family"],
        title=config.get("title", config["id"]), config=fitted.settings, classes=CLASSES,
        preprocessing=own.preprocessing.to_dict(), calibration=fitted.calibration,
        limits=[*config.get("limits", []), *own.domain.caveats], licence=config.get("licence", ""),
    )  # fmt: skip
    card.training = run.summary([own.provenance()]) | {
        "families": fitted.fakes["train"].families,
        "left_out": list(fitted.fakes["train"].leave_out),
        "degradation_left_out": _unseen(config),
    }
    card = publish(run, card, fitted.module)
    family.write(home(card.id), card, fit_families(fitted.module, fitted.fakes, own, run))
    return card


def fit_families(
    module: torch.nn.Module, fakes: dict[str, Fakes], data: DomainData, run: Run
) -> dict[str, Any]:
    """The head that names the nearest family, on re-encoded fakes of both splits."""
    assert isinstance(module, Detector)
    found: list[np.ndarray] = []
    named: list[list[str]] = []
    for salt, part in enumerate(("train", "val")):
        images, names = fakes[part].many(PER_FAMILY * len(fakes[part].families), salt)
        again = degrade_all(images, run.seed + salt)
        found.append(family.features(module, again, data.preprocessing, run.device))
        named.append(names)
    return family.fit(found[0], named[0], found[1], named[1])


def make_fakes(data: DomainData, settings: dict[str, Any], part: str) -> Fakes:
    """The families of one split: generated folders, autoencoder round trips, classic fakes.

    Round trips are left out where there is no autoencoder among the checkpoints.
    """
    index = data.indices(part)
    images, made = np.asarray(data.images[index]), {}
    if settings.get("folders"):
        made = generated(list(settings["folders"]), data.preprocessing, part)
    try:
        chosen = np.random.default_rng(0).permutation(len(index))[:_ROUND_TRIPS]
        name = str(settings.get("autoencoder", AUTOENCODER))
        made[ROUND_TRIP] = round_trips(Registry(), images[chosen], data.preprocessing, name)
    except CheckpointError:
        pass
    left_out = settings.get("leave_out", [])
    names = (left_out,) if isinstance(left_out, str) else tuple(left_out)
    return Fakes(images, data.class_index[index], made, names, dict(settings.get("weights", {})))


def held_out(
    data: DomainData, fakes: Fakes, seed: int, unseen: str = "", limit: int = 400
) -> tuple[np.ndarray, np.ndarray]:
    """Validation images, as many real as synthetic, all re-encoded: (M, S, S, C) and (M,)."""
    index = np.random.default_rng(seed).permutation(data.indices("val"))[:limit]
    real = np.asarray(data.images[index])
    synthetic, _ = fakes.many(len(real), seed + 1)
    images = degrade_all(np.concatenate([real, synthetic]), seed + 2, unseen)
    return images, np.repeat([0, 1], [len(real), len(synthetic)])


def calibrate_detector(logits: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Temperature, threshold and conformal bounds, fitted on re-encoded validation images.

    Returns:
        What `calibrate` gives, and `lower`, `upper` (below: real; above: synthetic; between:
        unsure), `alpha`, and the same bounds by answer as `conformal`.
    """
    fitted = calibrate(logits, labels)
    p = calibration.probabilities(logits, fitted["temperature"])[:, 1]
    lower, upper = calibration.conformal_thresholds(p, labels, ALPHA)
    fitted |= {"lower": lower, "upper": upper, "alpha": ALPHA}
    # the least probability at which each answer stays plausible
    fitted["conformal"] = {"real": 1 - upper, "synthetic": lower}
    return fitted


class DetectorTrainer(ClassifierTrainer):
    """The classifier's loop on batches of real images and freshly made fakes.

    Args:
        module: the detector.
        data: where the real training images are.
        fakes: draws synthetic images of the training split.
        val_images, val_labels: re-encoded held-out images.
        config: with table `[train]`.
        run: log, clock, state.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        data: DomainData,
        fakes: Fakes,
        val_images: np.ndarray,
        val_labels: np.ndarray,
        config: dict[str, Any],
        run: Run,
    ) -> None:
        self.fakes, self.mirror = fakes, data.domain.mirror
        self.unseen = _unseen(config)
        n = len(fakes.images)
        pool = TrainSet(fakes.images, np.repeat([0, 1], n), {"real": n})
        super().__init__(module, pool, val_images, val_labels, data.preprocessing, config, run)

    def _batch(self, chosen: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Positions i < n are real images, the others fakes; both are drawn anew in every epoch."""
        n, images = len(self.fakes.images), []
        for i in chosen.tolist():
            rng = np.random.default_rng([self.run.seed, self.epoch, i])
            pixels = self.fakes.images[self.fakes.pick(rng)] if i < n else self.fakes.draw(rng)[0]
            pixels = degrade(pixels, rng, self.unseen)
            images.append(pixels[:, ::-1] if self.mirror and rng.random() < 0.5 else pixels)
        x = self.recipe.normalise(np.stack(images)).to(self.run.device)
        return x, torch.as_tensor(self.trainset.labels[chosen], device=self.run.device)
