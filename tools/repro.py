"""Run the pipeline, with stages of several languages side by side.

DVC runs one stage after another, most of which leave cores idle. Those of one language need
nothing of the other languages', so here several processes of ``dvc repro`` share the languages
out; what is then left to do is left to a last one. All of their stages are
forks of processes that have imported torch and its like.
"""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import yaml

from warm import warm

ROOT = Path(__file__).parent.parent
# Step by step; those with a name of one language are shared out.
STEPS = [
    ["annotate", "clean"],
    ["tokenizer"],
    ["pack", "pretrain", "untrained"],
    ["pretrain-experimental"],
    ["extract", "extract-experimental", "covariance"],
]


def main() -> None:
    parser = argparse.ArgumentParser(prog="make repro", description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    jobs = max(1, parser.parse_args().jobs)
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    languages = [*yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["languages"]]
    if not subprocess.run(["dvc", "status", "--quiet"], cwd=ROOT, check=False).returncode:
        return
    with warm() as alone:
        if jobs > 1:
            shares = [languages[first::jobs] for first in range(min(jobs, len(languages)))]
            run(["data.dvc"], alone)
            with warm(threads=max(1, (os.cpu_count() or 1) // len(shares))) as together:
                for step in STEPS:
                    if "foreach" in pipeline[step[0]]:
                        share_out(step, shares, together)
                    else:
                        run(step, alone)
        subprocess.run(["dvc", "repro"], cwd=ROOT, env=alone, check=True)


def share_out(step: list[str], shares: list[list[str]], environment: dict[str, str]) -> None:
    """Run the stages of one step; ends the program if one fails, once all have ended."""
    targets = [[f"{stage}@{name}" for name in share for stage in step] for share in shares]
    with ThreadPoolExecutor(len(shares)) as pool:
        list(pool.map(partial(run_beside_others, environment=environment), targets))


def run(targets: list[str], environment: dict[str, str]) -> None:
    """Bring these stages up to date, one after another, and nothing before them."""
    command = ["dvc", "repro", "--single-item", *targets]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def run_beside_others(targets: list[str], environment: dict[str, str]) -> None:
    """The same, waiting for locks of others; what is said of progress is shown if it fails."""
    command = ["dvc", "--wait-for-lock", "repro", "--single-item", *targets]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{done.stderr}\nerror: {' '.join(command)} failed")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
