"""A one-sentence reading of the numbers, with its keywords marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.explain.base import methods as known_methods
from core.explain.references import REFERENCES

Part = str | tuple[str, str, str]
"""Plain text, or a keyword: its text, the number behind it, and "good", "warn" or "plain"."""


@dataclass(frozen=True)
class Reading:
    """A sentence built from measured numbers.

    Attributes:
        parts: text and marked keywords in order (as `st_annotated_text` takes them).
    """

    parts: tuple[Part, ...]

    @property
    def sentence(self) -> str:
        """The sentence without marks; numbers follow their keywords in brackets."""
        return "".join(p if isinstance(p, str) else f"{p[0]} ({p[1]})" for p in self.parts)


def _title(name: str) -> str:
    short = {"ig": "IG", "shap": "SHAP"}
    return short.get(name) or known_methods()[name].title


def _agreement(agreement: dict[str, Any], methods: list[str]) -> list[Part]:
    pairs = [(a, b) for i, a in enumerate(methods) for b in methods[i + 1 :]]
    if not pairs or not agreement:
        return []
    preferred = ("ig", "shap") if ("ig", "shap") in pairs else pairs[0]
    a, b = preferred
    rho = agreement[a][b]["spearman"]
    word, tone = (
        ("agree", "good") if rho >= 0.5 else ("agree in part", "plain") if rho >= 0.25
        else ("disagree", "warn")
    )  # fmt: skip
    return [f"{_title(a)} and {_title(b)} ", (word, f"ρ {rho:.2f}", tone)]


def _deletion(metrics: dict[str, Any], methods: list[str]) -> list[Part]:
    best = min(methods, key=lambda name: metrics[name]["deletion"])
    own = metrics[best]["deletion"]
    if own > 0.95:
        return ["the answer ", ("survives the deletion", f"mean P {own:.2f}", "warn"),
                " of whatever pixels a map points at"]  # fmt: skip
    rivals = [name for name in REFERENCES if name in metrics]
    rival = min(rivals, key=lambda name: metrics[name]["deletion"])
    other = metrics[rival]["deletion"]
    numbers = f"{own:.2f} against {other:.2f}"
    article = "an edge" if rival == "edge" else f"a {rival}"
    if own < other - 0.01:
        return [f"{_title(best)} ", (f"beats {article} map", numbers, "good"), " on deletion"]
    return ["no map ", (f"beats {article} map", numbers, "warn"), " on deletion"]


def _organ(metrics: dict[str, Any], methods: list[str], organ: str) -> list[Part]:
    shares = [1 - metrics[m]["inside_organ"] for m in methods if "inside_organ" in metrics[m]]
    if not shares:
        return []
    outside = sum(shares) / len(shares)
    place = {"lung": "the lungs", "tissue": "the tissue", "head": "the head"}[organ]
    tone = "warn" if outside > 1 / 3 else "plain"
    tail = ": treat with care" if tone == "warn" else ""
    return [(f"{outside:.0%} of the evidence", "mean share", tone), f" lies outside {place}{tail}"]


def _randomised(curve: dict[str, list[float]]) -> list[Part]:
    stuck = [name for name, values in curve.items() if values[-1] > 0.5]
    if not curve:
        return []
    if stuck:
        rho = max(curve[name][-1] for name in stuck)
        titles = [_title(name) for name in stuck]
        names = ", ".join(titles[:-1]) + " and " * (len(titles) > 1) + titles[-1]
        verb = "hardly change" if len(titles) > 1 else "hardly changes"
        return [f"{names} ", (verb, f"ρ {rho:.2f}", "warn"),
                " when the weights are destroyed"]  # fmt: skip
    rho = max(values[-1] for values in curve.values())
    return ["the maps ", ("depend on the weights", f"ρ ≤ {rho:.2f} once destroyed", "good")]


def reading(
    methods: list[str],
    metrics: dict[str, Any],
    agreement: dict[str, Any],
    randomisation: dict[str, list[float]],
    organ: str,
) -> Reading:
    """Build the sentence; clauses whose numbers were not measured are left out.

    Args:
        methods: ids of the shown methods.
        metrics: by map name, the references included; may be empty.
        agreement: {a: {b: {"spearman"}}}.
        randomisation: curve by method.
        organ: `Domain.organ`.
    """
    clauses = [_agreement(agreement, methods)]
    if metrics and methods:
        clauses += [_deletion(metrics, methods), _organ(metrics, methods, organ)]
    clauses = [c for c in [*clauses, _randomised(randomisation)] if c]
    parts: list[Part] = []
    for i, clause in enumerate(clauses):
        parts += [*(["; "] if i else []), *clause]
    if not parts:
        return Reading(("No numbers were measured.",))
    if isinstance(parts[0], str):
        parts[0] = parts[0][0].upper() + parts[0][1:]
    return Reading((*parts, "."))
