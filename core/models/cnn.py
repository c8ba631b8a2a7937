"""The small convolutional network of the brain-tumour literature (Badža & Barjaktarović 2020)."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from core.models.base import Classifier, Load, family
from core.models.standardise import standardiser


class SmallCNN(Classifier):
    """Three 3×3 convolutions with 2×2 pooling, one dense layer with dropout, one linear head.

    Args:
        channels: channels of the input, 1 or 3.
        classes: number of logits.
        size: side of the square input in pixels, a multiple of 8.
        widths: output channels of the three convolutions.
        dense: units of the dense layer.
        dropout: share of dense units dropped in training.
        norm: batch normalisation after each convolution and pooling.
        standardise: whether every image is standardised first.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        size: int = 128,
        widths: tuple[int, int, int] = (32, 64, 64),
        dense: int = 128,
        dropout: float = 0.5,
        norm: bool = True,
        standardise: bool = False,
    ) -> None:
        super().__init__()
        self.standardise = standardiser(standardise)
        layers: list[nn.Module] = []
        for inside, outside in zip((channels, *widths[:-1]), widths):
            # pooling first leaves a quarter of the work to normalisation and rectification
            layers += [nn.Conv2d(inside, outside, 3, padding=1, bias=not norm), nn.MaxPool2d(2)]
            layers += [nn.BatchNorm2d(outside)] if norm else []
            layers.append(nn.ReLU())
        self.convolutions = nn.Sequential(*layers)
        self.dense = nn.Linear(widths[-1] * (size // 8) ** 2, dense)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(dense, classes)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, S, S) to the dense layer's activations, (N, dense), not negative."""
        return torch.relu(self.dense(self.convolutions(self.standardise(x)).flatten(1)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, S, S) normalised to logits (N, K)."""
        return self.head(self.dropout(self.features(x)))

    def cam_layer(self) -> nn.Module:
        """The last stage's pooled, rectified maps: (N, 64, S/8, S/8)."""
        return self.convolutions


@family("cnn")
def build_cnn(config: dict[str, Any], load: Load) -> nn.Module:
    """Build a `SmallCNN` from a card's config (its keyword arguments)."""
    settings = dict(config)
    if "widths" in settings:
        settings["widths"] = tuple(settings["widths"])
    return SmallCNN(**settings)
