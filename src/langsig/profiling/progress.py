"""Work on many languages and layers, and how far it is."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from tqdm import tqdm

from langsig.representations import in_threads, thread_count

Item = TypeVar("Item")
Result = TypeVar("Result")
_MOST = 64  # layers at the same time


def progress(title: str, items: Iterable[Item], total: int | None = None) -> Iterator[Item]:
    """The items, with a line on the terminal that says how many have been taken."""
    return iter(tqdm(items, title, total, mininterval=1, disable=None))


def by_layer(function: Callable[[int], Result], layers: int, title: str = "") -> list[Result]:
    """Call a function of the number of the layer for all layers, in threads.

    Parameters
    ----------
    function
        The function.
    layers
        Number of layers, embeddings included.
    title
        Title of the line on the terminal (default: there is none).
    """
    results = in_threads(function, range(layers), thread_count(_MOST))
    return list(progress(title, results, layers) if title else results)
