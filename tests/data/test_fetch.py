"""Fetching: against a server on this machine that can break off and lie."""

import hashlib
import io
import re
import threading
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core import domains
from core.data.downloads import DOWNLOADS, Download, downloads_of
from core.data.fetch import choose, fetch, fetch_one, notice
from core.errors import DataError


def a_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("folder/data.bin", bytes(range(256)) * 300)
    return buffer.getvalue()


class Handler(BaseHTTPRequestHandler):
    """Serves `server.content`; breaks off after `server.cut` bytes while `server.breaks` > 0."""

    def do_GET(self) -> None:
        server = self.server
        given = self.headers.get("Range")
        server.ranges.append(given)
        if server.status != 200:
            self.send_error(server.status)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", given)[1]) if given and server.resumes else 0
        if self.headers.get("If-Range", server.etag) != server.etag:
            start = 0
        if start and start >= len(server.content):
            self.send_error(416)
            return
        body = server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", server.etag)
        self.end_headers()
        if server.breaks > 0:
            server.breaks -= 1
            body = body[: server.cut]
        self.wfile.write(body)

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.content, made.etag, made.status = a_zip(), '"one"', 200
    made.breaks, made.cut, made.resumes, made.ranges = 0, 20_000, True, []
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def entry(server, **changes) -> Download:
    made = Download(
        id="toy",
        domain="toy",
        title="Toy images",
        filename="toy.zip",
        url=f"http://127.0.0.1:{server.server_port}/toy.zip",
        page="http://example.invalid/toy",
        licence="CC BY 4.0",
        checksum="md5:" + hashlib.md5(server.content).hexdigest(),
        size=0,
        steps=("Open the page and press Download.",),
    )
    return replace(made, **changes)


def get(download, to, progress=None, said=None, **options):
    options = {"wait": 0.0, "timeout": 5.0, **options}
    return fetch_one(download, to, progress, ([] if said is None else said).append, **options)


def test_whole_file_with_progress_and_licence_first(server, tmp_path):
    said, seen = [], []
    path = get(entry(server), tmp_path / "new", lambda *s: seen.append((len(said), *s)), said)
    assert path == tmp_path / "new" / "toy.zip"
    assert path.read_bytes() == server.content
    assert "CC BY 4.0" in said[0]
    assert all(announced == 1 for announced, _, _ in seen)  # the notice came before any byte
    assert seen[-1][1:] == (len(server.content), len(server.content))
    assert [p.name for p in path.parent.iterdir()] == ["toy.zip"]


def test_second_fetch_downloads_nothing(server, tmp_path):
    get(entry(server), tmp_path)
    get(entry(server), tmp_path)
    assert len(server.ranges) == 1


def test_broken_transfer_resumes_where_it_broke(server, tmp_path):
    server.breaks = 2
    path = get(entry(server), tmp_path)
    assert path.read_bytes() == server.content
    first, *later = server.ranges
    assert first is None
    starts = [int(r.removeprefix("bytes=").removesuffix("-")) for r in later]
    assert 0 < starts[0] <= server.cut < starts[1] <= 2 * server.cut


def test_broken_transfer_resumes_in_the_next_call(server, tmp_path):
    server.breaks = 1
    with pytest.raises(DataError, match="broke off") as failure:
        get(entry(server), tmp_path, attempts=1)
    assert "Open the page" in str(failure.value)
    assert not (tmp_path / "toy.zip").exists()
    assert get(entry(server), tmp_path).read_bytes() == server.content
    assert server.ranges[-1].startswith("bytes=")


def test_changed_file_is_never_mixed_with_its_older_half(server, tmp_path):
    server.breaks = 1
    with pytest.raises(DataError):
        get(entry(server), tmp_path, attempts=1)
    server.content, server.etag = server.content + b"newer", '"two"'
    assert get(entry(server), tmp_path).read_bytes() == server.content


@pytest.mark.parametrize("resumes", [True, False])
def test_server_that_cannot_continue(server, tmp_path, resumes):
    server.resumes = resumes
    # With ranges: a part longer than the file. Without: the server sends everything anew.
    (tmp_path / "toy.part").write_bytes(b"x" * (len(server.content) + 1 if resumes else 5))
    assert get(entry(server), tmp_path).read_bytes() == server.content


def test_wrong_checksum_removes_the_file(server, tmp_path):
    with pytest.raises(DataError, match="does not match the checksum"):
        get(entry(server, checksum="md5:" + "0" * 32), tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert len(server.ranges) == 1


def test_page_instead_of_archive_is_removed(server, tmp_path):
    server.content = b"<html>please log in</html>"
    with pytest.raises(DataError, match=r"no valid \.zip"):
        get(entry(server, checksum=None), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status, text", [(403, "log-in"), (401, "log-in"), (404, "error 404")])
def test_refusal_gives_manual_steps(server, tmp_path, status, text):
    server.status = status
    with pytest.raises(DataError, match=text) as failure:
        get(entry(server), tmp_path)
    assert "1. Open the page" in str(failure.value)
    assert f"2. Save it as {tmp_path / 'toy.zip'}" in str(failure.value)
    assert len(server.ranges) == 1  # asking again would not help


def test_offline_gives_manual_steps(server, tmp_path):
    away = entry(server, url="http://127.0.0.1:9/toy.zip")
    with pytest.raises(DataError, match="could not be reached") as failure:
        get(away, tmp_path, attempts=2)
    assert "1. Open the page" in str(failure.value)


def test_too_little_space_is_said_before_downloading(server, tmp_path):
    with pytest.raises(DataError, match="are free"):
        get(entry(server, size=10**18), tmp_path)
    assert server.ranges == []


def test_source_without_address_is_manual(tmp_path):
    with pytest.raises(DataError, match="for research only"):
        fetch("colorectal_polyps", tmp_path, announce=lambda text: None)
    (tmp_path / "colorectal-polyps.zip").write_bytes(b"here already")
    assert fetch("colorectal_polyps", tmp_path, announce=lambda text: None).exists()


def test_unknown_names_list_what_exists():
    with pytest.raises(DataError, match="kermany, covid-cxnet, medmnist-pneumonia"):
        choose("chest_xray", "mnist")
    with pytest.raises(DataError, match="nowhere"):
        choose("nowhere")


def test_every_domain_has_a_download_with_licence_and_steps():
    for domain in domains.all_domains():
        if domain.id in ("chest_xray", "brain_mri", "colorectal_polyps", "colorectal_texture"):
            assert downloads_of(domain.id)
    for download in DOWNLOADS:
        assert download.licence in notice(download)
        assert download.steps
        assert not download.url or download.url.startswith("https://")
        if download.checksum:
            assert re.fullmatch(r"md5:[0-9a-f]{32}|sha256:[0-9a-f]{64}", download.checksum)


def test_kather_is_one_command_with_the_published_checksum():
    kather = choose("colorectal_texture")
    assert kather.filename == "Kather_texture_2016_image_tiles_5000.zip"
    assert kather.checksum == "md5:0ddbebfc56344752028fda72602aaade"
    assert "polyp" not in kather.title.lower()


def test_licences_agree_with_the_domains():
    for domain in domains.all_domains():
        known = {s.id: s.licence for s in domain.sources}
        for download in downloads_of(domain.id):
            assert known.get(download.id, download.licence) == download.licence
