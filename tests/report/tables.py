"""Small invented tables of all kinds that the page shows."""

from dataclasses import fields, replace
from itertools import combinations
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.random import default_rng

from langsig.morphology import ALL_WORDS, CATEGORIES
from langsig.profiling import Profile
from langsig.report import ModelLearning, Results
from langsig.schemas import (
    LEARNED_MEASURES,
    AverageSignatures,
    BaselineAgreement,
    CategoryCounts,
    Correlations,
    Diagnostics,
    Distances,
    Findings,
    Intervals,
    Languages,
    LearnedSignatures,
    LearnedStability,
    LearningCurves,
    MeasureTests,
    RankRecommendations,
    RankSweep,
    ResidualReliability,
    ScoreCorrelations,
    Spread,
    Table,
    TreebankSizes,
    Trees,
    TreeStatistics,
    Trends,
    VarianceTests,
)
from tests import profile_tables

FAMILIES = ["Northern", "Southern", "Island", "Desert", "River", "Coastal", "Hill", "Lake"]
T = TypeVar("T", bound=Table)


def codes(count: int) -> list[str]:
    return [f"q{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(count)]


def languages_of(count: int) -> Languages:
    names = codes(count)
    families = [FAMILIES[(n // 3) % len(FAMILIES)] for n in range(count)]
    return Languages(
        pd.DataFrame(
            {
                "language": names,
                "name": [f"Language {name}" for name in names],
                "family": families,
                "genus": [f"{family} {n % 2}" for n, family in enumerate(families)],
            }
        )
    )


def learning_of(count: int, unlearnt: tuple[str, ...]) -> dict[str, ModelLearning]:
    return {
        name: ModelLearning(0.1 if name in unlearnt else 1 + n / 10, name not in unlearnt)
        for n, name in enumerate([*codes(count), "experimental"])
    }


def as_table(kind: type[T], frame: pd.DataFrame) -> T:
    """A table of this kind; columns that the frame lacks are missing, 1 or false."""
    blank = {"text": "x", "integer": 1, "number": np.nan, "boolean": False}
    for name, column in kind.columns.items():
        if name not in frame and column.default is None:
            frame = frame.assign(**{name: None if column.optional else blank[column.kind]})
    return kind(frame)


def product(**choices: Any) -> pd.DataFrame:
    return pd.MultiIndex.from_product(choices.values(), names=choices).to_frame(index=False)


def newick(names: list[str]) -> str:
    """A ladder: each language joins those before it one step higher."""
    tree = f"{names[0]}:1"
    for height, name in enumerate(names[1:], start=1):
        tree = f"({tree},{name}:{height}):1"
    return f"{tree.rpartition(':')[0]};"


def corrected(table: pd.DataFrame, least: int) -> pd.DataFrame:
    table["enough"] = table["n"] >= least
    return table.assign(p_adjusted=(2 * table["p"]).clip(upper=1).where(table["enough"]))


def correlated(frame: pd.DataFrame, count: int, layers: int, seed: int) -> pd.DataFrame:
    """Correlations of each row in all layers and with the mean over them."""
    rng = default_rng(seed)
    cells = pd.DataFrame({"layer": [None, *range(layers)]}).astype({"layer": "Int64"})
    table = frame.merge(cells, how="cross")
    table["scope"] = np.where(table["layer"].isna(), "mean", "layer")
    size = len(table)
    table["n"] = rng.integers(min(2, count), count + 1, size)
    table["pearson"] = rng.uniform(-1, 1, size)
    table["low"], table["high"] = table["pearson"] - 0.1, table["pearson"] + 0.1
    table["p"] = rng.uniform(0, 0.06, size)
    table["spearman"] = rng.uniform(-1, 1, size)
    table["spearman_p"] = table["genus_p"] = rng.uniform(0, 1, size)
    return corrected(table, 3)


def renamed(results: Results, names: dict[str, str]) -> Results:
    """The same results, with other texts in all tables."""
    profile = renamed_profile(results.profile, names) if results.profile else None
    return replace(results, **_renamed_tables(results, names), profile=profile)


def renamed_profile(profile: Profile, names: dict[str, str]) -> Profile:
    """The same profile, with other texts in all tables."""
    return replace(profile, **_renamed_tables(profile, names))


def _renamed_tables(holder: Results | Profile, names: dict[str, str]) -> dict[str, Any]:
    return {
        field.name: type(value)(value.frame.replace(names))
        for field in fields(holder)
        if isinstance(value := getattr(holder, field.name), Table)
    }


def results_of(
    count: int,
    *,
    layers: int = 4,
    categories: int = 3,
    unlearnt: tuple[str, ...] = (),
) -> Results:
    """Results of a run with some languages; all models but the named ones have learnt."""
    others = [name for name in CATEGORIES if name not in {ALL_WORDS, "Case", "Number"}]
    chosen = [ALL_WORDS, "Case", "Number", *others][:categories]
    rng, names = default_rng(count), codes(count)

    def with_random(table: pd.DataFrame, *columns: str) -> pd.DataFrame:
        return table.assign(**{column: rng.uniform(0.1, 1, len(table)) for column in columns})

    averages = with_random(
        product(category=chosen, layer=range(layers), language=names), "average_signature"
    )
    spread = averages.groupby(["category", "layer"])["average_signature"]
    intervals = with_random(
        product(
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
    findings = product(
        finding=["decreases over layers"],
        language=[None, *names],
        source=["trained", "untrained"],
        normalise=["none", "variance"],
    ).assign(estimate=-0.1, low=-0.2, high=-0.05, holds="yes")
    findings["scope"] = np.where(findings["language"].isna(), "all", "language")
    trends = with_random(product(category=chosen, language=names), "p", "p_adjusted")
    fits = with_random(
        product(category=chosen, layer=range(layers)),
        "relative_error",
        "blueprint_condition",
        "rank_correlation",
    ).assign(languages=count, starts=3, converged=True)
    fits["control_layer"] = fits["experimental_layer"] = fits["layer"]
    fits["starts_disagree"] = fits.index == 1
    scopes = pd.DataFrame(
        {"scope": [*["category"] * len(chosen), "combined"], "category": [*chosen, None]}
    )
    pairs = pd.DataFrame([*combinations(names, 2)], columns=["language", "other"])
    layered = scopes.merge(pd.DataFrame({"layer": range(layers)}), how="cross")
    statistics = with_random(
        layered.merge(pd.DataFrame({"statistic": ["clades", "quartets"]}), how="cross"),
        "value", "expected", "p",
    ).assign(n=count)  # fmt: skip
    sets = with_random(
        product(fit=["joint", "separate"], category=chosen, layer=sorted({0, layers - 1}),
                related=["Northern"], test=["chi-square", "permutation"]),
        "ratio", "statistic", "p", "diverse_variance", "related_variance",
    ).assign(diverse_languages=count, related_languages=2, n=count)  # fmt: skip
    ranks = with_random(
        product(layer=sorted({0, layers - 1}), rank=[2, 4]),
        "relative_error", "held_out_error", "held_out_se", "unfactorized_error", "agreement",
    )  # fmt: skip
    covered = product(language=names, category=chosen)
    covered["words"] = rng.integers(1, 9999, len(covered))
    measures = with_random(
        product(measure=["average_signature", "cka"], property=["data_size", "unique_characters"]),
        "p", "p_adjusted",
    )  # fmt: skip
    profile_codes = dict(zip(profile_tables.codes(count), names, strict=True))
    learned = with_random(
        product(measure=LEARNED_MEASURES, language=names, layer=range(layers)),
        "value", "low", "high", "p",
    )  # fmt: skip
    stability = with_random(
        product(measure=LEARNED_MEASURES, varied=["sentences", "start"], layer=range(layers)),
        "rank_correlation",
    )
    return Results(
        learned=as_table(LearnedSignatures, learned.assign(words=1000, own_start=True)),
        learned_stability=as_table(LearnedStability, stability),
        profile=renamed_profile(profile_tables.profile_of(count), profile_codes),
        languages=languages_of(count),
        learning=learning_of(count, unlearnt),
        margin=0.5,
        learning_curves=as_table(
            LearningCurves,
            with_random(
                product(model=[*names, "experimental"], step=[100, 200, 300]),
                "masked_cross_entropy",
                "unigram_cross_entropy",
            ),
        ),
        average_signatures=AverageSignatures(averages),
        spread=Spread(
            spread.agg(languages="count", mean="mean", variance="var").reset_index()
        ),
        intervals=as_table(Intervals, intervals),
        findings=as_table(Findings, findings),
        trends=as_table(
            Trends,
            trends.assign(
                layers=layers, tau=-0.5, slope=-0.1, low=-0.2, high=0.0, hamed_rao_p_adjusted=0.2
            ),
        ),
        factorizations=as_table(Diagnostics, fits),
        baseline_agreement=BaselineAgreement(
            with_random(
                product(category=chosen, layer=range(layers), measure=["svd", "cka"]), "spearman"
            ).assign(languages=count)
        ),
        residual_reliability=as_table(
            ResidualReliability,
            pd.DataFrame({"layer": [0], "languages": count, "explained": 0.98}),
        ),
        treebanks=TreebankSizes(
            pd.DataFrame({"language": names, "sentences": 100, "words": 1000})
        ),
        coverage=CategoryCounts(covered.assign(enough=covered["words"] >= 100)),
        correlations=as_table(
            Correlations,
            correlated(
                product(property=["data_size", "unique_characters"], category=chosen),
                count, layers, seed=1,
            ),
        ),
        benchmarks=as_table(
            ScoreCorrelations,
            correlated(
                pd.DataFrame([("xnli", "accuracy", "xlmr")], columns=["task", "metric", "model"]),
                count, layers, seed=2,
            ),
        ),
        distances=Distances(with_random(layered.merge(pairs, how="cross"), "distance")),
        trees=Trees(layered.assign(newick=newick(names))),
        tree_statistics=as_table(TreeStatistics, corrected(statistics, 3)),
        variance_tests=as_table(VarianceTests, corrected(sets, 3).drop(columns="n")),
        measure_tests=as_table(MeasureTests, measures.assign(test="property", n=count)),
        ranks=as_table(RankSweep, ranks.assign(in_use=ranks["rank"] == 4, converged=True)),
        recommendations=RankRecommendations(
            pd.DataFrame(
                {"scope": ["layer", "all"], "layer": [0, None], "rank": 4,
                 "decided_by": "stability"}
            )
        ),
    )  # fmt: skip
