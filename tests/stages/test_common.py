import pytest

from stages.common import cores


def test_cores_of_a_stage_are_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert cores() == 3


def test_without_a_number_of_threads_a_stage_uses_all_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 5)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert cores() == 5
