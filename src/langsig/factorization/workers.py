"""Processes that share out the factorisations of one call."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext


def worker_pool(workers: int) -> AbstractContextManager[ProcessPoolExecutor | None]:
    """A pool of single-threaded processes, or None where one process is enough.

    Parameters
    ----------
    workers
        Number of processes. With one, the caller does the work in its own process.
    """
    if workers < 2:
        return nullcontext()
    import torch  # noqa: F401 - loaded before processes are forked from this one

    # None is the default of the platform, which may be to fork.
    context = multiprocessing.get_context(None if hasattr(os, "fork") else "spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_single_thread)


def _single_thread() -> None:
    import torch

    torch.set_num_threads(1)
