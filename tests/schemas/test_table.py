"""Validation, selection, files and arrays of tables."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import langsig.schemas
from langsig.errors import InputError
from langsig.schemas import AverageSignatures, Column, Correlations, Scores, Table


class Sample(Table):
    """A table with columns of every kind."""

    columns: ClassVar = {
        "language": Column("text", "Code of the language"),
        "layer": Column("integer", "Layer", True),
        "kind": Column("text", "Kind", True, ("plain", "odd")),
        "words": Column("integer", "Number of words"),
        "enough": Column("boolean", "Whether there are enough words"),
        "value": Column("number", "Value"),
    }
    keys: ClassVar = ("language", "layer")


FRAME = pd.DataFrame(
    {
        "language": ["nan", "na", "de", "de"],
        "layer": [0, 0, 0, None],
        "kind": ["plain", None, "odd", None],
        "words": [1, 2, 3, 4],
        "enough": [True, False, True, False],
        "value": [0.1 + 0.2, np.nan, -1e-300, np.inf],
    }
)
TABLES = [
    getattr(langsig.schemas, name)
    for name in langsig.schemas.__all__
    if isinstance(getattr(langsig.schemas, name), type)
    and issubclass(getattr(langsig.schemas, name), Table)
    and getattr(langsig.schemas, name) is not Table
]


def changed(**columns: object) -> pd.DataFrame:
    return FRAME.assign(**columns)


# Validation


def test_columns_are_ordered_and_have_their_types() -> None:
    frame = Sample(FRAME[FRAME.columns[::-1]].sample(frac=1, random_state=0)).frame
    assert list(frame) == list(Sample.columns)
    assert list(frame.index) == [0, 1, 2, 3]
    assert frame.dtypes.astype(str).to_dict() == {
        "language": "str",
        "layer": "Int64",
        "kind": "str",
        "words": "int64",
        "enough": "bool",
        "value": "float64",
    }


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (FRAME.drop(columns=["layer", "words"]), "no column layer, no column words; columns are "),
        (changed(other=1), "unknown column other; columns are language, layer"),
        (changed(language=[None, "fr", "de", "es"]), "column language has missing values"),
        (changed(language=["", "fr", "de", "es"]), "column language has empty texts"),
        (changed(language=["fr", "de", 3, "es"]), "column language must hold texts, got 3"),
        (changed(kind="even"), "column kind must be one of plain, odd, got 'even'"),
        (changed(words=[1, 2, np.nan, 4]), "column words has missing values"),
        (changed(words=[1, 2, 2.5, 4]), r"column words must hold integers, got 2\.5"),
        (changed(words="3"), "column words must hold integers, got '3'"),
        (changed(words=True), "column words must hold integers, got True"),
        (changed(layer=[0, 1, 0.5, None]), r"column layer must hold integers, got 0\.5"),
        (changed(enough=[True, False, None, True]), "column enough has missing values"),
        (changed(enough="False"), "column enough must hold booleans, got 'False'"),
        (changed(enough=[0, 1, 0, 1]), "column enough must hold booleans, got 0"),
        (changed(value=["1", 2, 3, 4]), "column value must hold numbers, got '1'"),
        (changed(value=False), "column value must hold numbers, got False"),
        (changed(language="de"), "two rows have the same keys: language de, layer 0"),
    ],
)
def test_bad_tables_are_refused(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(InputError, match=f"^Sample: {message}"):
        Sample(frame)


def test_missing_values_may_be_none_or_na() -> None:
    missing = pd.array([None, pd.NA, np.nan, 1], dtype=object)
    frame = Sample(changed(value=missing, layer=missing, kind=[None, pd.NA, np.nan, "odd"])).frame
    for column in ("value", "layer", "kind"):
        assert frame[column].isna().tolist() == [True, True, True, False]


def test_the_frame_that_was_passed_in_is_left_as_it_was() -> None:
    frame = FRAME.copy()
    copy = Sample(frame).to_frame()
    copy.loc[0, "words"] = 99
    pd.testing.assert_frame_equal(frame, FRAME)
    assert Sample(FRAME).frame.loc[0, "words"] == 1


@pytest.mark.parametrize("table", TABLES)
def test_every_table_can_be_empty_and_documents_its_columns(
    table: type[Table], tmp_path: Path
) -> None:
    empty = table.empty()
    assert len(empty) == 0 and list(empty.frame) == list(table.columns)
    assert table.keys and set(table.keys) <= set(table.columns)
    assert all(column.description for column in table.columns.values())
    for suffix in ("csv", "parquet"):
        empty.save(tmp_path / f"table.{suffix}")
        assert table.load(tmp_path / f"table.{suffix}") == empty


# Selection


def test_rows_are_selected_by_value_by_several_values_and_by_absence() -> None:
    table = Sample(FRAME)
    assert table.select(language="nan").frame["words"].tolist() == [1]
    assert table.select(language=["de", "na"], layer=0).frame["words"].tolist() == [2, 3]
    assert table.select(layer=None).frame["words"].tolist() == [4]
    assert table.select(kind=None, enough=False).frame["words"].tolist() == [2, 4]
    assert table.select(layer=0).frame.index.tolist() == [0, 1, 2]
    assert table.select() == table
    assert table.select(language="xx") == Sample.empty()
    with pytest.raises(InputError, match="Sample has no column 'colour'; columns are language"):
        table.select(colour="red")


def test_tables_are_joined_and_empty_ones_change_nothing() -> None:
    first, second = Sample(FRAME[:1]), Sample(FRAME[1:])
    assert Sample.concat([Sample.empty(), first, second]) == Sample(FRAME)
    assert Sample.concat([Sample.empty()]) == Sample.concat([]) == Sample.empty()
    with pytest.raises(InputError, match="same keys: language nan, layer 0"):
        Sample.concat([first, first])


def test_tables_are_equal_if_kind_and_rows_are() -> None:
    class Other(Sample):
        """The same columns."""

    assert Sample(FRAME) == Sample(FRAME)
    assert Sample(FRAME) != Sample(changed(words=9))
    assert Sample(FRAME) != Other(FRAME)
    assert Sample(FRAME) != FRAME.shape


def test_a_table_shows_its_name_and_its_number_of_rows() -> None:
    assert repr(Sample(FRAME[:1])).splitlines()[0] == "Sample, 1 row"
    assert repr(Sample(FRAME)).splitlines()[0] == "Sample, 4 rows"
    assert repr(Sample.empty()) == "Sample, 0 rows"


# Files


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_tables_are_the_same_after_saving_and_loading(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / "folder" / f"table.{suffix}"
    Sample(FRAME).save(path)
    loaded = Sample.load(path)
    pd.testing.assert_frame_equal(loaded.frame, Sample(FRAME).frame, check_exact=True)
    only_missing = Sample(FRAME[3:].assign(value=np.nan))
    only_missing.save(path)
    assert Sample.load(path) == only_missing
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.slow
@given(
    st.dictionaries(
        st.text("abné ,\"'\n;\t1", min_size=1, max_size=5).filter(str.strip),
        st.floats(allow_nan=True),
        max_size=6,
    )
)
@settings(max_examples=40)
def test_any_text_and_number_comes_back(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, float]
) -> None:
    frame = pd.DataFrame({"language": values.keys(), "average_signature": values.values()})
    table = AverageSignatures(frame.assign(category="Case", layer=0))
    for suffix in ("csv", "parquet"):
        path = tmp_path_factory.getbasetemp() / f"table.{suffix}"
        table.save(path)
        assert AverageSignatures.load(path) == table


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.csv: cannot read a table"):
        Sample.load(tmp_path / "absent.csv")
    with pytest.raises(InputError, match=r"absent\.parquet: cannot read a table"):
        Sample.load(tmp_path / "absent.parquet")
    (tmp_path / "text.parquet").write_text("no table")
    with pytest.raises(InputError, match=r"text\.parquet: cannot read a table"):
        Sample.load(tmp_path / "text.parquet")
    AverageSignatures.empty().save(tmp_path / "averages.csv")
    with pytest.raises(InputError, match=r"averages\.csv: Sample: no column kind"):
        Sample.load(tmp_path / "averages.csv")
    for refused in (Sample(FRAME).save, Sample.load):
        with pytest.raises(InputError, match=r"table\.txt: the name must end in \.csv or"):
            refused(tmp_path / "table.txt")


# Files that were written by hand

HEAD = "language,layer,kind,words,enough,value\n"


def written(folder: Path, text: str, head: str = HEAD) -> Path:
    path = folder / "table.csv"
    path.write_text(head + text, encoding="utf-8")
    return path


def test_files_written_by_hand_may_have_other_columns_spaces_and_a_mark(tmp_path: Path) -> None:
    text = 'nan, 0,plain,1,True,0.5,"a, b"\nde,,,2,False, 1e3 ,\n'
    path = written(tmp_path, text, "\ufefflanguage,layer,kind,words,enough,value,comment\n")
    table = Sample.read(path).frame
    assert table.astype(object).where(table.notna(), None).to_numpy().tolist() == [
        ["nan", 0, "plain", 1, True, 0.5],
        ["de", None, None, 2, False, 1000.0],
    ]
    assert Sample.read(written(tmp_path, "")) == Sample.empty()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("de,0,odd,1,True,1\nde,0,odd,1,True,2\n", "3: de, 0 is in line 2 already"),
        (",0,odd,1,True,1\n", "2: no language; fill it in"),
        ("de,0,odd,1,True, \n", "2: no value; fill it in"),
        ("de,0,odd,1,True\n", "2: no value; fill it in"),
        ("de,0,odd,1,True,high\n", "2: value 'high' is not a number, such as 71.5"),
        ("de,0,odd,1,True,nan\n", "2: value 'nan' is not a number, such as 71.5"),
        ("de,0,odd,1,True,1\nfr,0.5,odd,1,True,1\n", "3: layer '0.5' is not an integer"),
        ("de,0,odd,1,yes,1\n", "2: enough 'yes' is not True or False"),
        ("de,0,even,1,True,1\n", "2: kind must be one of plain, odd, got 'even'"),
        ("de,0,odd,1,True,1,more\n", "2: more fields than columns"),
    ],
)
def test_errors_in_files_written_by_hand_name_the_line(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(InputError) as error:
        Sample.read(written(tmp_path, text))
    assert f"table.csv:{message}" in str(error.value)


@pytest.mark.parametrize("head", ["", "task,metric,model,language\n"])
def test_missing_columns_of_files_written_by_hand_are_named(tmp_path: Path, head: str) -> None:
    with pytest.raises(InputError, match=r"table\.csv:1: no column .*value, source"):
        Scores.read(written(tmp_path, "", head))


def test_files_written_by_hand_must_exist_and_be_utf_8(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.csv: no such file"):
        Sample.read(tmp_path / "none.csv")
    path = tmp_path / "latin.csv"
    path.write_bytes(HEAD.encode() + "für,0,odd,1,True,1".encode("latin-1"))
    with pytest.raises(InputError, match=r"latin\.csv: not a UTF-8 file"):
        Sample.read(path)


# Arrays


@pytest.mark.slow
def test_keys_are_the_dimensions_of_the_array() -> None:
    rows = [("Case", 0, "de", 1.0), ("Case", 1, "nan", 2.0), ("Number", 0, "de", 3.0)]
    table = AverageSignatures(pd.DataFrame(rows, columns=list(AverageSignatures.columns)))
    array = table.to_xarray()["average_signature"]
    assert array.dims == ("category", "layer", "language") and array.shape == (2, 2, 2)
    assert array.sel(category="Case", layer=1, language="nan").item() == 2
    assert array.sum().item() == 6 and array.isnull().sum().item() == 5


def test_a_key_that_all_rows_lack_is_no_dimension() -> None:
    frame = pd.DataFrame({"layer": pd.array([0, 1, None], "Int64"), "language": "de"})
    frame = frame.assign(scope=["layer", "layer", "mean"], pearson=[0.1, 0.2, 0.3])
    frame = frame.drop(columns="language").assign(property="size", category="Case", enough=True)
    numbers = [name for name in Correlations.columns if name not in (*frame, "measure")]
    table = Correlations(frame.assign(**dict.fromkeys(numbers, 1)))
    layers = table.select(scope="layer").to_xarray()["pearson"]
    assert layers.sel(scope="layer", layer=1, property="size", category="Case").item() == 0.2
    means = table.select(scope="mean").to_xarray()["pearson"]
    assert means.dims == ("measure", "property", "category", "scope") and means.item() == 0.3
    with pytest.raises(InputError, match="layer is missing in some rows"):
        table.to_xarray()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"language,layer\nde,0\nfr,1,2,3\n", r"Expected 2 fields in line 3, saw 4$"),
        ("language\nø\n".encode("latin-1"), "not a UTF-8 file; save it as UTF-8$"),
    ],
)
def test_files_that_are_no_tables_are_one_line(
    content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / "table.csv").write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        AverageSignatures.load(tmp_path / "table.csv")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("frame", [None, {}, [1]])
def test_tables_are_made_from_pandas_tables(frame: object) -> None:
    with pytest.raises(InputError, match="must be made from a pandas DataFrame, got "):
        AverageSignatures(frame)  # type: ignore[arg-type]
