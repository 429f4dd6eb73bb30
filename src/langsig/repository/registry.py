"""Artifacts by name and version, from any repository of the team.

Names are in ``artifacts:`` of ``dvc.yaml``. Versions and stages are Git tags, which ``gto
register`` and ``gto assign`` create. ``dvc artifacts get`` fetches the same files but does not
check them; here the hash of every file is checked.
"""

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

import pooch
from dvc.api import DVCFileSystem, artifacts_show
from dvc.exceptions import DvcException
from dvc_data.hashfile.hash import file_md5
from dvc_data.index import DataIndexDirError
from gto.exceptions import GTOException

from langsig.errors import InputError
from langsig.files import atomic_directory

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Fetched(NamedTuple):
    """An artifact on this machine."""

    folder: Path
    revision: str
    """The Git commit of the version or stage."""


def fetch_artifact(
    name: str,
    *,
    version: str | None = None,
    stage: str | None = None,
    repository: str = ".",
    folder: Path | None = None,
) -> Fetched:
    """Fetch a registered artifact, unless this version has been fetched before.

    Parameters
    ----------
    name
        Name in ``artifacts:`` of ``dvc.yaml``: ``experimental``, ``control-zh``, ``signatures``.
    version, stage
        Either a version such as ``v1.0.0`` or a stage such as ``prod`` (default: the latest
        version).
    repository
        Folder or URL that ``git clone`` takes.
    folder
        Folder to write, which must not exist (default: a folder in ``LANGSIG_CACHE`` or, if that
        is not set, in the user's cache).

    Raises
    ------
    InputError
        If there is no such repository, artifact, version or stage, if a file cannot be fetched or
        fails its hash check, or if `folder` exists. Nothing is left behind.
    """
    if version and stage:
        raise InputError(f"{name}: give version {version} or stage {stage}, not both")
    if folder and folder.exists():
        raise InputError(f"{folder} already exists; name another folder or remove it")
    try:
        entry = artifacts_show(name, version, stage, repository)
        cache = os.environ.get("LANGSIG_CACHE") or pooch.os_cache("langsig")
        target = folder or Path(cache, "artifacts", entry["rev"], name)
        if not target.exists():
            with atomic_directory(target) as output:
                files = DVCFileSystem(repository, rev=entry["rev"])
                _download(files, PurePosixPath(entry["path"]), output)
    except GTOException as error:
        raise InputError(f"{repository}: not a Git repository") from error
    except (DataIndexDirError, DvcException, OSError, ValueError) as error:  # ValueError: bad URLs
        cause: BaseException = error
        while cause.__cause__:  # the outermost often says no more than "SCM error"
            cause = cause.__cause__
        raise InputError(f"{repository}: {name}: {cause}") from error
    return Fetched(target, entry["rev"])


def load_model(
    name: str,
    version: str | None = None,
    *,
    stage: str | None = None,
    repository: str | Path = ".",
) -> "tuple[PreTrainedModel, PreTrainedTokenizerBase]":
    """Load a registered model and its tokenizer.

    Weights are read from safetensors files only, and no code of the artifact is run.

    Parameters
    ----------
    name
        Name of the artifact in ``dvc.yaml``, such as ``experimental`` or ``control-zh``.
    version
        Registered version, such as ``v1.0.0`` (default: the latest).
    stage
        Stage such as ``prod``, instead of a version.
    repository
        A folder, or a URL that ``git clone`` takes (default: the current folder).

    Returns
    -------
    PreTrainedModel
        A model of the class that its configuration names, in evaluation mode.
    PreTrainedTokenizerBase
        The tokenizer of the model.

    Raises
    ------
    InputError
        If the artifact cannot be fetched, or is not a model that transformers can load safely.

    Examples
    --------
    ``repository`` is the folder of a repository in which a model is registered:

    >>> import langsig
    >>> model, tokenizer = langsig.load_model("experimental", "v1.0.0", repository=repository)
    >>> type(model).__name__, len(tokenizer)
    ('RobertaForMaskedLM', 400)
    >>> langsig.load_model("experimental", "v9.0.0", repository=repository)
    Traceback (most recent call last):
    ...
    langsig.errors.InputError: ...: experimental: Unable to find artifact 'experimental @ v9.0.0'
    """
    repository = str(repository)
    fetched = fetch_artifact(name, version=version, stage=stage, repository=repository)
    import transformers

    folder, safe = fetched.folder, {"local_files_only": True, "trust_remote_code": False}
    try:
        config = transformers.AutoConfig.from_pretrained(folder, **safe)
        class_name = (config.architectures or ["AutoModel"])[0]
        model_class = getattr(transformers, class_name, transformers.AutoModel)
        model = model_class.from_pretrained(folder, use_safetensors=True, **safe)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **safe)
    except (AttributeError, OSError, ValueError) as error:
        message = f"not a model that transformers can load safely: {error}"
        raise InputError(f"{repository}: {name}: {message}") from error
    return model.eval(), tokenizer


def _download(files: DVCFileSystem, path: PurePosixPath, output: Path) -> None:
    """Download a file or folder that DVC keeps, without the files that Git keeps."""
    entries = files.find(str(path), detail=True)
    hashes = {PurePosixPath(name): info["md5"] for name, info in entries.items() if "md5" in info}
    if not hashes:
        raise InputError(f"{path}: DVC keeps no files there")
    top = path.parent if path in hashes else path
    targets = {name: output / name.relative_to(top) for name in hashes}
    for target in targets.values():
        target.parent.mkdir(parents=True, exist_ok=True)
    files.get([*map(str, targets)], [*map(str, targets.values())])
    for name, target in targets.items():
        if file_md5(str(target)) != hashes[name]:
            raise InputError(
                f"{name}: failed its hash check; the file is damaged in the remote, and someone "
                "who has a sound copy must remove it there and push again"
            )
