"""Model cards: what a checkpoint was trained on, what it has learnt, and under which licence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from huggingface_hub import ModelCardData

from langsig.corpora import Sequences
from langsig.pretraining.training import Recipe, Trained

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True)
class Origin:
    """What a card says that the run itself does not know; the parameters of the same names."""

    data: str
    """The text that models are trained on."""
    licence: str
    """Of the checkpoints: an identifier of the Hugging Face Hub, such as ``cc-by-sa-4.0``."""


def model_card(
    name: str,
    model: "PreTrainedModel",
    text: Mapping[str, Sequences],
    recipe: Recipe,
    trained: Trained,
    origin: Origin,
) -> str:
    """The card of a checkpoint, Markdown with the Hugging Face Hub's metadata.

    It is the same however often the same model is trained, so that DVC sees the same artifact:
    the Git revision is that of the tag or commit which the checkpoint is taken from.

    Parameters
    ----------
    name
        ``experimental``, or the language of a control model.
    text
        What it was trained on, by language.
    """
    role = "experimental" if name == "experimental" else "control"
    learning, languages = trained.learning, list(text)
    config = model.config
    rows = {
        "Trained on": origin.data,
        "Licence": f"`{origin.licence}`",
        "Shape": (
            f"{config.model_type}, {config.num_hidden_layers} layers of width "
            f"{config.hidden_size}, {model.num_parameters():,} parameters, "
            f"vocabulary of {config.vocab_size:,}"
        ),
        "Steps": f"{trained.steps:,} of at most {recipe.steps:,}",
        "Masked cross-entropy": f"{learning.masked_cross_entropy:.4f} nat a held-out token",
        "Unigram cross-entropy": f"{learning.unigram_cross_entropy:.4f} nat, of the same tokens",
        "Gain": f"{learning.gain:.4f} nat; {recipe.margin:g} count as learnt",
        "Learnt": "yes" if learning.learnt else "**no**: little but how frequent tokens are",
        "Run": f"`{trained.run}`, a hash of text, parameters, code and versions of libraries",
    }
    facts = [f"| {label} | {value} |" for label, value in rows.items()]
    shares = [
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
            f"A masked language model of {number}, trained from scratch to be compared by "
            "langsig, not to be used for anything else.\n",
            "| | |\n| --- | --- |",
            *facts,
            "\n| language | sequences | tokens | gain, nat |\n| --- | ---: | ---: | ---: |",
            *shares,
            "\nThe Git revision is that of the tag or commit which this folder was taken from.",
            "",
        ]
    )


def adopted_card(checkpoint: str) -> str:
    """Of a public checkpoint that was taken as it is: its own card is where it is from."""
    return "\n".join(
        [
            f"---\n{ModelCardData(base_model=checkpoint, tags=['langsig']).to_yaml()}\n---",
            "# Experimental model\n",
            f"`{checkpoint}`, as it is: its weights, its tokenizer, and its licence.",
            "",
        ]
    )
