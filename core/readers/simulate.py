"""Readers of known skill: they check that the analysis recovers the truth, and fill demos.

Everything they leave is marked as simulated, in the database and wherever it is shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit
from scipy.stats import norm

CUTS = (-0.9, -0.4, 0.0, 0.4, 0.9)  # borders of the six ratings, around the reader's criterion
PREFERENCE = {"gradcam": 0.6, "ig": 0.0, "shap": 0.1, "random": -0.7, "edge": -0.2}
LIKING = {"gradcam": 3.6, "ig": 3.0, "shap": 3.1, "random": 2.0, "edge": 2.6}


@dataclass(frozen=True)
class Skill:
    """A population of readers, and of cases.

    Attributes:
        d_prime: mean distance of synthetic and real images, in units of a reader's own noise.
        d_spread, criterion_spread: deviation between readers.
        case_spread: deviation between images of a kind: what misleads one misleads others.
        detector: the detector's distance; `detector_shared`, how far images mislead it alike.
        seconds: geometric mean of a reader's time for a case.
        reader_time, case_time, time_noise: deviations of its logarithm.
        preference: score of each method on the logit scale; `taste` between readers, `fit`
            between images.
        liking: mean latent rating by method; `lenience` between readers, `rating_case` between
            images, `rating_noise` within.
        diagnosis: probit of a right answer without help; `diagnosis_spread` between readers,
            `diagnosis_case` between images.
        advice: share of cases in which the model is right.
        follow: probit of taking over an answer that differs; `follow_spread` between readers.
    """

    d_prime: float = 1.0
    d_spread: float = 0.3
    criterion_spread: float = 0.25
    case_spread: float = 0.5
    detector: float = 2.0
    detector_shared: float = 0.5
    seconds: float = 8.0
    reader_time: float = 0.3
    case_time: float = 0.2
    time_noise: float = 0.4
    preference: dict[str, float] = field(default_factory=lambda: dict(PREFERENCE))
    taste: float = 0.4
    fit: float = 0.3
    liking: dict[str, float] = field(default_factory=lambda: dict(LIKING))
    lenience: float = 0.4
    rating_case: float = 0.3
    rating_noise: float = 0.8
    diagnosis: float = 0.6
    diagnosis_spread: float = 0.25
    diagnosis_case: float = 0.4
    advice: float = 0.8
    follow: float = 0.2
    follow_spread: float = 0.3


@dataclass(frozen=True)
class Person:
    """One simulated reader: what a draw from the population gave them."""

    d_prime: float
    criterion: float
    speed: float
    taste: dict[str, float]
    lenience: float
    diagnosis: float
    follow: float


def person(skill: Skill, rng: np.random.Generator) -> Person:
    """Draw a reader from the population."""
    return Person(
        d_prime=skill.d_prime + skill.d_spread * rng.standard_normal(),
        criterion=skill.criterion_spread * rng.standard_normal(),
        speed=float(np.log(skill.seconds)) + skill.reader_time * rng.standard_normal(),
        taste={
            m: v + skill.taste * rng.standard_normal() for m, v in sorted(skill.preference.items())
        },
        lenience=skill.lenience * rng.standard_normal(),
        diagnosis=skill.diagnosis + skill.diagnosis_spread * rng.standard_normal(),
        follow=skill.follow + skill.follow_spread * rng.standard_normal(),
    )


def sees(
    who: Person, synthetic: np.ndarray, case: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Ratings 1 (surely real) to 6 of images, by a signal-detection observer (Green & Swets 1966).

    Args:
        who: the reader.
        synthetic: (C,) 1 for synthetic images, 0 for real ones.
        case: (C,) what each image adds for every reader.
        rng: of this reader's noise.
    """
    signal = who.d_prime * (synthetic - 0.5) + case + rng.standard_normal(len(case))
    return 1 + np.digitize(signal - who.criterion, CUTS)


def prefers(
    who: Person, pairs: list[tuple[str, str]], case: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """0 where the first map of a pair is preferred, 1 for the second; `case` favours the first."""
    gaps = np.array([who.taste.get(a, 0.0) - who.taste.get(b, 0.0) for a, b in pairs])
    return (rng.random(len(pairs)) >= expit(gaps + case)).astype(int)


def rates(
    who: Person, liking: np.ndarray, case: np.ndarray, noise: float, rng: np.random.Generator
) -> np.ndarray:
    """Ratings 1 to 5 of things with a mean latent liking."""
    latent = liking + who.lenience + case + noise * rng.standard_normal(len(case))
    return np.clip(np.rint(latent), 1, 5).astype(int)


def diagnoses(who: Person, case: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Whether each case is diagnosed rightly without help, (C,) bool."""
    return rng.random(len(case)) < norm.cdf(who.diagnosis + case)


def follows(who: Person, n: int, rng: np.random.Generator) -> np.ndarray:
    """Whether each differing advice is taken over, (n,) bool."""
    return rng.random(n) < norm.cdf(who.follow)


def takes(who: Person, case: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Seconds per answer, (C,), log-normal."""
    return np.exp(who.speed + case + noise * rng.standard_normal(len(case)))
