"""The cost of training a model, calculated without building, loading or running anything.

Numbers of parameters are exact. FLOPs are those of the matrix products, two per multiplication.
Each weight of the body costs two FLOPs per token in the forward pass and four in the backward pass
(Kaplan et al. 2020, *Scaling Laws for Neural Language Models*, section 2.1). Attention costs
12 x layers x dim x length per token (Chowdhery et al. 2022, *PaLM*, appendix B). The output layer,
and what follows attention in the last layer, are counted for the masked tokens only. Hours and
memory are estimates.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from langsig.errors import InputError
from langsig.morphology import treebank_files
from langsig.pretraining.models import ModelShape

_FORWARD_AND_BACKWARD = 3  # the backward pass has two products per product of the forward pass
_FIRST_POSITION = 2  # RoBERTa numbers positions from the padding id + 1, and the id is 1
_FULL, _HALF = 4, 2  # bytes of a float32 and of a float16 or bfloat16
_CONLLU_ROW = re.compile(r"(\d+)(?:-(\d+))?\t")  # a word or a range, but not an empty node

PEAK_TFLOPS = {
    "V100-16GB": 125.0,
    "V100-32GB": 125.0,
    "A100-40GB": 312.0,
    "A100-80GB": 312.0,
    "H100-80GB": 989.0,
}
"""Peak of dense matrix products in TFLOPS, in bfloat16 (V100: float16), from NVIDIA's data sheets
of the SXM versions."""

KNOWN_VOCABULARIES = {
    "xlm-roberta-base": 250_002,
    "FacebookAI/xlm-roberta-base": 250_002,
}
"""Vocabulary sizes of public tokenizers, so that they need not be downloaded."""


@dataclass(frozen=True)
class Plan:
    """All properties of one model's training that determine its cost.

    Raises
    ------
    InputError
        If a number is not positive, or `masking` is not above 0 and at most 1.
    """

    shape: ModelShape
    """Architecture and size of the model."""
    vocabulary: int
    """Number of entries of the tokenizer, special tokens included."""
    length: int
    """Number of tokens per sequence; shorter sequences are counted as if padded to it."""
    steps: int
    """Number of steps."""
    batch_size: int
    """Number of sequences per batch and process."""
    accumulation: int
    """Number of batches per step."""
    processes: int
    """Number of processes on all machines together."""
    masking: float
    """Share of the tokens to predict."""
    mixed_precision: bool
    """Whether matrix products are in 16 bits. Weights, gradients and moments are always in 32."""

    def __post_init__(self) -> None:
        for name in ("vocabulary", "length", "steps", "batch_size", "accumulation", "processes"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be positive, got {getattr(self, name)}")
        if not 0 < self.masking <= 1:
            raise InputError(f"masking must be above 0 and at most 1, got {self.masking}")

    @property
    def tokens_per_step(self) -> int:
        """Number of tokens per step, padding included."""
        return self.batch_size * self.accumulation * self.processes * self.length

    @property
    def tokens(self) -> int:
        """Number of tokens of all steps, padding included."""
        return self.steps * self.tokens_per_step


@dataclass(frozen=True)
class Flops:
    """FLOPs of the whole training of one model."""

    body: int
    """FLOPs of the layers, apart from attention; those of the last layer after its attention at
    masked positions only, as langsig trains."""
    body_everywhere: int
    """The same with all layers at all positions, as most implementations train."""
    attention: int
    """FLOPs of the products of queries, keys and values; their projections belong to the body."""
    output: int
    """FLOPs of the output layer at masked positions only."""
    output_everywhere: int
    """FLOPs of the output layer at all positions."""

    @property
    def total(self) -> int:
        """All FLOPs, as langsig trains."""
        return self.body + self.attention + self.output

    @property
    def total_everywhere(self) -> int:
        """All FLOPs, with all layers at all positions."""
        return self.body_everywhere + self.attention + self.output_everywhere


@dataclass(frozen=True)
class Memory:
    """Bytes per GPU with one process, without the overhead of the allocator and of CUDA."""

    weights: int
    """Weights, with the 16-bit copies of mixed precision."""
    gradients: int
    """Gradients, twice if there are several processes: torch's data parallelism copies them."""
    moments: int
    """Both moments of Adam."""
    activations: int
    """Activations of the layers that the backward pass needs."""
    logits: int
    """Logits, their softmax and their gradient at masked positions only, as langsig trains."""
    logits_everywhere: int
    """The same at all positions, as most implementations train."""

    @property
    def total(self) -> int:
        """All bytes, with the output layer at masked positions only."""
        return self.weights + self.gradients + self.moments + self.activations + self.logits

    @property
    def total_everywhere(self) -> int:
        """All bytes, with the output layer at all positions."""
        return self.total - self.logits + self.logits_everywhere


def count_parameters(shape: ModelShape, vocabulary: int, length: int) -> int:
    """Count the weights of a model from :func:`~langsig.pretraining.build_model`.

    Weights of the output layer that are shared with the embeddings are counted once.

    Parameters
    ----------
    shape
        Architecture and size.
    vocabulary
        Number of entries of the tokenizer, special tokens included.
    length
        Maximum number of tokens in a sequence.
    """
    dim = shape.dim
    norm = 2 * dim
    embeddings = (vocabulary + length + _FIRST_POSITION + 1) * dim + norm
    attention = 4 * (dim * dim + dim) + norm
    feed_forward = 8 * dim * dim + 5 * dim + norm
    head = dim * dim + dim + norm + vocabulary
    final = norm if shape.architecture == "roberta-prelayernorm" else 0
    return embeddings + shape.layers * (attention + feed_forward) + final + head


def training_flops(plan: Plan) -> Flops:
    """Calculate the FLOPs of a training by the formulas at the top of this module."""
    shape = plan.shape
    dim = shape.dim
    flops_per_weight = 2 * _FORWARD_AND_BACKWARD * plan.tokens
    body = flops_per_weight * 12 * shape.layers * dim * dim
    after_attention = flops_per_weight * 9 * dim * dim  # in the last layer
    output = flops_per_weight * (dim * dim + dim * plan.vocabulary)
    return Flops(
        body=body - after_attention + round(after_attention * plan.masking),
        body_everywhere=body,
        attention=flops_per_weight * 2 * shape.layers * dim * plan.length,
        output=round(output * plan.masking),
        output_everywhere=output,
    )


def gpu_hours(flops: int, tflops: float, utilisation: float) -> float:
    """Estimate the hours that one GPU needs.

    Parameters
    ----------
    flops
        Number of FLOPs.
    tflops
        Peak of the GPU in TFLOPS.
    utilisation
        Share of the peak that training reaches (model FLOPs utilisation). It depends on the sizes
        and has to be measured.

    Raises
    ------
    InputError
        If `tflops` or `utilisation` is out of range.
    """
    if not 0 < tflops < math.inf:
        raise InputError(f"tflops must be a finite positive number, got {tflops}")
    if not 0 < utilisation <= 1:
        raise InputError(f"utilisation must be above 0 and at most 1, got {utilisation}")
    return flops / (tflops * 1e12 * utilisation) / 3600


def training_memory(plan: Plan) -> Memory:
    """Estimate the memory of one process at the end of a forward pass.

    Activations take 34 bytes per token, layer and dimension in 16 bits, and twice as much in 32
    bits (Korthikanti et al. 2022, *Reducing Activation Recomputation in Large Transformer Models*,
    section 4.1, without the attention matrices, which fused attention does not store).
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
    """Calculate the size of a saved model in bytes, with weights in float32."""
    return _FULL * count_parameters(shape, vocabulary, length)


def sequence_bytes(sequences: int, length: int) -> int:
    """Calculate the maximum size in bytes of a number of sequences, with tokens in int32."""
    return 4 * sequences * length


def state_bytes(words: int, shapes: Iterable[ModelShape], itemsize: int) -> int:
    """Calculate the size in bytes of the hidden states of several models.

    Parameters
    ----------
    words
        Number of words.
    shapes
        Shapes of the models, with the layers that are kept.
    itemsize
        Bytes per number.
    """
    return words * itemsize * sum((shape.layers + 1) * shape.dim for shape in shapes)


def covariance_bytes(
    control: ModelShape, experimental: ModelShape, categories: int, blocks: int, block_layers: int
) -> int:
    """Calculate the maximum size in bytes of one language's covariances, in float32.

    Parameters
    ----------
    control, experimental
        Shapes of the two models.
    categories
        Number of categories. A language that lacks some of them takes less.
    blocks
        Number of blocks of sentences.
    block_layers
        Number of layers, summed over the categories, whose sums are stored per block.
    """
    z, y = control.dim, experimental.dim
    statistics_bytes = _FULL * (z * y + z * z + y * y + z + y)
    return statistics_bytes * (categories * (control.layers + 1) + blocks * block_layers)


def residual_bytes(
    control: ModelShape, experimental: ModelShape, *, layers: int, blocks: int, width: int
) -> int:
    """Calculate the size in bytes of one language's sums of residuals, in float32.

    Parameters
    ----------
    control, experimental
        Shapes of the two models.
    layers
        Number of layers.
    blocks
        Number of blocks of sentences, each of two halves.
    width
        Number of principal components of each model at most.
    """
    z, y = min(control.dim, width), min(experimental.dim, width)
    sums = 2 * blocks * (z * y + z * z + y * y + z + y)
    return _FULL * layers * (sums + experimental.dim * y)


def count_words(treebank: Path) -> int:
    """Count the words of a treebank without annotating it.

    The result is the number of words that :func:`~langsig.morphology.annotate` returns: a
    multiword range counts as one word, and empty nodes do not count.

    Parameters
    ----------
    treebank
        CoNLL-U file, or folder with such files.

    Raises
    ------
    InputError
        If the treebank is missing.
    """
    words = 0
    for path in treebank_files(treebank):
        with path.open(encoding="utf-8") as stream:
            for line in stream:
                if row := _CONLLU_ROW.match(line):
                    first, last = row.groups()
                    words += int(first) - int(last) if last else 1
    return words
