"""Measure whether a masked language model has learnt more than token frequencies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from langsig.corpora import Sequences

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class MaskedTokens:
    """Held-out sequences with a fixed choice of hidden tokens.

    All chosen tokens are replaced by ``<mask>``. None is kept or swapped, as happens in training:
    a model gains up to .4 nat by copying tokens that are kept, without using any context.
    """

    inputs: list[torch.Tensor]
    """Masked tokens of each sequence, int64 ``[tokens]``."""
    labels: list[torch.Tensor]
    """Labels of each sequence, int64 ``[tokens]``: the token where it is hidden, else -100."""
    unigram_cross_entropy: float
    """Mean of -log p of the hidden tokens in nat, where p is their relative frequency in the
    held-out text."""

    @classmethod
    def choose(
        cls,
        sequences: Sequences,
        tokenizer: "PreTrainedTokenizerBase",
        *,
        share: float,
        seed: int,
    ) -> "MaskedTokens":
        """Choose the tokens to hide.

        Special tokens are never hidden. Sequences that consist of special tokens are left out.

        Parameters
        ----------
        sequences
            Held-out text of one language.
        tokenizer
            Tokenizer that made the sequences.
        share
            Share of the tokens of each sequence to hide; at least one token is hidden.
        seed
            Seed of the choice.
        """
        generator = np.random.default_rng(seed)
        special = np.array(tokenizer.all_special_ids)
        counts = np.bincount(sequences.tokens, minlength=len(tokenizer))
        counts[special] = 0
        surprise = -np.log(counts / counts.sum(), where=counts > 0, out=np.zeros(len(counts)))
        inputs, labels, hidden_tokens = [], [], []
        for index in range(len(sequences)):
            tokens = sequences[index].astype(np.int64)
            candidates = np.flatnonzero(~np.isin(tokens, special))
            if not len(candidates):
                continue
            count = max(1, round(share * len(candidates)))
            hidden = generator.choice(candidates, count, replace=False)
            label = np.full_like(tokens, -100)
            label[hidden] = tokens[hidden]
            hidden_tokens.append(tokens[hidden])
            tokens[hidden] = tokenizer.mask_token_id
            inputs.append(torch.from_numpy(tokens))
            labels.append(torch.from_numpy(label))
        return cls(inputs, labels, float(surprise[np.concatenate(hidden_tokens)].mean()))


@dataclass(frozen=True)
class Learning:
    """How well a model predicts held-out tokens, in nat per token."""

    masked_cross_entropy: float
    """Mean of -log p of the hidden tokens, where p is the model's probability."""
    unigram_cross_entropy: float
    """The same for the frequencies of the tokens in their language."""
    gain: float
    """Unigram minus masked cross-entropy."""
    learnt: bool
    """Whether the gain reaches the margin."""
    tokens: int
    """Number of hidden tokens."""
    gain_by_language: dict[str, float]
    """Gain on the held-out text of each language."""


def measure_learning(
    model: "PreTrainedModel",
    held_out: Mapping[str, MaskedTokens],
    *,
    margin: float,
    batch_size: int,
) -> Learning:
    """Compare the cross-entropy of a model on held-out text with that of token frequencies.

    Frequencies are counted within each language, since a model that can only tell languages apart
    has not learnt any of them.

    Parameters
    ----------
    model
        Masked language model; its training mode is restored afterwards.
    held_out
        Held-out text by language.
    margin
        Minimum gain in nat per token at which a model counts as learnt.
    batch_size
        Number of sequences per batch.
    """
    training = model.training
    model.eval()
    masked, unigram, gains, tokens = 0.0, 0.0, {}, 0
    for language, text in held_out.items():
        total, count = _summed_loss(model, text, batch_size)
        masked += total
        unigram += text.unigram_cross_entropy * count
        gains[language] = text.unigram_cross_entropy - total / count
        tokens += count
    model.train(training)
    gain = (unigram - masked) / tokens
    return Learning(masked / tokens, unigram / tokens, gain, gain >= margin, tokens, gains)


def _summed_loss(
    model: "PreTrainedModel", text: MaskedTokens, batch_size: int
) -> tuple[float, int]:
    """Sum of the losses of all hidden tokens, and their number."""
    total, tokens = 0.0, 0
    pad = model.config.pad_token_id
    by_length = sorted(zip(text.inputs, text.labels, strict=True), key=lambda pair: len(pair[0]))
    with torch.inference_mode():
        for start in range(0, len(by_length), batch_size):
            part = by_length[start : start + batch_size]
            inputs = pad_sequence([inputs for inputs, _ in part], True, pad).to(model.device)
            labels = pad_sequence([labels for _, labels in part], True, -100).to(model.device)
            count = int((labels != -100).sum())
            mask = (inputs != pad).long()
            total += model(inputs, attention_mask=mask, labels=labels).loss.item() * count
            tokens += count
    return total, tokens
