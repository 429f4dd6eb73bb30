"""Disks that are full, and a cache that cannot be written.

Only root can mount what these need. Elsewhere these parts are skipped, and say so.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.clones import Clone
from tests.torture.kills import NAMES_COMMIT, compare_command
from tests.torture.programs import Ended, run
from tests.torture.trials import Torture
from tests.torture.undisturbed import start

_ROOM = 1 << 30  # bytes
_PAGE = 4096
_TIMES = 3  # sizes per stage
_NEEDS = re.compile(r"\S+: needs (more than )?[\d,]+ bytes \(")


class Disk:
    """A file system in memory.

    Parameters
    ----------
    folder
        Where it is mounted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def resize(self, size: int) -> None:
        """Change how much it can hold."""
        subprocess.run(["mount", "-o", f"remount,size={max(size, _PAGE)}", self.folder], check=True)

    def used(self) -> int:
        """Number of bytes that it holds."""
        usage = os.statvfs(self.folder)
        return (usage.f_blocks - usage.f_bfree) * usage.f_frsize


@contextmanager
def mounted() -> Iterator[Disk | None]:
    """A file system for the duration of the block; None if this user cannot mount one."""
    with tempfile.TemporaryDirectory(prefix="langsig-disk-") as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={_ROOM}", "tmpfs", folder]
        if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
            yield None
            return
        try:
            yield Disk(Path(folder))
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def full(torture: Torture) -> None:
    """A disk on which a stage, or the table of ``langsig compare``, has no room."""
    reference, times = torture.reference, min(_TIMES, torture.times)
    with mounted() as disk:
        if disk is None:
            print("disk: skipped, as this user cannot mount a file system")
            return
        clone = reference.copy(disk.folder / "clone")
        for kind, names in torture.kinds.items():
            for number, random in torture.missing("disk", kind, times):
                name = random.choice(names)
                reference.forget(clone, name)
                free = random.randrange(max(reference.size(name), _PAGE))
                _trial(torture, disk, clone, kind, number, torture.repro(number), free, name)
        for number, _ in torture.missing("disk", "compare", times):
            command = compare_command("signatures.csv")
            _trial(torture, disk, clone, "compare", number, command, 0, "compare")
            (clone.folder / "signatures.csv").unlink(missing_ok=True)


def full_in_whole_runs(torture: Torture) -> None:
    """A disk that becomes full at some point of a run of everything."""
    case = "everything"
    with mounted() as disk:
        if disk is None:
            print("whole-disk: skipped, as this user cannot mount a file system")
            return
        torture.reference.copy(disk.folder / "clone")
        whole = disk.used()
        for number, random in torture.missing("disk", case, min(_TIMES, torture.times)):
            shutil.rmtree(disk.folder / "clone")
            clone = start(disk.folder / "clone")
            free = random.randrange(whole - disk.used())
            _trial(torture, disk, clone, case, number, torture.repro(number), free, case)


def _trial(
    torture: Torture,
    disk: Disk,
    clone: Clone,
    case: str,
    number: int,
    command: tuple[str, ...],
    free: int,
    name: str,
) -> None:
    disk.resize(disk.used() + free)
    failed = run(clone, *command)
    disk.resize(_ROOM)
    again, repaired = torture.again(clone, number)
    unclear, of_dvc = _unclear(failed)
    but = NAMES_COMMIT if name == "everything" else frozenset()
    losses = [] if again[-1].code else torture.reference.losses(clone, but=but)
    moment = f"{command[0]} {name}, {free:,} bytes free"
    if not torture.end(
        "disk", case, number, moment, failed, again, [*unclear, *losses],
        in_time=failed.code > 0, remark="; ".join(filter(None, [of_dvc, repaired])), clone=clone,
    ):  # fmt: skip
        torture.reference.copy(clone.folder)


def _unclear(failed: Ended) -> tuple[list[str], str]:
    """Whether one line says which file needs how many bytes.

    Returns
    -------
    list of str
        What is wrong with the message.
    str
        A remark for the table: a message that DVC alone has written names the file only.
    """
    text = failed.printed + failed.errors
    if not failed.code or _NEEDS.search(text):
        return [], ""
    if "Running stage" in failed.printed and "No space left on device: '" in text:
        return [], "DVC names the file, but not how many bytes"
    return [f"unclear message: {failed.message[:200]}"], ""


def read_only_cache(torture: Torture) -> None:
    """A cache that is mounted read-only, while each kind of stage runs."""
    with mounted() as disk:
        if disk is None:
            print("cache: skipped, as this user cannot mount a file system")
            return
        for kind, names in torture.kinds.items():
            for number, random in torture.missing("cache", kind, 1):
                clone = torture.reference.copy(disk.folder / "clone")
                name = random.choice(names)
                torture.reference.forget(clone, name)
                cache = str(clone.folder / ".dvc/cache")
                subprocess.run(["mount", "--bind", cache, cache], check=True)
                subprocess.run(["mount", "-o", "remount,bind,ro", cache], check=True)
                command = torture.repro(random.randrange(2))
                failed = run(clone, *command)
                subprocess.run(["umount", cache], check=True)
                again, remark = torture.again(clone, number)
                losses = [] if again[-1].code else torture.reference.losses(clone)
                if not failed.code and command[0] == "dvc":
                    remark = "; ".join(filter(None, [remark, "dvc repro ended with exit code 0"]))
                elif not failed.code:
                    losses.append("exit code 0")
                if "cache" not in failed.errors:
                    losses.append(f"unclear message: {failed.message[:200]}")
                torture.end(
                    "cache", kind, number, name, failed, again, losses,
                    in_time=failed.code > 0, remark=remark, clone=clone,
                )  # fmt: skip
                shutil.rmtree(clone.folder)
