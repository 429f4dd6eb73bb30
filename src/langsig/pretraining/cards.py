"""Model cards: training data, results and licence of a checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from huggingface_hub import ModelCardData

from langsig.corpora import Sequences
from langsig.pretraining.training import Recipe, TrainingResult

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Origin:
    """Statements of a model card that cannot be derived from the training run."""

    data: str
    """Description of the training text."""
    licence: str
    """Licence of the checkpoint, as an identifier of the Hugging Face Hub such as
    ``cc-by-sa-4.0``."""


def model_card(
    name: str,
    model: "PreTrainedModel",
    text: Mapping[str, Sequences],
    recipe: Recipe,
    result: TrainingResult,
    origin: Origin,
) -> str:
    """Write the card of a trained model, in Markdown with metadata for the Hugging Face Hub.

    The card contains no date and no Git revision: training the same model again gives the same
    card, and thus the same artifact.

    Parameters
    ----------
    name
        ``experimental``, or the language code of a control model.
    model
        Trained model.
    text
        Training sequences by language.
    recipe
        Recipe of the training.
    result
        Result of the training.
    origin
        Training data and licence.
    """
    role = "experimental" if name == "experimental" else "control"
    learning, languages = result.learning, list(text)
    config = model.config
    facts = {
        "Trained on": origin.data,
        "Licence": f"`{origin.licence}`",
        "Shape": (
            f"{config.model_type}, {config.num_hidden_layers} layers of width "
            f"{config.hidden_size}, {model.num_parameters():,} parameters, "
            f"vocabulary of {config.vocab_size:,}"
        ),
        "Steps": f"{result.steps:,} of at most {recipe.steps:,}",
        "Masked cross-entropy": f"{learning.masked_cross_entropy:.4f} nat per held-out token",
        "Unigram cross-entropy": (
            f"{learning.unigram_cross_entropy:.4f} nat per token, from token frequencies"
        ),
        "Gain": f"{learning.gain:.4f} nat; at least {recipe.margin:g} counts as learnt",
        "Learnt": "yes" if learning.learnt else "**no**: hardly more than token frequencies",
        "Run": f"`{result.run}`, a hash of text, parameters, code and library versions",
    }
    fact_rows = [f"| {label} | {value} |" for label, value in facts.items()]
    language_rows = [
        f"| `{language}` | {len(sequences):,} | {len(sequences.tokens):,} | "
        f"{learning.gain_by_language.get(language, float('nan')):.4f} |"
        for language, sequences in text.items()
    ]
    metadata = ModelCardData(
        language=languages,
        license=origin.licence,
        library_name="transformers",
        pipeline_tag="fill-mask",
        tags=["langsig", role],
    )
    title = "Experimental model" if role == "experimental" else f"Control model of `{name}`"
    number = f"{len(languages)} language{'s' if len(languages) > 1 else ''}"
    return "\n".join(
        [
            f"---\n{metadata.to_yaml()}\n---",
            f"# {title}\n",
            f"A masked language model of {number}, trained from scratch for comparisons with "
            "langsig. It is not meant for any other use.\n",
            "| | |\n| --- | --- |",
            *fact_rows,
            "\n| language | sequences | tokens | gain, nat |\n| --- | ---: | ---: | ---: |",
            *language_rows,
            "\nThe code is in the Git revision (tag or commit) that this folder belongs to.",
            "",
        ]
    )


def adopted_card(checkpoint: str) -> str:
    """Write the card of a public checkpoint that is used without changes.

    Parameters
    ----------
    checkpoint
        Name of the checkpoint on the Hugging Face Hub.
    """
    return "\n".join(
        [
            f"---\n{ModelCardData(base_model=checkpoint, tags=['langsig']).to_yaml()}\n---",
            "# Experimental model\n",
            f"`{checkpoint}`, unchanged: its weights, its tokenizer and its licence.",
            "",
        ]
    )
