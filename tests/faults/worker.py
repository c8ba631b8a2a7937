"""Work that is killed: `python -m tests.faults.worker KIND FOLDER`. Each step leaves a line.

Slow on purpose, so that a kill falls between two steps.
"""

import copy
import sys
import time
from pathlib import Path

import numpy as np
import torch

PAUSE = 0.15


def line(folder: Path, text: str) -> None:
    with (folder / "steps.txt").open("a") as stream:
        stream.write(f"{text}\n")
    time.sleep(PAUSE)


def train(folder: Path) -> None:
    """A classifier, on images that its brightness tells apart."""
    from core.training import classifier, publish
    from core.training.run import Run
    from tests.training.test_classifier import config, made_up

    validate = classifier.ClassifierTrainer._validate

    def slow(self):
        validate(self)
        line(folder, f"epoch {self.epoch}")

    classifier.ClassifierTrainer._validate = slow
    Run.every = lambda self, seconds, key: True  # a state after each batch and epoch
    publish.ROOT = folder / "checkpoints"
    settings = config(epochs=8, patience=99)
    run = Run(folder / "run", settings, resume=True)
    classifier.train(settings, [made_up()], run)


def evaluate(folder: Path) -> None:
    """A generator against real images, three sampling seeds, 16 images a piece."""
    from core.data import cache
    from core.evaluate import generator, sampling
    from tests.evaluate.test_generator import blobs, write_painters

    cache.FOLDER = folder / "cache"
    generator.PIECE = 16
    draw = sampling.draw

    def slow(loaded, classes, seed, options=None, batch=16, first=0):
        found = draw(loaded, classes, seed, options, batch, first)
        line(folder, f"{seed} {first}")
        return found

    sampling.draw = slow
    generator.evaluate(write_painters(folder / "checkpoints"), "blobs/good", blobs(), n=40)


def study(folder: Path) -> None:
    """Cells of a small augmentation study."""
    from core.study import runner
    from core.study.material import gather
    from core.study.pack import make_pack
    from tests.study.conftest import CONFIG
    from tests.toy import SIZE, toy_registry
    from tests.training import tiny

    settings, images = copy.deepcopy(CONFIG), tiny.data(SIZE, 80)
    settings |= {"keep": [], "shares": [1.0], "ratios": [1.0]}
    settings["models"] = {"cnn": CONFIG["models"]["cnn"]}
    generators = toy_registry(folder / "checkpoints")
    for name, model in (("diffusion", "toy-diffusion"), ("gan", "toy-gan")):
        if not (folder / "packs" / name).exists():
            wanted = dict.fromkeys(images.domain.class_ids, 14)
            make_pack(generators, "chest_xray", model, wanted, folder / "packs" / name, gate=False)
    work = runner.train_cell

    def slow(cell, material, config):
        found = work(cell, material, config)
        line(folder, cell.key)
        return found

    runner.train_cell = slow
    material = gather(images, settings, folder, torch.device("cpu"))
    runner.run_cells(material, settings, folder / "cells")


if __name__ == "__main__":
    torch.set_num_threads(1)
    np.random.seed(0)
    globals()[sys.argv[1]](Path(sys.argv[2]))
