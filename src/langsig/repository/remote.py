"""The S3 bucket that artifacts are pushed to and pulled from, in ``.dvc/config``.

Everyone who can read the repository can read that file, so it holds no credentials.
"""

import re
from contextlib import chdir
from pathlib import Path
from urllib.parse import urlsplit

from langsig.errors import InputError

COMPATIBLE = "conf/s3-compatible.ini"  # settings for servers other than Amazon's


def set_remote(root: Path, url: str, *, endpoint: str | None = None, name: str = "origin") -> None:
    """Make a bucket the default remote of a repository.

    Parameters
    ----------
    root
        The repository.
    url
        ``s3://BUCKET/PREFIX``.
    endpoint
        ``https://HOST[:PORT]`` of a server other than Amazon's.
    name
        Name of the remote: letters, digits, dots, dashes and underscores.

    Raises
    ------
    InputError
        If the name or an address has another form, or an address contains credentials.
    """
    if not re.fullmatch(r"[A-Za-z0-9_][\w.-]*", name, re.ASCII):
        raise InputError(
            f"NAME must consist of letters, digits, dots, dashes and underscores; got {name!r}"
        )
    _check("URL", url, ["s3"], "s3://BUCKET/PREFIX")
    options = {"verify": "true"}  # otherwise DVC trusts the names of objects
    if endpoint:
        _check("ENDPOINT", endpoint, ["https", "http"], "https://HOST")
        options |= {"endpointurl": endpoint, "configpath": COMPATIBLE}
    from langsig.repository.opening import open_repository  # late, as importing DVC takes long

    with chdir(root), open_repository() as repo, repo.config.edit("repo") as config:
        config.setdefault("remote", {})[name] = {"url": url, **options}
        config.setdefault("core", {})["remote"] = name


def _check(name: str, address: str, schemes: list[str], form: str) -> None:
    parts = urlsplit(address)
    if parts.username or parts.password or parts.query:
        raise InputError(
            f"{name} must not contain credentials: put them into the environment, a profile in "
            "~/.aws, or .dvc/config.local; see docs/how-to/sharing.md"
        )
    spaced = any(map(str.isspace, address))
    if parts.scheme not in schemes or not parts.hostname or spaced:
        raise InputError(f"{name} must have the form {form}; got {address!r}")
