"""Cross- and auto-covariances of two models' hidden states over the same words.

They are sufficient statistics: factorisation, bootstrap over blocks of sentences, and linear
measures of similarity need nothing else, so hidden states are read only once.
"""

import json
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from tqdm import tqdm

from langsig.arrays import Array
from langsig.errors import InputError, LeftOutWarning, check_count
from langsig.representations.extraction import States
from langsig.schemas import NORMALISATIONS

_ABOUT = "about"  # key of the metadata of a file
_CHUNK = 8_192  # number of words in memory at a time, in float64


@dataclass(frozen=True, eq=False)
class LayerStatistics:
    r"""Covariances of the states of one slice of words in one layer.

    With the states Z of the control model ``[words, dim_control]`` and Y of the experimental
    model ``[words, dim_experimental]``, columns centred, and m words, the slice is (paper,
    section 2)

    .. math:: \Omega = Z^T Y / m.

    Examples
    --------
    >>> import numpy as np
    >>> z = np.array([[1.0, 0.0], [3.0, 0.0]])
    >>> y = np.array([[2.0], [6.0]])
    >>> statistics = CovarianceFitter.fit(z, y)
    >>> statistics.cross
    array([[2.],
           [0.]])
    >>> statistics.normalised("variance").experimental
    array([[1.]])
    """

    cross: Array
    """Cross-covariance Omega, ``[dim_control, dim_experimental]``."""
    control: Array
    """Covariance Z^T Z / m of the control model, ``[dim_control, dim_control]``."""
    experimental: Array
    """Covariance Y^T Y / m of the experimental model, ``[dim_experimental, dim_experimental]``."""
    control_mean: Array
    """Mean state of the control model, ``[dim_control]``."""
    experimental_mean: Array
    """Mean state of the experimental model, ``[dim_experimental]``."""

    def normalised(self, normalise: str) -> "LayerStatistics":
        """The statistics of normalised states, see :func:`normalising_factors`.

        Raises
        ------
        InputError
            If `normalise` is unknown.
        """
        z, y = normalising_factors(normalise, self.control, self.experimental)
        return LayerStatistics(
            z * y * self.cross,
            z * z * self.control,
            y * y * self.experimental,
            z * self.control_mean,
            y * self.experimental_mean,
        )


@dataclass(frozen=True, eq=False)
class BlockStatistics:
    """Sums over blocks of sentences, of states centred on the means of the whole slice.

    The covariance of any choice of blocks can be computed from them. With the sum S of the
    products, the sums M of the states and the number of words N over the chosen blocks, the
    cross-covariance is S / N - (M_control / N) (M_experimental / N)^T.
    """

    counts: NDArray[np.int64]
    """Number of words, ``[blocks]``."""
    cross: Array
    """Sums of the products of both models, ``[blocks, dim_control, dim_experimental]``."""
    control: Array
    """Sums of the products of the control model, ``[blocks, dim_control, dim_control]``."""
    experimental: Array
    """Sums of the products of the experimental model,
    ``[blocks, dim_experimental, dim_experimental]``."""
    control_sums: Array
    """Sums of the states of the control model, ``[blocks, dim_control]``."""
    experimental_sums: Array
    """Sums of the states of the experimental model, ``[blocks, dim_experimental]``."""

    def cross_covariance(
        self, chosen: slice | NDArray[np.int64], normalise: str = "none"
    ) -> NDArray[np.float64]:
        """Cross-covariance of the words of some blocks, ``[dim_control, dim_experimental]``.

        Parameters
        ----------
        chosen
            Numbers of the blocks. A block that is chosen twice counts twice.
        normalise
            Normalisation of the states, see :func:`normalising_factors`.

        Raises
        ------
        InputError
            If `normalise` is unknown.
        """
        words = self.counts[chosen].sum()
        z = self.control_sums[chosen].sum(0, np.float64) / words
        y = self.experimental_sums[chosen].sum(0, np.float64) / words

        def covariance(sums: Array, left: Array, right: Array) -> NDArray[np.float64]:
            whole: NDArray[np.float64] = sums[chosen].sum(0, np.float64) / words
            return whole - np.outer(left, right)

        cross = covariance(self.cross, z, y)
        if normalise == "none":
            return cross
        control = covariance(self.control, z, z)
        experimental = covariance(self.experimental, y, y)
        return cross * np.prod(normalising_factors(normalise, control, experimental))

    def resampled_covariances(
        self, drawn: NDArray[np.int64], normalise: str = "none"
    ) -> NDArray[np.float64]:
        """Cross-covariances of the words of several draws of blocks.

        Parameters
        ----------
        drawn
            Numbers of the blocks of each draw, ``[draws, blocks drawn]``. A block that is drawn
            twice counts twice.
        normalise
            Normalisation of the states, see :func:`normalising_factors`.

        Returns
        -------
        ndarray
            ``[draws, dim_control, dim_experimental]``; entry n is the cross-covariance of draw n
            (:meth:`cross_covariance`) up to rounding errors.

        Raises
        ------
        InputError
            If `normalise` is unknown.
        """
        blocks = len(self.counts)
        times = np.array([np.bincount(chosen, minlength=blocks) for chosen in drawn], np.float64)
        shares = times / (times @ self.counts)[:, None]  # [draws, blocks], per word
        z, y = shares @ self.control_sums, shares @ self.experimental_sums
        cross = np.tensordot(shares, self.cross.astype(np.float64), 1)
        cross -= z[:, :, None] * y[:, None, :]
        if normalise == "none":
            return cross
        variances = [  # means over dimensions, [draws]
            (shares @ np.trace(sums, axis1=1, axis2=2, dtype=np.float64) - np.sum(means**2, axis=1))
            / means.shape[1]
            for sums, means in ((self.control, z), (self.experimental, y))
        ]
        factors = [
            np.prod(normalising_factors(normalise, np.array([[of_z]]), np.array([[of_y]])))
            for of_z, of_y in zip(*variances, strict=True)
        ]
        return cross * np.array(factors)[:, None, None]

    def flipped_covariances(self, signs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Cross-covariances within blocks, with the signs of some blocks flipped.

        If the states of the two models are unrelated, the covariance of a block is as likely as
        its negative, whatever the dependence between its words. States are centred on the means
        of their block; the means of all words would make blocks depend on each other.

        Parameters
        ----------
        signs
            1 or -1 for each block, ``[replicates, blocks]``.

        Returns
        -------
        ndarray
            ``[replicates, dim_control, dim_experimental]``.
        """
        means = self.control_sums / np.maximum(self.counts, 1)[:, None]
        within = self.cross - np.einsum("bi,bj->bij", means, self.experimental_sums)
        mean: NDArray[np.float64] = np.tensordot(signs, within / self.counts.sum(), 1)
        return mean


def normalising_factors(normalise: str, control: Array, experimental: Array) -> tuple[float, float]:
    """Factors that normalise the states of the control and of the experimental model.

    Parameters
    ----------
    normalise
        ``none``: factors of 1. ``variance``: one over the square root of the mean variance per
        dimension, which becomes 1. Average signatures then no longer follow the norms of the
        states, which differ between models and layers.
    control, experimental
        Covariances of the states, ``[dim_control, dim_control]`` and
        ``[dim_experimental, dim_experimental]``.

    Raises
    ------
    InputError
        If `normalise` is unknown, or states without variance are to be normalised.
    """
    if normalise not in NORMALISATIONS:
        raise InputError(f"normalise must be one of {', '.join(NORMALISATIONS)}, got {normalise!r}")
    if normalise == "none":
        return 1.0, 1.0
    z = float(np.trace(control)) / len(control)
    y = float(np.trace(experimental)) / len(experimental)
    if z == 0 or y == 0:
        model = "control" if z == 0 else "experimental"
        raise InputError(
            f"the states of the {model} model have no variance and cannot be normalised; leave "
            "out this layer, or use normalise='none'"
        )
    return z**-0.5, y**-0.5


def match_layers(
    control: int, experimental: int, resolution: int | None = None
) -> list[tuple[int, int]]:
    """Pair the layers of two models by relative depth, embeddings with embeddings, top with top.

    Parameters
    ----------
    control, experimental
        Numbers of layers above the embeddings.
    resolution
        Number of steps from the embeddings to the top (default: the number of layers of the
        shallower model, so that each of its layers is in one pair).

    Returns
    -------
    list
        One pair (layer of the control model, layer of the experimental model) for each step from
        0 to `resolution`: the layers nearest to the step, halves rounded to even layers.

    Raises
    ------
    InputError
        If a number is negative or not an integer.

    Examples
    --------
    >>> match_layers(3, 6)
    [(0, 0), (1, 2), (2, 4), (3, 6)]
    >>> match_layers(12, 12, resolution=2)
    [(0, 0), (6, 6), (12, 12)]
    """
    check_count("control", control, 0)
    check_count("experimental", experimental, 0)
    if resolution is not None:
        check_count("resolution", resolution, 0)
    steps = min(control, experimental) if resolution is None else resolution
    return [
        (round(share * control), round(share * experimental))
        for share in (Fraction(step, max(steps, 1)) for step in range(steps + 1))
    ]


class CovarianceFitter:
    """Accumulates the states of two models over the same words into their covariances.

    Sums are kept per block in float64. They are sums of differences from a shift, which should be
    near the mean, so that states with large means do not lose digits.

    Parameters
    ----------
    control_shift, experimental_shift
        Vectors to subtract from the states, ``[dim_control]`` and ``[dim_experimental]``.
    blocks
        Number of blocks that words are counted in (default: 1).

    Raises
    ------
    InputError
        If a shift is not a vector, or `blocks` is not a positive integer.

    Examples
    --------
    All words at once:

    >>> import numpy as np
    >>> z = np.array([[0.0, 1.0], [2.0, 1.0], [4.0, 4.0]])
    >>> y = np.array([[1.0], [2.0], [6.0]])
    >>> CovarianceFitter.fit(z, y).cross.round(2)
    array([[3.33],
           [3.  ]])

    The same in several parts:

    >>> fitter = CovarianceFitter(z[0], y[0])
    >>> fitter.update(z[:2], y[:2])
    >>> fitter.update(z[2:], y[2:])
    >>> fitter.statistics().cross.round(2)
    array([[3.33],
           [3.  ]])
    """

    def __init__(self, control_shift: Array, experimental_shift: Array, blocks: int = 1) -> None:
        self._control_shift = np.array(control_shift, np.float64)
        self._experimental_shift = np.array(experimental_shift, np.float64)
        shapes = (self._control_shift.shape, self._experimental_shift.shape)
        if [len(shape) for shape in shapes] != [1, 1]:
            raise InputError(
                "control_shift and experimental_shift must be vectors [dim_control] and "
                f"[dim_experimental], got shapes {shapes[0]} and {shapes[1]}"
            )
        check_count("blocks", blocks)
        (d_control,), (d_experimental,) = shapes
        self._counts = np.zeros(blocks, np.int64)
        self._cross = np.zeros((blocks, d_control, d_experimental))
        self._control = np.zeros((blocks, d_control, d_control))
        self._experimental = np.zeros((blocks, d_experimental, d_experimental))
        self._control_sums = np.zeros((blocks, d_control))
        self._experimental_sums = np.zeros((blocks, d_experimental))

    @classmethod
    def fit(cls, control: Array, experimental: Array) -> LayerStatistics:
        """Covariances of the states of two models over the same words.

        Parameters
        ----------
        control
            States of the control model, ``[words, dim_control]``.
        experimental
            States of the experimental model, ``[words, dim_experimental]``.

        Raises
        ------
        InputError
            If the shapes do not fit, or there are no words.
        """
        control, experimental = np.asarray(control), np.asarray(experimental)
        if control.ndim != 2 or experimental.ndim != 2 or not len(control):
            raise InputError(
                "control and experimental must have shapes [words, dim] with at least one word, "
                f"got {control.shape} and {experimental.shape}"
            )
        fitter = cls(control.mean(0, np.float64), experimental.mean(0, np.float64))
        fitter.update(control, experimental)
        return fitter.statistics()

    def update(self, control: Array, experimental: Array, block: int = 0) -> None:
        """Add words of one block.

        Parameters
        ----------
        control, experimental
            States of the words, ``[words, dim_control]`` and ``[words, dim_experimental]``.
        block
            Number of the block (default: 0).

        Raises
        ------
        InputError
            If the shapes do not fit each other or the shifts, or there is no such block.
        """
        control, experimental = np.asarray(control), np.asarray(experimental)
        expected = (len(self._control_shift), len(self._experimental_shift))
        if len(control) != len(experimental) or (control.shape[1:], experimental.shape[1:]) != (
            expected[:1],
            expected[1:],
        ):
            raise InputError(
                f"control and experimental must have shapes [words, {expected[0]}] and "
                f"[words, {expected[1]}] with the same words, got {control.shape} and "
                f"{experimental.shape}"
            )
        if not 0 <= block < len(self._counts):
            raise InputError(f"block must be from 0 to {len(self._counts) - 1}, got {block}")
        z = control.astype(np.float64) - self._control_shift
        y = experimental.astype(np.float64) - self._experimental_shift
        self._counts[block] += len(z)
        self._cross[block] += z.T @ y
        self._control[block] += z.T @ z
        self._experimental[block] += y.T @ y
        self._control_sums[block] += z.sum(0)
        self._experimental_sums[block] += y.sum(0)

    def statistics(self) -> LayerStatistics:
        """Covariances over all words so far.

        Raises
        ------
        InputError
            If there are no words yet.
        """
        words = self._counts.sum()
        if not words:
            raise InputError("there are no words yet; call update first")
        z, y = self._control_sums.sum(0) / words, self._experimental_sums.sum(0) / words
        return LayerStatistics(
            cross=self._cross.sum(0) / words - np.outer(z, y),
            control=self._control.sum(0) / words - np.outer(z, z),
            experimental=self._experimental.sum(0) / words - np.outer(y, y),
            control_mean=self._control_shift + z,
            experimental_mean=self._experimental_shift + y,
        )

    def block_statistics(self) -> BlockStatistics:
        """Sums over each block so far, of states minus the shifts."""
        return BlockStatistics(
            self._counts.copy(),
            self._cross.copy(),
            self._control.copy(),
            self._experimental.copy(),
            self._control_sums.copy(),
            self._experimental_sums.copy(),
        )


@dataclass(frozen=True, eq=False)
class CategoryStatistics:
    """Covariances of one language's words that bear one category, in all layers."""

    language: str
    category: str
    words: int
    """Number of words in the slice; zero if the language lacks the category."""
    layers: list[LayerStatistics]
    """One entry per layer, starting with the embeddings; empty if there are too few words."""
    blocks: dict[int, BlockStatistics]
    """Sums over blocks by layer, for the layers that were asked for."""
    layer_pairs: list[tuple[int | None, int]]
    """Layers of the control and of the experimental model that were paired, see
    :func:`match_layers`; None for a reference without layers. Layers in this class are positions
    in this list."""

    def save(self, path: str | Path) -> None:
        """Write to a safetensors file, float32: ``layer.00.cross``, ``blocks.00.counts``, ..."""
        tensors: dict[str, NDArray[Any]] = {}
        groups: dict[str, dict[int, LayerStatistics | BlockStatistics]] = {
            "layer": dict(enumerate(self.layers)),
            "blocks": dict(self.blocks),
        }
        for prefix, statistics in groups.items():
            for layer, values in statistics.items():
                for field in fields(values):
                    value = getattr(values, field.name)
                    if np.issubdtype(value.dtype, np.floating):
                        value = value.astype(np.float32)
                    tensors[f"{prefix}.{layer:02d}.{field.name}"] = np.ascontiguousarray(value)
        metadata = {
            "language": self.language,
            "category": self.category,
            "words": self.words,
            "layer_pairs": self.layer_pairs,
        }
        # One key, because several would be written in a different order each time.
        save_file(tensors, path, {_ABOUT: json.dumps(metadata)})

    @classmethod
    def load(cls, path: str | Path) -> "CategoryStatistics":
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            If the file is missing or holds something else.
        """
        groups: dict[str, dict[int, dict[str, NDArray[Any]]]] = {"layer": {}, "blocks": {}}
        try:
            with safe_open(path, "numpy") as file:
                metadata = json.loads((file.metadata() or {})[_ABOUT])
                for key in file.keys():  # noqa: SIM118 - not a mapping
                    prefix, layer, name = key.split(".")
                    groups[prefix].setdefault(int(layer), {})[name] = file.get_tensor(key)
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise InputError(f"{path}: cannot read covariances: {error}") from error
        metadata["layer_pairs"] = [(z, y) for z, y in metadata["layer_pairs"]]
        layers = [LayerStatistics(**values) for _, values in sorted(groups["layer"].items())]
        blocks = {layer: BlockStatistics(**values) for layer, values in groups["blocks"].items()}
        return cls(**metadata, layers=layers, blocks=blocks)


@dataclass(frozen=True, eq=False)
class _Selection:
    """Words whose sentences are divided into blocks together, and the slices of these words."""

    z_rows: NDArray[np.int64]
    """Row of each word in the states of the control model, ``[words]``."""
    y_rows: NDArray[np.int64]
    """Row of each word in the states of the experimental model, ``[words]``."""
    pieces: list[tuple[int, NDArray[np.int64]]]
    """Words that are read at a time, and the block that they are all in."""
    members: dict[str, NDArray[np.bool_]]
    """For each category, which words bear it, ``[words]``."""

    @classmethod
    def of(
        cls,
        control: States,
        experimental: States,
        words: pd.DataFrame,
        categories: Sequence[str],
        *,
        blocks: int,
        max_words: int | None = None,
        seed: int = 0,
    ) -> "_Selection":
        """Select the words that bear any of the categories and have a state in both models."""
        rows, z_rows, y_rows = np.intersect1d(
            control.index, experimental.index, assume_unique=True, return_indices=True
        )
        chosen = np.flatnonzero(words[list(categories)].notna().any(axis=1).to_numpy()[rows])
        if max_words is not None:
            sentence = words["sentence"].to_numpy()[rows[chosen]]
            chosen = chosen[sentences_up_to(max_words, sentence, seed)]
        kept = words.iloc[rows[chosen]]
        number = np.unique(kept["sentence"].to_numpy(), return_inverse=True)[1]
        block = number * blocks // (number.max() + 1) if len(number) else number
        return cls(
            z_rows[chosen],
            y_rows[chosen],
            [
                (found, piece)
                for found in np.unique(block).tolist()
                for piece in chunks(np.flatnonzero(block == found))
            ],
            {category: kept[category].notna().to_numpy() for category in categories},
        )

    def fitters(
        self, z: Array, y: Array, min_instances: int, blocks: Mapping[str, int]
    ) -> dict[str, CovarianceFitter]:
        """Accumulate the states of one layer, for each category with enough words.

        Parameters
        ----------
        z, y
            States of the layer, ``[words of the model, dim]``.
        min_instances
            Number of words that a slice must have.
        blocks
            Number of blocks of the categories whose words are not all in one block.
        """
        slices = {
            category: mask
            for category, mask in self.members.items()
            if mask.sum() >= max(1, min_instances)
        }
        fitters = {
            category: CovarianceFitter(
                _mean(z, self.z_rows[mask]), _mean(y, self.y_rows[mask]), blocks.get(category, 1)
            )
            for category, mask in slices.items()
        }
        for number, piece in self.pieces:
            z_piece, y_piece = z[self.z_rows[piece]], y[self.y_rows[piece]]
            for category, mask in slices.items():
                inside = mask[piece]
                block = number if category in blocks else 0
                fitters[category].update(z_piece[inside], y_piece[inside], block)
        return fitters


def covariances_by_category(
    control: States,
    experimental: States,
    words: pd.DataFrame,
    *,
    language: str,
    categories: Sequence[str],
    min_instances: int,
    blocks: int,
    block_layers: Mapping[str, Sequence[int]],
    samples: Mapping[str, int] | None = None,
    seed: int = 0,
    resolution: int | None = None,
) -> list[CategoryStatistics]:
    """Covariances of both models' states over the words of each category.

    A slice holds every word that bears the category, whatever its value (paper, section 4), and
    that both models have a state for.

    Parameters
    ----------
    control
        States of the control model, or vectors of another reference. States of a single layer are
        a reference without layers: every layer of the experimental model is paired with them.
    experimental
        States of the experimental model.
    words
        Words table: a column ``sentence``, and one column per category, missing where a word does
        not bear it.
    language
        Code of the language.
    categories
        Categories to compute slices of.
    min_instances
        Number of words that a slice must have. Slices with fewer words get no covariances, only
        their count.
    blocks
        Number of blocks of consecutive sentences.
    block_layers
        For each category, the layers whose sums over blocks are kept.
    samples
        Categories of which a sample is computed too, and the maximum number of words of each
        sample. Whole sentences are chosen at random (default: no samples).
    seed
        Seed of the choice of sentences.
    resolution
        Number of steps that the layers are matched in, see :func:`match_layers`.

    Returns
    -------
    list
        One entry per category, in the given order, then one entry per sample.

    Warns
    -----
    LeftOutWarning
        If a reference without layers is the same for all words of a category, such as the part of
        speech of all words with a tense. Their slice would be zero, and gets no covariances.

    Raises
    ------
    InputError
        If a number is out of range.
    """
    check_count("blocks", blocks)
    samples = samples or {}
    for category, max_words in samples.items():
        check_count(f"samples[{category!r}]", max_words)
    layer_pairs = paired_layers(control, experimental, resolution)
    select = partial(_Selection.of, control, experimental, words, blocks=blocks, seed=seed)
    selections = [select(categories)]
    selections += [
        select([category], max_words=max_words) for category, max_words in samples.items()
    ]
    layers: list[dict[str, list[LayerStatistics]]] = [defaultdict(list) for _ in selections]
    block_sums: list[dict[str, dict[int, BlockStatistics]]] = [
        defaultdict(dict) for _ in selections
    ]
    bar = tqdm(layer_pairs, desc=f"covariance {language}", mininterval=1, disable=None)
    for layer, (z_layer, y_layer) in enumerate(bar):
        z, y = control.layers[z_layer or 0], experimental.layers[y_layer]
        in_blocks = {name: blocks for name, kept in block_layers.items() if layer in kept}
        for number, selection in enumerate(selections):
            fitters = selection.fitters(z, y, min_instances, in_blocks)
            for category, fitter in fitters.items():
                layers[number][category].append(fitter.statistics())
                if category in in_blocks:
                    block_sums[number][category][layer] = fitter.block_statistics()
    if layer_pairs[0][0] is None:
        for of_selection, blocks_of_selection in zip(layers, block_sums, strict=True):
            for category in [name for name, kept in of_selection.items() if _is_constant(kept)]:
                warnings.warn(
                    f"{language}: left out {category}, whose words all have the same reference",
                    LeftOutWarning,
                    stacklevel=2,
                )
                del of_selection[category]
                blocks_of_selection.pop(category, None)
    return [
        CategoryStatistics(
            language,
            category,
            int(mask.sum()),
            layers[number][category],
            block_sums[number][category],
            layer_pairs,
        )
        for number, selection in enumerate(selections)
        for category, mask in selection.members.items()
    ]


def _is_constant(layers: Sequence[LayerStatistics]) -> bool:
    """Whether the control states of all words are equal."""
    return not any(statistics.control.any() for statistics in layers)


def paired_layers(
    control: States, experimental: States, resolution: int | None = None
) -> list[tuple[int | None, int]]:
    """Pair the layers of two models; a control of a single layer has no layers to pair.

    Parameters
    ----------
    control, experimental
        States of the models.
    resolution
        Number of steps, see :func:`match_layers`.

    Returns
    -------
    list
        Pairs as of :func:`match_layers`. For a reference without layers, one pair (None, layer)
        for each step in the experimental model.
    """
    depths = len(control.layers) - 1, len(experimental.layers) - 1
    if depths[0]:
        return [*match_layers(*depths, resolution)]
    return [(None, layer) for _, layer in match_layers(depths[1], depths[1], resolution)]


def sentences_up_to(
    max_words: int, sentence: NDArray[np.integer[Any]], seed: int
) -> NDArray[np.int64]:
    """Choose whole sentences at random until no more fit into a number of words.

    Parameters
    ----------
    max_words
        Number of words at most.
    sentence
        Sentence of each word, ``[words]``.
    seed
        Seed of the random order of the sentences.

    Returns
    -------
    ndarray
        Positions of the words of the chosen sentences, in ascending order.
    """
    lengths = np.unique(sentence, return_counts=True)[1]
    order = np.random.default_rng(seed).permutation(len(lengths))
    chosen = order[np.cumsum(lengths[order]) <= max_words]
    return np.flatnonzero(np.isin(np.unique(sentence, return_inverse=True)[1], chosen))


def blocks_of_words(sentence: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """Divide words into blocks of whole sentences, one after another, ``[words]``.

    Parameters
    ----------
    sentence
        Number of the sentence of each word, in ascending order, ``[words]``.
    number
        Number of blocks, of about equal numbers of words.
    """
    first = np.searchsorted(sentence, sentence)  # position of the first word of the sentence
    return first * number // max(len(sentence), 1)


def chunks(rows: NDArray[np.int64], size: int = _CHUNK) -> list[NDArray[np.int64]]:
    """The rows in pieces of at most `size`, so that few are in memory at a time."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _mean(states: Array, rows: NDArray[np.int64]) -> Array:
    """Mean state of these rows, ``[dim]``, computed in float64."""
    sums = [states[part].astype(np.float64).sum(0) for part in chunks(rows)]
    mean: Array = np.sum(sums, axis=0) / len(rows)
    return mean
