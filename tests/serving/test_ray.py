"""Two replicas on a local Ray: the same bits as in process, and none lost when one is killed."""

import os
import signal
import threading
import time

import numpy as np
import pytest

pytest.importorskip("ray", reason="needs requirements-scale.txt")

import ray
from ray import serve

from core.errors import CheckpointError, SynthLensError
from core.registry import ROOT, Registry, default_registry
from core.services.classification import classify
from core.services.generation import generate
from core.serving import ray_backend
from tests.toy import real_image

DOMAIN, REQUESTS = "chest_xray", 24


@pytest.fixture(scope="module")
def replicas():
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray_backend.start(ROOT, replicas=2)
    serve.shutdown()
    ray.shutdown()


@pytest.fixture(scope="module")
def here():
    return Registry(ROOT)


@pytest.fixture(scope="module")
def fast(here):
    """The quickest generator that is shipped."""
    cards = here.cards(DOMAIN, "generator")
    return next((c for c in cards if "diffusion" not in c.id), cards[0])


def processes(replicas):
    """Process ids of the replicas, asked until both have answered."""
    found, end = set(), time.monotonic() + 120
    while len(found) < 2 and time.monotonic() < end:
        found.add(replicas.handle.process.remote().result(timeout_s=120))
    return found


def test_results_are_the_same_bit_for_bit(replicas, here, fast):
    assert len(processes(replicas)) == 2
    one, two = (generate(r, DOMAIN, fast.id, fast.classes[0], 2, 11) for r in (here, replicas))
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(one, two, strict=True))
    images = [real_image(i, 64) for i in range(2)]
    assert classify(here, images, DOMAIN) == classify(replicas, images, DOMAIN)


def test_an_error_arrives_as_itself(replicas):
    with pytest.raises(CheckpointError, match="no model"):
        classify(replicas, [real_image()], DOMAIN, "nobody")


def test_a_killed_replica_loses_no_request(replicas, here, fast):
    alone = generate(here, DOMAIN, fast.id, fast.classes[0], 1, 100)[0].pixels
    victim, found, failed = sorted(processes(replicas))[0], {}, []

    def ask(seed):
        try:
            found[seed] = generate(replicas, DOMAIN, fast.id, fast.classes[0], 1, seed)[0].pixels
        except Exception as error:
            failed.append(repr(error))

    threads = [threading.Thread(target=ask, args=(100 + i,)) for i in range(REQUESTS)]
    for place, thread in enumerate(threads):
        thread.start()
        if place == REQUESTS // 3:
            os.kill(victim, signal.SIGKILL)
    for thread in threads:
        thread.join(300)
    assert failed == [] and len(found) == REQUESTS
    assert np.array_equal(found[100], alone)
    assert len({pixels.tobytes() for pixels in found.values()}) == REQUESTS
    for _ in range(600):  # and a new one takes its place
        if len(processes(replicas) - {victim}) == 2:
            return
        time.sleep(0.1)
    pytest.fail("the killed replica was not replaced")


def test_a_cluster_on_this_machine_is_joined_before_one_is_begun(monkeypatch):
    asked, running = [], True

    def init(address, **options):
        asked.append(address)
        if address == "10.0.0.9:1" or (address == "auto" and not running):
            raise ConnectionError("no cluster")

    monkeypatch.setattr(ray_backend.ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray_backend.ray, "init", init)
    monkeypatch.delenv("SYNTHLENS_RAY_ADDRESS", raising=False)
    ray_backend.join()
    running = False
    ray_backend.join()
    assert asked == ["auto", "auto", "local"]
    monkeypatch.setenv("SYNTHLENS_RAY_ADDRESS", "10.0.0.9:1")
    with pytest.raises(SynthLensError, match=r"no Ray cluster at 10\.0\.0\.9:1"):
        ray_backend.join()


def test_the_app_uses_it_when_told(replicas, monkeypatch):
    monkeypatch.setenv("SYNTHLENS_BACKEND", "ray")
    default_registry.cache_clear()
    try:
        assert isinstance(default_registry(), ray_backend.RayRegistry)
    finally:
        default_registry.cache_clear()
