import gzip
import lzma
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from langsig.corpora import CleaningReport, clean, fingerprint, read_sentences, romaniser
from langsig.errors import InputError
from langsig.morphology import annotate

Cleaner = Callable[..., CleaningReport]
DEFAULTS: dict[str, Any] = {
    "language": "qaa",
    "analysed": frozenset(),
    "min_words": 3,
    "validation": 0.2,
    "vocabulary_sample": 50,
}
LINES = [f"This is sentence number {number}." for number in range(400)]


@pytest.fixture
def cleaned(tmp_path: Path) -> Cleaner:
    """Clean lines into the folder ``name``."""

    def run(lines: list[str], name: str = "out", **options: Any) -> CleaningReport:
        folder = tmp_path / name
        folder.mkdir()
        source = folder / "corpus.txt"
        source.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        return clean([source], folder, folder / "vocabulary.txt", **DEFAULTS | options)

    return run


def texts(folder: Path, part: str) -> list[str]:
    return [text for text, _ in read_sentences(folder / f"{part}.parquet")]


def everything(folder: Path) -> set[str]:
    return {*texts(folder, "train"), *texts(folder, "validation")}


def test_every_line_is_counted_once(tmp_path: Path, cleaned: Cleaner) -> None:
    lines = [*LINES, "Too short", "No.", LINES[0], LINES[7].upper() + " !", "Held back, it is."]
    report = cleaned(lines, analysed={fingerprint("held back it is")})
    assert (report.read, report.too_short, report.repeated, report.analysed) == (405, 2, 2, 1)
    assert report.train + report.validation == 400
    assert everything(tmp_path / "out") == {*LINES}
    assert len(texts(tmp_path / "out", "train")) == report.train
    assert len(texts(tmp_path / "out", "validation")) == report.validation


@pytest.mark.parametrize(
    "line",
    [
        "The cat sat on Tom's mat.",
        "the cat sat on tom ' s mat",
        "«THE CAT, sat — on Tom’s mat!»",
        "We came late. The cat sat on Tom's mat. Then it left.",
        "We came late! the cat sat on tom's mat … Then it left?",
        "  The\u00a0cat\tsat on Tom's mat.  ",
    ],
)
def test_lines_with_an_analysed_sentence_are_left_out(
    tmp_path: Path, cleaned: Cleaner, line: str
) -> None:
    report = cleaned([*LINES, line], analysed={fingerprint("The cat sat on Tom 's mat .")})
    assert report.analysed == 1
    assert everything(tmp_path / "out") == {*LINES}


def test_sentences_that_contain_the_words_of_an_analysed_one_are_kept(cleaned: Cleaner) -> None:
    line = "We say the cat sat on the mat. Then it left."
    assert cleaned([*LINES, line], analysed={fingerprint("The cat sat.")}).analysed == 0


def test_analysed_sentences_without_letters_are_ignored(cleaned: Cleaner) -> None:
    lines = [*LINES, "What ... is ... that ?"]
    assert cleaned(lines, analysed={fingerprint("...")}).analysed == 0


@pytest.mark.parametrize("language", ["qaa", "qaf", "qah"])
def test_sentences_of_the_treebank_are_removed_from_the_sample(
    samples: Path, tmp_path: Path, language: str
) -> None:
    analysed = annotate(samples / "treebanks" / language, language).sentences["text"]
    report = clean(
        [samples / "corpora" / f"{language}.txt"],
        tmp_path,
        tmp_path / "vocabulary.txt",
        **DEFAULTS | {"language": language, "analysed": {fingerprint(text) for text in analysed}},
    )
    assert report.analysed >= 10 and report.repeated >= 12
    kept = {fingerprint(text) for text in everything(tmp_path)}
    assert not kept & {fingerprint(text) for text in analysed}


def test_training_and_validation_text_have_no_sentence_in_common(
    tmp_path: Path, cleaned: Cleaner
) -> None:
    report = cleaned([*LINES, *(line.upper() for line in LINES)])
    train, held_out = (texts(tmp_path / "out", part) for part in ("train", "validation"))
    assert not {*map(fingerprint, train)} & {*map(fingerprint, held_out)}
    assert 0.12 < report.validation / 400 < 0.28


def test_validation_does_not_depend_on_order_or_other_lines(
    tmp_path: Path, cleaned: Cleaner
) -> None:
    shuffled = random.Random(0).sample(LINES, len(LINES))
    others = [f"Something else entirely, {number}." for number in range(100)]
    cleaned(LINES, "a")
    cleaned(shuffled, "b")
    cleaned([*others, *shuffled[:200]], "c")
    held_out = {*texts(tmp_path / "a", "validation")}
    assert {*texts(tmp_path / "b", "validation")} == held_out
    assert {*texts(tmp_path / "c", "validation")} & {*LINES} == held_out & {*shuffled[:200]}


def test_another_seed_holds_out_other_lines(tmp_path: Path, cleaned: Cleaner) -> None:
    cleaned(LINES, "a", seed=1)
    cleaned(LINES, "b", seed=2)
    assert {*texts(tmp_path / "a", "validation")} != {*texts(tmp_path / "b", "validation")}


def test_fingerprints_of_the_line_and_of_its_sentences_are_stored(
    tmp_path: Path, cleaned: Cleaner
) -> None:
    cleaned([*LINES, "One is here. Two is there."])
    rows = {
        text: fingerprints
        for part in ("train", "validation")
        for text, fingerprints in read_sentences(tmp_path / "out" / f"{part}.parquet")
    }
    assert {*rows["One is here. Two is there."]} == {
        fingerprint(text) for text in ("one is here two is there", "one is here", "two is there")
    }
    assert rows[LINES[0]] == [fingerprint(LINES[0])]


def test_lines_are_normalised(tmp_path: Path, cleaned: Cleaner) -> None:
    cleaned([*LINES, "  Le cafe\u0301\u00a0 est\tla.  ", "", "   "])
    assert "Le café est la." in everything(tmp_path / "out")


@pytest.mark.slow
def test_many_sentences_keep_their_order(tmp_path: Path, cleaned: Cleaner) -> None:
    lines = [f"{number} is a number" for number in range(25_000)]
    report = cleaned(lines, validation=0.1)
    assert report.train + report.validation == len(lines)
    train, held_out = (texts(tmp_path / "out", part) for part in ("train", "validation"))
    assert train == sorted(train, key=lambda text: int(text.split()[0]))
    assert {*train, *held_out} == {*lines}


def test_vocabulary_is_a_sample_of_the_training_text(tmp_path: Path, cleaned: Cleaner) -> None:
    cleaned(LINES, vocabulary_sample=50)
    vocabulary = (tmp_path / "out" / "vocabulary.txt").read_text(encoding="utf-8").splitlines()
    assert len({*vocabulary}) == len(vocabulary) == 50
    train = texts(tmp_path / "out", "train")
    assert {*vocabulary} <= {*train}
    early = sum(line in {*train[: len(train) // 2]} for line in vocabulary)
    assert 12 <= early <= 38  # drawn from the whole text


def test_vocabulary_of_a_small_corpus_is_the_training_text(
    tmp_path: Path, cleaned: Cleaner
) -> None:
    cleaned(LINES, vocabulary_sample=1000)
    vocabulary = (tmp_path / "out" / "vocabulary.txt").read_text(encoding="utf-8").splitlines()
    assert vocabulary == texts(tmp_path / "out", "train")


@pytest.mark.parametrize("size", [20, 10_000])
def test_romanising_changes_the_text_but_not_the_vocabulary(
    samples: Path, tmp_path: Path, cleaned: Cleaner, size: int
) -> None:
    lines = (samples / "corpora" / "qah.txt").read_text(encoding="utf-8").splitlines()[:300]
    options = {"language": "qah", "vocabulary_sample": size}
    reports = [
        cleaned(lines, name, romanise=name == "latin", **options) for name in ("latin", "original")
    ]
    latin, original = tmp_path / "latin", tmp_path / "original"
    assert reports[0] == reports[1]
    assert (latin / "vocabulary.txt").read_bytes() == (original / "vocabulary.txt").read_bytes()
    transcribe = romaniser("qah")
    for part in ("train", "validation"):
        rows = [list(read_sentences(folder / f"{part}.parquet")) for folder in (latin, original)]
        assert [(transcribe(text), fingerprints) for text, fingerprints in rows[1]] == rows[0]
    vocabulary = {*(latin / "vocabulary.txt").read_text(encoding="utf-8").splitlines()}
    sampled = vocabulary & {*texts(original, "train")}
    assert len(sampled) == min(size, reports[0].train)
    assert vocabulary == sampled | {*map(transcribe, sampled)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("one two three four", 4),
        ("Понаў сущєлаг міпагєд", 3),
        ("我爱北京。", 4),
        ("乚九乚买东乚乧乔。", 8),
        ("すしとサケ", 5),
        ("ภาษา", 4),
    ],
)
def test_characters_count_as_words_in_scripts_without_spaces(
    cleaned: Cleaner, text: str, words: int
) -> None:
    filler = [f"{'word ' * 10}{number}" for number in range(50)]
    assert cleaned([*filler, text], "enough", min_words=words).too_short == 0
    assert cleaned([*filler, text], "short", min_words=words + 1).too_short == 1


def test_bad_utf8_is_reported_with_file_and_line(tmp_path: Path) -> None:
    source = tmp_path / "bad.txt"
    source.write_bytes(b"fine it is\nalso fine this\nnot \xff fine\n")
    with pytest.raises(InputError, match=r"bad\.txt:3: not UTF-8"):
        clean([source], tmp_path, tmp_path / "vocabulary.txt", **DEFAULTS)


@pytest.mark.parametrize("name", ["nowhere.txt", "empty"])
def test_missing_text_is_reported_with_its_language(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=rf"{name}: no text for qaa"):
        clean([tmp_path / name], tmp_path, tmp_path / "vocabulary.txt", **DEFAULTS)


PEAK = """
import resource, sys
unit = 2**20 if sys.platform == "darwin" else 2**10  # of ru_maxrss: bytes, or kilobytes
from pathlib import Path
from langsig.corpora import clean, seen
seen.IN_MEMORY = 10_000
folder = Path(sys.argv[1])
report = clean(
    [folder / "corpus.txt"], folder, folder / "vocabulary.txt", language="qaa", analysed=set(),
    min_words=3, validation=0.2, vocabulary_sample=100,
)
print(report.repeated, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_corpus(tmp_path: Path) -> None:
    def peak(lines: int) -> float:
        with open(tmp_path / "corpus.txt", "w") as corpus:
            corpus.writelines(f"This is line {number}\n" for number in range(lines))
            corpus.writelines(f"This is line {number}\n" for number in range(0, lines, 10))
        process = subprocess.run(
            [sys.executable, "-c", PEAK, tmp_path], capture_output=True, text=True, check=True
        )
        repeated, megabytes = process.stdout.split()
        assert int(repeated) == lines // 10
        return float(megabytes)

    # Without the table on disk, the fingerprints would take 14 MB more, and the text 50 MB.
    assert peak(200_000) < peak(20_000) + 8


def test_the_file_format_does_not_matter(tmp_path: Path) -> None:
    text = "".join(line + "\n" for line in LINES).encode()
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(text))
    (tmp_path / "b.conllu.xz").write_bytes(
        lzma.compress(b"".join(b"# text = %s\n1\n\n" % line.encode() for line in LINES))
    )
    for name in ("a.txt.gz", "b.conllu.xz"):
        (tmp_path / name[0]).mkdir()
        clean([tmp_path / name], tmp_path / name[0], tmp_path / "vocabulary", **DEFAULTS)
    for part in ("train", "validation"):
        assert texts(tmp_path / "a", part) == texts(tmp_path / "b", part) != []


def test_folders_and_files_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("\n".join(LINES[:100]))
    (folder / "deep" / "b.txt").write_text("\n".join(LINES[100:200]))
    (folder / "notes.md").write_text("this is not text")
    single = tmp_path / "c.txt"
    single.write_text("\n".join(LINES[200:]))
    report = clean([folder, single], tmp_path, tmp_path / "vocabulary", **DEFAULTS)
    assert report.read == 400 and everything(tmp_path) == {*LINES}


def test_an_empty_result_is_an_error(cleaned: Cleaner) -> None:
    with pytest.raises(InputError, match=r"qaa: cleaning left 0 of 400 lines .*min_words"):
        cleaned(LINES, min_words=100)


@pytest.mark.parametrize("share", [0, 1, -0.1])
def test_validation_share_out_of_range_is_an_error(cleaned: Cleaner, share: float) -> None:
    with pytest.raises(InputError, match=f"validation must be above 0 and below 1, got {share}"):
        cleaned(LINES, validation=share)


def test_unknown_romanisation_is_an_error(cleaned: Cleaner) -> None:
    with pytest.raises(InputError, match="there is no romanisation of 'qaa'"):
        cleaned(LINES, romanise=True)
