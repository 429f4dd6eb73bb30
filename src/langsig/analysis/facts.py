"""Facts about languages: names, relations and benchmark scores."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from langsig.schemas import Languages, Scores


@dataclass(frozen=True)
class LanguageFacts:
    """What is known about the languages from other sources than their models.

    Attributes
    ----------
    languages
        Name, family and genus of each language.
    tree
        Reference tree in Newick format, if there is one.
    scores
        Benchmark scores of models, if there are any.
    """

    languages: Languages
    tree: str | None
    scores: Scores | None

    @property
    def genera(self) -> dict[str, str]:
        """Genus of each language whose genus is known."""
        known = self.languages.frame.dropna(subset="genus").set_index("language")["genus"]
        return {str(language): str(genus) for language, genus in known.items()}


def read_facts(folder: str | Path, languages: Collection[str]) -> LanguageFacts:
    """Read facts about languages from a folder.

    Parameters
    ----------
    folder
        Folder with ``languages.csv`` and, optionally, ``tree.nwk`` and ``scores.csv``.
    languages
        Languages that are analysed. Those that the table lacks are named by their codes, without
        family and genus; other rows of the table are left out.

    Raises
    ------
    InputError
        If ``languages.csv`` is missing, or one of the tables is malformed.
    """
    tree, scores = Path(folder, "tree.nwk"), Path(folder, "scores.csv")
    return LanguageFacts(
        _read_languages(folder, languages),
        tree.read_text(encoding="utf-8").strip() if tree.is_file() else None,
        Scores.read(scores) if scores.is_file() else None,
    )


def _read_languages(folder: str | Path, languages: Collection[str]) -> Languages:
    table = Languages.read(Path(folder, "languages.csv")).frame
    chosen = table.set_index("language").reindex(sorted(languages))
    chosen["name"] = chosen["name"].fillna(chosen.index.to_series())
    return Languages(chosen.rename_axis("language").reset_index())
