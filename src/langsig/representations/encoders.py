"""Models as they are run: which sentences share a batch, how long one may be, how precisely.

None of these can be read from a configuration, so that a model is tried with a few sentences first.
"""

import copy
import inspect
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from langsig.corpora import load_tokenizer
from langsig.errors import InputError, in_one_line
from langsig.representations.language_parts import select_language
from langsig.representations.memory import ran_out_of_memory
from langsig.representations.models import load_encoder, shape_of, text_config, text_encoder
from langsig.representations.sub_words import Batching
from langsig.terms import PRECISIONS

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

_LENGTHS = (6, 17, 200)
"""Sub-words of the sentences that a model is tried with. Padding the first to the second, and the
second to the third, shows effects at two scales."""
_TOLERANCE = 1e-4
"""Difference between two states that is rounding, relative to the largest state of the layer."""
_STEPS = 4  # of a coarser number format than float32, by which states may differ as well
_BATCH_TOKENS = 1024  # larger batches do not fit the cache of a CPU
_BATCH_NUMBERS_IN_BFLOAT16 = 2**18  # in the states of a batch, if there are more than 1,024
_BATCH_TOKENS_ON_GPU = 8192
_BATCH_COST = 2**14
"""What a batch takes besides its sub-words: this number divided by the width of the model, as a
number of sub-words. Measured: 142, 33 and 25 sub-words at widths of 128, 384 and 768."""
_BATCH_COST_ON_GPU = 256
_UNLIMITED = 2**31
_LIMITS = ("max_position_embeddings", "max_seq_len", "max_encoder_position_embeddings")


class Checked(NamedTuple):
    """A model that can be used."""

    model: "PreTrainedModel"
    """The model as it was loaded."""
    encoder: "Encoder"
    """The model as it is run, with its tokenizer; the last of the languages is selected."""


def load_checked(name: str | Path, languages: Iterable[str]) -> Checked:
    """Load a model and its tokenizer, and try whether they can be used for some languages.

    Parameters
    ----------
    name
        Folder or name of the model, as in :func:`load_encoder`.
    languages
        Codes of the languages.

    Raises
    ------
    InputError
        If the model cannot be loaded, or as for :class:`Encoder`.
    """
    model, tokenizer = load_encoder(name), load_tokenizer(name)
    first, *others = languages
    encoder = Encoder(model, tokenizer, first)
    for language in others:
        encoder.select(language)
    return Checked(model, encoder)


class Encoder:
    """The part of a model that gives hidden states, for sentences of one language.

    The model is tried when this is made: with sentences of three lengths alone, and with the
    shorter ones padded next to the longer ones. The same sentences show whether its states stay
    the same in bfloat16, but for rounding.

    Parameters
    ----------
    model
        Any Hugging Face model of text without its output layer.
    tokenizer
        Tokenizer of the model. Its language is set, if it has one.
    language
        Code of the language.
    precision
        Number format of the model's matrix products: ``float32`` for that of the weights, which
        usually is float32; ``bfloat16`` for mixed precision, in which matrices are multiplied in
        bfloat16, and all else is as before; ``auto`` for mixed precision if the processor has it
        natively, the weights are in float32 and the states stay the same. In a trained model of 12
        layers of 384 dimensions, the error of mixed precision is .2 to .5 % of the norm of the
        states, layer by layer, and its states correlate at .99998 or more with those in float32.

    Attributes
    ----------
    model
        The encoder of a model with an encoder and a decoder; any other model as a whole.
    tokenizer
        Tokenizer of the model.
    language
        Code of the language of the sentences, see :meth:`select`.
    name
        Where the model was loaded from, for messages.
    layers
        Number of layers above the embeddings.
    precision
        ``float32`` or ``bfloat16``, as chosen.
    batch_tokens
        Number of sub-words per batch, padding included, at which most models are fastest on the
        device of this one.
    batch_cost
        What a batch takes besides its sub-words, as a number of sub-words.
    batching
        Which sentences may share a batch.
    positions
        Number of sub-words that the model can read at once: as its configuration declares, or
        fewer if trying has shown it.
    vocabulary
        Number of sub-words that the model has embeddings of.
    out_of_memory
        True if the last sentence that was too long did not fit into memory.

    Raises
    ------
    InputError
        If `precision` is not one of its values, the model has no part for the language, cannot be
        run, or has hidden states that are not one per sub-word, not finite, different each time,
        independent of other sub-words or, if asked for, too different in bfloat16.
    """

    def __init__(
        self,
        model: "PreTrainedModel",
        tokenizer: "PreTrainedTokenizerBase",
        language: str,
        precision: str = "float32",
    ) -> None:
        if precision not in PRECISIONS:
            raise InputError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
        self.model = text_encoder(model).eval()
        self.tokenizer = tokenizer
        self.name = model.name_or_path or type(model).__name__
        self.select(language)
        config = text_config(self.model.config)
        self.layers, dim = shape_of(self.model.config, self.name)
        self.vocabulary = getattr(config, "vocab_size", None) or _UNLIMITED
        special = {*tokenizer.all_special_ids, *tokenizer.added_tokens_decoder}
        known = np.arange(min(len(tokenizer), self.vocabulary))
        self._ordinary = np.setdiff1d(known, list(special))
        if len(self._ordinary) < 2:
            raise InputError(
                f"{self.name}: the model has embeddings of {self.vocabulary} sub-words, hardly any "
                f"of which are in the tokenizer; use the tokenizer of this model"
            )
        self.positions = _declared_positions(self.model, config)
        self.out_of_memory = False
        self._works = 0  # length of the longest sentence so far
        self._options: dict[str, Any] = {}
        if "use_cache" in inspect.signature(self.model.forward).parameters:
            self._options["use_cache"] = False  # decoders would keep keys and values of each layer
        self.precision = "float32"
        self._replicas: list[PreTrainedModel] = []
        alone = self._alone()
        self.batching = self._batching(alone)
        if precision == "bfloat16" or (precision == "auto" and self._has_bfloat16()):
            self._reduce_precision(alone, precision)
        self.batch_tokens, self.batch_cost = _BATCH_TOKENS, max(1, _BATCH_COST // dim)
        if self.model.device.type == "cuda":
            self.batch_tokens, self.batch_cost = _BATCH_TOKENS_ON_GPU, _BATCH_COST_ON_GPU
        elif self.precision == "bfloat16":
            self.batch_tokens = max(_BATCH_TOKENS, min(4096, _BATCH_NUMBERS_IN_BFLOAT16 // dim))

    def select(self, language: str) -> None:
        """Use the parts of the model and the tokenizer for sentences of another language.

        Raises
        ------
        InputError
            If the model has such parts, but none for the language.
        """
        self._arguments = select_language(self.model, self.tokenizer, language, self.name)
        self.language = language

    def for_threads(self, count: int) -> list["Encoder"]:
        """The model once per thread, with the same weights and nothing else in common."""
        while len(self._replicas) < count - 1:
            self._replicas.append(_replica(self.model))
        encoders = [self]
        for model in self._replicas[: count - 1]:
            encoders.append(copy.copy(self))
            encoders[-1].model = model
        return encoders

    def states(
        self, tokens: "torch.Tensor", attended: "torch.Tensor"
    ) -> tuple["torch.Tensor", ...]:
        """Hidden states of a batch in the embeddings and each layer.

        Parameters
        ----------
        tokens
            Identifiers of the sub-words, ``[sentences, length]``.
        attended
            1 for each sub-word, 0 for padding, ``[sentences, length]``.

        Returns
        -------
        tuple
            ``[sentences, length, dim]`` for the embeddings and each layer.

        Raises
        ------
        InputError
            If the model fails, memory does not suffice, or the states have another shape.
        """
        import torch  # late, as in extraction

        tokens, attended = tokens.to(self.model.device), attended.to(self.model.device)
        inputs: dict[str, Any] = {
            name: torch.full_like(tokens, value) for name, value in self._arguments.items()
        }
        reduced = self.precision == "bfloat16"
        try:
            with (
                torch.inference_mode(),
                torch.autocast(self.model.device.type, torch.bfloat16, enabled=reduced),
            ):
                output = self.model(
                    input_ids=tokens,
                    attention_mask=attended,
                    output_hidden_states=True,
                    **inputs,
                    **self._options,
                )
        except Exception as error:  # each model raises its own
            remedy = "use another model"
            if ran_out_of_memory(error):
                remedy = "lower batch_tokens, or use a machine with more memory"
            raise InputError(
                f"{self.language}: {self.name} fails for a sentence of {tokens.shape[1]} "
                f"sub-words: {in_one_line(error)}; {remedy}"
            ) from error
        states: tuple[torch.Tensor, ...] = getattr(output, "hidden_states", None) or ()
        for layer, state in enumerate(states):
            if state.ndim != 3 or state.shape[:2] != tokens.shape:
                raise InputError(
                    f"{self.name}: layer {layer} has hidden states of shape {list(state.shape)}, "
                    f"not one per sub-word {list(tokens.shape)}; use another model"
                )
        if not states or len(states) != self.layers + 1:
            raise InputError(
                f"{self.name}: gives hidden states of {len(states)} layers, embeddings included, "
                f"but its configuration names {self.layers} layers above the embeddings; use "
                "another model"
            )
        return states

    def longest(self, length: int) -> int:
        """Length of the longest sentence up to `length` that the model can read, by trying."""
        if length <= self._works or self._states_alone(length):
            return length
        fails = length
        while fails - self._works > 1:
            middle = (self._works + fails) // 2
            if not self._states_alone(middle):
                fails = middle
        self.positions = self._works
        return self._works

    def _alone(self) -> dict[int, list["torch.Tensor"]]:
        """States of sentences alone, checked, ``[length, dim]`` by length and layer."""
        shortest = min(_LENGTHS[0], self.positions)
        alone = {shortest: self._states([self._sentence(shortest)])[0]}  # by length
        self._works = shortest
        for wanted in _LENGTHS[1:]:
            length = min(wanted, self.positions)
            states = self._states_alone(length)
            if not states:
                length = self.longest(length)
                states = self._states_alone(length)
            alone[length] = states
        for states in alone.values():
            self._check_finite(states)
        self._check_context(alone[shortest])
        return alone

    def _batching(self, alone: dict[int, list["torch.Tensor"]]) -> Batching:
        """Find out which sentences may share a batch."""
        if all(self._as_alone(alone, pair) for pair in pairwise(alone)):
            return Batching.PADDED
        if not all(self._as_alone(alone, [length]) for length in alone):
            raise InputError(
                f"{self.name}: the hidden states of a sentence differ each time that it goes "
                "through the model, so that no result could be repeated; use another model"
            )
        if all(self._as_alone(alone, [length], self._sentence(length).flip(0)) for length in alone):
            return Batching.UNPADDED
        return Batching.ALONE

    def _as_alone(
        self,
        alone: dict[int, list["torch.Tensor"]],
        lengths: Sequence[int],
        *neighbours: "torch.Tensor",
    ) -> bool:
        """Whether sentences in one batch have the states that each has alone."""
        try:
            states = self._states([*map(self._sentence, lengths), *neighbours])
        except InputError as error:
            if ran_out_of_memory(error.__cause__):
                raise
            return False  # no batch of this kind is possible
        return all(map(self._equal, [alone[length] for length in lengths], states))

    def _has_bfloat16(self) -> bool:
        """Whether mixed precision is faster: the processor multiplies bfloat16 natively."""
        import torch

        if self.model.dtype != torch.float32:
            return False
        if self.model.device.type == "cuda":
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
        found = torch.cpu.get_capabilities()
        return bool(found.get("avx512_bf16") or found.get("amx_bf16"))

    def _reduce_precision(self, alone: dict[int, list["torch.Tensor"]], wanted: str) -> None:
        """Change to bfloat16 if states stay the same but for rounding."""
        model = self.model
        self.precision, self.model = "bfloat16", _in_bfloat16(model)
        batches: list[Sequence[int]] = [[length] for length in alone]
        if self.batching is Batching.PADDED:
            batches += pairwise(alone)
        if all(self._as_alone(alone, lengths) for lengths in batches):
            return
        self.precision, self.model = "float32", model
        if wanted == "bfloat16":
            raise InputError(
                f"{self.name}: the model has other hidden states in bfloat16, beyond rounding, or "
                "cannot be run in it; use float32"
            )

    def _states_alone(self, length: int) -> list["torch.Tensor"]:
        """States of the sentence of this length, ``[length, dim]`` by layer; none if it fails."""
        try:
            (states,) = self._states([self._sentence(length)])
        except InputError as error:
            if error.__cause__ is None:  # states of another shape, whatever the length
                raise
            self.out_of_memory = ran_out_of_memory(error.__cause__)
            return []
        self._works = max(self._works, length)
        return states

    def _states(self, sentences: Sequence["torch.Tensor"]) -> list[list["torch.Tensor"]]:
        """States of sentences in one batch, ``[length, dim]`` by sentence and layer."""
        import torch
        from torch.nn.utils.rnn import pad_sequence

        from langsig.representations.indices import IndicesInRange

        tokens = pad_sequence(list(sentences), batch_first=True)
        attended = pad_sequence([*map(torch.ones_like, sentences)], batch_first=True)
        with IndicesInRange():
            layers = self.states(tokens, attended)
        return [
            [layer[row, : len(sentence)].to("cpu", torch.float32, copy=True) for layer in layers]
            for row, sentence in enumerate(sentences)
        ]

    def _sentence(self, length: int) -> "torch.Tensor":
        """A sentence of random sub-words without special ones, the same each time, ``[length]``."""
        import torch

        return torch.from_numpy(np.random.default_rng(length).choice(self._ordinary, length))

    def _equal(self, one: Sequence["torch.Tensor"], other: Sequence["torch.Tensor"]) -> bool:
        """Whether the states of a sentence are the same but for rounding, in all layers."""
        import torch

        dtype = torch.bfloat16 if self.precision == "bfloat16" else self.model.dtype
        tolerance = max(_TOLERANCE, _STEPS * torch.finfo(dtype).eps)
        return all(
            bool((a - b).abs().max() <= tolerance * a.abs().max())
            for a, b in zip(one, other, strict=True)
        )

    def _check_finite(self, states: Sequence["torch.Tensor"]) -> None:
        for number, layer in enumerate(states):
            if not layer.isfinite().all():
                raise InputError(
                    f"{self.name}: hidden states of layer {number} are not finite; the weights "
                    "are damaged, or too large for their number format: use another checkpoint"
                )

    def _check_context(self, states: Sequence["torch.Tensor"]) -> None:
        """Check that the last sub-word of a sentence has other states after another sub-word."""
        sentence = self._sentence(len(states[0]))
        sentence[-2] = self._ordinary[self._ordinary != sentence[-2].item()][0]
        (changed,) = self._states([sentence])
        if all(a[-1].equal(b[-1]) for a, b in zip(states, changed, strict=True)):
            raise InputError(
                f"{self.name}: sub-words of a sentence have no effect on each other; perhaps a "
                "part of the model only runs on other machines: use another model"
            )


def _replica(model: "PreTrainedModel") -> "PreTrainedModel":
    """A copy of a model that shares its weights."""
    return copy.deepcopy(model, {id(weights): weights for weights in model.parameters()})


def _in_bfloat16(model: "PreTrainedModel") -> "PreTrainedModel":
    """A copy whose linear maps have weights in bfloat16, and which shares all other weights.

    Mixed precision would otherwise convert the same weights for each batch.
    """
    import torch

    reduced = _replica(model)
    for module in reduced.modules():
        if type(module) is torch.nn.Linear:
            for name, weights in list(module.named_parameters(recurse=False)):
                setattr(module, name, torch.nn.Parameter(weights.bfloat16(), requires_grad=False))
    return reduced


def _declared_positions(encoder: "PreTrainedModel", config: "PreTrainedConfig") -> int:
    """Number of sub-words that a model can read at once, by its configuration."""
    declared = [getattr(config, name, None) or 0 for name in _LIMITS]
    limit = max(declared)
    if limit <= 0:  # relative positions: some configurations have -1
        return _UNLIMITED
    for name, module in encoder.named_modules():
        padding = getattr(module, "padding_idx", None)
        if name.endswith("position_embeddings") and padding is not None:
            limit -= padding + 1  # RoBERTa and models like it number positions after the padding
    return limit
