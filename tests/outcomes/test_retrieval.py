import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cosine
from scipy.stats import ortho_group

from langsig import InputError
from langsig.arrays import Array
from langsig.outcomes import mexa, retrieval, retrieval_by_language


def parallel(seed: int, number: int = 30, noise: float = 1.0, dim: int = 5) -> tuple[Array, Array]:
    """Vectors of the sentences of two languages, far from the origin."""
    rng = np.random.default_rng(seed)
    meaning = rng.normal(size=(number, dim))
    first, second = meaning + noise * rng.normal(size=(2, number, dim))
    return first + 3 * rng.normal(size=dim), second + 3 * rng.normal(size=dim)


def similarities(first: Array, second: Array) -> Array:
    return np.array([[1 - cosine(a, b) for b in second] for a in first])


@given(st.integers(0, 999), st.booleans())
@settings(max_examples=10)
def test_retrieval_written_out(seed: int, centred: bool) -> None:
    first, second = parallel(seed)
    result = retrieval(first, second, centred=centred)
    if centred:
        first, second = first - first.mean(0), second - second.mean(0)
    found, scores = [], []
    for matrix in (similarities(first, second), similarities(second, first)):
        for n, row in enumerate(matrix):
            others = np.delete(row, n)
            found.append(all(row[n] > others))
            scores.append((row[n] - others.mean()) / others.std())
    assert result.accuracy == pytest.approx(np.mean(found))
    assert result.z == pytest.approx(np.mean(scores))
    assert 0 < result.accuracy < 1


@given(st.integers(0, 999))
@settings(max_examples=10)
def test_mexa_written_out(seed: int) -> None:
    """A sentence counts if both it and its translation are nearest to each other."""
    pivot, language = parallel(seed)
    matrix = similarities(pivot, language)
    count = sum(
        all(
            matrix[n, n] > max(matrix[n, other], matrix[other, n])
            for other in range(len(matrix))
            if other != n
        )
        for n in range(len(matrix))
    )
    assert mexa(pivot, language) == pytest.approx(count / len(matrix))
    assert mexa(pivot.astype(np.float32), language.astype(np.float32)) == mexa(
        pivot.astype(np.float32).astype(float), language.astype(np.float32).astype(float)
    )


@given(st.integers(0, 999), st.floats(0.01, 100))
@settings(max_examples=10)
def test_order_of_languages_units_and_a_common_basis_do_not_matter(seed: int, scale: float) -> None:
    first, second = parallel(seed)
    rotation = ortho_group.rvs(5, random_state=seed)
    plain = retrieval(first, second)
    assert retrieval(second, first) == pytest.approx(plain)
    assert retrieval(scale * first @ rotation, second @ rotation) == pytest.approx(plain)
    assert retrieval(first + 20, second - 9) == pytest.approx(plain)
    assert mexa(scale * first @ rotation, second @ rotation) == mexa(first, second)


def test_translations_are_found_and_other_sentences_are_not() -> None:
    first, second = parallel(0, number=400, noise=0.01)
    assert retrieval(first, second).accuracy > 0.99
    assert retrieval(first, second).z > 1.5
    shuffled = np.random.default_rng(0).permutation(second)
    assert retrieval(first, shuffled).accuracy < 0.02
    assert retrieval(first, shuffled).z == pytest.approx(0, abs=0.15)


def test_repeated_vectors_are_not_found() -> None:
    """A sentence that is as similar to another sentence is not told by its vector."""
    first, _ = parallel(0)
    first[1] = first[0]
    assert retrieval(first, first).accuracy == pytest.approx(28 / 30)
    assert mexa(first, first) == pytest.approx(28 / 30)
    same = np.ones((4, 3))
    assert retrieval(same, same) == (0, 0)


def test_results_by_language_are_means_over_pairs() -> None:
    rng = np.random.default_rng(0)
    meaning = rng.normal(size=(130, 6))
    vectors = {
        code: (meaning + noise * rng.normal(size=meaning.shape) + 2).astype(np.float32)
        for code, noise in {"de": 0.3, "en": 0.2, "fi": 0.6}.items()
    }
    results = retrieval_by_language(vectors)
    for code, result in results.items():
        pairs = [retrieval(vectors[code], vectors[other]) for other in vectors if other != code]
        assert result.accuracy == pytest.approx(np.mean([pair.accuracy for pair in pairs]))
        assert result.z == pytest.approx(np.mean([pair.z for pair in pairs]), rel=1e-5)
    english = vectors["en"]
    for code in ("de", "fi"):
        expected = (
            retrieval(english, vectors[code]).accuracy,
            retrieval(english, vectors[code], centred=False).accuracy,
            mexa(english[:100], vectors[code][:100]),
        )
        assert results[code][2:] == pytest.approx(expected)
    assert np.isnan(results["en"][2:]).all()
    assert np.isnan(retrieval_by_language({"de": meaning, "fi": meaning})["de"][2:]).all()
    other = retrieval_by_language(vectors, english="fi")["en"]
    assert other.english == results["fi"].english


def test_wrong_input_is_explained() -> None:
    first, second = parallel(0)
    with pytest.raises(InputError, match=r"second must have the shape of first, .* same sentences"):
        retrieval(first, second[1:])
    with pytest.raises(InputError, match="at least 3 sentences"):
        mexa(first[:2], second[:2])
    with pytest.raises(InputError, match="at least 2 languages, got 1"):
        retrieval_by_language({"en": first})
