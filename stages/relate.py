"""Signatures and facts about languages -> correlations, distances, trees, tests of sets."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from langsig.analysis import coverage, language_properties, read_facts, relations
from langsig.files import atomic_directory
from langsig.morphology import ALL_WORDS, Words
from stages.common import languages_of, load_params, paths, read, read_all

CHOICES = ("layers", "diverse", "related", "min_languages", "permutations")


def main(_arguments: Sequence[str]) -> None:
    params = load_params()
    languages, analysis = languages_of(params, "analysis.languages"), params["analysis"]
    fits = [Path(f"artifacts/signatures/{slug}") for slug in params["categories"]]
    sources = [Path(f"artifacts/uncertainty/{name}") for name in params["uncertainty"]["sources"]]
    tables = relations(
        read_all(fits, "signatures.parquet"),
        alone=read("artifacts/sets/average_signatures.csv"),
        baselines=read_all(fits, "baselines.csv"),
        estimates=read_all(sources, "estimates.csv"),
        properties=read_properties(languages, params["covariance"]["min_instances"]),
        facts=read_facts(Path(analysis["facts"]), languages),
        seed=params["seed"],
        **{name: analysis[name] for name in CHOICES},
    )
    with atomic_directory(Path("artifacts/relations")) as output:
        for name, table in tables.items():
            table.to_csv(output / f"{name}.csv", index=False)


def read_properties(languages: list[str], min_instances: int) -> pd.DataFrame:
    """Of words that bear a category, of the training text, and of lemmas."""
    words = {
        name: Words.load(path)
        for name, path in paths("artifacts/words/{language}", languages).items()
    }
    reports = paths("artifacts/cleaning/{language}.json", languages)
    return language_properties(
        coverage(words.items(), min_instances=min_instances).categories,
        {name: json.loads(path.read_text())["unique_characters"] for name, path in reports.items()},
        {name: one.table.loc[one.table[ALL_WORDS].notna(), "lemma"] for name, one in words.items()},
    )
