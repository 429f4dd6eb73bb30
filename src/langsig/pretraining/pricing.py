"""What training a model costs, by arithmetic: nothing is built, loaded or run.

Parameters are exact. FLOPs are those of the matrix products, twice the multiplications: for each
weight of the body and token two forward and four backward (Kaplan et al. 2020, *Scaling Laws for
Neural Language Models*, section 2.1), for attention 12 x layers x dim x length a token (Chowdhery
et al. 2022, *PaLM*, appendix B), and the output layer for each token that it sees. Hours and
memory are estimates.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from langsig.errors import InputError
from langsig.morphology import treebank_files
from langsig.pretraining.models import ModelShape

_FORWARD_AND_BACKWARD = 3  # the backward pass has two products for each of the forward pass
_FIRST_POSITION = 2  # RoBERTa counts positions from the padding id on, which is 1
_FULL, _HALF = 4, 2  # bytes of a float32 and of a float16 or bfloat16
_ROW = re.compile(r"(\d+)(?:-(\d+))?\t")  # of CoNLL-U: a word or a range, no empty node


PEAK_TFLOPS = {
    "V100-16GB": 125.0,
    "V100-32GB": 125.0,
    "A100-40GB": 312.0,
    "A100-80GB": 312.0,
    "H100-80GB": 989.0,
}
"""Dense matrix products in bfloat16, float16 on the V100, by the maker's data sheets (SXM)."""

KNOWN_VOCABULARIES = {
    "xlm-roberta-base": 250_002,
    "FacebookAI/xlm-roberta-base": 250_002,
}
"""Entries of tokenizers that are named rather than trained, so that none need be fetched."""


@dataclass(frozen=True)
class Plan:
    """Everything about the training of one model that has a price."""

    shape: ModelShape
    vocabulary: int
    """Entries of the tokenizer, special ones included."""
    length: int
    """Sub-words a sequence; shorter ones are counted as if they were padded to it."""
    steps: int
    batch_size: int
    """Sequences a batch and process."""
    accumulation: int
    """Batches a step."""
    processes: int
    """Of all machines together."""
    masking: float
    """Share of tokens that the output layer predicts."""
    mixed_precision: bool
    """Whether products are in 16 bits; weights, gradients and moments are in 32 all the same."""

    def __post_init__(self) -> None:
        for name in ("vocabulary", "length", "steps", "batch_size", "accumulation", "processes"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}: {getattr(self, name)} is not positive")
        if not 0 < self.masking <= 1:
            raise InputError(f"masking: {self.masking} is not a share between 0 and 1")

    @property
    def tokens_a_step(self) -> int:
        """Padding included."""
        return self.batch_size * self.accumulation * self.processes * self.length

    @property
    def tokens(self) -> int:
        """Of all steps, padding included."""
        return self.steps * self.tokens_a_step


@dataclass(frozen=True)
class Flops:
    """Of one model's whole training."""

    body: int
    attention: int
    """Products of queries, keys and values; their projections belong to the body."""
    output: int
    """Output layer, where it sees masked positions only."""
    output_everywhere: int
    """Output layer, where it sees all positions; instead of `output`."""

    @property
    def total(self) -> int:
        """As langsig trains."""
        return self.body + self.attention + self.output

    @property
    def total_everywhere(self) -> int:
        """Were the output layer to see all positions."""
        return self.body + self.attention + self.output_everywhere


@dataclass(frozen=True)
class Memory:
    """Bytes a GPU, one process each; without what the allocator and CUDA keep for themselves."""

    weights: int
    """With the 16-bit copies that mixed precision keeps."""
    gradients: int
    """Twice where there are several processes: torch's data parallelism exchanges a copy."""
    moments: int
    """The two of Adam."""
    activations: int
    logits: int
    """Logits, their softmax and their gradient, at masked positions."""
    logits_everywhere: int
    """The same at all positions; instead of `logits`."""

    @property
    def total(self) -> int:
        """As langsig trains."""
        return self.weights + self.gradients + self.moments + self.activations + self.logits

    @property
    def total_everywhere(self) -> int:
        """Were the output layer to see all positions."""
        return self.total - self.logits + self.logits_everywhere


def count_parameters(shape: ModelShape, vocabulary: int, length: int) -> int:
    """Weights of the model that :func:`build_model` makes; tied ones once."""
    dim = shape.dim
    norm = 2 * dim
    embeddings = (vocabulary + length + _FIRST_POSITION + 1) * dim + norm
    attention = 4 * (dim * dim + dim) + norm
    feed_forward = 8 * dim * dim + 5 * dim + norm
    head = dim * dim + dim + norm + vocabulary
    final = norm if shape.architecture == "roberta-prelayernorm" else 0
    return embeddings + shape.layers * (attention + feed_forward) + final + head


def training_flops(plan: Plan) -> Flops:
    """FLOPs of a training, see the formula above."""
    shape, tokens = plan.shape, plan.tokens
    dim = shape.dim
    each = 2 * _FORWARD_AND_BACKWARD * tokens
    output = each * (dim * dim + dim * plan.vocabulary)
    return Flops(
        body=each * 12 * shape.layers * dim * dim,
        attention=each * 2 * shape.layers * dim * plan.length,
        output=round(output * plan.masking),
        output_everywhere=output,
    )


def gpu_hours(flops: int, tflops: float, utilisation: float) -> float:
    """Hours of one GPU.

    Parameters
    ----------
    tflops
        Peak of the GPU.
    utilisation
        Share of the peak that training reaches (model FLOPs utilisation). What it is depends on
        the sizes, and only a measurement tells.

    Raises
    ------
    InputError
        If one of the two is out of range.
    """
    if tflops <= 0:
        raise InputError(f"tflops: {tflops} is not positive")
    if not 0 < utilisation <= 1:
        raise InputError(f"utilisation: {utilisation} is not a share between 0 and 1")
    return flops / (tflops * 1e12 * utilisation) / 3600


def training_memory(plan: Plan) -> Memory:
    """Estimate what one process holds at the end of a forward pass.

    Activations are 34 bytes a token, layer and dimension in 16 bits, and twice that in 32
    (Korthikanti et al. 2022, *Reducing Activation Recomputation in Large Transformer Models*,
    section 4.1, without the attention matrices, which fused attention does not keep).
    """
    parameters = count_parameters(plan.shape, plan.vocabulary, plan.length)
    tokens = plan.batch_size * plan.length
    activations = 34 * tokens * plan.shape.layers * plan.shape.dim
    logits = 3 * _FULL * tokens * plan.vocabulary
    return Memory(
        weights=parameters * (_FULL + _HALF if plan.mixed_precision else _FULL),
        gradients=parameters * _FULL * (2 if plan.processes > 1 else 1),
        moments=2 * parameters * _FULL,
        activations=activations if plan.mixed_precision else 2 * activations,
        logits=round(logits * plan.masking),
        logits_everywhere=logits,
    )


def checkpoint_bytes(shape: ModelShape, vocabulary: int, length: int) -> int:
    """Size of the weights of a saved model, float32."""
    return _FULL * count_parameters(shape, vocabulary, length)


def sequence_bytes(sequences: int, length: int) -> int:
    """Most that the tokens of so many sequences take, int32."""
    return 4 * sequences * length


def state_bytes(words: int, shapes: tuple[ModelShape, ModelShape], itemsize: int) -> int:
    """Size of the hidden states of both models over so many words."""
    return words * itemsize * sum((shape.layers + 1) * shape.dim for shape in shapes)


def covariance_bytes(
    control: ModelShape, experimental: ModelShape, categories: int, blocks: int, block_layers: int
) -> int:
    """Most that one language's covariances take, float32.

    Parameters
    ----------
    categories
        Number of categories; a language that lacks some takes less.
    blocks
        Blocks of sentences.
    block_layers
        Layers, over all categories, whose sums are kept by block.
    """
    z, y = control.dim, experimental.dim
    one = _FULL * (z * y + z * z + y * y + z + y)
    return one * (categories * (control.layers + 1) + blocks * block_layers)


def count_words(treebank: Path) -> int:
    """Rows that the words table of a treebank has, without annotating it.

    A multiword range is one word, and its parts and empty nodes are none.

    Raises
    ------
    InputError
        If the treebank is missing.
    """
    words = 0
    for path in treebank_files(treebank):
        with path.open(encoding="utf-8") as stream:
            for line in stream:
                if row := _ROW.match(line):
                    first, last = row.groups()
                    words += int(first) - int(last) if last else 1
    return words
