"""What a person sees of a run: a line per step of ``dvc.yaml``, and a bar on a terminal."""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Self

from tqdm import tqdm


class Progress:
    """Prints a line for each step once all its stages are up to date.

    The stages of all languages, or categories, are one step. Steps of which no stage has run are
    not shown, nor are imports. On a terminal, standard error has a bar meanwhile.

    Parameters
    ----------
    stages
        Names of all stages that are brought up to date.
    """

    def __init__(self, stages: Sequence[str]) -> None:
        steps = [_step(stage) for stage in stages]
        self._total = Counter(steps)
        self._width = max((len(step) for step in steps if not _is_import(step)), default=0)
        self._left = self._total.copy()
        self._ran: Counter[str] = Counter()
        self._restored: Counter[str] = Counter()
        self._running: dict[str, None] = {}
        self._started: dict[str, float] = {}
        self._seconds = dict.fromkeys(steps, 0.0)
        self._bar = tqdm(
            total=len(stages),
            bar_format="{n_fmt} of {total_fmt} stages |{bar:20}| {elapsed}  {desc}",
            dynamic_ncols=True,
            leave=False,
            disable=not sys.stderr.isatty(),
        )

    def start(self, stage: str) -> None:
        """Note that a stage is being brought up to date."""
        if not any(_step(other) == _step(stage) for other in self._running):
            self._started[_step(stage)] = time.monotonic()
        self._running[stage] = None
        self.refresh()

    def end(self, stage: str, *, ran: bool = False, restored: bool = False) -> None:
        """Note that it is up to date.

        Parameters
        ----------
        stage
            The stage.
        ran
            Whether it was not up to date before.
        restored
            Whether its outputs come from the cache.
        """
        step = _step(stage)
        self._running.pop(stage)
        if not any(_step(other) == step for other in self._running):
            self._seconds[step] += time.monotonic() - self._started[step]
        self._left[step] -= 1
        self._ran[step] += ran
        self._restored[step] += restored
        self._bar.update()
        self.refresh()
        if not self._left[step] and self._ran[step] and not _is_import(step):
            self._print(self._line(step))

    def _line(self, step: str) -> str:
        count = f"{self._ran[step]} of {self._total[step]}"
        line = f"{step:{self._width}}  {count:>8}  {_duration(self._seconds[step]):>8}"
        restored = self._restored[step]
        return f"{line}  ({restored} from the cache)" if restored else line

    def refresh(self) -> None:
        """Show which stages are running, and for how long the run has lasted."""
        self._bar.set_description_str(", ".join(self._running))

    def summary(self) -> None:
        """Say how many stages were up to date before, if any."""
        total, ran = self._total.total(), self._ran.total()
        if not ran:
            self._print(f"all {total} stages are up to date")
        elif ran < total:
            self._print(f"{total - ran} of {total} stages were up to date")

    def _print(self, line: str) -> None:
        self._bar.write(line, file=sys.stdout)
        sys.stdout.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()


def _step(stage: str) -> str:
    """The step of ``dvc.yaml`` that a stage belongs to."""
    return stage.partition("@")[0]


def _is_import(step: str) -> bool:
    return step.endswith(".dvc")


def _duration(seconds: float) -> str:
    """Hours, if any, minutes and seconds, as in 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
