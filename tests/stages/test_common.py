from pathlib import Path

from stages.common import read_all


def test_tables_without_rows_change_no_types(tmp_path: Path) -> None:
    texts = {"full": "layer,value,language\n0,1.5,nan\n", "empty": "layer,value,language\n"}
    for name, text in texts.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "table.csv").write_text(text)
    found = read_all([tmp_path / "empty", tmp_path / "full"], "table.csv")
    assert found["layer"].dtype == "int64" and found["language"].tolist() == ["nan"]
    assert list(read_all([tmp_path / "empty"], "table.csv")) == list(found)
