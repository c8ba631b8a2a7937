import gc
import types

from core.ui import collector


def test_what_is_alive_is_set_aside_once(monkeypatch):
    monkeypatch.setattr(collector, "_seen", 0)
    gc.unfreeze()
    try:
        assert collector.set_aside()
        frozen = gc.get_freeze_count()
        assert frozen > 10_000
        assert not collector.set_aside()  # nothing new
        assert gc.get_freeze_count() == frozen
    finally:
        gc.unfreeze()


def test_many_new_modules_are_a_reason_to_do_it_again(monkeypatch):
    import sys

    monkeypatch.setattr(collector, "_seen", len(sys.modules))
    assert not collector.set_aside()
    for k in range(collector._GROWTH):
        monkeypatch.setitem(sys.modules, f"made_up_{k}", types.ModuleType(f"made_up_{k}"))
    try:
        assert collector.set_aside()
    finally:
        gc.unfreeze()
