"""What simulated readers' figures are in truth: by formula or quadrature, not by simulation."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit
from scipy.stats import norm

from core.readers.simulate import CUTS, Person, Skill

_AT, _WEIGHT = np.polynomial.hermite_e.hermegauss(41)
_WEIGHT = _WEIGHT / _WEIGHT.sum()  # expectation over a standard normal


def detection(skill: Skill) -> dict[str, float]:
    """Sensitivity, specificity, accuracy, d′, AUC, and the gap to the detector."""
    spread = np.sqrt(1 + skill.case_spread**2)
    whole = np.sqrt(1 + skill.case_spread**2 + skill.d_spread**2 / 4 + skill.criterion_spread**2)
    rate = float(norm.cdf(skill.d_prime / 2 / whole))  # the mean criterion is 0: both alike
    shared = np.sqrt(1 + (skill.detector_shared * skill.case_spread) ** 2)
    machine = float(norm.cdf(skill.detector / 2 / shared))
    return {
        "sensitivity": rate, "specificity": rate, "accuracy": rate,
        "d_prime": skill.d_prime / float(spread), "auc": _area(skill, float(spread)),
        "versus_detector": rate - machine,
    }  # fmt: skip


def _area(skill: Skill, spread: float) -> float:
    """AUC of six ratings, ties by half, averaged over readers' d′ and criterion."""
    d = skill.d_prime + skill.d_spread * _AT[:, None, None]
    cuts = np.array(CUTS) + skill.criterion_spread * _AT[None, :, None]
    cells = []
    for sign in (0.5, -0.5):
        below = norm.cdf((cuts - sign * d) / spread)
        edge = np.ones((*below.shape[:2], 1))
        cells.append(np.diff(np.concatenate([0 * edge, below, edge], axis=2), axis=2))
    positive, negative = cells
    under = np.cumsum(negative, axis=2) - negative
    area = (positive * (under + negative / 2)).sum(2)
    return float(_WEIGHT @ area @ _WEIGHT)


def one_reader(skill: Skill, who: Person) -> float:
    """A given reader's accuracy over the population of images."""
    spread = np.sqrt(1 + skill.case_spread**2)
    hits = norm.cdf((who.d_prime / 2 - who.criterion) / spread)
    passes = norm.cdf((who.d_prime / 2 + who.criterion) / spread)
    return float((hits + passes) / 2)


def kappas(skill: Skill, people: list[Person]) -> dict[str, float]:
    """Fleiss' kappa of given readers, and Cohen's of the first two, over all images."""
    chance = np.zeros((2, len(people), len(_AT)))  # says "synthetic", by truth, reader, image
    for truth in (0, 1):
        for i, who in enumerate(people):
            signal = who.d_prime * (truth - 0.5) + skill.case_spread * _AT - who.criterion
            chance[truth, i] = norm.cdf(signal)
    both = np.einsum("tic,tjc,c->ij", chance, chance, _WEIGHT) / 2
    single = np.einsum("tic,c->i", chance, _WEIGHT) / 2
    agree = 2 * both - single[:, None] - single[None, :] + 1
    n = len(people)
    mean = single.mean()
    observed = (agree.sum() - np.trace(agree)) / (n * (n - 1))
    expected = mean**2 + (1 - mean) ** 2
    pair = single[0] * single[1] + (1 - single[0]) * (1 - single[1])
    return {
        "fleiss": float((observed - expected) / (1 - expected)),
        "cohen": float((agree[0, 1] - pair) / (1 - pair)),
    }


def preference(skill: Skill, methods: list[str]) -> np.ndarray:
    """Bradley-Terry scores (mean 0) closest to the population's choices, all pairs alike often."""
    spread = np.sqrt(2 * skill.taste**2 + skill.fit**2)
    own = np.array([skill.preference[m] for m in methods])
    gaps = own[:, None] - own[None, :]
    wins = (expit(gaps[..., None] + spread * _AT) * _WEIGHT).sum(2)
    np.fill_diagonal(wins, 0.5)
    scores = own.copy()
    for _ in range(200):  # minorisation-maximisation (Hunter 2004)
        strength = np.exp(scores)
        total = strength[:, None] + strength[None, :]
        share = 1 / total
        np.fill_diagonal(share, 0)
        scores = np.log((wins.sum(1) - 0.5) / share.sum(1))
        scores -= scores.mean()
    return scores


def rating(liking: float, spread: float) -> float:
    """Mean of a normal with this mean and deviation, rounded and cut to 1 … 5."""
    above = norm.sf((np.array([1.5, 2.5, 3.5, 4.5]) - liking) / spread)
    return float(1 + above.sum())


def diagnosis(skill: Skill) -> dict[str, Any]:
    """Accuracy without and with the model, the gain, and reliance."""
    spread = np.sqrt(1 + skill.diagnosis_spread**2 + skill.diagnosis_case**2)
    alone = float(norm.cdf(skill.diagnosis / spread))
    follow = float(norm.cdf(skill.follow / np.sqrt(1 + skill.follow_spread**2)))
    gain = follow * ((1 - alone) * skill.advice - alone * (1 - skill.advice))
    return {
        "unaided": alone, "aided": alone + gain, "gain": gain,
        "follows_right": follow, "follows_wrong": follow,
    }  # fmt: skip


def matching(accuracy: float, skill: Skill) -> float:
    """The mean d′ at which readers of a population have this accuracy."""
    from dataclasses import replace

    return float(
        brentq(lambda d: detection(replace(skill, d_prime=d))["accuracy"] - accuracy, -8, 8)
    )
