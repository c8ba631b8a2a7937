"""Codes that people type: no letters that look alike, hashed where they open something."""

from __future__ import annotations

import hashlib
import secrets

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # pragma: allowlist secret


def new(groups: int, size: int = 4) -> str:
    """A random code such as "K7QF-2MXR": five bits a character."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(size)) for _ in range(groups))


def tidy(typed: str) -> str:
    """A code as it was meant: upper case, no blanks, dashes as given out."""
    plain = "".join(c for c in typed.upper() if c in LETTERS)
    size = 3 if len(plain) == 6 else 4
    return "-".join(plain[i : i + size] for i in range(0, len(plain), size))


def digest(code: str) -> str:
    """What is stored of a code that gives access: its sha256."""
    return hashlib.sha256(tidy(code).encode()).hexdigest()
