"""Artifacts by name and version, from any repository of the team.

What has a name is in ``artifacts:`` of ``dvc.yaml``; its versions and stages are Git tags, which
``gto register`` and ``gto assign`` make. ``dvc artifacts get`` fetches the same, but takes what a
server gives: here every file is held against its hash.
"""

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

import pooch

from langsig.errors import InputError
from langsig.files import atomic_directory

if TYPE_CHECKING:
    from dvc.api import DVCFileSystem
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Fetched(NamedTuple):
    """An artifact that is here."""

    folder: Path
    revision: str
    """The Git commit that its version or stage is of."""


def fetch_artifact(
    name: str,
    *,
    version: str | None = None,
    stage: str | None = None,
    repository: str = ".",
    folder: Path | None = None,
) -> Fetched:
    """Fetch an artifact, unless this version of it is here already.

    Parameters
    ----------
    name
        As in ``artifacts:`` of ``dvc.yaml``: ``experimental``, ``control-zh``, ``signatures``.
    version, stage
        One of them, such as ``v1.0.0`` or ``prod``; without, the latest version.
    repository
        A folder or an address that ``git clone`` takes.
    folder
        Where to; there must be nothing yet. Without, in ``LANGSIG_CACHE``, else the user's cache.

    Raises
    ------
    InputError
        If there is no such repository, artifact, version or stage, a file cannot be fetched or is
        not what its hash says, or something is in `folder`. Nothing is left behind.
    """
    if version and stage:
        raise InputError(f"{name}: version {version} and stage {stage}: name one of them")
    if folder and folder.exists():
        raise InputError(f"{folder}: something is there already")
    from dvc.api import DVCFileSystem, artifacts_show  # late, as it takes seconds
    from dvc.exceptions import DvcException
    from gto.exceptions import GTOException

    try:
        found = artifacts_show(name, version, stage, repository)
        cache = os.environ.get("LANGSIG_CACHE") or pooch.os_cache("langsig")
        place = folder or Path(cache, "artifacts", found["rev"], name)
        if not place.exists():
            with atomic_directory(place) as output:
                files = DVCFileSystem(repository, rev=found["rev"])
                _download(files, PurePosixPath(found["path"]), output)
    except GTOException as error:
        raise InputError(f"{repository}: not a Git repository") from error
    except (DvcException, OSError) as error:
        cause: BaseException = error
        while cause.__cause__:  # the outermost often says no more than "SCM error"
            cause = cause.__cause__
        raise InputError(f"{repository}: {name}: {cause}") from error
    return Fetched(place, found["rev"])


def load_model(
    name: str, version: str | None = None, *, stage: str | None = None, repository: str | Path = "."
) -> "tuple[PreTrainedModel, PreTrainedTokenizerBase]":
    """Load a model of a repository, and its tokenizer, by name and version.

    Parameters
    ----------
    name
        Name of the artifact in ``dvc.yaml``: ``experimental``, or ``control-zh``.
    version
        Registered version, such as ``v1.0.0`` (default: the latest).
    stage
        Stage such as ``prod``, instead of a version.
    repository
        A folder, or a URL that ``git clone`` takes (default: the current folder).

    Returns
    -------
    PreTrainedModel
        The model, of the class that its configuration names, in evaluation mode.
    PreTrainedTokenizerBase
        Its tokenizer.

    Raises
    ------
    InputError
        If there is no such repository, artifact, version or stage, a file fails its hash check,
        or the artifact is not a model of transformers.

    Examples
    --------
    >>> import langsig
    >>> model, tokenizer = langsig.load_model("experimental", "v1.0.0", repository=repository)
    >>> type(model).__name__
    'RobertaForMaskedLM'
    >>> len(tokenizer)
    400
    """
    repository = str(repository)
    fetched = fetch_artifact(name, version=version, stage=stage, repository=repository)
    import transformers

    try:
        config = transformers.AutoConfig.from_pretrained(fetched.folder)
        model_class = getattr(transformers, (config.architectures or ["AutoModel"])[0])
        model = model_class.from_pretrained(fetched.folder)
        tokenizer = transformers.AutoTokenizer.from_pretrained(fetched.folder)
    except (AttributeError, OSError, ValueError) as error:
        raise InputError(f"{repository}: {name}: not a model: {error}") from error
    return model.eval(), tokenizer


def _download(files: "DVCFileSystem", path: PurePosixPath, output: Path) -> None:
    """What DVC keeps there, a file or a folder, and not what Git does."""
    from dvc_data.hashfile.hash import file_md5

    found = files.find(str(path), detail=True)
    hashes = {PurePosixPath(name): info["md5"] for name, info in found.items() if "md5" in info}
    if not hashes:
        raise InputError(f"{path}: DVC keeps nothing there")
    top = path.parent if path in hashes else path
    places = {name: output / name.relative_to(top) for name in hashes}
    for place in places.values():
        place.parent.mkdir(parents=True, exist_ok=True)
    files.get([*map(str, places)], [*map(str, places.values())])
    for name, place in places.items():
        if file_md5(str(place)) != hashes[name]:
            raise InputError(
                f"{name}: not what its hash says; it is damaged where it comes from, and who has "
                "it takes that away and pushes again"
            )
