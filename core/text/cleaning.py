"""Clean report texts: masks of the de-identification, headings, list numbers, stray signs."""

from __future__ import annotations

import re

# "XXXX" stands for what was taken out; in "x-XXXX" it is the end of the word "x-ray"
_XRAY = re.compile(r"\bx-X{3,}", re.IGNORECASE)
_MASK = re.compile(r"[^\s.,;:()<>]*X{3,}[^\s.,;:()<>]*")
_HEADING = re.compile(
    r"(?:^|(?<=[.\n]))\s*(?:findings|impression|comparison|indication|technique|history|exam)"
    r"(?:\s+(?:and|/)\s+\w+)?\s*:",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?:^|(?<=[.\s]))\d{1,2}[.)]\s+(?=[A-Z])")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])")
MAX_CHARACTERS = 4000


def clean(text: str) -> str:
    """A report's text without masks, headings and list numbers, spaces tidied.

    Args:
        text: findings and impression as written; more than 4,000 characters are cut off.
    """
    text = text[:MAX_CHARACTERS].replace("\r", "\n")
    text = _XRAY.sub("x-ray", text)
    text = _MASK.sub(" ", text)
    text = _HEADING.sub(" ", text)
    text = re.sub(r"\s+", " ", text)
    text = _NUMBER.sub("", text)
    text = re.sub(r"\(\s*\)|<[^>]*>", " ", text)
    text = re.sub(r"\s+([.,;:!?)])", r"\1", text)
    text = re.sub(r"([.,;:])(?:\s*[.,;:])+", r"\1", text)
    return re.sub(r"\s+", " ", text).strip(" ,;:")


def sentences(text: str) -> list[str]:
    """Sentences of a cleaned text, those without a letter left out."""
    return [s for s in _SENTENCE.split(text) if re.search("[A-Za-z]", s)]
