from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from langsig.corpora import seen as module
from langsig.corpora.seen import SeenFingerprints

fingerprints = st.lists(
    st.integers(0, 9) | st.integers(0, 2**64 - 1) | st.sampled_from([2**63, 2**63 - 1, 2**64 - 1])
)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(stream=fingerprints, capacity=st.integers(1, 5))
def test_agrees_with_a_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stream: list[int], capacity: int
) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", capacity)
    expected: set[int] = set()
    with SeenFingerprints(tmp_path) as seen:
        for fingerprint in stream:
            assert seen.add(fingerprint) == (fingerprint not in expected)
            expected.add(fingerprint)


def test_the_table_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 10)
    with pytest.raises(KeyError), SeenFingerprints(tmp_path) as seen:
        for fingerprint in range(1_000):
            seen.add(fingerprint)
        assert sum(file.stat().st_size for file in tmp_path.rglob("*.sqlite")) > 4_000
        raise KeyError
    assert not list(tmp_path.iterdir())
