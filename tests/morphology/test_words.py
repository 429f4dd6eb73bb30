import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from langsig.errors import InputError
from langsig.morphology import CATEGORIES, Converter, Row, Words, annotate, converter, tokens
from langsig.morphology.treebank import RowId

TREEBANK = """\
# text = Il parle du chat.
1	Il	il	PRON	_	Number=Sing|Person=3	_	_	_	_
2	parle	parler	VERB	_	Mood=Ind|Number=Sing|VerbForm=Fin	_	_	_	_
3-4	du	_	_	_	_	_	_	_	_
3	de	de	ADP	_	_	_	_	_	_
4	le	le	DET	_	Definite=Def|Gender=Masc|Number=Sing	_	_	_	_
5	chat	chat	NOUN	_	Gender=Masc|Number=Sing	_	_	_	SpaceAfter=No
6	.	_	PUNCT	_	_	_	_	_	_

# text = !
1	!	!	PUNCT	_	_	_	_	_	_

# text = Oui
1	Oui	_	INTJ	_	_	_	_	_	_
1.1	dit	dire	VERB	_	Mood=Ind|VerbForm=Fin	_	_	_	_
"""


@pytest.fixture
def treebank(tmp_path: Path) -> Path:
    path = tmp_path / "fr-test.conllu"
    path.write_text(TREEBANK, encoding="utf-8")
    return path


def row(row_id: RowId, upos: str = "X", feats: str = "_", lemma: str = "l") -> Row:
    return Row(row_id, f"form{row_id}", lemma, upos, feats, True)


def merged(*parts: Row) -> dict[str, str]:
    rows = [row((1, "-", len(parts)), "_"), *parts]
    (token,) = tokens(rows, converter("qaa"))
    return dict(token.categories)


def test_annotate(treebank: Path) -> None:
    words = annotate([treebank], "fr")
    table = words.table
    assert list(table.columns) == ["sentence", "token", "form", "lemma", "upos", *CATEGORIES]
    assert table["sentence"].tolist() == [0, 0, 0, 0, 0, 1, 2]
    assert table["token"].tolist() == [0, 1, 2, 3, 4, 0, 0]
    assert table["form"].tolist() == ["Il", "parle", "du", "chat", ".", "!", "Oui"]
    assert table["lemma"].tolist() == ["il", "parler", "de+le", "chat", pd.NA, "!", pd.NA]
    assert table["upos"].tolist() == ["PRON", "VERB", pd.NA, "NOUN", "PUNCT", "PUNCT", "INTJ"]
    assert table["Part of Speech"].tolist() == ["PRO", "V", pd.NA, "N", pd.NA, pd.NA, "INTJ"]
    assert table["Gender"].tolist() == [pd.NA, pd.NA, "MASC", "MASC", pd.NA, pd.NA, pd.NA]
    assert table["Finiteness"].isna().all(), "a rule of French removes it"
    assert table["sentence"].dtype == table["token"].dtype == "int32"
    strings = ["form", "lemma", "upos", *CATEGORIES]
    assert {str(table[column].dtype) for column in strings} == {"string"}
    assert words.sentences.to_dict("list") == {
        "sentence": [0, 1, 2],
        "text": ["Il parle du chat.", "!", "Oui"],
        "file": [treebank.as_posix()] * 3,
        "line": [1, 10, 13],
    }


def test_the_language_selects_the_rules(treebank: Path) -> None:
    assert annotate(treebank, "qaa").table["Finiteness"].tolist()[1] == "FIN"


def test_sentences_without_any_category_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    path.write_text("\n\n".join(["1\t!\t_\tPUNCT" + "\t_" * 6] * 2), encoding="utf-8")
    words = annotate(path, "de")
    assert words.table["sentence"].tolist() == words.sentences["sentence"].tolist() == [0, 1]
    assert words.category_counts().sum() == 0
    assert words.value_counts().empty


def test_a_range_bears_the_categories_of_exactly_one_part() -> None:
    assert merged(row(1, "ADP"), row(2, feats="Gender=Masc|Number=Plur")) == {
        "Part of Speech": "ADP",
        "Gender": "MASC",
        "Number": "PL",
    }


@pytest.mark.parametrize("second", ["Number=Sing", "Number=Plur"], ids=["agree", "differ"])
def test_a_range_does_not_bear_categories_of_two_parts(second: str) -> None:
    parts = row(1, feats="Number=Sing"), row(2, feats=second), row(3, feats="Case=Nom")
    assert merged(*parts) == {"Case": "NOM"}


def test_a_disjunction_in_a_range_does_not_count() -> None:
    assert merged(row(1, feats="Case=Acc,Nom"), row(2, feats="Case=Dat")) == {"Case": "DAT"}


def test_a_range_depends_on_its_words_only() -> None:
    rows = [
        row(1, "NOUN"),
        row((2, "-", 3), "VERB", "Tense=Past"),
        row(2, "ADP"),
        row((2, ".", 1), "VERB"),
        row(3),
        row(4, "ADJ"),
    ]
    assert [(t.form, dict(t.categories)) for t in tokens(rows, converter("qaa"))] == [
        ("form1", {"Part of Speech": "N"}),
        ("form(2, '-', 3)", {"Part of Speech": "ADP"}),
        ("form4", {"Part of Speech": "ADJ"}),
    ]


def test_rules_apply_to_the_parts_of_a_range() -> None:
    rows = [
        Row((1, "-", 2), "ditolo", "_", "_", "_", True),
        Row(1, "dita", "dizer", "VERB", "VerbForm=Part", True),
        Row(2, "lo", "o", "PRON", "_", True),
    ]
    (token,) = tokens(rows, converter("pt"))
    assert "Gender" not in token.categories


def test_empty_nodes_are_left_out() -> None:
    rows = [row((0, ".", 1), "VERB"), row(1, "NOUN"), row((1, ".", 1), "VERB")]
    assert [t.form for t in tokens(rows, converter("qaa"))] == ["form1"]


@pytest.mark.parametrize(
    ("lemmas", "lemma"), [(["de", "le"], "de+le"), (["de", "_"], None), (["_", "_"], None)]
)
def test_lemma_of_a_range(lemmas: list[str], lemma: str | None) -> None:
    parts = [row(number, lemma=part) for number, part in enumerate(lemmas, start=1)]
    (token,) = tokens([row((1, "-", 2)), *parts], converter("qaa"))
    assert token.lemma == lemma


def test_lemma_of_an_underscore_is_an_underscore() -> None:
    (token,) = tokens([Row(1, "_", "_", "SYM", "_", True)], converter("qaa"))
    assert token.lemma == "_"


analyses = st.sampled_from(["_", "Case=Nom", "Case=Acc|Number=Sing", "Number=Plur|Tense=Past"])


@given(st.lists(analyses, min_size=1, max_size=4), st.randoms())
def test_order_of_parts_does_not_matter(parts: list[str], random) -> None:
    def merge(feats: list[str]) -> dict[str, str]:
        return merged(*(row(number, feats=feat) for number, feat in enumerate(feats, start=1)))

    assert merge(parts) == merge(random.sample(parts, len(parts)))


@given(st.permutations(TREEBANK.strip("\n").split("\n\n")))
def test_order_of_sentences_does_not_change_counts(
    tmp_path_factory: pytest.TempPathFactory, sentences: list[str]
) -> None:
    path = tmp_path_factory.mktemp("order") / "a.conllu"
    path.write_text("\n\n".join(sentences) + "\n", encoding="utf-8")
    words = annotate(path, "fr")
    assert words.category_counts()["Number"] == 4
    assert set(words.table.groupby("sentence").size()) == {5, 1}


def test_counts(treebank: Path) -> None:
    words = annotate(treebank, "fr")
    counts = words.category_counts()
    assert list(counts.index) == list(CATEGORIES)
    assert counts[counts > 0].to_dict() == {
        "Definiteness": 1,
        "Gender": 2,
        "Mood": 1,
        "Number": 4,
        "Part of Speech": 4,
        "Person": 1,
    }
    values = words.value_counts()
    assert list(values.columns) == ["category", "value", "words"]
    assert values.groupby("category")["words"].sum().to_dict() == counts[counts > 0].to_dict()
    assert values.query("category == 'Part of Speech'")["value"].tolist() == [
        "INTJ",
        "N",
        "PRO",
        "V",
    ]


def test_words_can_be_saved_and_loaded(treebank: Path, tmp_path: Path) -> None:
    words = annotate(treebank, "fr")
    directory = tmp_path / "words" / "fr"
    words.save(directory)
    assert sorted(path.name for path in directory.iterdir()) == [
        "sentences.parquet",
        "words.parquet",
    ]
    loaded = Words.load(directory)
    pd.testing.assert_frame_equal(loaded.table, words.table)
    pd.testing.assert_frame_equal(loaded.sentences, words.sentences)


def test_saving_keeps_other_files(treebank: Path, tmp_path: Path) -> None:
    annotate(treebank, "fr").save(tmp_path)
    annotate(treebank, "de").save(tmp_path)
    assert treebank.exists()
    assert Words.load(tmp_path).table["Gender"].isna().all()


def test_loading_names_the_file_and_the_problem(treebank: Path, tmp_path: Path) -> None:
    words = annotate(treebank, "fr")
    path = tmp_path / "words.parquet"
    with pytest.raises(InputError, match=r"words\.parquet: no such file"):
        Words.load(tmp_path)
    words.save(tmp_path)
    words.table.drop(columns=["Tense"]).to_parquet(path)
    with pytest.raises(InputError, match=r"words\.parquet: no column Tense"):
        Words.load(tmp_path)
    words.table.assign(sentence="first").to_parquet(path)
    with pytest.raises(InputError, match=r"words\.parquet: a column has the wrong type"):
        Words.load(tmp_path)
    words.table.assign(sentence=words.table["sentence"] + 1).to_parquet(path)
    with pytest.raises(InputError, match=rf"{tmp_path}: .*table of sentences lacks"):
        Words.load(tmp_path)
    path.write_text("sentence,token\n")
    with pytest.raises(InputError, match=r"words\.parquet: not a Parquet file"):
        Words.load(tmp_path)


def test_columns_are_brought_into_the_declared_order_and_types(treebank: Path) -> None:
    words = annotate(treebank, "fr")
    plain = words.table.astype({"sentence": "int64", "form": "object"}).iloc[:, ::-1]
    validated = Words(plain.assign(comment="x"), words.sentences)
    pd.testing.assert_frame_equal(validated.table, words.table)


def test_a_table_without_a_column_is_refused(treebank: Path) -> None:
    words = annotate(treebank, "fr")
    with pytest.raises(InputError, match=r"table of sentences: no column text"):
        Words(words.table, words.sentences.drop(columns="text"))


def test_select(treebank: Path) -> None:
    words = annotate(treebank, "fr")
    with_gender = words.select("Gender")
    assert with_gender.table["form"].tolist() == ["du", "chat"]
    assert with_gender.sentences["text"].tolist() == ["Il parle du chat."]
    assert len(words.select("Part of Speech", "INTJ")) == 1
    assert len(words.select("Part of Speech", "ADJ")) == 0
    with pytest.raises(InputError, match="category must be one of Animacy"):
        words.select("Gendre")


def test_transcribe_changes_the_forms_alone(treebank: Path) -> None:
    words = annotate(treebank, "fr")
    upper = words.transcribe(str.upper)
    assert upper.table["form"].tolist() == ["IL", "PARLE", "DU", "CHAT", ".", "!", "OUI"]
    rest = [column for column in words.table if column != "form"]
    pd.testing.assert_frame_equal(upper.table[rest], words.table[rest])
    assert words.table["form"][0] == "Il"


PRINT_TABLE = """
import sys
from langsig.morphology import annotate
for language in ("fr", "fi", "en", "qaa"):
    print(annotate(sys.argv[1], language).table.to_csv())
"""


@pytest.mark.slow
def test_the_hash_seed_does_not_matter(tmp_path: Path) -> None:
    ties = [
        "VerbForm=Part|Voice=Cau|Reflex=Yes|Number[psor]=Sing|Definite=Cons|Aspect=Perf|Tense=Imp",
        "Polarity=Neg|VerbForm=Fin",
        "VerbForm=Ger",
    ]
    path = tmp_path / "ties.conllu"
    path.write_text(
        "\n\n".join(f"1\ta\tb\tVERB\t_\t{feats}" + "\t_" * 4 for feats in ties), encoding="utf-8"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", PRINT_TABLE, str(path)],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(printed) == 1
    assert "V.PTCP" in printed.pop()


# Languages whose treebanks are complete in the folder of real data.
COMPLETE = {"el", "hu", "id", "ko", "tr", "vi"}
# Parallel (PUD) treebanks replace those of the paper, and have other features.
SUBSTITUTED = {
    ("Animacy", "ar"),
    ("Tense", "ar"),
    ("Animacy", "hi"),
    ("Definiteness", "hi"),
    ("Possession", "hi"),
}
ENOUGH = 100


@pytest.fixture(scope="module")
def paper_pairs() -> set[tuple[str, str]]:
    path = Path(__file__).parents[1] / "data" / "paper_categories.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return {
            (line["category"], line["language"])
            for line in csv.DictReader(stream)
            if line["in_per_language_list"] == "1"
        }


@pytest.fixture(scope="module")
def real_counts(real_data: Path) -> dict[tuple[str, str], int]:
    """Tokens by category and language, over all the treebanks."""
    counts = {}
    for folder in sorted((real_data / "ud-treebanks-v2.1").glob("UD_*")):
        first = min(path.name for path in folder.glob("*.conllu"))
        language = re.split("[_-]", first)[0]
        for category, number in annotate(folder, language).category_counts().items():
            counts[category, language] = number
    return counts


@pytest.mark.slow
def test_complete_treebanks_have_the_categories_of_the_paper(
    real_counts: dict[tuple[str, str], int], paper_pairs: set[tuple[str, str]]
) -> None:
    enough = {pair for pair, number in real_counts.items() if number >= ENOUGH}
    assert len(COMPLETE & {language for _, language in enough}) == len(COMPLETE)
    for language in COMPLETE:
        assert {pair for pair in enough if pair[1] == language} == {
            pair for pair in paper_pairs if pair[1] == language
        }


@pytest.mark.slow
def test_no_treebank_has_a_category_that_the_paper_lacks(
    real_counts: dict[tuple[str, str], int], paper_pairs: set[tuple[str, str]]
) -> None:
    assert len({language for _, language in real_counts}) == 33
    enough = {pair for pair, number in real_counts.items() if number >= ENOUGH}
    assert enough - paper_pairs == SUBSTITUTED


@pytest.mark.slow
@pytest.mark.parametrize(
    ("category", "language"),
    [
        ("Finiteness", "bg"),
        ("Gender", "de"),
        ("Gender", "he"),
        ("Voice", "en"),
        ("Voice", "hu"),
        ("Voice", "pt"),
    ],
)
def test_rules_of_the_language_remove_a_category(
    real_counts: dict[tuple[str, str], int], category: str, language: str
) -> None:
    assert real_counts[category, language] < ENOUGH


def test_german_has_gender_without_its_rules(real_data: Path) -> None:
    words = annotate(real_data / "ud-treebanks-v2.1" / "UD_German", "qaa")
    assert words.category_counts()["Gender"] >= ENOUGH


@pytest.mark.slow
def test_real_lemmas_and_texts(real_data: Path) -> None:
    words = annotate(real_data / "ud-treebanks-v2.1" / "UD_French", "fr")
    assert "de+le" in set(words.table["lemma"].dropna())
    assert words.sentences["text"].str.len().min() > 0
    assert len(words.sentences) == words.table["sentence"].nunique() == 1478 + 416


def test_languages_without_rules_have_the_default_converter() -> None:
    assert Converter() == converter("qaa")


@pytest.mark.parametrize("language", ["", " ", None, 3])
def test_language_must_be_a_code(language: object, tmp_path: Path) -> None:
    path = tmp_path / "a.conllu"
    path.write_text(TREEBANK, encoding="utf-8")
    with pytest.raises(InputError, match="language must be an ISO 639 code"):
        annotate(path, language)  # type: ignore[arg-type]
