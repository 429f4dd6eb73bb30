"""Name the S3 bucket that artifacts are pushed to and pulled from, in ``.dvc/config``.

Whoever may read the repository may read that file, so credentials are not for it.
"""

import argparse
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parent.parent
COMPATIBLE = "conf/s3-compatible.ini"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make remote", description=__doc__)
    parser.add_argument("url", help="s3://BUCKET/PREFIX")
    parser.add_argument("--endpoint", help="https://HOST[:PORT] of a server other than Amazon's")
    parser.add_argument("--name", default="origin", help="of the remote (origin)")
    arguments = parser.parse_args()
    check("URL", arguments.url, ["s3"], "s3://BUCKET/PREFIX")
    options = {"verify": "true"}  # else a damaged object is taken for what it was
    if arguments.endpoint:
        check("ENDPOINT", arguments.endpoint, ["https", "http"], "https://HOST")
        options |= {"endpointurl": arguments.endpoint, "configpath": COMPATIBLE}
    dvc("add", "--force", "--default", arguments.name, arguments.url)
    for option, value in options.items():
        dvc("modify", arguments.name, option, value)
    print(f"{arguments.name}: {arguments.url}; commit .dvc/config, then dvc push --run-cache")


def check(parameter: str, address: str, schemes: list[str], form: str) -> None:
    """End the program if an address is not of this form, or has more in it."""
    parts = urlsplit(address)
    if parts.scheme not in schemes or not parts.hostname:
        sys.exit(f"error: {parameter}={address} is not {form}")
    if parts.username or parts.password or parts.query:
        sys.exit(
            f"error: {parameter}: credentials belong in the environment, in a profile of "
            "~/.aws, or in .dvc/config.local, not in an address: see docs/registry.md"
        )


def dvc(*arguments: str) -> None:
    done = subprocess.run(["dvc", "remote", *arguments, "--quiet"], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
