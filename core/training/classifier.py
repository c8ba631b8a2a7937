"""Train a classifier: augmentation, class weights, EMA, early stopping, calibration."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from torch import nn
from torch.nn import functional

from core.cards import Card
from core.data.dataset import DomainData
from core.evaluate import calibration
from core.models.base import build
from core.preprocessing import Preprocessing
from core.training.augment import Augmentation, mixup
from core.training.ema import Ema
from core.training.publish import publish
from core.training.run import Run
from core.training.trainset import TrainSet, make_trainset

PATIENCE = 10
EVAL_BATCH = 64


def train(config: dict[str, Any], data: list[DomainData], run: Run) -> Card:
    """Train, calibrate and publish a classifier on one domain's training split.

    The validation split alone decides when to stop, which epoch is kept, the temperature and the
    threshold; the test split is never looked at.

    Args:
        config: `task`, `[model]`, `[train]`, `[augment]`, and optionally `[regime]`, `[synthetic]`.
        data: one domain.
        run: the run's folder, log and clock.
    """
    own = data[0]
    task = own.domain.task(config.get("task"))
    trainset = make_trainset(own, task.id, config, run.seed)
    settings = {"channels": own.domain.channels, "classes": len(task.labels)}
    settings |= {k: v for k, v in config["model"].items() if k != "family"}
    module = build(config["model"]["family"], settings, _no_parent)
    if config.get("train", {}).get("pretrained"):
        module.load_pretrained()  # type: ignore[operator]
    held_out = own.indices("val", task.id)
    trainer = ClassifierTrainer(
        module, trainset, own.images[held_out], own.labels(task.id)[held_out],
        own.preprocessing, config, run,
    )  # fmt: skip
    best = trainer.fit()
    card = Card(
        id=config["id"], domain=own.domain.id, task="classifier",
        family=config["model"]["family"], title=config.get("title", config["id"]),
        config=settings, classes=list(task.labels), preprocessing=own.preprocessing.to_dict(),
        calibration=calibrate(trainer.predict(best), trainer.val_labels),
        limits=[*config.get("limits", []), *own.domain.caveats], licence=config.get("licence", ""),
    )  # fmt: skip
    card.training = run.summary([own.provenance()]) | {"task": task.id, "set": trainset.note}
    return publish(run, card, best)


def _no_parent(model_id: str) -> nn.Module:
    raise KeyError(f"A classifier needs no other checkpoint, yet asked for {model_id}.")


def calibrate(logits: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Temperature and, for two classes, threshold, fitted on validation, with what they achieve.

    Args:
        logits: (N, K) of validation images.
        labels: (N,).
    """
    temperature = calibration.fit_temperature(logits, labels)
    p = calibration.probabilities(logits, temperature)
    fitted: dict[str, Any] = {"temperature": temperature}
    if p.shape[1] == 2:
        fitted["threshold"] = calibration.best_threshold(p[:, 1], labels)
    predicted = calibration.predict(p, fitted.get("threshold"))
    fitted["validation"] = {
        "n": len(labels),
        "balanced_accuracy": float(balanced_accuracy_score(labels, predicted)),
        "auc": auc(p, labels),
        "log_loss": calibration.log_loss(logits, labels, temperature),
        "ece": calibration.expected_calibration_error(p, labels),
    }
    return fitted


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
        self.module = module.to(run.device).to(memory_format=torch.channels_last)  # type: ignore
        decay = float(self.settings["ema"])
        self.average = Ema(self.module, decay) if decay else None
        self.optimiser = torch.optim.AdamW(
            self.module.parameters(), lr=self.settings["lr"],
            weight_decay=self.settings["weight_decay"],
        )  # fmt: skip
        self.augment = Augmentation(**config.get("augment", {}))
        self.random = torch.Generator().manual_seed(run.seed)
        classes = np.bincount(trainset.labels)
        weights = len(trainset.labels) / (len(classes) * np.maximum(classes, 1))
        self.weights = torch.tensor(
            weights if self.settings["class_weights"] else np.ones(len(classes)),
            dtype=torch.float32, device=run.device,
        )  # fmt: skip
        self.epoch, self.position, self.bad, self.factor = 0, 0, 0, 1.0
        self.best_loss, self.best = math.inf, self._copy()
        self._resume()

    @property
    def current(self) -> nn.Module:
        """The module that would be shipped now: the moving average where there is one."""
        return self.average.module if self.average is not None else self.module

    def fit(self) -> nn.Module:
        """Train until the epochs, the patience or the time budget end."""
        while self.epoch < self.settings["epochs"] and self.bad < self.settings["patience"]:
            finished = self._one_epoch()
            self._validate()
            if finished:
                self.epoch, self.position = self.epoch + 1, 0
            self._save()
            if not finished:
                break
        self.current.load_state_dict(self.best)
        return self.current

    def predict(self, module: nn.Module) -> np.ndarray:
        """Logits of the validation images, (M, K) float32."""
        return predict(module, self.val_images, self.recipe, self.run.device)

    def _one_epoch(self) -> bool:
        """Train to the end of the epoch; False where the time budget ended it."""
        batch = int(self.settings["batch"])
        order = np.random.default_rng([self.run.seed, self.epoch]).permutation(
            len(self.trainset.labels)
        )
        self.module.train()
        self.losses: list[float] = []
        while self.position < len(order):
            if self.run.out_of_time():
                return False
            chosen = order[self.position : self.position + batch]
            self.position += batch
            if len(chosen) > 1 or len(order) == 1:  # batch statistics need two images
                self.losses.append(self._step(np.sort(chosen)))
            if self.run.every(60, "state"):
                self._save()
        return True

    def _batch(self, chosen: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Augmented images (B, C, S, S) and labels (B,) of these positions, on the device."""
        x = self.recipe.normalise(self.trainset.images[chosen]).to(self.run.device)
        labels = torch.as_tensor(self.trainset.labels[chosen], device=self.run.device)
        return self.augment(x, self.random), labels

    def _step(self, chosen: np.ndarray) -> float:
        x, labels = self._batch(chosen)
        x = x.contiguous(memory_format=torch.channels_last)
        targets = functional.one_hot(labels, len(self.weights)).float()
        x, targets = mixup(x, targets, float(self.settings["mixup"]), self.random)
        for group in self.optimiser.param_groups:
            group["lr"] = self._lr()
        loss = functional.cross_entropy(
            self.module(x), targets, self.weights, label_smoothing=self.settings["label_smoothing"]
        )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.module.parameters(), 5.0)
        self.optimiser.step()
        if self.average is not None:
            self.average.update(self.module, self.run.step)
        self.run.step += 1
        self.run.images_seen += len(chosen)
        return float(loss.detach())

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
        logits = self.predict(self.current)
        # one temperature is fitted afterwards anyway, so epochs are compared with their own best
        loss = calibration.log_loss(
            logits, self.val_labels, calibration.fit_temperature(logits, self.val_labels)
        )
        p = calibration.probabilities(logits)
        self.run.log(
            epoch=self.epoch + 1,
            loss=float(np.mean(self.losses)) if self.losses else float("nan"),
            val_loss=loss,
            val_accuracy=float((p.argmax(1) == self.val_labels).mean()),
            val_balanced_accuracy=float(balanced_accuracy_score(self.val_labels, p.argmax(1))),
            val_auc=auc(p, self.val_labels),
            lr=self.optimiser.param_groups[0]["lr"],
        )
        if loss < self.best_loss:
            self.best_loss, self.best, self.bad = loss, self._copy(), 0
        else:
            self.bad += 1
            if self.settings["schedule"] == "plateau" and self.bad % 4 == 3:
                self.factor *= 0.3

    def _copy(self) -> dict[str, torch.Tensor]:
        return {k: v.detach().clone() for k, v in self.current.state_dict().items()}

    def _save(self) -> None:
        plain = {k: getattr(self, k) for k in ("epoch", "position", "bad", "factor", "best_loss")}
        self.run.save_state(
            plain
            | {
                "module": self.module.state_dict(),
                "average": self.average.module.state_dict() if self.average is not None else None,
                "optimiser": self.optimiser.state_dict(),
                "best": self.best,
                "random": self.random.get_state(),
            }
        )

    def _resume(self) -> None:
        state = self.run.load_state()
        if state is None:
            return
        for name in ("epoch", "position", "bad", "factor", "best_loss", "best"):
            setattr(self, name, state[name])
        self.module.load_state_dict(state["module"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.average is not None:
            self.average.module.load_state_dict(state["average"])
        self.random.set_state(state["random"].cpu())


@torch.inference_mode()
def predict(
    module: nn.Module, images: np.ndarray, recipe: Preprocessing, device: torch.device
) -> np.ndarray:
    """Logits (N, K) float32 of images (N, S, S, C) uint8, in batches."""
    module.eval()
    rows = []
    for start in range(0, len(images), EVAL_BATCH):
        x = recipe.normalise(images[start : start + EVAL_BATCH]).to(device)
        rows.append(module(x.contiguous(memory_format=torch.channels_last)).float().cpu().numpy())
    return np.concatenate(rows)
