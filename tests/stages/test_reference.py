"""The stages that make what the experimental model is compared with."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from langsig.errors import InputError
from langsig.morphology import annotate
from langsig.parameters import load_parameters, read_resolved
from langsig.references import tag_indicators
from langsig.representations import CategoryStatistics, States
from stages import covariance, extract, reference, untrained
from stages.common import read_learning

ROOT = Path(__file__).parents[2]


def choose(folder: Path, name: str, *, seed: int = 1, experimental: int | None = None) -> None:
    """Write the parameters of ``micro`` with another reference, and models as small as can be."""
    data = read_resolved(ROOT / "conf/micro.yaml").data
    data["reference"], data["seed"], data["experimental"]["seed"] = name, seed, experimental
    data["pretraining"]["experimental"]["model"] |= {"layers": 2, "dim": 16}
    data["analysis"]["layers"] = data["ranks"]["layers"] = [2]
    data["covariance"]["block_layers"] = {"Part of Speech": [2]}
    (folder / "params.yaml").write_text(json.dumps(data), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the words of ``qaa``."""
    monkeypatch.chdir(tmp_path)
    annotate(ROOT / "samples/treebanks/qaa", "qaa").save(tmp_path / "artifacts/words/qaa")
    return tmp_path


def test_stages_of_another_reference_say_that_the_lists_are_outdated(folder: Path) -> None:
    choose(folder, "upos")
    with pytest.raises(InputError, match=r"reference: is upos, .* run langsig use"):
        extract.main(["control", "qaa"])
    choose(folder, "model")
    with pytest.raises(InputError, match=r"reference: is model, .* run langsig use"):
        reference.main(["qaa"])
    assert not (folder / "artifacts/states").exists()


def test_learning_is_that_of_the_experimental_model_alone(folder: Path) -> None:
    choose(folder, "upos")
    (folder / "artifacts/learning/experimental").mkdir(parents=True)
    (folder / "artifacts/learning/experimental/learning.json").write_text('{"learnt": true}')
    assert read_learning(load_parameters()) == {"experimental": {"learnt": True}}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["upos", "features", "context", "untrained"])
def test_covariances_with_a_reference(folder: Path, tokenizer: Any, name: str) -> None:
    choose(folder, name)
    tokenizer.save_pretrained(folder / "artifacts/tokenizer")
    lines = (ROOT / "samples/corpora/qaa.txt").read_text(encoding="utf-8").splitlines()[:500]
    (folder / "artifacts/sentences/qaa").mkdir(parents=True)
    sentences = pd.DataFrame({"text": lines, "fingerprints": [[0]] * len(lines)})
    sentences.to_parquet(folder / "artifacts/sentences/qaa/train.parquet")
    reference.main(["qaa"])
    states = States.open("artifacts/states/control/qaa")
    words = annotate(ROOT / "samples/treebanks/qaa", "qaa").table
    if name == "upos":
        np.testing.assert_array_equal(states.layers[0], tag_indicators(words))
    assert len(states.layers) == (3 if name == "untrained" else 1)
    untrained.main(["qaa"])
    before = CategoryStatistics.load("artifacts/untrained/qaa/part-of-speech.safetensors")
    assert before.layer_pairs == [(n if name == "untrained" else None, n) for n in range(3)]
    assert before.layers[2].cross.shape == (states.layers[0].shape[1], 16)
    assert np.isfinite(before.layers[2].cross).all() and before.layers[2].cross.any()
    if name == "untrained":
        assert not np.allclose(before.layers[2].control, before.layers[2].experimental), (
            "the reference has other weights than those that training starts from"
        )
    rows = np.sort(np.random.default_rng(0).permutation(len(words))[:2000])
    layers = [np.random.default_rng(n).normal(size=(2000, 16)) for n in range(3)]
    (folder / "artifacts/states/experimental/qaa").mkdir(parents=True)
    States(layers, rows).save("artifacts/states/experimental/qaa")
    covariance.main(["qaa"])
    after = CategoryStatistics.load("artifacts/covariances/qaa/part-of-speech.safetensors")
    assert after.layer_pairs == before.layer_pairs
    assert after.words == words["Part of Speech"].iloc[rows].notna().sum()


@pytest.mark.slow
def test_an_experimental_model_with_its_own_seed_has_its_own_untrained_model(
    folder: Path, tokenizer: Any
) -> None:
    tokenizer.save_pretrained(folder / "artifacts/tokenizer")
    choose(folder, "upos")
    reference.main(["qaa"])
    states = []
    for seed, experimental in [(5, None), (1, 5), (1, None)]:
        choose(folder, "upos", seed=seed, experimental=experimental)
        untrained.main(["qaa"])
        states.append(States.open("artifacts/states/untrained/qaa/experimental").layers[1][:])
    np.testing.assert_array_equal(states[0], states[1])
    assert not np.allclose(states[1], states[2])
