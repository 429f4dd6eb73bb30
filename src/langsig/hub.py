"""The Hugging Face Hub, which models and tokenizers come from unless they are in a folder."""

from functools import cache
from pathlib import Path

from langsig.errors import InputError

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
        If the name is empty, is that of a file, or can only be that of a folder that is missing.
    """
    if not str(name):
        raise InputError("the name of a model is empty; name a folder, or a model on the Hub")
    if Path(name).is_dir():
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
    lines = str(error).strip().splitlines() or [type(error).__name__]
    if Path(name).is_dir():
        return InputError(f"{name}: no {kind} that can be loaded: {' '.join(lines)}")
    if answers():
        return InputError(
            f"{name}: no such folder, and no {kind} on the Hugging Face Hub that can be loaded: "
            f"{' '.join(lines)}"
        )
    return InputError(
        f"{name}: no such folder, and the Hugging Face Hub does not answer; check the name of the "
        "folder, or the network"
    )
