"""Model cards describe the model, and the Hugging Face Hub can read them."""

import numpy as np
import pytest
from huggingface_hub import ModelCard

from langsig.corpora import Sequences
from langsig.pretraining import (
    Learning,
    ModelShape,
    Origin,
    Recipe,
    TrainingResult,
    adopted_card,
    build_model,
    model_card,
)

ORIGIN = Origin(data="pages of a manual", licence="mpl-2.0")
RECIPE = Recipe(
    steps=1200, batch_size=8, accumulation=1, learning_rate=1e-3, warmup=0.1, weight_decay=0.0,
    masking=0.15, batches_by_length=1, evaluations=4, patience=2, min_improvement=0.01, margin=0.5,
    precision="float32",
)  # fmt: skip
TEXT = Sequences(
    np.arange(12, dtype=np.int32), np.array([0, 5, 12]), np.empty(0, np.uint64), np.zeros(3, int)
)


@pytest.fixture
def model(tokenizer):
    shape = ModelShape("xlm-roberta", 2, 8, 2, 0.0, 0.02)
    return build_model(shape, tokenizer, max_length=16, seed=0)


def result(*, learnt):
    gain = 0.75 if learnt else 0.25
    gains = {"qaa": gain, "qab": gain}
    return TrainingResult(Learning(4.0, 4.0 + gain, gain, learnt, 100, gains), [], 900, "0123abcd")


def test_card_of_an_experimental_model(model):
    text = {"qaa": TEXT, "qab": TEXT}
    card = ModelCard(model_card("experimental", model, text, RECIPE, result(learnt=True), ORIGIN))
    assert card.data.language == ["qaa", "qab"]
    assert card.data.license == "mpl-2.0"
    assert card.data.tags == ["langsig", "experimental"]
    assert (card.data.library_name, card.data.pipeline_tag) == ("transformers", "fill-mask")
    for line in (
        "# Experimental model",
        "| Trained on | pages of a manual |",
        "| Shape | xlm-roberta, 2 layers of width 8, ",
        "| Steps | 900 of at most 1,200 |",
        "| Masked cross-entropy | 4.0000 nat ",
        "| Gain | 0.7500 nat; at least 0.5 counts as learnt |",
        "| Learnt | yes |",
        "| Run | `0123abcd`, ",
        "| `qab` | 2 | 12 | 0.7500 |",
    ):
        assert line in card.text


def test_card_of_a_model_that_has_not_learnt(model):
    card = ModelCard(model_card("qaa", model, {"qaa": TEXT}, RECIPE, result(learnt=False), ORIGIN))
    assert "# Control model of `qaa`" in card.text
    assert "| Learnt | **no**: " in card.text
    assert card.data.tags == ["langsig", "control"]


def test_card_of_a_public_checkpoint_names_it():
    card = ModelCard(adopted_card("team/encoder"))
    assert card.data.base_model == "team/encoder"
    assert "`team/encoder`, unchanged" in card.text
