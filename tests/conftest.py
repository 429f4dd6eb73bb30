"""Fixtures that tests of several packages share."""

import gc
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ROOT = Path(__file__).resolve().parents[1]
gc.disable()  # until all is imported, see pytest_collection_finish
settings.register_profile("shared", deadline=None)  # other processes slow examples down
settings.load_profile("shared")
# Slow test files in the order in which processes of pytest take them. Pipeline tests share one
# full run: while the first process makes it, the others work on other files.
SLOW = (
    "pipeline/test_pipeline.py",
    "repository/test_remote.py",
    "report/test_browser.py",
    "repository/test_reproduction.py",
    "pipeline/test_experiments.py",
    "pipeline/test_spread.py",
    "representations/test_encoders.py",
    "pipeline/test_torture.py",
    "pipeline/",
    "pretraining/",
    "repository/",
    "factorization/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the slowest files, so that processes finish at about the same time."""

    def rank(item: pytest.Item) -> int:
        name = os.path.relpath(item.path, ROOT / "tests")
        return next((n for n, start in enumerate(SLOW) if name.startswith(start)), len(SLOW))

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    """What is imported by now stays, so that the garbage collector need not search it.

    Later imports stay as well, so that it seldom searches everything.
    """
    gc.freeze()
    gc.set_threshold(10_000, 20, 100)
    gc.enable()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real linguistic data: ``ud-treebanks-v2.1/`` and running text.

    The environment variable ``LANGSIG_TEST_DATA`` sets its path; the default is ``../shared/data``
    relative to the repository. Tests that need the folder are skipped if it is missing.
    """
    folder = Path(os.environ.get("LANGSIG_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "ud-treebanks-v2.1").is_dir():
        pytest.skip(f"no real data in {folder}: set LANGSIG_TEST_DATA to its folder")
    return folder


@pytest.fixture(scope="session")
def samples() -> Path:
    """Folder of the sample world: ``corpora/`` and ``treebanks/``."""
    return ROOT / "samples"


@pytest.fixture(scope="session")
def tokenizer_folder(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tokenizer with 800 pieces, trained on three sample languages."""
    from langsig.corpora import train_tokenizer

    folder = tmp_path_factory.mktemp("tokenizer")
    train_tokenizer(
        [samples / "corpora" / f"{language}.txt" for language in ("qaa", "qac", "qah")],
        folder,
        vocabulary=800,
        sentences=1000,
        character_coverage=1.0,
        max_length=64,
    )
    return folder


@pytest.fixture(scope="session")
def tokenizer(tokenizer_folder: Path) -> "PreTrainedTokenizerBase":
    """The tokenizer of ``tokenizer_folder``."""
    from langsig.corpora import load_tokenizer

    return load_tokenizer(tokenizer_folder)


@pytest.fixture(scope="session")
def edit_distance() -> Callable[[str, str], float]:
    """Levenshtein distance of two words, divided by the length of the longer one."""

    def distance(a: str, b: str) -> float:
        row = list(range(len(b) + 1))
        for i, left in enumerate(a, start=1):
            diagonal, row[0] = row[0], i
            for j, right in enumerate(b, start=1):
                substitution = diagonal + (left != right)
                diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, substitution)
        return row[-1] / max(len(a), len(b), 1)

    return distance


class Server(NamedTuple):
    """A local server with the protocol of S3."""

    url: str
    files: Path
    """Folder of its files, with one subfolder per bucket."""
    key: str
    secret: str

    def set_credentials(self, patch: pytest.MonkeyPatch) -> None:
        """Set the credentials of this server, and remove those of the user."""
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(self.files / "none"))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_ACCESS_KEY_ID", self.key)
        patch.setenv("AWS_SECRET_ACCESS_KEY", self.secret)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An S3 server with an empty bucket called ``bucket``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = ("127.0.0.1", free.getsockname()[1])
    files = tmp_path_factory.mktemp("s3")
    (files / "bucket").mkdir()
    server = Server(f"http://{address[0]}:{address[1]}", files, "key-of-test", "secret")
    program = shutil.which("rclone", path=Path(sys.executable).parent)
    # By default it remembers folders for minutes, and would not see what tests put into them
    # themselves. Without any memory (0s) it hangs.
    command = [
        program, "serve", "s3", "--addr", f"{address[0]}:{address[1]}", "--dir-cache-time", "100ms",
        "--auth-key", f"{server.key},{server.secret}", server.files,
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 30
            while not is_listening(address):
                assert process.poll() is None, process.stderr.read()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield server
        finally:
            process.terminate()


def is_listening(address: tuple[str, int]) -> bool:
    """Whether a server accepts connections at an address."""
    with socket.socket() as client:
        return client.connect_ex(address) == 0
