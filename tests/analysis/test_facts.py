from functools import partial
from pathlib import Path

import pytest

from langsig.analysis import languages_related, read_facts
from langsig.errors import InputError

HEAD = "language,name,family,genus\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "languages.csv").write_text(HEAD + "de,German,IE,Germanic\nnl,Dutch,IE,Germanic\n")
    return tmp_path


def test_languages_are_those_that_are_analysed(folder: Path) -> None:
    facts = read_facts(folder, ["qaa", "de"])
    assert facts.languages["language"].tolist() == ["de", "qaa"]
    assert facts.languages["name"].tolist() == ["German", "qaa"]
    assert facts.languages["genus"].isna().tolist() == [False, True]
    assert facts.genera == {"de": "Germanic"}
    assert facts.tree is None and facts.scores is None


def test_tree_and_scores_are_read_where_there_are_any(folder: Path) -> None:
    (folder / "tree.nwk").write_text("(de,nl);\n")
    header = "task,metric,model,language,value,source\n"
    (folder / "scores.csv").write_text(f"{header}pos,f1,m,de,70.5,here\n")
    facts = read_facts(folder, ["de", "nl"])
    assert facts.tree == "(de,nl);"
    assert facts.scores is not None and facts.scores["value"].tolist() == [70.5]


def test_no_code_is_taken_for_a_missing_value(folder: Path) -> None:
    (folder / "languages.csv").write_text(HEAD + "na,Nauruan,Austronesian,Oceanic\n")
    facts = read_facts(folder, ["na"])
    assert facts.languages.loc[0, ["language", "name"]].tolist() == ["na", "Nauruan"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no file"),
        ("language,name,family\nde,German,IE\n", "languages.csv:1: no column genus"),
        (HEAD + "de,a,b,c\nnl,a,b,c\nde,a,b,c\n", "languages.csv:4: language de is there"),
    ],
)
def test_bad_tables_are_named(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "languages.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_facts(tmp_path, ["de"])


def test_facts_of_the_repository_are_whole(samples: Path) -> None:
    conf = samples.parent / "conf/facts"
    for place, languages in ((samples / "facts", ["qaa", "qah"]), (conf, ["de", "zh", "ko"])):
        facts = read_facts(place, languages)
        assert facts.languages.notna().all(axis=None)
        assert facts.scores is not None and len(facts.scores)


def test_languages_of_a_family_or_genus_in_the_order_given(folder: Path) -> None:
    more = "zh,Chinese,Sino-Tibetan,Chinese\nes,Spanish,IE,Romance\n"
    with (folder / "languages.csv").open("a") as stream:
        stream.write(more)
    languages = ["es", "zh", "de", "qaa"]
    find = partial(languages_related, folder, languages=languages, parameter="x.languages")
    assert find("IE") == ["es", "de"]
    assert find("Germanic") == ["de"]
    assert find("Chinese") == ["zh"]
    with pytest.raises(InputError, match=r"x.languages: no language is of 'Slavic'; .* Chinese, "):
        find("Slavic")
