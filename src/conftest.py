"""What the examples in docstrings need: models, covariances, and a repository with results.

Examples run in the root of the project, so that they can name files of the sample. They find

- ``models``: a folder of checkpoints with random weights, ``multilingual``, ``qaa`` and ``qab``;
- ``repository``: a folder with a DVC repository that has two commits and registered artifacts.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ("qaa", "qab", "qac")
PIPELINE = """
stages:
  analyse:
    cmd: mkdir -p artifacts && cp -R source/. artifacts
    deps: [source]
    params: [seed]
    outs: [artifacts/models, artifacts/signatures, artifacts/tables]
artifacts:
  experimental: {path: artifacts/models/experimental, type: model}
  signatures: {path: artifacts/signatures}
"""
PARAMETERS = """
seed: {seed}
languages: {{qaa: {{}}, qab: {{}}, qac: {{}}}}
uncertainty: {{sources: []}}
"""


@pytest.fixture(autouse=True)
def _example(
    request: pytest.FixtureRequest,
    doctest_namespace: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Give an example what it names, and nothing that takes long to make otherwise."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("LANGSIG_CACHE", str(tmp_path))
    source = "".join(example.source for example in request.node.dtest.examples)
    for name in ("models", "repository"):
        if name in source:
            doctest_namespace[name] = request.getfixturevalue(name)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small models with random weights, and their tokenizer."""
    from langsig.corpora import load_tokenizer, train_tokenizer
    from langsig.pretraining import ModelShape, build_model

    folder = tmp_path_factory.mktemp("models")
    (folder / "tokenizer").mkdir()
    train_tokenizer(
        [ROOT / f"samples/corpora/{language}.txt" for language in LANGUAGES[:2]],
        folder / "tokenizer",
        vocabulary=400,
        sentences=200,
        character_coverage=1.0,
        max_length=64,
    )
    tokenizer = load_tokenizer(folder / "tokenizer")
    for seed, name in enumerate(("multilingual", *LANGUAGES[:2])):
        shape = ModelShape("roberta", layers=2, dim=16, heads=2, dropout=0.0, initializer_range=0.3)
        model = build_model(shape, tokenizer, max_length=64, seed=seed)
        model.save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
    return folder


@pytest.fixture(scope="session")
def repository(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the results of two seeds; the first has registered artifacts."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "dvc.yaml").write_text(PIPELINE)
    source = folder / "source"
    shutil.copytree(models / "multilingual", source / "models/experimental")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "example")
            patch.setenv(f"GIT_{role}_EMAIL", "example@localhost")
        _run(folder, "git init --quiet", "dvc init --quiet", "dvc config core.analytics false")
        for seed in (0, 1):
            (folder / "params.yaml").write_text(PARAMETERS.format(seed=seed))
            _write_signatures(source, seed)
            _run(folder, "dvc repro --quiet", "git add --all", f"git commit --quiet -m seed-{seed}")
            if seed == 0:
                _run(
                    folder,
                    "git tag first",
                    "gto register experimental --version v1.0.0",
                    "gto register signatures --version v1.0.0",
                )
    return folder


def _write_signatures(source: Path, seed: int) -> None:
    """Signatures of three languages in three layers; the second seed doubles those of qab."""
    from langsig.morphology import ALL_WORDS, category_slug
    from langsig.schemas import Signatures

    rows = [
        (ALL_WORDS, layer, language, component, (n + 1) / (layer + component + 1))
        for layer in range(3)
        for n, language in enumerate(LANGUAGES)
        for component in range(2)
    ]
    table = pd.DataFrame(rows, columns=list(Signatures.columns))
    table["value"] *= np.where(table["language"] == "qab", seed + 1, 1)
    signatures = Signatures(table)
    signatures.save(source / f"signatures/{category_slug(ALL_WORDS)}/signatures.parquet")
    signatures.average().save(source / "tables/average_signatures.csv")


def _run(folder: Path, *commands: str) -> None:
    """Run commands in a folder."""
    for command in commands:
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
