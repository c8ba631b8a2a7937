"""Solvers of the flow's equation, on flows whose solution is known."""

import math

import numpy as np
import pytest
import torch

from core.models.ode import dpm_solver, heun, schedule


@pytest.mark.parametrize("start", [0.2, 0.6, 1.0])
def test_times_fall_from_the_start_to_nought(start):
    times = schedule(10, start)
    assert times[0] == pytest.approx(start) and times[-1] == 0 and len(times) == 11
    assert (np.diff(times) < 0).all()


def test_a_shorter_way_goes_through_the_same_points():
    whole = schedule(20)
    assert schedule(15, whole[5]) == pytest.approx(whole[5:])


def test_steps_are_shorter_at_both_ends_than_even_ones():
    times = schedule(20)
    assert 1 - times[1] < 0.5 / 20 and times[-2] < 2 / 20


@pytest.mark.parametrize("solver", [heun, dpm_solver])
def test_the_error_falls_with_the_square_of_the_step(solver):
    errors = []
    for steps in (10, 20, 40):
        times = np.linspace(0.9, 0.1, steps + 1).tolist()
        z = solver(lambda z, t: z * t, torch.ones(1, dtype=torch.float64), times)
        errors.append(abs(float(z) - math.exp((0.1**2 - 0.9**2) / 2)))
    assert errors[0] > 3 * errors[1] > 9 * errors[2]


@pytest.mark.parametrize("spread", [0.2, 0.3, 0.5, 1.0, 2.0, 3.0])
def test_noise_becomes_a_gaussian_of_the_right_spread(spread):
    # data ~ N(0, s²): v = (t - (1 - t) s²) / ((1 - t)² s² + t²) z, and noise 1 ends at s
    def velocity(z, t):
        return z * (t - (1 - t) * spread**2) / ((1 - t) ** 2 * spread**2 + t**2)

    z = dpm_solver(velocity, torch.ones(1, dtype=torch.float64), schedule(20))
    assert float(z) == pytest.approx(spread, rel=0.055)


def test_every_step_is_told_and_costs_one_evaluation():
    asked, told = [], []

    def velocity(z, t):
        asked.append(t)
        return -z

    dpm_solver(velocity, torch.ones(1, 2), schedule(5), lambda k, z, t, v: told.append((k, t)))
    assert asked == [t for _, t in told] and [k for k, _ in told] == [0, 1, 2, 3, 4]
