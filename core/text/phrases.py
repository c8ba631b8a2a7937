"""Sentences that affirm, deny, hedge or close a finding, made from parts, with their condition.

Reports rarely say "resolved" or "cannot exclude" (OpenI: some thirty in 3,851), too few to learn
from. These sentences put the same findings into every frame, so that only the frame tells. A
hedged finding counts as present, the policy "U-Ones" of Irvin et al. 2019 (CheXpert).
The wording of the negation test (`core.evaluate.negation_set`) is not among them.
"""

from __future__ import annotations

import random

KINDS = {
    "pneumonia": (
        "pneumonia", "infiltrate", "consolidation", "airspace disease", "airspace consolidation",
        "lobar pneumonia", "an acute infiltrate", "pneumonic infiltrate", "airspace opacity",
        "focal consolidation", "a focal infiltrate", "bronchopneumonia", "acute pneumonia",
        "infection", "lung infection",
    ),
    "bacterial": ("bacterial pneumonia", "bacterial infection", "a bacterial lobar pneumonia",
                  "bacterial consolidation"),
    "viral": ("viral pneumonia", "viral infection", "viral pneumonitis",
              "a viral lower respiratory infection"),
    "covid19": ("COVID-19", "COVID-19 pneumonia", "SARS-CoV-2 pneumonia", "coronavirus pneumonia",
                "COVID pneumonia", "COVID-19 infection"),
}  # fmt: skip
PLACES = (
    "", "", "", " in the right lower lobe", " in the left lower lobe", " at the left base",
    " in the right upper lobe", " in the right middle lobe", " in both lungs", " at the lung bases",
    " in the lingula", " of the left lung",
)  # fmt: skip
PRESENT = (
    "There is {f}{p}.", "Findings consistent with {f}{p}.", "{f}{p}.", "New {f}{p}.",
    "Findings compatible with {f}{p}.", "Patchy opacities{p}, most consistent with {f}.",
    "{f}{p} is seen.", "Persistent {f}{p}.", "Worsening {f}{p}.", "{f}{p} has not resolved.",
    "Increased {f}{p} compared with the prior study.", "Unchanged {f}{p}.", "Known {f}{p}.",
    "Interval development of {f}{p}.", "{f}{p}, not significantly changed.", "Multifocal {f}.",
    "No resolution of the {f}{p}.", "Incomplete clearing of {f}{p}.", "Residual {f}{p}.",
    "{f} again noted{p}.", "The {f}{p} persists.", "{f}{p} with no interval improvement.",
    "Chest x-ray showing {f}{p}.", "Patient with {f}{p}.", "Extensive {f}{p}.", "Bilateral {f}.",
    "{f}{p} without pleural effusion.", "{f}{p}, no pneumothorax.", "No improvement of {f}{p}.",
    "{f}{p}, not improving.", "{f}{p} remains unresolved.", "No effusion, but {f}{p}.",
    "The {f}{p} does not clear.", "{f}{p} is worse.", "{f}{p} has not changed.",
    "The {f}{p} is slow to resolve.", "Heart is normal, {f}{p}.", "Active {f}{p}.",
)  # fmt: skip
HEDGED = (
    "{f}{p} cannot be excluded.", "Cannot exclude {f}{p}.", "Possible {f}{p}.",
    "Opacity{p} may represent {f}.", "Suspicious for {f}{p}.", "Concerning for {f}{p}.",
    "{f}{p} is possible.", "Developing {f}{p} is not excluded.", "Likely {f}{p}.",
    "Questionable {f}{p}.", "Findings raise concern for {f}{p}.", "Probable {f}{p}.",
    "Opacity{p} could reflect {f} in the appropriate clinical setting.", "Suspected {f}{p}.",
    "A superimposed {f}{p} is difficult to exclude.", "Early {f}{p} cannot be ruled out.",
    "It would be difficult to exclude {f}{p}.", "Atelectasis versus {f}{p}.",
    "Findings suggestive of {f}{p}.",
)  # fmt: skip
ABSENT = (
    "No {f}.", "No {f}{p}.", "There is no {f}{p}.", "No evidence of {f}.",
    "No radiographic evidence of {f}.", "Negative for {f}.", "No findings of {f}{p}.",
    "The lungs are clear without {f}.", "Without {f}{p}.", "No focal opacity to suggest {f}.",
    "No sign of {f}.", "{f} is not seen{p}.", "No definite {f}{p}.", "No new {f}.",
    "No pneumothorax, effusion or {f}.", "Lungs are free of {f}.", "{f} has been excluded.",
    "There is no convincing {f}{p}.", "No pleural effusion. No {f}.", "Absence of {f}.",
    "Neither {f} nor pleural effusion is seen.", "The study rules out {f}.", "Not {f}.",
    "Normal chest, no {f}.", "Denies {f}, lungs clear.", "Does not show {f}.",
    "Evaluate for {f}. Lungs are clear.", "Cough, rule out {f}. Normal chest.",
)  # fmt: skip
RESOLVED = (
    "{f}{p} has resolved.", "Resolved {f}{p}.", "Interval resolution of {f}{p}.",
    "Previously seen {f}{p} has cleared.", "Complete resolution of the prior {f}{p}.",
    "The {f}{p} is no longer seen.", "{f}{p} resolved since the prior study.",
    "Resolution of {f}{p}.", "Interval clearing of the {f}{p}.", "{f}{p} has completely cleared.",
    "Prior {f}{p} is no longer present.", "No residual {f}{p}.", "{f} resolved.",
    "Compared with the prior exam, {f}{p} has resolved.", "History of {f}, now resolved.",
    "Status post treatment of {f}, lungs now clear.", "{f} has gone.", "{f}{p} has healed.",
    "Follow-up of {f}: the lungs are now clear.", "Cleared {f}{p}.", "Old {f}, resolved.",
    "Old {f}, fully recovered.", "{f}{p} went away.", "Healed {f}{p}.", "Recovered from {f}.",
    "After antibiotics the {f}{p} has disappeared.", "Lungs are clear after {f}.",
    "{f} in the past, normal chest now.",
)  # fmt: skip
FRAMES = {"present": PRESENT, "hedged": HEDGED, "absent": ABSENT, "resolved": RESOLVED}


def phrase(rng: random.Random, frame: str, kind: str) -> tuple[str, str]:
    """A sentence and the condition of an image that fits it.

    Args:
        rng: source of chance.
        frame: "present", "hedged", "absent" or "resolved".
        kind: a key of `KINDS`.
    """
    finding = rng.choice(KINDS[kind])
    text = rng.choice(FRAMES[frame])
    place = rng.choice(PLACES) if "{p}" in text else ""
    for article in ("a ", "an "):  # "No a focal infiltrate" is nobody's English
        if finding.startswith(article) and "There is {f}" not in text:
            finding = finding.removeprefix(article)
    made = text.format(f=finding, p=place)
    made = made[0].upper() + made[1:]
    return made, kind if frame in ("present", "hedged") else "normal"
