from collections.abc import Iterator
from threading import Barrier

import pytest
import torch

from langsig.representations import in_threads, thread_count


@pytest.fixture(autouse=True)
def four_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(threads)


def test_calls_run_at_the_same_time_and_results_keep_their_order() -> None:
    both = Barrier(2, timeout=60)

    def double(number: int) -> int:
        both.wait()
        return 2 * number

    assert list(in_threads(double, range(6), 2)) == [0, 2, 4, 6, 8, 10]


def test_threads_of_torch_are_divided_among_the_workers() -> None:
    assert (thread_count(2), thread_count(9)) == (2, 4)
    inside = list(in_threads(lambda _: torch.get_num_threads(), range(4), 2))
    assert inside == [2] * 4
    assert torch.get_num_threads() == 4


def test_few_items_are_taken_ahead() -> None:
    taken: list[int] = []
    items = (taken.append(number) or number for number in range(9))  # type: ignore[func-returns-value]
    results = in_threads(lambda number: number, items, 2)
    assert next(results) == 0
    assert taken == [0, 1, 2]


def test_an_error_ends_the_work() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_threads(lambda number: 1 // number, [1, 0, 1], 2))
    assert torch.get_num_threads() == 4
