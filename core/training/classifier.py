"""Train a classifier: augmentation, class weights, EMA, early stopping, calibration, seeds."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
import torch
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from torch import nn

from core.cards import Card, write_json
from core.data.dataset import DomainData
from core.evaluate import calibration, seeds
from core.evaluate.logits import predict
from core.models.base import build, stands_alone
from core.preprocessing import Preprocessing
from core.training import publish
from core.training.held_out import HeldOut, make_held_out
from core.training.learner import AHEAD, Learner
from core.training.resident import Resident
from core.training.run import Run
from core.training.trainset import TrainSet, make_trainset

PATIENCE = 10


def train(config: dict[str, Any], data: list[DomainData], run: Run) -> Card:
    """Train, calibrate and publish a classifier on one domain's training split.

    Held-out images alone decide when to stop, which epoch and which seed are kept, the
    temperature and the threshold. The test split is looked at when all that is settled, to
    report every seed in `seeds.json`.

    Args:
        config: `task`, `[model]`, `[train]`, `[augment]`, and optionally `seeds`, `[held_out]`,
            `[regime]`, `[synthetic]`.
        data: one domain.
        run: the run's folder, log and clock.
    """
    own = data[0]
    task = own.domain.task(config.get("task"))
    settings = {"channels": own.domain.channels, "classes": len(task.labels)}
    settings |= {k: v for k, v in config["model"].items() if k != "family"}
    held = make_held_out(own, task.id, config)
    wanted = [int(s) for s in config.get("seeds", [run.seed])]
    tried = []
    for seed in wanted:
        child = run if len(wanted) == 1 else run.child(f"seed-{seed}", seed, 1 / len(wanted))
        tried.append(_Trial(config, settings, own, task.id, held, child))
    best = min(tried, key=lambda trial: trial.loss)
    card = Card(
        id=config["id"], domain=own.domain.id, task="classifier",
        family=config["model"]["family"], title=config.get("title", config["id"]),
        config=settings, classes=list(task.labels), preprocessing=own.preprocessing.to_dict(),
        calibration=best.fitted, limits=[*config.get("limits", []), *own.domain.caveats],
        licence=config.get("licence", ""),
    )  # fmt: skip
    card.training = best.run.summary([own.provenance()])
    card.training |= {"task": task.id, "set": best.note, "seeds": wanted}
    written = publish.publish(best.run, card, best.module)
    write_json(publish.ROOT / card.id / seeds.FILE, _all_seeds(tried, best, own, task.id))
    return written


class _Trial:
    """One seed, trained and calibrated."""

    def __init__(
        self, config: dict[str, Any], settings: dict[str, Any], own: DomainData, task: str,
        held: HeldOut, run: Run,
    ) -> None:  # fmt: skip
        trainset = make_trainset(own, task, config, run.seed)
        module = build(config["model"]["family"], settings, stands_alone)
        if config.get("train", {}).get("pretrained"):
            module.load_pretrained()  # type: ignore[operator]
        trainer = ClassifierTrainer(
            module, trainset, held.images, held.labels, own.preprocessing, config, run
        )
        self.run, self.note = run, trainset.note | {"held_out": _sizes(held.part)}
        self.module = trainer.fit()
        self.fitted = calibrate(trainer.predict(self.module), held.labels, held.part)
        self.loss = float(self.fitted["held_out"]["log_loss"])


def _sizes(part: np.ndarray) -> dict[str, int]:
    names, counts = np.unique(part, return_counts=True)
    return {str(k): int(n) for k, n in zip(names, counts)}


def _all_seeds(tried: list[_Trial], best: _Trial, own: DomainData, task: str) -> dict[str, Any]:
    index = own.indices("test", task)
    labels, clean = own.labels(task)[index], own.clean_test[index]
    runs: list[dict[str, Any]] = []
    for trial in tried:
        logits = predict(
            trial.module, np.asarray(own.images[index]), own.preprocessing, trial.run.device
        )
        test = seeds.on_test_sets(logits, labels, clean, trial.fitted) if len(index) else {}
        runs.append({"seed": trial.run.seed, "log_loss": trial.loss, "test": test})
    return seeds.summary(runs, best.run.seed)


def calibrate(
    logits: np.ndarray, labels: np.ndarray, part: np.ndarray | None = None
) -> dict[str, Any]:
    """Temperature and, for two classes, threshold, fitted on held-out images.

    Args:
        logits: (N, K) of held-out images.
        labels: (N,).
        part: (N,) which kind of held-out image each is; all "val" if left out.

    Returns:
        temperature, threshold, `validation` (what they achieve on the plain validation split)
        and, where there are other parts, `held_out` with all figures `by_part`.
    """
    temperature = calibration.fit_temperature(logits, labels)
    p = calibration.probabilities(logits, temperature)
    fitted: dict[str, Any] = {"temperature": temperature}
    if p.shape[1] == 2:
        fitted["threshold"] = calibration.best_threshold(p[:, 1], labels)
    part = np.full(len(labels), "val") if part is None else part
    fitted["validation"] = _achieved(logits[part == "val"], labels[part == "val"], fitted)
    fitted["held_out"] = _achieved(logits, labels, fitted)
    if len(names := np.unique(part)) > 1:
        fitted["held_out"]["by_part"] = {
            str(name): _achieved(logits[part == name], labels[part == name], fitted)
            for name in names
        }
    return fitted


def _achieved(logits: np.ndarray, labels: np.ndarray, fitted: dict[str, Any]) -> dict[str, Any]:
    p = calibration.probabilities(logits, fitted["temperature"])
    predicted = calibration.predict(p, fitted.get("threshold"))
    return {
        "n": len(labels),
        "balanced_accuracy": float(balanced_accuracy_score(labels, predicted)),
        "auc": auc(p, labels),
        "log_loss": calibration.log_loss(logits, labels, fitted["temperature"]),
        "ece": calibration.expected_calibration_error(p, labels),
    }


def auc(p: np.ndarray, labels: np.ndarray) -> float:
    """Area under the ROC curve; for K > 2 the mean of one-against-rest areas."""
    if p.shape[1] == 2:
        return float(roc_auc_score(labels, p[:, 1]))
    return float(np.mean([roc_auc_score(labels == k, p[:, k]) for k in np.unique(labels)]))


class ClassifierTrainer:
    """The training loop; `fit` returns the module of the best validation epoch.

    `[train]`: epochs, batch, lr, weight_decay, warmup (epochs), schedule ("cosine" or "plateau"),
    ema (decay, 0 for none), label_smoothing, mixup (alpha), patience, class_weights.

    Args:
        module: classifier to train.
        trainset: training images.
        val_images, val_labels: (M, S, S, C) uint8 and (M,).
        recipe: preprocessing, for normalisation.
        config: with tables `[train]` and `[augment]`.
        run: log, clock, state.
    """

    def __init__(
        self,
        module: nn.Module,
        trainset: TrainSet,
        val_images: np.ndarray,
        val_labels: np.ndarray,
        recipe: Preprocessing,
        config: dict[str, Any],
        run: Run,
    ) -> None:
        self.settings = {
            "epochs": 30, "batch": 32, "lr": 1e-3, "weight_decay": 0.02, "warmup": 1.0,
            "schedule": "cosine", "ema": 0.998, "label_smoothing": 0.05, "mixup": 0.0,
            "patience": PATIENCE, "class_weights": True, **config.get("train", {}),
        }  # fmt: skip
        self.run, self.recipe, self.trainset = run, recipe, trainset
        self.val_images, self.val_labels = val_images, val_labels
        augment = config.get("augment", {})
        self.learner = Learner(
            module, np.bincount(trainset.labels), self.settings, augment, run.device, run.seed
        )
        self.epoch, self.position, self.bad, self.factor = 0, 0, 0, 1.0
        self.best_loss, self.best = math.inf, self._copy()
        self.losses: list[torch.Tensor] = []  # of this epoch's steps
        self._resume()

    @cached_property
    def resident(self) -> Resident:
        """The training images on the device, moved there once."""
        return Resident(self.trainset.images, self.trainset.labels, self.recipe, self.run.device)

    def fit(self) -> nn.Module:
        """Train until the epochs, the patience or the time budget end."""
        while self.epoch < self.settings["epochs"] and self.bad < self.settings["patience"]:
            finished = self._one_epoch()
            self._validate()
            if finished:
                self.epoch, self.position, self.losses = self.epoch + 1, 0, []
            if not finished:
                break
            if self.run.every(20, "epoch"):
                self._save()
        self._save()
        self.learner.current.load_state_dict(self.best)
        return self.learner.current

    def predict(self, module: nn.Module) -> np.ndarray:
        """Logits of the validation images, (M, K) float32."""
        return predict(module, self.val_images, self.recipe, self.run.device)

    def _one_epoch(self) -> bool:
        """Train to the end of the epoch; False where the time budget ended it."""
        batch = int(self.settings["batch"])
        order = np.random.default_rng([self.run.seed, self.epoch]).permutation(
            len(self.trainset.labels)
        )
        order = self.run.shard(order)
        self.learner.module.train()
        ahead = AHEAD.get(self.run.device.type, 1) * batch
        while self.position < len(order):
            if self.run.out_of_time():
                return False
            x, labels = self._batch(order[self.position : self.position + ahead])
            for start in range(0, len(labels), batch):
                part = slice(start, start + batch)
                if len(labels[part]) > 1 or len(order) == 1:  # batch statistics need two images
                    self.losses.append(self._step(x[part], labels[part]))
            self.position += ahead
            if self.run.every(60, "state"):
                self._save()
        return True

    def _batch(self, chosen: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Augmented images (B, C, S, S) and labels (B,) of these positions, on the device."""
        rows = torch.as_tensor(chosen).to(self.run.device)
        return self.learner.augmented(self.resident.batch(rows)), self.resident.labels[rows]

    def _step(self, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        loss = self.learner.step(x, labels, self._lr(), self.run.step)
        self.run.step += 1
        self.run.images_seen += len(labels)
        return loss

    def _lr(self) -> float:
        """Warm-up, then cosine to zero over epochs or time, whichever ends first; or plateau."""
        steps = math.ceil(len(self.trainset.labels) / self.settings["batch"])
        warm = min(1.0, (self.run.step + 1) / max(1.0, self.settings["warmup"] * steps))
        if self.settings["schedule"] == "plateau":
            return float(self.settings["lr"]) * warm * self.factor
        done = max(self.run.step / (self.settings["epochs"] * steps), self.run.progress)
        return float(self.settings["lr"]) * warm * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    def _validate(self) -> None:
        """Log the curves, keep the best epoch, count epochs without progress."""
        logits = self.predict(self.learner.current)
        # one temperature is fitted afterwards anyway, so epochs are compared with their own best
        loss = calibration.log_loss(
            logits, self.val_labels, calibration.fit_temperature(logits, self.val_labels)
        )
        p = calibration.probabilities(logits)
        self.run.log(
            epoch=self.epoch + 1,
            loss=float(torch.stack(self.losses).mean()) if self.losses else float("nan"),
            val_loss=loss,
            val_accuracy=float((p.argmax(1) == self.val_labels).mean()),
            val_balanced_accuracy=float(balanced_accuracy_score(self.val_labels, p.argmax(1))),
            val_auc=auc(p, self.val_labels),
            lr=self.learner.optimiser.param_groups[0]["lr"],
        )
        if loss < self.best_loss:
            self.best_loss, self.best, self.bad = loss, self._copy(), 0
        else:
            self.bad += 1
            if self.settings["schedule"] == "plateau" and self.bad % 4 == 3:
                self.factor *= 0.3

    def _copy(self) -> dict[str, torch.Tensor]:
        return {k: v.detach().clone() for k, v in self.learner.current.state_dict().items()}

    def _save(self) -> None:
        plain = {k: getattr(self, k) for k in ("epoch", "position", "bad", "factor", "best_loss")}
        plain["losses"] = [float(loss) for loss in self.losses]
        self.run.save_state(plain | {"best": self.best, "learner": self.learner.state()})

    def _resume(self) -> None:
        state = self.run.load_state()
        if state is None:
            return
        for name in ("epoch", "position", "bad", "factor", "best_loss", "best"):
            setattr(self, name, state[name])
        self.losses = [
            torch.tensor(loss, device=self.run.device) for loss in state.get("losses", [])
        ]
        self.learner.load_state(state["learner"])
