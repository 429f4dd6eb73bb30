"""Hugging Face models as stacks of layers over sub-words."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from langsig.errors import InputError, in_one_line
from langsig.hub import is_local, not_loaded

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel


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
        If there is no such model, it needs its own code or an adapter, weights are missing or
        damaged, or their sizes do not fit.
    """
    from transformers.utils import logging  # late, as in extraction

    logging.set_verbosity_error()  # otherwise it warns that the output layer is not loaded
    logging.disable_progress_bar()
    kind = _class(load_config(name))

    def load(name: str | Path, **options: Any) -> Any:
        model, loading = kind.from_pretrained(
            name,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are reported below
            trust_remote_code=False,
            **options,
        )
        return _on_device(model), loading

    model, loading = _from_pretrained(load, name)
    unused = ("pooler.", "decoder.") if model.config.is_encoder_decoder else ("pooler.",)
    for key, found, expected in sorted(loading["mismatched_keys"]):
        if not key.startswith(unused):
            raise InputError(
                f"{name}: {key} has the shape {list(found)}, but {list(expected)} by config.json, "
                "which belongs to another model than the weights; copy or download both again"
            )
    missing = sorted(key for key in loading["missing_keys"] if not key.startswith(unused))
    if missing:
        raise InputError(
            f"{name}: the checkpoint lacks {len(missing)} weights, such as {missing[0]}, which "
            "would be random; use a complete checkpoint"
        )
    encoder: PreTrainedModel = model
    return encoder


def load_masked(name: str | Path) -> "PreTrainedModel | None":
    """Load a model with its masked-language-model head, onto a GPU if there is one.

    Parameters
    ----------
    name
        Folder or name of the model, as in :func:`load_encoder`.

    Returns
    -------
    PreTrainedModel or None
        None if the checkpoint has no such head: its configuration names another architecture, or
        weights of the head are missing.

    Raises
    ------
    InputError
        If the model cannot be loaded.
    """
    from transformers import AutoModelForMaskedLM

    architecture = str((load_config(name).architectures or [""])[0])
    if not architecture.endswith("ForMaskedLM"):
        return None
    load = partial(
        AutoModelForMaskedLM.from_pretrained, output_loading_info=True, trust_remote_code=False
    )
    model, loading = _from_pretrained(load, name)
    return None if loading["missing_keys"] else _on_device(model)


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
        If there is no such model, it needs its own code, or its configuration describes none.
    """
    import torch
    from transformers import AutoModel

    config = load_config(name)
    kind = _class(config)
    torch.manual_seed(seed)
    try:
        model: PreTrainedModel = (
            kind.from_config(config, trust_remote_code=False) if kind is AutoModel else kind(config)
        )
    except Exception as error:  # of any kind, as in _from_pretrained
        raise not_loaded(name, "model", error) from error
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
    return shape_of(load_config(name), name)


def shape_of(config: "PreTrainedConfig", name: str | Path) -> Shape:
    """The size of the text part of a model, by its configuration.

    Raises
    ------
    InputError
        If the configuration lacks it.
    """
    try:
        of_text = text_config(config)
        layers, dim = of_text.num_hidden_layers, of_text.hidden_size
    except (AttributeError, ValueError) as error:
        raise InputError(
            f"{name}: the configuration lacks the number or the width of the layers of a model of "
            f"text: {in_one_line(error)}; use another model"
        ) from error
    if not isinstance(layers, int) or not isinstance(dim, int):
        raise InputError(
            f"{name}: the layers of the model differ in width or kind (num_hidden_layers "
            f"{layers}, hidden_size {dim}); use another model"
        )
    return Shape(layers, dim)


def load_config(name: str | Path) -> "PreTrainedConfig":
    """Read the configuration of a model.

    Raises
    ------
    InputError
        If there is no such model, or it needs its own code or an adapter.
    """
    from transformers import AutoConfig
    from transformers.utils import find_adapter_config_file

    if _from_pretrained(find_adapter_config_file, name):
        raise InputError(
            f"{name}: has an adapter (adapter_config.json), which langsig does not apply; merge it "
            "into the model and save the model, or remove the file"
        )
    config: PreTrainedConfig = _from_pretrained(
        partial(AutoConfig.from_pretrained, trust_remote_code=False), name
    )
    return config


def text_encoder(model: "PreTrainedModel") -> "PreTrainedModel":
    """The encoder of a model with an encoder and a decoder; any other model as a whole.

    Raises
    ------
    InputError
        If the encoder is not a model of its own.
    """
    from transformers import PreTrainedModel

    encoder = model.get_encoder() if model.config.is_encoder_decoder else model
    if not isinstance(encoder, PreTrainedModel):
        raise InputError(
            f"{model.name_or_path}: the encoder ({type(encoder).__name__}) cannot be run alone; "
            "use another model"
        )
    return encoder


def _on_device(model: "PreTrainedModel") -> "PreTrainedModel":
    import torch

    return model.to("cuda" if torch.cuda.is_available() else "cpu")


def text_config(config: "PreTrainedConfig") -> "PreTrainedConfig":
    """Configuration of the encoder, without other modalities than text."""
    if not config.is_encoder_decoder:
        return config.get_text_config()
    encoder = getattr(config, "encoder", None)
    return encoder.get_text_config() if encoder else config


def _class(config: "PreTrainedConfig") -> Any:
    """The class of transformers that loads a model without its output layer.

    ``AutoModel`` would give a random decoder to an encoder that was saved alone, such as T5's.
    """
    import transformers

    architecture = str((config.architectures or [""])[0])
    if architecture.endswith("EncoderModel"):
        return getattr(transformers, architecture, transformers.AutoModel)
    return transformers.AutoModel


def _from_pretrained(load: Callable[..., Any], name: str | Path) -> Any:
    """Call a function of transformers that loads part of a model, from a folder without network."""
    try:
        return load(name, local_files_only=is_local(name))
    except InputError:
        raise
    except Exception as error:  # the libraries below raise exceptions of many kinds
        raise not_loaded(name, "model", error) from error
