"""Concepts beside a toy checkpoint: made-up images, brighter or darker, tested in a second."""

from dataclasses import replace
from functools import cache

import numpy as np

from core.concepts import shipped
from core.concepts.measure import Settings, test_all
from core.concepts.sets import ConceptSet, Material
from core.concepts.tapped import Tapped
from core.explain.explainable import explainable
from core.registry import WEIGHTS
from tests.toy import SIZE, real_image

test_all.__test__ = False


@cache
def stack(n=60, channels=1):
    """Made-up images, the first half brightened: (n, S, S, C) uint8."""
    found = np.stack([real_image(i, SIZE, channels) for i in range(n)]) // 2
    found[: n // 2] += 90
    return found.reshape(n, SIZE, SIZE, channels)


def ship(registry, model="chest_xray/toy-cnn"):
    """Ship a bright and a random concept, tested on a toy classifier."""
    card = registry.card(model)
    found = tested(registry, model)
    found.settings = {"runs": 20, "dealings": 2000, "class_images": dict.fromkeys(card.classes, 20)}
    found.settings["weights"] = card.files[WEIGHTS]
    shipped.save(found, registry.folder(card.id))
    return found


_tested = {}  # toy checkpoints of one name are alike, wherever they lie


def tested(registry, model, n=60):
    """Every toy model is tested once per run of the tests."""
    if model not in _tested:
        card, images, half = registry.card(model), stack(n), np.arange(n // 2)
        rest = np.arange(n // 2, n)
        none = np.zeros(n, int)
        bright = ConceptSet("attribute-bright", "bright image", "attribute", "Half are.", half)
        odd = ConceptSet("attribute-odd", "odd number", "attribute", "Every other.", rest[::2])
        materials = [
            Material("attribute", images, none, rest, [bright]),
            Material("attribute", images, none, rest[1::2], [odd]),
        ]
        tapped = Tapped(explainable(card, registry.get(model).module))
        judged = dict.fromkeys(card.classes, images[::3])
        how = Settings(size=30, dealings=2000)
        _tested[model] = test_all(tapped, materials, judged, how, card.id)
    return replace(_tested[model])
