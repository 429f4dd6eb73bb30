"""What a person sees while stages run."""

import io
import sys

import dvc.progress
import dvc_data.callbacks
import pytest

from langsig.repository.progress import Progress
from langsig.repository.running import dvc_without_bars


class Terminal(io.StringIO):
    """Standard error on a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_what_is_running(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress(["train@x", "train@y", "fit"]) as progress:
        progress.start("train@x")
        progress.start("train@y")
        assert terminal.getvalue().endswith("  train@x, train@y")
        progress.end("train@x", ran=True)
        assert "1 of 3 stages" in terminal.getvalue()
        assert terminal.getvalue().rstrip().endswith("  train@y")
        assert not capsys.readouterr().out, "the step is not complete"
        progress.end("train@y", ran=True)
        assert capsys.readouterr().out == "train    2 of 2      0:00\n"
    last = terminal.getvalue().rstrip("\r").rpartition("\r")[2]
    assert not last.strip(), "the bar is gone in the end"


def test_dvc_shows_no_bars_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    for module in (dvc.progress, dvc_data.callbacks):
        with dvc_without_bars(), module.Tqdm(total=1):
            assert not terminal.getvalue()
    for module in (dvc.progress, dvc_data.callbacks):
        with module.Tqdm(total=1):
            assert "%" in terminal.getvalue(), "which it does otherwise"
        terminal.truncate(0)


def test_elsewhere_there_are_lines_only(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(["data.dvc", "fit", "page"]) as progress:
        for name in ("data.dvc", "fit", "page"):
            progress.start(name)
            progress.end(name, ran=name != "page")
        progress.summary()
    printed = capsys.readouterr()
    assert printed.out == ("fit     1 of 1      0:00\n1 of 3 stages were up to date\n"), (
        "neither imports nor what was up to date"
    )
    assert not printed.err


def test_time_is_that_during_which_a_stage_of_the_step_ran(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    with Progress(["fit@a", "fit@b", "fit@c"]) as progress:
        progress.start("fit@a")
        now = 60
        progress.start("fit@b")
        progress.end("fit@a", ran=True)
        now = 90
        progress.end("fit@b", ran=True)
        now = 5000
        progress.start("fit@c")
        now = 8605
        progress.end("fit@c", ran=True, restored=True)
    assert capsys.readouterr().out == "fit    3 of 3   1:01:35  (1 from the cache)\n"
