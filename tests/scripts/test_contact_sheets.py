"""Contact sheets: classes in rows, seeds in columns."""

from scripts.contact_sheets import sheet
from tests.toy import SIZE, toy_registry


def test_a_sheet_has_a_row_per_class_and_a_column_per_seed(tmp_path):
    registry = toy_registry(tmp_path)
    classes = registry.card("chest_xray/toy-gan").classes
    assert sheet(registry, "chest_xray", "chest_xray/toy-gan", 3).size == (
        3 * SIZE, len(classes) * SIZE,
    )  # fmt: skip
