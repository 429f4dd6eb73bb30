"""How models learn."""

from typing import ClassVar

from langsig.schemas.table import Column, Table


class LearningCurves(Table):
    """Cross-entropy on held-out text over the course of training, one row per evaluation."""

    columns: ClassVar = {
        "model": Column("text", "Code of the language of a control model, or experimental"),
        "step": Column("integer", "Number of optimiser steps"),
        "masked_cross_entropy": Column("number", "Cross-entropy of masked tokens, nats per token"),
        "unigram_cross_entropy": Column(
            "number", "Cross-entropy of the same tokens by their frequency, nats per token"
        ),
    }
    keys: ClassVar = ("model", "step")
