"""Made-up studies: cases without models or real images."""

from core.readers.design import CAUSABILITY, COMPARE, DIAGNOSE, RATE, TURING, Design
from core.readers.studies import Draft, create

PNG = b"\x89PNG made up"
LABELS = ("NORMAL", "PNEUMONIA")


def design(**changes) -> Design:
    settings = {
        "title": "A test",
        "domains": ("chest_xray",),
        "cases": {TURING: 8, COMPARE: 6, RATE: 6, DIAGNOSE: 4},
        "seed": 5,
    }
    return Design(**{**settings, **changes})


def drafts(n: dict[str, int]) -> list[Draft]:
    found = []
    methods = ("gradcam", "ig", "random")
    for i in range(n.get(TURING, 0)):
        truth = "synthetic" if i % 2 else "real"
        content = {
            "pictures": {"image": "aa"},
            "source": {"model": "chest_xray/toy-gan", "seed": i} if i % 2 else {},
            "detector": {"p": 0.9 if i % 2 else 0.3, "call": truth if i % 4 else "synthetic"},
        }
        found.append(Draft(TURING, "chest_xray", truth, content))
    for i in range(n.get(COMPARE, 0)):
        pair = [methods[i % 3], methods[(i + 1) % 3]]
        pictures = {"image": "aa", "first": f"{pair[0]}", "second": f"{pair[1]}"}
        content = {"methods": pair, "pictures": pictures, "target": "PNEUMONIA"}
        found.append(Draft(COMPARE, "chest_xray", "", content))
    for i in range(n.get(RATE, 0)):
        content = {"methods": [methods[i % 3]], "pictures": {"image": "aa", "map": "bb"}}
        found.append(Draft(RATE, "chest_xray", "", content))
    if n.get(RATE, 0):
        for method in methods:
            content = {"methods": [method], "pictures": {"example 1": "bb"}}
            found.append(Draft(CAUSABILITY, "chest_xray", "", content))
    for i in range(n.get(DIAGNOSE, 0)):
        truth = LABELS[i % 2]
        content = {
            "methods": ["gradcam"],
            "pictures": {"image": "aa", "map": "bb"},
            "advice": truth if i % 4 else LABELS[1 - i % 2],
            "advice_p": 0.8,
        }
        found.append(Draft(DIAGNOSE, "chest_xray", truth, content))
    return found


def study(db, **changes):
    """A study of made-up cases in a database."""
    wanted = design(**changes)
    return create(db, wanted, drafts(wanted.cases), {"aa": PNG, "bb": PNG})


def reply(now) -> dict:
    """Some complete answer to whatever is asked."""
    place = now.position or 0
    return {q.id: q.options[(place + k) % len(q.options)][0] for k, q in enumerate(now.asked)}
