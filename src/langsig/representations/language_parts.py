"""Parts of a model that differ by language: adapters, embeddings and tokens of languages."""

import inspect
from collections.abc import Collection
from typing import TYPE_CHECKING

from langsig.errors import InputError
from langsig.languages import matching_language

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def select_language(
    encoder: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", language: str, name: str
) -> dict[str, int]:
    """Select the parts of a model and its tokenizer for sentences of one language.

    Parameters
    ----------
    encoder
        Model from :func:`text_encoder`.
    tokenizer
        Tokenizer of the model. If its input has a token of the language, as that of mBART and
        NLLB has, this token is set.
    language
        Code of the language.
    name
        Name of the model, for messages.

    Returns
    -------
    dict
        Arguments of the forward pass that say for each sub-word which adapter (X-MOD) or embedding
        (XLM) of a language it gets. Most models have none.

    Raises
    ------
    InputError
        If the model has such parts, but none for the language.
    """
    arguments = {}
    parameters = inspect.signature(encoder.forward).parameters
    if "lang_ids" in parameters:
        adapters = list(encoder.config.languages)
        adapter = _of_language(language, adapters, "adapter", name)
        arguments["lang_ids"] = adapters.index(adapter)
    if "langs" in parameters and encoder.config.use_lang_emb and encoder.config.n_langs > 1:
        embeddings = getattr(encoder.config, "lang2id", None) or {}
        embedding = _of_language(language, embeddings, "embedding", name)
        arguments["langs"] = embeddings[embedding]
    if hasattr(type(tokenizer), "src_lang"):
        tokens = [token for token in tokenizer.all_special_tokens if "_" in token]  # sv_SE
        tokenizer.src_lang = _of_language(language, tokens, "token", name)
    return arguments


def _of_language(language: str, known: Collection[str], part: str, name: str) -> str:
    """The name that a model has for a language."""
    found = matching_language(language, known)
    if found is None:
        raise InputError(
            f"{language}: {name} needs the {part} of each language, but has none for this one; "
            f"it knows {', '.join(known) or 'no language by name'}; use another model"
        )
    return found
