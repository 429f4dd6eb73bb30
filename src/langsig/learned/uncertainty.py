"""Replicates of learned signatures without blocks of sentences, and a test by rotations."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from langsig.factorization import Parafac2Result, Solver
from langsig.factorization.solver import batches
from langsig.learned.fits import crossed
from langsig.learned.slices import PartialSlices
from langsig.learned.statistics import HALVES
from langsig.representations import whitening_root

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


def rotation_test(
    languages: Sequence[PartialSlices], *, solver: Solver, rotations: int, seed: int = 0
) -> NDArray[np.float64]:
    r"""One-sided p of each language: would unrelated models share as much? ``[languages]``.

    PARAFAC2 of the other languages gives experimental directions; let W be an orthonormal basis
    of them, and :math:`A_h` the slice of half h in these directions, :math:`\Omega^h W`, with its
    columns made orthonormal. If an experimental direction goes with the same control direction in
    both halves, the diagonal of :math:`K = A_0^T A_1` is large. If the models are unrelated,
    directions of one half are not those of the other, and the trace of K is distributed as that
    of K R with a random rotation or reflection R. This holds whatever the dependence between
    words of a lemma or of a sentence. Since words of a sentence are in both halves, products
    within the same block of sentences are left out of K.

    Parameters
    ----------
    languages
        Slices of each language. With fewer than three languages there is no joint model of the
        others, and all results are missing.
    solver
        Settings of the fits to the other languages.
    rotations
        Number of random rotations.
    seed
        Seed of the rotations.
    """
    if len(languages) < MIN_LANGUAGES:
        return np.full(len(languages), np.nan)
    rng = np.random.default_rng(seed)
    slices = [language.halves().mean(0) for language in languages]
    p = []
    for index, language in enumerate(languages):
        others = slices[:index] + slices[index + 1 :]
        basis = np.linalg.qr(solver.fit(others).experimental_directions)[0]
        blocks = language.within_blocks(basis)  # [blocks, halves, width_control, components]
        first, second = blocks.sum(0)
        products = first.T @ second - np.sum(blocks[:, 0].mT @ blocks[:, 1], axis=0)
        roots = [whitening_root(of_half.T @ of_half) for of_half in (first, second)]
        k = roots[0] @ products @ roots[1]
        q, r = np.linalg.qr(rng.standard_normal((rotations, *k.shape)))
        q *= np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None]  # uniform among all rotations
        at_random = np.sum(k.T * q, axis=(1, 2))
        p.append((1 + np.sum(at_random >= np.trace(k))) / (1 + rotations))
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
