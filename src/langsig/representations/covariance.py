"""Cross- and auto-covariances of two models' hidden states over the same words.

They are sufficient statistics: factorisation, bootstrap over blocks of sentences, and linear
measures of similarity need nothing else, so hidden states are read once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file
from tqdm import tqdm

from langsig.errors import InputError
from langsig.representations.extraction import States

Array = NDArray[np.floating[Any]]
NORMALISATIONS = ("none", "variance")
_ABOUT = "about"  # key of the metadata of a file
_CHUNK = 8_192  # words in memory at once, in float64


@dataclass(frozen=True)
class LayerStatistics:
    """Covariances of one slice of words in one layer; control dimensions first."""

    cross: Array
    """``[dim_control, dim_experimental]``, Omega = Z^T Y / m with centred columns."""
    control: Array
    """``[dim_control, dim_control]``, Z^T Z / m."""
    experimental: Array
    """``[dim_experimental, dim_experimental]``, Y^T Y / m."""
    control_mean: Array
    """``[dim_control]``."""
    experimental_mean: Array
    """``[dim_experimental]``."""

    def normalised(self, normalise: str) -> "LayerStatistics":
        """As if the vectors of either model had been multiplied by :func:`normalising_factors`."""
        z, y = normalising_factors(normalise, self.control, self.experimental)
        return LayerStatistics(
            z * y * self.cross,
            z * z * self.control,
            y * y * self.experimental,
            z * self.control_mean,
            y * self.experimental_mean,
        )


@dataclass(frozen=True)
class BlockStatistics:
    """Sums over blocks of sentences, of vectors centred on the means of the whole slice.

    Any choice of blocks can be put together from them: with sums S, M and N over the chosen
    blocks, the cross-covariance is S / N - (M_control / N) (M_experimental / N)^T.
    """

    counts: NDArray[np.int64]
    """``[blocks]``, words."""
    cross: Array
    """``[blocks, dim_control, dim_experimental]``."""
    control: Array
    """``[blocks, dim_control, dim_control]``."""
    experimental: Array
    """``[blocks, dim_experimental, dim_experimental]``."""
    control_sums: Array
    """``[blocks, dim_control]``."""
    experimental_sums: Array
    """``[blocks, dim_experimental]``."""

    def cross_covariance(
        self, chosen: slice | NDArray[np.int64], normalise: str = "none"
    ) -> NDArray[np.float64]:
        """Of the words of these blocks, ``[dim_control, dim_experimental]``; a block that is
        chosen twice counts twice. To normalise, see :func:`normalising_factors`."""
        words = self.counts[chosen].sum()
        z = self.control_sums[chosen].sum(0, np.float64) / words
        y = self.experimental_sums[chosen].sum(0, np.float64) / words

        def covariance(sums: Array, one: Array, other: Array) -> NDArray[np.float64]:
            whole: NDArray[np.float64] = sums[chosen].sum(0, np.float64) / words
            return whole - np.outer(one, other)

        cross = covariance(self.cross, z, y)
        if normalise == "none":
            return cross
        autos = covariance(self.control, z, z), covariance(self.experimental, y, y)
        return cross * np.prod(normalising_factors(normalise, *autos))

    def flipped_covariances(self, signs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Cross-covariance within blocks, with the sign of each block flipped or not.

        Where the vectors of the two models are unrelated, that of a block is as likely as its
        negative, whatever the dependence between the words of the block. Centred on the means of
        each block, as those of all words would tie the blocks to one another.

        Parameters
        ----------
        signs
            ``[replicates, blocks]`` of 1 and -1.

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
    """What to multiply the vectors of the two models by, given their auto-covariances.

    ``none``: 1. ``variance``: 1 / sqrt of the mean variance of a dimension, so that it becomes 1.
    Levels of models and layers then no longer follow the norms of their hidden states.

    Raises
    ------
    InputError
        If it is neither.
    """
    if normalise not in NORMALISATIONS:
        raise InputError(f"factorize.normalise: {normalise!r} is none of {NORMALISATIONS}")
    if normalise == "none":
        return 1.0, 1.0
    z, y = (float(np.trace(auto)) / len(auto) for auto in (control, experimental))
    return z**-0.5, y**-0.5


def match_layers(
    control: int, experimental: int, resolution: int | None = None
) -> list[tuple[int, int]]:
    """Pair the layers of two models by relative depth, embeddings with embeddings, top with top.

    Parameters
    ----------
    control, experimental
        Layers above the embeddings.
    resolution
        Number of steps from the embeddings to the top; by default the layers of the shallower
        model, each of which is then in one pair.

    Returns
    -------
    list
        ``(layer of the control, layer of the experimental model)`` for steps 0 to `resolution`:
        of each model the layer nearest to the step, halves rounded to the even one. 6 against
        12 layers: (0, 0), (1, 2), ... (6, 12); equal numbers: each layer with its own like.
    """
    steps = min(control, experimental) if resolution is None else resolution
    return [
        (round(share * control), round(share * experimental))
        for share in (Fraction(step, max(steps, 1)) for step in range(steps + 1))
    ]


class CovarianceFitter:
    """Streams pairs of vectors of the same words into a :class:`LayerStatistics`.

    Sums are kept per block in float64 and about a shift (best near the means), so that states
    with large means lose no digits.

    Parameters
    ----------
    control_shift, experimental_shift
        ``[dim_control]``, ``[dim_experimental]``.
    blocks
        Number of blocks that words are counted in.
    """

    def __init__(self, control_shift: Array, experimental_shift: Array, blocks: int = 1) -> None:
        self._shifts = control_shift.astype(np.float64), experimental_shift.astype(np.float64)
        d_control, d_experimental = len(control_shift), len(experimental_shift)
        self._counts = np.zeros(blocks, np.int64)
        self._cross = np.zeros((blocks, d_control, d_experimental))
        self._control = np.zeros((blocks, d_control, d_control))
        self._experimental = np.zeros((blocks, d_experimental, d_experimental))
        self._control_sums = np.zeros((blocks, d_control))
        self._experimental_sums = np.zeros((blocks, d_experimental))

    def update(self, control: Array, experimental: Array, block: int = 0) -> None:
        """Add words of one block: ``[words, dim_control]``, ``[words, dim_experimental]``."""
        z = control.astype(np.float64) - self._shifts[0]
        y = experimental.astype(np.float64) - self._shifts[1]
        self._counts[block] += len(z)
        self._cross[block] += z.T @ y
        self._control[block] += z.T @ z
        self._experimental[block] += y.T @ y
        self._control_sums[block] += z.sum(0)
        self._experimental_sums[block] += y.sum(0)

    def statistics(self) -> LayerStatistics:
        """Covariances over all words so far."""
        words = self._counts.sum()
        z, y = self._control_sums.sum(0) / words, self._experimental_sums.sum(0) / words
        return LayerStatistics(
            cross=self._cross.sum(0) / words - np.outer(z, y),
            control=self._control.sum(0) / words - np.outer(z, z),
            experimental=self._experimental.sum(0) / words - np.outer(y, y),
            control_mean=self._shifts[0] + z,
            experimental_mean=self._shifts[1] + y,
        )

    def block_statistics(self) -> BlockStatistics:
        """Sums of each block, centred on the shifts."""
        return BlockStatistics(
            self._counts,
            self._cross,
            self._control,
            self._experimental,
            self._control_sums,
            self._experimental_sums,
        )


@dataclass(frozen=True)
class CategoryStatistics:
    """All that later stages need to know of one language's words that bear one category."""

    language: str
    category: str
    words: int
    """Number of words in the slice; zero if the language lacks the category."""
    layers: list[LayerStatistics]
    """One a layer, from the embeddings on; empty where there are too few words."""
    blocks: dict[int, BlockStatistics]
    """By layer, where asked for."""
    layer_pairs: list[tuple[int, int]]
    """Layers of the control and of the experimental model that were paired, see
    :func:`match_layers`; where they differ, what is by layer goes by place in this list."""

    def save(self, path: Path) -> None:
        """Write to a safetensors file, float32: ``layer.00.cross``, ``blocks.00.counts``, ..."""
        tensors: dict[str, NDArray[Any]] = {}
        groups: dict[str, dict[int, LayerStatistics | BlockStatistics]] = {
            "layer": dict(enumerate(self.layers)),
            "blocks": dict(self.blocks),
        }
        for prefix, statistics in groups.items():
            for layer, values in statistics.items():
                for name in values.__dataclass_fields__:
                    value = getattr(values, name)
                    if np.issubdtype(value.dtype, np.floating):
                        value = value.astype(np.float32)
                    tensors[f"{prefix}.{layer:02d}.{name}"] = np.ascontiguousarray(value)
        metadata = {
            "language": self.language,
            "category": self.category,
            "words": self.words,
            "layer_pairs": self.layer_pairs,
        }
        # Under one key, as several would come in another order each time.
        save_file(tensors, path, {_ABOUT: json.dumps(metadata)})

    @classmethod
    def load(cls, path: Path) -> "CategoryStatistics":
        """Read what :meth:`save` wrote."""
        groups: dict[str, dict[int, dict[str, NDArray[Any]]]] = {"layer": {}, "blocks": {}}
        with safe_open(path, "numpy") as file:
            metadata = json.loads(file.metadata()[_ABOUT])
            for key in file.keys():  # noqa: SIM118 - not a mapping
                prefix, layer, name = key.split(".")
                groups[prefix].setdefault(int(layer), {})[name] = file.get_tensor(key)
        metadata["layer_pairs"] = [(z, y) for z, y in metadata["layer_pairs"]]
        layers = [LayerStatistics(**values) for _, values in sorted(groups["layer"].items())]
        blocks = {layer: BlockStatistics(**values) for layer, values in groups["blocks"].items()}
        return cls(**metadata, layers=layers, blocks=blocks)


def covariances_by_category(
    control: States,
    experimental: States,
    words: pd.DataFrame,
    *,
    language: str,
    categories: list[str],
    min_instances: int,
    blocks: int,
    block_layers: Mapping[str, list[int]],
    max_words: int | None = None,
    seed: int = 0,
    resolution: int | None = None,
) -> list[CategoryStatistics]:
    """Covariances of both models' states, a slice of words for every category.

    A slice holds every word that bears the category, whatever its value (paper, section 4),
    and that both models have a vector for.

    Parameters
    ----------
    words
        Words table: column ``sentence`` and a column a category.
    min_instances
        Slices with fewer words get no covariances, only their count.
    blocks
        Number of blocks of consecutive sentences.
    block_layers
        For which layers of which categories to keep the sums over blocks.
    max_words
        Take no more words that bear any of the categories than this, of whole sentences at
        random.
    seed
        Of these sentences.
    resolution
        Of :func:`match_layers`, which pairs the layers of models of different depth.
    """
    layer_pairs = match_layers(len(control.layers) - 1, len(experimental.layers) - 1, resolution)
    rows, z_rows, y_rows = np.intersect1d(
        control.index, experimental.index, assume_unique=True, return_indices=True
    )
    bearing = words[categories].notna().any(axis=1).to_numpy()[rows]
    rows, z_rows, y_rows = rows[bearing], z_rows[bearing], y_rows[bearing]
    if max_words is not None:
        chosen = _sentences_up_to(max_words, words["sentence"].to_numpy()[rows], seed)
        rows, z_rows, y_rows = rows[chosen], z_rows[chosen], y_rows[chosen]
    kept = words.iloc[rows]
    sentence = np.unique(kept["sentence"].to_numpy(), return_inverse=True)[1]
    block = sentence * blocks // (sentence.max() + 1) if len(sentence) else sentence
    members = {category: kept[category].notna().to_numpy() for category in categories}
    used = {name: mask for name, mask in members.items() if mask.sum() >= max(1, min_instances)}
    layers: dict[str, list[LayerStatistics]] = {category: [] for category in categories}
    block_sums: dict[str, dict[int, BlockStatistics]] = {category: {} for category in categories}
    pieces = [part for number in range(blocks) for part in _chunks(np.flatnonzero(block == number))]
    for layer, (z_layer, y_layer) in enumerate(
        tqdm(layer_pairs, desc=f"covariance {language}", mininterval=1, disable=None)
    ):
        z, y = control.layers[z_layer], experimental.layers[y_layer]
        fitters = {}
        for name, mask in used.items():
            wanted = layer in block_layers.get(name, [])
            means = _mean(z, z_rows[mask]), _mean(y, y_rows[mask])
            fitters[name] = CovarianceFitter(*means, blocks if wanted else 1)
        for piece in pieces:
            z_piece, y_piece = z[z_rows[piece]], y[y_rows[piece]]
            for name, mask in used.items():
                inside = mask[piece]
                wanted = layer in block_layers.get(name, [])
                number = int(block[piece[0]]) if wanted else 0
                fitters[name].update(z_piece[inside], y_piece[inside], number)
        for name, fitter in fitters.items():
            layers[name].append(fitter.statistics())
            if layer in block_layers.get(name, []):
                block_sums[name][layer] = fitter.block_statistics()
    return [
        CategoryStatistics(
            language,
            name,
            int(members[name].sum()),
            layers[name],
            block_sums[name],
            layer_pairs,
        )
        for name in categories
    ]


def _sentences_up_to(
    max_words: int, sentence: NDArray[np.integer[Any]], seed: int
) -> NDArray[np.int64]:
    """Places of the words of whole sentences at random, no more than so many, in their order."""
    lengths = np.unique(sentence, return_counts=True)[1]
    order = np.random.default_rng(seed).permutation(len(lengths))
    chosen = order[np.cumsum(lengths[order]) <= max_words]
    return np.flatnonzero(np.isin(np.unique(sentence, return_inverse=True)[1], chosen))


def _chunks(rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return [rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK)]


def _mean(states: Array, rows: NDArray[np.int64]) -> Array:
    """``[dim]``, in float64 whatever the states are."""
    sums = [states[part].astype(np.float64).sum(0) for part in _chunks(rows)]
    return np.sum(sums, axis=0) / len(rows)  # type: ignore[no-any-return]
