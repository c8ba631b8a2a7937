"""One run over several processes, GPUs or nodes: `accelerate launch -m core train …`.

Each process draws batches of its own; before every optimiser step the gradients are averaged over
all of them (data parallelism), so that weights stay equal; the first step takes over process 0's
weights and gradients. Process 0 alone logs, saves and
publishes. Alone in the world, nothing here does anything.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import distributed

STRIDE = 7919  # between the seeds of two processes


class Processes:
    """Who takes part in this run.

    Attributes:
        rank: number of this process, 0 for the one that writes.
        world: how many there are.
        device: where this process trains; None to leave that to the run.
    """

    def __init__(self) -> None:
        self.rank, self.world = 0, int(os.environ.get("WORLD_SIZE", "1"))
        self.device: torch.device | None = None
        if self.world > 1:
            self._join()

    def _join(self) -> None:
        from accelerate import PartialState

        state = PartialState(cpu=not torch.cuda.is_available())
        self.rank, self.world, self.device = state.process_index, state.num_processes, state.device
        seen: set[int] = set()

        def before_step(optimiser: torch.optim.Optimizer, *rest: Any) -> None:
            weights = [p for group in optimiser.param_groups for p in group["params"]]
            if id(optimiser) not in seen:  # the others' gradients belong to weights that go now
                seen.add(id(optimiser))
                for weight in weights:
                    distributed.broadcast(weight.data, 0)
                    if weight.grad is not None:
                        distributed.broadcast(weight.grad, 0)
                return
            for weight in weights:
                if weight.grad is not None:
                    distributed.all_reduce(weight.grad)
                    weight.grad /= self.world

        from torch.optim.optimizer import register_optimizer_step_pre_hook

        register_optimizer_step_pre_hook(before_step)

    def agreed(self, value: float) -> float:
        """Process 0's value in all processes; every process must ask."""
        if self.world == 1:
            return value
        told = torch.tensor([value], dtype=torch.float64, device=self.device)
        distributed.broadcast(told, 0)
        return float(told)


_processes: Processes | None = None


def processes() -> Processes:
    """The processes of this program, joined on first use."""
    global _processes
    if _processes is None:
        _processes = Processes()
    return _processes
