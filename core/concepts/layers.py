"""Where in a model concepts are looked for: a few named layers of every family."""

from __future__ import annotations

from functools import singledispatch

from torch import nn

from core.explain.explainable import ExplainError, cam_layer
from core.models.cnn import SmallCNN
from core.models.detector import Detector
from core.models.resnet import ResNetClassifier
from core.models.vit import ViTClassifier

Layers = dict[str, nn.Module]


@singledispatch
def concept_layers(module: nn.Module) -> Layers:
    """Display name to layer, from the input to the output.

    A model of an unknown family is looked at where Grad-CAM looks.

    Raises:
        ExplainError: it does not name such a layer either.
    """
    layer = cam_layer(module)
    if layer is None:
        raise ExplainError("This model names no layer in which concepts could be looked for.")
    return {"last maps": layer}


@concept_layers.register
def _cnn(module: SmallCNN) -> Layers:
    stages = [layer for layer in module.convolutions if isinstance(layer, nn.ReLU)]
    return {f"stage {i + 1}": layer for i, layer in enumerate(stages)} | {"dense": module.dense}


@concept_layers.register
def _resnet(module: ResNetClassifier) -> Layers:
    net = module.net
    return {"stage 2": net.layer2, "stage 3": net.layer3, "stage 4": net.layer4}


@concept_layers.register
def _vit(module: ViTClassifier) -> Layers:
    blocks = list(module.net.encoder.layers)
    chosen = sorted({max(0, round(len(blocks) * share) - 1) for share in (1 / 3, 2 / 3, 1)})
    return {f"block {i + 1}": blocks[i] for i in chosen}


@concept_layers.register
def _detector(module: Detector) -> Layers:
    found: Layers = {}
    if module.image_branch is not None:
        found["image branch"] = module.image_branch
    if module.residual_branch is not None:
        found["residual branch"] = module.residual_branch
    found["fused maps"] = module.fusion
    if module.spectrum is not None:
        found["spectrum branch"] = module.spectrum_branch
    return found
