"""From a frozen encoder's token states to what an image generator listens to."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn


@dataclass
class Conditioning:
    """Texts as a generator hears them.

    Attributes:
        tokens: (N, L + 1, W), the summary first.
        mask: (N, L + 1) bool, True at tokens.
        pooled: (N, W), the summary.
        logits: (N, K) of the condition that the text describes.
    """

    tokens: torch.Tensor
    mask: torch.Tensor
    pooled: torch.Tensor
    logits: torch.Tensor

    def __len__(self) -> int:
        return len(self.pooled)

    def take(self, index: torch.Tensor) -> Conditioning:
        """A selection of the texts, with repeats where wanted."""
        return Conditioning(
            self.tokens[index], self.mask[index], self.pooled[index], self.logits[index]
        )

    def join(self, other: Conditioning) -> Conditioning:
        """Both, one after the other."""
        pairs = zip(vars(self).values(), vars(other).values())
        return Conditioning(*(torch.cat([a, b]) for a, b in pairs))


class TextAdapter(nn.Module):
    """A small transformer over frozen token states.

    A summary token is put in front; from it a linear layer reads the condition. What the text says
    of it (present, denied, closed) is spread over tokens, and the frozen states were not trained
    to tell.

    Args:
        states: width of the encoder's states.
        width: W.
        layers: of the transformer.
        conditions: K.
    """

    def __init__(self, states: int, width: int, layers: int, conditions: int) -> None:
        super().__init__()
        self.enter = nn.Sequential(nn.LayerNorm(states), nn.Linear(states, width))
        self.summary = nn.Parameter(torch.zeros(1, 1, width))
        self.none = nn.Parameter(0.02 * torch.randn(1, 1, width))
        layer = nn.TransformerEncoderLayer(
            width, max(1, width // 64), 2 * width, 0.1, "gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.condition = nn.Linear(width, conditions)

    def forward(
        self, states: torch.Tensor, mask: torch.Tensor, dropped: torch.Tensor | None = None
    ) -> Conditioning:
        """Listen to texts.

        Args:
            states: (N, L, D) token states.
            mask: (N, L) bool.
            dropped: (N,) bool, texts to be replaced by "no text" (classifier-free guidance).
        """
        x = self.enter(states.to(self.summary.dtype))
        x = torch.cat([self.summary.expand(len(x), -1, -1), x], 1)
        mask = torch.cat([mask.new_ones(len(x), 1), mask], 1)
        x = self.norm(self.layers(x, src_key_padding_mask=~mask))
        logits = self.condition(x[:, 0])
        if dropped is not None:
            x = torch.where(dropped[:, None, None], self.none.to(x), x)
        return Conditioning(x, mask, x[:, 0], logits)
