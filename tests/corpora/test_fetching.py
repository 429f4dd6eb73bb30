import hashlib
import io
import lzma
import re
import shutil
import socket
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tqdm import tqdm

from langsig.commands import main
from langsig.corpora import clean, fetching, read_sentences
from langsig.morphology import annotate

SENTENCES = [f"Dies ist der Satz mit der Nummer {number}, ein Satz." for number in range(3_000)]
UNITS = "".join(
    f"# text = {line}\n1\tDies\tdies\tPRON\t_\t_\t0\troot\t_\t_\n\n" for line in SENTENCES
)


def tar(members: dict[str, bytes], mode: Any) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


CORPUS = tar({"German/de-wikipedia-000.conllu.xz": lzma.compress(UNITS.encode())}, "w")
TREEBANKS = tar({"ud-treebanks-v2.1/UD_German/de-ud-test.conllu": UNITS[:2_000].encode()}, "w:gz")
CORPUS_PATH, TREEBANKS_PATH = "conll17/German-annotated-conll17.tar", "ud-treebanks-v2.1.tgz"

FILES = {CORPUS_PATH: CORPUS, TREEBANKS_PATH: TREEBANKS}
SUMS = "".join(f"{hashlib.sha256(FILES[path]).hexdigest()}  {path}\n" for path in sorted(FILES))
ALL = FILES | {"SHA256SUMS": SUMS.encode()}


class Request(NamedTuple):
    method: str
    path: str
    range: str | None


class Server(ThreadingHTTPServer):
    """A server of files that can be made to fail."""

    files: dict[str, bytes]
    requests: list[Request]
    sent: int  # total bytes of the answers to GET
    breaks: list[int]  # number of bytes of the next answers before the connection breaks
    ranges = True  # whether ranges are supported
    head = True  # whether HEAD is supported

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def ranges_of(self, path: str) -> list[str | None]:
        return [request.range for request in self.requests if request[:2] == ("GET", f"/{path}")]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        content = self.answer()
        if self.server.breaks:
            content = content[: self.server.breaks.pop(0)]
            self.close_connection = True
        self.server.sent += len(content)
        self.wfile.write(content)

    def answer(self) -> bytes:
        byte_range = self.headers.get("Range")
        self.server.requests.append(Request(self.command, self.path, byte_range))
        content = self.server.files.get(self.path.removeprefix("/"))
        if content is None or (self.command == "HEAD" and not self.server.head):
            self.send_error(404 if content is None else 405)
            return b""
        size = len(content)
        if byte_range and self.server.ranges:
            start = int(re.fullmatch(r"bytes=(\d+)-", byte_range)[1])  # type: ignore[index]
            if start >= size:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{size}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return b""
            content = content[start:]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return content

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.files = dict(FILES)
        running.requests, running.sent, running.breaks = [], 0, []
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


class Project(NamedTuple):
    """A repository with a preset ``tiny`` that needs two files."""

    root: Path
    folder: Path

    def table(self, *rows: str) -> None:
        (self.root / "conf/sources/tiny.csv").write_text(
            "\n".join(["path,url,bytes,sha256", *rows]) + "\n"
        )

    def files(self) -> dict[str, bytes]:
        """Content of the files in the data folder, apart from unpacked ones."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and "UD_German" not in path.parts
        }


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    (tmp_path / "conf/sources").mkdir(parents=True)
    (tmp_path / "dvc.yaml").touch()
    monkeypatch.setattr(fetching, "WAIT", 0.0)
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path, tmp_path / "to")
    project.table(
        f"{TREEBANKS_PATH},http://nowhere.invalid/t,,", f"{CORPUS_PATH},http://x.invalid/,,"
    )
    return project


@pytest.fixture
def make_data(project: Project, server: Server, capsys: Any) -> Any:
    """Run the command and return its output; its errors end the program."""

    def run(base: str | None = None) -> str:
        arguments = ["data", "tiny", "--to", str(project.folder), "--base", base or server.address]
        code = main(arguments)
        output = capsys.readouterr()
        if code:
            raise SystemExit(output.err)
        return str(output.out)

    return run


def test_downloaded_files_can_be_cleaned_and_annotated(
    project: Project, make_data: Any, tmp_path: Path
) -> None:
    printed = make_data()
    assert project.files() == ALL
    assert "0 of 2 files are present; to download: " in printed
    assert printed.endswith(f"next: make use PRESET=tiny DATA={project.folder}\n")
    words = annotate(project.folder / "ud-treebanks-v2.1/UD_German", "de")
    assert len(words.sentences) > 20
    report = clean(
        [project.folder / CORPUS_PATH], tmp_path, tmp_path / "vocabulary", language="de",
        analysed=set(), min_words=3, validation=0.1, vocabulary_sample=10,
    )  # fmt: skip
    assert report.read == report.train + report.validation == len(SENTENCES)
    rows = [*read_sentences(tmp_path / "train.parquet")]
    assert {text for text, _ in rows} <= {*SENTENCES}


def test_present_files_are_not_downloaded_again(
    project: Project, make_data: Any, server: Server
) -> None:
    make_data()
    before = len(server.requests)
    printed = make_data()
    assert "2 of 2 files are present; to download: 0.00B;" in printed
    assert len(server.requests) == before


def test_changed_files_are_downloaded_again(
    project: Project, make_data: Any, server: Server
) -> None:
    make_data()
    (project.folder / CORPUS_PATH).write_bytes(CORPUS[:-1] + b"x")
    server.requests.clear()
    assert "1 of 2 files are present" in make_data()
    assert {request.path for request in server.requests} == {f"/{CORPUS_PATH}"}
    assert project.files() == ALL


def test_interrupted_runs_are_resumed(
    project: Project, make_data: Any, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "CHUNK", 100)
    del server.files[TREEBANKS_PATH]
    project.table(f"{CORPUS_PATH},,,")
    server.breaks = [5_000] + [0] * fetching.ATTEMPTS
    expected = r"error: http.*German.*interrupted after 5,000 bytes: .*run this again to resume"
    with pytest.raises(SystemExit, match=expected):
        make_data()
    assert project.files() == {f"{CORPUS_PATH}.part": CORPUS[:5_000]}
    assert server.ranges_of(CORPUS_PATH) == [None] + ["bytes=5000-"] * fetching.ATTEMPTS

    server.requests.clear()
    server.sent = 0
    printed = make_data()
    assert server.ranges_of(CORPUS_PATH) == ["bytes=5000-"]
    assert server.sent == len(CORPUS) - 5_000
    assert f"to download: {tqdm.format_sizeof(len(CORPUS) - 5_000)}B;" in printed
    assert project.files()[CORPUS_PATH] == CORPUS


def test_broken_connections_are_resumed(
    project: Project, make_data: Any, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "CHUNK", 100)
    project.table(f"{CORPUS_PATH},,,")
    server.breaks = [100 * part for part in range(1, 9)]
    make_data()
    starts = [sum(server.breaks) + 50 * n * (n + 1) for n in range(9)]
    assert server.ranges_of(CORPUS_PATH) == [None, *(f"bytes={start}-" for start in starts[1:])]
    assert server.sent == len(CORPUS)
    assert project.files()[CORPUS_PATH] == CORPUS


def test_downloads_without_ranges_start_over(
    project: Project, make_data: Any, server: Server
) -> None:
    server.ranges = False
    part = project.folder / f"{CORPUS_PATH}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 700)
    make_data()
    assert project.files() == ALL


@pytest.mark.parametrize("extra", [0, 10])
def test_partial_files_may_be_complete_or_too_long(
    project: Project, make_data: Any, server: Server, extra: int
) -> None:
    part = project.folder / f"{CORPUS_PATH}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(CORPUS + bytes(extra))
    make_data()
    assert server.ranges_of(CORPUS_PATH) == [f"bytes={len(CORPUS) + extra}-"] + [None] * (extra > 0)
    assert project.files() == ALL


def test_files_with_a_wrong_hash_are_deleted(project: Project, make_data: Any) -> None:
    project.table(f"{CORPUS_PATH},,,{'0' * 64}")
    expected = rf"error: http.*{CORPUS_PATH}: .*0{{64}}.*; the file was deleted"
    with pytest.raises(SystemExit, match=expected):
        make_data()
    assert project.files() == {}


def test_known_hash_and_size(project: Project, make_data: Any, server: Server) -> None:
    value = hashlib.sha256(CORPUS).hexdigest()
    project.table(f"{CORPUS_PATH},,{len(CORPUS)},{value}")
    make_data()
    assert project.files() == {
        CORPUS_PATH: CORPUS,
        "SHA256SUMS": f"{value}  {CORPUS_PATH}\n".encode(),
    }
    assert [request.method for request in server.requests] == ["GET"]  # no HEAD


def test_pages_instead_of_archives_are_refused(
    project: Project, make_data: Any, server: Server
) -> None:
    server.files[CORPUS_PATH] = b"<html>Please log in</html>" * 100
    with pytest.raises(SystemExit, match=rf"error: http.*{CORPUS_PATH}: .*did not send an archive"):
        make_data()
    assert set(project.files()) == {TREEBANKS_PATH, "SHA256SUMS"}


@pytest.mark.parametrize("head", [True, False])
def test_missing_files_are_reported(
    project: Project, make_data: Any, server: Server, head: bool
) -> None:
    server.head = head
    del server.files[CORPUS_PATH]
    with pytest.raises(SystemExit, match=rf"error: http.*{CORPUS_PATH}: download failed: 404"):
        make_data()
    assert CORPUS_PATH not in project.files()


def test_the_size_may_be_unknown(project: Project, make_data: Any, server: Server) -> None:
    server.head = False
    assert "to download: 0.00B and 2 files of unknown size; free in" in make_data()
    assert project.files() == ALL


def test_dead_servers_are_reported(project: Project, make_data: Any) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(SystemExit, match=rf"error: {address}/.*: download failed: .*refused"):
            make_data(address)
    assert project.files() == {}


def test_too_little_space_is_reported_before_the_download(
    project: Project, make_data: Any, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(project.root)._replace(free=1_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(SystemExit, match=r"error: .*to: the disk needs [\d.]+kB more free space;"):
        make_data()
    assert {request.method for request in server.requests} == {"HEAD"} and project.files() == {}


@pytest.mark.parametrize(
    "content",
    [TREEBANKS[:150], tar({"../outside/x": b"x"}, "w:gz"), tar({"else/x": b"x"}, "w:gz")],
    ids=["truncated", "path outside", "another folder"],
)
def test_bad_archives_are_not_unpacked(
    project: Project, make_data: Any, server: Server, content: bytes
) -> None:
    server.files[TREEBANKS_PATH] = content
    with pytest.raises(SystemExit, match=rf"error: .*{TREEBANKS_PATH}: cannot be unpacked"):
        make_data()
    assert not [path for path in project.root.rglob("*") if path.name in ("x", "UD_German")]
    assert not list(project.folder.glob(".unpacking*"))


def test_unknown_preset_lists_those_there_are(project: Project, capsys: Any) -> None:
    assert main(["data", "huge"]) == 1
    assert "error: preset: got 'huge'; must be one of tiny" in capsys.readouterr().err
