"""Solvers of the flow's differential equation, from noise (t = 1) to latents (t = 0) and back."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

Velocity = Callable[[torch.Tensor, float], torch.Tensor]
Report = Callable[[int, torch.Tensor, float, torch.Tensor], None]

# With equal steps the first ones, where noise turns into a coarse image, are too long, and samples
# come out alike; the shift of Esser et al. 2024 (eq. 23) puts more of them there. With that alone
# the last one is too long, and fine detail comes out weak: the power makes room. Both were chosen
# on Gaussian data, whose solution is known (tests/models/test_ode.py).
SHIFT, POWER = 3.0, 1.25


def schedule(steps: int, start: float = 1.0) -> list[float]:
    """Times from `start` to 0, denser near noise and near the image.

    Args:
        steps: one or more.
        start: in (0, 1].

    Returns:
        steps + 1 falling times.
    """
    first = (start / (SHIFT - (SHIFT - 1) * start)) ** (1 / POWER)  # what is moved to `start`
    even = torch.linspace(first, 0, steps + 1, dtype=torch.float64) ** POWER
    return [float(t) for t in SHIFT * even / (1 + (SHIFT - 1) * even)]


def dpm_solver(
    velocity: Velocity, z: torch.Tensor, times: list[float], report: Report | None = None
) -> torch.Tensor:
    """DPM-Solver++(2M) (Lu et al. 2022, algorithm 2) for z_t = (1 - t) z_0 + t ε.

    One evaluation a step: the last two estimates of z_0 are extrapolated in log signal-to-noise.

    Args:
        velocity: dz/dt at (z, t).
        z: (N, ...) state at `times[0]`.
        times: falling, from at most 1 to 0 or above.
        report: called after each step with its number, z and t at its start, and the velocity.
    """
    earlier, before = z, -math.inf
    for k, (t, following) in enumerate(zip(times, times[1:])):
        v = velocity(z, t)
        if report:
            report(k, z, t, v)
        estimate = z - t * v  # of z_0
        now, ahead = _log_snr(t), _log_snr(following)
        blend = estimate
        if k and following > 0 and before > -math.inf:
            # eq. 15, D_i: r is the last step over this one, in log signal-to-noise
            blend = estimate + (estimate - earlier) * (ahead - now) / (2 * (now - before))
        # eq. 15; (1 - t') (1 - e^-h) with e^-h = t' (1 - t) / (t (1 - t'))
        z = following / t * z + ((1 - following) - following / t * (1 - t)) * blend
        earlier, before = estimate, now
    return z


def _log_snr(t: float) -> float:
    """λ = log α / σ at time t: -∞ at pure noise, ∞ at the image."""
    if t <= 0:
        return math.inf
    return math.log((1 - t) / t) if t < 1 else -math.inf


def heun(
    velocity: Velocity, z: torch.Tensor, times: list[float], report: Report | None = None
) -> torch.Tensor:
    """Heun's method (Karras et al. 2022, algorithm 1, γ = 0), in either direction of time.

    Args:
        velocity: dz/dt at (z, t).
        z: (N, ...) state at `times[0]`.
        times: monotone.
        report: as in `dpm_solver`.
    """
    for k, (t, following) in enumerate(zip(times, times[1:])):
        v = velocity(z, t)
        if report:
            report(k, z, t, v)
        ahead = z + (following - t) * v
        # second-order correction, left out at the end points where the velocity is least certain
        if 0 < following < 1:
            v = 0.5 * (v + velocity(ahead, following))
            ahead = z + (following - t) * v
        z = ahead
    return z
