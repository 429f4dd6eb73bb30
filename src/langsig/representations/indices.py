"""Indices of embeddings, checked before they are used."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class IndicesInRange(TorchFunctionMode):
    """While this is active, an index that has no embedding raises an error.

    PyTorch does the same on a CPU. On a GPU, such an index makes all later calculations fail.

    Raises
    ------
    IndexError
        If an index is out of range.
    """

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if function is torch.nn.functional.embedding:
            indices, weight = args
            if indices.numel() and not 0 <= indices.min() <= indices.max() < len(weight):
                raise IndexError(f"index {indices.max()} is out of range of {len(weight)} vectors")
        return function(*args, **(kwargs or {}))
