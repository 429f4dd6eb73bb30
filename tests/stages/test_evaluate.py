"""What the experimental model does in each language of the pipeline."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from langsig.errors import InputError
from langsig.morphology import annotate
from langsig.parameters import read_resolved
from langsig.pretraining import ModelShape, build_model
from langsig.profiling import Measured
from stages import evaluate
from tests.treebanks import copy_beginning

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_languages_with_few_words_are_left_out(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tokenizer: "PreTrainedTokenizerBase",
) -> None:
    monkeypatch.chdir(tmp_path)
    data = read_resolved(ROOT / "conf/micro.yaml").data
    data["evaluate"] |= {"parallel": None, "rank": 2}
    (tmp_path / "params.yaml").write_text(json.dumps(data), encoding="utf-8")
    for language, sentences in {"qaa": 300, "qab": 60, "qah": 300}.items():
        short = tmp_path / f"{language}.conllu"
        name = f"{language}/{language}_sample-ud-test.conllu"
        copy_beginning(ROOT / "samples/treebanks" / name, short, sentences)
        annotate(short, language).save(tmp_path / "artifacts/words" / language)
    shape = ModelShape("roberta", 1, 8, 2, dropout=0.0, initializer_range=0.3)
    model = tmp_path / "artifacts/models/experimental"
    build_model(shape, tokenizer, max_length=64, seed=0).save_pretrained(model)
    tokenizer.save_pretrained(model)
    evaluate.main([])
    assert Measured.load("artifacts/outcomes").summary().index.tolist() == ["qaa", "qah"]
    assert "left out qab: artifacts/words/qab has only" in capsys.readouterr().out
    data["analysis"]["languages"] = ["qaa", "qab"]
    (tmp_path / "params.yaml").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(InputError, match="at least 2 languages with enough words, got qaa"):
        evaluate.main([])
