"""Hugging Face models as stacks of layers over sub-words."""

import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from langsig.errors import InputError
from langsig.hub import is_local, not_loaded

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel

_UNLIMITED = 2**31


class Shape(NamedTuple):
    """Size of the part of a model that hidden states are taken from."""

    layers: int
    """Number of layers above the embeddings."""
    dim: int
    """Width of the hidden states."""


def load_encoder(name: str | Path) -> "PreTrainedModel":
    """Load a model without its output layer, onto a GPU if there is one.

    Code that comes with a model is never run.

    Parameters
    ----------
    name
        Folder of the model, for which no network is needed, or its name on the Hugging Face Hub.

    Raises
    ------
    InputError
        If there is no such model, it needs its own code, or weights are missing.
    """
    from transformers import AutoModel  # late, as in extraction
    from transformers.utils import logging

    logging.set_verbosity_error()  # otherwise it warns that the output layer is not loaded
    logging.disable_progress_bar()
    load = partial(AutoModel.from_pretrained, output_loading_info=True)
    model, loading = _from_pretrained(load, name)
    unused = ("pooler.", "decoder.") if model.config.is_encoder_decoder else ("pooler.",)
    missing = sorted(key for key in loading["missing_keys"] if not key.startswith(unused))
    if missing:
        raise InputError(
            f"{name}: the checkpoint lacks {len(missing)} weights, such as {missing[0]}, which "
            "would be random; use a complete checkpoint"
        )
    return _on_device(model)


def without_output_layer(model: "PreTrainedModel") -> "PreTrainedModel":
    """A model in memory as :func:`load_encoder` would load it: no output layer, and on a GPU if
    there is one."""
    return _on_device(model.base_model)


def load_untrained(name: str | Path, seed: int) -> "PreTrainedModel":
    """A model with the configuration of a checkpoint and random weights.

    Parameters
    ----------
    name
        Folder or name of the checkpoint, as in :func:`load_encoder`.
    seed
        Seed of the weights.

    Raises
    ------
    InputError
        If there is no such model, or it needs its own code.
    """
    import torch
    from transformers import AutoConfig, AutoModel

    config = _from_pretrained(AutoConfig.from_pretrained, name)
    torch.manual_seed(seed)
    model: PreTrainedModel = AutoModel.from_config(config, trust_remote_code=False)
    return model.eval()


def load_shape(name: str | Path) -> Shape:
    """Read the size of a model from its configuration, without its weights.

    Parameters
    ----------
    name
        Folder or name of the model, as in :func:`load_encoder`.

    Raises
    ------
    InputError
        If there is no such model, or its configuration lacks its size.
    """
    from transformers import AutoConfig

    config = _text_config(_from_pretrained(AutoConfig.from_pretrained, name))
    try:
        return Shape(config.num_hidden_layers, config.hidden_size)
    except AttributeError as error:
        raise InputError(
            f"{name}: the configuration lacks the number or the width of the layers: {error}"
        ) from error


def text_encoder(model: "PreTrainedModel") -> "PreTrainedModel":
    """The encoder of a model with an encoder and a decoder; any other model as a whole."""
    if not model.config.is_encoder_decoder:
        return model
    encoder: PreTrainedModel = model.get_encoder()
    return encoder


def positions(encoder: "PreTrainedModel") -> int:
    """Number of sub-words that a model from :func:`text_encoder` can read at once."""
    limit: int = getattr(_text_config(encoder.config), "max_position_embeddings", 0)
    if limit <= 0:  # relative positions: some configurations have -1
        return _UNLIMITED
    for name, module in encoder.named_modules():
        padding = getattr(module, "padding_idx", None)
        if name.endswith("position_embeddings") and padding is not None:
            limit -= padding + 1  # RoBERTa and models like it number positions after the padding
    return limit


def hidden_states(
    encoder: "PreTrainedModel", tokens: "torch.Tensor", attended: "torch.Tensor"
) -> tuple["torch.Tensor", ...]:
    """Hidden states of a batch in the embeddings and each layer.

    Parameters
    ----------
    encoder
        Model from :func:`text_encoder`.
    tokens
        Identifiers of the sub-words, ``[sentences, length]``.
    attended
        1 for each sub-word, 0 for padding, ``[sentences, length]``.

    Returns
    -------
    tuple
        ``[sentences, length, dim]`` for the embeddings and each layer; empty for the few models
        that give no hidden states.

    Raises
    ------
    InputError
        If a layer has another shape, as in models that shorten sentences.
    """
    import torch

    run = partial(encoder, input_ids=tokens, attention_mask=attended, output_hidden_states=True)
    if "use_cache" in inspect.signature(encoder.forward).parameters:
        run = partial(run, use_cache=False)  # decoders would keep keys and values of every layer
    with torch.inference_mode():
        output = run()
    states: tuple[torch.Tensor, ...] = output.hidden_states or ()
    for layer, state in enumerate(states):
        if state.ndim != 3 or state.shape[:2] != tokens.shape:
            raise InputError(
                f"{type(encoder).__name__}: layer {layer} has hidden states of shape "
                f"{list(state.shape)}, not one per sub-word {list(tokens.shape)}; use another model"
            )
    return states


def _on_device(model: "PreTrainedModel") -> "PreTrainedModel":
    import torch

    return model.to("cuda" if torch.cuda.is_available() else "cpu")


def _text_config(config: "PreTrainedConfig") -> "PreTrainedConfig":
    """Configuration of the encoder, without other modalities than text."""
    if config.is_encoder_decoder:
        return getattr(config, "encoder", config)
    return config.get_text_config()


def _from_pretrained(load: Callable[..., Any], name: str | Path) -> Any:
    """Call a ``from_pretrained`` of transformers, without running the code of a model."""
    try:
        return load(name, local_files_only=is_local(name), trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise not_loaded(name, "model", error) from error
