"""Which condition a report describes, by the source's own labels, and which images match it."""

from __future__ import annotations

from core.text.reports import Report

CONDITIONS = ("normal", "pneumonia", "bacterial", "viral", "covid19")
"""What a text may ask for; "pneumonia" leaves the kind open."""

NAMES = {
    "normal": "Normal",
    "pneumonia": "Pneumonia, kind not named",
    "bacterial": "Bacterial pneumonia",
    "viral": "Viral pneumonia",
    "covid19": "COVID-19",
}

IMAGE_CLASSES = {
    "normal": ("normal",),
    "pneumonia": ("bacterial", "viral"),
    "bacterial": ("bacterial",),
    "viral": ("viral",),
    "covid19": ("covid19",),
}
"""Classes of chest X-rays that a condition is paired with."""

# what OpenI's indexers call the airspace findings of pneumonia
PNEUMONIA_TERMS = frozenset({"pneumonia", "infiltrate", "consolidation", "airspace disease"})
_NORMAL = frozenset({"normal"})


def condition_of(report: Report) -> str | None:
    """The condition, "normal" or "pneumonia", or None where the labels are of neither.

    Reports of other diseases have no matching images and take no part.
    """
    if report.problems == _NORMAL:
        return "normal"
    return "pneumonia" if report.problems & PNEUMONIA_TERMS else None
