"""The token sequences that a model is trained on, and those held out."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from langsig.corpora import Sequences
from langsig.errors import InputError
from langsig.pretraining.learning import MaskedTokens

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def training_text(
    folder: Path,
    languages: Collection[str],
    shares: Mapping[str, float],
    *,
    parameter: str,
    seed: int,
    analysed: NDArray[np.uint64] | None = None,
) -> dict[str, Sequences]:
    """Sequences of each language: a share of those that were packed, see :meth:`Sequences.sample`.

    Parameters
    ----------
    folder
        With ``LANGUAGE/train.safetensors``.
    shares
        By language, each above 0 and at most 1; all of those that are not there.
    parameter
        What to call a share in errors, with ``{}`` for the language.
    analysed
        Fingerprints of sentences without which to train: a corpus may hold a sentence of another
        language's treebank.

    Raises
    ------
    InputError
        If a share is none, too small for a single sequence, or of another language.
    """
    for language in shares:
        if language not in languages:
            raise InputError(
                f"{parameter.format(language)}: the model is not trained on it, but on "
                + ", ".join(languages)
            )
    text = {}
    for language in languages:
        sequences = Sequences.load(folder / language / "train.safetensors")
        share = shares.get(language, 1.0)
        drawn = sequences.sample(share, seed=seed, parameter=parameter.format(language))
        text[language] = drawn if analysed is None else drawn.without(analysed)
    return text


def held_out_text(
    folder: Path,
    languages: Iterable[str],
    tokenizer: "PreTrainedTokenizerBase",
    *,
    share: float,
    seed: int,
) -> dict[str, MaskedTokens]:
    """Held-out sequences of each language, with a share of their tokens hidden.

    With the same seed these are the same tokens for all models that read a language.

    Parameters
    ----------
    folder
        With ``LANGUAGE/validation.safetensors``.
    """
    return {
        language: MaskedTokens.choose(
            Sequences.load(folder / language / "validation.safetensors"),
            tokenizer,
            share=share,
            seed=seed,
        )
        for language in languages
    }
