"""Fetch public archives with pooch: licence first, resumable, checked, never a half file."""

from __future__ import annotations

import shutil
import tarfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlparse

import pooch
import requests

from core.data.downloads import Download, downloads_of
from core.errors import DataError

Progress = Callable[[int, int], None]  # bytes so far, bytes in all (0 where unknown)
_LOGIN = (401, 403, 407)
_WHOLE, _PARTIAL, _NO_SUCH_RANGE = 200, 206, 416
_CHUNK = 1 << 14  # what a broken transfer loses at most: urllib3 drops an unfinished chunk


def choose(domain_id: str, source: str | None = None) -> Download:
    """Return the main download of a domain, or the one named `source`.

    Raises:
        DataError: no such domain or source; the text lists what exists.
    """
    found = downloads_of(domain_id)
    if not found:
        raise DataError(f"No public download is known for '{domain_id}'.")
    for download in found:
        if source in (None, download.id):
            return download
    known = ", ".join(d.id for d in found)
    raise DataError(f"{domain_id} has no download '{source}'; choose one of: {known}.")


def notice(download: Download) -> str:
    """What a person should know before downloading: source, licence, size, checksum, traps."""
    size = f"about {download.size / 1e6:,.0f} MB" if download.size else "size not known"
    checked = download.checksum or "none known here: only the archive's own structure is checked"
    lines = [
        f"{download.title} ({size})",
        f"Source: {download.page or 'not stated'}",
        f"Licence: {download.licence}",
        f"Checksum: {checked}",
    ]
    return "\n".join([*lines, f"Note: {download.note}"] if download.note else lines)


def manual_steps(download: Download, to: Path) -> str:
    """Numbered steps for getting the archive by hand and telling SynthLens about it."""
    last = f"Save it as {to / download.filename} and pass that path as --data."
    return "\n".join(f"{i}. {step}" for i, step in enumerate((*download.steps, last), 1))


@dataclass
class ResumingDownloader:
    """A pooch downloader that continues a broken transfer by an HTTP range request (RFC 9110).

    What has arrived stays in `part` until the file is whole, also from one call to the next.
    `If-Range` with the file's entity tag keeps two versions of a file from being mixed.

    Attributes:
        part: where the bytes are collected.
        progress: called with bytes so far and in all, or None.
        attempts: how often a broken transfer is taken up again.
        wait: seconds before the next attempt, times the number of the attempt.
        timeout: seconds without an answer before an attempt counts as broken.
    """

    part: Path
    progress: Progress | None = None
    attempts: int = 5
    wait: float = 1.0
    timeout: float = 30.0

    def __call__(self, url: str, output_file: str, _pooch: object = None) -> None:
        """Bring `url` to `output_file`.

        Raises:
            requests.RequestException: still incomplete after all attempts, or refused.
        """
        for attempt in range(1, self.attempts + 1):
            try:
                self._attempt(url)
                break
            except requests.HTTPError:
                raise
            except requests.RequestException:
                if attempt == self.attempts:
                    raise
                time.sleep(self.wait * attempt)
        shutil.move(self.part, output_file)
        self._tag.unlink(missing_ok=True)

    @property
    def _tag(self) -> Path:
        return self.part.with_suffix(".etag")

    def _request_headers(self, have: int) -> dict[str, str]:
        headers = {"User-Agent": "SynthLens data fetch", "Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
            if self._tag.exists():
                headers["If-Range"] = self._tag.read_text()
        return headers

    def _attempt(self, url: str) -> None:
        have = self.part.stat().st_size if self.part.exists() else 0
        headers = self._request_headers(have)
        with requests.get(url, headers=headers, stream=True, timeout=self.timeout) as answer:
            if answer.status_code == _NO_SUCH_RANGE:
                # The part is as long as the file or longer: start anew rather than guess.
                self.part.unlink()
                raise requests.ConnectionError("the server refused to continue the transfer")
            answer.raise_for_status()
            have = have if answer.status_code == _PARTIAL else 0
            length = int(answer.headers.get("Content-Length", 0))
            etag = answer.headers.get("ETag", "")
            if etag and not etag.startswith("W/"):
                self._tag.write_text(etag)
            self._collect(answer, have, have + length if length else 0)

    def _collect(self, answer: requests.Response, have: int, total: int) -> None:
        with self.part.open("ab" if have else "wb") as file:
            for chunk in answer.iter_content(_CHUNK):
                file.write(chunk)
                have += len(chunk)
                if self.progress:
                    self.progress(have, total)
        if total and have < total:
            raise requests.ConnectionError(f"only {have} of {total} bytes arrived")


def fetch(
    domain_id: str,
    to: Path,
    progress: Progress | None = None,
    source: str | None = None,
    announce: Callable[[str], None] = print,
    **options: float,
) -> Path:
    """Download the public archive of a domain into a folder.

    A whole file that is already there is kept; a broken transfer is continued.

    Args:
        domain_id: id of a domain, or `openi_reports`.
        to: folder for the archive; made if need be.
        progress: called with bytes so far and bytes in all.
        source: id of a download where a domain has several; None for the main one.
        announce: receives the licence notice before anything is downloaded.
        options: `attempts`, `wait` and `timeout` of the `ResumingDownloader`.

    Returns:
        Path of the archive.

    Raises:
        DataError: a log-in is needed, the source cannot be reached, the checksum is wrong or the
            disk is full; the text says what to do.
    """
    return fetch_one(choose(domain_id, source), to, progress, announce, **options)


def fetch_one(
    download: Download,
    to: Path,
    progress: Progress | None = None,
    announce: Callable[[str], None] = print,
    **options: float,
) -> Path:
    """Fetch one entry of the table; see `fetch`."""
    announce(notice(download))
    to.mkdir(parents=True, exist_ok=True)
    target = to / download.filename
    if not download.url:
        if target.exists():
            return target
        raise DataError(
            f"{download.title} cannot be downloaded directly:\n" + manual_steps(download, to)
        )
    _check_space(download, to)
    bring = ResumingDownloader(target.with_suffix(".part"), progress, **options)  # type: ignore[arg-type]
    pooch.get_logger().setLevel("WARNING")  # the notice and our messages say it all
    try:
        pooch.retrieve(
            download.url, download.checksum, fname=target.name, path=to, downloader=bring
        )
    except requests.RequestException as error:
        raise DataError(_unreachable(download, to, error)) from error
    except ValueError as error:
        raise DataError(
            f"{download.filename} does not match the checksum that its source publishes and was "
            f"removed; run the command again, or get it by hand:\n{manual_steps(download, to)}"
        ) from error
    _check_whole(target, download, to)
    return target


def _check_space(download: Download, to: Path) -> None:
    free = shutil.disk_usage(to).free
    if download.size > free and not (to / download.filename).exists():
        raise DataError(
            f"{download.filename} needs about {download.size / 1e6:,.0f} MB, but only "
            f"{free / 1e6:,.0f} MB are free in {to}; choose another folder with --to."
        )


def _unreachable(download: Download, to: Path, error: requests.RequestException) -> str:
    host = urlparse(download.url).hostname
    status = error.response.status_code if error.response is not None else None
    if status in _LOGIN:
        reason = f"{host} asks for a log-in"
    elif status:
        reason = f"{host} answered with error {status}"
    else:
        reason = f"{host} could not be reached, or the transfer broke off (what arrived is kept)"
    return f"{reason}; run the command again later, or:\n{manual_steps(download, to)}"


def _check_whole(target: Path, download: Download, to: Path) -> None:
    tests = {".zip": zipfile.is_zipfile, ".npz": zipfile.is_zipfile, ".tgz": tarfile.is_tarfile}
    test = tests.get(target.suffix)
    if test and not test(target):
        target.unlink()
        raise DataError(
            f"The server sent no valid {target.suffix} file (perhaps a log-in page) and it was "
            f"removed; get it by hand:\n{manual_steps(download, to)}"
        )
