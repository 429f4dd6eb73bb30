import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from langsig.files import atomic_directory, atomic_file, check_output


def names(directory: Path) -> list[str]:
    return sorted(entry.name for entry in directory.iterdir())


def test_file_appears_only_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "new" / "table.csv"
    with atomic_file(target) as temporary:
        temporary.write_text("a")
        assert not target.exists()
        assert temporary.parent == target.parent
        assert temporary.suffix == ".csv"
    assert target.read_text() == "a"
    assert names(target.parent) == ["table.csv"]


def test_failed_file_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_file(target) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert target.read_text() == "old"
    assert names(tmp_path) == ["table.csv"]


def test_links_to_files_are_replaced(tmp_path: Path) -> None:
    cached = tmp_path / "cached"
    cached.write_text("old")
    target = tmp_path / "table.csv"
    target.symlink_to(cached)
    with atomic_file(target) as temporary:
        temporary.write_text("new")
    assert cached.read_text() == "old"
    assert target.read_text() == "new"


def test_files_have_the_default_permissions(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    with atomic_file(tmp_path / "atomic") as temporary:
        temporary.touch()
    assert (tmp_path / "atomic").stat().st_mode == plain.stat().st_mode


def test_directory_appears_only_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "new" / "model"
    with atomic_directory(target) as temporary:
        (temporary / "weights").write_text("a")
        assert not target.exists()
    assert names(target) == ["weights"]
    assert names(target.parent) == ["model"]


def test_directories_are_replaced_completely(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    (target / "stale").touch()
    with atomic_directory(target) as temporary:
        (temporary / "weights").touch()
        assert names(target) == ["stale"]
    assert names(target) == ["weights"]
    assert names(tmp_path) == ["model"]


def test_failed_directory_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    (target / "weights").write_text("old")
    with pytest.raises(RuntimeError), atomic_directory(target) as temporary:
        (temporary / "weights").write_text("half")
        raise RuntimeError
    assert (target / "weights").read_text() == "old"
    assert names(tmp_path) == ["model"]


def test_the_old_directory_is_restored_if_the_new_one_is_missing(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    (target / "weights").write_text("old")
    with pytest.raises(FileNotFoundError), atomic_directory(target) as temporary:
        temporary.rmdir()
    assert (target / "weights").read_text() == "old"
    assert names(tmp_path) == ["model"]


def test_links_to_directories_are_replaced(tmp_path: Path) -> None:
    cached = tmp_path / "cached"
    cached.mkdir()
    (cached / "weights").touch()
    target = tmp_path / "model"
    target.symlink_to(cached)
    with atomic_directory(target) as temporary:
        (temporary / "other").touch()
    assert names(cached) == ["weights"]
    assert names(target) == ["other"]


def test_directory_refuses_to_replace_a_file(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.touch()
    with pytest.raises(NotADirectoryError, match="is a file"), atomic_directory(target):
        pass
    assert target.is_file()


def test_file_refuses_to_replace_a_directory(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="is a directory; name a file"):
        check_output(tmp_path)
    with pytest.raises(IsADirectoryError), atomic_file(tmp_path):
        pass


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_pipes_and_devices_are_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link"
    link.symlink_to(os.devnull)
    for path in (pipe, link, Path(os.devnull)):
        with pytest.raises(FileExistsError, match="device or a pipe"):
            check_output(path)
        with pytest.raises(FileExistsError), atomic_file(path):
            pass
    assert names(tmp_path) == ["link", "pipe"]


def test_parent_must_be_a_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for directory in (False, True):
        with pytest.raises(NotADirectoryError, match="file is not a directory"):
            check_output(tmp_path / "file" / "new" / "table.csv", directory=directory)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_parent_must_be_writable(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="no permission to write"):
        check_output(tmp_path / "new" / "table.csv")


def test_checking_an_output_changes_nothing(tmp_path: Path) -> None:
    check_output(tmp_path / "new" / "table.csv")
    check_output(tmp_path / "new", directory=True)
    check_output(tmp_path, directory=True)
    assert names(tmp_path) == []


def test_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with atomic_file("table.csv") as temporary:
        temporary.touch()
    with atomic_directory(os.path.join("a", "b")) as temporary:
        pass
    assert names(tmp_path) == ["a", "table.csv"]


def test_leftovers_of_a_killed_process_are_removed_with_the_next_write(tmp_path: Path) -> None:
    for name, writer in {"model": atomic_directory, "table.csv": atomic_file}.items():
        killed = f"""
import os, signal
from langsig.files import {writer.__name__} as writer
with writer({str(tmp_path / name)!r}) as temporary:
    (temporary / "half" if temporary.is_dir() else temporary).write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
        process = subprocess.run([sys.executable, "-c", killed])
        assert process.returncode == -signal.SIGKILL
        assert not (tmp_path / name).exists()
    assert len(names(tmp_path)) == 2, "both have left files"
    with atomic_directory(tmp_path / "model") as temporary:
        assert names(temporary) == []
    with atomic_file(tmp_path / "table.csv") as temporary:
        temporary.write_text("whole")
    assert names(tmp_path) == ["model", "table.csv"]
