"""The benchmark of measures: its measures, its scores, and one small run."""

import json
import sys
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.spatial import procrustes as scipy_procrustes
from scipy.spatial.distance import cdist

from benchmarks.measures import __main__ as program
from benchmarks.measures import functions, scores
from benchmarks.measures.world import World
from langsig.errors import InputError
from langsig.factorization import Solver

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def states() -> tuple[Array, Array]:
    """States of 200 words in two models that share something."""
    rng = default_rng(0)
    z = rng.standard_normal((200, 4)) @ np.diag([3.0, 1.0, 1.0, 0.5])
    return z, z @ rng.standard_normal((4, 4)) + 2 * rng.standard_normal((200, 4)) + 5


def test_procrustes_is_that_of_scipy(states: tuple[Array, Array]) -> None:
    disparity = scipy_procrustes(*states)[2]
    assert functions.procrustes(*states) == pytest.approx(np.sqrt(1 - disparity))


def test_pwcca_weights_canonical_correlations(states: tuple[Array, Array]) -> None:
    """The same from a generalised eigenvalue problem."""
    z, y = (of_model - of_model.mean(0) for of_model in states)
    cross = z.T @ y
    squares, maps = eigh(cross @ np.linalg.solve(y.T @ y, cross.T), z.T @ z)
    weights = np.abs((z @ maps).T @ z).sum(1)
    expected = np.average(np.sqrt(squares), weights=weights)
    assert functions.pwcca(*states) == pytest.approx(expected)


def test_pwcca_of_a_linear_map_is_one(states: tuple[Array, Array]) -> None:
    z, _ = states
    assert functions.pwcca(z, z @ default_rng(1).standard_normal((4, 6)) - 3) == pytest.approx(1)


def test_r2_predicts_each_fifth_from_the_others(states: tuple[Array, Array]) -> None:
    z, y = states
    design = np.c_[np.ones(len(y)), y]
    predicted = np.concatenate(
        [
            design[fold] @ np.linalg.lstsq(np.delete(design, fold, 0), np.delete(z, fold, 0))[0]
            for fold in np.split(np.arange(200), 5)
        ]
    )
    expected = 1 - np.sum((z - predicted) ** 2) / np.sum((z - z.mean(0)) ** 2)
    assert functions.r2(z, y) == pytest.approx(expected)


def test_mutual_neighbours_are_counted(states: tuple[Array, Array]) -> None:
    near = []
    for of_model in states:
        distances = cdist(of_model - of_model.mean(0), of_model - of_model.mean(0), "cosine")
        np.fill_diagonal(distances, np.inf)
        near.append([set(row[:10]) for row in np.argsort(distances)])
    expected = np.mean([len(first & second) for first, second in zip(*near, strict=True)]) / 10
    assert functions.mutual_neighbours(*states) == pytest.approx(expected)


def made_up(falls: float, noise: float) -> pd.DataFrame:
    """Values of a measure that falls by a share per dose in the language whose text is reduced.

    Levels of the three seeds are 1 - noise, 1 and 1 + noise, in both languages and all layers.
    Outcomes are its values without the noise.
    """
    rows = []
    keys = {"reduced": "", "dose": 1.0, "dim": 0, "amount": 0}
    cells = list(product(("qaa", "qab"), range(3)))
    for seed, (language, layer) in product(range(3), cells):
        level, size = 1 + (seed - 1) * noise, 1 + layer
        at = {"seed": seed, "language": language, "layer": layer}

        def add(value: float, kind: str, at: dict[str, object] = at, **changed: object) -> None:
            rows.append(keys | at | changed | {"measure": "m", "kind": kind, "value": value})

        add(size * level, "seed")
        add(size * level / 2, "untrained" if 0 < layer < 2 else "shuffled")
        add(size * level / 4, "untrained" if layer in (0, 2) else "shuffled")
        for kind, factor in {"rescaled": 3, "rotated": 1, "width": 0.9}.items():
            add(size * level * factor, kind)
        for half in (0, 1):
            add(size * (1.1 if half else 0.9), "half", amount=half)
        for place, dose in enumerate((0.5, 0.1), start=1):
            left = 1 - falls * place * (language == "qaa")
            add(size * level * left, "dose", reduced="qaa", dose=dose)
            for outcome in scores.OUTCOMES:
                add(left, "dose", reduced="qaa", dose=dose)
                rows[-1]["measure"] = outcome
        for outcome in scores.OUTCOMES:
            add(1, "seed")
            rows[-1]["measure"] = outcome
    return pd.DataFrame(rows)


def test_scores_of_a_planted_measure() -> None:
    values = made_up(falls=0.2, noise=0.1)
    (row,) = scores.scores(values, "m").to_dict("records")
    assert row["noise"] == pytest.approx(0.1)
    assert row["snr"] == pytest.approx(2) and row["snr_median"] == pytest.approx(3)
    assert row["snr_low"] <= row["snr"] <= row["snr_high"]
    assert row["ratio"] == row["ratio_low"] == row["ratio_high"] == 1
    assert row["specificity"] == pytest.approx(0, abs=1e-12)
    assert row["monotone"] == row["monotone_by_seed"] == 1
    assert (row["rescaled"], row["rotated"]) == (pytest.approx(2), 0)
    assert row["floor"] == pytest.approx(1 / 3) and row["floor_inner"] == pytest.approx(1 / 2)
    assert row["halves"] == pytest.approx(0.1) and row["width"] == pytest.approx(-0.1)
    assert 0.8 < row["r_gain"] < row["r_gain_reduced"] < 1
    by_dose = scores.changes(values).set_index("dose")
    assert by_dose.loc[0.1, "change"] == pytest.approx(-0.4)
    assert by_dose.loc[0.1, "snr"] == pytest.approx(4)
    np.testing.assert_allclose(scores.by_layer(values)["snr"], 2)


def test_a_measure_that_rises_has_negative_signal() -> None:
    (row,) = scores.scores(made_up(falls=-0.2, noise=0.1), "m").to_dict("records")
    assert row["snr"] == pytest.approx(-4)
    assert row["monotone"] == row["monotone_by_seed"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "1"], "at least two"),
        (["--seeds", "1", "2", "--dose-seeds", "3"], "among them"),
        (["--languages", "xx"], "among qaa, qab"),
        (["--set", "seed=-1"], "seed"),
        (["--doses", "1"], "between 0 and 1"),
        (["--workers", "0"], "--workers must be at least 1"),
        (["--words", "0"], "--words must be at least 1"),
        (["--add", "nope:nope"], "--add nope:nope: must be MODULE:FUNCTION"),
        (["--add", "math:nope"], "--add math:nope: must be MODULE:FUNCTION"),
        (["--add", "nope"], "--add nope: must be MODULE:FUNCTION"),
        (["--add", "math:pi"], "must be a function, got 3.14"),
        (["--add", "benchmarks.measures.functions:r2"], "there is a measure r2"),
        (["--out", __file__], "test_benchmark_of_measures.py"),
    ],
)
def test_wrong_arguments_are_refused(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["measures", "--folder", str(tmp_path), *arguments])
    with pytest.raises(SystemExit) as stopped:
        program.main()
    assert message in capsys.readouterr().err + str(stopped.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda _z, _y: float("nan"), "must be a finite number, got nan"),
        (lambda _z, _y: 1 / 0, "ZeroDivisionError: division by zero"),
        (lambda _z, _y: None, "TypeError"),
    ],
)
def test_a_measure_that_fails_is_named(
    states: tuple[Array, Array], function: Any, message: str
) -> None:
    z, y = states
    words = pd.DataFrame({"sentence": np.arange(len(z))})
    pair = functions.Pair("qaa", words, [z], [y], [z], [y])
    with pytest.raises(InputError, match=f"mine: qaa, layer 0: {message}"):
        functions.pairwise("mine", function)([pair])


def test_an_unknown_reference_is_refused() -> None:
    with pytest.raises(InputError, match="reference must be one of m, got 'nope'"):
        scores.scores(made_up(falls=0.2, noise=0.1), "nope")


def test_words_are_of_whole_sentences(tmp_path: Path) -> None:
    sentences = np.repeat(np.arange(100, dtype=np.int32), default_rng(0).integers(1, 20, 100))
    whole = pd.DataFrame({"sentence": sentences, "row": np.arange(len(sentences))})
    worlds = [World(tmp_path, "micro", most_words=most) for most in (300, 300, None, 10_000)]
    for world in worlds:
        world.__dict__["words"] = {"qaa": SimpleNamespace(table=whole)}
    one, again, all_words, more_than_all = (world.tables["qaa"] for world in worlds)
    assert 300 <= len(one) < 320 and one["row"].is_monotonic_increasing
    assert one["sentence"].diff().fillna(0).isin([0, 1]).all() and one["sentence"].iloc[0] == 0
    complete = whole[whole["sentence"].isin(sentences[one["row"]])]
    assert one["row"].tolist() == complete["row"].tolist()
    pd.testing.assert_frame_equal(one, again)
    pd.testing.assert_frame_equal(all_words, whole)
    pd.testing.assert_frame_equal(more_than_all, whole)
    assert worlds[0].values != worlds[2].values, "values of other words are kept elsewhere"


@pytest.mark.slow
def test_small_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a measure of the user; the second run, of two processes, only scores."""
    for name in ("STARTS", "LEARNED_STARTS"):
        monkeypatch.setattr(functions, name, 1)
    for name in ("PUBLISHED", "RECOMMENDED"):
        monkeypatch.setattr(functions, name, Solver(rank=4, max_iterations=20))
    (tmp_path / "own.py").write_text("def mine(z, y):\n    return z.std() * y.std()\n")
    monkeypatch.syspath_prepend(tmp_path)
    command = [
        *("--folder", str(tmp_path / "work"), "--preset", "micro", "--seeds", "1", "2"),
        *("--dose-seeds", "1", "--languages", "qab", "--doses", "0.2", "--widths", "16"),
        *("--words", "600", "--add", "own:mine", "--json", "--out", str(tmp_path / "tables")),
        *("--set", "pretraining.experimental.recipe.steps=6"),
        "pretraining.control.recipe.steps=6",
    ]
    outputs = []
    for workers in ("1", "2"):
        monkeypatch.setattr(sys, "argv", ["measures", "--workers", workers, *command])
        program.main()
        outputs.append(capsys.readouterr().out.splitlines())
    first, second = outputs
    assert len(first) > 1 and second == first[-1:], "the second run trains nothing"
    output = json.loads(first[-1])
    rows = {row["measure"]: row for row in output["scores"]}
    assert {"shared", "average_signature", "cka", "r2", "mine"} <= set(rows)
    outcomes = {"outcomes", "gain", "selectivity"}
    assert set(rows) | outcomes == {"mine", *functions.NAMES, *functions.FAMILIES} - {
        "learned",
        "covariances",
    }, "names that functions of users must not have"
    assert rows["mine"]["rescaled"] == pytest.approx(2, rel=1e-3)
    for exact in ("shared", "canonical", "cka", "pwcca", "r2", "procrustes"):
        assert rows[exact]["rescaled"] < 0.02, exact
    assert rows["cka"]["rotated"] < 1e-3 and rows["average_signature"]["rescaled"] > 0.5
    assert abs(rows["r2"]["shuffled"]) < 0.2 < rows["svcca"]["floor"]
    kept = pd.read_csv(tmp_path / "tables" / "changes.csv")
    assert set(kept["dose"]) == {0.2} and set(kept["measure"]) == set(rows)
