"""A small vision transformer (Dosovitskiy et al. 2021), torchvision's, made to train from scratch.

A convolutional stem (Xiao et al. 2021) and stochastic depth (Huang et al. 2016) stand in for the
large-scale pre-training that we do not have.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torchvision.models.vision_transformer import ConvStemConfig, EncoderBlock, VisionTransformer
from torchvision.ops import stochastic_depth

from core.models.base import Classifier, Load, family
from core.models.standardise import standardiser


class _Block(EncoderBlock):
    """torchvision's encoder block whose two branches are dropped at random per image."""

    drop = 0.0

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """(N, tokens, dim) to the same shape."""
        y = self.ln_1(input)
        y, _ = self.self_attention(y, y, y, need_weights=False)
        x = input + stochastic_depth(self.dropout(y), self.drop, "row", self.training)
        return x + stochastic_depth(self.mlp(self.ln_2(x)), self.drop, "row", self.training)


def _stem(patch: int, dim: int) -> list[ConvStemConfig]:
    """Stride-2 convolutions that reduce by `patch` (a power of two), doubling channels to `dim`."""
    halvings = patch.bit_length() - 1
    return [ConvStemConfig(dim >> (halvings - 1 - i), 3, 2) for i in range(halvings)]


class ViTClassifier(Classifier):
    """torchvision's VisionTransformer; grey images are given to all three input channels.

    Args:
        channels: channels of the input, 1 or 3.
        classes: number of logits.
        size: side of the square input in pixels, a multiple of `patch`.
        patch: side of a patch in pixels, a power of two.
        dim: token width, a multiple of `heads`.
        depth: encoder blocks.
        heads: attention heads.
        mlp_ratio: hidden width of the MLP over `dim`.
        drop_path: stochastic depth of the last block; it grows linearly from 0 at the first.
        dropout: dropout on tokens and in the MLP.
        stem: convolutional stem instead of one linear projection per patch.
        standardise: whether every image is standardised first.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        size: int = 128,
        patch: int = 16,
        dim: int = 128,
        depth: int = 6,
        heads: int = 4,
        mlp_ratio: int = 2,
        drop_path: float = 0.1,
        dropout: float = 0.0,
        stem: bool = True,
        standardise: bool = False,
    ) -> None:
        super().__init__()
        self.standardise = standardiser(standardise)
        self.grid = size // patch
        self.net = VisionTransformer(
            image_size=size,
            patch_size=patch,
            num_layers=depth,
            num_heads=heads,
            hidden_dim=dim,
            mlp_dim=dim * mlp_ratio,
            dropout=dropout,
            num_classes=classes,
            conv_stem_configs=_stem(patch, dim) if stem else None,
        )
        for i, block in enumerate(self.net.encoder.layers):
            block.__class__ = _Block  # same weights and set-up, another forward
            block.drop = drop_path * i / max(1, depth - 1)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, S, S) to the class token after the last block, (N, dim)."""
        x = self.standardise(x).expand(-1, 3, -1, -1)
        tokens = self.net._process_input(x)  # (N, grid², dim)
        start = self.net.class_token.expand(len(x), -1, -1)
        return self.net.encoder(torch.cat([start, tokens], dim=1))[:, 0]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, S, S) normalised to logits (N, K)."""
        return self.net.heads(self.features(x))

    def cam_layer(self) -> nn.Module:
        """The last block's first normalisation: the tokens that the class token still reads."""
        return self.net.encoder.layers[-1].ln_1  # type: ignore[return-value]

    def cam_grid(self, activation: torch.Tensor) -> torch.Tensor:
        """Tokens (N, 1 + grid², dim) without the class token as (N, dim, grid, grid)."""
        return activation[:, 1:].transpose(1, 2).unflatten(2, (self.grid, self.grid))


@family("vit")
def build_vit(config: dict[str, Any], load: Load) -> nn.Module:
    """Build a `ViTClassifier` from a card's config (its keyword arguments)."""
    return ViTClassifier(**config)
