"""Model cards: one `card.json` beside each checkpoint says what it is and how it came to be."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.errors import CheckpointError
from core.preprocessing import Preprocessing

TASKS = (
    "generator",
    "classifier",
    "detector",
    "encoder",
    "autoencoder",
    "translator",
    "critic",
    "text-generator",
)


@dataclass
class Card:
    """Everything a stranger should know about one checkpoint.

    Attributes:
        id: "<domain>/<name>", the folder below `checkpoints/`.
        domain: domain id, or "shared" for models that serve several.
        task: one of `TASKS`.
        family: name of the registered builder that makes the module.
        title: display name.
        config: arguments of the builder.
        classes: labels in the order of the model's outputs or condition ids.
        preprocessing: settings of `Preprocessing`.
        files: sha256 of every weight file, by file name.
        parameters: number of weights.
        requires: ids of checkpoints this one cannot work without (an autoencoder, say).
        calibration: numbers fitted on validation (temperature, thresholds, scope limit ...).
        training: command, config, seed, data (archive hashes, counts), steps, images seen,
            seconds, hardware, versions.
        limits: whole sentences on what the model cannot do.
        licence: terms of the weights, with what is known of the training data's terms.
        intended_use: one sentence.
    """

    id: str
    domain: str
    task: str
    family: str
    title: str
    config: dict[str, Any] = field(default_factory=dict)
    classes: list[str] = field(default_factory=list)
    preprocessing: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    parameters: int = 0
    requires: list[str] = field(default_factory=list)
    calibration: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    limits: list[str] = field(default_factory=list)
    licence: str = ""
    intended_use: str = "Research and education; never diagnosis."

    @property
    def name(self) -> str:
        """The model's folder name."""
        return self.id.split("/", 1)[-1]

    def preprocess(self) -> Preprocessing:
        """The preprocessing object this model was trained with."""
        return Preprocessing.from_dict(self.preprocessing)


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_card(path: Path) -> Card:
    """Read `card.json`.

    Raises:
        CheckpointError: missing, not JSON, or fields that a card does not have.
    """
    try:
        return Card(**json.loads(path.read_text()))
    except FileNotFoundError as error:
        raise CheckpointError(f"No model card at {path}.") from error
    except (ValueError, TypeError) as error:
        raise CheckpointError(f"The model card {path} cannot be read: {error}.") from error


def write_card(card: Card, folder: Path) -> None:
    """Write `card.json` into a checkpoint's folder, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "card.json", asdict(card))


def write_json(path: Path, content: Any) -> None:
    """Write JSON through a temporary file, so that a kill leaves the old file or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    partial.replace(path)


def read_metrics(folder: Path) -> dict[str, Any]:
    """What `evaluate` wrote beside a checkpoint (`metrics.json`), or an empty dict."""
    path = folder / "metrics.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}
