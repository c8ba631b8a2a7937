"""What one of several processes saw: `accelerate launch -m tests.training.parallel_worker DIR`.

Trains the toy classifier and writes its own gradients, those the optimiser got, and the weights
after every step.
"""

import sys
from pathlib import Path

import torch
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from core.training import classifier, publish
from core.training.parallel import processes
from core.training.run import Run
from tests.training.test_classifier import config, made_up


def values(optimiser, what) -> torch.Tensor:
    weights = [p for group in optimiser.param_groups for p in group["params"]]
    return torch.cat([what(w).detach().flatten() for w in weights])


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    seen = {"own": [], "used": [], "weights": []}
    register_optimizer_step_pre_hook(lambda o, *_: seen["own"].append(values(o, lambda w: w.grad)))
    own = processes()  # from here on gradients are averaged before a step
    register_optimizer_step_pre_hook(lambda o, *_: seen["used"].append(values(o, lambda w: w.grad)))
    register_optimizer_step_post_hook(lambda o, *_: seen["weights"].append(values(o, lambda w: w)))
    publish.ROOT = folder / "checkpoints"
    settings = config(epochs=2, patience=99, batch=2)
    run = Run(folder / "run", settings)
    classifier.train(settings, [made_up()], run)
    stacked = {k: torch.stack(v) for k, v in seen.items()}
    torch.save(stacked | {"world": own.world, "steps": run.step}, folder / f"seen-{own.rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
