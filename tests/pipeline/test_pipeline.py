"""The complete pipeline on three languages of the sample: what runs, and its results."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer

from langsig.corpora import Sequences, fingerprint, fingerprints_of_line, read_sentences

pytestmark = pytest.mark.slow

LANGUAGES = ["qaa", "qab", "qah"]
CATEGORIES = ["gender", "number", "part-of-speech"]
SOURCES = ["trained", "equal-words", "untrained"]
EACH = [
    "annotate", "clean", "pack", "pretrain", "extract", "extract-experimental", "covariance",
    "untrained", "residuals",
]  # fmt: skip
JOINT = [
    "tokenizer",
    "pretrain-experimental",
    "ranks",
    "sets",
    "learned",
    "relate",
    "analyse",
    "plot",
    "report",
]


def each(stages, languages):
    return {f"{stage}@{language}" for stage in stages for language in languages}


FACTORIZE = {f"factorize@{category}" for category in CATEGORIES}
LAST = {"relate", "analyse", "plot", "report"}
UNCERTAINTY = {f"uncertainty@{source}" for source in SOURCES}


def test_every_stage_runs_once(first_run):
    assert len(first_run.ran_first) == len(set(first_run.ran_first))
    assert set(first_run.ran_first) == (
        each(EACH, LANGUAGES) | set(JOINT) | {"evaluate"} | FACTORIZE | UNCERTAINTY
    )


def test_second_run_runs_nothing(micro):
    assert micro.repro() == []
    assert micro.git("status", "--porcelain") == ""


def test_one_languages_parameter_reruns_that_language_and_the_joint_stages(micro):
    learning = micro.folder / "artifacts/learning/qab/learning.json"
    before = learning.read_bytes()
    micro.use("micro", "--set", "languages.qab.fraction=0.5")
    assert micro.would_run() == (
        each(["pretrain", "extract", "covariance", "residuals"], ["qab"])
        | set(JOINT) - {"tokenizer", "pretrain-experimental"}
        | FACTORIZE
        | UNCERTAINTY
    )
    assert micro.repro("pretrain@qab") == ["pretrain@qab"]
    assert learning.read_bytes() != before
    micro.use("micro")
    assert micro.repro() == [], "all is in the run cache"
    assert learning.read_bytes() == before


def test_romanising_one_language_leaves_the_others_vocabulary_and_controls_alone(micro):
    micro.use("micro", "--set", "languages.qah.romanise=true")
    status = json.loads(micro.dvc("status", "--json"))
    micro.dvc("repro", "pack@qah")
    after = json.loads(micro.dvc("status", "--json"))
    assert {"annotate@qah", "clean@qah"} <= set(status)
    for untouched in ("tokenizer", "pack@qaa", "pretrain@qaa", "pretrain@qab"):
        assert untouched not in after
    words = pd.read_parquet(micro.folder / "artifacts/words/qah/words.parquet")
    assert words["form"].str.replace("[。，！？]", "", regex=True).map(str.isascii).all()
    micro.restore()


def test_rank_reruns_factorisation_and_what_follows(micro):
    micro.use("micro", "--set", "factorize.rank=4")
    assert micro.would_run() == FACTORIZE | UNCERTAINTY | {"ranks", "sets"} | LAST
    micro.repro("--single-item", "ranks", "factorize@number")
    signatures = pd.read_parquet(micro.folder / "artifacts/signatures/number/signatures.parquet")
    assert signatures["component"].nunique() == 4
    micro.use("micro", "--set", "factorize.rank=auto")
    micro.repro("--single-item", "ranks", "factorize@number")
    choice = json.loads((micro.folder / "artifacts/rank.json").read_text())
    signatures = pd.read_parquet(micro.folder / "artifacts/signatures/number/signatures.parquet")
    assert choice == {"rank": signatures["component"].nunique(), "chosen_by": "ranks"}
    micro.restore()


def test_what_only_intervals_depend_on_reruns_no_more(micro):
    micro.use("micro", "--set", "uncertainty.replicates=5")
    assert micro.would_run() == UNCERTAINTY | LAST
    micro.repro("--single-item", "uncertainty@trained")
    replicates = pd.read_parquet(micro.folder / "artifacts/uncertainty/trained/replicates.parquet")
    assert replicates["replicate"].max() == 4
    micro.restore()


def test_every_source_normalisation_and_layer_has_intervals(micro):
    intervals = pd.read_csv(micro.folder / "artifacts/tables/intervals.csv")
    keys = ["source", "normalise", "layer", "language"]
    expected = pd.MultiIndex.from_product([SOURCES, ["none", "variance"], range(4), LANGUAGES])
    assert {*intervals[keys].itertuples(index=False, name=None)} == {*expected}
    assert len(intervals) == len(expected)
    assert (intervals["low"] < intervals["high"]).all()
    assert (intervals["p_adjusted"] >= intervals["p"]).all()
    words = intervals.groupby("source")["words"].max()
    assert words["equal-words"] <= 1_000 < words["trained"] == words["untrained"]
    averages = pd.read_csv(micro.folder / "artifacts/tables/average_signatures.csv")
    signatures = averages.query("category == 'Part of Speech'").set_index(["layer", "language"])
    trained = intervals.query("source == 'trained' and normalise == 'none'")
    both = trained.set_index(["layer", "language"]).join(signatures, rsuffix="_again")
    np.testing.assert_allclose(both["average_signature"], both["average_signature_again"])


def test_every_analysis_has_its_tables_and_pictures(micro):
    relations = micro.folder / "artifacts/relations"
    tables = {path.stem: pd.read_csv(path) for path in relations.glob("*.csv")}
    assert set(tables) == {
        "measure_tests", "benchmarks", "correlations", "distances", "languages", "predictors",
        "properties", "tree_statistics", "trees", "variance_tests",
    }  # fmt: skip
    assert not any(table.empty for table in tables.values())
    properties = tables["properties"].set_index(["property", "language"])["value"]
    assert properties["unique_characters"].idxmax() == "qah", "the logographic language"
    assert properties["type_token_ratio"].between(0, 1).all()
    assert set(tables["variance_tests"]["fit"]) == {"joint", "separate"}
    drawn = {path.stem for path in (micro.folder / "plots/figures").glob("*.pdf")}
    assert {"correlations", "benchmarks", "distances", "trees_combined", "violins"} <= drawn
    page = (micro.folder / "report/index.html").read_text(encoding="utf-8")
    assert all(name in page for name in ("Orvane", "Meiyong"))


def test_metrics_name_every_language_layer_and_model(micro):
    metrics = json.loads((micro.folder / "metrics/summary.json").read_text())
    assert set(metrics["average_signature"]) == {f"layer_{layer:02d}" for layer in range(4)}
    for averages in metrics["average_signature"].values():
        assert set(averages) == set(LANGUAGES)
        assert all(value > 0 for value in averages.values())
    assert set(metrics["learning"]) == {*LANGUAGES, "experimental"}
    assert set(metrics["trends"]) == set(LANGUAGES)


def test_metrics_are_shown_on_a_line_a_language(micro):
    table = micro.dvc("metrics", "show").splitlines()
    assert [row.split()[0] for row in table[1:]] == [
        f"metrics/languages/{language}.json" for language in LANGUAGES
    ]
    assert max(map(len, table)) <= 132, "columns, of a terminal"


def test_no_analysed_sentence_occurs_in_training_text(micro):
    analysed = {}
    for language in LANGUAGES:
        path = micro.folder / f"artifacts/words/{language}/sentences.parquet"
        analysed[language] = {fingerprint(text) for text in pd.read_parquet(path)["text"]}
        raw = (micro.folder / f"data/corpora/{language}.txt").read_text().splitlines()
        in_corpus = {piece for line in raw for piece in fingerprints_of_line(line)}
        assert analysed[language] & in_corpus, "the sample should hold some, or this tests nothing"
        for part in ("train", "validation"):
            sentences = micro.folder / f"artifacts/sentences/{language}/{part}.parquet"
            for text, pieces in read_sentences(sentences):
                assert set(fingerprints_of_line(text)) <= set(pieces)
                assert not analysed[language] & set(pieces)
            packed = micro.folder / f"artifacts/sequences/{language}/{part}.safetensors"
            assert not analysed[language] & set(Sequences.load(packed).fingerprints.tolist())


def test_experimental_model_sees_no_sentence_of_any_treebank(micro):
    """One language's corpus may hold another's analysed sentence; it goes when they are joined."""
    every = np.array(
        [
            fingerprint(text)
            for language in LANGUAGES
            for text in pd.read_parquet(
                micro.folder / f"artifacts/words/{language}/sentences.parquet"
            )["text"]
        ],
        np.uint64,
    )
    removed = 0
    for language in LANGUAGES:
        path = micro.folder / f"artifacts/sequences/{language}/train.safetensors"
        sequences = Sequences.load(path)
        kept = sequences.without(every)
        removed += len(sequences) - len(kept)
        assert not np.isin(kept.fingerprints, every).any()
    assert removed, "the sample should hold some, or this tests nothing"


@pytest.mark.parametrize("role", ["control", "experimental"])
def test_row_of_the_states_is_the_word_of_the_index(micro, role):
    """Recomputed for single sentences, straight from the checkpoint."""
    language = "qab"  # has multiword tokens
    artifacts = micro.folder / "artifacts"
    checkpoint = artifacts / "models" / ("experimental" if role == "experimental" else language)
    model = AutoModelForMaskedLM.from_pretrained(checkpoint).eval()
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    words = pd.read_parquet(artifacts / f"words/{language}/words.parquet")
    states = artifacts / f"states/{role}/{language}"
    index = np.load(states / "index.npy")
    layers = [np.load(path) for path in sorted(states.glob("layer-*.npy"))]
    assert len(layers) == model.config.num_hidden_layers + 1
    assert all(len(layer) == len(index) for layer in layers)
    for sentence in (0, 17, int(words["sentence"].max())):
        rows = words.index[words["sentence"] == sentence]
        forms = words.loc[rows, "form"].tolist()
        encoded = tokenizer(forms, is_split_into_words=True, return_tensors="pt")
        with torch.inference_mode():
            hidden = model(**encoded, output_hidden_states=True).hidden_states
        for word, row in enumerate(rows):
            position = int(np.flatnonzero(index == row)[0])
            pieces = [at for at, of in enumerate(encoded.word_ids()) if of == word]
            for layer, vectors in zip(layers, hidden, strict=True):
                expected = vectors[0, pieces].mean(0).numpy()
                np.testing.assert_allclose(layer[position].astype("f4"), expected, atol=4e-3)


def test_checkpoints_open_with_transformers_alone(micro):
    for name in (*LANGUAGES, "experimental"):
        folder = micro.folder / "artifacts/models" / name
        model = AutoModelForMaskedLM.from_pretrained(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        encoded = tokenizer(f"a {tokenizer.mask_token} b", return_tensors="pt")
        assert model(**encoded).logits.shape[-1] == len(tokenizer)


def test_plots_page_needs_no_network(micro):
    micro.langsig("plots-page", ".dvc/plots_page.html")
    micro.dvc("plots", "show")
    page = (micro.folder / "dvc_plots/index.html").read_text()
    assert page.count("vegaEmbed('#") == 3
    assert 'src="http' not in page
    assert "average_signature" in page


def test_bad_treebank_stops_with_file_and_line(micro):
    treebank = next((micro.folder / "data/treebanks/qab").glob("*.conllu"))
    good = treebank.read_bytes()
    treebank.unlink()  # it may be a link into the cache
    lines = good.decode().splitlines()
    lines[4] = "2\tonly\tthree"
    treebank.write_text("\n".join(lines) + "\n")
    done = micro.attempt("python", "-m", "stages", "annotate", "qab")
    assert done.returncode == 1
    assert f"{treebank.relative_to(micro.folder)}:5" in done.stderr
    assert (micro.folder / "artifacts/words/qab/words.parquet").is_file(), "the earlier table stays"
    treebank.unlink()
    treebank.write_bytes(good)
