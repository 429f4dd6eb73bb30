"""Run the pipeline, with stages of several languages side by side.

DVC runs one stage after another, most of which leave cores idle. Those of one language need
nothing of the other languages', so here several processes of ``dvc repro`` share the languages
out; what is then left to do is left to a last one.
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
# Step by step; those with a name of one language are shared out.
STEPS = [
    ["annotate", "clean"],
    ["tokenizer"],
    ["pack", "pretrain", "untrained"],
    ["pretrain-experimental"],
    ["extract", "extract-experimental", "covariance"],
]
LOCKED = "Unable to acquire lock"  # which another process holds, while it hashes what it has made


def main() -> None:
    parser = argparse.ArgumentParser(prog="make repro", description=__doc__)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    jobs = max(1, parser.parse_args().jobs)
    pipeline = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    languages = [*yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))["languages"]]
    if jobs > 1 and subprocess.run(["dvc", "status", "--quiet"], cwd=ROOT, check=False).returncode:
        run(["data.dvc"])
        for step in STEPS:
            share_out(step, languages if "foreach" in pipeline[step[0]] else [], jobs)
    subprocess.run(["dvc", "repro"], cwd=ROOT, check=True)


def share_out(step: list[str], languages: list[str], jobs: int) -> None:
    """Run the stages of one step; ends the program if one fails, once all have ended."""
    if not languages:
        return run(step)
    shares = [languages[first::jobs] for first in range(min(jobs, len(languages)))]
    targets = [[f"{stage}@{name}" for name in share for stage in step] for share in shares]
    threads = max(1, (os.cpu_count() or 1) // len(shares))
    with ThreadPoolExecutor(len(shares)) as pool:
        list(pool.map(partial(run, threads=threads), targets))
    return None


def run(targets: list[str], threads: int | None = None) -> None:
    """Bring these stages up to date, one after another, and nothing before them.

    With a number of threads they are not alone: what they say of their progress is only shown if
    they fail, and they wait for locks of the others.
    """
    command = ["dvc", "repro", "--single-item", *targets]
    if threads is None:
        subprocess.run(command, cwd=ROOT, check=True)
        return
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    captured = partial(subprocess.run, stderr=subprocess.PIPE, text=True, check=False)
    while (done := captured(command, cwd=ROOT, env=environment)).returncode:
        if LOCKED not in done.stderr:
            sys.exit(f"{done.stderr}\nerror: {' '.join(command)} failed")
        time.sleep(1)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
