"""Small invented tables of all kinds that the page knows."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng

from langsig.morphology import ALL_WORDS, CATEGORIES

FAMILIES = ["Northern", "Southern", "Island", "Desert", "River", "Coastal", "Hill", "Lake"]


def codes(count: int) -> list[str]:
    return [f"q{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(count)]


def facts_of(count: int) -> pd.DataFrame:
    names = codes(count)
    families = [FAMILIES[(n // 3) % len(FAMILIES)] for n in range(count)]
    return pd.DataFrame(
        {
            "language": names,
            "name": [f"Language {name}" for name in names],
            "family": families,
            "genus": [f"{family} {n % 2}" for n, family in enumerate(families)],
        }
    )


def metrics_of(count: int, *, unlearnt: tuple[str, ...] = ()) -> dict[str, Any]:
    learning = {
        name: {"gain": 0.1 if name in unlearnt else 1 + n / 10, "learnt": name not in unlearnt}
        for n, name in enumerate([*codes(count), "experimental"])
    }
    return {"learning": learning}


def corrected(table: pd.DataFrame, least: int) -> pd.DataFrame:
    table["enough"] = table["n"] >= least
    return table.assign(p_adjusted=(2 * table["p"]).clip(upper=1).where(table["enough"]))


def correlations_of(
    rows: list[tuple[Any, ...]], columns: list[str], count: int, seed: int
) -> pd.DataFrame:
    rng = default_rng(seed)
    table = pd.DataFrame(rows, columns=columns)
    size = len(table)
    table["n"] = rng.integers(min(2, count), count + 1, size)
    table["pearson"] = rng.uniform(-1, 1, size)
    table["low"], table["high"] = table["pearson"] - 0.1, table["pearson"] + 0.1
    table["p"] = rng.uniform(0, 0.06, size)
    table["spearman"] = rng.uniform(-1, 1, size)
    table["spearman_p"] = table["genus_p"] = rng.uniform(0, 1, size)
    return corrected(table, 3)


def newick(names: list[str]) -> str:
    """A ladder: every language joins the ones before it one step further up."""
    tree = f"{names[0]}:1"
    for height, name in enumerate(names[1:], start=1):
        tree = f"({tree},{name}:{height}):1"
    return f"{tree.rpartition(':')[0]};"


def tables_of(count: int, layers: int, categories: list[str]) -> dict[str, pd.DataFrame]:
    """Every table of the page, for some languages."""
    rng, names = default_rng(count), codes(count)

    def all_of(**choices: Any) -> pd.DataFrame:
        return pd.MultiIndex.from_product(choices.values(), names=choices).to_frame(index=False)

    def with_random(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
        return table.assign(**{column: rng.uniform(0.1, 1, len(table)) for column in columns})

    every = all_of(category=categories, layer=range(layers), language=names)
    averages = with_random(every, "average_signature")
    spread = averages.groupby(["category", "layer"])["average_signature"]
    intervals = with_random(
        all_of(
            normalise=["none", "variance"],
            layer=range(layers),
            language=names,
            source=["trained", "untrained"],
        ),
        "average_signature",
        "p",
        "p_adjusted",
    )
    intervals["low"] = intervals["average_signature"] * 0.9
    intervals["high"] = intervals["average_signature"] * 1.1
    intervals["words"] = 1234
    subjects = ["all", *names]
    findings = all_of(
        finding=["decreases over layers"],
        subject=subjects,
        source=["trained", "untrained"],
        normalise=["none", "variance"],
    ).assign(estimate=-0.1, low=-0.2, high=-0.05, holds="yes")
    trends = with_random(all_of(category=categories, language=names), "p", "p_adjusted")
    trends = trends.assign(
        layers=layers, tau=-0.5, slope=-0.1, low=-0.2, high=0.0, hamed_rao_p_adjusted=0.2
    )
    fits = with_random(
        all_of(category=categories, layer=range(layers)),
        "relative_error",
        "blueprint_condition",
        "rank_correlation",
    ).assign(languages=count, starts=3, flags=np.nan)
    fits["control_layer"] = fits["experimental_layer"] = fits["layer"]
    fits["flags"] = fits["flags"].astype(object)
    fits.loc[1, "flags"] = "starts disagree"
    pairs = pd.DataFrame(
        [
            (category, layer, one, other)
            for category in categories
            for layer in range(layers)
            for one, other in combinations(names, 2)
        ],
        columns=["category", "layer", "language", "other"],
    )
    found = [(name, c, layer) for name in ("ttr", "data") for c in categories
             for layer in (np.nan, *range(layers))]  # fmt: skip
    scores = [("xnli", "accuracy", "xlmr", layer) for layer in range(layers)]
    statistics = with_random(
        all_of(category=categories, layer=range(layers), statistic=["clades", "quartets"]),
        "value", "expected", "p",
    ).assign(n=count)  # fmt: skip
    sets = with_random(
        all_of(fit=["joint", "alone"], category=categories, layer=[0, layers - 1],
               related=["Northern"], test=["chi-square", "permutation"]),
        "ratio", "statistic", "p", "diverse_variance", "related_variance",
    ).assign(diverse_languages=count, related_languages=2, n=count)  # fmt: skip
    curves = all_of(model=[*names, "experimental"], step=[100, 200, 300])
    ranks = with_random(
        all_of(layer=[0, layers - 1], rank=[2, 4]),
        "relative_error", "held_out_error", "held_out_se", "unfactorized_error", "agreement",
    ).assign(converged=True)  # fmt: skip
    covered = all_of(language=names, category=categories)
    covered["words"] = rng.integers(1, 9999, len(covered))
    return {
        "average_signatures": averages,
        "spread": spread.agg(languages="count", mean="mean", variance="var").reset_index(),
        "intervals": intervals,
        "findings": findings,
        "trends": trends,
        "factorizations": fits,
        "baseline_agreement": with_random(
            all_of(category=categories, layer=range(layers), measure=["svd", "cka"]), "spearman"
        ).assign(languages=count),
        "residual_reliability": pd.DataFrame({"layer": [0], "languages": count, "explained": 0.98}),
        "correlations": correlations_of(found, ["property", "category", "layer"], count, 1),
        "benchmarks": correlations_of(scores, ["task", "metric", "model", "layer"], count, 2),
        "distances": with_random(pairs, "distance"),
        "trees": all_of(category=categories, layer=range(layers)).assign(newick=newick(names)),
        "tree_statistics": corrected(statistics, 3),
        "variance_tests": corrected(sets, 3),
        "measure_tests": with_random(
            all_of(measure=["cka", "svd"], analysis=["trend"], language=names), "p", "p_adjusted"
        ),
        "treebanks": pd.DataFrame({"language": names, "sentences": 100, "words": 1000}),
        "coverage": covered.assign(enough=covered["words"] >= 100),
        "learning": with_random(curves, "masked_cross_entropy", "unigram_cross_entropy"),
        "ranks": ranks.assign(in_use=ranks["rank"] == 4),
        "recommendations": pd.DataFrame({"layer": [0], "rank": [4.0], "decided_by": ["stability"]}),
    }


@pytest.fixture(scope="session")
def inputs() -> Callable[..., dict[str, Any]]:
    """Arguments of the page, by number of languages, for a run whose models have learnt but for
    those named `unlearnt`."""

    def made(
        count: int, *, layers: int = 4, categories: int = 3, unlearnt: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        others = [name for name in CATEGORIES if name not in {ALL_WORDS, "Case", "Number"}]
        chosen = [ALL_WORDS, "Case", "Number", *others][:categories]
        return {
            "tables": tables_of(count, layers, chosen),
            "metrics": metrics_of(count, unlearnt=unlearnt),
            "facts": facts_of(count),
            "margin": 0.5,
        }

    return made
