import numpy as np
from numpy.random import default_rng
from scipy import stats

from langsig.intervals import half_width, interval, variance_of


def test_intervals_agree_with_student_and_welch() -> None:
    rng = default_rng(0)
    estimate, replicates = rng.uniform(1, 2, 4), rng.standard_normal((30, 4))
    starts = rng.standard_normal((5, 4))
    single = interval(estimate, replicates, starts[:1], level=0.9)
    expected = stats.t.interval(0.9, 29, estimate, replicates.std(0, ddof=1))
    np.testing.assert_allclose(single, expected)
    # The factors make the variances of both means equal to those of single values.
    welch = stats.ttest_ind(np.sqrt(30) * replicates, np.sqrt(5) * starts, equal_var=False)
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
