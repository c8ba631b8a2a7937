"""Sentences that test whether a text's condition survives negation, hedging and resolution.

Written by hand for this test; none of them is made from the training frames
(`core.text.phrases`), and no choice was made on them. Hedged findings count as present, the policy
"U-Ones" of Irvin et al. 2019. Each row: group, condition, text.
"""

from __future__ import annotations

NEGATION_SET: tuple[tuple[str, str, str], ...] = (
    ("denied", "normal", "No evidence of pneumonia."),
    ("denied", "normal", "There is no radiographic evidence of acute pneumonia."),
    ("denied", "normal", "I do not see any pneumonia."),
    ("denied", "normal", "No focal air space disease is identified."),
    ("denied", "normal", "Lungs remain clear, with nothing to indicate pneumonia."),
    ("denied", "normal", "Both lungs are well aerated and free from consolidation."),
    ("denied", "normal", "The radiograph fails to demonstrate an infiltrate."),
    ("denied", "normal", "Examination is without signs of infection."),
    ("denied", "normal", "Pneumonia is ruled out by this study."),
    ("denied", "normal", "There are no findings that suggest COVID-19."),
    ("denied", "normal", "This is not COVID-19 pneumonia; the lungs are clear."),
    ("denied", "normal", "Neither consolidation nor effusion can be found."),
    ("denied", "normal", "No bacterial or viral pneumonia."),
    ("denied", "normal", "Clear lungs bilaterally, pneumonia not present."),
    ("denied", "normal", "Heart size normal. Lungs clear. No consolidation, effusion or edema."),
    ("denied", "normal", "Fever and cough. Pneumonia was suspected but none is seen."),
    ("resolved", "normal", "Pneumonia resolved."),
    ("resolved", "normal", "The previously described right lower lobe pneumonia has resolved."),
    ("resolved", "normal", "Since the last examination the left basal infiltrate disappeared."),
    ("resolved", "normal", "Complete interval clearance of airspace disease."),
    ("resolved", "normal", "The consolidation seen last month is gone."),
    ("resolved", "normal", "Resolved pneumonia, now normal lungs."),
    ("resolved", "normal", "Lungs have returned to normal after treatment for pneumonia."),
    ("resolved", "normal", "COVID-19 pneumonia six months ago, fully resolved today."),
    ("resolved", "normal", "Prior infiltrates are not visible any more."),
    ("resolved", "normal", "Full recovery from bacterial pneumonia with clear lungs."),
    ("resolved", "normal", "Viral pneumonia has subsided completely; lungs are clear."),
    ("resolved", "normal", "Radiographic resolution of left lower lobe consolidation."),
    ("hedged", "pneumonia", "Cannot exclude pneumonia."),
    ("hedged", "pneumonia", "Pneumonia cannot be excluded in the left lower lobe."),
    ("hedged", "pneumonia", "A developing infiltrate at the right base is possible."),
    ("hedged", "pneumonia", "Hazy density on the left, perhaps pneumonia."),
    ("hedged", "pneumonia", "Right basilar opacity, pneumonia not excluded."),
    ("hedged", "pneumonia", "Findings might reflect early consolidation."),
    ("hedged", "pneumonia", "Questionable airspace disease in the lingula."),
    ("hedged", "pneumonia", "Patchy density, worrisome for pneumonia."),
    ("hedged", "pneumonia", "Pneumonia is a consideration given the retrocardiac opacity."),
    ("hedged", "covid19", "COVID-19 pneumonia cannot be ruled out."),
    ("hedged", "covid19", "Peripheral opacities, possibly from COVID-19."),
    ("hedged", "viral", "Viral pneumonia should be considered."),
    ("affirmed", "pneumonia", "Right upper lobe pneumonia."),
    ("affirmed", "pneumonia", "Dense consolidation occupies the left lower lobe."),
    ("affirmed", "pneumonia", "The infiltrate has not resolved."),
    ("affirmed", "pneumonia", "Pneumonia is still present without improvement."),
    ("affirmed", "pneumonia", "No change in the known left lower lobe pneumonia."),
    ("affirmed", "pneumonia", "No pneumothorax. No effusion. Pneumonia in the right middle lobe."),
    ("affirmed", "pneumonia", "Heart not enlarged, but there is an infiltrate at the left base."),
    ("affirmed", "pneumonia", "Airspace disease has progressed in both lungs."),
    ("affirmed", "pneumonia", "Failure of the consolidation to clear."),
    ("affirmed", "pneumonia", "Pneumonia without effusion."),
    ("affirmed", "pneumonia", "The lungs show multifocal pneumonia."),
    ("affirmed", "bacterial", "Lobar opacity in keeping with bacterial pneumonia."),
    ("affirmed", "bacterial", "Bacterial pneumonia of the right lung."),
    ("affirmed", "viral", "The picture is that of viral pneumonia."),
    ("affirmed", "viral", "Viral pneumonia in a young patient."),
    ("affirmed", "covid19", "Typical appearance of COVID-19."),
    ("affirmed", "covid19", "Bilateral ground glass opacities due to COVID-19 pneumonia."),
)

PARAPHRASES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("normal", (
        "Normal chest radiograph.", "The chest x-ray is normal.", "Unremarkable chest film.",
        "No abnormality is seen in the chest.", "Chest: within normal limits.",
    )),
    ("normal", (
        "The lungs are clear.", "Clear lungs.", "Lung fields are clear on both sides.",
        "Both lungs appear clear.", "There is no opacity in either lung.",
    )),
    ("pneumonia", (
        "Right lower lobe pneumonia.", "Pneumonia of the right lower lobe.",
        "There is a pneumonia located in the lower lobe on the right.",
        "Findings of right lower lobe pneumonia.", "RLL pneumonia.",
    )),
    ("pneumonia", (
        "Patchy infiltrate in the left lung.", "The left lung shows a patchy infiltrate.",
        "A patchy left-sided pulmonary infiltrate is present.",
        "Left lung with patchy infiltration.", "Infiltrate, patchy, left.",
    )),
    ("covid19", (
        "COVID-19 pneumonia.", "Pneumonia caused by COVID-19.", "Pneumonia due to SARS-CoV-2.",
        "Findings of coronavirus disease.", "Lung changes of COVID-19.",
    )),
)  # fmt: skip
"""Condition, and ways to say the same."""
