"""Any Hugging Face model as a stack of layers over sub-words."""

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from langsig.errors import InputError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel

_UNLIMITED = 2**31


class Shape(NamedTuple):
    """Size of the part of a model that hidden states are taken from."""

    layers: int
    """Above the embeddings."""
    dim: int


def load_encoder(name: str | Path) -> "PreTrainedModel":
    """Load a model without its output layer, onto a GPU if there is one.

    Parameters
    ----------
    name
        A folder, for which no network is needed, or a name on the Hugging Face hub.

    Raises
    ------
    InputError
        If there is no such model, it needs code of its own, or weights are missing.
    """
    import torch  # late, as in extraction
    from transformers import AutoModel
    from transformers.utils import logging

    logging.set_verbosity_error()  # the output layer is not loaded, which is as it should be
    logging.disable_progress_bar()
    model, loading = _from_pretrained(AutoModel, name, output_loading_info=True)
    unused = ("pooler.", "decoder.") if model.config.is_encoder_decoder else ("pooler.",)
    missing = sorted(key for key in loading["missing_keys"] if not key.startswith(unused))
    if missing:
        raise InputError(
            f"{name}: {len(missing)} weights are not in the checkpoint, {missing[0]} the first; "
            "they would be random"
        )
    return model.to("cuda" if torch.cuda.is_available() else "cpu")


def load_untrained(name: str | Path, seed: int) -> "PreTrainedModel":
    """A model of the configuration of a checkpoint, with random weights.

    Parameters
    ----------
    name
        As of :func:`load_encoder`.

    Raises
    ------
    InputError
        If there is no such model, or it needs code of its own.
    """
    import torch
    from transformers import AutoConfig, AutoModel

    config = _from_pretrained(AutoConfig, name)
    torch.manual_seed(seed)
    model: PreTrainedModel = AutoModel.from_config(config)
    return model.eval()


def load_shape(name: str | Path) -> Shape:
    """Read the size of a model from its configuration, without its weights.

    Raises
    ------
    InputError
        If there is no such model, or its configuration does not say.
    """
    from transformers import AutoConfig

    config = _text_config(_from_pretrained(AutoConfig, name))
    try:
        return Shape(config.num_hidden_layers, config.hidden_size)
    except AttributeError as error:
        raise InputError(
            f"{name}: the configuration gives no size of its layers: {error}"
        ) from error


def text_encoder(model: "PreTrainedModel") -> "PreTrainedModel":
    """The part of a model that reads: the encoder where there is a decoder too, else all of it."""
    if not model.config.is_encoder_decoder:
        return model
    encoder: PreTrainedModel = model.get_encoder()
    return encoder


def positions(encoder: "PreTrainedModel") -> int:
    """Sub-words that fit into what :func:`text_encoder` returns."""
    limit: int = getattr(_text_config(encoder.config), "max_position_embeddings", 0)
    if limit <= 0:  # relative positions; some configurations say -1
        return _UNLIMITED
    for name, module in encoder.named_modules():
        padding = getattr(module, "padding_idx", None)
        if name.endswith("position_embeddings") and padding is not None:
            limit -= padding + 1  # RoBERTa and its kin count positions from the padding on
    return limit


def hidden_states(
    encoder: "PreTrainedModel", tokens: "torch.Tensor", attended: "torch.Tensor"
) -> tuple["torch.Tensor", ...]:
    """``[sentences, length, dim]`` for the embeddings and each layer; none in a few models.

    Parameters
    ----------
    tokens, attended
        ``[sentences, length]``: sub-words, and 1 where there is one, 0 where there is padding.
    """
    import torch

    options: dict[str, Any] = {}
    if "use_cache" in inspect.signature(encoder.forward).parameters:
        options["use_cache"] = False  # decoders would keep keys and values of every layer
    with torch.inference_mode():
        output = encoder(
            input_ids=tokens, attention_mask=attended, output_hidden_states=True, **options
        )
    return output.hidden_states or ()


def _text_config(config: "PreTrainedConfig") -> "PreTrainedConfig":
    """Of the encoder where there is a decoder too, and without other modalities."""
    if config.is_encoder_decoder:
        return getattr(config, "encoder", config)
    return config.get_text_config()


def _from_pretrained(auto_class: Any, name: str | Path, **options: Any) -> Any:
    local = Path(name).is_dir()
    if not local and (isinstance(name, Path) or name.count("/") > 1 or name[:1] in "./~"):
        raise InputError(f"{name}: no such folder")
    try:
        return auto_class.from_pretrained(name, local_files_only=local, **options)
    except (OSError, ValueError) as error:
        what = "no model" if local else "no folder of this name, and no model from the hub"
        raise InputError(f"{name}: {what} that can be loaded: {error}") from error
