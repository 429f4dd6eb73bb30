"""What all parts have in common: how a trial ends, and what is kept of it."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.clones import Clone
from tests.torture.programs import Ended, run
from tests.torture.record import Record, Trial
from tests.torture.undisturbed import Reference

# Of messages that name processes, so that the table counts them together.
_WORDS = (
    "dvc.lock",
    "rwlock",
    "Unable to acquire lock",
    "another process is writing",
    "another process is training",
    "No such file or directory",
    "another command is running in this clone",
    "another langsig command is running stages or importing data in this clone",
)


class Torture(NamedTuple):
    """What all parts need."""

    folder: Path
    """For clones and other files."""
    reference: Reference
    record: Record
    times: int
    """Number of trials per case."""
    jobs: int
    """Number of stages that ``langsig repro`` runs at a time."""
    seed: int
    kinds: dict[str, list[str]]
    """Stages by their kind: those that are disturbed on their own."""

    def missing(self, part: str, case: str, times: int | None = None) -> list[tuple[int, Random]]:
        """Numbers of the trials that have not been made, each with its own random numbers."""
        return [
            (number, Random(f"{self.seed} {part} {case} {number}"))
            for number in range(1, (times or self.times) + 1)
            if not self.record.has(part, case, number)
        ]

    def repro(self, number: int) -> tuple[str, ...]:
        """``dvc repro`` and ``langsig repro`` by turns."""
        return ("dvc", "repro") if number % 2 else ("langsig", "repro", "--jobs", str(self.jobs))

    @contextmanager
    def clone(self, name: str) -> Iterator[Clone]:
        """A copy of the undisturbed run for the duration of the block."""
        clone = self.reference.copy(self.folder / name)
        try:
            yield clone
        finally:
            shutil.rmtree(clone.folder)

    def end(
        self,
        part: str,
        case: str,
        number: int,
        moment: str,
        disturbed: Ended,
        again: Sequence[Ended],
        losses: Sequence[str],
        *,
        in_time: bool | None = None,
        remark: str = "",
        clone: Clone,
    ) -> bool:
        """Record a trial, and keep the clone if something was lost.

        Parameters
        ----------
        part, case, number, moment
            The trial.
        disturbed
            The command that was disturbed.
        again
            Commands that have run afterwards. The last one must have succeeded.
        losses
            What is not as it must be.
        in_time
            Whether the disturbance was in time (default: whether the command was killed).
        remark
            For the table.
        clone
            The clone in which it happened.

        Returns
        -------
        bool
            Whether nothing was lost. Otherwise there is a new copy of the undisturbed run now.
        """
        failed = bool(again) and again[-1].code != 0
        remarks = [remark, *losses, f"failed: {cause(again[-1])}" if failed else ""]
        trial = Trial(
            part,
            case,
            number,
            disturbed.code < 0 if in_time is None else in_time,
            not losses and not failed,
            sum(ended.tracebacks for ended in (disturbed, *again)),
            round(disturbed.seconds, 2),
            moment,
            "; ".join(filter(None, remarks)),
        )
        self.record.add(trial)
        if trial.recovered and not trial.tracebacks:
            return True
        kept = self.folder / "lost" / f"{part} {case} {number}".replace(" ", "-")
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(clone.folder, kept / "clone", symlinks=True)
        texts = (f"{ended.code}\n{ended.printed}\n{ended.errors}" for ended in (disturbed, *again))
        (kept / "printed.txt").write_text("\n\n".join(texts))
        return trial.recovered

    def again(self, clone: Clone, number: int) -> tuple[list[Ended], str]:
        """Bring the pipeline up to date, with ``dvc repro`` or ``langsig repro``.

        DVC does not write ``dvc.lock`` in one step, so ``dvc repro`` may find half of it. Then
        ``langsig repro``, which repairs that, runs next.

        Returns
        -------
        list of Ended
            What has run.
        str
            A remark for the table.
        """
        ended = run(clone, *self.repro(number))
        if not ended.code or not number % 2:
            return [ended], ""
        remark = f"dvc repro refused ({cause(ended)}) before langsig repro"
        return [ended, run(clone, *self.repro(0))], remark


def cause(ended: Ended) -> str:
    """What a failed command complains of, in few words."""
    known = [words for words in _WORDS if words in ended.errors]
    return known[0] if known else ended.message[:200]
