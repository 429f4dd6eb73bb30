import json
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import langsig.comparison
from langsig.commands import main
from langsig.commands.compare import layout
from langsig.comparison import compare
from langsig.errors import ConvergenceWarning, InputError
from langsig.factorization import Solver, factorize_layers
from langsig.morphology import CATEGORIES, annotate
from langsig.pretraining import ModelShape, build_model
from langsig.references import tag_indicators
from langsig.representations import (
    Batching,
    CovarianceFitter,
    Encoder,
    States,
    covariances_by_category,
    extract,
    load_checked,
    load_encoder,
    match_layers,
    states_of,
)
from tests.treebanks import copy_beginning

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# Few iterations are enough here.
pytestmark = pytest.mark.filterwarnings("ignore::langsig.errors.ConvergenceWarning")

LANGUAGES = ("qaa", "qac", "qah")
FEW: dict[str, Any] = {"rank": 4, "max_iterations": 10}
MODELS = {  # layers, dim
    "multilingual": (4, 16),
    "qaa": (4, 12),
    "qac": (4, 20),
    "qah": (4, 12),
    "deep": (8, 12),
    "shallow": (2, 8),
    "flat": (0, 12),
    "wide": (1, 128),
}


@pytest.fixture(scope="session")
def models(
    tokenizer: "PreTrainedTokenizerBase", tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """A folder each, random weights."""
    folders = {}
    for seed, (name, (layers, dim)) in enumerate(MODELS.items()):
        folders[name] = str(tmp_path_factory.mktemp(name))
        shape = ModelShape("roberta", layers, dim, 2, dropout=0.1, initializer_range=0.3)
        build_model(shape, tokenizer, max_length=64, seed=seed).save_pretrained(folders[name])
        tokenizer.save_pretrained(folders[name])
    return folders


@pytest.fixture(scope="session")
def treebanks(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("treebanks")
    for language in LANGUAGES:
        source = samples / f"treebanks/{language}/{language}_sample-ud-test.conllu"
        copy_beginning(source, folder / f"{language}.conllu")
    return {language: str(folder / f"{language}.conllu") for language in LANGUAGES}


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made in this process; nothing may stay in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def controls(models: dict[str, str], *languages: str) -> dict[str, str]:
    return {language: models[language] for language in languages or LANGUAGES}


def average(table: pd.DataFrame, **where: Any) -> "pd.Series[float]":
    for column, value in where.items():
        table = table[table[column] == value]
    return table.groupby("layer")["value"].mean()


@pytest.mark.slow
def test_signatures_are_those_of_the_steps_one_by_one(
    models: dict[str, str],
    treebanks: dict[str, str],
    tokenizer: "PreTrainedTokenizerBase",
    tmp_path: Path,
    temporary: Path,
) -> None:
    result = compare(
        models["multilingual"], controls(models), treebanks,
        **FEW, categories=["Number", "part-of-speech"], min_instances=10, seed=3,
    )  # fmt: skip
    slices: dict[str, list[Any]] = {}
    for language in LANGUAGES:
        words = annotate(treebanks[language], language).table
        of_model = {}
        for name in (language, "multilingual"):
            folder = tmp_path / language / name
            folder.mkdir(parents=True)
            model = load_encoder(models[name])
            options: dict[str, Any] = {"dtype": "float16", "batch_tokens": 1024}
            extract(Encoder(model, tokenizer, language), words, folder, **options)
            of_model[name] = States.open(folder)
        (numbers,) = covariances_by_category(
            of_model[language], of_model["multilingual"], words, language=language,
            categories=["Number"], min_instances=10, blocks=1, block_layers={},
        )  # fmt: skip
        slices[language] = [layer.cross.astype(np.float32) for layer in numbers.layers]
        counted = result.words.frame.set_index(["category", "language"])["words"]
        assert counted["Number", language] == words["Number"].notna().sum() == numbers.words
    expected = factorize_layers(slices, category="Number", solver=Solver(**FEW), seed=3)
    table = result.signatures.frame
    number = table[table["category"] == "Number"].reset_index(drop=True)
    pd.testing.assert_frame_equal(number, expected.signatures.frame, rtol=1e-9)
    assert table["category"].unique().tolist() == ["Number", "Part of Speech"]
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_layers_are_those_of_the_shallowest_model(
    models: dict[str, str], treebanks: dict[str, str]
) -> None:
    mixed = {"qaa": models["deep"], "qac": models["shallow"], "qah": models["qah"]}
    result = compare(models["multilingual"], mixed, treebanks, **FEW)
    assert result.layer_pairs == {
        "qaa": match_layers(8, 4, 2), "qac": match_layers(2, 4), "qah": match_layers(4, 4, 2),
    }  # fmt: skip
    assert result.layer_pairs["qaa"] == [(0, 0), (4, 2), (8, 4)]
    assert sorted(result.signatures.frame["layer"].unique()) == [0, 1, 2]
    report = layout(result)
    assert "matched by relative depth" in report
    (line,) = (line for line in report.splitlines() if line.startswith("qaa") and "-" in line)
    assert line.split() == ["qaa", "0-0", "4-2", "8-4"]
    same = compare(models["multilingual"], controls(models), treebanks, **FEW)
    assert "matched" not in layout(same)


@pytest.mark.slow
def test_a_model_without_hidden_states_is_refused(
    models: dict[str, str], treebanks: dict[str, str]
) -> None:
    flat = controls(models) | {"qac": models["flat"]}
    with pytest.raises(InputError, match=r"gives hidden states of 0 layers, embeddings included"):
        compare(models["multilingual"], flat, treebanks, **FEW)


def test_parts_of_speech_take_the_place_of_controls(
    models: dict[str, str], treebanks: dict[str, str], tokenizer: "PreTrainedTokenizerBase"
) -> None:
    few = {language: treebanks[language] for language in ("qaa", "qac")}
    model = load_encoder(models["multilingual"])
    result = compare(models["multilingual"], treebanks=few, reference="upos", **FEW)
    assert result.layer_pairs == {name: [(None, n) for n in range(5)] for name in few}
    assert result.diagnostics.frame["control_layer"].isna().all()
    assert list(result.batching) == [models["multilingual"]]
    assert "matched" not in layout(result)
    slices: dict[str, list[Any]] = {}
    for language in few:
        words = annotate(treebanks[language], language).table
        states = states_of(Encoder(model, tokenizer, language), words)
        used = words["Part of Speech"].notna().to_numpy()[states.index]
        tags = tag_indicators(words)[states.index][used]
        slices[language] = [
            CovarianceFitter.fit(tags, layer[used]).cross.astype(np.float32)
            for layer in states.layers
        ]
    expected = factorize_layers(slices, category="Part of Speech", solver=Solver(**FEW))
    pd.testing.assert_frame_equal(
        result.signatures.frame, expected.signatures.frame, rtol=1e-4, atol=1e-7
    )


@pytest.mark.slow
def test_references_of_features_context_and_random_weights(
    models: dict[str, str], treebanks: dict[str, str], samples: Path
) -> None:
    text = {language: samples / f"corpora/{language}.txt" for language in LANGUAGES}
    name = models["multilingual"]
    features = compare(name, treebanks=treebanks, reference="features", **FEW)
    context = compare(name, treebanks=treebanks, texts=text, reference="context", **FEW)
    untrained = compare(name, treebanks=treebanks, reference="untrained", **FEW)
    tables = [result.signatures.frame for result in (features, context, untrained)]
    for table in tables:
        assert set(table["language"]) == set(LANGUAGES)
        assert table["layer"].nunique() == 5
    assert not np.allclose(tables[0]["value"], tables[1]["value"], rtol=0.1)
    assert context.words == features.words, "they are those of the treebanks"
    assert untrained.layer_pairs["qaa"] == match_layers(4, 4)
    again = compare(name, treebanks=treebanks, reference="untrained", **FEW, seed=1)
    assert not np.allclose(tables[2]["value"], again.signatures.frame["value"], rtol=1e-3)
    message = r"rank must be between 1 and \d\d, the width of the reference 'features' of qaa"
    with pytest.raises(InputError, match=message):
        compare(models["wide"], treebanks=treebanks, reference="features", rank=99)


@pytest.mark.slow
def test_context_of_a_text_without_a_treebank(
    models: dict[str, str], treebanks: dict[str, str], samples: Path, tmp_path: Path
) -> None:
    text = tmp_path / "text.txt"
    lines = (samples / "corpora/qaa.txt").read_text(encoding="utf-8").splitlines()
    text.write_text("\n".join(lines[:200]), encoding="utf-8")
    options: dict[str, Any] = {"reference": "context", **FEW}
    result = compare(models["multilingual"], texts={"aa": text, "bb": text}, **options)
    by_language = [average(result.signatures.frame, language=name) for name in ("aa", "bb")]
    np.testing.assert_allclose(by_language[0], by_language[1], rtol=1e-9)
    text.write_text("Kal wun da lu sizal.\n" * 30, encoding="utf-8")
    with pytest.raises(InputError, match=r"texts: aa: the text has .* too few for 64 dimensions"):
        compare(models["multilingual"], texts={"aa": text, "bb": text}, **options)


@pytest.mark.slow
def test_languages_that_are_the_same_have_the_same_signature(
    models: dict[str, str], samples: Path, tmp_path: Path
) -> None:
    text = tmp_path / "text.txt"
    lines = (samples / "corpora/qaa.txt").read_text(encoding="utf-8").splitlines()
    text.write_text("\n".join(lines[:100]), encoding="utf-8")
    shared = {"aa": models["qaa"], "bb": models["qaa"], "cc": models["qac"]}
    result = compare(
        models["multilingual"], shared, texts={"aa": [text], "bb": text, "cc": text}, **FEW
    )
    by_language = [average(result.signatures.frame, language=language) for language in shared]
    np.testing.assert_allclose(by_language[0], by_language[1], rtol=1e-9)
    assert not np.allclose(by_language[0], by_language[2], rtol=1e-2)


@pytest.mark.slow
def test_text_has_all_words_and_no_category(
    models: dict[str, str], treebanks: dict[str, str], tmp_path: Path
) -> None:
    text = tmp_path / "text.txt"
    text.write_text("Kal wun da lu sizal.\npedigak bibuval\n" * 30, encoding="utf-8")
    result = compare(
        models["multilingual"], controls(models),
        {language: treebanks[language] for language in ("qac", "qah")}, {"qaa": text},
        **FEW, categories=CATEGORIES,
    )  # fmt: skip
    counts = result.words.frame.set_index(["category", "language"])["words"]
    assert counts["Part of Speech", "qaa"] == 30 * 7
    assert counts.xs("qaa", level="language").drop("Part of Speech").eq(0).all()
    assert result.words.frame["category"].unique().tolist() == list(CATEGORIES)
    languages = result.signatures.frame.groupby("category")["language"].unique()
    assert set(languages["Part of Speech"]) == set(LANGUAGES)
    assert set(languages["Number"]) == {"qac", "qah"}
    rows = [line.split() for line in layout(result).splitlines() if line.startswith("qaa")]
    assert ["qaa", "0", *["-"] * 5] in rows
    assert "fewer than two languages have enough words" in layout(result)


@pytest.mark.slow
def test_fits_that_do_not_converge_warn(models: dict[str, str], treebanks: dict[str, str]) -> None:
    with pytest.warns(ConvergenceWarning, match="Part of Speech: .* in layer 0, 1, 2, 3, 4"):
        result = compare(
            models["multilingual"], controls(models), treebanks, rank=4, max_iterations=2
        )
    assert not result.diagnostics.frame["converged"].any()
    assert "NOT CONVERGED in layers 0, 1, 2, 3, 4" in layout(result)


@pytest.mark.slow
def test_summary_has_word_counts_and_average_signatures(
    models: dict[str, str], treebanks: dict[str, str]
) -> None:
    result = compare(models["multilingual"], controls(models), treebanks, **FEW)
    summary = result.summary()
    assert summary.index.tolist() == [("Part of Speech", language) for language in LANGUAGES]
    assert summary.columns.tolist() == ["words", 0, 1, 2, 3, 4]
    for language in LANGUAGES:
        means = average(result.signatures.frame, language=language)
        row = summary.loc["Part of Speech", language]
        np.testing.assert_allclose(row.drop("words").astype(float), means, rtol=1e-12)


def test_each_model_is_tried_before_any_work(
    models: dict[str, str], treebanks: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def load(name: str) -> Any:
        done.append(f"load {Path(name).name[:-1]}")
        return load_encoder(name)

    def try_out(name: str, languages: list[str]) -> Any:
        done.append(f"try {Path(name).name[:-1]} {languages}")
        return load_checked(name, languages)

    monkeypatch.setattr(langsig.comparison, "load_encoder", load)
    monkeypatch.setattr(langsig.comparison, "load_checked", try_out)
    result = compare(
        models["multilingual"], controls(models) | {"qah": models["qaa"]}, treebanks, **FEW
    )
    assert done == [
        "try multilingual ['qaa', 'qac', 'qah']", "try qaa ['qaa', 'qah']", "try qac ['qac']",
        "load qaa", "load qac", "load qaa",
    ]  # fmt: skip
    assert result.batching == dict.fromkeys(
        [models[name] for name in ("multilingual", "qaa", "qac")], Batching.PADDED
    )


def test_the_table_says_which_models_were_run_without_padding_or_alone(
    models: dict[str, str], treebanks: dict[str, str]
) -> None:
    result = compare(models["multilingual"], controls(models), treebanks, **FEW)
    assert "changes its states" not in layout(result)
    batching = result.batching | {"a": Batching.UNPADDED, "b": Batching.ALONE}
    assert layout(replace(result, batching=batching)).splitlines()[-2:] == [
        "a: padding changes its states, so that sentences of equal length share a batch",
        "b: sentences in a batch change each other's states, so that each was run alone",
    ]


@pytest.mark.slow
def test_romanised_languages_give_other_signatures(
    models: dict[str, str], treebanks: dict[str, str]
) -> None:
    plain = compare(models["multilingual"], controls(models), treebanks, **FEW)
    romanised = compare(
        models["multilingual"], controls(models), treebanks, **FEW, romanise=["qah"]
    )
    counts = [result.words.frame.set_index("language")["words"] for result in (plain, romanised)]
    assert counts[0]["qaa"] == counts[1]["qaa"]
    assert not np.allclose(
        average(plain.signatures.frame, language="qah"),
        average(romanised.signatures.frame, language="qah"),
    )


@pytest.mark.slow
def test_languages_are_the_same_however_their_codes_are_written(
    models: dict[str, str], treebanks: dict[str, str]
) -> None:
    result = compare(
        models["multilingual"],
        {"QAA": models["qaa"], "qah": models["qah"]},
        {"qaa": treebanks["qaa"], "Qah": treebanks["qah"]},
        romanise=["QAH"],
        **FEW,
    )
    assert result.words.frame["language"].tolist() == ["qaa", "qah"]


Change = Callable[[dict[str, Any], dict[str, str]], None]
BAD: dict[str, tuple[Change, str]] = {
    "no words": (lambda a, m: a["treebanks"].pop("qac"), "qac has a control model, but neither"),
    "no control": (lambda a, m: a["controls"].pop("qac"), "qac has no control model"),
    "text without control": (
        lambda a, m: a.update(texts={"xx": "x.txt"}), "xx has no control model",
    ),
    "both": (
        lambda a, m: a.update(texts={"qac": "x.txt"}), "qac has a treebank and text",
    ),
    "two spellings": (
        lambda a, m: a["controls"].update(QAA="x"), "controls names qaa twice, as qaa and QAA",
    ),
    "no code": (
        lambda a, m: a["treebanks"].update(danish="x"), "must be an ISO 639 code such as 'en', got",
    ),
    "romanise no code": (
        lambda a, m: a.update(romanise=["Chinese"]), "must be an ISO 639 code such as 'en', got",
    ),
    "one language": (
        lambda a, m: [a[key].pop(name) for key in ("controls", "treebanks") for name in
                      ("qaa", "qac")],
        "controls must name at least two languages, got 1",
    ),
    "control missing": (
        lambda a, m: a["controls"].update(qaa="./no/such/model"), "./no/such/model: no such folder",
    ),
    "experimental missing": (
        lambda a, m: a.update(experimental="./nowhere"), "./nowhere: no such folder",
    ),
    "rank": (
        lambda a, m: a.update(rank=17), "rank must be between 1 and 12, the width of {qaa}; got 17",
    ),
    "rank zero": (lambda a, m: a.update(rank=0), "rank must be a positive integer, got 0"),
    "treebank missing": (
        lambda a, m: a["treebanks"].update(qac="no.conllu"), "no.conllu: no such file",
    ),
    "text missing": (
        lambda a, m: (a["treebanks"].pop("qac"), a.update(texts={"qac": "no.txt"})),
        "no.txt: no such file or directory; check the text of qac",
    ),
    "category": (lambda a, m: a.update(categories=["Numbr"]), "got 'Numbr'"),
    "categories of no kind": (
        lambda a, m: a.update(categories=None), "categories must be a list of names, got None",
    ),
    "no category": (lambda a, m: a.update(categories=[]), "categories is empty"),
    "romanise": (lambda a, m: a.update(romanise=["qaa"]), "there is no romanisation of 'qaa'"),
    "one category as a text": (
        lambda a, m: a.update(categories="Number"), "categories must be a list of names",
    ),
    "ridge": (lambda a, m: a.update(ridge=-1), "ridge must be a number from 0 to 100"),
    "iterations": (lambda a, m: a.update(max_iterations=0), "max_iterations must be a positive"),
    "tolerance": (lambda a, m: a.update(tolerance=0), "tolerance must be a finite positive number"),
    "no path": (lambda a, m: a["treebanks"].update(qaa=[]), "treebanks has no path of qaa; name"),
    "no path of a text": (lambda a, m: a.update(texts={"qaa": []}), "texts has no path of qaa"),
    "seed": (lambda a, m: a.update(seed=-1), "seed must be an integer of at least 0, got -1"),
    "dtype": (lambda a, m: a.update(dtype="int8"), "dtype must be one of float16, float32, got"),
    "batch": (lambda a, m: a.update(batch_tokens=0), "batch_tokens must be a positive"),
    "words": (lambda a, m: a.update(min_instances=0), "min_instances must be a positive"),
    "words as a text": (
        lambda a, m: a.update(min_instances="9"), "min_instances must be a positive integer",
    ),
    "list of controls": (
        lambda a, m: a.update(controls=["qaa", "qab"]),
        "controls must be a mapping with one entry per language, such as a dict; got list",
    ),
    "one treebank for all": (
        lambda a, m: a.update(treebanks="samples"), "treebanks must be a mapping",
    ),
    "one romanised language as a text": (
        lambda a, m: a.update(romanise="zh"), "romanise must be a list of names, got 'zh'",
    ),
    "unknown reference": (
        lambda a, m: a.update(reference="tags"),
        "reference must be one of model, upos, features, context, untrained; got 'tags'",
    ),
    "parallel": (
        lambda a, m: a.update(reference="parallel"),
        "'parallel' compares sentences, not words, and is for langsig profile only",
    ),
    "controls and a reference": (
        lambda a, m: a.update(reference="upos"),
        "controls must not be given with the reference 'upos'",
    ),
    "no controls": (lambda a, m: a.update(controls=None), "controls must be a mapping"),
    "text without tags": (
        lambda a, m: (
            a.update(controls=None, reference="upos", texts={"qac": "x.txt"}),
            a["treebanks"].pop("qac"),
        ),
        "qac has only text, but the reference 'upos' needs a treebank",
    ),
    "treebank and text of a reference": (
        lambda a, m: a.update(controls=None, reference="untrained", texts={"qac": "x.txt"}),
        "qac has a treebank and text",
    ),
    "no text for context": (
        lambda a, m: a.update(controls=None, reference="context"), "qaa has no text, which",
    ),
    "rank above the reference": (
        lambda a, m: a.update(controls=None, reference="upos", rank=15),
        "rank must be between 1 and 14, the width of the reference 'upos'; got 15",
    ),
    "no language for a reference": (
        lambda a, m: a.update(controls=None, reference="upos", treebanks={}),
        "treebanks and texts must name at least two languages, got 0",
    ),
    "romanise what": (lambda a, m: a.update(romanise=["zh"]), "zh has no control model"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_fit_is_named_before_any_model_runs(
    models: dict[str, str],
    treebanks: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    case: str,
) -> None:
    arguments: dict[str, Any] = {
        "experimental": models["multilingual"],
        "controls": controls(models),
        "treebanks": dict(treebanks),
        **FEW,
    }
    change, message = BAD[case]
    change(arguments, models)
    monkeypatch.setattr(langsig.comparison, "load_checked", pytest.fail)
    with pytest.raises(InputError) as caught:
        compare(**arguments)
    assert message.format(**models) in str(caught.value)


def test_a_model_without_tokenizer_is_named_before_any_model_runs(
    models: dict[str, str],
    treebanks: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "config.json").write_bytes(Path(models["qah"], "config.json").read_bytes())
    monkeypatch.setattr(langsig.comparison, "load_checked", pytest.fail)
    with pytest.raises(InputError, match=f"{tmp_path}: no tokenizer; save"):
        compare(models["multilingual"], controls(models) | {"qah": str(tmp_path)}, treebanks, **FEW)


@pytest.mark.slow
def test_too_few_words_everywhere(
    models: dict[str, str], treebanks: dict[str, str], temporary: Path
) -> None:
    with pytest.raises(InputError, match="no category has 1000000 words in at least two"):
        compare(models["multilingual"], controls(models), treebanks, **FEW, min_instances=10**6)
    assert list(temporary.iterdir()) == []


@pytest.mark.slow
def test_nothing_stays_where_states_are_not_finite(
    models: dict[str, str], treebanks: dict[str, str], tmp_path: Path, temporary: Path
) -> None:
    model = load_encoder(models["qac"])
    model.encoder.layer[1].output.LayerNorm.bias.data += 1e5
    model.save_pretrained(tmp_path / "broken")
    for file in Path(models["qac"]).glob("token*"):
        (tmp_path / "broken" / file.name).write_bytes(file.read_bytes())
    broken = controls(models) | {"qac": str(tmp_path / "broken")}
    with pytest.raises(InputError, match=r"qac: layer 2 .* is not finite in float16"):
        compare(models["multilingual"], broken, treebanks, **FEW)
    assert list(temporary.iterdir()) == []
    compare(models["multilingual"], broken, treebanks, **FEW, dtype="float32")


def command(models: dict[str, str], treebanks: dict[str, str], *more: str) -> list[str]:
    return [
        "compare",
        "--experimental", models["multilingual"],
        "--control", *(f"{name}={models[name]}" for name in LANGUAGES),
        "--treebank", *(f"{name}={treebanks[name]}" for name in LANGUAGES),
        "--rank", "4",
        "--max-iterations", "10",
        *more,
    ]  # fmt: skip


@pytest.mark.slow
def test_as_a_program(models: dict[str, str], treebanks: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "new" / "signatures.parquet"
    more = ("--categories", "Number", "Part of Speech", "--out", str(out))
    program = [sys.executable, "-m", "langsig"]
    done = subprocess.run(
        [*program, *command(models, treebanks, *more)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    expected = compare(
        models["multilingual"], controls(models), treebanks,
        **FEW, categories=["Number", "Part of Speech"],
    )  # fmt: skip
    table = pd.read_parquet(out)
    assert list(table.columns) == ["category", "layer", "language", "component", "value"]
    pd.testing.assert_frame_equal(table, expected.signatures.frame, check_dtype=False, rtol=1e-6)
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("qac ")]
    assert len(rows) == 2
    for category, row in zip(("Number", "Part of Speech"), rows, strict=True):
        printed = [float(cell) for cell in row[2:]]
        means = average(expected.signatures.frame, category=category, language="qac")
        np.testing.assert_allclose(printed, means, rtol=0.01)


def test_options_of_the_command_reach_the_function(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: dict[str, Any] = {}

    def record(*arguments: Any, **options: Any) -> None:
        given.update(options, arguments=arguments)
        raise InputError("enough")

    monkeypatch.setattr(langsig.comparison, "compare", record)
    assert main(
        [
            "compare", "--experimental", "m", "--control", "de=a", "fr=b", "--control", "zh=c=d",
            "--treebank", "de=1", "de=2", "--text", "fr=3", "zh=4", "--rank", "5",
            "--reference", "features",
            "--categories", "all", "--romanise", "zh", "--dtype", "float32",
            "--batch-tokens", "6", "--min-instances", "7", "--ridge", "0.5",
            "--max-iterations", "8", "--seed", "9",
        ]
    ) == 1  # fmt: skip
    assert capsys.readouterr().err == "error: enough\n"
    assert given == {
        "arguments": (
            "m", {"de": "a", "fr": "b", "zh": "c=d"}, {"de": ["1", "2"]},
            {"fr": ["3"], "zh": ["4"]},
        ),
        "reference": "features", "rank": 5, "categories": CATEGORIES, "romanise": ["zh"],
        "dtype": "float32", "batch_tokens": 6, "min_instances": 7, "ridge": 0.5,
        "max_iterations": 8, "seed": 9,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (("--rank", "99"), 1, "error: rank must be between 1 and 12"),
        (("--control", "qaa=other"), 1, "error: --control names a language twice"),
        (("--treebank", "nothing"), 2, "must have the form LANGUAGE=VALUE, got 'nothing'"),
        (("--text", "=x"), 2, "must have the form LANGUAGE=VALUE, got '=x'"),
        (("--dtype", "int8"), 2, "int8"),
    ],
)
def test_bad_options_write_nothing(
    models: dict[str, str],
    treebanks: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    out = tmp_path / "signatures.parquet"
    try:
        ended = main(command(models, treebanks, *more, "--out", str(out)))
    except SystemExit as error:
        ended = int(str(error.code))
    assert ended == code
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_outputs_are_tried_before_the_work(
    models: dict[str, str],
    treebanks: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(langsig.comparison, "load_checked", pytest.fail)
    (tmp_path / "table.csv").mkdir()
    (tmp_path / "file").touch()
    for out, message in (
        (f"{tmp_path}/table.csv", "is a directory; name a file"),
        (f"{tmp_path}/signatures.txt", "must end in .csv or .parquet"),
        (f"{tmp_path}/file/signatures.csv", "file is not a directory"),
    ):
        assert main(command(models, treebanks, "--out", out)) == 1
        assert message in capsys.readouterr().err


@pytest.mark.slow
def test_full_disk_is_named_with_the_bytes_needed(
    models: dict[str, str],
    treebanks: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    limit = 20_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        assert main(command(models, treebanks)) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    error = capsys.readouterr().err.splitlines()[-1]
    match = re.match(rf"error: {scratch}/.*/layer-00.npy: needs ([\d,]+) bytes \(.*; free", error)
    assert match and int(match[1].replace(",", "")) > limit, error
    assert list(scratch.iterdir()) == []


def test_what_is_no_model_is_named(
    models: dict[str, str], treebanks: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "no such kind"}))
    with pytest.raises(InputError, match=f"{tmp_path}: no model that can be loaded"):
        compare(str(tmp_path), controls(models), treebanks, **FEW)
