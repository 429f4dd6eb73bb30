"""Sets of languages, each factorised separately."""

import numpy as np
import pytest
from numpy.random import default_rng

from langsig.factorization import Solver, factorize_layers, factorize_sets
from langsig.representations import CategoryStatistics, CovarianceFitter

pytestmark = pytest.mark.filterwarnings("ignore::langsig.errors.ConvergenceWarning")
LANGUAGES = ["cs", "de", "fi", "zh"]


def statistics(category: str, seed: int) -> list[CategoryStatistics]:
    rng = default_rng(seed)
    pairs = [(layer, layer) for layer in range(3)]
    entries = []
    for language in LANGUAGES:
        layers = [
            CovarianceFitter.fit(rng.normal(size=(40, 5)), rng.normal(size=(40, 4))) for _ in pairs
        ]
        entries.append(CategoryStatistics(language, category, 40, layers, {}, pairs))
    return [*entries, CategoryStatistics("ja", category, 2, [], {}, pairs)]


@pytest.mark.slow
def test_each_set_has_the_averages_of_its_separate_factorisation() -> None:
    categories = [statistics("Case", 0), statistics("Number", 1)]
    solver = Solver(2, max_iterations=4)
    sets = {"diverse": ["zh", "de", "ja", "fi"], "Indo-European": ["cs", "de"], "single": ["fi"]}
    table = factorize_sets(categories, sets=sets, layers=[0, 2], solver=solver, seed=3)
    assert len(table) == 2 * 2 * (3 + 2)
    for entries in categories:
        category = entries[0].category
        for name, members in sets.items():
            slices = {
                entry.language: [entry.layers[layer].cross for layer in (0, 2)]
                for entry in entries[:4]
                if entry.language in members
            }
            alone = factorize_layers(slices, category=category, solver=solver, seed=3)
            averages = alone.signatures.average().frame
            rows = table.select(set=name, category=category).frame
            assert rows["language"].tolist() == averages["language"].tolist()
            assert rows["layer"].tolist() == [2 * layer for layer in averages["layer"]]
            np.testing.assert_array_equal(rows["average_signature"], averages["average_signature"])
