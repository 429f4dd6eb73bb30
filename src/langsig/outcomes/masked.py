"""How well a model predicts masked sub-words of a language."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import nn
from transformers.modeling_outputs import MaskedLMOutput

from langsig.corpora.packing import Packed, Sequences
from langsig.errors import InputError
from langsig.pretraining import MaskedTokens, measure_learning

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class MaskedGain(NamedTuple):
    """What a model predicts of masked sub-words beyond their frequency."""

    gain: float
    """Mean of log p by the model minus log p by frequency, in nat per sub-word."""
    sub_words: int
    """Number of masked sub-words."""


class _AtMaskedPositions(nn.Module):
    """A model whose last matrix product, to the vocabulary, is computed where labels are only.

    Most positions have no label, and the scores of a large vocabulary at all positions of a batch
    do not fit into memory.
    """

    def __init__(self, model: "PreTrainedModel") -> None:
        super().__init__()
        self.model, self.config, self.device = model, model.config, model.device
        self.train(model.training)

    def forward(
        self, inputs: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
    ) -> MaskedLMOutput:
        labelled = labels != -100  # [sequences, positions]

        def select(_: nn.Module, states: tuple[torch.Tensor, ...]) -> torch.Tensor:
            return states[0][labelled]  # [labels, dim]

        with self.model.get_output_embeddings().register_forward_pre_hook(select):
            logits = self.model(inputs, attention_mask=attention_mask).logits
        loss = nn.functional.cross_entropy(logits.float(), labels[labelled])
        return MaskedLMOutput(loss=loss)


def masked_gain(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    sentences: Sequence[str],
    *,
    share: float = 0.15,
    seed: int = 0,
    batch_size: int = 32,
    max_length: int = 128,
) -> MaskedGain:
    """Compare predictions of masked sub-words with the frequencies of sub-words in the text.

    Frequencies are those of the same text, so that every masked sub-word has one. Definition and
    choice of the masked sub-words are those of :class:`langsig.pretraining.MaskedTokens`: on the
    same sequences, the gain is that of the learning curves.

    Parameters
    ----------
    model
        Masked language model of transformers, such as ``AutoModelForMaskedLM`` loads. If the
        checkpoint has no output layer, that of the model is random, and so is the gain.
    tokenizer
        Its tokenizer, which must have a mask token.
    sentences
        Text of one language.
    share
        Share of the sub-words of each sentence to mask, at least one (default: 0.15).
    seed
        Seed of the choice (default: 0).
    batch_size
        Number of sentences per batch (default: 32).
    max_length
        Number of sub-words, special tokens included, after which sentences are cut off (default:
        128).

    Returns
    -------
    MaskedGain
        Gain and number of masked sub-words.

    Raises
    ------
    InputError
        If the tokenizer has no mask token, or the sentences have no sub-words.

    Examples
    --------
    >>> from transformers import AutoModelForMaskedLM, AutoTokenizer
    >>> model = AutoModelForMaskedLM.from_pretrained(models / "multilingual")
    >>> tokenizer = AutoTokenizer.from_pretrained(models / "multilingual")
    >>> masked_gain(model, tokenizer, ["some text", "and more of it"]).gain < 0
    True
    """
    if tokenizer.mask_token_id is None:
        raise InputError(
            "the tokenizer has no mask token; masked sub-words need a masked language model"
        )
    encoded = tokenizer(list(sentences), truncation=True, max_length=max_length)["input_ids"]
    none = np.empty(0, np.uint64)
    text = Sequences.concatenate(Packed(np.array(tokens, np.int32), none) for tokens in encoded)
    if np.isin(text.tokens, tokenizer.all_special_ids).all():
        raise InputError("the sentences have no sub-words; give text of the language")
    masked = MaskedTokens.choose(text, tokenizer, share=share, seed=seed)
    limited: Any = _AtMaskedPositions(model)
    learning = measure_learning(limited, {"text": masked}, margin=0, batch_size=batch_size)
    return MaskedGain(learning.gain, learning.tokens)
