from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel

from langsig import InputError
from langsig.corpora.packing import Sequences, pack
from langsig.outcomes import masked_gain
from langsig.pretraining import MaskedTokens, ModelShape, build_model, measure_learning

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

torch.set_num_threads(1)
SENTENCES = [f"{first} {second} {first}" for first in ("ka", "tomi", "reba") for second in "aeiou"]


@pytest.fixture(scope="module")
def model(tokenizer: "PreTrainedTokenizerBase") -> PreTrainedModel:
    shape = ModelShape("roberta", 1, 16, 2, dropout=0.1, initializer_range=0.3)
    return build_model(shape, tokenizer, max_length=32, seed=0)


def test_the_gain_is_that_of_learning_curves(
    model: PreTrainedModel, tokenizer: "PreTrainedTokenizerBase"
) -> None:
    packed = pack([(text, []) for text in SENTENCES], tokenizer, max_length=32, join=False)
    masked = MaskedTokens.choose(Sequences.concatenate(packed), tokenizer, share=0.3, seed=5)
    expected = measure_learning(model, {"qaa": masked}, margin=0, batch_size=4)
    result = masked_gain(model, tokenizer, SENTENCES, share=0.3, seed=5, max_length=32)
    assert result.gain == pytest.approx(expected.gain, abs=1e-5)
    assert result.sub_words == expected.tokens >= len(SENTENCES)


def test_a_model_that_gives_the_frequencies_gains_nothing(
    model: PreTrainedModel, tokenizer: "PreTrainedTokenizerBase"
) -> None:
    counts = np.full(len(tokenizer), 1e-12)
    for row in tokenizer(SENTENCES, add_special_tokens=False)["input_ids"]:
        np.add.at(counts, row, 1)
    logits = torch.from_numpy(np.log(counts / counts.sum()))

    class Frequencies(torch.nn.Module):
        config, device = model.config, torch.device("cpu")

        def forward(self, inputs: torch.Tensor, labels: torch.Tensor, **_: Any) -> Any:
            scores = logits.expand(*inputs.shape, -1).flatten(0, 1)
            return SimpleNamespace(loss=torch.nn.functional.cross_entropy(scores, labels.flatten()))

    result = masked_gain(Frequencies(), tokenizer, SENTENCES)  # type: ignore[arg-type]
    assert result.gain == pytest.approx(0, abs=1e-6)


def test_long_sentences_are_cut_off(
    model: PreTrainedModel, tokenizer: "PreTrainedTokenizerBase"
) -> None:
    result = masked_gain(model, tokenizer, ["ka " * 500], share=1.0, max_length=12)
    assert result.sub_words == 10


def test_wrong_input_is_explained(
    model: PreTrainedModel, tokenizer: "PreTrainedTokenizerBase"
) -> None:
    with pytest.raises(InputError, match="have no sub-words"):
        masked_gain(model, tokenizer, [""])
    without: Any = SimpleNamespace(mask_token_id=None)
    with pytest.raises(InputError, match="no mask token"):
        masked_gain(model, without, SENTENCES)
