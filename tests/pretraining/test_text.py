from pathlib import Path

import numpy as np
import pytest

from langsig.corpora import Sequences
from langsig.errors import InputError
from langsig.pretraining import training_text

LANGUAGES = ["de", "fi"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Fifty sequences per language, each of one token and one sentence."""
    for number, language in enumerate(LANGUAGES):
        (tmp_path / language).mkdir()
        numbers = 100 * number + np.arange(50)
        Sequences(
            numbers.astype(np.int32), np.arange(51), numbers.astype(np.uint64), np.arange(51)
        ).save(tmp_path / language / "train.safetensors")
    return tmp_path


def test_languages_without_a_share_are_complete(folder: Path) -> None:
    text = training_text(folder, LANGUAGES, {"fi": 0.1}, seed=1)
    assert [len(text[language]) for language in LANGUAGES] == [50, 5]
    other_model = training_text(folder, ["fi"], {"fi": 0.1}, seed=1)
    assert other_model["fi"].tokens.tolist() == text["fi"].tokens.tolist()


def test_analysed_sentences_are_left_out(folder: Path) -> None:
    analysed = np.array([3, 4, 110], np.uint64)
    text = training_text(folder, LANGUAGES, {}, seed=1, analysed=analysed)
    assert [len(text[language]) for language in LANGUAGES] == [48, 49]


def test_shares_of_other_languages_are_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="share of fi, on which the model is not trained"):
        training_text(folder, ["de"], {"fi": 0.1}, seed=1)
