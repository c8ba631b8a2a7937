"""Work that is killed: each step leaves a line, and one of them is the last that is lived through.

`tests.faults.conftest.Killed` runs these functions in processes of their own, forked from a server
that has imported everything already.
"""

import copy
import time
from pathlib import Path

import torch

from core.data import cache
from core.evaluate import generator as evaluation
from core.evaluate import sampling
from core.study import runner
from core.study.material import gather
from core.study.pack import make_pack
from core.training import autoencoder, classifier, diffusion, gan, gan_steps, publish
from core.training.run import Run
from tests.evaluate.test_generator import blobs, write_painters
from tests.study.conftest import CONFIG as STUDY
from tests.toy import SIZE, toy_registry
from tests.training import test_classifier, test_gan, test_latent_models, tiny

STEP, SAVE = "step", "save"  # moments: a step is done, a state is about to be put in place


class Diary:
    """What was done, a line each; at a chosen line the process stands still until it is killed.

    Args:
        folder: holds `done.txt` and, once it stands still, `held`.
        moment: `STEP` or `SAVE`.
        stop: which of the moment's lines is the last; 0 to work to the end.
    """

    def __init__(self, folder: Path, moment: str, stop: int) -> None:
        self.folder, self.moment, self.stop = folder, moment, stop
        self.seen = 0

    def note(self, moment: str, name: str) -> None:
        with (self.folder / "done.txt").open("a") as stream:
            stream.write(f"{moment} {name}\n")
        self.seen += moment == self.moment
        if self.stop and moment == self.moment and self.seen == self.stop:
            (self.folder / "held").touch()
            while True:
                time.sleep(1)

    def watch(self, owner: type, method: str, run_of) -> None:
        """Note every call of a training step once it is done."""
        inner = getattr(owner, method)

        def noted(instance, *arguments):
            found = inner(instance, *arguments)
            self.note(STEP, str(run_of(instance)))
            return found

        setattr(owner, method, noted)


def begin(folder: Path, settings: dict, diary: Diary) -> Run:
    """A run that keeps a state after every step."""
    publish.ROOT = folder / "checkpoints"
    replace = Path.replace

    def noted(path, target):
        if path.name == "state.pt.partial":
            diary.note(SAVE, str(run.step))
        return replace(path, target)

    Path.replace = noted
    Run.every = lambda self, seconds, key: True
    run = Run(folder / "run", settings, resume=True)
    return run


def train_classifier(folder: Path, diary: Diary) -> None:
    settings = test_classifier.config(epochs=3, patience=99, ema=0.5)
    diary.watch(classifier.ClassifierTrainer, "_step", lambda trainer: trainer.run.step)
    classifier.train(settings, [test_classifier.made_up()], begin(folder, settings, diary))


def train_gan(folder: Path, diary: Diary) -> None:
    settings = test_gan.settings()
    run = begin(folder, settings, diary)
    diary.watch(gan_steps.StyleSteps, "step", lambda steps: run.step + 1)
    gan.train(settings, [test_gan.made_up()], run, load=lambda _: test_gan.Pool())


def train_diffusion(folder: Path, diary: Diary) -> None:
    root = folder / "checkpoints"
    diffusion.Registry = lambda device: test_latent_models.Registry(root, device)
    if not (root / "shared").exists():
        publish.ROOT = root
        settings = test_latent_models.AE
        short = settings | {"train": settings["train"] | {"images": 8}}
        autoencoder.train(short, [tiny.data()], Run(folder / "ae", short))
    settings = test_latent_models.FLOW
    diary.watch(diffusion.DiffusionTrainer, "step", lambda trainer: trainer.run.step)
    diffusion.train(settings, [tiny.data()], begin(folder, settings, diary))


def evaluate(folder: Path, diary: Diary) -> None:
    """A generator against real images, three sampling seeds, 16 images a piece."""
    cache.FOLDER, evaluation.PIECE = folder / "cache", 16
    draw = sampling.draw

    def noted(loaded, classes, seed, options=None, batch=16, first=0):
        found = draw(loaded, classes, seed, options, batch, first)
        diary.note(STEP, f"{seed}-{first}")
        return found

    sampling.draw = noted
    evaluation.evaluate(write_painters(folder / "checkpoints"), "blobs/good", blobs(), n=40)


def study(folder: Path, diary: Diary) -> None:
    """Cells of a small augmentation study."""
    settings, images = copy.deepcopy(STUDY), tiny.data(SIZE, 80)
    settings |= {"keep": [], "shares": [1.0], "ratios": [1.0], "seeds": [1]}
    settings["models"] = {"cnn": STUDY["models"]["cnn"]}
    generators = toy_registry(folder / "checkpoints")
    for name, model in (("diffusion", "toy-diffusion"), ("gan", "toy-gan")):
        if not (folder / "packs" / name / "pack.json").exists():
            wanted = dict.fromkeys(images.domain.class_ids, 14)
            make_pack(generators, "chest_xray", model, wanted, folder / "packs" / name, gate=False)
    work = runner.train_cell

    def noted(cell, material, config):
        found = work(cell, material, config)
        diary.note(STEP, cell.key)
        return found

    runner.train_cell = noted
    material = gather(images, settings, folder, torch.device("cpu"))
    runner.run_cells(material, settings, folder / "study")


def start(kind: str, folder: Path, moment: str, stop: int) -> None:
    """Where a process begins."""
    torch.set_num_threads(1)
    globals()[kind](folder, Diary(folder, moment, stop))
