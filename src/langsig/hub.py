"""The Hugging Face Hub, which models and tokenizers come from unless they are in a folder."""

import os
from functools import cache
from pathlib import Path

from langsig.errors import InputError, in_one_line

_POINTER = b"version https://git-lfs"
_SECONDS = 5.0  # to answer; libraries retry for minutes where there is no network


def is_local(name: str | Path) -> bool:
    """Whether a model or tokenizer is a folder, or is to be taken from the cache of the Hub.

    Parameters
    ----------
    name
        A folder, or a name on the Hub.

    Returns
    -------
    bool
        True for folders and, if the Hub does not answer, for all names.

    Raises
    ------
    InputError
        If the name is empty, is that of a file or of a folder that cannot be read, or can only be
        that of a folder that is missing.
    """
    if not str(name):
        raise InputError("the name of a model is empty; name a folder, or a model on the Hub")
    if Path(name).is_dir():
        if not os.access(name, os.R_OK | os.X_OK):
            raise InputError(f"{name}: no permission to read the folder")
        return True
    if Path(name).is_file():
        raise InputError(f"{name}: is a file; name the folder of a model")
    if isinstance(name, Path) or name.count("/") > 1 or name[0] in "./~":
        raise InputError(f"{name}: no such folder")
    return not answers()


@cache
def answers() -> bool:
    """Whether the Hub answers within seconds. It is asked once per process."""
    from huggingface_hub import constants, get_session  # late: importing them takes long

    if constants.HF_HUB_OFFLINE:
        return False
    try:
        get_session().head(constants.ENDPOINT, timeout=_SECONDS)
    except Exception:  # of several libraries, for no network, no such server, no certificate
        return False
    return True


def not_loaded(name: str | Path, kind: str, error: BaseException) -> InputError:
    """An error that says where a model or tokenizer was looked for, and what went wrong.

    Parameters
    ----------
    name
        A folder, or a name on the Hub.
    kind
        ``model`` or ``tokenizer``.
    error
        What loading it raised.
    """
    problem = in_one_line(error)
    if type(error).__name__ == "UnpicklingError":  # whose message recommends to run the code in it
        problem = "its weights are pickled with more than tensors, which is never loaded"
    what = f"{problem}; {_remedy(name, kind, error)}"
    if Path(name).is_dir():
        return InputError(f"{name}: no {kind} that can be loaded: {what}")
    if answers():
        return InputError(
            f"{name}: no such folder, and no {kind} on the Hugging Face Hub that can be loaded: "
            f"{what}"
        )
    return InputError(
        f"{name}: no such folder, and the Hugging Face Hub does not answer; check the name of the "
        "folder, or the network"
    )


def _remedy(name: str | Path, kind: str, error: BaseException) -> str:
    """What to do about an error of loading."""
    pointers = [path.name for path in sorted(Path(name).glob("*")) if _is_pointer(path)]
    if pointers:
        return f"{pointers[0]} is a pointer of Git LFS: run git lfs pull in the folder"
    if isinstance(error, ImportError):
        return "install what is missing, or use a checkpoint that does not need it"
    if type(error).__name__ in ("SafetensorError", "UnpicklingError", "EOFError"):
        return "the file is damaged or of another kind: copy or download it again"
    return f"check its files, or use another {kind}"


def _is_pointer(path: Path) -> bool:
    """Whether Git LFS has left a pointer in the place of a file."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_POINTER)) == _POINTER
