"""Tables, metrics and parameters -> one page with all results, which needs no network."""

import json
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import yaml

from langsig.files import atomic_file
from langsig.report import report_page
from stages.common import load_params, read

FOLDERS = ["tables", "relations", "ranks"]
PACKAGES = ["langsig", "dvc", "numpy", "pandas", "scipy", "torch", "transformers"]


def main(_arguments: Sequence[str]) -> None:
    params = load_params()
    sources = [
        *(path for name in FOLDERS for path in sorted(Path("artifacts", name).glob("*.csv"))),
        Path("plots/figures/learning.csv"),
    ]
    page = report_page(
        {path.stem: read(path) for path in sources},
        metrics=json.loads(Path("metrics/summary.json").read_text(encoding="utf-8")),
        parameters=params,
        provenance=provenance(),
        facts=read(Path("artifacts/relations/languages.csv")),
        margin=params["pretraining"]["margin"],
    )
    with atomic_file("report/index.html") as output:
        output.write_text(page, encoding="utf-8")


def provenance() -> dict[str, str]:
    """Revision and data of this clone, and versions of what computed the results."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    data = yaml.safe_load(Path("data.dvc").read_text(encoding="utf-8"))["outs"][0]
    return {
        "Git revision": described.stdout.strip() or "not a clone",
        "Data (DVC hash)": data.get("md5", "unknown"),
        "Python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
    }
