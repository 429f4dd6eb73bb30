"""Several commands of DVC in one process, which imports DVC once.

``python -m langsig.repository.dvc_commands COMMANDS`` runs a JSON list of commands, each a list of
arguments of ``dvc``, until one fails.
"""

import json
import sys

import dvc.cli


def main(commands: list[list[str]]) -> int:
    """Run the commands, each with its name printed before, and return the last exit code."""
    code = 0
    for command in commands:
        print("dvc", *command, flush=True)
        if code := dvc.cli.main(command):
            break
    return code


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
