"""Signatures and facts about languages -> correlations, distances, trees, tests of sets."""

import json
from collections.abc import Sequence
from pathlib import Path

from langsig.analysis import InferenceOptions, associations, language_properties, read_facts
from langsig.errors import InputError
from langsig.files import atomic_directory
from langsig.morphology import Words
from langsig.parameters import load_parameters, selected_languages
from langsig.profiling import Measured, confound_table, predictor_table, signature_measures
from langsig.schemas import (
    Baselines,
    Covariates,
    Estimates,
    LearnedComponents,
    LearnedSignatures,
    SetAverages,
    Signatures,
)


def main(_arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    analysis = parameters.analysis
    languages = selected_languages("analysis", parameters)
    fits = [Path("artifacts/signatures", slug) for slug in parameters.categories]
    sources = [Path("artifacts/uncertainty", source) for source in parameters.uncertainty.sources]
    words = {name: Words.load(Path("artifacts/words", name)) for name in languages}
    characters = {
        name: json.loads(Path(f"artifacts/cleaning/{name}.json").read_text())["unique_characters"]
        for name in languages
    }
    signatures = Signatures.load_all(fit / "signatures.parquet" for fit in fits)
    baselines = Baselines.load_all(fit / "baselines.csv" for fit in fits)
    learned = LearnedSignatures.load("artifacts/learned/signatures.csv")
    facts = read_facts(analysis.facts, languages)
    covariates = Covariates.read(analysis.covariates) if analysis.covariates else None
    result = associations(
        signatures,
        separate=SetAverages.load("artifacts/sets/average_signatures.csv"),
        baselines=baselines,
        estimates=Estimates.load_all(path / "estimates.csv" for path in sources),
        learned=learned,
        components=LearnedComponents.load("artifacts/learned/components.csv"),
        properties=language_properties(words, characters),
        facts=facts,
        layers=analysis.layers,
        diverse=analysis.diverse,
        related=analysis.related,
        options=InferenceOptions(
            min_languages=analysis.min_languages,
            permutations=analysis.permutations,
            seed=parameters.seed,
        ),
    )
    measured = Measured.load("artifacts/outcomes")
    measures = signature_measures(signatures.average(), baselines, learned)
    predictors = predictor_table(
        measured, facts=facts.languages, seed=parameters.seed, signatures=measures
    )
    with atomic_directory("artifacts/relations") as output:
        result.save(output)
        predictors.save(output / "predictors.csv")
        if covariates is not None:
            try:
                confounds = confound_table(
                    measured,
                    measures,
                    properties=result.properties,
                    facts=facts,
                    covariates=covariates,
                    seed=parameters.seed,
                )
            except InputError as error:  # in the values of the file, whose form has been checked
                raise InputError(f"{analysis.covariates}: {error}") from error
            confounds.save(output / "confounds.csv")
