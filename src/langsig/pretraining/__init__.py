"""Masked language models trained from scratch: controls and the experimental model."""

from langsig.pretraining.cards import Origin, adopted_card, model_card
from langsig.pretraining.learning import Learning, MaskedTokens, measure_learning
from langsig.pretraining.models import ModelShape, build_model
from langsig.pretraining.text import held_out_text, training_text
from langsig.pretraining.training import Recipe, Trained, pretrain, processes

__all__ = [
    "Learning",
    "MaskedTokens",
    "ModelShape",
    "Origin",
    "Recipe",
    "Trained",
    "adopted_card",
    "build_model",
    "held_out_text",
    "measure_learning",
    "model_card",
    "pretrain",
    "processes",
    "training_text",
]
