import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr

from langsig.factorization import Solver
from langsig.profiling.fits import LayerFit, fit_layer, jackknife_interval
from langsig.profiling.slices import WIDEST, balanced_signs, slices_of
from langsig.representations import (
    CommonFrame,
    CovarianceFitter,
    blocks_of_words,
    canonical_slices,
    shrunken,
)

LANGUAGES, LABELS, DIM, BLOCKS = 12, 5, 30, 8


def problem(
    words: int, seed: int, related: bool = True
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]], NDArray[np.int64]]:
    """References and states of all languages, and the block of each word. The first share most."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(LABELS, DIM))
    own = rng.normal(size=(LANGUAGES, LABELS, DIM))
    references, of_words = [], []
    for number in range(LANGUAGES):
        z = rng.normal(size=(words, LABELS))
        mixed = shared + 0.2 * number * own[number]
        references.append(z)
        of_words.append(related * z @ mixed + 2 * rng.normal(size=(words, DIM)))
    return references, of_words, blocks_of_words(np.arange(words), BLOCKS)


def fitted(words: int, seed: int, related: bool = True) -> LayerFit:
    references, of_words, block = problem(words, seed, related)
    frame = CommonFrame([shrunken(np.cov(y, rowvar=False)) for y in of_words])
    rng = np.random.default_rng(seed)
    slices = [
        slices_of(z, y, frame, shrinkage=0.1, block=block, signs=balanced_signs(10, BLOCKS, rng))
        for z, y in zip(references, of_words, strict=True)
    ]
    return fit_layer(
        [one.whole for one in slices],
        [one.without for one in slices],
        [one.flipped for one in slices],
        Solver(rank=2),
    )


def test_languages_that_share_directions_fit_best() -> None:
    result = fitted(2_000, seed=0)
    assert result.converged
    assert spearmanr(result.fit, np.arange(LANGUAGES)).statistic < -0.9


@pytest.mark.slow
def test_the_interval_is_as_wide_as_fits_of_other_words_differ() -> None:
    """Standard errors by the jackknife against those of 20 independent samples of words."""
    fits, errors = [], []
    for seed in range(20):
        rng = np.random.default_rng(100 + seed)
        references, of_words, block = problem(600, seed=1)
        shared = [
            np.linalg.lstsq(z, y, rcond=None)[0] for z, y in zip(references, of_words, strict=True)
        ]
        slices = []
        frame = CommonFrame([shrunken(np.cov(y, rowvar=False)) for y in of_words])
        for mixed in shared:
            z = rng.normal(size=(600, LABELS))
            y = z @ mixed + 2 * rng.normal(size=(600, DIM))
            signs = balanced_signs(2, BLOCKS, rng)
            slices.append(slices_of(z, y, frame, shrinkage=0.1, block=block, signs=signs))
        parts = ([one.whole for one in slices], [one.without for one in slices])
        result = fit_layer(*parts, [one.flipped for one in slices], Solver(rank=2))
        fits.append(result.fit)
        errors.append((BLOCKS - 1) * result.without.var(0))
    ratio = np.mean(errors, axis=0) / np.var(fits, axis=0, ddof=1)
    assert 0.6 < np.median(ratio) < 2


def test_unrelated_states_fit_as_the_null() -> None:
    result = fitted(500, seed=3, related=False)
    assert np.mean(result.fit <= result.null) > 0.7
    related = fitted(500, seed=3)
    assert related.null == pytest.approx(result.null, abs=0.15), "no true relation is left in it"
    assert (related.fit[:3] > related.null[:3]).all()


def test_the_whole_slice_is_that_of_all_words() -> None:
    references, of_words, block = problem(300, seed=5)
    statistics = {
        str(n): CovarianceFitter.fit(z, y)
        for n, (z, y) in enumerate(zip(references, of_words, strict=True))
    }
    expected = canonical_slices(statistics, shrinkage=0.2)
    frame = CommonFrame([shrunken(one.experimental, 0.2) for one in statistics.values()])
    for n, (z, y) in enumerate(zip(references, of_words, strict=True)):
        signs = np.ones((1, BLOCKS), np.int64)
        slices = slices_of(z, y, frame, shrinkage=0.2, block=block, signs=signs)
        assert slices.whole == pytest.approx(expected[str(n)], abs=1e-5)
        rest = block != 3
        left = slices_of(
            z[rest], y[rest], frame, shrinkage=0.2, block=np.zeros(rest.sum(), int), signs=signs
        )
        assert slices.without[3] == pytest.approx(left.whole, abs=1e-5)


def test_wide_references_are_reduced_to_their_principal_components() -> None:
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(500, WIDEST + 20))
    y = wide[:, :DIM] + rng.normal(size=(500, DIM))
    frame = CommonFrame([shrunken(np.cov(y, rowvar=False))])
    block, signs = blocks_of_words(np.arange(500), 2), np.ones((1, 2), np.int64)
    slices = slices_of(wide, y, frame, shrinkage=0.1, block=block, signs=signs)
    assert slices.whole.shape == (WIDEST, DIM)


def test_blocks_are_of_whole_sentences() -> None:
    sentence = np.repeat([0, 1, 2, 5], [3, 3, 2, 4])
    assert blocks_of_words(sentence, 2).tolist() == [0] * 6 + [1] * 6
    assert blocks_of_words(sentence, 1).max() == 0


def test_interval_of_a_constant() -> None:
    low, high = jackknife_interval(np.array([0.5]), np.full((4, 1), 0.5))
    assert (low, high) == (0.5, 0.5)
