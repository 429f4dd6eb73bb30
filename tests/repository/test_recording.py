"""``dvc.lock``, written entry by entry."""

import json
from pathlib import Path

import pytest
from dvc.utils.serialize import dump_yaml, load_yaml, modify_yaml

from langsig.repository.recording import LockFile

ORDER = ["a@x", "a@y", "b", "c"]


def entry(number: int) -> dict[str, object]:
    """What the file has of a stage, with values that need quotes or are broken into lines."""
    return {
        "cmd": f"echo {number} " + "and a long line " * 10,
        "deps": [{"path": "no", "hash": "md5", "md5": f"{number}e5", "size": number}],
        "params": {"params.yaml": {"a: b": [1.0e-6, None, "yes"], "é": "'"}},
    }


@pytest.mark.parametrize("names", [["a@x", "a@y", "b", "c"], ["c", "a@y", "b", "a@x"]])
def test_the_file_does_not_depend_on_which_stage_ends_first(
    names: list[str], tmp_path: Path
) -> None:
    lock = LockFile(tmp_path / "dvc.lock", ORDER)
    for name in names:
        assert lock.write(name, entry(ORDER.index(name)))
        assert list(load_yaml(tmp_path / "dvc.lock")["stages"]) == [
            stage for stage in ORDER if stage in names[: names.index(name) + 1]
        ]
    expected = {
        "schema": "2.0",
        "stages": {name: entry(number) for number, name in enumerate(ORDER)},
    }
    dump_yaml(tmp_path / "expected", expected)
    assert (tmp_path / "dvc.lock").read_bytes() == (tmp_path / "expected").read_bytes()


def test_the_rest_of_a_file_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "dvc.lock"
    content = {
        "schema": "2.0",
        "stages": {name: entry(1) for name in ("removed", "c", "0", "a@x")},
        "datasets": [{"name": "d", "type": "url", "url": "s3://b"}],
    }
    dump_yaml(path, content)
    dump_yaml(tmp_path / "expected", content)
    with modify_yaml(tmp_path / "expected") as data:
        data["stages"]["c"] = entry(2)
    lock = LockFile(path, ORDER)
    assert not lock.write("c", entry(1)), "nothing changes"
    assert lock.write("c", entry(2))
    assert path.read_bytes() == (tmp_path / "expected").read_bytes()
    assert lock.write("b", entry(3))
    assert list(load_yaml(path)["stages"]) == ["removed", "b", "c", "0", "a@x"]
    assert load_yaml(path)["datasets"] == content["datasets"]


@pytest.mark.parametrize("text", ["", "schema: '2.0'\n", "schema: '2.0'\nstages: {}\n"])
def test_a_file_without_stages_gets_some(text: str, tmp_path: Path) -> None:
    path = tmp_path / "dvc.lock"
    path.write_text(text)
    LockFile(path, ORDER).write("b", entry(1))
    assert load_yaml(path) == {"schema": "2.0", "stages": {"b": entry(1)}}


def test_a_file_may_be_written_as_json(tmp_path: Path) -> None:
    path = tmp_path / "dvc.lock"
    path.write_text(json.dumps({"schema": "2.0", "stages": {"c": entry(1)}}))
    LockFile(path, ORDER).write("b", entry(2))
    assert load_yaml(path) == {"schema": "2.0", "stages": {"b": entry(2), "c": entry(1)}}
