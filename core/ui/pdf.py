"""An explanation as a printable file: A4 pages with the maps, the numbers and the checks."""

from __future__ import annotations

import io
import json
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from PIL import Image

from core.explain.export import png_grid
from core.ui.figures.explanation import REFERENCES, metric_table
from core.ui.figures.maps import title
from core.ui.layout import NOTICE

if TYPE_CHECKING:
    from core.explain.service import Explanation

_A4 = (8.27, 11.69)  # inches
_LEFT, _WIDTH = 0.08, 0.84
_LINES = 70  # of settings on a page


def explanation_pdf(found: list[Explanation], methods: list[str]) -> bytes:
    """The Explain page as PDF: a page of maps, one of numbers per model, then the settings.

    Args:
        found: explanations of one image, one per model.
        methods: columns of the grid, in order.
    """
    stream = io.BytesIO()
    with PdfPages(
        stream, metadata={"Title": "SynthLens: explanation", "Creator": "SynthLens"}
    ) as pdf:
        pdf.savefig(_maps(found, methods))
        for one in found:
            if one.metrics:
                pdf.savefig(_numbers(one))
        for page in _settings(found):
            pdf.savefig(page)
    return stream.getvalue()


def _page(heading: str) -> Figure:
    page = Figure(figsize=_A4)
    page.text(_LEFT, 0.95, heading, size=15, weight="bold")
    page.text(_LEFT, 0.03, "\n".join(textwrap.wrap(NOTICE, 120)), size=7, color="#40545b")
    return page


def _maps(found: list[Explanation], methods: list[str]) -> Figure:
    page = _page("Explanation")
    with Image.open(io.BytesIO(png_grid(found, methods))) as image:
        picture = np.asarray(image.convert("RGB"))
    height = min(0.6, _WIDTH * picture.shape[0] / picture.shape[1] * _A4[0] / _A4[1])
    axes = page.add_axes((_LEFT, 0.9 - height, _WIDTH, height))
    axes.imshow(picture)
    axes.set_axis_off()
    axes.set_title("rows: models; columns: " + ", ".join(["input", *map(title, methods)]), size=8)
    lines: list[str] = []
    for one in found:
        chances = ", ".join(f"{k} {v:.2f}" for k, v in one.prediction.items())
        against = f" rather than {one.against}" if one.against else ""
        lines += [f"{one.title}: {chances}. Explained: {one.target}{against}."]
        lines += [*textwrap.wrap(one.reading.sentence, 105), ""]
    page.text(_LEFT, 0.86 - height, "\n".join(lines), size=9, va="top")
    return page


def _numbers(one: Explanation) -> Figure:
    page = _page(f"{one.title}: {one.target}")
    table = metric_table(one).set_index("Map").T
    axes = page.add_axes((_LEFT + 0.14, 0.62, _WIDTH - 0.14, 0.3))
    axes.set_axis_off()
    cells = [[_cell(v) for v in row] for row in table.to_numpy().tolist()]
    drawn = axes.table(
        cells, rowLabels=list(table.index), loc="upper left", cellLoc="right",
        colLabels=["\n".join(textwrap.wrap(str(c), 12)) for c in table.columns],
    )  # fmt: skip
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(7)
    drawn.scale(1, 1.3)
    for (row, _), cell in drawn.get_celld().items():
        if row == 0:
            cell.set_height(2 * cell.get_height())  # headings take two lines
    page.text(_LEFT, 0.6, "n = 1 image. ↑ higher is better, ↓ lower is better.", size=8)
    _lines(page, (0.1, 0.34, 0.8, 0.2), "Randomisation check", one.randomisation, {})
    for place, kind in enumerate(("insertion", "deletion")):
        curves = {name: row.get(f"{kind}_curve", []) for name, row in one.metrics.items()}
        box = (0.1 + 0.42 * place, 0.1, 0.36, 0.17)
        _lines(page, box, kind.capitalize(), curves, {"ylim": (-0.02, 1.02)})
    return page


def _lines(
    page: Figure, box: tuple[float, float, float, float], heading: str,
    curves: dict[str, list[float]], limits: dict[str, Any],
) -> None:  # fmt: skip
    """Curves over a share of 0 to 1; the baselines are dotted."""
    axes = page.add_axes(box)
    for name, values in curves.items():
        style = ":" if name in REFERENCES else "-"
        spoken = REFERENCES.get(name) or title(name)
        axes.plot(np.linspace(0, 1, len(values)), values, style, label=spoken, linewidth=1)
    axes.set_title(heading, size=9, loc="left")
    axes.tick_params(labelsize=7)
    axes.set(**limits)
    axes.legend(fontsize=6, loc="best")


def _cell(value: object) -> str:
    if value is None or value != value:  # NaN: a table of numbers has no None
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _settings(found: list[Explanation]) -> list[Figure]:
    """All settings as text, on as many pages as they need."""
    text = json.dumps({one.model: one.settings for one in found}, indent=1, default=str)
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, 110) or [""]]
    pages = []
    for start in range(0, len(lines), _LINES):
        page = _page("Settings")
        own = "\n".join(lines[start : start + _LINES])
        page.text(_LEFT, 0.92, own, size=7, va="top", family="monospace")
        pages.append(page)
    return pages
