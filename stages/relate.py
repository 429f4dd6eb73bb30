"""Signatures and facts about languages -> correlations, distances, trees, tests of sets."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from common import load_params, paths, read_all, run
from langsig.analysis import (
    ALL_WORDS,
    answers,
    average_signatures,
    combined_distances,
    correlations,
    cosine_distances,
    coverage,
    language_properties,
    measures,
    read_facts,
    score_correlations,
    trees,
    variance_tests,
    variance_tests_alone,
)
from langsig.files import atomic_directory
from langsig.morphology import read_words

ABSENCES = "absences of categories"


def main() -> None:
    params = load_params()
    languages, analysis = list(params["languages"]), params["analysis"]
    facts = read_facts(Path(analysis["facts"]), languages)
    tests: dict[str, Any] = {
        "seed": params["seed"],
        **{name: analysis[name] for name in ("min_languages", "permutations")},
    }
    by_genus = {"genera": facts.genera, **tests}
    sets = {name: analysis[name] for name in ("layers", "diverse", "related")}
    fits = [Path(f"artifacts/signatures/{slug}") for slug in params["categories"]]
    signatures = read_all(fits, "signatures.parquet")
    averages = average_signatures(signatures)
    properties = read_properties(languages, params["covariance"]["min_instances"])
    distances = cosine_distances(signatures)
    categories = sorted(averages["category"].unique())
    named = {"languages": languages, "categories": categories}
    combined = combined_distances(distances, **named)
    # What the lack of categories does to the combination by itself.
    absences = combined_distances(distances.assign(distance=0.0), **named)
    found = trees(
        pd.concat([distances, combined, absences.assign(category=ABSENCES)]),
        facts.languages,
        reference=facts.tree,
        **tests,
    )
    alone = pd.read_csv("artifacts/sets/average_signatures.csv")
    tables = {
        "languages": facts.languages,
        "properties": properties,
        "correlations": correlations(averages, properties, **by_genus),
        "distances": pd.concat([distances, combined]),
        "trees": found.newicks,
        "tree_statistics": found.statistics,
        "variance_tests": pd.concat(
            [
                variance_tests(averages, **sets, **tests).assign(fit="joint"),
                variance_tests_alone(alone, **sets, **tests).assign(fit="alone"),
            ]
        ),
        "answers": answers(
            measures(averages, *read_plainer(fits, params["uncertainty"]["sources"])),
            properties,
            facts.scores,
            **by_genus,
        ),
    }
    if facts.scores is not None:
        of_all = averages[averages["category"] == ALL_WORDS]
        tables["benchmarks"] = score_correlations(of_all, facts.scores, **by_genus)
    with atomic_directory(Path("artifacts/relations")) as output:
        for name, table in tables.items():
            table.to_csv(output / f"{name}.csv", index=False)


def read_properties(languages: list[str], min_instances: int) -> pd.DataFrame:
    words = {
        name: read_words(path)
        for name, path in paths("artifacts/words/{language}", languages).items()
    }
    covered = coverage(words.items(), min_instances=min_instances).categories
    reports = paths("artifacts/sentences/{language}/report.json", languages)
    characters = {
        name: json.loads(path.read_text())["unique_characters"] for name, path in reports.items()
    }
    lemmas = {
        name: one.table.loc[one.table[ALL_WORDS].notna(), "lemma"] for name, one in words.items()
    }
    return language_properties(covered, characters, lemmas)


def read_plainer(fits: list[Path], sources: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Baselines, and estimates of the sources of uncertainty."""
    baselines = read_all(fits, "baselines.csv", dtype={"layer": int, "value": float})
    folders = [Path(f"artifacts/uncertainty/{name}") for name in sources]
    return baselines, read_all(folders, "estimates.csv")


run(main)
