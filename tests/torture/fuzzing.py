"""How many malformed files are read, or refused, and in which way."""

import gzip
import io
import shutil
import traceback
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from langsig.commands import main
from langsig.corpora import load_tokenizer, words_of_text
from langsig.corpora.fetching import Source, fetch
from langsig.errors import InputError
from tests.clones import ROOT
from tests.corpora.malformed import malformed
from tests.malformed import archives, damaged, tensor_files


class Kind(NamedTuple):
    """Malformed files of one kind."""

    name: str
    files: Iterable[tuple[str, bytes]]
    """Names and contents."""
    path: Path
    """Where each is written."""
    read: Callable[[], object]
    """Reads it, and writes ``out.csv`` next to it."""


@dataclass
class Count:
    """The outcomes for files of one kind."""

    name: str
    files: int = 0
    read: int = 0
    one_line: int = 0
    """Refused with exit code 1 and one line."""
    several_lines: int = 0
    """Refused with exit code 1 and one line for each of several problems."""
    tracebacks: int = 0
    half_written: int = 0


KINDS = (
    "CoNLL-U", "text", "safetensors", "parameters", "archives", "tokenizer.json",
    "tokenizer_config.json",
)  # fmt: skip


def counts(kinds: Collection[str], tokenizer: Path, folder: Path) -> list[Count]:
    """Read malformed files.

    Parameters
    ----------
    kinds
        Some of `KINDS`.
    tokenizer
        Folder with a tokenizer.
    folder
        For the files.
    """
    return [_count(kind) for kind in _kinds(tokenizer, folder) if kind.name in kinds]


def _kinds(tokenizer: Path, folder: Path) -> Iterator[Kind]:
    treebanks = [*malformed(0), *malformed(1)]
    path, out = folder / "conllu/a.conllu", folder / "conllu/out.csv"
    annotate = ("annotate", str(path), "--language", "da", "--out", str(out))
    yield Kind("CoNLL-U", treebanks, path, _command(*annotate))
    text = folder / "text/a.txt"
    yield Kind("text", treebanks, text, lambda: words_of_text([text], "da"))
    path, out = folder / "safetensors/a.safetensors", folder / "safetensors/out.csv"
    factorize = ("factorize", str(path), "--rank", "2", "--out", str(out))
    yield Kind("safetensors", tensor_files(), path, _command(*factorize))
    path = folder / "parameters/params.yaml"
    sound = (ROOT / "params.yaml").read_bytes()
    yield Kind("parameters", damaged(sound), path, _command("check", str(path)))
    archive = folder / "archives/treebank.tgz"
    source = Source(archive.name, "http://127.0.0.1:9/treebank.tgz", None, None)
    packed = ((name, gzip.compress(content)) for name, content in archives())
    yield Kind("archives", [*archives(), *packed], archive, lambda: fetch([source], archive.parent))
    copy = shutil.copytree(tokenizer, folder / "tokenizer")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        path = copy / name
        sound = path.read_bytes()
        yield Kind(name, damaged(sound), path, lambda: load_tokenizer(copy))
        path.write_bytes(sound)


def _command(*arguments: str) -> Callable[[], None]:
    """A command of langsig, whose message becomes an exception."""

    def run() -> None:
        errors = io.StringIO()
        with redirect_stderr(errors):
            code = main(arguments)
        if code:
            raise InputError(errors.getvalue().rstrip("\n"))

    return run


def _count(kind: Kind) -> Count:
    count = Count(kind.name)
    folder = kind.path.parent
    folder.mkdir(parents=True, exist_ok=True)
    kept = {path.name for path in folder.iterdir()} | {kind.path.name}
    for name, content in kind.files:
        count.files += 1
        kind.path.write_bytes(content)
        refused = True
        try:
            with redirect_stdout(io.StringIO()):
                kind.read()
        except InputError as error:
            single = len(str(error).splitlines()) == 1
            count.one_line += single
            count.several_lines += not single
        except Exception:
            count.tracebacks += 1
            print(f"{kind.name}, {name}:", traceback.format_exc(), flush=True)
        else:
            refused = False
            count.read += 1
        made = [path for path in folder.iterdir() if path.name not in kept]
        count.half_written += refused and any(path.name != "SHA256SUMS" for path in made)
        for path in made:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return count


def table(rows: Iterable[Count]) -> str:
    """One row per kind of files, in Markdown."""
    lines = [
        "| files | number | read | refused in one line | in several | tracebacks | half-written |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row.name} | {row.files} | {row.read} | {row.one_line} | {row.several_lines} "
        f"| {row.tracebacks} | {row.half_written} |"
        for row in rows
    ]
    return "\n".join(lines)
