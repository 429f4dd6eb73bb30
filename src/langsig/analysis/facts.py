"""What is known of the languages beforehand: names, relations, benchmark scores."""

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from langsig.analysis.benchmarks import read_scores
from langsig.errors import InputError

_COLUMNS = ["language", "name", "family", "genus"]


class LanguageFacts(NamedTuple):
    """What a folder of facts holds."""

    languages: pd.DataFrame
    """Columns ``language``, ``name``, ``family``, ``genus``, the latter two missing where
    unknown."""
    tree: str | None
    """Reference tree in Newick format."""
    scores: pd.DataFrame | None
    """What :func:`langsig.analysis.read_scores` returns."""

    @property
    def genera(self) -> dict[str, str]:
        """Genus of each language that has one."""
        known = self.languages.dropna(subset="genus").set_index("language")["genus"]
        return {str(language): str(genus) for language, genus in known.items()}


def read_facts(folder: Path, languages: Collection[str]) -> LanguageFacts:
    """Read ``languages.csv`` and, if they are there, ``tree.nwk`` and ``scores.csv``.

    Parameters
    ----------
    languages
        That are analysed: those the table lacks are added, under their code and without relatives;
        others are left out.

    Raises
    ------
    InputError
        If the table or one of its columns is missing, a language stands in it twice, or
        :func:`langsig.analysis.read_scores` objects to the scores.
    """
    tree, scores = folder / "tree.nwk", folder / "scores.csv"
    return LanguageFacts(
        _read_languages(folder / "languages.csv", languages),
        tree.read_text(encoding="utf-8").strip() if tree.is_file() else None,
        read_scores(scores) if scores.is_file() else None,
    )


def languages_related(
    folder: Path, name: str, languages: Collection[str], *, parameter: str
) -> list[str]:
    """Those of the languages that are of the family or genus of this name, in their order.

    Raises
    ------
    InputError
        If there are none, naming the parameter and the families and genera that have some; or
        if :func:`read_facts` objects to ``languages.csv``.
    """
    table = _read_languages(folder / "languages.csv", languages).set_index("language")
    of_name = (table["family"] == name) | (table["genus"] == name)
    if not of_name.any():
        known = sorted({*table["family"].dropna(), *table["genus"].dropna()})
        raise InputError(
            f"{parameter}: no language is of {name!r}; families and genera are {', '.join(known)}"
        )
    return [language for language in languages if of_name[language]]


def _read_languages(path: Path, languages: Collection[str]) -> pd.DataFrame:
    if not path.is_file():
        raise InputError(f"analysis.facts: no file {path}")
    # "na" and "nan" are codes of languages.
    table = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""])
    missing = [name for name in _COLUMNS if name not in table]
    if missing:
        raise InputError(f"{path}:1: no column {', '.join(missing)}; name it in this line")
    twice = table["language"][table["language"].duplicated()]
    if not twice.empty:
        line = twice.index[0] + 2
        raise InputError(f"{path}:{line}: language {twice.iloc[0]} is there already; remove one")
    known = table[_COLUMNS].set_index("language").reindex(sorted(languages))
    known["name"] = known["name"].fillna(known.index.to_series())
    return known.rename_axis("language").reset_index()
