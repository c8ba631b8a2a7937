"""Training configurations: one TOML file per model, committed beside the code."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from core.errors import DataError

_UNITS = {"s": 1, "m": 60, "h": 3600}


def read_config(path: Path) -> dict[str, Any]:
    """Read a configuration.

    Top level: `id` ("<domain>/<name>"), `title`, `seed`, `task`, `limits`, `licence`; tables
    `[model]` (`family` and the builder's arguments) and `[train]`.

    Raises:
        DataError: missing file, broken TOML, or no id or model family.
    """
    try:
        config = tomllib.loads(path.read_text())
    except FileNotFoundError as error:
        raise DataError(f"There is no configuration file at {path}.") from error
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"The configuration {path} is no valid TOML: {error}.") from error
    if "id" not in config or "family" not in config.get("model", {}):
        raise DataError(f"The configuration {path} needs an 'id' and a [model] 'family'.")
    config["file"] = path.as_posix()
    return config


def read_duration(text: str) -> float:
    """Seconds meant by "90", "45s", "20m" or "1.5h".

    Raises:
        ValueError: none of these forms.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if not found:
        raise ValueError(f"'{text}' is no duration; write 45s, 20m or 1.5h.")
    return float(found.group(1)) * _UNITS[found.group(2) or "s"]
