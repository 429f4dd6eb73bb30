"""RoBERTa and XLM-R models of any size, with random weights."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from transformers import (
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaPreLayerNormConfig,
    RobertaPreLayerNormForMaskedLM,
    XLMRobertaConfig,
    XLMRobertaForMaskedLM,
)
from transformers.modeling_outputs import MaskedLMOutput

from langsig.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclass(frozen=True)
class ModelShape:
    """Architecture and size of a model.

    Raises
    ------
    InputError
        If the architecture is unknown, or the number of heads does not divide the width.
    """

    architecture: str
    """``roberta``, ``xlm-roberta`` or ``roberta-prelayernorm``."""
    layers: int
    """Number of layers above the embeddings."""
    dim: int
    """Width of the hidden states."""
    heads: int
    """Number of attention heads per layer."""
    dropout: float
    """Dropout probability of hidden states and of attention weights."""
    initializer_range: float
    """Standard deviation of the initial weights. RoBERTa uses .02 for a width of 768; a narrow
    model starts to learn earlier with .04."""

    def __post_init__(self) -> None:
        if self.architecture not in _CLASSES:
            raise InputError(
                f"architecture must be one of {', '.join(_CLASSES)}; got {self.architecture!r}"
            )
        if self.dim % self.heads:
            raise InputError(
                f"heads must divide dim; got {self.heads} heads and a dim of {self.dim}"
            )


class _OutputWhereMasked:
    """Mixin that computes only what positions with a label need.

    Most positions of a masked language model have no label. The last layer mixes positions in
    attention only, so that its output projection, its feed-forward part, and the output layer are
    computed at positions with a label. Loss and gradients are unchanged.
    """

    base_model: Any
    lm_head: nn.Module

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
    ) -> MaskedLMOutput:
        labelled = labels != -100  # [sequences, positions]

        def select(_: nn.Module, states: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
            return tuple(state[labelled] for state in states)  # [labels, dim] each

        after_attention = self.base_model.encoder.layer[-1].attention.output
        with after_attention.register_forward_pre_hook(select):
            hidden = self.base_model(input_ids, attention_mask).last_hidden_state  # [labels, dim]
        logits = self.lm_head(hidden)  # [labels, vocabulary]
        return MaskedLMOutput(loss=nn.functional.cross_entropy(logits, labels[labelled]))


def _for_training(model_class: type) -> type:
    """Add the mixin to a class and keep its name, since a checkpoint records the name."""
    return type(model_class.__name__, (_OutputWhereMasked, model_class), {})


_CLASSES = {
    "roberta": (RobertaConfig, _for_training(RobertaForMaskedLM)),
    "xlm-roberta": (XLMRobertaConfig, _for_training(XLMRobertaForMaskedLM)),
    "roberta-prelayernorm": (
        RobertaPreLayerNormConfig,
        _for_training(RobertaPreLayerNormForMaskedLM),
    ),
}


def build_model(
    shape: ModelShape, tokenizer: "PreTrainedTokenizerBase", *, max_length: int, seed: int
) -> "PreTrainedModel":
    """Build a model with random weights for the vocabulary of a tokenizer.

    The feed-forward layers are four times as wide as the model, as in RoBERTa. A saved model is
    an ordinary checkpoint of its architecture.

    Parameters
    ----------
    shape
        Architecture and size.
    tokenizer
        Tokenizer that sets the size of the vocabulary and the special tokens.
    max_length
        Maximum number of tokens in a sequence, special tokens included.
    seed
        Seed of the random weights.
    """
    config_class, model_class = _CLASSES[shape.architecture]
    config = config_class(
        vocab_size=len(tokenizer),
        hidden_size=shape.dim,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=4 * shape.dim,
        hidden_dropout_prob=shape.dropout,
        attention_probs_dropout_prob=shape.dropout,
        initializer_range=shape.initializer_range,
        # RoBERTa numbers positions from the padding id + 1.
        max_position_embeddings=max_length + tokenizer.pad_token_id + 1,
        type_vocab_size=1,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    torch.manual_seed(seed)
    return model_class(config)


def model_seed(model: str, seed: int) -> int:
    """Derive the seed of one model from the seed of a run.

    With one seed for all, models of the same shape would start from identical weights and be more
    similar to each other than independently trained models are.

    Parameters
    ----------
    model
        Name of the model: a language code, or ``experimental``.
    seed
        Seed of the run, not negative.

    Returns
    -------
    int
        Seed from 0 to 2^32 - 1.
    """
    return int(np.random.SeedSequence([seed, *model.encode()]).generate_state(1)[0])
