from pathlib import Path

import pytest
from skbio.tree import TreeNode

from langsig.analysis import read_facts
from langsig.errors import InputError
from langsig.schemas import Languages

HEAD = "language,name,family,genus\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "languages.csv").write_text(HEAD + "de,German,IE,Germanic\nnl,Dutch,IE,Germanic\n")
    return tmp_path


def test_languages_are_those_that_are_analysed(folder: Path) -> None:
    facts = read_facts(folder, ["qaa", "de"])
    assert facts.languages.frame["language"].tolist() == ["de", "qaa"]
    assert facts.languages.frame["name"].tolist() == ["German", "qaa"]
    assert facts.languages.frame["genus"].isna().tolist() == [False, True]
    assert facts.genera == {"de": "Germanic"}
    assert facts.tree is None and facts.scores is None


def test_tree_and_scores_are_read_where_there_are_any(folder: Path) -> None:
    (folder / "tree.nwk").write_text("(de,nl);\n")
    header = "task,metric,model,language,value,source\n"
    (folder / "scores.csv").write_text(f"{header}pos,f1,m,de,70.5,here\n")
    facts = read_facts(folder, ["de", "nl"])
    assert facts.tree == "(de,nl);"
    assert facts.scores is not None and facts.scores.frame["value"].tolist() == [70.5]


def test_no_code_is_taken_for_a_missing_value(folder: Path) -> None:
    (folder / "languages.csv").write_text(HEAD + "na,Nauruan,Austronesian,Oceanic\n")
    facts = read_facts(folder, ["na"])
    assert facts.languages.frame.loc[0, ["language", "name"]].tolist() == ["na", "Nauruan"]


def test_codes_are_brought_into_one_spelling(folder: Path) -> None:
    (folder / "languages.csv").write_text(
        HEAD + "DEU,German,IE,Germanic\nde_AT,A,IE,\nOld one,B,,\n"
    )
    header = "task,metric,model,language,value,source\n"
    (folder / "scores.csv").write_text(f"{header}pos,f1,m,ger,70.5,here\n")
    facts = read_facts(folder, ["de", "de-AT", "Old one"])
    assert facts.languages.frame["name"].tolist() == ["B", "German", "A"]
    assert facts.scores is not None and facts.scores.frame["language"].tolist() == ["de"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "languages.csv: no such file"),
        ("language,name,family\nde,German,IE\n", "languages.csv:1: no column genus"),
        (HEAD + "de,,IE,Germanic\n", "languages.csv:2: no name"),
        (HEAD + "de,a,b,c\nnl,a,b,c\nde,a,b,c\n", "languages.csv:4: de is in line 2 already"),
        (HEAD + "de,a,b,c\nnl,a,b,c\ndeu,a,b,c\n", "languages.csv:4: de is in line 2 already"),
    ],
)
def test_bad_tables_are_named(tmp_path: Path, text: str | None, message: str) -> None:
    if text is not None:
        (tmp_path / "languages.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_facts(tmp_path, ["de"])


def test_facts_of_the_repository_are_whole(samples: Path) -> None:
    conf = samples.parent / "conf/facts"
    for path, languages in ((samples / "facts", ["qaa", "qah"]), (conf, ["de", "zh", "ko"])):
        facts = read_facts(path, languages)
        assert facts.languages.frame.notna().all(axis=None)
        assert facts.scores is not None and len(facts.scores)


def test_the_tree_of_the_repository_agrees_with_the_genera(samples: Path) -> None:
    """They are from two sources."""
    conf = samples.parent / "conf/facts"
    languages = Languages.read(conf / "languages.csv").frame
    tree = read_facts(conf, languages["language"]).tree
    assert tree is not None
    root = TreeNode.read([tree], format="newick", convert_underscores=False)
    assert {tip.name for tip in root.tips()} == {*languages["language"]}
    assert all(len(node.children) > 1 for node in root.non_tips(include_self=True))
    clades = [{tip.name for tip in node.tips()} for node in root.non_tips()]
    for groups in ("genus", "family"):
        for _, members in languages.groupby(groups)["language"]:
            assert len(members) == 1 or {*members} in clades
