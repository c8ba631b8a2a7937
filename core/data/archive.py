"""A data archive: a zip read member by member, or the same files unpacked in a folder."""

from __future__ import annotations

import hashlib
import json
import threading
import zipfile
from pathlib import Path

from core.cards import sha256
from core.errors import DataError


class Archive:
    """Read access to the files of a zip or a folder, under the names a zip would give them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        self._lock = threading.Lock()
        if path.is_dir():
            return
        try:
            self._zip = zipfile.ZipFile(path)
        except FileNotFoundError as error:
            raise DataError(f"There is no archive at {path}.") from error
        except zipfile.BadZipFile as error:
            raise DataError(f"{path} is no zip archive; download it again.") from error

    @classmethod
    def open(cls, path: Path) -> Archive:
        """Open a zip file or a folder.

        Raises:
            DataError: nothing there, or not a zip.
        """
        return cls(path)

    @property
    def name(self) -> str:
        """The archive's file or folder name."""
        return self.path.name

    def names(self) -> list[str]:
        """Member files in sorted order, without folders, hidden files and macOS leftovers."""
        if self._zip:
            found = [i.filename for i in self._zip.infolist() if not i.is_dir()]
        else:
            found = [
                p.relative_to(self.path).as_posix() for p in self.path.rglob("*") if p.is_file()
            ]
        return sorted(n for n in found if not _is_junk(n))

    def read(self, name: str) -> bytes:
        """The bytes of one member.

        Raises:
            DataError: the member is missing or its stored checksum does not match.
        """
        try:
            if self._zip:
                with self._lock:  # one file handle serves all threads
                    return self._zip.read(name)
            return (self.path / name).read_bytes()
        except (KeyError, OSError, zipfile.BadZipFile) as error:
            raise DataError(f"Cannot read {name} in {self.path}: {error}") from error

    def digest(self) -> str:
        """sha256 of the zip; of names, sizes and time stamps for a folder."""
        if self._zip:
            return sha256(self.path)
        stats = [(n, (self.path / n).stat()) for n in self.names()]
        listing = [[n, s.st_size, s.st_mtime_ns] for n, s in stats]
        return hashlib.sha256(json.dumps(listing).encode()).hexdigest()


def _is_junk(name: str) -> bool:
    parts = name.split("/")
    return "__MACOSX" in parts or any(p.startswith(".") for p in parts)


def open_all(paths: list[Path]) -> list[Archive]:
    """Open every archive meant by `--data` arguments.

    A path is an archive, an unpacked folder, or a folder that holds several archives.

    Raises:
        DataError: a path does not exist.
    """
    archives: list[Archive] = []
    for path in paths:
        zips = sorted(path.glob("*.zip")) if path.is_dir() else []
        archives += [Archive(z) for z in zips] or [Archive(path)]
    return archives
