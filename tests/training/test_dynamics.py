import io
import json

import numpy as np
import pytest
from PIL import Image

from core.errors import DataError
from core.training.dynamics import COLUMNS, LIMIT, MOST_ROWS, SIDE, pack, spread, thinned, unpack


@pytest.fixture
def run(tmp_path, rng):
    folder = tmp_path / "run"
    (folder / "grids").mkdir(parents=True)
    lines = []
    for step in range(0, 3000, 3):
        lines.append({"step": step, "images_seen": 32 * step, "seconds": step, "critic_loss": 1.0})
        if step % 300 == 0:
            lines.append({"step": step, "images_seen": 32 * step, "seconds": step, "kid": 0.1})
            noise = rng.integers(0, 255, (3 * 32, 8 * 32)).astype(np.uint8)
            noise[:32] = step // 12
            Image.fromarray(noise).save(folder / "grids" / f"{step:07d}.png")
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "history.jsonl").write_text(text + '{"step": 3000, "cut')
    return folder


def test_a_run_is_packed_small_with_its_grids_and_log(run, tmp_path):
    path = pack(run, tmp_path, rows=3)
    assert path.stat().st_size < LIMIT
    found = unpack(tmp_path)
    assert len(found.history) <= MOST_ROWS + 15
    assert sum("kid" in row for row in found.history) == 10  # rare ones all stay
    assert list(found.grids) == list(range(0, 3000, 300))
    assert found.images_seen[600] == 32 * 600
    image = np.asarray(Image.open(io.BytesIO(found.grids[900])))
    assert image.shape[:2] == (3 * SIDE, COLUMNS * SIDE)
    assert image[:50].mean() == pytest.approx(900 // 12, abs=3)
    assert path.read_bytes() == pack(run, tmp_path, rows=3).read_bytes()


def test_a_small_limit_leaves_grids_out_but_keeps_the_last(run, tmp_path):
    path = pack(run, tmp_path, rows=3, limit=60_000)
    found = unpack(tmp_path)
    assert path.stat().st_size < 100_000
    assert 2 <= len(found.grids) < 10 and max(found.grids) == 2700


def test_without_a_packed_file_the_log_beside_the_weights_serves(run):
    found = unpack(run)
    assert len(found.history) == 1010 and found.grids == {}
    assert unpack(run / "grids").history == []


def test_what_is_missing_or_damaged_is_said(run, tmp_path):
    with pytest.raises(DataError, match="no training log"):
        pack(tmp_path / "nowhere", tmp_path, 3)
    (tmp_path / "dynamics.zip").write_bytes(b"no zip")
    with pytest.raises(DataError, match="make it again"):
        unpack(tmp_path)


@pytest.mark.parametrize("n", [0, 1, 5, 24, 100])
def test_spreading_keeps_both_ends(n):
    found = spread(list(range(n)), 10)
    assert len(found) == min(n, 10)
    assert not n or (found[0], found[-1]) == (0, n - 1)


def test_a_short_log_is_not_thinned():
    rows = [{"step": i, "loss": 1.0} for i in range(50)]
    assert thinned(rows) == rows
