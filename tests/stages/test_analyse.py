"""The stages relate and analyse, on small random tables of three languages of the sample world."""

import json
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from langsig.analysis import Associations
from langsig.errors import InputError
from langsig.learned import Learned
from langsig.morphology import ALL_WORDS, annotate
from langsig.parameters import read_resolved
from langsig.profiling import Profile
from langsig.schemas import (
    LEARNED_MEASURES,
    NORMALISATIONS,
    SOURCES,
    AverageSignatures,
    BaselineAgreement,
    Baselines,
    CategoryCounts,
    Diagnostics,
    Estimates,
    Findings,
    Halves,
    Intervals,
    LearnedComponents,
    LearnedDiagnostics,
    LearnedReplicates,
    LearnedSignatures,
    LearnedStability,
    Predictors,
    RankSweep,
    Replicates,
    ResidualReliability,
    SetAverages,
    Signatures,
    TreebankSizes,
)
from stages import analyse, relate
from tests.profile_tables import codes, profile_of
from tests.report.tables import as_table, product, renamed_profile

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LANGUAGES = ["qaa", "qab", "qah"]
CATEGORIES = {"gender": "Gender", "number": "Number", "part-of-speech": ALL_WORDS}
SETS = {"diverse": ["qaa", "qah"], "Western": ["qaa", "qab"]}
CHARACTERS = {"qaa": 31, "qab": 28, "qah": 64}
LAYERS = range(4)


def write_inputs(folder: Path) -> None:
    """The outputs of the stages before these, below ``artifacts``."""
    rng = np.random.default_rng(0)

    def random(column: str, **choices: Any) -> pd.DataFrame:
        frame = product(**choices)
        return frame.assign(**{column: rng.uniform(1, 2, len(frame))})

    for slug, category in CATEGORIES.items():
        cells = {"category": [category], "layer": LAYERS}
        fit = folder / "signatures" / slug
        signatures = random("value", **cells, language=LANGUAGES, component=[0, 1])
        Signatures(signatures).save(fit / "signatures.parquet")
        baselines = random("value", **cells, language=LANGUAGES, measure=["svd"])
        Baselines(baselines).save(fit / "baselines.csv")
        fits = product(**cells).assign(languages=3, rank=2, converged=True, relative_error=0.1)
        fits["starts_disagree"] = fits["layer"] == 2
        fits["control_layer"] = fits["experimental_layer"] = fits["layer"]
        as_table(Diagnostics, fits).save(fit / "diagnostics.csv")
    for source in SOURCES:
        cells = {"source": [source], "normalise": NORMALISATIONS, "layer": LAYERS}
        estimates = random("average_signature", **cells, language=LANGUAGES).assign(p=0.01)
        as_table(Estimates, estimates).save(folder / "uncertainty" / source / "estimates.csv")
        draws = [
            random("average_signature", **cells, language=LANGUAGES, varied=[varied], replicate=n)
            for varied, n in (("sentences", range(5)), ("start", range(2)))
        ]
        Replicates(pd.concat(draws)).save(folder / "uncertainty" / source / "replicates.parquet")
    cells = {"layer": LAYERS, "language": LANGUAGES}
    learned = random("value", **cells, measure=LEARNED_MEASURES).assign(own_start=True)
    draws = [
        random("value", **cells, measure=LEARNED_MEASURES, varied=[varied], replicate=numbers)
        for varied, numbers in (("sentences", range(5)), ("start", range(2)))
    ]
    components = random("score", **cells, component=range(3)).assign(signature=0.5)
    Learned(
        as_table(LearnedSignatures, learned),
        LearnedComponents(components),
        LearnedReplicates(pd.concat(draws)),
        LearnedDiagnostics.empty(),
        LearnedStability.empty(),
    ).save(folder / "learned")
    averages = random("average_signature", category=[ALL_WORDS], layer=[0, 2], language=LANGUAGES)
    sets = [averages[averages["language"].isin(SETS[name])].assign(set=name) for name in SETS]
    SetAverages(pd.concat(sets)).save(folder / "sets/average_signatures.csv")
    halves = random("average_signature", layer=[3], half=[0, 1], start=[0, 1], language=LANGUAGES)
    as_table(Halves, halves.assign(svd=1.5)).save(folder / "ranks/halves.csv")
    ranks = product(layer=[3], rank=[2, 4]).assign(relative_error=[0.5, 0.25], in_use=[False, True])
    as_table(RankSweep, ranks).save(folder / "ranks/ranks.csv")
    for language in LANGUAGES:
        words = annotate(ROOT / "samples/treebanks" / language, language)
        words.save(folder / "words" / language)
        (folder / "cleaning").mkdir(exist_ok=True)
        characters = json.dumps({"unique_characters": CHARACTERS[language]})
        (folder / f"cleaning/{language}.json").write_text(characters)
    profile = renamed_profile(profile_of(3), dict(zip(codes(3), LANGUAGES, strict=True)))
    (folder / "outcomes").mkdir()
    profile.save(folder / "outcomes")
    for model in (*LANGUAGES, "experimental"):
        learning: dict[str, Any] = {"gain": 0.5, "learnt": True}
        if model == "experimental":
            learning["gain_by_language"] = dict(zip(LANGUAGES, (0.1, 0.2, 0.3), strict=True))
        (folder / "learning" / model).mkdir(parents=True)
        (folder / "learning" / model / "learning.json").write_text(json.dumps(learning))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which both stages have run."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "data").symlink_to(ROOT / "samples")
    parameters = read_resolved(ROOT / "conf/micro.yaml").data
    (folder / "params.yaml").write_text(json.dumps(parameters))
    write_inputs(folder / "artifacts")
    with chdir(folder):
        relate.main([])
        analyse.main([])
    return folder


@pytest.fixture(scope="module")
def related(folder: Path) -> Associations:
    return Associations.load(folder / "artifacts/relations")


@pytest.fixture(scope="module")
def averages(folder: Path) -> AverageSignatures:
    fits = [folder / "artifacts/signatures" / slug for slug in CATEGORIES]
    return Signatures.load_all(fit / "signatures.parquet" for fit in fits).average()


@pytest.fixture(scope="module")
def metrics(folder: Path) -> Callable[[str], Any]:
    """Read a file of metrics by its name."""
    return lambda name: json.loads((folder / f"metrics/{name}.json").read_text())


def test_relate_reads_properties_of_words_and_of_training_text(related: Associations) -> None:
    characters = related.properties.select(property="unique_characters").frame
    assert dict(zip(characters["language"], characters["value"], strict=True)) == CHARACTERS
    sizes = related.properties.select(property="data_size", category=ALL_WORDS).frame
    assert sorted(sizes["language"]) == LANGUAGES and (sizes["value"] > 100).all()


def test_relate_names_the_file_of_covariates_that_cannot_be_used(
    folder: Path, tmp_path: Path
) -> None:
    for part in ("artifacts", "data"):
        (tmp_path / part).symlink_to(folder / part)
    (tmp_path / "length.csv").write_text("covariate,language,value,source\nlength,xx,1,own\n")
    changes = ["analysis.covariates=length.csv"]
    parameters = read_resolved(ROOT / "conf/micro.yaml", changes).data
    (tmp_path / "params.yaml").write_text(json.dumps(parameters))
    before = (folder / "artifacts/relations/predictors.csv").read_bytes()
    with chdir(tmp_path), pytest.raises(InputError) as error:
        relate.main([])
    assert str(error.value) == "length.csv: no language has all covariates (length, fertility)"
    assert (folder / "artifacts/relations/predictors.csv").read_bytes() == before


def test_relate_reads_facts_of_the_languages_that_are_analysed(related: Associations) -> None:
    assert related.languages.frame["language"].tolist() == LANGUAGES
    assert related.languages.frame["family"].notna().all()
    assert related.benchmarks is not None and len(related.benchmarks)


def test_relate_tests_the_sets_and_layers_of_the_parameters(related: Associations) -> None:
    tests = related.variance_tests.frame
    assert set(tests["related"]) == {"Western"}
    assert set(tests["layer"]) == {0, 2}
    assert set(tests.loc[tests["fit"] == "joint", "category"]) == set(CATEGORIES.values())
    assert set(tests.loc[tests["fit"] == "separate", "category"]) == {ALL_WORDS}
    assert not tests["enough"].any(), "there are two languages in each set; three are needed"


def test_relate_correlates_the_average_signatures(
    related: Associations, averages: AverageSignatures
) -> None:
    row = related.correlations.select(property="unique_characters", category="Gender", layer=1)
    signatures = averages.select(category="Gender", layer=1).frame["average_signature"]
    expected = np.corrcoef(signatures, list(CHARACTERS.values()))[0, 1]
    assert row.frame["pearson"].item() == pytest.approx(expected)
    assert row.frame["enough"].item()


def test_analyse_writes_tables_of_all_categories(folder: Path, averages: AverageSignatures) -> None:
    tables = folder / "artifacts/tables"
    assert AverageSignatures.load(tables / "average_signatures.csv") == averages
    fits = Diagnostics.load(tables / "factorizations.csv")
    assert fits.failed_layers() == {category: [2] for category in CATEGORIES.values()}
    agreement = BaselineAgreement.load(tables / "baseline_agreement.csv")
    assert len(agreement) == len(CATEGORIES) * len(LAYERS)


def test_analyse_writes_findings_and_intervals_of_all_sources(folder: Path) -> None:
    tables = folder / "artifacts/tables"
    intervals = Intervals.load(tables / "intervals.csv").frame
    assert set(intervals["source"]) == set(SOURCES)
    np.testing.assert_allclose(intervals["p_adjusted"], 0.01)
    findings = Findings.load(tables / "findings.csv").frame
    variants = findings[["measure", "source", "normalise"]].drop_duplicates()
    published = variants["measure"] == "average_signature"
    assert published.sum() == len(SOURCES) * len(NORMALISATIONS)
    assert variants.loc[~published, "measure"].tolist() == ["shared", "learned_average"]
    assert (findings.groupby("finding")["measure"].nunique() == 3).all()
    heads = (tables / "findings.md").read_text().splitlines()[0]
    assert heads.count("|") == 2 + len(variants)


def test_analyse_counts_the_words_of_the_treebanks(folder: Path) -> None:
    tables = folder / "artifacts/tables"
    sizes = TreebankSizes.load(tables / "treebanks.csv").frame
    counts = CategoryCounts.load(tables / "coverage.csv")
    all_words = counts.select(category=ALL_WORDS).frame
    assert sizes["language"].tolist() == LANGUAGES
    assert (all_words["words"].to_numpy() <= sizes["words"].to_numpy()).all()
    assert all_words["enough"].all()


def test_analyse_tests_halves_of_the_sentences(folder: Path) -> None:
    path = folder / "artifacts/tables/residual_reliability.csv"
    (row,) = ResidualReliability.load(path).frame.to_dict("records")
    assert (row["layer"], row["languages"]) == (3, 3)
    assert np.isnan(row["p"]), "three languages are too few"


def test_metrics_are_those_of_all_words(
    averages: AverageSignatures, metrics: Callable[[str], Any]
) -> None:
    summary = metrics("summary")
    for row in averages.select(category=ALL_WORDS).frame.to_dict("records"):
        value = summary["average_signature"][f"layer_{row['layer']:02d}"][row["language"]]
        assert value == pytest.approx(row["average_signature"], rel=1e-5)
    flags = [fit["flags"] for fit in summary["factorization"].values()]
    assert flags == ["", "", "starts disagree", ""]
    assert summary["baselines"]["error"] == {"layer_03": {"relative_error": 0.25}}
    assert "layers" not in summary, "both models have the same layers"


def test_outcomes_are_metrics_and_signatures_are_compared_with_them(
    folder: Path, metrics: Callable[[str], Any]
) -> None:
    summary = Profile.load(folder / "artifacts/outcomes").summary()
    for language in LANGUAGES:
        for name in ("fit", "transfer"):
            expected = summary[name][language]
            of_language = metrics("summary")["outcomes"][language]
            assert of_language[name] == pytest.approx(expected, rel=1e-5)
            assert metrics(f"languages/{language}")[name] == round(expected, 3)
    predictors = Predictors.load(folder / "artifacts/relations/predictors.csv").frame
    assert {"fit", "signature", "pair_svd", "shared"} <= set(predictors["measure"])


def test_learned_signatures_have_metrics_of_their_own(
    folder: Path, metrics: Callable[[str], Any]
) -> None:
    learned = LearnedSignatures.load(folder / "artifacts/learned/signatures.csv")
    mean = learned.select(measure="shared", language="qah").frame["value"].mean()
    assert metrics("languages/qah")["shared"] == round(mean, 3)
    assert set(metrics("summary")["learned"]) == {"shared", "learned_average"}
    assert metrics("summary")["learned"]["shared"]["trees"]["all words"]


def test_metrics_of_a_language_have_the_gains_of_both_models(
    averages: AverageSignatures, metrics: Callable[[str], Any]
) -> None:
    numbers = metrics("languages/qab")
    assert (numbers["control_gain"], numbers["experimental_gain"]) == (0.5, 0.2)
    values = averages.select(category=ALL_WORDS, language="qab").frame["average_signature"]
    assert numbers["average_signature"] == pytest.approx(values.mean(), rel=1e-5)
