"""The audit as a readable Markdown page, beside its JSON. Numbers only, never an image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.cards import write_json
from core.data.probes import TITLES
from core.domains import Domain

Found = dict[str, Any]  # what `core.data.audit.audit` returns


def write(domain: Domain, found: Found, folder: Path) -> tuple[Path, Path]:
    """Write `<domain>.json` and `<domain>.md` into a folder; return both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    data, text = folder / f"{domain.id}.json", folder / f"{domain.id}.md"
    write_json(data, found)
    text.write_text(markdown(domain, found))
    return data, text


def markdown(domain: Domain, found: Found) -> str:
    """The whole report, in sections from counts to shortcut probes."""
    sections = [
        _head(domain, found),
        _counts(domain, found),
        _files(found),
        _duplicates(domain, found),
        _limits(domain, found),
        _patients(found),
        _probes(domain, found),
        _caveats(domain),
    ]
    return "\n\n".join(sections) + "\n"


def table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; numbers get thousands separators."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(c) for c in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _head(domain: Domain, found: Found) -> str:
    archives = "\n".join(f"- `{n}`, sha256 `{d}`" for n, d in found["archives"].items())
    command = f"python -m core data audit {domain.id} --data ARCHIVE"
    return (
        f"# Data audit: {domain.name}\n\nWritten by `{command}` in {found['seconds']:.0f} s "
        f"({found['cpu_seconds']:.0f} s of processor time); do not edit.\n\n{archives}\n\n"
        f"**{found['cross_split_duplicate_groups']:,}** sets of pixel-identical images stand in "
        f"more than one official split; **{found['extra_copies']:,}** images are extra copies."
    )


def _counts(domain: Domain, found: Found) -> str:
    official, ours = found["counts"]["official"], found["counts"]["ours"]
    clean = found["counts"]["ours_clean_test"]
    first, second = list(next(iter(official.values()))), list(next(iter(ours.values())))
    head = ["Class", *(f"official {s}" for s in first), *(f"ours {s}" for s in second)]
    rows = [
        [domain.class_name(c), *official[c].values(), *ours[c].values(), clean[c]]
        for c in domain.class_ids
    ]
    sums: list[object] = ["All", *(sum(column) for column in list(zip(*rows))[1:])]
    return "## Images by class and split\n\n" + table(
        [*head, "of test de-duplicated"], [*rows, sums]
    )


def _files(found: Found) -> str:
    size = found["sizes"]
    width, height = ("/".join(map(str, size[k])) for k in ("width", "height"))
    kinds = ", ".join(f"{k}: {n:,}" for k, n in size["commonest"].items())
    corrupt = ", ".join(f"`{n}`" for n in found["corrupt"]) or "none"
    return (
        f"## Files\n\n- Width {width} and height {height} pixels (least/median/most).\n"
        f"- Commonest: {kinds}; {size['different']:,} different.\n"
        f"- Unreadable: {corrupt}.\n"
        f"- Image files that fit no class: {found['unrecognised_images']:,}."
    )


def _duplicates(domain: Domain, found: Found) -> str:
    exact, near = found["exact_duplicates"], found["near_duplicates"]
    names = {
        "groups": "Sets",
        "extra_copies": "Images beyond the first of a set",
        "largest_group": "Largest set",
        "cross_split_groups": "Sets across official splits",
        "cross_class_groups": "Sets across classes",
        "cross_source_groups": "Sets across sources",
    }
    rows: list[list[object]] = [[title, exact[k], near[k]] for k, title in names.items()]
    for class_id in exact["affected_test_images"]:
        pairs = [kind["affected_test_images"][class_id] for kind in (exact, near)]
        cells = [f"{n:,} of {total:,}" for n, total in pairs]
        rows.append([f"Affected test images: {domain.class_name(class_id)}", *cells])
    return (
        "## Duplicates\n\nExact: same decoded pixels. Near: perceptual hashes at most "
        f"{near['limit_bits']} of 256 bits apart, in sets with at least two different images.\n\n"
        + table(["", "Exact", "Near"], rows)
    )


def _limits(domain: Domain, found: Found) -> str:
    rows = [
        [f"{limit} bits", row["pairs"], row["cross_class_pairs"], *row["clean_test"].values()]
        for limit, row in found["near_duplicates"]["by_limit"].items()
    ]
    head = ["Limit", "Pairs", "of two classes", *map(domain.class_name, domain.class_ids)]
    return (
        "## How much the limit matters\n\nOfficial test images left when everything within the "
        "limit of a training or validation image goes; pairs of two classes bound false "
        "alarms.\n\n" + table(head, rows)
    )


def _patients(found: Found) -> str:
    who = found["patients"]
    shared = ", ".join(f"{k.replace('_', ' ')} {n}" for k, n in found["our_splits"].items())
    return (
        f"## Patients and our own splits\n\n- {who['images_with_patient']:,} images name one of "
        f"{who['patients']:,} patients; {who['patients_in_two_official_splits']:,} numbers occur "
        f"in two official splits ({who['test_images_of_such_patients']:,} test images).\n"
        f"- Shared between our train, val and de-duplicated test (all must be 0): {shared}."
    )


def _probes(domain: Domain, found: Found) -> str:
    text = (
        "## Shortcut probes\n\nBalanced accuracy of a logistic regression that sees only the "
        "feature named, in 5-fold cross-validation by patient and duplicate, with a 95 % "
        "bootstrap interval. Far above chance means that a classifier could cheat."
    )
    for target, outcomes in found["probes"].items():
        text += f"\n\n### Predicting {_target_name(domain, target)}\n\n"
        ran = {k: o for k, o in outcomes.items() if "skipped" not in o}
        if not ran:
            text += f"Not run: {next(iter(outcomes.values()))['skipped']}"
            continue
        labels = next(iter(ran.values()))["recall"]
        rows = [[TITLES[k], _score(o), f"{o['chance']:.3f}", *_recalls(o)] for k, o in ran.items()]
        recalls = (f"recall {domain.class_name(label)}" for label in labels)
        text += table(["Feature", "Balanced accuracy", "Chance", *recalls], rows)
    return text


def _target_name(domain: Domain, target: str) -> str:
    names = {"class": "the class", "source": "the source"}
    return names.get(target) or domain.task(target).name


def _score(outcome: Found) -> str:
    return f"{outcome['balanced_accuracy']:.3f} ({outcome['low']:.3f}–{outcome['high']:.3f})"


def _recalls(outcome: Found) -> list[str]:
    return [f"{value:.2f}" for value in outcome["recall"].values()]


def _caveats(domain: Domain) -> str:
    lines = [f"- {c}" for c in domain.caveats]
    lines += [f"- {s.title}: licence {s.licence}. {s.redistribution}" for s in domain.sources]
    return "## Caveats and licences\n\n" + "\n".join(lines)
