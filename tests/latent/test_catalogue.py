import json

import pytest
import torch

from core.latent import attributes
from core.latent.catalogue import describe, discover, measure_with, ship, title
from core.latent.directions import Direction, load_directions
from core.latent.effects import Effect
from core.preprocessing import Preprocessing

from .linear import LinearStyle

RECIPE = Preprocessing(size=8)


def test_the_catalogue_names_what_directions_do(tmp_path):
    model = LinearStyle().eval()
    directions, codes = discover(model, ["dark", "bright"], RECIPE, per_class=24)
    kinds = {d.kind for d in directions}
    assert kinds == {"sefa", "pca", "class", "attribute"}
    by_id = {d.id: d for d in directions}
    assert abs(float(by_id["attribute-brightness"].vector[0])) > 0.9
    assert float(by_id["class-bright"].vector[0]) > 0.5
    measure = measure_with(RECIPE, {"toy": lambda x: x.mean((1, 2, 3))[:, None]})
    quantities = [*attributes.names(1), "logit"]
    chosen = [by_id["attribute-brightness"], by_id["sefa-1"], by_id["sefa-4"]]
    shares = []
    named, table = describe(
        model, chosen, codes, measure, quantities, n=8, progress=lambda s: shares.append(s) or True
    )
    assert shares == [0.0, 1 / 3, 2 / 3]
    effect = table["attribute-brightness"]["named_by_effect"]
    assert named[0].name in ("more brightness", f"{effect} (fitted to brightness)")
    assert named[2].name == "sefa-4: no clear effect"
    assert table["attribute-brightness"]["named_by_effect"] != "no clear effect"
    assert table["sefa-4"]["entanglement"] == 0  # w[3] reaches no pixel
    ship(named, table, tmp_path)
    assert [d.id for d in load_directions(tmp_path)] == [d.id for d in chosen]
    stored = json.loads((tmp_path / "effects.json").read_text())
    effect = next(e for e in stored["sefa-1"]["effects"] if e["quantity"] == "logit")
    assert effect["significant"] and effect["monotone"]
    assert torch.isfinite(torch.tensor(effect["slope"]))


@pytest.mark.parametrize(
    ("kind", "name", "quantity", "expected"),
    [
        ("attribute", "eosin", "eosin", "more eosin"),
        ("attribute", "eosin", "centre", "more centre (fitted to eosin)"),
        ("class", "towards viral", "centre", "towards viral: more centre"),
        ("pca", "", "centre", "d-1: more centre"),
    ],
)
def test_a_name_tells_the_effect_and_what_was_meant(kind, name, quantity, expected):
    effect = Effect(quantity, 1.0, 0.5, 1.5, 0.9, True, (0.0,))
    direction = Direction("d-1", kind, name, torch.zeros(2))
    assert title(direction, [effect]) == expected
    assert "no clear effect" in title(direction, [])
