"""Memory: how long a sentence may be to fit into it, and giving back what is free."""

import ctypes
import math
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ALWAYS_FITS = 2048
"""Number of sub-words that are never too many, so that usual sentences give the same words on all
machines."""
_SHARE = 0.5  # of the free memory that one sentence may take
_COPIES = 4  # of the scores of attention at a time: scores, positions, their sum, its softmax
_GROUP = Path("/sys/fs/cgroup")  # limits of a container


def longest_sentence(encoder: "PreTrainedModel") -> int:
    """Number of sub-words of the longest sentence that fits into the memory that is free now.

    Scores of attention grow with the square of the length. Models without a limit of positions
    would otherwise ask for all memory when a line of text does not end.

    Parameters
    ----------
    encoder
        A model, whose configuration says how many heads and dimensions it has.
    """
    config = encoder.config.get_text_config()
    heads = _size(config, "num_attention_heads")
    width = _size(config, "hidden_size") * (_size(config, "num_hidden_layers") + 2)
    bytes_per_number = encoder.dtype.itemsize
    available = _SHARE * _free_bytes(encoder)
    # Solves heads * copies * length^2 + width * length = available / bytes_per_number.
    quadratic, constant = heads * _COPIES, available / bytes_per_number
    length = (math.sqrt(width**2 + 4 * quadratic * constant) - width) / (2 * quadratic)
    return max(ALWAYS_FITS, int(length))


def ran_out_of_memory(error: BaseException | None) -> bool:
    """Whether an error says that there is too little memory, of the processor or of a GPU."""
    import torch  # late, as in extraction

    exhausted = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return exhausted or "can't allocate memory" in str(error)


def release_free_memory() -> None:
    """Give the memory that is free in this process back to the system.

    The allocator of glibc keeps what threads have freed, in pieces between what is in use: a
    profile of 33 languages took 1 GB more. Other allocators do so on their own.
    """
    with suppress(AttributeError, OSError, TypeError):  # no glibc
        ctypes.CDLL(None).malloc_trim(0)


def _size(config: object, name: str) -> int:
    value = getattr(config, name, None)
    return value if isinstance(value, int) and value > 0 else 1


def _free_bytes(encoder: "PreTrainedModel") -> float:
    if encoder.device.type == "cuda":
        import torch

        return float(torch.cuda.mem_get_info(encoder.device)[0])
    free = float(psutil.virtual_memory().available)
    try:
        limit, used = (
            (_GROUP / f"memory.{name}").read_text().strip() for name in ("max", "current")
        )
        return free if limit == "max" else min(free, float(limit) - float(used))
    except (OSError, ValueError):  # no container, or another kind of it
        return free
