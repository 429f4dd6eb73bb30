"""Replicates of learned signatures without blocks of sentences, and a test by flipped blocks."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from langsig.factorization import Parafac2Result, Solver
from langsig.factorization.solver import batches
from langsig.learned.fits import crossed
from langsig.learned.slices import PartialSlices
from langsig.learned.statistics import HALVES

MIN_LANGUAGES = 3
"""Number of languages from which there is a joint model of all languages but one."""


def without_blocks(
    languages: Sequence[PartialSlices], fits: Sequence[Parafac2Result], solver: Solver
) -> NDArray[np.float64]:
    """Measures without each block of sentences, ``[blocks, languages, measures]``.

    A block is left out in all languages and both halves at the same time. Residuals are whitened
    again, and the factorisations resume from those of all blocks. Fits are cut short on purpose:
    there is no warning if they do not converge.

    Parameters
    ----------
    languages
        Slices of each language, all with the same number of blocks.
    fits
        The fit to each half.
    solver
        Settings of each fit.
    """
    blocks = np.arange(languages[0].blocks)
    entries = sum(language.halves()[0].size for language in languages)
    measures = []
    for part in batches(len(blocks), HALVES * entries):
        problems = []  # [blocks of the part, halves, languages]
        for left_out in blocks[part]:
            of_languages = [language.halves(np.delete(blocks, left_out)) for language in languages]
            problems.append(list(zip(*of_languages, strict=True)))
        results = solver.fit_all(
            [slices for problem in problems for slices in problem],
            inits=list(fits) * len(problems),
        )
        for number, problem in enumerate(problems):
            pair = results[HALVES * number : HALVES * (number + 1)]
            measures.append(crossed(pair, problem).measures())
    return np.array(measures)


def learned_flip_test(
    languages: Sequence[PartialSlices], *, solver: Solver, flips: int, seed: int = 0
) -> NDArray[np.float64]:
    r"""One-sided p of each language: would unrelated models share as much? ``[languages]``.

    PARAFAC2 of the other languages gives experimental directions; let W be an orthonormal basis
    of them. The statistic is :math:`\mathrm{tr}(W^T \Omega_0^T \Omega_1 W)`, with the slices of
    both halves within blocks of sentences. It is what shared is for a fit without a ridge in
    these directions. It is compared with its values after the signs of blocks are flipped at
    random, both halves of a block alike. If the models are unrelated, a block is as likely as its
    negative, whatever the dependence within it, and p is uniform.

    Parameters
    ----------
    languages
        Slices of each language. With fewer than three languages there is no joint model of the
        others, and all results are missing.
    solver
        Settings of the fits to the other languages.
    flips
        Number of random choices of signs.
    seed
        Seed of the signs.
    """
    if len(languages) < MIN_LANGUAGES:
        return np.full(len(languages), np.nan)
    rng = np.random.default_rng(seed)
    slices = [language.halves().mean(0) for language in languages]
    p = []
    for index, language in enumerate(languages):
        others = slices[:index] + slices[index + 1 :]
        basis = np.linalg.qr(solver.fit(others).experimental_directions)[0]
        shares = language.within_blocks(basis).reshape(language.blocks, HALVES, -1)
        signs = rng.choice([-1, 1], (1 + flips, language.blocks))
        signs[0] = 1
        first, second = np.einsum("fb,bhi->hfi", signs, shares)
        shared = np.sum(first * second, axis=1)
        # Rounding must not decide between the observed value and its mirror image.
        p.append(np.mean(shared >= shared[0] * (1 - 1e-12 * np.sign(shared[0]))))
    return np.array(p)


def of_alternate_blocks(languages: Sequence[PartialSlices], solver: Solver) -> NDArray[np.float64]:
    """Measures of even and of odd blocks, fitted separately, ``[2, languages, measures]``.

    Parameters
    ----------
    languages
        Slices of each language.
    solver
        Settings of each fit.
    """
    measures = []
    for first in (0, 1):
        of_languages = [
            language.halves(np.arange(first, language.blocks, 2)) for language in languages
        ]
        halves = list(zip(*of_languages, strict=True))
        measures.append(crossed(solver.fit_all(halves, inits=["svd"] * HALVES), halves).measures())
    return np.array(measures)
