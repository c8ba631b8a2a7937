"""Results to take away: NPY archive, self-contained HTML."""

from __future__ import annotations

import html
import io
import json
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
import plotly.io as pio

from core.ui.figures.explanation import metric_table, randomisation, removal
from core.ui.figures.maps import Look, grid
from core.ui.layout import NOTICE

if TYPE_CHECKING:
    from core.explain.service import Explanation

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body {{font-family: system-ui, sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem;
color: #15262c}} table {{border-collapse: collapse; font-variant-numeric: tabular-nums}}
td, th {{border-bottom: 1px solid #d3dee1; padding: .3rem .7rem; text-align: left}}
.note {{background: #eef3f4; padding: .8rem 1rem; border-radius: 6px}}
</style></head><body><h1>{title}</h1><p class="note">{notice}</p>{body}</body></html>"""


def html_report(title: str, parts: list[str | go.Figure]) -> bytes:
    """One HTML file that needs no network: escaped text is the caller's duty, figures are drawn.

    Args:
        title: plain text.
        parts: HTML pieces and figures, in order; plotly's script goes in once.
    """
    body, script = [], True
    for part in parts:
        if isinstance(part, str):
            body.append(part)
        else:
            body.append(pio.to_html(part, include_plotlyjs=script, full_html=False))
            script = False
    page = _PAGE.format(title=html.escape(title), notice=NOTICE, body="\n".join(body))
    return page.encode()


def explanation_report(found: list[Explanation], methods: list[str], look: Look) -> bytes:
    """The Explain page as a file: maps, metrics with baselines, checks and settings."""
    parts: list[str | go.Figure] = [grid(found, methods, look)]
    for one in found:
        parts.append(f"<h2>{html.escape(one.title)}: {html.escape(one.target)}</h2>")
        parts.append(f"<p>{html.escape(one.reading.sentence)}</p>")
        if one.metrics:
            parts.append(metric_table(one).to_html(index=False, border=0, na_rep="–"))
            parts += [randomisation(one), removal(one, "insertion"), removal(one, "deletion")]
        parts.append(f"<pre>{html.escape(json.dumps(one.settings, indent=1))}</pre>")
    return html_report("Explanation", parts)


def explanation_archive(found: list[Explanation]) -> bytes:
    """ZIP of the raw maps (`<model>_<method>.npy`) and `explanation.json` with all numbers."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        summary = []
        for one in found:
            name = one.model.replace("/", "_")
            for method, values in one.maps.items():
                inner = io.BytesIO()
                np.save(inner, values)
                archive.writestr(f"{name}_{method}.npy", inner.getvalue())
            summary.append(
                {
                    "model": one.model,
                    "target": one.target,
                    "against": one.against,
                    "prediction": one.prediction,
                    "metrics": one.metrics,
                    "agreement": one.agreement,
                    "randomisation": one.randomisation,
                    "settings": one.settings,
                    "reading": one.reading.sentence,
                }
            )
        archive.writestr("explanation.json", json.dumps(summary, indent=1, default=float))
    return stream.getvalue()
