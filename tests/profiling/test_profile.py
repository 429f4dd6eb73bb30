import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import torch

from langsig import commands
from langsig.errors import InputError
from langsig.morphology import annotate
from langsig.pretraining import ModelShape, build_model
from langsig.profiling import Profile, Sizes, profile
from langsig.profiling.reading import Readers
from langsig.terms import REFERENCES
from tests.treebanks import copy_beginning

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

pytestmark = pytest.mark.slow  # each runs a model over three treebanks
LANGUAGES = ("qaa", "qac", "qah")
LAYERS = 3
SIZES = Sizes(training=200, measures=600, test=400, sentences=30, draws=2)
Profiled = Callable[..., Profile]


@pytest.fixture(scope="module")
def model(tokenizer: "PreTrainedTokenizerBase", tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("profiled")
    shape = ModelShape("roberta", LAYERS, 16, 2, dropout=0.0, initializer_range=0.3)
    build_model(shape, tokenizer, max_length=64, seed=0).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def texts(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sentences that are no translations, the same number of each language."""
    folder = tmp_path_factory.mktemp("texts")
    for language in LANGUAGES:
        lines = (samples / f"corpora/{language}.txt").read_text(encoding="utf-8").splitlines()
        (folder / f"{language}.txt").write_text("\n".join(lines[:500]), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def treebanks(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The beginning of the treebanks of three languages."""
    folder = tmp_path_factory.mktemp("treebanks")
    for language in LANGUAGES:
        (folder / language).mkdir()
        name = f"{language}/{language}_sample-ud-test.conllu"
        copy_beginning(samples / "treebanks" / name, folder / name, sentences=300)
    return folder


@pytest.fixture(scope="module")
def profile_in(model: Path, treebanks: Path, texts: Path) -> Profiled:
    def run(folder: Path, treebanks: Path = treebanks, **options: object) -> Profile:
        arguments = {"languages": LANGUAGES, "sizes": SIZES, "parallel": texts, "rank": 2}
        return profile(model, treebanks, folder, **{**arguments, **options})  # type: ignore[arg-type]

    return run


@pytest.fixture
def profiled(profile_in: Profiled, tmp_path: Path) -> Profiled:
    return partial(profile_in, tmp_path / "out")


@pytest.fixture(scope="module")
def whole_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("whole")


@pytest.fixture(scope="module")
def whole(profile_in: Profiled, whole_folder: Path) -> Profile:
    """A complete profile, in ``whole_folder``."""
    return profile_in(whole_folder)


def test_tables(whole: Profile, whole_folder: Path) -> None:
    result = whole
    assert result.inner_layers == [1, 2]
    fits = result.fits.frame
    assert len(fits) == len(LANGUAGES) * (LAYERS + 1)
    assert ((fits["low"] <= fits["fit"]) & (fits["fit"] <= fits["high"])).all()
    assert fits["untrained"].between(0, 1).all()
    outcomes = result.outcomes.frame
    tags = outcomes[outcomes["category"] == "UPOS"]
    assert set(tags["outcome"]) == {
        "probe", "probe_untrained", "selectivity", "majority", "transfer", "transfer_single",
    }  # fmt: skip
    assert (tags["draws"] == SIZES.draws).all()
    assert (tags["sd"] >= 0).all()
    single = tags[tags["outcome"] == "transfer_single"]
    assert len(single) == len(LANGUAGES) * (len(LANGUAGES) - 1) * (LAYERS + 1)
    assert {"Number", "UPOS"} <= set(outcomes["category"].dropna())
    retrieval = outcomes[outcomes["outcome"] == "retrieval"]
    assert (retrieval["value"] < 0.5).all(), "the sentences are no translations"
    summary = result.summary()
    assert list(summary.index) == list(LANGUAGES)
    assert (summary["fertility"] > 1).all()
    pd.testing.assert_frame_equal(Profile.load(whole_folder).summary(), summary)
    assert sorted(path.name for path in whole_folder.iterdir()) == [
        "fits.csv", "measures.csv", "outcomes.csv", "predictors.csv", "replicates.csv",
        "settings.json", "summary.csv",
    ]  # fmt: skip


def test_a_profile_that_was_interrupted_goes_on(
    whole: Profile, profiled: Profiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("langsig.profiling.tables.fit_layer", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            profiled()
    with monkeypatch.context() as patch:
        patch.setattr("langsig.profiling.reading.states_of", _interrupt)
        patch.setattr("langsig.profiling.reading.sentence_vectors", _interrupt)
        again = profiled()
    pd.testing.assert_frame_equal(again.summary(), whole.summary())
    with pytest.raises(InputError, match=r"out: holds a profile of another model, .* settings"):
        profiled(seed=1)


def _interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_two_threads_read_what_one_reads(model: Path, samples: Path) -> None:
    words = annotate(samples / "treebanks/qaa", "qaa").table.query("sentence < 200")
    readers = Readers(model, ["qaa"], "float32", seed=0)
    alone = readers.states("qaa", words)
    threads = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        both = readers.states("qaa", words)
    finally:
        torch.set_num_threads(threads)
    assert list(both) == list(alone) == ["trained", "untrained"]
    for role, states in both.items():
        for layer, expected in zip(states.layers, alone[role].layers, strict=True):
            np.testing.assert_array_equal(layer, expected)
    assert not np.allclose(both["trained"].layers[1], both["untrained"].layers[1])


@pytest.mark.parametrize("reference", [name for name in REFERENCES if name != "upos"])
def test_references(profiled: Profiled, texts: Path, reference: str) -> None:
    result = profiled(reference=reference, texts=texts)
    gains = result.outcomes.select(outcome="masked_gain").frame
    assert (gains["value"] < 0).all(), "random weights predict worse than frequencies"
    assert len(gains) == len(LANGUAGES)
    assert result.fits.frame["fit"].between(0, 1).all()
    has_untrained = reference not in ("untrained", "parallel")
    assert result.fits.frame["untrained"].notna().all() == has_untrained


def test_the_difference_of_a_model_to_itself_is_none(whole: Profile, profiled: Profiled) -> None:
    assert np.allclose(whole - whole, 0)
    others = profiled(languages=LANGUAGES[:2], parallel=None)
    with pytest.raises(InputError, match="different languages"):
        whole - others


def test_what_does_not_fit_is_named_before_any_work(profiled: Profiled, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="reference must be one of upos"):
        profiled(reference="tags")
    with pytest.raises(InputError, match="reference 'context' needs texts"):
        profiled(reference="context")
    with pytest.raises(InputError, match="at least 2 languages with enough words, got qaa"):
        profiled(languages=["qaa"])
    with pytest.raises(InputError, match="languages must be a list of names, got 'qaa'"):
        profiled(languages="qaa")
    with pytest.raises(InputError, match="at least 2 languages with enough words, got no language"):
        profiled(languages=[])
    with pytest.raises(InputError, match=r"sizes\.training must be an integer of at least 100"):
        profiled(sizes=Sizes(training=0))
    with pytest.raises(InputError, match="shrinkage must be a number from 0"):
        profiled(shrinkage=-1)
    with pytest.raises(InputError, match="rank must be between 1 and 14"):
        profiled(rank=17)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("lines", "reference", "says"),
    [
        ({"qaa": 30}, "upos", "has only sentences of qaa; add their translations"),
        ({"qaa": 30, "qah": 31}, "upos", r"qah.txt: 31 lines, but .*qaa.txt has 30"),
        ({"qaa": 2, "qah": 2}, "upos", "only 2 sentences are used .*, of at least 3"),
        ({"qaa": 0, "qah": 0}, "upos", "only 0 sentences are used .*, of at least 3"),
        ({"qaa": 11, "qah": 11}, "parallel", "only 11 sentences are used .*, of at least 12"),
    ],
)
def test_unusable_parallel_sentences_are_found_before_any_work(
    profiled: Profiled, tmp_path: Path, lines: dict[str, int], reference: str, says: str
) -> None:
    folder = tmp_path / "parallel"
    folder.mkdir()
    for language, number in lines.items():
        (folder / f"{language}.txt").write_text("kal\n" * number, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        profiled(parallel=folder, languages=["qaa", "qah"], reference=reference)
    assert not (tmp_path / "out").exists()


def test_the_language_of_a_short_text_is_named(profiled: Profiled, tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    for language in LANGUAGES:
        (tmp_path / f"texts/{language}.txt").write_text("kal\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"qaa: the text has \d+ different sub-words, too few"):
        profiled(reference="context", texts=tmp_path / "texts")


def test_sentences_that_do_not_divide_into_blocks_are_refused(
    profiled: Profiled, treebanks: Path, tmp_path: Path
) -> None:
    shutil.copytree(treebanks, tmp_path / "long")
    (file,) = (tmp_path / "long/qac").iterdir()
    rows = [line for line in file.read_text(encoding="utf-8").splitlines() if "\t" in line]
    sentences = [
        "".join(f"{n}\t{row.partition(chr(9))[2]}\n" for n, row in enumerate(rows[start:][:20], 1))
        for start in range(0, len(rows), 20)
    ]
    file.write_text("\n".join([*sentences, ""]), encoding="utf-8")
    with pytest.raises(InputError, match=r"qac: the \d+ sentences for measures do not divide"):
        profiled(tmp_path / "long", sizes=replace(SIZES, measures=200))


def test_as_a_command(
    model: Path, treebanks: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--treebanks", str(treebanks), "--languages", "qaa", "qah"]
    out = tmp_path / "two"
    assert commands.main(["profile", str(model), str(model), *arguments, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "means over layers 1 to 2" in printed
    rows = [line.split() for line in printed.splitlines() if line.startswith("qaa")]
    assert len(rows) == 3
    assert rows[0] == rows[1]
    assert rows[2][1:5] == ["0.000", "0.000", "to", "0.000"]
    assert (out / "model-1/summary.csv").read_bytes() == (out / "model-2/summary.csv").read_bytes()
    assert commands.main(["profile", "a", "b", "c", *arguments, "--out", str(out)]) == 1
