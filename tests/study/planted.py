"""A made-up results file for pages: two regimes, a gain in one of them."""

from core.study.results import results, write_results
from tests.study.test_results import plant

SKILLS = {
    "real": 0.5, "classic": 1.2, "duplicate@0.5": 1.2, "duplicate@1": 1.2, "diffusion@0.5": 1.6,
    "diffusion@1": 2.4, "diffusion-unfiltered@1": 1.2, "diffusion-only": 0.3,
}  # fmt: skip


def write(folder, scratch, domain="chest_xray", task="conditions", labels=None):
    """Plant cells in `scratch` and write their results into `folder`; returns them as read."""
    plant(scratch, SKILLS, seeds=3, share=0.05, domain=domain, task=task, labels=labels)
    low = results(scratch, draws=500)
    same = dict.fromkeys(SKILLS, 2.0)
    plant(scratch / "all", same, seeds=3, share=1.0, domain=domain, task=task, labels=labels)
    full = results(scratch / "all", draws=500)
    for part in ("arms", "effects"):
        low[part] = [*low[part], *full[part]]
    low["packs"] = {"diffusion": {"model": f"{domain}/toy-diffusion", "gate": True}}
    low["leaks"] = {
        "diffusion": {"same_split": [], "other_split": {}, "copies": {"official": 7, "clean": 0}}
    }
    write_results(low, folder)
    return low
