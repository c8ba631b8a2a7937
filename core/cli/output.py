"""What every command shares: JSON lines, messages for people, exit codes.

Exit codes: 0 done, 2 wrong usage (an unknown domain, class, model or file argument), 3 some
inputs failed. Results go to stdout; progress and messages go to stderr.
"""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from core import domains
from core.domains import Domain
from core.errors import SynthLensError, about_files

USAGE, FAILED = 2, 3

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
DomainId = Annotated[
    str, typer.Option("--domain", help="Domain id, such as chest_xray.", show_default=False)
]
Model = Annotated[
    str | None, typer.Option("--model", help="Model id; the domain's best by default.")
]


def emit(content: dict[str, Any], as_json: bool, text: str | None = None) -> None:
    """Print one result: a JSON line, or `text` for people (None prints nothing)."""
    if as_json:
        print(json.dumps(plain(content), ensure_ascii=False), flush=True)
    elif text is not None:
        print(text, flush=True)


def say(text: str) -> None:
    """Print a message for people to stderr."""
    print(text, file=sys.stderr, flush=True)


def plain(value: Any) -> Any:
    """JSON-ready copy: numpy values become Python's, NaN and infinities null."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def counter(what: str) -> Callable[[int, int], None]:
    """A progress callback (done, total) that rewrites one line of a terminal's stderr."""

    def show(done: int, total: int) -> None:
        if sys.stderr.isatty():
            end = "\n" if total and done >= total else ""
            print(f"\r{what}: {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)

    return show


def domain_of(domain_id: str) -> Domain:
    """The domain of an option.

    Raises:
        SynthLensError: no such domain; the text lists those that exist.
    """
    try:
        return domains.get(domain_id)
    except KeyError as error:
        raise SynthLensError(str(error.args[0])) from error


@contextmanager
def reported(code: int = USAGE) -> Iterator[None]:
    """Turn an error into one clear sentence on stderr and an exit code, never a traceback.

    `SYNTHLENS_DEBUG=1` lets errors through as they are.
    """
    try:
        yield
    except SynthLensError as error:
        if os.environ.get("SYNTHLENS_DEBUG"):
            raise
        say(str(error))
        raise typer.Exit(code) from error
    except (typer.Exit, typer.Abort):
        raise
    except Exception as error:
        if os.environ.get("SYNTHLENS_DEBUG"):
            raise
        plainly = about_files(error)
        say(plainly or f"{type(error).__name__}: {error} (set SYNTHLENS_DEBUG=1 to see where).")
        raise typer.Exit(1) from error
