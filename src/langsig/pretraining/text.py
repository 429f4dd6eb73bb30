"""The token sequences that a model is trained and evaluated on."""

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
    seed: int,
    analysed: NDArray[np.uint64] | None = None,
) -> dict[str, Sequences]:
    """Load the sequences that a model is trained on.

    Parameters
    ----------
    folder
        Folder with a file ``LANGUAGE/train.safetensors`` for each language.
    languages
        Languages of the model.
    shares
        Share of the sequences to use, by language, above 0 and at most 1. All sequences of the
        other languages are used.
    seed
        Seed of the choice of sequences, see :meth:`Sequences.sample`.
    analysed
        Fingerprints of sentences to leave out, since a corpus may contain a sentence from the
        treebank of another language.

    Returns
    -------
    dict
        Sequences by language.

    Raises
    ------
    InputError
        If a share is out of range or too small for a single sequence, or if its language is not
        one of `languages`.
    """
    for language in shares:
        if language not in languages:
            raise InputError(
                f"there is a share of {language}, on which the model is not trained; its languages "
                f"are {', '.join(languages)}"
            )
    text = {}
    for language in languages:
        sequences = Sequences.load(folder / language / "train.safetensors")
        try:
            drawn = sequences.sample(shares.get(language, 1.0), seed=seed)
        except InputError as error:
            raise InputError(f"{language}: {error}") from error
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
    """Load the held-out sequences of each language and hide a share of their tokens.

    With the same seed, the same tokens are hidden for all models of a language.

    Parameters
    ----------
    folder
        Folder with a file ``LANGUAGE/validation.safetensors`` for each language.
    languages
        Languages to load.
    tokenizer
        Tokenizer that made the sequences.
    share
        Share of the tokens to hide.
    seed
        Seed of the choice of tokens.
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
