"""Untrained RoBERTa and XLM-R models of any size."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    """Architecture and size of a model; the parameters of the same names."""

    architecture: str
    layers: int
    dim: int
    heads: int
    dropout: float
    initializer_range: float
    """Standard deviation of the initial weights. RoBERTa's .02 suits a width of 768; a narrow
    model starts to learn sooner from .04."""

    def __post_init__(self) -> None:
        if self.architecture not in _CLASSES:
            raise InputError(f"architecture: {self.architecture!r} is none of {list(_CLASSES)}")
        if self.dim % self.heads:
            raise InputError(f"heads: {self.heads} does not divide dim {self.dim}")


class _LogitsWhereMasked:
    """Mixin: the output layer sees only the positions that have a label.

    Six in seven positions of a masked language model carry no label, and the output layer over
    a large vocabulary costs more than the body below it. Loss and gradients are unchanged.
    """

    base_model: nn.Module
    lm_head: nn.Module

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
    ) -> MaskedLMOutput:
        hidden = self.base_model(input_ids, attention_mask).last_hidden_state
        labelled = labels != -100
        logits = self.lm_head(hidden[labelled])
        return MaskedLMOutput(loss=nn.functional.cross_entropy(logits, labels[labelled]))


def _for_training(model_class: type) -> type:
    """The class with the mixin, under its own name: a checkpoint records the name."""
    return type(model_class.__name__, (_LogitsWhereMasked, model_class), {})


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
    """Model with random weights for a tokenizer's vocabulary.

    The intermediate layers are four times as wide as the model, as in RoBERTa. Once saved, it
    is an ordinary checkpoint of its architecture.
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
        # RoBERTa counts positions from the padding id on
        max_position_embeddings=max_length + tokenizer.pad_token_id + 1,
        type_vocab_size=1,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    torch.manual_seed(seed)
    return model_class(config)
