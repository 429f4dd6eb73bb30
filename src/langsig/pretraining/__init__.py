"""Masked language models trained from scratch: controls and the experimental model."""

from langsig.pretraining.learning import Learning, MaskedTokens, measure_learning
from langsig.pretraining.models import ModelShape, build_model
from langsig.pretraining.text import held_out_text, training_text
from langsig.pretraining.training import Recipe, pretrain, processes

__all__ = [
    "Learning",
    "MaskedTokens",
    "ModelShape",
    "Recipe",
    "build_model",
    "held_out_text",
    "measure_learning",
    "pretrain",
    "processes",
    "training_text",
]
