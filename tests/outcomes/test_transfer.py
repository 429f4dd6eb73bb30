from collections.abc import Mapping
from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group
from sklearn.linear_model import Ridge

from langsig import InputError
from langsig.arrays import Array
from langsig.outcomes import PENALTIES, TagStatistics, TransferClassifiers, ridge_classifier

CLASSES = ("ADJ", "NOUN", "PRON", "VERB")
DIM = 6
LANGUAGES = ("en", "de", "fi", "qaa")


def words(seed: int, number: int = 60, noise: float = 1.0) -> tuple[Array, Array]:
    """States around one centre per class, the same for all seeds, and labels."""
    rng = np.random.default_rng(seed)
    centres = 4 * np.random.default_rng(99).normal(size=(len(CLASSES), DIM))
    codes = rng.integers(len(CLASSES), size=number)
    states = centres[codes] + noise * rng.normal(size=(number, DIM))
    return states, np.array(CLASSES)[codes]


def statistics_of(data: Mapping[str, tuple[Array, Array]]) -> dict[str, TagStatistics]:
    return {code: TagStatistics.of(*pair, CLASSES) for code, pair in data.items()}


def pooled(data: Mapping[str, tuple[Array, Array]]) -> tuple[Array, Array]:
    """States centred per language, and indicators."""
    states = np.concatenate([states - states.mean(0) for states, _ in data.values()])
    labels = np.concatenate([labels for _, labels in data.values()])
    return states, (labels[:, None] == np.array(CLASSES)).astype(float)


@given(seed=st.integers(0, 999), penalty=st.sampled_from([1e-4, 0.03, 5.0]))
@settings(max_examples=15)
def test_a_classifier_from_sums_is_ridge_regression_on_the_pooled_words(
    seed: int, penalty: float
) -> None:
    data = {code: words(seed + n, 20 + 9 * n, 5) for n, code in enumerate(LANGUAGES)}
    states, targets = pooled(data)
    classifier = ridge_classifier(reduce(add, statistics_of(data).values()), penalty)
    reference = Ridge(penalty * np.sum(states**2) / DIM).fit(states, targets)
    np.testing.assert_allclose(classifier.weights.T, reference.coef_, atol=1e-9)
    np.testing.assert_allclose(classifier.intercepts, reference.intercept_, atol=1e-9)
    predicted = np.array(CLASSES)[reference.predict(states).argmax(1)]
    assert (classifier.predict(states) == predicted).all()


@given(seed=st.integers(0, 999))
@settings(max_examples=15)
def test_the_penalty_minimises_generalised_cross_validation(seed: int) -> None:
    states, labels = words(seed, 40, noise=9)
    centred, targets = pooled({"en": (states, labels)})
    scores = []
    for penalty in PENALTIES:
        alpha = penalty * np.sum(centred**2) / DIM
        hat = centred @ np.linalg.solve(centred.T @ centred + alpha * np.eye(DIM), centred.T)
        hat += 1 / len(centred)
        residual = targets - hat @ targets
        scores.append(np.sum(residual**2) / (len(centred) - np.trace(hat)) ** 2)
    chosen = ridge_classifier(TagStatistics.of(states, labels, CLASSES)).penalty
    assert scores[int(np.argmin(np.abs(PENALTIES - chosen)))] == pytest.approx(min(scores))


def test_sums_add_up_and_leave_out() -> None:
    statistics = statistics_of({code: words(n, 20 + n) for n, code in enumerate(LANGUAGES)})
    total = reduce(add, statistics.values())
    rest = total - statistics["de"]
    expected = statistics["en"] + statistics["fi"] + statistics["qaa"]
    assert rest.words == expected.words == 20 + 22 + 23
    for name in ("counts", "mean", "scatter", "cross"):
        np.testing.assert_allclose(getattr(rest, name), getattr(expected, name), atol=1e-9)


@pytest.mark.parametrize("penalty", [None, 0.01])
def test_each_design_is_fitted_to_its_sources_only(penalty: float | None) -> None:
    data = {code: words(n, noise=6) for n, code in enumerate(LANGUAGES)}
    test, labels = words(50, 200, noise=6)
    classifiers = TransferClassifiers.fit(statistics_of(data), penalty)
    result = classifiers.transfer("fi", test, labels)

    def accuracy(sources: list[str]) -> float:
        statistics = statistics_of({code: data[code] for code in sources})
        classifier = ridge_classifier(reduce(add, statistics.values()), penalty)
        return classifier.accuracy(test - test.mean(0), labels)

    assert result.others == accuracy(["en", "de", "qaa"])
    assert result.single == {code: accuracy([code]) for code in ("en", "de", "qaa")}
    assert 0.3 < result.others < 1


def test_shared_structure_transfers_and_other_spaces_do_not() -> None:
    """Tags lie in the same directions in all languages but one, whose space is rotated."""
    rng = np.random.default_rng(5)
    data = {}
    for n, code in enumerate(LANGUAGES):
        states, labels = words(n, 300, noise=0.3)
        data[code] = states * rng.uniform(0.5, 2) + 9 * rng.normal(size=DIM), labels
    rotation = ortho_group.rvs(DIM, random_state=3)
    classifiers = TransferClassifiers.fit(statistics_of(data))
    states, labels = words(77, 400, noise=0.3)
    assert classifiers.transfer("en", states + 5, labels).others == 1
    assert set(classifiers.transfer("en", states + 5, labels).single.values()) == {1.0}
    shuffled = classifiers.transfer("en", states, rng.permutation(labels))
    assert shuffled.others == pytest.approx(1 / len(CLASSES), abs=0.08)
    assert classifiers.transfer("en", states @ rotation, labels).others < 0.6


@given(st.integers(0, 99), st.floats(0.01, 100), st.floats(-50, 50))
@settings(max_examples=10)
def test_units_origin_and_basis_do_not_matter(seed: int, scale: float, shift: float) -> None:
    """They may differ between languages, except for the basis, which all share."""
    data = {code: words(seed + n, noise=5) for n, code in enumerate(LANGUAGES)}
    test, labels = words(seed + 9, noise=5)
    rotation = ortho_group.rvs(DIM, random_state=seed)
    moved = {
        code: (scale * states @ rotation + shift * n, tags)
        for n, (code, (states, tags)) in enumerate(data.items())
    }
    plain, changed = (TransferClassifiers.fit(statistics_of(given)) for given in (data, moved))
    first = plain.transfer("en", test, labels)
    second = changed.transfer("en", scale * test @ rotation - shift, labels)
    assert first.single == pytest.approx(second.single)
    assert first.others == pytest.approx(second.others)


@pytest.mark.parametrize("precision", [np.float16, np.float32])
def test_states_of_lower_precision_give_the_same_accuracies(precision: type) -> None:
    data = {code: words(n, noise=5) for n, code in enumerate(LANGUAGES)}
    single = {code: (x.astype(precision), y) for code, (x, y) in data.items()}
    test, labels = words(9, 300, noise=5)
    statistics = statistics_of(single)
    assert statistics["en"].scatter.dtype == np.float32
    result = TransferClassifiers.fit(statistics).transfer("en", test.astype(precision), labels)
    expected = TransferClassifiers.fit(statistics_of(data)).transfer("en", test, labels)
    assert result.others == pytest.approx(expected.others, abs=0.01)


def test_the_mean_of_other_words_can_be_subtracted() -> None:
    data = {code: words(n) for n, code in enumerate(LANGUAGES)}
    statistics = statistics_of(data)
    classifiers = TransferClassifiers.fit(statistics)
    verbs = data["en"][0][data["en"][1] == "VERB"]
    labels = np.repeat("VERB", len(verbs))
    assert classifiers.transfer("en", verbs, labels, statistics["en"].mean).others == 1
    assert classifiers.transfer("en", verbs, labels).others < 1, "their own mean is that of verbs"


def test_a_class_without_training_words_is_never_predicted() -> None:
    states, labels = words(0)
    statistics = TagStatistics.of(states, labels, (*CLASSES, "INTJ"))
    assert "INTJ" not in ridge_classifier(statistics).predict(100 * states)


def test_wrong_input_is_explained() -> None:
    states, labels = words(0)
    with pytest.raises(InputError, match=r"among the classes ADJ, NOUN, got '(PRON|VERB)'"):
        TagStatistics.of(states, labels, CLASSES[:2])
    with pytest.raises(InputError, match=r"got \(60, 6\) and \(59,\)"):
        TagStatistics.of(states, labels[1:], CLASSES)
    with pytest.raises(InputError, match="at least one word"):
        TagStatistics.of(states[:0], labels[:0], CLASSES)
    statistics = TagStatistics.of(states, labels, CLASSES)
    with pytest.raises(InputError, match="states of all words are the same"):
        ridge_classifier(TagStatistics.of(0 * states, labels, CLASSES))
    with pytest.raises(InputError, match="classes must be the same"):
        _ = statistics + TagStatistics.of(states, labels, CLASSES[::-1])
    with pytest.raises(InputError, match="at least 2 languages, got 1"):
        TransferClassifiers.fit({"en": statistics})
    classifiers = TransferClassifiers.fit({"en": statistics, "de": statistics})
    with pytest.raises(InputError, match="one of en, de, got 'fi'"):
        classifiers.transfer("fi", states, labels)
