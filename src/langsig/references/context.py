"""Static vectors of sub-words, counted in a text: what context tells without any training."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds

from langsig.errors import InputError, check_count


class ContextVectors:
    r"""Vectors of sub-words by the company that they keep.

    Sub-words that occur next to each other in a text are counted. The matrix of positive pointwise
    mutual information,

    .. math:: \max(0, \log \frac{n_{ij} \, n}{n_i \, n_j}),

    is reduced by singular value decomposition (Levy and Goldberg 2014); the vector of a sub-word is
    its row of left singular vectors times the roots of the singular values.

    Parameters
    ----------
    sentences
        Identifiers of the sub-words of each sentence of a text, without special ones.
    dim
        Number of dimensions, less than the number of different sub-words (default: 64).
    window
        Distance up to which sub-words are neighbours (default: 2).
    seed
        Seed of the start of the decomposition.

    Raises
    ------
    InputError
        If a number is not a positive integer, the text has too few sub-words for `dim`, or none of
        them are neighbours.

    Examples
    --------
    >>> text = [[5, 7, 9], [5, 8, 9], [6, 7, 9], [6, 8, 9]] * 3
    >>> vectors = ContextVectors(text, dim=2)
    >>> five, six, nine = vectors.of([[5], [6], [9]])
    >>> bool(abs(five - six).max() < abs(five - nine).max())
    True
    """

    def __init__(
        self, sentences: Sequence[Sequence[int]], dim: int = 64, window: int = 2, seed: int = 0
    ) -> None:
        check_count("dim", dim)
        check_count("window", window)
        flat = np.concatenate([np.empty(0, np.int64), *map(np.asarray, sentences)]).astype(np.int64)
        number = np.repeat(np.arange(len(sentences)), [len(sentence) for sentence in sentences])
        self._known, codes = np.unique(flat, return_inverse=True)
        size = len(self._known)
        if size <= dim:
            raise InputError(
                f"the text has {size} different sub-words, too few for {dim} dimensions; give more "
                "text"
            )
        counts = sparse.csr_array((size, size), dtype=np.float64)
        for distance in range(1, window + 1):
            same = number[:-distance] == number[distance:]
            pairs = codes[:-distance][same], codes[distance:][same]
            counts = counts + sparse.csr_array((np.ones(len(pairs[0])), pairs), shape=(size, size))
        both = (counts + counts.T).tocoo()
        if not both.nnz:
            raise InputError(
                "no sub-words of the text are neighbours; give text of whole sentences"
            )
        totals = np.asarray(both.sum(0), np.float64)
        rows, columns = both.coords
        ratio = both.data * totals.sum() / (totals[rows] * totals[columns])
        information = sparse.csr_array(
            (np.maximum(np.log(ratio), 0), (rows, columns)), shape=(size, size)
        )
        start = np.random.default_rng(seed).normal(size=size)
        left, values, _ = svds(information, k=dim, v0=start)
        order = np.argsort(-values)
        self._vectors = left[:, order] * np.sqrt(values[order])

    def of(self, words: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """Mean vector of the sub-words of each word, ``[words, dim]``.

        Sub-words that the text does not have are left out; words without others are zero.
        """
        lengths = np.array([len(word) for word in words])
        flat = np.concatenate([np.empty(0, np.int64), *map(np.asarray, words)]).astype(np.int64)
        rows = np.repeat(np.arange(len(words)), lengths)
        position = np.minimum(np.searchsorted(self._known, flat), len(self._known) - 1)
        found = self._known[position] == flat
        sums = np.zeros((len(words), self._vectors.shape[1]))
        np.add.at(sums, rows[found], self._vectors[position[found]])
        counts = np.bincount(rows[found], minlength=len(words))
        return sums / np.maximum(counts, 1)[:, None]


def with_neighbours(
    vectors: NDArray[np.float64], sentence: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Vectors of each word, of the word before it and of the word after it, ``[words, 3 dim]``.

    Parameters
    ----------
    vectors
        One vector per word, ``[words, dim]``, sentence after sentence.
    sentence
        Number of the sentence of each word, ``[words]``. Beyond its ends there are zeros.
    """
    before, after = np.zeros_like(vectors), np.zeros_like(vectors)
    same = sentence[1:] == sentence[:-1]
    before[1:][same] = vectors[:-1][same]
    after[:-1][same] = vectors[1:][same]
    return np.concatenate([vectors, before, after], axis=1)
