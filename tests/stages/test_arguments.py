"""Arguments of stages are checked before anything runs."""

import pytest

import stages.__main__
from langsig.errors import InputError
from stages.arguments import checked


@pytest.fixture(autouse=True)
def _no_warm_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run stages in this process, also after tests of the pipeline, which use forks."""
    monkeypatch.delenv("LANGSIG_WARM", raising=False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "this stage takes ROLE LANGUAGE, got nothing"),
        (["control"], "this stage takes ROLE LANGUAGE, got control"),
        (["control", "qaa", "qab"], "this stage takes ROLE LANGUAGE, got control qaa qab"),
        (["judge", "qaa"], "role must be one of control, experimental; got 'judge'"),
        (["control", "xx"], "language must be one of qaa, qab; got 'xx'"),
    ],
)
def test_wrong_arguments(arguments: list[str], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        checked(arguments, role=("control", "experimental"), language=("qaa", "qab"))


def test_known_arguments_are_returned() -> None:
    assert checked(["qab"], language=("qaa", "qab")) == ["qab"]


@pytest.mark.parametrize(
    ("stage", "arguments"),
    [
        ("annotate", ["xx"]),
        ("clean", ["xx"]),
        ("pack", ["xx"]),
        ("pretrain", ["xx"]),
        ("extract", ["control", "xx"]),
        ("covariance", ["xx"]),
        ("untrained", ["xx"]),
        ("residuals", ["xx"]),
        ("factorize", ["xx"]),
        ("uncertainty", ["xx"]),
    ],
)
def test_stages_name_what_they_know(stage: str, arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"^error: \w+ must be one of \S+, .*; got 'xx'$"):
        stages.__main__.main([stage, *arguments])


@pytest.mark.parametrize("arguments", [[], ["common"], ["annotat"]])
def test_unknown_stages(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match=r"^error: stage must be one of analyse, annotate, .*"):
        stages.__main__.main(arguments)


def test_an_interrupted_stage_ends_without_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(stages.__main__, "run_in_fork", interrupted)
    assert stages.__main__.main(["annotate", "qaa"]) == 130
