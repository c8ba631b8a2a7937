"""Training texts as one small file: token ids, conditions, and the encoder that reads them.

The encoder's vocabulary is cut to the words in use and its matrices are rounded to 8 bits per row,
so that the file is some 12 MB and a training machine needs no text package.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from core.device import mixed
from core.errors import DataError
from core.text.conditions import CONDITIONS
from core.text.encoder import TextEncoder, token_states
from core.text.pairs import Pair, summary

_WORDS = "embeddings.word_embeddings.weight"
_PLACES = "embeddings.position_embeddings.weight"
_SCALE = ".scale"
SPLITS = ("train", "val")


@dataclass
class Prepared:
    """Texts ready for training.

    Attributes:
        ids: (N, L) int64 into the cut vocabulary.
        mask: (N, L) bool.
        condition: (N,) int64 into `CONDITIONS`.
        split: (N,) int64 into `SPLITS`.
        note: encoder, counts and source of the texts, for the card.
        weights: the encoder, as `compact` made it.
    """

    ids: torch.Tensor
    mask: torch.Tensor
    condition: torch.Tensor
    split: torch.Tensor
    note: dict[str, Any]
    weights: dict[str, torch.Tensor]

    def states(self, device: torch.device) -> torch.Tensor:
        """Token states of every text, (N, L, D) float16, computed on a device."""
        bert, lengths = self.bert().to(device), self.mask.sum(1)
        width = int(self.note["bert"]["hidden_size"])
        shape = (*self.ids.shape, width)
        found = torch.zeros(shape, dtype=torch.float16, device=device)
        # like lengths together: short texts need no work on padding
        for rows in torch.argsort(lengths, stable=True).split(256):
            end = int(lengths[rows].max())
            with mixed(device):
                part = token_states(bert, self.ids[rows, :end], self.mask[rows, :end])
            found[rows.to(device), :end] = part.half()
        return found

    def bert(self) -> nn.Module:
        """The encoder with the cut vocabulary."""
        from transformers import BertConfig, BertModel

        bert = BertModel(BertConfig(**self.note["bert"]), add_pooling_layer=False)
        bert.load_state_dict(_expand(self.weights))
        return bert.eval().requires_grad_(False)


def prepare(
    encoder: TextEncoder, name: str, pairs: dict[str, list[Pair]], source: dict[str, str]
) -> Prepared:
    """Tokenise pairs and cut the encoder to their words.

    Args:
        encoder: a BERT.
        name: what the encoder is called in a configuration.
        pairs: by split, of `SPLITS`.
        source: sha256 of the archives by name.

    Raises:
        DataError: the encoder is no BERT, whose layout the file has.
    """
    if getattr(encoder.bert.config, "model_type", "") != "bert":
        raise DataError(f"The text encoder '{name}' is no BERT; choose one of the BERT family.")
    flat = [(p, SPLITS.index(s)) for s in SPLITS for p in pairs.get(s, [])]
    tokens = encoder.tokenise([p.text for p, _ in flat])
    used, ids = torch.unique(tokens.ids, return_inverse=True)
    state = {k: v for k, v in encoder.bert.state_dict().items() if not k.startswith("pooler.")}
    state[_WORDS] = state[_WORDS][used]
    state[_PLACES] = state[_PLACES][: tokens.ids.shape[1]]
    state.pop("embeddings.position_ids", None)
    note = {
        "encoder": name,
        "bert": _settings(encoder.bert.config, tokens.ids.shape[1], len(used)),
        "texts": {s: summary(pairs.get(s, [])) for s in SPLITS},
        "source": source,
        "pairs": "weak: a text is matched to any image of its condition",
    }
    return Prepared(
        ids,
        tokens.mask,
        torch.tensor([CONDITIONS.index(p.condition) for p, _ in flat]),
        torch.tensor([s for _, s in flat]),
        note,
        compact(state),
    )


def _settings(config: Any, length: int, words: int) -> dict[str, Any]:
    keys = (
        "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
        "hidden_act", "type_vocab_size", "layer_norm_eps",
    )  # fmt: skip
    cut = {"max_position_embeddings": length, "vocab_size": words, "pad_token_id": 0}  # nosec B105
    return {**{k: getattr(config, k) for k in keys}, **cut}


def compact(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Matrices as int8 with one fp16 scale a row; the rest as fp16."""
    found: dict[str, torch.Tensor] = {}
    for name, value in state.items():
        if not value.is_floating_point():
            found[name] = value
        elif value.ndim == 2:
            scale = (value.abs().amax(1, keepdim=True) / 127).clamp(min=1e-6).half()
            found[name] = (value / scale.float()).round().clamp(-127, 127).to(torch.int8)
            found[name + _SCALE] = scale
        else:
            found[name] = value.half()
    return {k: v.contiguous() for k, v in found.items()}


def _expand(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {
        k: v.float() * weights[k + _SCALE].float() if k + _SCALE in weights else _float(v)
        for k, v in weights.items()
        if not k.endswith(_SCALE)
    }


def _float(value: torch.Tensor) -> torch.Tensor:
    return value.float() if value.is_floating_point() else value


def save(prepared: Prepared, path: Path) -> None:
    """Write one safetensors file."""
    tensors = {
        "ids": prepared.ids.to(torch.int16),
        "length": prepared.mask.sum(1).to(torch.int16),
        "condition": prepared.condition.to(torch.uint8),
        "split": prepared.split.to(torch.uint8),
        **{f"encoder.{k}": v for k, v in prepared.weights.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata={"note": json.dumps(prepared.note)})


def load(path: Path) -> Prepared:
    """Read what `save` wrote.

    Raises:
        DataError: no such file; the text says how to make it.
    """
    if not path.exists():
        raise DataError(
            f"There is no {path}; make it with 'python -m core text prepare --data "
            f"openi-reports.zip --out {path}'."
        )
    with safe_open(path, "pt") as file:
        note = json.loads(file.metadata()["note"])
        tensors = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118
    weights = {k.removeprefix("encoder."): v for k, v in tensors.items() if "encoder." in k[:8]}
    return Prepared(
        tensors["ids"].long(),
        torch.arange(tensors["ids"].shape[1]) < tensors["length"].long()[:, None],
        tensors["condition"].long(),
        tensors["split"].long(),
        note,
        weights,
    )
