"""torchvision loads beside a CPU-only torch, and torch itself only when it is asked for."""

import sys

from core import _torchvision


def test_torchvision_loads():
    from torchvision.models import resnet18

    assert resnet18.__name__ == "resnet18"


def test_the_finder_acts_once_and_finds_nothing(monkeypatch):
    calls = []
    monkeypatch.setattr(_torchvision, "declare_missing_operators", lambda: calls.append(1))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    before = list(sys.meta_path)
    _torchvision.prepare()
    finder = sys.meta_path[0]
    assert finder.find_spec("json") is None and calls == []
    assert finder.find_spec("torchvision") is None and calls == [1]
    assert sys.meta_path == before


def test_nothing_is_prepared_once_torchvision_is_there(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", object())
    before = list(sys.meta_path)
    _torchvision.prepare()
    assert sys.meta_path == before
