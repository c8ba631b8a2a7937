import pytest

from core.text.cleaning import MAX_CHARACTERS, clean, sentences


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("FINDINGS: The lungs are clear. IMPRESSION: Normal.", "The lungs are clear. Normal."),
        ("There are no XXXX of a pleural effusion.", "There are no of a pleural effusion."),
        ("Normal chest x-XXXX.", "Normal chest x-ray."),
        ("1. No pneumonia. 2. Normal heart.", "No pneumonia. Normal heart."),
        ("PA and lateral XXXX, XXXX at XXXX hours", "PA and lateral, at hours"),
        ("Dr. XXXX<XXXX>technologist  seen..", "Dr. technologist seen."),
        ("CT of 3.5 cm, ratio of 16.2/24.7.", "CT of 3.5 cm, ratio of 16.2/24.7."),
        ("", ""),
    ],
)
def test_masks_headings_and_numbers_go(raw, wanted):
    assert clean(raw) == wanted


def test_cleaning_twice_changes_nothing_more():
    once = clean("FINDINGS: 1. The XXXX lungs (XXXX) are clear . XXXX. 2. Stable.")
    assert clean(once) == once


def test_an_endless_text_is_cut():
    assert len(clean("word " * 5000)) <= MAX_CHARACTERS


def test_sentences_of_numbers_only_are_left_out():
    assert sentences("Lungs are clear. 3. No effusion!") == ["Lungs are clear.", "No effusion!"]
