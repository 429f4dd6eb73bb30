"""Where the treebanks, parallel sentences and texts of each language are."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from langsig.errors import InputError, check_list, decode_line
from langsig.languages import language_code, language_code_if_any
from langsig.morphology import Words, annotate

_TREEBANK_FILE = re.compile(r"([a-z]{2,3})(_[a-z0-9]+)?-ud-(train|dev|test)\.conllup?")
_TEXT_FILE = re.compile(
    r"(newstest\d+-(?:ref|src)\.)?(?P<language>[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]+)*)"
    r"\.(txt|dev|devtest)(\.(gz|xz|zst))?"
)


class Treebank(NamedTuple):
    """The files of one language."""

    name: str
    """Name of the folder."""
    training: list[Path]
    """What a probe is trained on, and measures are computed from."""
    test: list[Path]
    """What probes are tested on. If empty, half of the sentences of `training` are."""

    @property
    def files(self) -> list[Path]:
        """All files."""
        return [*self.training, *self.test]

    def read(self, language: str) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        """Words tables for training and for testing; None if the first one is for both.

        Raises
        ------
        InputError
            If a file is malformed.
        """
        training = annotate(self.training, language_code(language)).table
        if not self.test:
            return training, None
        return training, annotate(self.test, language_code(language)).table


class AnnotatedWords(NamedTuple):
    """The words of one language, as the pipeline keeps them; half of the sentences for testing."""

    path: Path
    """What :meth:`langsig.Words.save` wrote."""

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    @property
    def files(self) -> list[Path]:
        """All files."""
        return sorted(path for path in self.path.rglob("*") if path.is_file())

    def read(self, language: str) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        """The words table, which is for training and for testing.

        Raises
        ------
        InputError
            If there is no such table.
        """
        return Words.load(self.path).table, None


def find_treebanks(
    folder: str | Path, languages: Collection[str] | None = None
) -> dict[str, Treebank]:
    """Find one treebank per language in a folder of treebanks.

    Files have names as in Universal Dependencies, ``de_gsd-ud-test.conllu``; or lie in a folder
    with the code of the language, ``de/``. Of several treebanks of a language, the one whose folder
    has no suffix (``UD_German``) is taken, otherwise the largest.

    Parameters
    ----------
    folder
        Folder with one subfolder per treebank.
    languages
        Codes of the languages (default: all that there are).

    Returns
    -------
    dict
        Treebank of each language, in alphabetical order of the codes. The part ``dev`` is for
        training, or ``train`` where there is none; ``test`` is for testing.

    Raises
    ------
    InputError
        If there is no such folder, it has no treebank, or none of a language that is named; or
        `languages` is not a list.
    """
    folder = Path(folder)
    if languages is not None:
        check_list("languages", languages)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give one with a subfolder per treebank")
    found: dict[str, list[Treebank]] = defaultdict(list)
    for subfolder in sorted(path for path in folder.iterdir() if path.is_dir()):
        language, treebank = _treebank(subfolder)
        if language and treebank:
            found[language].append(treebank)
    if not found:
        raise InputError(
            f"{folder}: no treebanks; each needs a folder of its own with *.conllu files, named as "
            "in Universal Dependencies (de_gsd-ud-test.conllu) or in a folder with the code of the "
            "language"
        )
    wanted = sorted(found) if languages is None else sorted({*map(language_code, languages)})
    for language in wanted:
        if language not in found:
            raise InputError(
                f"{folder}: no treebank of {language}, only of {', '.join(sorted(found))}; add "
                "one, or leave the language out"
            )
    return {language: min(found[language], key=_preference) for language in wanted}


def _treebank(folder: Path) -> tuple[str | None, Treebank | None]:
    files = sorted(path for path in folder.iterdir() if path.suffix in (".conllu", ".conllup"))
    parts: dict[str, list[Path]] = defaultdict(list)
    language = None
    for file in files:
        match = _TREEBANK_FILE.fullmatch(file.name)
        if match:
            language = language_code_if_any(match[1])
            parts[match[3]].append(file)
        else:
            parts["other"].append(file)
    if language is None and files and re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)*", folder.name):
        language = language_code_if_any(folder.name)
    training = parts["dev"] or parts["train"] or parts["other"]
    if training:
        return language, Treebank(folder.name, training, parts["test"])
    return language, Treebank(folder.name, parts["test"], []) if parts["test"] else None


def _preference(treebank: Treebank) -> tuple[bool, int]:
    size = sum(file.stat().st_size for file in (*treebank.training, *treebank.test))
    return "-" in treebank.name, -size


def find_texts(folder: str | Path, languages: Iterable[str]) -> dict[str, Path]:
    """Find the text of each language in a folder with one file per language.

    Names are codes of languages: ``de.txt``; or as in NTREX, ``newstest2019-ref.deu.txt``; or as in
    FLORES-200, ``deu_Latn.devtest``. Running text may be compressed: ``de.txt.xz``.

    Parameters
    ----------
    folder
        The folder.
    languages
        Codes of the languages. Those without a file are left out.

    Raises
    ------
    InputError
        If there is no such folder, two files are of one language, or none is of any language.
    """
    folder, wanted = Path(folder), set(languages)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; give one with one text file per language")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        match = _TEXT_FILE.fullmatch(path.name)
        if not match or not path.is_file():
            continue
        code = match["language"].partition("_")[0]
        language = language_code_if_any(code)
        if language not in wanted:
            continue
        if language in found:
            raise InputError(
                f"{folder}: {found[language].name} and {path.name} are both of {language}; keep one"
            )
        found[language] = path
    if not found:
        raise InputError(
            f"{folder}: no text of {', '.join(sorted(wanted))}; files are named by the code of the "
            "language, such as de.txt, newstest2019-ref.deu.txt or deu_Latn.devtest"
        )
    return found


def read_parallel(files: dict[str, Path], count: int) -> dict[str, list[str]]:
    """Read parallel sentences: line n of each file is a translation of line n of the others.

    Parameters
    ----------
    files
        Text file of each language.
    count
        Number of sentences at most, from the first.

    Returns
    -------
    dict
        The sentences of each language. Lines that are blank in any language are left out in all.

    Raises
    ------
    InputError
        If a file is compressed or not UTF-8, or the files do not have equal numbers of lines.
    """
    lines = {language: _lines(path) for language, path in files.items()}
    first = next(iter(files))
    for language, of_language in lines.items():
        if len(of_language) != len(lines[first]):
            raise InputError(
                f"{files[language]}: {len(of_language):,} lines, but {files[first]} has "
                f"{len(lines[first]):,}; parallel files need equal numbers of lines"
            )
    complete = [
        number
        for number, translations in enumerate(zip(*lines.values(), strict=True))
        if all(sentence.strip() for sentence in translations)
    ][:count]
    return {
        language: [of_language[number] for number in complete]
        for language, of_language in lines.items()
    }


def _lines(path: Path) -> list[str]:
    if path.suffix in (".gz", ".xz", ".zst"):
        raise InputError(f"{path}: parallel sentences must not be compressed; unpack the file")
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines()
    return [decode_line(line, number, str(path)) for number, line in enumerate(content, 1)]
