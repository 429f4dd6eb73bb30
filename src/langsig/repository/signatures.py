"""Signatures from a file, a run, or a repository."""

from pathlib import Path

from langsig.errors import InputError
from langsig.schemas import Signatures

_FILES = "*/signatures.parquet"  # one folder per category
_FOLDER = "artifacts/signatures"  # in the folder of a run
_ARTIFACT = "signatures"  # in artifacts of dvc.yaml


def load_signatures(
    source: str | Path, version: str | None = None, *, stage: str | None = None
) -> Signatures:
    """Load signatures from a file, from the folder of a run, or from a repository by version.

    Parameters
    ----------
    source
        A Parquet or CSV file that :meth:`Signatures.save` wrote, or a folder in which the pipeline
        has run, or its ``artifacts/signatures``. With `version` or `stage`: a repository, as a
        folder or as a URL that ``git clone`` takes.
    version
        Version of the artifact ``signatures``, such as ``v1.0.0``.
    stage
        Stage of the artifact, such as ``prod``, instead of a version.

    Returns
    -------
    Signatures
        One value per category, layer, language and component.

    Raises
    ------
    InputError
        If there are no signatures at the source, or they cannot be read or fetched.

    Examples
    --------
    >>> import langsig
    >>> signatures = langsig.load_signatures(repository)
    >>> signatures.average().select(layer=0).frame
             category  layer language  average_signature
    0  Part of Speech      0      qaa               0.75
    1  Part of Speech      0      qab               3.00
    2  Part of Speech      0      qac               2.25

    An earlier version of the same repository:

    >>> langsig.load_signatures(repository, "v1.0.0").average().select(layer=0).frame
             category  layer language  average_signature
    0  Part of Speech      0      qaa               0.75
    1  Part of Speech      0      qab               1.50
    2  Part of Speech      0      qac               2.25
    """
    if version or stage:
        from langsig.repository.registry import fetch_artifact

        folder = fetch_artifact(
            _ARTIFACT, version=version, stage=stage, repository=str(source)
        ).folder
        return _from_folder(folder)
    path = Path(source)
    if path.is_dir():
        return _from_folder(path)
    if not path.exists():
        raise InputError(
            f"{source}: no such file or folder; to load from a repository, name a version or stage"
        )
    return Signatures.load(path)


def _from_folder(folder: Path) -> Signatures:
    for candidate in (folder / _FOLDER, folder):
        paths = sorted(candidate.glob(_FILES))
        if paths:
            return Signatures.load_all(paths)
    raise InputError(
        f"{folder}: no signatures; name a folder that has {_FOLDER}/{_FILES}, or a file"
    )
