"""Several commands of DVC in one process, which imports DVC once and writes ``dvc.lock`` quickly.

``python -m langsig.repository.dvc_commands COMMANDS`` runs a JSON list of commands, each a list of
arguments of ``dvc``, until one fails. ``dvc`` itself parses and formats the whole lock file after
each stage that has run, which takes seconds once there are a hundred stages.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dvc.cli
from dvc.dvcfile import Lockfile
from dvc.stage import PipelineStage
from dvc.stage.serialize import to_single_stage_lockfile

from langsig.repository.recording import LockFile


def main(commands: list[list[str]]) -> int:
    """Run the commands, each with its name printed before, and return the last exit code."""
    code = 0
    for command in commands:
        print("dvc", *command, flush=True)
        if code := dvc.cli.main(command):
            break
    return code


def _dump_stages(self: Lockfile, stages: Sequence[PipelineStage], **options: Any) -> None:
    """Do what the method of DVC does, and format only the entries of these stages."""
    lock = LockFile(Path(self.path), [stage.name for stage in stages])
    for stage in stages:
        if lock.write(stage.name, to_single_stage_lockfile(stage, **options)):
            self.repo.scm_context.track_file(self.relpath)


if __name__ == "__main__":
    Lockfile.dump_stages = _dump_stages
    sys.exit(main(json.loads(sys.argv[1])))
