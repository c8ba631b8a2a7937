import zipfile

import pytest

from core.errors import DataError
from core.text.conditions import CONDITIONS, IMAGE_CLASSES, condition_of
from core.text.reports import Report, parse_xml, read_reports
from tests.text.small import REPORTS

XML = """<?xml version="1.0"?><eCitation><uId id="CXR12"/>
<MedlineCitation><Article><Abstract>
<AbstractText Label="COMPARISON">None.</AbstractText>
<AbstractText Label="FINDINGS">The lungs are XXXX clear.</AbstractText>
<AbstractText Label="IMPRESSION">1. Normal chest.</AbstractText>
</Abstract></Article></MedlineCitation>
<MeSH><major>Infiltrate/lung/base</major><major>Opacity</major><automatic>x</automatic></MeSH>
<parentImage id="CXR12_IM-0001-1001"/><parentImage id="CXR12_IM-0001-2001"/></eCitation>"""
TABLE = (
    "uid,MeSH,Problems,image,indication,comparison,findings,impression\n"
    "7,normal,normal,PA,,,Lungs are clear.,Normal chest x-XXXX.\n"
    "8,Pneumonia/left,Pneumonia,PA,,,,Left pneumonia.\n"
    "9,normal,normal,PA,,,,\n"
)
VIEWS = "uid,filename,projection\n7,7_IM-1.dcm.png,Frontal\n7,7_IM-2.dcm.png,Lateral\n"


def test_a_report_in_xml():
    report = parse_xml(XML.encode())
    assert report.uid == "12" and report.findings == "The lungs are clear."
    assert report.text == "The lungs are clear. Normal chest."
    assert report.problems == {"infiltrate", "opacity"}
    assert report.images == ("CXR12_IM-0001-1001", "CXR12_IM-0001-2001")


@pytest.mark.parametrize("content", [b"<a><b></a>", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'])
def test_a_broken_or_scheming_file_is_refused_in_one_sentence(content):
    with pytest.raises(DataError, match=r"odd\.xml"):
        parse_xml(content, "odd.xml")


def test_both_forms_are_read_and_empty_reports_left_out(tmp_path):
    with zipfile.ZipFile(tmp_path / "reports.zip", "w") as store:
        store.writestr("indiana_reports.csv", TABLE)
        store.writestr("indiana_projections.csv", VIEWS)
        store.writestr("ecgen-radiology/12.xml", XML)
    found = read_reports([tmp_path / "reports.zip"])
    assert [r.uid for r in found] == ["7", "8", "12"]
    assert found[0].impression == "Normal chest x-ray." and found[0].images == ("7_IM-1",)
    assert [condition_of(r) for r in found] == ["normal", "pneumonia", "pneumonia"]


def test_no_report_says_where_to_get_some(tmp_path):
    (tmp_path / "note.txt").write_text("nothing")
    with pytest.raises(DataError, match="data fetch openi_reports"):
        read_reports([tmp_path])


def test_equal_texts_share_a_split():
    twin = Report("99", "THE LUNGS ARE CLEAR.", "No pneumonia.", ())
    assert twin.split == REPORTS[0].split in ("train", "val", "test")


def test_reports_of_other_diseases_take_no_part():
    assert condition_of(REPORTS[4]) is None


def test_every_condition_has_images():
    assert set(IMAGE_CLASSES) == set(CONDITIONS) and all(IMAGE_CLASSES.values())
