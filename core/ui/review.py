"""What independent models say of images just generated: classifier's agreement, detector."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core import domains
from core.cards import Card
from core.errors import SynthLensError
from core.evaluate.image_checks import ImageCheck
from core.registry import Registry
from core.services.checks import check
from core.services.classification import Prediction, classify
from core.services.defaults import classifier_rank, independent
from core.services.detection import Verdict, detect
from core.services.generation import GeneratedImage
from core.ui import words

MOST_SPECIFIC_FIRST = 10.0
COPY_HELP = (
    "Distance to the nearest training image in the encoder's features. A near copy is closer to "
    "a training image than 99 % of held-out real images are: a warning, not a quality score."
)


@dataclass
class Review:
    """Opinions on one generated image; None where no model could give one."""

    prediction: Prediction | None = None
    agrees: bool | None = None
    verdict: Verdict | None = None
    check: ImageCheck | None = None


def review(registry: Registry, images: list[GeneratedImage]) -> list[Review]:
    """Ask the domain's classifier and detector about images of one domain.

    The classifier is one whose task knows the images' classes, the finest labelling first. A
    domain without such models, or with a damaged one, gives empty reviews.
    """
    found = [Review() for _ in images]
    if not images:
        return found
    arrays = [image.pixels.squeeze() for image in images]
    domain = images[0].domain
    classifier = best_classifier(registry, domain, images[0].class_id)
    try:
        predictions = classify(registry, arrays, domain, classifier.id) if classifier else []
        for own, image, prediction in zip(found, images, predictions):
            own.prediction = prediction
            expected = expected_label(classifier, domain, image.class_id)
            own.agrees = None if expected is None else prediction.label == expected
        if registry.cards(domain, "detector") or registry.cards("shared", "detector"):
            for own, verdict in zip(found, detect(registry, arrays, domain, stability=False)):
                own.verdict = verdict
        for own, measured in zip(found, check(registry, images) or []):
            own.check = measured
    except SynthLensError:
        return found
    return found


def best_classifier(registry: Registry, domain: str, class_id: str) -> Card | None:
    """The classifier to ask about a class: it must know it; finer labels and validation decide.

    One that learned from synthetic images would not be independent, and is not asked.
    """
    able = [
        card
        for card in registry.cards(domain, "classifier")
        if independent(card) and expected_label(card, domain, class_id) is not None
    ]
    return max(
        able,
        key=lambda c: (len(c.classes) * MOST_SPECIFIC_FIRST, *classifier_rank(registry, c)[1:]),
        default=None,
    )


def expected_label(card: Card | None, domain: str, class_id: str) -> str | None:
    """The label of a classifier's task that an image class belongs to."""
    tasks = domains.get(domain).tasks if card else ()
    for task in tasks:
        if card and tuple(task.labels) == tuple(card.classes):
            return task.label_of(class_id)
    return None


def show(found: Review) -> None:
    """Draw one image's opinions as small badges."""
    if found.prediction:
        domain = domains.get(found.prediction.domain)
        name = domain.class_name(found.prediction.label)
        confidence = found.prediction.probabilities[found.prediction.label]
        look = {True: ("green", "check"), False: ("orange", "close"), None: ("gray", "help")}
        colour, icon = look[found.agrees]
        st.badge(
            f"{name} {confidence:.2f}",
            color=colour,  # type: ignore[arg-type]
            icon=f":material/{icon}:",
            help="The independent classifier's answer and its calibrated probability.",
        )
    if found.verdict:
        words.verdict_badge(found.verdict, short=True)
    if found.check:
        show_check(found.check)


def show_check(found: ImageCheck) -> None:
    """Draw the copy check, sharpness and contrast against real images."""
    if found.copy_suspect:
        st.badge("Near copy", color="red", icon=":material/content_copy:", help=COPY_HELP)
    else:
        st.badge("No copy", color="green", icon=":material/check:", help=COPY_HELP)
    st.caption(
        f"copy distance {found.copy_distance:.4f} (p{found.copy_percentile:.0f})  \n"
        f"sharpness {_place(found.sharpness_percentile, found.usual_sharpness)}  \n"
        f"contrast {_place(found.contrast_percentile, found.usual_contrast)}"
    )


def legend(found: list[Review]) -> None:
    """Say what the badges' numbers are, where any image was checked."""
    if any(review.check for review in found):
        st.caption("p = percentile among held-out real images; usual is p2.5 to p97.5.")


def _place(percentile: float, usual: bool) -> str:
    return f"p{percentile:.0f}" + ("" if usual else ", unusual")
