"""Has a masked language model learnt more than how frequent each token is?"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from langsig.corpora import Sequences

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class MaskedTokens:
    """Held-out sequences with a fixed choice of hidden tokens.

    Every chosen token is replaced by ``<mask>``, none is left or swapped as in training: where
    some are left in place, a model gains up to .4 nat by copying them, without any context.
    """

    inputs: list[torch.Tensor]
    """A sequence each, int64 ``[tokens]``, with masks."""
    labels: list[torch.Tensor]
    """A sequence each, the token where one is hidden, elsewhere -100."""
    unigram_cross_entropy: float
    """Mean of -log p of the hidden tokens in nat, p their frequency in all held-out text."""

    @classmethod
    def choose(
        cls,
        sequences: Sequences,
        tokenizer: "PreTrainedTokenizerBase",
        *,
        share: float,
        seed: int,
    ) -> "MaskedTokens":
        """Hide a share of the tokens, special ones excepted, at least one a sequence."""
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
    """What a model has learnt, in nat a token."""

    masked_cross_entropy: float
    unigram_cross_entropy: float
    gain: float
    """The second minus the first."""
    learnt: bool
    """Whether the gain reaches the margin asked for."""
    tokens: int
    """Number of held-out tokens that were predicted."""
    gain_by_language: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """The figures by name."""
        return asdict(self)


def measure_learning(
    model: "PreTrainedModel",
    held_out: Mapping[str, MaskedTokens],
    *,
    margin: float,
    batch_size: int,
) -> Learning:
    """Masked cross-entropy of a model on held-out text against that of token frequencies.

    Frequencies are those within a language: to tell languages apart is not yet to have learnt
    any of them.

    Parameters
    ----------
    held_out
        By language.
    margin
        Least gain in nat at which a model counts as learnt.
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
    total, tokens = 0.0, 0
    pad = model.config.pad_token_id
    with torch.inference_mode():
        for start in range(0, len(text.inputs), batch_size):
            part = slice(start, start + batch_size)
            inputs = pad_sequence(text.inputs[part], True, pad).to(model.device)
            labels = pad_sequence(text.labels[part], True, -100).to(model.device)
            count = int((labels != -100).sum())
            mask = (inputs != pad).long()
            total += model(inputs, attention_mask=mask, labels=labels).loss.item() * count
            tokens += count
    return total, tokens
