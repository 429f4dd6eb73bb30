"""Signatures from files and from the folder of a run. Repositories are in the examples."""

from pathlib import Path

import pandas as pd
import pytest

import langsig
from langsig.errors import InputError
from langsig.schemas import Signatures


def table(category: str, *, factor: float = 1.0) -> Signatures:
    rows = [
        (category, layer, language, component, factor * (layer + component + 1))
        for layer in range(2)
        for language in ("de", "nan")  # a language code that pandas could take for missing
        for component in range(2)
    ]
    return Signatures(pd.DataFrame(rows, columns=list(Signatures.columns)))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_files(suffix: str, tmp_path: Path) -> None:
    table("Number", factor=1 / 3).save(tmp_path / f"signatures.{suffix}")
    loaded = langsig.load_signatures(tmp_path / f"signatures.{suffix}")
    assert loaded == table("Number", factor=1 / 3)


def test_folders_have_one_folder_per_category(tmp_path: Path) -> None:
    for category in ("Number", "Case"):
        table(category).save(
            tmp_path / f"artifacts/signatures/{category.lower()}/signatures.parquet"
        )
    expected = Signatures.concat([table("Case"), table("Number")])
    assert langsig.load_signatures(str(tmp_path)) == expected
    assert langsig.load_signatures(tmp_path / "artifacts/signatures") == expected


def test_sources_without_signatures_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{tmp_path}: no signatures; name a folder"):
        langsig.load_signatures(tmp_path)
    with pytest.raises(InputError, match=r"missing\.csv: no such file or folder; to load from a"):
        langsig.load_signatures("missing.csv")
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match=r"must end in \.csv or \.parquet"):
        langsig.load_signatures(tmp_path / "notes.txt")
    table("Number").average().save(tmp_path / "averages.csv")
    with pytest.raises(InputError, match=r"averages\.csv: Signatures: no column component"):
        langsig.load_signatures(tmp_path / "averages.csv")


def test_version_and_stage_exclude_each_other() -> None:
    with pytest.raises(InputError, match=r"v1\.0\.0 .*prod"):
        langsig.load_signatures(".", "v1.0.0", stage="prod")
