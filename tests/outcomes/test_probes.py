from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import RidgeClassifierCV

from langsig import InputError
from langsig.arrays import Array
from langsig.outcomes import PENALTIES, majority_baseline, probe

FORMS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("XYZ")), min_size=1)


def words(seed: int, number: int, classes: int, dim: int = 8) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    codes = rng.permutation(np.arange(number) % classes)
    states = np.random.default_rng(7).normal(size=(classes, dim))[codes]
    states = (states + 2 * rng.normal(size=(number, dim))) * np.logspace(0.5, -0.5, dim) + 3
    return states, np.array(["Nom", "Gen", "Dat", "Acc"])[codes]


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("number", [6, 40, 200])  # fewer words than dimensions, and more
def test_the_probe_is_the_ridge_classifier_of_scikit_learn(classes: int, number: int) -> None:
    penalties = set()
    for seed in range(8):
        train, labels = words(seed, number, classes)
        test, test_labels = words(seed + 100, 300, classes)
        mean = train.mean(0)
        alphas = PENALTIES * np.sum((train - mean) ** 2) / train.shape[1]
        reference = RidgeClassifierCV(alphas).fit(train - mean, labels)
        result = probe(train, labels, test, test_labels)
        alpha = result.penalty * np.sum((train - mean) ** 2) / train.shape[1]
        assert alpha == pytest.approx(reference.alpha_)
        assert result.accuracy == pytest.approx(reference.score(test - mean, test_labels))
        penalties.add(result.penalty)
    assert len(penalties) > 1


def test_labels_without_any_relation_are_at_chance_and_known_ones_above() -> None:
    known, unrelated = [], []
    for seed in range(10):
        train, labels = words(seed, 400, 4)
        test, test_labels = words(seed + 50, 400, 4)
        shuffled = np.random.default_rng(seed).permutation(labels)
        known.append(probe(train, labels, test, test_labels).accuracy)
        unrelated.append(probe(train, shuffled, test, test_labels).accuracy)
    assert np.mean(unrelated) == pytest.approx(0.25, abs=0.05)
    assert min(known) > 0.4


def test_labels_that_training_lacks_are_wrong() -> None:
    train, labels = words(0, 100, 2)
    test, test_labels = words(1, 100, 2)
    unknown = np.concatenate([test_labels, np.repeat("Loc", 100)])
    accuracy = probe(train, labels, np.concatenate([test, test]), unknown).accuracy
    assert accuracy == pytest.approx(probe(train, labels, test, test_labels).accuracy / 2)


@given(st.integers(0, 99), st.floats(0.01, 100), st.floats(-50, 50))
@settings(max_examples=10)
def test_units_and_origin_do_not_matter(seed: int, scale: float, shift: float) -> None:
    (train, labels), (test, test_labels) = words(seed, 60, 3), words(seed + 1, 60, 3)
    plain = probe(train, labels, test, test_labels)
    moved = probe(scale * train + shift, labels, scale * test + shift, test_labels)
    assert moved == pytest.approx(plain)


def test_wrong_input_is_explained() -> None:
    train, labels = words(0, 10, 2)
    with pytest.raises(InputError, match="at least two labels, got only 'Nom'"):
        probe(train, np.repeat("Nom", 10), train, labels)
    with pytest.raises(InputError, match="states of all words are the same"):
        probe(np.ones((10, 3)), labels, train, labels)
    with pytest.raises(InputError, match=r"got \(10, 8\) and \(9,\)"):
        probe(train, labels, train, labels[1:])
    with pytest.raises(InputError, match="at least one training word"):
        majority_baseline([], [], ["a"], ["X"])


@given(FORMS, FORMS)
@settings(max_examples=20)
def test_the_baseline_is_the_most_frequent_tag_of_the_form(
    train: list[tuple[str, str]], test: list[tuple[str, str]]
) -> None:
    totals = Counter(tag for _, tag in train)

    def predicted(form: str) -> str:
        counts = Counter(tag for other, tag in train if other == form) or totals
        return max(counts, key=lambda tag: (counts[tag], totals[tag], -ord(tag)))

    expected = np.mean([predicted(form) == tag for form, tag in test])
    columns = [list(column) for pairs in (train, test) for column in zip(*pairs, strict=True)]
    assert majority_baseline(*columns) == pytest.approx(expected)
