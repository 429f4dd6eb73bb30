"""Sets of languages, each factorised separately."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from langsig.factorization.layers import category_of, factorize_layers
from langsig.factorization.solver import Solver
from langsig.schemas import SetAverages

if TYPE_CHECKING:
    from langsig.representations import CategoryStatistics


def factorize_sets(
    categories: Iterable[Sequence["CategoryStatistics"]],
    *,
    sets: Mapping[str, Sequence[str]],
    layers: Sequence[int],
    solver: Solver,
    normalise: str = "none",
    starts: int = 1,
    seed: int = 0,
    workers: int = 1,
) -> SetAverages:
    """Average signatures of sets of languages, each set factorised separately.

    In a joint factorisation of all languages, shared directions of a large set could hide
    differences within a small one. So the variance within sets is also tested on separate fits.

    Parameters
    ----------
    categories
        For each category, its covariances, one entry per language.
    sets
        Languages of each set. Languages without covariances are left out, and so are sets with
        fewer than two languages.
    layers
        Layers to factorise.
    solver, starts, seed, workers
        As in :func:`factorize_layers`.
    normalise
        Normalisation of the hidden states, see
        :func:`langsig.representations.normalising_factors`.
    """
    tables = []
    for statistics in categories:
        category = category_of(statistics)
        slices = {
            entry.language: [entry.layers[layer].normalised(normalise).cross for layer in layers]
            for entry in statistics
            if entry.layers
        }
        for name, members in sets.items():
            chosen = {language: slices[language] for language in members if language in slices}
            fits = factorize_layers(
                chosen,
                category=category,
                solver=solver,
                starts=starts,
                seed=seed,
                workers=workers,
            )
            averages = fits.signatures.average().frame
            layer_numbers = averages["layer"].map(dict(enumerate(layers)))
            tables.append(SetAverages(averages.assign(set=name, layer=layer_numbers)))
    return SetAverages.concat(tables)
