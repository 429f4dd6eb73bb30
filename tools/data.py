"""Fetch the data that a preset names, to a folder that ``make use`` can then be pointed at."""

import argparse
import sys
from pathlib import Path

from langsig.corpora.fetching import fetch, read_sources
from langsig.errors import InputError

ROOT = Path(__file__).parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="make data", description=__doc__)
    parser.add_argument("preset", help="name of a file in conf/sources/, without .csv")
    parser.add_argument("--to", type=Path, help="folder for the data; default downloads/PRESET")
    parser.add_argument("--base", help="address of a mirror of the folder, instead of the origins")
    arguments = parser.parse_args()
    table = ROOT / "conf" / "sources" / f"{arguments.preset}.csv"
    if not table.is_file():
        known = ", ".join(sorted(path.stem for path in table.parent.glob("*.csv")))
        sys.exit(f"error: PRESET={arguments.preset}: data can be fetched for {known}")
    folder = arguments.to or Path("downloads") / arguments.preset
    try:
        fetch(read_sources(table, arguments.base), folder)
    except InputError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("interrupted; run this again to go on from here")
    print(f"all there; next: make use PRESET={arguments.preset} DATA={folder}")


if __name__ == "__main__":
    main()
