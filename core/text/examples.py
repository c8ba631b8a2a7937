"""Reports to begin with, written for the page: one per condition, and some that test the reader."""

from __future__ import annotations

EXAMPLES: dict[str, str] = {
    "Normal chest": "The heart and mediastinum are normal in size. The lungs are clear. There is "
    "no consolidation, effusion or pneumothorax. Impression: No acute cardiopulmonary disease.",
    "Right lower lobe pneumonia": "There is a patchy airspace opacity in the right lower lobe. No "
    "pleural effusion. The heart is normal in size. Impression: Right lower lobe pneumonia.",
    "Bacterial pneumonia": "Dense lobar consolidation on the left. Impression: Findings "
    "consistent with bacterial pneumonia.",
    "Viral pneumonia": "Interstitial markings are increased on both sides. Impression: Viral "
    "pneumonia.",
    "COVID-19": "Peripheral opacities in both lungs. Impression: COVID-19 pneumonia.",
    "Denied": "No evidence of pneumonia.",
    "Resolved": "The pneumonia in the left lower lobe has resolved.",
    "Hedged": "Opacity at the right base. Pneumonia cannot be excluded.",
}
"""Name and text."""
