"""Clean the lines of raw text, remove duplicates, and split off validation text."""

import hashlib
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from langsig.corpora.fingerprints import fingerprint, fingerprints_of_line
from langsig.corpora.reading import read_lines
from langsig.corpora.romanisation import has_romanisation, romaniser
from langsig.corpora.sampling import Reservoir
from langsig.corpora.seen import SeenFingerprints
from langsig.errors import InputError

SCHEMA = pa.schema([("text", pa.string()), ("fingerprints", pa.list_(pa.uint64()))])
_ROWS_PER_GROUP = 10_000
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


@dataclass(frozen=True)
class CleaningReport:
    """Numbers of lines of a corpus."""

    read: int
    """Number of lines that were read."""
    too_short: int
    """Number of lines that were left out because they have too few words."""
    repeated: int
    """Number of lines that were left out because they occurred before."""
    analysed: int
    """Number of lines that were left out because they contain a sentence of the treebank."""
    train: int
    """Number of lines of the training text."""
    validation: int
    """Number of lines of the validation text."""


def clean(
    paths: Iterable[Path],
    output: Path,
    vocabulary_output: Path,
    *,
    language: str,
    analysed: Collection[int],
    min_words: int,
    validation: float,
    vocabulary_sample: int,
    romanise: bool = False,
    seed: int = 0,
) -> CleaningReport:
    """Clean the corpus of one language.

    Lines are normalised (NFC, single spaces). Lines that are too short, that repeat an earlier
    line, or that contain an analysed sentence are left out. The hash of a line decides whether it
    belongs to the validation text, independently of the other lines and of their order.

    Parameters
    ----------
    paths
        Files and folders that :func:`langsig.corpora.reading.read_lines` can read: text with one
        sentence or paragraph per line, CoNLL-U, compressed files, or archives.
    output
        Existing folder for ``train.parquet`` and ``validation.parquet``, with the columns
        ``text`` and ``fingerprints``.
    vocabulary_output
        Text file to write, with sentences to train a tokenizer on. If the language has a
        romanisation, the file contains each sentence in both scripts, whether or not `romanise`
        is set. The vocabulary, and thus the models of all other languages, do not change when one
        language is romanised.
    language
        Code of the language.
    analysed
        Fingerprints of the sentences that will be analysed.
    min_words
        Minimum number of words of a line. In scripts without spaces, each character is a word.
    validation
        Share of the sentences to hold out for validation, in (0, 1).
    vocabulary_sample
        Maximum number of sentences for the tokenizer, drawn uniformly.
    romanise
        Whether to romanise the text.
    seed
        Seed of the split and of the sample.

    Raises
    ------
    InputError
        If a file is missing or damaged, if `validation` is out of range, or if there are no
        sentences for training or validation after cleaning.
    """
    if not 0 < validation < 1:
        raise InputError(f"validation must be above 0 and below 1, got {validation}")
    transcribe = romaniser(language) if romanise else str
    read = too_short = repeated = leaked = 0
    sample: Reservoir[str] = Reservoir(vocabulary_sample, seed)
    with (
        SeenFingerprints(output) as seen,
        _Writer(output / "train.parquet") as train,
        _Writer(output / "validation.parquet") as held_out,
    ):
        for line in read_lines(paths, language):
            read += 1
            if _length(line) < min_words:
                too_short += 1
                continue
            line_fingerprint = fingerprint(line)
            if not seen.add(line_fingerprint):
                repeated += 1
                continue
            fingerprints = fingerprints_of_line(line)
            if any(piece in analysed for piece in fingerprints):
                leaked += 1
                continue
            if _uniform(line_fingerprint, seed) < validation:
                held_out.write(transcribe(line), fingerprints)
                continue
            train.write(transcribe(line), fingerprints)
            sample.offer(line)
    with open(vocabulary_output, "w", encoding="utf-8", newline="\n") as vocabulary:
        lines = sample.items()
        vocabulary.writelines(line + "\n" for line in lines)
        if has_romanisation(language):
            to_latin = romaniser(language)
            vocabulary.writelines(to_latin(line) + "\n" for line in lines)
    report = CleaningReport(read, too_short, repeated, leaked, train.rows, held_out.rows)
    if not (report.train and report.validation):
        raise InputError(
            f"{language}: cleaning left {report.train} of {read} lines for training and "
            f"{report.validation} for validation; add text, or lower min_words"
        )
    return report


def read_sentences(path: Path) -> Iterator[tuple[str, list[int]]]:
    """Read the text and the fingerprints of each sentence in a file that :func:`clean` wrote."""
    with pq.ParquetFile(path) as table:
        for batch in table.iter_batches(batch_size=_ROWS_PER_GROUP):
            yield from zip(
                batch.column("text").to_pylist(),
                batch.column("fingerprints").to_pylist(),
                strict=True,
            )


def count_sentences(path: Path) -> int:
    """Count the sentences in a file that :func:`clean` wrote."""
    return int(pq.read_metadata(path).num_rows)


class _Writer:
    """Writes a Parquet file in groups of rows, to limit memory."""

    def __init__(self, path: Path) -> None:
        self.rows = 0
        self._file = pq.ParquetWriter(path, SCHEMA)
        self._pending: list[dict[str, object]] = []

    def write(self, text: str, fingerprints: list[int]) -> None:
        self.rows += 1
        self._pending.append({"text": text, "fingerprints": fingerprints})
        if len(self._pending) == _ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        self._file.write_table(pa.Table.from_pylist(self._pending, schema=SCHEMA))
        self._pending.clear()

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._file.close()


def _length(line: str) -> int:
    """Number of words; each character of a script without spaces counts as a word."""
    words = 0
    for word in line.split():
        if word.isascii():
            words += 1
            continue
        words += sum(map(is_unspaced, word)) or 1
    return words


@cache
def is_unspaced(character: str) -> bool:
    """Whether a character belongs to a script that is written without spaces between words."""
    return unicodedata.name(character, "").startswith(_UNSPACED)


def _uniform(line_fingerprint: int, seed: int) -> float:
    """Map a fingerprint to a number in [0, 1)."""
    digest = hashlib.blake2b(f"{seed} {line_fingerprint}".encode(), digest_size=8).digest()
    return float(int.from_bytes(digest, "little") / 2**64)
