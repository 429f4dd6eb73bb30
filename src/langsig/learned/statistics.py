"""Sums over words of what two models' states have beyond those of the models before training.

The states of both models are regressed on those of both untrained models for the same words.
Everything later needs only sums of products of the residuals, over blocks of sentences and halves
of the lemmas. Two passes over the states of a layer give them: one for the coefficients of the
regression, one for the sums. At a width of 768, four untrained layers have 3,072 columns, and no
matrix of that size is kept per block or per layer.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from tqdm import tqdm

from langsig.arrays import Array
from langsig.errors import InputError, TooFewWordsError, check_count
from langsig.representations import (
    BlockStatistics,
    CovarianceFitter,
    States,
    blocks_of_words,
    chunks,
    paired_layers,
)

BLOCKS = 20
"""Default number of blocks of sentences."""
WIDTH = 128
"""Default number of principal components of the residuals at most."""
WORDS_PER_COLUMN = 10
"""Default number of words per column of the untrained states from which they are regressed on."""
HALVES = 2
_ABOUT = "about"  # key of the metadata of a file
_CHUNK = 4_096  # number of words in memory at a time, in float64
_LEAST = 1e-10  # variance of the untrained states, relative to the largest, that counts as none


@dataclass(frozen=True, eq=False)
class PartialLayer:
    """Sums of one language's residuals in one layer.

    A model with more than `width` dimensions is represented by the leading principal components
    of its residuals, which are never whitened here.
    """

    sums: BlockStatistics
    """Sums of the residuals' products. Row 2 b + h is for the words of block b whose lemma is in
    half h, so that there are twice as many rows as blocks."""
    directions: Array
    """Principal directions of the experimental model's residuals, orthonormal columns,
    ``[dim_experimental, width]``; the identity if nothing was left out."""
    dim_control: int
    """Dimension of the control model's states."""

    @property
    def blocks(self) -> int:
        """Number of blocks of sentences."""
        return len(self.sums.counts) // HALVES

    def covariances(self, chosen: NDArray[np.int64] | None = None) -> "PartialCovariances":
        """Covariances within the halves of the lemmas.

        Parameters
        ----------
        chosen
            Numbers of the blocks of sentences that are used (default: all).
        """
        blocks = np.arange(self.blocks) if chosen is None else chosen
        rows = HALVES * blocks[:, None] + np.arange(HALVES)  # [blocks chosen, halves]
        words = self.sums.counts[rows].sum(0)  # [halves]

        def totals(sums: Array) -> NDArray[np.float64]:
            of_halves: NDArray[np.float64] = sums[rows].sum(0, np.float64)
            return of_halves

        z, y = totals(self.sums.control_sums), totals(self.sums.experimental_sums)

        def centred(
            sums: Array, left: NDArray[np.float64], right: NDArray[np.float64]
        ) -> NDArray[np.float64]:
            means: NDArray[np.float64] = left[:, :, None] * right[:, None] / words[:, None, None]
            return totals(sums) - means

        return PartialCovariances(
            centred(self.sums.cross, z, y) / words[:, None, None],
            centred(self.sums.control, z, z).sum(0) / words.sum(),
            centred(self.sums.experimental, y, y).sum(0) / words.sum(),
        )


class PartialCovariances(NamedTuple):
    """Covariances of residuals, centred in each half of the lemmas."""

    cross: NDArray[np.float64]
    """Cross-covariance of each half, ``[halves, width_control, width]``."""
    control: NDArray[np.float64]
    """Covariance of the control model, both halves together, ``[width_control, width_control]``."""
    experimental: NDArray[np.float64]
    """The same of the experimental model, ``[width, width]``."""


@dataclass(frozen=True, eq=False)
class PartialStatistics:
    """Sums of one language's residuals, in several layers."""

    language: str
    words: int
    """Number of words that all four models have states for."""
    columns: int
    """Number of columns of untrained states that were regressed on; 0 if words were too few."""
    layer_pairs: list[tuple[int | None, int]]
    """Layers of the control and of the experimental model that were paired, see
    :func:`langsig.representations.paired_layers`."""
    layers: dict[int, PartialLayer]
    """By position in `layer_pairs`."""

    @property
    def largest_rank(self) -> int:
        """Smallest dimension of a slice: fits have no more components."""
        return min(int(min(layer.sums.cross.shape[1:])) for layer in self.layers.values())

    def save(self, path: str | Path) -> None:
        """Write to a safetensors file, float32: ``00.sums.cross``, ``00.directions``, ..."""
        tensors: dict[str, NDArray[Any]] = {}
        for number, layer in self.layers.items():
            tensors[f"{number:02d}.directions"] = layer.directions
            for field in fields(layer.sums):
                tensors[f"{number:02d}.sums.{field.name}"] = getattr(layer.sums, field.name)
        metadata = {
            "language": self.language,
            "words": self.words,
            "columns": self.columns,
            "layer_pairs": self.layer_pairs,
            "dims_control": {number: layer.dim_control for number, layer in self.layers.items()},
        }
        # One key, because several would be written in a different order each time.
        save_file(
            {name: _single(values) for name, values in tensors.items()},
            path,
            {_ABOUT: json.dumps(metadata)},
        )

    @classmethod
    def load(cls, path: str | Path) -> "PartialStatistics":
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            If the file is missing or holds something else.
        """
        try:
            with safe_open(path, "numpy") as file:
                about = json.loads((file.metadata() or {})[_ABOUT])
                layers = {
                    int(number): PartialLayer(
                        BlockStatistics(
                            **{
                                field.name: file.get_tensor(f"{int(number):02d}.sums.{field.name}")
                                for field in fields(BlockStatistics)
                            }
                        ),
                        file.get_tensor(f"{int(number):02d}.directions"),
                        dim_control,
                    )
                    for number, dim_control in about["dims_control"].items()
                }
            pairs = [(z, y) for z, y in about["layer_pairs"]]
            return cls(about["language"], about["words"], about["columns"], pairs, layers)
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise InputError(f"{path}: cannot read sums of residuals: {error}") from error


def lemma_halves(words: pd.DataFrame) -> NDArray[np.int64]:
    """Which half of the lemmas each word belongs to, 0 or 1, ``[words]``.

    A hash of the lemma decides, so that a lemma is in the same half in every treebank, model and
    run. A word without a lemma counts as its form.

    Parameters
    ----------
    words
        Words table with the columns ``lemma`` and ``form``.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"form": ["went", "goes", "dogs"], "lemma": ["go", "go", "dog"]})
    >>> lemma_halves(table)
    array([0, 0, 1])
    """
    lemmas = words["lemma"].fillna(words["form"])
    codes, distinct = pd.factorize(lemmas)
    halves = [blake2b(str(lemma).encode(), digest_size=1).digest()[0] % 2 for lemma in distinct]
    return np.array(halves, np.int64)[codes]


def partial_statistics(
    control: States,
    experimental: States,
    untrained_control: States | None,
    untrained_experimental: States,
    words: pd.DataFrame,
    *,
    language: str,
    layers: Sequence[int] | None = None,
    blocks: int = BLOCKS,
    width: int = WIDTH,
    words_per_column: int = WORDS_PER_COLUMN,
    category: str | None = None,
    resolution: int | None = None,
) -> PartialStatistics:
    r"""Sums of the residuals of both models' states on their untrained states.

    N holds the states of both untrained models in their first and last layer. In each half of the
    lemmas, the states Z of the control and Y of the experimental model are regressed on N with an
    intercept, by least squares. Their residuals, so partialled, have no covariance with anything
    linear that either model had before training. Regressions of the halves are separate, because
    residuals of a common regression are dependent: a score on one half would then be above zero
    by chance.

    Files are read once for the regression and once for the sums, a few thousand words at a time.

    Parameters
    ----------
    control, experimental
        States of the trained models. A control of a single layer is a reference without layers,
        which is paired with every layer of the experimental model.
    untrained_control, untrained_experimental
        States of the same models before their first step; layers between the first and the last
        are not used and may be missing. A reference that is not trained has None: N holds the
        states of the untrained experimental model only.
    words
        Words table, sentence after sentence, with the columns ``sentence``, ``lemma`` and
        ``form``, and `category` if there is one.
    language
        Code of the language.
    layers
        Steps of :func:`langsig.representations.paired_layers` (default: all).
    blocks
        Number of blocks of consecutive sentences, of about equal numbers of words (default: 20).
    width
        Number of principal components of each model's residuals at most (default: 128). Models
        with fewer dimensions are used as they are.
    words_per_column
        Number of words per column of N from which states are regressed on N (default: 10), at
        least a quarter of them in each half. With fewer words, states are only centred.
    category
        Category that the words must bear (default: all words, punctuation included).
    resolution
        Number of steps that the layers are matched in.

    Raises
    ------
    InputError
        If a number is out of range, or there is no such layer.
    TooFewWordsError
        If there are fewer sentences than blocks, or words are so few that alternate blocks have
        none in one of the halves.
    """
    for name, value in (
        ("blocks", blocks),
        ("width", width),
        ("words_per_column", words_per_column),
    ):
        check_count(name, value, 4 if name == "blocks" else 1)
    pairs = paired_layers(control, experimental, resolution)
    steps = range(len(pairs)) if layers is None else layers
    unknown = [step for step in steps if step not in range(len(pairs))]
    if unknown:
        raise InputError(f"layers must be from 0 to {len(pairs) - 1}, got {unknown[0]}")
    before_training = [
        states for states in (untrained_control, untrained_experimental) if states is not None
    ]
    sources = [control, experimental, *before_training]
    selection = _Selection.of(
        [states.index for states in sources], words, category, blocks, language
    )
    untrained = [
        _Rows(states.layers[end], rows)
        for states, rows in zip(before_training, selection.rows[2:], strict=True)
        for end in (0, -1)
    ]
    columns = sum(part.states.shape[1] for part in untrained)
    words_left = min(selection.words_of_half.sum(), 4 * selection.words_of_half.min())
    if words_left < words_per_column * columns:
        untrained, columns = [], 0
    regression = _Regression(untrained, selection)
    bar = tqdm(steps, desc=f"residuals {language}", mininterval=1, disable=None)
    return PartialStatistics(
        language,
        len(selection.rows[0]),
        columns,
        pairs,
        {
            step: regression.layer(
                _Rows(control.layers[pairs[step][0] or 0], selection.rows[0]),
                _Rows(experimental.layers[pairs[step][1]], selection.rows[1]),
                width,
            )
            for step in bar
        },
    )


class _Rows(NamedTuple):
    """States of the selected words in one layer of one model."""

    states: Array
    """``[words of the model, dim]``."""
    rows: NDArray[np.int64]
    """Row of each word, ``[words]``."""

    def take(self, piece: NDArray[np.int64]) -> NDArray[np.float64]:
        """States of some of the words, ``[words of the piece, dim]``."""
        taken: NDArray[np.float64] = self.states[self.rows[piece]].astype(np.float64)
        return taken


@dataclass(frozen=True, eq=False)
class _Selection:
    """The words that all models have states for."""

    rows: list[NDArray[np.int64]]
    """By model: the row of each word in its states, ``[words]``."""
    words_of_half: NDArray[np.int64]
    """Number of words in each half, ``[halves]``."""
    blocks: int
    pieces: list[tuple[int, NDArray[np.int64]]]
    """Words that are read at a time, and their row in the sums: 2 block + half."""

    @classmethod
    def of(
        cls,
        indices: Sequence[NDArray[np.int64]],
        words: pd.DataFrame,
        category: str | None,
        blocks: int,
        language: str,
    ) -> "_Selection":
        common = np.arange(len(words))
        if category is not None:
            common = np.flatnonzero(words[category].notna().to_numpy())
        for index in indices:
            common = np.intersect1d(common, index, assume_unique=True)
        kept = words.iloc[common]
        half = lemma_halves(kept)
        row = HALVES * blocks_of_words(kept["sentence"].to_numpy(), blocks) + half
        counts = np.bincount(row, minlength=HALVES * blocks)
        in_all = all(counts[start :: 2 * HALVES].any() for start in range(2 * HALVES))
        if kept["sentence"].nunique() < blocks or not in_all:
            raise TooFewWordsError(
                f"{language}: {len(common)} words are too few for {blocks} blocks of sentences: "
                "each block must have a sentence, and both even and odd blocks must have words in "
                "each half of the lemmas; use fewer blocks, or leave the language out"
            )
        return cls(
            [np.searchsorted(index, common) for index in indices],
            np.bincount(half, minlength=HALVES),
            blocks,
            [
                (found, piece)
                for found in range(len(counts))
                for piece in chunks(np.flatnonzero(row == found), _CHUNK)
            ],
        )


class _Regression:
    """Regression on untrained states and an intercept, in each half.

    Parameters
    ----------
    untrained
        Untrained states; none to subtract means only.
    selection
        The words.
    """

    def __init__(self, untrained: Sequence[_Rows], selection: _Selection) -> None:
        self._untrained = untrained
        self._selection = selection
        size = 1 + sum(part.states.shape[1] for part in untrained)
        products = np.zeros((HALVES, size, size))
        for row, piece in selection.pieces:
            design = self._design(piece)
            products[row % HALVES] += design.T @ design
        self._inverses = [_inverse(of_half) for of_half in products]

    def layer(self, control: _Rows, experimental: _Rows, width: int) -> PartialLayer:
        """Sums of the residuals of one layer, of `width` principal components at most."""
        models = (control, experimental)
        dims = [model.states.shape[1] for model in models]
        with_design = np.zeros((HALVES, len(self._inverses[0]), sum(dims)))
        own = [np.zeros((HALVES, dim, dim)) for dim in dims]
        for row, piece in self._selection.pieces:
            states = [model.take(piece) for model in models]
            with_design[row % HALVES] += self._design(piece).T @ np.concatenate(states, axis=1)
            for products, of_model in zip(own, states, strict=True):
                if of_model.shape[1] > width:
                    products[row % HALVES] += of_model.T @ of_model
        # [halves, 1 + columns, dim] of each model
        coefficients = np.split(np.stack(self._inverses) @ with_design, [dims[0]], axis=2)
        explained = np.split(with_design, [dims[0]], axis=2)
        directions = [
            _leading(np.sum(products - half.mT @ fitted, axis=0), width)
            for products, half, fitted in zip(own, explained, coefficients, strict=True)
        ]
        folded = [
            fitted @ onto for fitted, onto in zip(coefficients, directions, strict=True)
        ]  # [halves, 1 + columns, width]
        z_width, y_width = (onto.shape[1] for onto in directions)
        fitter = CovarianceFitter(
            np.zeros(z_width), np.zeros(y_width), HALVES * self._selection.blocks
        )
        for row, piece in self._selection.pieces:
            design = self._design(piece)
            residuals = [
                model.take(piece) @ onto - design @ of_model[row % HALVES]
                for model, onto, of_model in zip(models, directions, folded, strict=True)
            ]
            fitter.update(residuals[0], residuals[1], row)
        return PartialLayer(fitter.block_statistics(), directions[1], dims[0])

    def _design(self, piece: NDArray[np.int64]) -> NDArray[np.float64]:
        """A column of ones and the untrained states, ``[words of the piece, 1 + columns]``."""
        ones = np.ones((len(piece), 1))
        return np.concatenate([ones, *(part.take(piece) for part in self._untrained)], axis=1)


def _inverse(products: NDArray[np.float64]) -> Array:
    """Pseudo-inverse of a matrix of inner products, whose columns may differ in scale."""
    scale = np.sqrt(np.diag(products))
    scale = np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)
    scaled = products * scale * scale[:, None]
    inverse: Array = np.linalg.pinv(scaled, rcond=_LEAST, hermitian=True)
    return inverse * scale * scale[:, None]


def _leading(products: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Leading principal directions, ``[dim, width]``; all of them as they are if they are few."""
    if len(products) <= width:
        return np.eye(len(products))
    return np.linalg.eigh(products).eigenvectors[:, : -width - 1 : -1]


def _single(values: NDArray[Any]) -> NDArray[Any]:
    """Floating-point numbers in single precision; integers as they are."""
    single = values.astype(np.float32) if np.issubdtype(values.dtype, np.floating) else values
    return np.ascontiguousarray(single)
