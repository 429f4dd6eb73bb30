import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from transformers import PreTrainedModel, RobertaForMaskedLM

from langsig.corpora import Sequences
from langsig.pretraining import MaskedTokens, ModelShape, build_model, measure_learning
from tests.sequences import of_rows

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

torch.set_num_threads(1)


def random_text(count: int, seed: int, longest: int = 20) -> Sequences:
    """Sequences of different lengths with very uneven token frequencies."""
    generator = np.random.default_rng(seed)
    rows = [
        [0, *(4 + generator.geometric(0.1, generator.integers(1, longest - 1))), 2]
        for _ in range(count)
    ]
    return of_rows(rows)


@pytest.fixture
def text() -> Sequences:
    return random_text(60, 0)


@pytest.fixture
def model(tokenizer: "PreTrainedTokenizerBase") -> PreTrainedModel:
    shape = ModelShape("roberta", 2, 32, 4, dropout=0.1, initializer_range=0.3)
    return build_model(shape, tokenizer, max_length=20, seed=0)


def choose(
    text: Sequences, tokenizer: "PreTrainedTokenizerBase", seed: int = 0, share: float = 0.15
) -> MaskedTokens:
    return MaskedTokens.choose(text, tokenizer, share=share, seed=seed)


def test_the_seed_determines_the_hidden_tokens(
    text: Sequences, tokenizer: "PreTrainedTokenizerBase"
) -> None:
    first, repeated, different = (choose(text, tokenizer, seed) for seed in (1, 1, 2))
    assert all(map(torch.equal, first.inputs, repeated.inputs))
    assert all(map(torch.equal, first.labels, repeated.labels))
    assert not all(map(torch.equal, first.inputs, different.inputs))


@pytest.mark.parametrize("share", [0.01, 0.15, 0.5, 1.0])
def test_special_tokens_are_not_hidden(
    text: Sequences, tokenizer: "PreTrainedTokenizerBase", share: float
) -> None:
    masked = choose(text, tokenizer, share=share)
    assert len(masked.inputs) == len(masked.labels) == len(text)
    for index, (inputs, labels) in enumerate(zip(masked.inputs, masked.labels, strict=True)):
        tokens = torch.from_numpy(text[index]).long()
        hidden = labels != -100
        assert torch.equal(labels[hidden], tokens[hidden])
        assert (inputs[hidden] == tokenizer.mask_token_id).all()
        assert torch.equal(inputs[~hidden], tokens[~hidden])
        assert not set(labels[hidden].tolist()) & set(tokenizer.all_special_ids)
        assert int(hidden.sum()) == max(1, round(share * (len(tokens) - 2)))


def test_all_positions_are_hidden_equally_often(tokenizer: "PreTrainedTokenizerBase") -> None:
    rows = [0, *range(10, 20), 2]
    text = Sequences(
        np.array(rows * 1000, np.int32),
        np.arange(0, 12 * 1000 + 1, 12),
        np.empty(0, np.uint64),
        np.zeros(1001, np.int64),
    )
    hidden = torch.stack(choose(text, tokenizer, share=0.2).labels) != -100
    frequency = hidden[:, 1:-1].float().mean(0)
    assert (frequency - 0.2).abs().max() < 5 * math.sqrt(0.2 * 0.8 / 1000)


def test_sequences_of_special_tokens_are_left_out(tokenizer: "PreTrainedTokenizerBase") -> None:
    text = Sequences(
        np.array([0, 2, 0, 9, 9, 2, 0, tokenizer.unk_token_id, 2], np.int32),
        np.array([0, 2, 6, 9]),
        np.empty(0, np.uint64),
        np.zeros(4, np.int64),
    )
    masked = choose(text, tokenizer)
    assert len(masked.inputs) == 1
    assert masked.unigram_cross_entropy == 0  # all tokens are 9


def test_unigram_cross_entropy_agrees_with_token_frequencies(
    text: Sequences, tokenizer: "PreTrainedTokenizerBase"
) -> None:
    masked = choose(text, tokenizer)
    special = set(tokenizer.all_special_ids)
    counts = Counter(token for token in text.tokens.tolist() if token not in special)
    hidden = [token for labels in masked.labels for token in labels.tolist() if token != -100]
    losses = [-math.log(counts[token] / counts.total()) for token in hidden]
    assert masked.unigram_cross_entropy == pytest.approx(math.fsum(losses) / len(losses))


def naive_losses(model: PreTrainedModel, text: MaskedTokens) -> list[float]:
    """-log p of each hidden token, from the logits of transformers for single sequences."""
    plain = RobertaForMaskedLM(model.config)
    plain.load_state_dict(model.state_dict())
    plain.eval()
    losses = []
    for inputs, labels in zip(text.inputs, text.labels, strict=True):
        with torch.no_grad():
            log_p = plain(inputs[None]).logits[0].double().log_softmax(-1)
        losses += [
            -log_p[index, label].item() for index, label in enumerate(labels) if label != -100
        ]
    return losses


@pytest.mark.parametrize("batch_size", [1, 7, 1000])
@pytest.mark.parametrize("training", [True, False])
def test_learning_agrees_with_single_sequences(
    model: PreTrainedModel,
    tokenizer: "PreTrainedTokenizerBase",
    batch_size: int,
    training: bool,
) -> None:
    held_out = {
        "qaa": choose(random_text(40, 1), tokenizer),
        "qab": choose(random_text(9, 2, longest=8), tokenizer),
    }
    model.train(training)
    learning = measure_learning(model, held_out, margin=0.5, batch_size=batch_size)
    assert model.training == training
    losses = {language: naive_losses(model, text) for language, text in held_out.items()}
    all_losses = losses["qaa"] + losses["qab"]
    unigram = {language: text.unigram_cross_entropy for language, text in held_out.items()}
    expected: dict[str, Any] = {
        "tokens": len(all_losses),
        "masked_cross_entropy": np.mean(all_losses),
        "unigram_cross_entropy": sum(unigram[c] * len(losses[c]) for c in losses) / len(all_losses),
    }
    expected["gain"] = expected["unigram_cross_entropy"] - expected["masked_cross_entropy"]
    for name, value in expected.items():
        assert getattr(learning, name) == pytest.approx(value, abs=1e-5), name
    assert learning.gain_by_language == pytest.approx(
        {c: unigram[c] - np.mean(losses[c]) for c in losses}, abs=1e-5
    )


def test_the_margin_determines_which_models_have_learnt(
    model: PreTrainedModel, text: Sequences, tokenizer: "PreTrainedTokenizerBase"
) -> None:
    held_out = {"qaa": choose(text, tokenizer)}
    gain = measure_learning(model, held_out, margin=0, batch_size=8).gain
    assert gain < 0  # random weights are worse than frequencies
    for margin, learnt in ((gain - 0.01, True), (gain + 0.01, False), (0.5, False)):
        assert measure_learning(model, held_out, margin=margin, batch_size=8).learnt is learnt
