"""The Makefile passes its variables to the command as they are."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """#!{python}
import json, sys
from pathlib import Path
with Path(r"{calls}").open("a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
"""
DATA = "Bob's data, all of it"
SETTINGS = 'pretraining.origin.data="Bob\'s text" seed=2'
CASES = [
    ("use", {"PRESET": "demo"}, ["use", "demo"]),
    (
        "use",
        {"PRESET": "my preset", "DATA": DATA, "SET": SETTINGS},
        ["use", "my preset", "--data", DATA, "--set", SETTINGS],
    ),
    ("data", {"PRESET": "paper", "TO": DATA}, ["data", "paper", "--to", DATA]),
    ("repro", {"JOBS": "3"}, ["repro", "--jobs", "3"]),
    (
        "spread",
        {"WORKERS": "2", "CACHE": "1", "PLACE": DATA},
        ["spread", "--workers", "2", "--cache", "--folder", DATA],
    ),
    (
        "sweep",
        {"PRESET": "demo", "RECIPES": "baseline low-qag-both", "SEEDS": "1 2", "ARGS": "--status"},
        ["sweep", "demo", "--recipes", "baseline", "low-qag-both", "--seeds", "1", "2", "--status"],
    ),
    (
        "remote",
        {"URL": "s3://bucket/it's", "ENDPOINT": "https://host"},
        ["remote", "s3://bucket/it's", "--endpoint", "https://host"],
    ),
    ("price", {"GPU": "A100-40GB", "ARGS": "--json"}, ["price", "--gpu", "A100-40GB", "--json"]),
]  # fmt: skip


@pytest.mark.parametrize(("target", "variables", "expected"), CASES)
def test_variables_reach_the_command(
    target: str, variables: dict[str, str], expected: list[str], tmp_path: Path
) -> None:
    programs = tmp_path / "venv/bin"
    programs.mkdir(parents=True)
    program = programs / "langsig"
    program.write_text(PROGRAM.format(python=sys.executable, calls=tmp_path / "calls"))
    program.chmod(0o755)
    (tmp_path / "venv/.installed").touch()
    values = [f"{name}={value}" for name, value in variables.items()]
    command = ["make", "--silent", "--directory", str(ROOT), f"VENV={tmp_path / 'venv'}"]
    assumed = [f"--assume-old={tmp_path / 'venv/.installed'}", "--assume-old=.dvc/plots_page.html"]
    subprocess.run([*command, *assumed, target, *values], check=True)
    calls = [json.loads(line) for line in (tmp_path / "calls").read_text().splitlines()]
    assert expected in calls
