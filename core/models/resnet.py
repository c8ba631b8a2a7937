"""ResNet-18's layout (He et al. 2016), torchvision's, at a width that trains and ships small."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torchvision.models import ResNet, ResNet18_Weights
from torchvision.models.resnet import BasicBlock

from core.models.base import Classifier, Load, family
from core.models.standardise import standardiser

_FULL_WIDTH = 64


class _NarrowResNet(ResNet):
    """torchvision's ResNet with every stage's width scaled by `width` / 64."""

    def __init__(self, channels: int, width: int, blocks: list[int], classes: int) -> None:
        self._width = width
        super().__init__(BasicBlock, blocks, num_classes=classes)
        self.conv1 = nn.Conv2d(channels, width, 7, stride=2, padding=3, bias=False)
        nn.init.kaiming_normal_(self.conv1.weight, mode="fan_out", nonlinearity="relu")
        self.bn1 = nn.BatchNorm2d(width)
        self.fc = nn.Linear(8 * width, classes)

    def _make_layer(self, block: Any, planes: int, *args: Any, **more: Any) -> nn.Sequential:
        if planes == _FULL_WIDTH:
            self.inplanes = self._width
        return super()._make_layer(block, planes * self._width // _FULL_WIDTH, *args, **more)


class ResNetClassifier(Classifier):
    """A narrow ResNet whose stem takes grey or colour images.

    Args:
        channels: channels of the input, 1 or 3.
        classes: number of logits.
        width: channels of the first stage (64 is ResNet-18 itself).
        blocks: residual blocks of the four stages.
        dropout: share of pooled features dropped in training.
        pool: whether max pooling follows the stem, as in the paper; without it every map is
            twice as fine and four times as dear.
        last_stride: stride of the fourth stage; 1 doubles the class activation map's resolution.
        standardise: whether every image is standardised first.
    """

    def __init__(
        self,
        channels: int,
        classes: int,
        width: int = 32,
        blocks: tuple[int, ...] = (2, 2, 2, 2),
        dropout: float = 0.0,
        pool: bool = True,
        last_stride: int = 2,
        standardise: bool = False,
    ) -> None:
        super().__init__()
        self.standardise = standardiser(standardise)
        self.net = _NarrowResNet(channels, width, list(blocks), classes)
        if not pool:
            self.net.maxpool = nn.Identity()  # type: ignore[assignment]
        if last_stride == 1:
            self.net.layer4[0].conv1.stride = (1, 1)
            self.net.layer4[0].downsample[0].stride = (1, 1)  # type: ignore[index]
        for module in self.net.modules():
            if isinstance(module, nn.ReLU):
                module.inplace = False  # hooks must see activations that nothing overwrites
        self.dropout = nn.Dropout(dropout)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, S, S) to pooled features of the last stage, (N, 8·width), not negative."""
        net = self.net
        x = net.maxpool(net.relu(net.bn1(net.conv1(self.standardise(x)))))  # (N, width, S/4, S/4)
        x = net.layer4(net.layer3(net.layer2(net.layer1(x))))
        return net.avgpool(x).flatten(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, C, S, S) normalised to logits (N, K)."""
        return self.net.fc(self.dropout(self.features(x)))

    def cam_layer(self) -> nn.Module:
        """The last residual stage."""
        return self.net.layer4

    def load_pretrained(self) -> None:
        """Start from torchvision's ImageNet weights (fetched from the network, width 64 only).

        Raises:
            ValueError: the layout is not ResNet-18's.
        """
        if self.net._width != _FULL_WIDTH:
            raise ValueError("ImageNet weights need width = 64 in the model's config.")
        state = ResNet18_Weights.DEFAULT.get_state_dict(progress=False, check_hash=True)
        kept = {k: v for k, v in state.items() if not k.startswith("fc.")}
        if self.net.conv1.in_channels == 1:  # the same as giving grey to all three channels
            kept["conv1.weight"] = kept["conv1.weight"].sum(1, keepdim=True)
        self.net.load_state_dict(kept, strict=False)


@family("resnet")
def build_resnet(config: dict[str, Any], load: Load) -> nn.Module:
    """Build a `ResNetClassifier` from a card's config (its keyword arguments)."""
    settings = dict(config)
    if "blocks" in settings:
        settings["blocks"] = tuple(settings["blocks"])
    return ResNetClassifier(**settings)
