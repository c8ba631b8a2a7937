"""`readers …`: set up, run, analyse and check reader studies."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.output import FAILED, Json, counter, domain_of, emit, plain, reported, say
from core.errors import SynthLensError

if TYPE_CHECKING:
    from core.readers.material import Real

app = typer.Typer(help="Reader studies: what people make of images and maps.", no_args_is_help=True)

Code = Annotated[str, typer.Argument(metavar="CODE", help="The code readers join with.")]
Out = Annotated[Path | None, typer.Option(help="File to write; stdout by default.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed.")]
_TASKS = typer.Option(help="task=cases, comma-separated: turing=40,compare=24,rate=12,diagnose=20")
_REAL = typer.Option(help="Folder of real images; subfolders named after classes give the class.")
_TELL = typer.Option(help="What readers learn, comma-separated: share, score. Nothing by default.")
_CONTROLS = typer.Option(help="Control maps, comma-separated: random, edge.")


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _database() -> Any:
    from core.readers.database import Database

    return Database()


@app.command()
def create(
    title: Annotated[str, typer.Option(help="Shown to readers.")],
    domain: Annotated[list[str], typer.Option(help="Domain id; may be repeated.")],
    tasks: Annotated[str, _TASKS],
    real: Annotated[Path | None, _REAL] = None,
    generators: Annotated[str, typer.Option(help="Generator ids, comma-separated.")] = "",
    methods: Annotated[str, typer.Option(help="Explanation methods.")] = "gradcam,ig,shap",
    controls: Annotated[str, _CONTROLS] = "random",
    tell: Annotated[str, _TELL] = "",
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Set up a study: draw, explain and store its cases; prints the code and the key."""
    with reported():
        for one in domain:
            domain_of(one)
        from core.readers.design import Design
        from core.readers.material import build
        from core.readers.studies import create as store
        from core.registry import default_registry

        design = Design(
            title, tuple(domain), _numbers(tasks), _split(generators), {}, _split(methods),
            _split(controls), seed, _split(tell),
        )  # fmt: skip
        show = counter("percent")
        reals = {one: _real_images(real, one, len(domain) > 1) for one in domain} if real else {}
        found = build(
            default_registry(), design, reals, lambda share, _: show(round(100 * share), 100)
        )
        opened = store(_database(), design, found.drafts, found.pictures)
        line = {"code": opened.code, "key": opened.key, "cases": len(found.drafts)}
        emit(line, as_json, f"Readers join with {opened.code}. Investigator's key: {opened.key}")


def _numbers(tasks: str) -> dict[str, int]:
    try:
        return {k.strip(): int(n) for k, n in (part.split("=") for part in _split(tasks))}
    except ValueError as error:
        raise SynthLensError("Write tasks as in turing=40,compare=24.") from error


def _real_images(folder: Path, domain_id: str, nested: bool) -> list[Real]:
    """Readable images below a folder (with several domains: below its subfolder of that id)."""
    from core.cli.inputs import read
    from core.readers.material import Real

    domain = domain_of(domain_id)
    known = {c.lower(): c for c in domain.class_ids}
    found = []
    for entry in read([folder / domain_id if nested else folder]):
        if entry.pixels is None:
            say(f"{entry.path}: {entry.error}")
        else:
            found.append(Real(entry.pixels, known.get(entry.path.parent.name.lower(), "")))
    return found


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List the studies of the database, newest first."""
    with reported():
        from core.readers.studies import codes_of, overview

        db = _database()
        for code in codes_of(db):
            line = _overview(overview(db, code))
            kind = "simulated, " if line["simulated"] else ""
            done = sum(r["done"] for r in line["readers"])
            text = f"{code}: {line['title']} ({kind}{len(line['readers'])} readers, {done} answers)"
            emit(line, as_json, text)


def _overview(found: Any) -> dict[str, Any]:
    return {**vars(found), "design": found.design.to_dict()}


@app.command()
def analyse(
    code: Code,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Analyse the simulated readers instead of people.")
    ] = False,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Every figure of a study with its interval, as JSON."""
    with reported():
        from core.readers.analysis.report import report
        from core.readers.records import frame

        found = report(frame(_database(), code), simulated)
        _deliver(out, json.dumps(plain(found), indent=2, ensure_ascii=False), as_json, found)


def _deliver(out: Path | None, text: str, as_json: bool, content: dict[str, Any]) -> None:
    if out is None:
        emit(content, as_json, text)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text + ("" if text.endswith("\n") else "\n"))
    emit({"path": str(out)}, as_json, f"Written: {out}")


@app.command()
def export(
    code: Code,
    format: Annotated[str, typer.Option(help="csv: answers; json: the whole study.")] = "csv",
    pictures: Annotated[bool, typer.Option("--pictures", help="JSON with all images.")] = False,
    out: Out = None,
    as_json: Json = False,
) -> None:
    """Export answers as CSV, or a whole study as JSON."""
    with reported():
        from core.readers.records import to_csv, to_json

        if format not in ("csv", "json"):
            raise SynthLensError("The format is csv or json.")
        db = _database()
        if format == "csv":
            text = to_csv(db, code)
            _deliver(out, text, as_json, {"code": code, "csv": text})
        else:
            content = to_json(db, code, pictures)
            text = json.dumps(plain(content), ensure_ascii=False)
            _deliver(out, text, as_json, content)


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="JSON or CSV from `export`.")],
    code: Annotated[str | None, typer.Option(help="The study that a CSV belongs to.")] = None,
    as_json: Json = False,
) -> None:
    """Import a study from JSON, or answers from CSV into a study with the same cases."""
    with reported():
        from core.readers.imports import add_csv, from_json

        try:
            text = path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise SynthLensError(f"Cannot read {path}.") from error
        if path.suffix == ".csv":
            if code is None:
                raise SynthLensError("Name the study that these answers belong to with --code.")
            added = add_csv(_database(), code, text)
            emit({"code": code, "answers": added}, as_json, f"{added} answers added to {code}.")
            return
        try:
            content = json.loads(text)
        except ValueError as error:
            raise SynthLensError(f"{path} is no JSON file.") from error
        opened = from_json(_database(), content)
        line = {"code": opened.code, "key": opened.key}
        emit(line, as_json, f"Stored as {opened.code}. Investigator's key: {opened.key}")


@app.command("delete-reader")
def delete_reader(
    code: Code,
    reader: Annotated[int, typer.Argument(help="The reader's number.")],
    as_json: Json = False,
) -> None:
    """Delete a reader and all their answers, on request."""
    with reported():
        from core.readers.studies import delete_reader as work

        count = work(_database(), code, reader)
        line = {"code": code, "reader": reader, "answers": count}
        emit(line, as_json, f"Reader {reader} and {count} answers are deleted.")


@app.command()
def simulate(
    code: Annotated[str | None, typer.Argument(metavar="[CODE]", help="A study to fill.")] = None,
    domain: Annotated[str, typer.Option(help="Domain of a new demonstration.")] = "chest_xray",
    readers: Annotated[int, typer.Option(min=1, help="How many simulated readers.")] = 12,
    d_prime: Annotated[float, typer.Option(help="Their mean d′.")] = 1.0,
    seed: Seed = 1,
    as_json: Json = False,
) -> None:
    """Fill a study with simulated readers of known skill, labelled as such; or make a demo."""
    with reported():
        domain_of(domain)
        from core.readers.fill import demo, fill
        from core.readers.simulate import Skill

        db, skill, show = _database(), Skill(d_prime=d_prime), counter("readers")
        if code is None:
            opened = demo(db, domain, readers, seed, skill, show)
            line: dict[str, Any] = {"code": opened.code, "key": opened.key, "simulated": True}
            text = f"SIMULATED study {opened.code}. Investigator's key: {opened.key}"
        else:
            count = fill(db, code, readers, seed, skill, show)
            line = {"code": code, "simulated": True, "answers": count}
            text = f"{count} SIMULATED answers added to {code}."
        emit(line, as_json, text)


@app.command()
def power(
    effect: Annotated[float, typer.Option(help="Difference in accuracy to find.")] = 0.1,
    kind: Annotated[str, typer.Option(help="chance or gain.")] = "chance",
    wanted: Annotated[float, typer.Option(help="Power to reach.")] = 0.8,
    reader_sd: Annotated[float, typer.Option(help="Deviation between readers.")] = 0.06,
    shared: Annotated[float, typer.Option(help="Correlation of readers on a case.")] = 0.15,
    changed: Annotated[float, typer.Option(help="Share of answers that change (gain).")] = 0.2,
    as_json: Json = False,
) -> None:
    """How many readers and cases find an effect."""
    with reported():
        from core.readers.power import Assumptions, smallest

        assumed = Assumptions(kind, effect, 0.5, reader_sd, shared, changed)
        designs = smallest(assumed, wanted)
        text = "\n".join(
            f"{d['readers']} readers × {d['cases']} cases: power {d['power']:.2f}" for d in designs
        )
        missing = "No design up to 60 readers and 500 cases reaches this power."
        emit({"assumptions": asdict(assumed), "designs": designs}, as_json, text or missing)


@app.command()
def coverage(
    out: Annotated[Path, typer.Option(help="JSON file to write.")],
    repetitions: Annotated[int, typer.Option(min=2, help="Simulated studies a setting.")] = 1000,
    seed: Seed = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    as_json: Json = False,
) -> None:
    """Check on simulated readers that 95 % intervals hold the truth 95 times of 100."""
    with reported(FAILED):
        from core.cards import write_json
        from core.readers.coverage import coverage as work

        found = work(repetitions, seed=seed, progress=counter("studies"), workers=workers)
        write_json(out, plain(found))
        for setting in found["settings"]:
            emit(setting, as_json, _coverage_text(setting))


def _coverage_text(setting: dict[str, Any]) -> str:
    lines = [f"{setting['readers']} readers × {setting['cases']} cases"]
    for name, f in setting["figures"].items():
        limits = f"{f['ci'][0]:.3f} to {f['ci'][1]:.3f}"
        lines.append(f"  {name}: {f['covered']:.3f} ({limits}, n = {f['repetitions']})")
    return "\n".join(lines)


@app.command()
def migrate(as_json: Json = False) -> None:
    """Bring the study database (`SYNTHLENS_DB`) to the newest schema."""
    with reported():
        db = _database()
        revision = db.migrate()
        emit({"database": db.shown, "revision": revision}, as_json, f"{db.shown}: {revision}")
