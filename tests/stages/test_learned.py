"""Learned signatures of the pipeline, and why there are none."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.random import default_rng

from langsig.errors import InputError
from langsig.learned import Learned
from langsig.morphology import annotate
from langsig.parameters import read_resolved
from langsig.representations import States
from stages import learned, residuals
from tests.treebanks import copy_beginning

ROOT = Path(__file__).parents[2]


def choose(folder: Path, **options: Any) -> None:
    data = read_resolved(ROOT / "conf/micro.yaml").data
    data["learned"] |= {"starts": 1, "rotations": 9}
    data["analysis"]["languages"] = ["qaa", "qab"]
    for name, value in options.items():
        data[name] = data[name] | value if isinstance(value, dict) else value
    (folder / "params.yaml").write_text(json.dumps(data), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with words of two languages, and states of models that agree once trained."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    rng = default_rng(0)
    for language in ("qaa", "qab"):
        short = tmp_path / f"{language}.conllu"
        name = f"{language}/{language}_sample-ud-test.conllu"
        copy_beginning(ROOT / "samples/treebanks" / name, short, 60)
        words = annotate(short, language)
        words.save(tmp_path / "artifacts/words" / language)
        index = np.arange(len(words))
        agreed = rng.normal(size=(len(index), 2)) * [3, 0.5]
        for model in ("control", "experimental"):
            parts = {f"{model}/{language}": agreed, f"untrained/{language}/{model}": 0}
            for name, part in parts.items():
                place = tmp_path / "artifacts/states" / name
                place.mkdir(parents=True)
                States([part + rng.normal(size=(len(index), 2))], index).save(place)
    return tmp_path


def run() -> tuple[Learned, str]:
    for language in ("qaa", "qab"):
        residuals.main([language])
    learned.main([])
    notes = Path("artifacts/learned/notes.txt").read_text(encoding="utf-8")
    return Learned.load("artifacts/learned"), notes


def test_a_run_of_our_own_models_has_levels(folder: Path) -> None:
    choose(folder, learned={"rank": 16})
    result, notes = run()
    frame = result.signatures.frame
    assert notes == ""
    assert len(frame) == 2 * 3 and frame["value"].notna().all() and frame["partial"].all()
    assert result.components.frame["component"].max() == 1, "models have two dimensions"


@pytest.mark.slow
def test_without_the_initial_weights_levels_are_withheld(folder: Path) -> None:
    choose(folder, reference="upos")
    result, notes = run()
    assert result.signatures.frame["value"].isna().all() and len(result.replicates)
    assert notes.startswith("Levels are withheld because the reference upos is not trained;")
    choose(folder, experimental={"checkpoint": "some/model"}, learned={"words_per_column": 10**6})
    result, notes = run()
    assert result.signatures.frame["value"].isna().all()
    assert not result.signatures.frame["partial"].any()
    assert "the initial weights of the checkpoint are unknown" in notes
    assert "Words are too few to subtract what models had before training: qaa, qab" in notes


def test_languages_with_too_few_words_are_named(folder: Path) -> None:
    choose(folder)
    few = States([default_rng(0).normal(size=(3, 2))], np.arange(3))
    few.save(folder / "artifacts/states/experimental/qaa")
    result, notes = run()
    assert not len(result.signatures)
    assert notes.startswith("qaa: 3 words are too few for 4 blocks of sentences")
    assert "There are no learned signatures" in notes


def test_damaged_states_are_an_error(folder: Path) -> None:
    choose(folder)
    next((folder / "artifacts/states/experimental/qaa").glob("layer-*.npy")).write_bytes(b"")
    with pytest.raises(InputError, match="experimental/qaa"):
        residuals.main(["qaa"])
