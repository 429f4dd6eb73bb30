"""Write the sample: ``python -m langsig.sample_world samples``."""

from __future__ import annotations

import argparse
from pathlib import Path

from langsig.sample_world.files import write
from langsig.sample_world.world import DEFAULT_SEED, generate

ROMANISATION = Path(__file__).parent.parent / "corpora" / "romanisation"


def main() -> None:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(prog="langsig.sample_world", description=__doc__)
    parser.add_argument("output", type=Path, metavar="OUTPUT_DIR")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--romanisation", type=Path, default=ROMANISATION, metavar="DIR")
    arguments = parser.parse_args()
    write(generate(arguments.seed), arguments.output, arguments.romanisation)


if __name__ == "__main__":
    main()
