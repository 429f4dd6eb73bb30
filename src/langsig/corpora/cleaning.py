"""From the lines of raw text to clean, distinct sentences, a validation part split off."""

import hashlib
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from langsig.corpora.fingerprints import fingerprint, fingerprints_of_line
from langsig.corpora.reading import read_lines
from langsig.corpora.romanisation import has_romanisation, romaniser
from langsig.corpora.sampling import Reservoir
from langsig.corpora.seen import Seen
from langsig.errors import InputError

SCHEMA = pa.schema([("text", pa.string()), ("fingerprints", pa.list_(pa.uint64()))])
_ROWS_A_GROUP = 10_000
_UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


@dataclass(frozen=True)
class CleaningReport:
    """How many lines of a corpus went where."""

    read: int
    too_short: int
    repeated: int
    analysed: int
    """Left out because the sentence, or one inside the line, is in the treebank."""
    train: int
    validation: int

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)


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

    Lines are normalised (NFC, single spaces); those that are too short, seen before, or that
    hold an analysed sentence are left out. Which sentences become validation is decided by
    their hash, so that it depends neither on their order nor on what else is in the corpus.

    Parameters
    ----------
    paths
        Files and folders that :func:`langsig.corpora.reading.read_lines` can read: text, one
        sentence or paragraph a line, CoNLL-U, either of them compressed, or archives.
    output
        Existing folder for ``train.parquet`` and ``validation.parquet``, columns ``text`` and
        ``fingerprints``.
    vocabulary_output
        Text file for the sentences to train a tokenizer on. It holds, beside the original
        script, the romanised one wherever the language has one, whether it is asked for or
        not: so the vocabulary, and with it the models of all other languages, stays as it is
        when one language is romanised.
    analysed
        Fingerprints of the sentences that will be analysed.
    min_words
        Shorter sentences are left out. In scripts without spaces a character is a word.
    validation
        Share of sentences held out, in (0, 1).
    vocabulary_sample
        At most this many sentences for the tokenizer, drawn uniformly.

    Raises
    ------
    InputError
        If a file is missing or damaged, or nothing is left for training or validation.
    """
    if not 0 < validation < 1:
        raise InputError(f"clean.validation: {validation} is not between 0 and 1")
    transcribe = romaniser(language) if romanise else str
    read = too_short = repeated = leaked = 0
    sample: Reservoir[str] = Reservoir(vocabulary_sample, seed)
    with (
        Seen(output) as seen,
        _Writer(output / "train.parquet") as train,
        _Writer(output / "validation.parquet") as held_out,
    ):
        for line in read_lines(paths, language):
            read += 1
            if _length(line) < min_words:
                too_short += 1
                continue
            identity = fingerprint(line)
            if not seen.add(identity):
                repeated += 1
                continue
            fingerprints = fingerprints_of_line(line)
            if any(piece in analysed for piece in fingerprints):
                leaked += 1
                continue
            if _uniform(identity, seed) < validation:
                held_out.write(transcribe(line), fingerprints)
                continue
            train.write(transcribe(line), fingerprints)
            sample.offer(line)
    with open(vocabulary_output, "w", encoding="utf-8", newline="\n") as vocabulary:
        lines = sample.items()
        vocabulary.writelines(line + "\n" for line in lines)
        if has_romanisation(language):
            alternative = romaniser(language)
            vocabulary.writelines(alternative(line) + "\n" for line in lines)
    report = CleaningReport(read, too_short, repeated, leaked, train.rows, held_out.rows)
    if not (report.train and report.validation):
        raise InputError(
            f"{language}: of {read} lines, {report.train} are left to train on and "
            f"{report.validation} to validate; give it more text, or lower clean.min_words"
        )
    return report


def read_sentences(path: Path) -> Iterator[tuple[str, list[int]]]:
    """Stream the text and the fingerprints of sentences that :func:`clean` wrote."""
    with pq.ParquetFile(path) as table:
        for batch in table.iter_batches(batch_size=_ROWS_A_GROUP):
            yield from zip(
                batch.column("text").to_pylist(),
                batch.column("fingerprints").to_pylist(),
                strict=True,
            )


def count_sentences(path: Path) -> int:
    """How many sentences :func:`read_sentences` gives."""
    return int(pq.read_metadata(path).num_rows)


class _Writer:
    """Parquet file written in groups of rows, so that memory stays flat."""

    def __init__(self, path: Path) -> None:
        self.rows = 0
        self._file = pq.ParquetWriter(path, SCHEMA)
        self._pending: list[dict[str, object]] = []

    def write(self, text: str, fingerprints: list[int]) -> None:
        self.rows += 1
        self._pending.append({"text": text, "fingerprints": fingerprints})
        if len(self._pending) == _ROWS_A_GROUP:
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
    """Words, where a character of a script without spaces counts as one."""
    words = 0
    for word in line.split():
        if word.isascii():
            words += 1
            continue
        words += sum(map(is_unspaced, word)) or 1
    return words


@cache
def is_unspaced(character: str) -> bool:
    """Whether a character is of a script that is written without spaces between words."""
    return unicodedata.name(character, "").startswith(_UNSPACED)


def _uniform(identity: int, seed: int) -> float:
    digest = hashlib.blake2b(f"{seed} {identity}".encode(), digest_size=8).digest()
    return float(int.from_bytes(digest, "little") / 2**64)
