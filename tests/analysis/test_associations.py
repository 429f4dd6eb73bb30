import numpy as np
import pandas as pd

from langsig.analysis import (
    correlations,
    relation_metrics,
    trees,
    trends,
    trends_by_category,
    variance_tests,
)
from langsig.morphology import ALL_WORDS
from langsig.schemas import Signatures

LANGUAGES = list("abcdef")
TESTS = {"min_languages": 3, "permutations": 99, "seed": 0}


def test_metrics_are_of_all_words_and_of_means_over_layers() -> None:
    rng = np.random.default_rng(3)
    shape = (2, 3, len(LANGUAGES), 4)
    index = pd.MultiIndex.from_product(
        [["Case", ALL_WORDS], range(3), LANGUAGES, range(4)],
        names=["category", "layer", "language", "component"],
    )
    values = rng.gamma(2, size=np.prod(shape))
    signatures = pd.Series(values, index, name="value").reset_index()
    averages = signatures.groupby(["category", "layer", "language"])["value"].mean()
    averages = averages.rename("average_signature").reset_index()
    properties = pd.DataFrame({"language": LANGUAGES, "value": np.arange(6.0)})
    properties = properties.assign(property="size", category=None)
    facts = pd.DataFrame({"language": LANGUAGES, "family": "f", "genus": ["g", "h"] * 3})
    found = correlations(averages, properties, genera={}, **TESTS)
    grown = trees(Signatures(signatures).distances().frame, facts, **TESTS).statistics
    by_language = trends(averages)
    tested = variance_tests(
        averages, diverse=["a", "b", "c"], related={"near": ["d", "e", "f"]}, layers=[0, 2], **TESTS
    ).assign(fit="joint")
    coverage = pd.DataFrame({"category": ["Case", "Case"], "enough": [True, False]})
    tables = {
        "coverage": coverage,
        "trends_by_category": trends_by_category(by_language),
        "correlations": found,
        "variance_tests": tested,
        "tree_statistics": grown,
    }
    metrics = relation_metrics(tables)
    assert metrics["coverage"] == {"Case": 1}
    means = averages.query("category == @ALL_WORDS").groupby("language")["average_signature"].mean()
    expected = np.corrcoef(means, np.arange(6))[0, 1]
    assert np.isclose(metrics["correlations"]["size"]["pearson"], expected)
    assert set(metrics["variance_tests"]["joint"]["near"]) == {"layer_00", "layer_02"}
    layer = averages.query("category == @ALL_WORDS and layer == 2").set_index("language")
    variance = layer["average_signature"].to_numpy().reshape(2, 3).var(1, ddof=1)
    ratio = metrics["variance_tests"]["joint"]["near"]["layer_02"]["ratio"]
    assert np.isclose(ratio, variance[0] / variance[1])
    purity = grown.query("category == @ALL_WORDS and statistic == 'genus purity'")["value"]
    assert np.isclose(metrics["trees"]["all words"]["genus purity"]["value"], purity.mean())
    assert metrics["trees"]["all categories"] == {} and "benchmarks" not in metrics
