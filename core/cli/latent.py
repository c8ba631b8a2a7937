"""`directions`: find a generator's latent directions and measure what each one does."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.output import DomainId, Json, Model, domain_of, emit, reported, say

_PER_CLASS = typer.Option(min=8, help="Codes per class that directions are found from.")
_N = typer.Option("--n", min=8, help="Other codes that effects are measured on.")


def directions(
    domain: DomainId,
    model: Model = None,
    per_class: Annotated[int, _PER_CLASS] = 64,
    n: Annotated[int, _N] = 48,
    as_json: Json = False,
) -> None:
    """Find latent directions, measure their effects and ship both beside the checkpoint."""
    with reported():
        domain_of(domain)
        from core.evaluate.latent import measure_directions
        from core.registry import default_registry
        from core.services.defaults import choose

        registry = default_registry()
        chosen = choose(registry, domain, "generator", model).id

        def report(share: float) -> bool:
            say(f"{share:.0%}")
            return True

        table = measure_directions(registry, chosen, per_class, n, report)
    for name, row in table.items():
        significant = [e["quantity"] for e in row["effects"] if e["significant"]]
        told = f"{name}: {row['named_by_effect']}; moves {len(significant)} quantities"
        emit({"model": chosen, "direction": name, **row}, as_json, told)


COMMANDS = (directions,)
