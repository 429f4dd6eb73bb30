"""Locks between processes."""

from pathlib import Path

import pytest

from langsig.errors import InputError
from langsig.repository.locks import only_training


def test_a_model_is_trained_once_at_a_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first, other = tmp_path / "qaa", tmp_path / "qab"
    second = only_training(first)
    with only_training(first), only_training(other):
        with pytest.raises(InputError, match="qaa: another process is training it"), second:
            pass
        monkeypatch.setenv("RANK", "1")
        with only_training(first):
            pass
    monkeypatch.delenv("RANK")
    with only_training(first):
        pass
