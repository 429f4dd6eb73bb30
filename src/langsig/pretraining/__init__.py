"""Masked language models trained from scratch: control models and the experimental model."""

from langsig.pretraining.cards import Origin, adopted_card, model_card
from langsig.pretraining.checkpoints import save_checkpoint, save_learning
from langsig.pretraining.learning import Learning, MaskedTokens, measure_learning
from langsig.pretraining.models import ModelShape, build_model, model_seed
from langsig.pretraining.text import held_out_text, training_text
from langsig.pretraining.training import (
    CurvePoint,
    Recipe,
    TrainingResult,
    pretrain,
    process_state,
)

__all__ = [
    "CurvePoint",
    "Learning",
    "MaskedTokens",
    "ModelShape",
    "Origin",
    "Recipe",
    "TrainingResult",
    "adopted_card",
    "build_model",
    "held_out_text",
    "measure_learning",
    "model_card",
    "model_seed",
    "pretrain",
    "process_state",
    "save_checkpoint",
    "save_learning",
    "training_text",
]
