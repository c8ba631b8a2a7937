"""The compute plan: rates from cards, curves from logs, and the document kept true."""

import json

import pytest

from scripts.compute_plan import OUT, ROOT, curve, earlier, outlook, power_law, rows, table


def checkpoint(root, images=3_600_000, seconds=7200):
    folder = root / "checkpoints" / "d" / "m"
    folder.mkdir(parents=True)
    training = {"seconds": seconds, "images_seen": images, "hardware": "H200, 1 of 2, x86_64"}
    card = {"id": "d/m", "task": "generator", "parameters": 5, "training": training}
    (folder / "card.json").write_text(json.dumps(card))
    log = [{"images_seen": k, "kid": 1.0 / k} for k in range(1, 21)]
    (folder / "history.jsonl").write_text("".join(json.dumps(x) + "\n" for x in log))
    return folder


def test_rates_and_hours_follow_from_the_card(tmp_path):
    checkpoint(tmp_path)
    found = rows(tmp_path)
    assert found[0]["rate"] == 500 and found[0]["hardware"] == "H200"
    assert "| 500 | 0.56 |" in table(found)


def test_a_curve_keeps_its_last_point_and_few_others(tmp_path):
    points = curve(checkpoint(tmp_path))["kid"]
    assert points[0] == (1, 1.0) and points[-1] == (20, 0.05) and len(points) == 6


def test_the_document_is_that_of_the_shipped_cards():
    text = OUT.read_text()
    assert all(f"| {one['id']} |" in text for one in rows(ROOT))


def test_earlier_legs_add_up():
    chain = {"started_from": {"images_seen": 5, "started_from": {"images_seen": 7}}}
    assert earlier(chain) == 12 and earlier({}) == 0


def test_a_power_law_is_found_again():
    points = [(n * 1000, 0.2 + 40 * (n * 1000) ** -0.6) for n in range(30, 400, 30)]
    end, scale, power = power_law(points)
    assert end == pytest.approx(0.2, abs=0.01) and power == pytest.approx(0.6, abs=0.05)
    assert end + scale * 1e6**-power == pytest.approx(0.2 + 40 * 1e6**-0.6, rel=0.01)


def test_the_outlook_continues_curves_with_points_enough(tmp_path):
    folder = checkpoint(tmp_path)
    assert "d/m" not in outlook(rows(tmp_path))
    log = [{"images_seen": n * 100, "held_out_loss": 0.1 + n**-0.5} for n in range(1, 21)]
    (folder / "history.jsonl").write_text("".join(json.dumps(x) + "\n" for x in log))
    line = next(x for x in outlook(rows(tmp_path)).splitlines() if "d/m" in x)
    assert "| 2,000 | 0.324 | 0.100 | 0.212 | 0.156 |" in line
