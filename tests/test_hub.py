"""Models by name: what happens where there is no network."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest

from langsig.corpora import load_tokenizer
from langsig.errors import InputError
from langsig.hub import answers, is_local
from langsig.representations import load_encoder, load_shape


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No server has the address of the Hub, as far as this process knows."""
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    answers.cache_clear()
    yield
    answers.cache_clear()


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("load", [load_shape, load_encoder, load_tokenizer])
def test_without_network_names_are_refused_in_seconds(load: Callable[[str], object]) -> None:
    start = time.monotonic()
    with pytest.raises(InputError) as raised:
        load("nobody/no-such-model")
    assert time.monotonic() - start < 20  # imports included; with retries it takes a minute
    assert str(raised.value) == (
        "nobody/no-such-model: no such folder, and the Hugging Face Hub does not answer; check "
        "the name of the folder, or the network"
    )


@pytest.mark.usefixtures("no_network")
def test_the_hub_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    session = huggingface_hub.get_session
    monkeypatch.setattr(huggingface_hub, "get_session", lambda: asked.append(1) or session())
    assert is_local("nobody/one") and is_local("nobody/two") and is_local("three")
    assert len(asked) == 1


def test_folders_need_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        huggingface_hub, "get_session", lambda: pytest.fail("the Hub must not be asked")
    )
    assert is_local(tmp_path) and is_local(str(tmp_path))
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file: is a file; name the folder of a model"):
        is_local(str(tmp_path / "file"))
    for name in ("./none", "/none", "~/none", "a/b/c", Path("none")):
        with pytest.raises(InputError, match="no such folder"):
            is_local(name)
    with pytest.raises(InputError, match="the name of a model is empty"):
        is_local("")
