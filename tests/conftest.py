"""What the tests of several packages share."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real linguistic data: ``ud-treebanks-v2.1/`` and running text.

    Named by the environment variable ``LANGSIG_TEST_DATA``, else ``../shared/data`` beside the
    repository. Tests that need it are skipped where it is absent.
    """
    folder = Path(os.environ.get("LANGSIG_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "ud-treebanks-v2.1").is_dir():
        pytest.skip(f"no real data in {folder}: set LANGSIG_TEST_DATA to its folder")
    return folder
