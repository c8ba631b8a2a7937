"""The load test's visitors on toy checkpoints: own images, a place in the queue, leaving."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from core.services.generation import generate
from scripts.load_client import Failed, Visitor, pixels_agree
from tests.e2e.serve_toys import FAULT, SLOW
from tests.toy import Registry  # and with it the toy families

DOMAIN, MODEL = "chest_xray", "chest_xray/toy-diffusion"


def alone(work):
    """Run a coroutine in a thread of its own: Playwright keeps this one's loop running."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@pytest.fixture
def slow(toy_server):
    path = toy_server.folder / SLOW
    path.touch()
    yield
    path.unlink(missing_ok=True)


def own_image(toy_server, seed):
    registry = Registry(toy_server.folder, torch.device("cpu"))
    label = registry.card(MODEL).classes[0]
    return generate(registry, DOMAIN, MODEL, label, 1, seed)[0].pixels


async def drawn(url, seed):
    async with Visitor(url) as visitor:
        await visitor.go("", seed=seed, n=1, models=MODEL)
        await visitor.press("Generate")
        found = await asyncio.to_thread(visitor.images, "Synthetic image:")
        return found[0], visitor.places


def test_each_visitor_gets_the_image_of_its_own_seed(toy_server):
    seeds = [3, 4, 5]

    async def both():
        return await asyncio.gather(*(drawn(toy_server.url, seed) for seed in seeds))

    found = alone(both())
    for seed, (image, _) in zip(seeds, found):
        assert pixels_agree(image, own_image(toy_server, seed))
    assert not pixels_agree(found[0][0], np.asarray(found[1][0]))


def test_a_place_is_shown_and_cancelling_or_leaving_frees_the_work(toy_server, slow):
    async def crowd():
        async with Visitor(toy_server.url) as leaves, Visitor(toy_server.url) as cancels:
            for place, one in enumerate((leaves, cancels)):
                await one.go("", seed=40 + place, n=16, models=MODEL)
            await leaves.begin("Generate")
            await asyncio.sleep(0.5)
            waiting = asyncio.create_task(drawn(toy_server.url, 7))
            took = await cancels.give_up("Generate")
            places = cancels.places
        (toy_server.folder / SLOW).unlink()
        began = time.monotonic()
        image, ahead = await waiting
        return took, max(places, ahead), image, time.monotonic() - began

    took, places, image, waited = alone(crowd())
    assert took is not None and took < 60
    assert places >= 1
    assert pixels_agree(image, own_image(toy_server, 7)) and waited < 60


def test_what_a_visitor_would_call_an_error_is_one(toy_server):
    (toy_server.folder / FAULT).touch()
    try:
        with pytest.raises(Failed, match="Something went wrong"):
            alone(drawn(toy_server.url, 9))
    finally:
        (toy_server.folder / FAULT).unlink()
