import errno
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from langsig.files import (
    atomic_directory,
    atomic_file,
    check_output,
    explained_copy,
    reserve,
    room_for,
    write_file,
    write_table,
)

CONTENT = bytes(200_000)


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


@pytest.mark.parametrize("name", ["x" * 250 + ".csv", "x" * 300])
def test_names_that_are_too_long_are_refused_first(name: str, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"nothing can be written in .*: File name too long; name"):
        check_output(tmp_path / name)
    assert names(tmp_path) == []


def test_inputs_are_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "words.csv"
    target.write_text("old")
    (tmp_path / "link.csv").symlink_to(target)
    check_output(target, inputs=[tmp_path, tmp_path / "missing"])
    for name in (target, tmp_path / "link.csv"):
        with pytest.raises(FileExistsError, match="is one of the files to read; name another"):
            check_output(target, inputs=[name])
    assert target.read_text() == "old"


@pytest.mark.skipif(not os.path.ismount("/proc"), reason="there is no mount point /proc")
def test_mount_points_are_not_replaced() -> None:
    with pytest.raises(OSError, match=r"mount point|nothing can be written"):
        check_output("/proc", directory=True)


def test_file_that_another_process_writes_is_refused(tmp_path: Path) -> None:
    for name, writer in {"model": atomic_directory, "table.csv": atomic_file}.items():
        inside, done = threading.Event(), threading.Event()

        def first(
            target: Path = tmp_path / name,
            writer: Callable[..., Any] = writer,
            inside: threading.Event = inside,
            done: threading.Event = done,
        ) -> None:
            with writer(target) as output:
                (output / "weights" if output.is_dir() else output).write_text("first")
                inside.set()
                done.wait(60)

        thread = threading.Thread(target=first)
        thread.start()
        assert inside.wait(60)
        with pytest.raises(FileExistsError, match="another process is writing it; wait"):
            check_output(tmp_path / name, directory=name == "model")
        with pytest.raises(FileExistsError, match="another process"), writer(tmp_path / name):
            pass
        done.set()
        thread.join()
    assert (tmp_path / "table.csv").read_text() == "first"
    assert (tmp_path / "model/weights").read_text() == "first"
    assert names(tmp_path) == ["model", "table.csv"]


@contextmanager
def no_room(size: int = 100_000) -> Iterator[None]:
    """Files cannot become larger than a number of bytes, as if the disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def needs(error: OSError) -> int:
    """Number of bytes that the error says are needed."""
    pattern = r"needs (?:more than )?([\d,]+) bytes \(.*; [\d,]+ bytes are free"
    match = re.search(pattern, str(error))
    assert match, error
    return int(match[1].replace(",", ""))


def test_full_disk_is_named_with_the_bytes_needed(tmp_path: Path) -> None:
    target = tmp_path / "table.csv"
    target.write_text("old")
    with pytest.raises(OSError, match="free some space") as raised, no_room():
        write_file(target, CONTENT)
    assert needs(raised.value) == len(CONTENT) and raised.value.filename == str(target)
    assert target.read_text() == "old" and names(tmp_path) == ["table.csv"]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_tables_are_written_whole(suffix: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"word": ["Æble", "日本"] * 9_000, "value": np.arange(18_000) / 7})
    target = tmp_path / f"table.{suffix}"
    with pytest.raises(OSError, match="needs") as raised, no_room(20_000):
        write_table(frame, target)
    assert names(tmp_path) == []
    write_table(frame, target)
    assert needs(raised.value) == target.stat().st_size
    read = pd.read_csv(target) if suffix == "csv" else pd.read_parquet(target)
    pd.testing.assert_frame_equal(read, frame)


def save_tensors(path: Path) -> None:
    save_file({"zeros": np.frombuffer(CONTENT, np.uint8)}, path)


def save_array(path: Path) -> None:
    np.save(path, np.frombuffer(CONTENT, np.uint8))


def save_frame(path: Path) -> None:
    pd.DataFrame({"value": np.random.default_rng(0).random(30_000)}).to_parquet(path)


def save_bytes(path: Path) -> None:
    path.write_bytes(CONTENT)


@pytest.mark.parametrize("save", [save_tensors, save_array, save_frame, save_bytes])
def test_full_disk_is_named_whatever_library_writes(
    save: Callable[[Path], None], tmp_path: Path
) -> None:
    file, folder = tmp_path / "file.npy", tmp_path / "folder"
    with pytest.raises(OSError, match="more than") as raised, no_room(), atomic_file(file) as one:
        save(one)
    assert raised.value.filename == str(file)
    several = atomic_directory(folder)
    with pytest.raises(OSError, match="more than") as raised, no_room(), several as output:
        (output / "first").write_bytes(bytes(50_000))
        save(output / "second.npy")
    assert raised.value.filename == str(folder) and needs(raised.value) >= 50_000
    assert names(tmp_path) == []


def test_full_disk_is_named_for_writers_that_do_not_say_so(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "states" / "first"
    with pytest.raises(OSError, match="free some") as raised, no_room(), room_for(200_000, folder):
        raise RuntimeError("unexpected pos 64 vs 0")
    assert raised.value.filename == str(folder) and needs(raised.value) == 200_000
    with pytest.raises(RuntimeError, match="another"), room_for(200_000, folder):
        raise RuntimeError("another")
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(OSError, match="free some") as raised, room_for(10 * free, folder):
        raise AssertionError("it starts only if there is room")
    assert needs(raised.value) == 10 * free
    assert names(folder) == []


def test_full_disk_is_named_when_files_are_copied(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(bytes(30))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/two").write_bytes(bytes(12))
    sources = [tmp_path / "one", tmp_path / "folder"]
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    explained = explained_copy(full, sources, tmp_path)
    assert needs(explained) == 42 and explained.filename == str(tmp_path)
    for other in (OSError(5, "Input/output error"), explained):
        assert explained_copy(other, sources, tmp_path) is other


def test_other_errors_stay_as_they_are(tmp_path: Path) -> None:
    for error in (OSError(5, "Input/output error"), ValueError("os error"), OSError("a message")):
        with pytest.raises(type(error)) as raised, atomic_file(tmp_path / "file"):
            raise error
        assert raised.value is error


def test_room_is_reserved_before_a_file_is_mapped(tmp_path: Path) -> None:
    path = tmp_path / "states.npy"
    path.touch()
    with pytest.raises(OSError, match="needs") as raised, no_room():
        reserve(path, 200_000)
    assert needs(raised.value) == 200_000 and raised.value.filename == str(path)
    array = np.lib.format.open_memmap(path, "w+", np.float32, (25_000, 2))
    size = path.stat().st_size
    reserve(path, size)
    array[:] = 1
    array.flush()
    assert path.stat().st_size == size
    if hasattr(os, "posix_fallocate"):
        assert path.stat().st_blocks * 512 >= size


def test_nothing_needs_no_room(tmp_path: Path) -> None:
    write_file(tmp_path / "empty", b"")
    assert (tmp_path / "empty").read_bytes() == b""


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
