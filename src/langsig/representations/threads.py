"""Work in several threads, each of which computes alone."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from threadpoolctl import threadpool_limits

Item = TypeVar("Item")
Result = TypeVar("Result")


def thread_count(most: int) -> int:
    """Number of threads that torch uses, at most `most`."""
    import torch  # late, as in extraction

    return min(torch.get_num_threads(), most)


def in_threads(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[Result]:
    """Call a function for each item, in several threads; results have the order of the items.

    Many small operations do not gain from two threads what two of them at the same time do. The
    threads of torch are divided among the workers, in each of which NumPy and SciPy have one, so
    that results do not depend on how many there are. Items are taken when a worker is free
    soon, so that few of them and few results are in memory.

    Parameters
    ----------
    function
        The function, which must not change what other calls of it use.
    items
        The items.
    workers
        Number of threads.
    """
    waiting: deque[Future[Result]] = deque()
    with _threads_divided(workers), ThreadPoolExecutor(workers) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def _threads_divided(workers: int) -> Iterator[None]:
    """Divide the threads of libraries among threads that start from now on."""
    import torch

    threads = torch.get_num_threads()
    each = max(1, threads // workers)
    with threadpool_limits(1, "blas"), threadpool_limits(each, "openmp"):
        torch.set_num_threads(each)  # of threads to come, which the line above does not reach
        try:
            yield
        finally:
            torch.set_num_threads(threads)
