from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel, RobertaForMaskedLM

from langsig import InputError
from langsig.corpora.packing import Sequences, pack
from langsig.outcomes.masked import masked_gain
from langsig.pretraining import MaskedTokens, ModelShape, build_model, measure_learning

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

torch.set_num_threads(1)
SENTENCES = [f"{first} {second} {first}" for first in ("ka", "tomi", "reba") for second in "aeiou"]


@pytest.fixture(scope="module")
def model(tokenizer: "PreTrainedTokenizerBase") -> PreTrainedModel:
    shape = ModelShape("roberta", 1, 16, 2, dropout=0.1, initializer_range=0.3)
    return build_model(shape, tokenizer, max_length=32, seed=0)


@pytest.fixture
def loaded(model: PreTrainedModel) -> RobertaForMaskedLM:
    """The same model as transformers would load it."""
    plain = RobertaForMaskedLM(model.config)
    plain.load_state_dict(model.state_dict())
    return plain


@pytest.mark.parametrize("training", [True, False])
def test_the_gain_is_that_of_learning_curves(
    model: PreTrainedModel,
    loaded: RobertaForMaskedLM,
    tokenizer: "PreTrainedTokenizerBase",
    training: bool,
) -> None:
    packed = pack([(text, []) for text in SENTENCES], tokenizer, max_length=32, join=False)
    masked = MaskedTokens.choose(Sequences.concatenate(packed), tokenizer, share=0.3, seed=5)
    expected = measure_learning(model, {"qaa": masked}, margin=0, batch_size=4)
    loaded.train(training)
    result = masked_gain(loaded, tokenizer, SENTENCES, share=0.3, seed=5, max_length=32)
    assert result.gain == pytest.approx(expected.gain, abs=1e-5)
    assert result.sub_words == expected.tokens >= len(SENTENCES)
    assert loaded.training == training


def test_a_model_that_gives_the_frequencies_gains_nothing(
    loaded: RobertaForMaskedLM, tokenizer: "PreTrainedTokenizerBase"
) -> None:
    counts = np.full(len(tokenizer), 1e-12)
    for row in tokenizer(SENTENCES, add_special_tokens=False)["input_ids"]:
        np.add.at(counts, row, 1)
    with torch.no_grad():
        loaded.lm_head.decoder.weight.zero_()
        loaded.lm_head.decoder.bias.copy_(torch.from_numpy(np.log(counts / counts.sum())))
    assert masked_gain(loaded, tokenizer, SENTENCES, max_length=32).gain == pytest.approx(
        0, abs=1e-5
    )


def test_scores_are_computed_where_sub_words_are_masked_only(
    loaded: RobertaForMaskedLM, tokenizer: "PreTrainedTokenizerBase"
) -> None:
    scored = 0

    def count(_: torch.nn.Module, __: object, scores: torch.Tensor) -> None:
        nonlocal scored
        scored += scores.numel() // len(tokenizer)

    loaded.lm_head.decoder.register_forward_hook(count)
    assert masked_gain(loaded, tokenizer, SENTENCES, max_length=32).sub_words == scored > 0


def test_long_sentences_are_cut_off(
    loaded: RobertaForMaskedLM, tokenizer: "PreTrainedTokenizerBase"
) -> None:
    result = masked_gain(loaded, tokenizer, ["ka " * 500], share=1.0, max_length=12)
    assert result.sub_words == 10


def test_wrong_input_is_explained(
    loaded: RobertaForMaskedLM, tokenizer: "PreTrainedTokenizerBase"
) -> None:
    with pytest.raises(InputError, match="have no sub-words"):
        masked_gain(loaded, tokenizer, [""])
    without: Any = SimpleNamespace(mask_token_id=None)
    with pytest.raises(InputError, match="no mask token"):
        masked_gain(loaded, without, SENTENCES)
