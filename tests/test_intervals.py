from itertools import product

import numpy as np
import pytest
from numpy.random import default_rng
from scipy import stats

from langsig.intervals import half_width, interval, variance_of, variance_of_starts


def test_intervals_agree_with_student_and_welch() -> None:
    rng = default_rng(0)
    estimate, replicates = rng.uniform(1, 2, 4), rng.standard_normal((30, 4))
    starts = rng.standard_normal((5, 4))
    single = interval(estimate, replicates, starts[:1], level=0.9)
    expected = stats.t.interval(0.9, 29, estimate, replicates.std(0, ddof=1))
    np.testing.assert_allclose(single, expected)
    # A sample of five whose variance is that of the choice among the starts.
    sample = starts * np.sqrt(variance_of_starts(starts).value) / starts.std(0, ddof=1)
    # The factors make the variances of both means equal to those of single values.
    welch = stats.ttest_ind(np.sqrt(30) * replicates, np.sqrt(5) * sample, equal_var=False)
    low, high = welch.confidence_interval(0.95)
    ends = interval(estimate, replicates, starts)
    np.testing.assert_allclose(ends[1] - ends[0], high - low)
    np.testing.assert_allclose(np.mean(ends, axis=0), estimate)
    same = interval(estimate, replicates, starts[[0, 0, 0]], level=0.9)
    np.testing.assert_allclose(same, expected, err_msg="equal starts do not widen the interval")
    still = interval(estimate, replicates[[0, 0]], starts[[0, 0]])
    np.testing.assert_allclose(still, [estimate, estimate])


def test_a_single_draw_has_no_variance() -> None:
    variance, freedom = variance_of(np.ones((1, 3)))
    assert variance.tolist() == [0, 0, 0] and freedom == 0
    assert half_width([(variance, freedom)]).tolist() == [0, 0, 0]


def test_a_part_without_variance_changes_nothing() -> None:
    draws = variance_of(default_rng(0).normal(size=(20, 2)))
    np.testing.assert_allclose(half_width([draws, (np.zeros(2), 3)]), half_width([draws]))
    expected = stats.t.ppf(0.975, 19) * np.sqrt(draws[0])
    np.testing.assert_allclose(half_width([draws]), expected)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_variance_of_starts_is_that_of_the_best_of_starts_resampled(number: int) -> None:
    starts = default_rng(number).normal(size=(number, 2))  # by ascending loss
    drawn = [starts[min(draw)] for draw in product(range(number), repeat=number)]
    variance, freedom = variance_of_starts(starts)
    np.testing.assert_allclose(variance, np.var(drawn, axis=0), atol=1e-15)
    assert freedom == number - 1


def test_a_start_that_ended_in_a_poor_minimum_hardly_widens_the_interval() -> None:
    settled, poor = np.array([[1.0], [1.0], [1.0], [1.0], [9.0]]), np.array([[1.0], [9.0]] * 2)
    assert variance_of_starts(settled).value < 0.01 * variance_of(settled).value
    assert variance_of_starts(poor).value > 0.5 * variance_of(poor).value
