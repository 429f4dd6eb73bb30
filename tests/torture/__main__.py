"""Kill everything at random moments, fill disks, and see whether anything is lost.

``python -m tests.torture`` works on clones with the parameters of ``micro``, in a folder of their
own. Each trial disturbs a command, runs the pipeline again, and compares metrics, ``dvc.lock`` and
all hashes with those of an undisturbed run. Trials are kept in ``trials.csv``: if the script is
stopped, the same command resumes. The exit code is 1 if anything was lost.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from langsig.repository.warm import warm_process
from tests.torture import disks, fuzzing, kills, together
from tests.torture.programs import prepare
from tests.torture.record import Record
from tests.torture.trials import Torture
from tests.torture.undisturbed import Reference

FOLDER = Path(".scratch/torture")
PARTS: dict[str, Callable[[Torture], None]] = {
    "undisturbed": kills.nothing,
    "stages": kills.stages,
    "repro": kills.whole_runs,
    "orphans": kills.orphans,
    "push": kills.push,
    "pull": kills.pull,
    "spread": kills.spread,
    "use": kills.use,
    "compare": kills.compare,
    "disk": disks.full,
    "whole-disk": disks.full_in_whole_runs,
    "cache": disks.read_only_cache,
    "together": together.together,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the trials that are missing, and print the table of all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[1])
    parser.add_argument("--times", type=int, default=20, help="trials per case (default: 20)")
    parser.add_argument(
        "--only", nargs="+", choices=[*PARTS, "files"], default=[*PARTS, "files"],
        help="parts to run (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--kinds", nargs="+", help="kinds of stages to disturb on their own (default: all)"
    )
    parser.add_argument(
        "--formats", nargs="+", choices=fuzzing.KINDS, default=fuzzing.KINDS,
        help="formats of the malformed files (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--jobs", type=int, default=1, help="stages that run at a time (default: 1)"
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of the moments (default: 1)")
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help=f"for clones and trials (default: {FOLDER})"
    )
    arguments = parser.parse_args(argv)
    folder = arguments.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    # One thread everywhere, as the last digits of results depend on the number of threads.
    os.cpu_count = lambda: 1
    os.environ["OMP_NUM_THREADS"] = "1"
    prepare()
    with warm_process(dict(os.environ)) as environment:
        os.environ.update(environment)
        reference = Reference(folder / "undisturbed", arguments.jobs)
        record = Record(folder / "trials.csv")
        kinds = reference.kinds()
        torture = Torture(
            folder=folder,
            reference=reference,
            record=record,
            times=arguments.times,
            jobs=arguments.jobs,
            seed=arguments.seed,
            kinds={kind: kinds[kind] for kind in arguments.kinds or kinds},
        )
        for part in arguments.only:
            if part != "files":
                PARTS[part](torture)
    print(record.table())
    failures = record.losses()
    if "files" in arguments.only:
        tokenizer = reference.clone.folder / "artifacts/tokenizer"
        rows = fuzzing.counts(arguments.formats, tokenizer, folder / "files")
        print(fuzzing.table(rows))
        failures += sum(row.tracebacks + row.half_written for row in rows)
        shutil.rmtree(folder / "files")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
