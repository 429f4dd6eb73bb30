"""The trials that have been made, in a file that grows line by line, and the table of them."""

import csv
import statistics
from collections import Counter
from pathlib import Path
from typing import NamedTuple


class Trial(NamedTuple):
    """One disturbance, and the state afterwards."""

    part: str
    """Part of the script, such as ``stages``."""
    case: str
    """Row of the table, such as the kind of a stage."""
    number: int
    disturbed: bool
    """Whether the disturbance was in time: the command was killed, failed or was refused."""
    recovered: bool
    """Whether everything was as in the undisturbed run afterwards."""
    tracebacks: int
    seconds: float
    """Time of the disturbed command."""
    moment: str
    """What was disturbed, and when."""
    remark: str
    """What the table is to mention, or what was lost."""


class Record:
    """Trials in a CSV file. Those that it holds already are not made again.

    Parameters
    ----------
    path
        The file, which is made if it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.trials: list[Trial] = []
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                self.trials = [_trial(row) for row in csv.DictReader(file)]
        else:
            self._write([*Trial._fields])

    def has(self, part: str, case: str, number: int) -> bool:
        """Whether a trial has been made."""
        return any(trial[:3] == (part, case, number) for trial in self.trials)

    def add(self, trial: Trial) -> None:
        """Keep a trial and print a line about it."""
        self.trials.append(trial)
        self._write([*trial])
        result = "recovered" if trial.recovered else "LOST"
        print(
            f"{trial.part} {trial.case} {trial.number}: {trial.moment}; {result}"
            + (f"; {trial.tracebacks} TRACEBACKS" if trial.tracebacks else "")
            + (f"; {trial.remark}" if trial.remark else ""),
            flush=True,
        )

    def _write(self, cells: list[object]) -> None:
        with self._path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(cells)

    def losses(self) -> int:
        """Number of trials after which something was lost, or in which there was a traceback."""
        return sum(not trial.recovered or trial.tracebacks > 0 for trial in self.trials)

    def table(self) -> str:
        """One row per part and case, in Markdown."""
        cases: dict[tuple[str, str], list[Trial]] = {}
        for trial in self.trials:
            cases.setdefault((trial.part, trial.case), []).append(trial)
        lines = [
            "| part | case | trials | disturbed | recovered | losses | tracebacks | seconds "
            "| remarks |",
            "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
        ]
        for (part, case), trials in cases.items():
            recovered = sum(trial.recovered for trial in trials)
            remarks = Counter(trial.remark for trial in trials if trial.remark)
            cells = [
                part,
                case,
                len(trials),
                sum(trial.disturbed for trial in trials),
                recovered,
                len(trials) - recovered,
                sum(trial.tracebacks for trial in trials),
                f"{statistics.median(trial.seconds for trial in trials):.1f}",
                "; ".join(f"{count} x {remark}" for remark, count in remarks.items()),
            ]
            lines.append(f"| {' | '.join(map(str, cells))} |")
        return "\n".join(lines)


def _trial(row: dict[str, str]) -> Trial:
    return Trial(
        row["part"],
        row["case"],
        int(row["number"]),
        row["disturbed"] == "True",
        row["recovered"] == "True",
        int(row["tracebacks"]),
        float(row["seconds"]),
        row["moment"],
        row["remark"],
    )
