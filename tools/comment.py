"""What a branch changes of the results, as Markdown for a comment: numbers and pictures.

Between a revision whose results are committed and the workspace: ``dvc metrics diff``,
``langsig diff``, and ``dvc plots diff``, drawn as PNG.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import vl_convert

ROOT = Path(__file__).parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", help="revision with dvc.lock and metrics")
    parser.add_argument("folder", type=Path, help="for comment.md and its pictures")
    arguments = parser.parse_args()
    before, folder = arguments.before, arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    sections = {
        "Metrics by language": output("dvc", "metrics", "diff", "--md", before),
        "Signatures": f"```\n{output('langsig', 'diff', before)}```",
        "Plots": "\n\n".join(pictures(before, folder)),
    }
    text = "\n\n".join(
        f"### {title}\n\n{content.strip() or 'No difference.'}"
        for title, content in sections.items()
    )
    (folder / "comment.md").write_text(f"## Results\n\n{text}\n", encoding="utf-8")


def pictures(before: str, folder: Path) -> list[str]:
    """Markdown of what ``dvc plots diff`` compares, drawn into a folder."""
    found = json.loads(output("dvc", "plots", "diff", before, "--json"))["data"]
    parts = []
    for name, plots in found.items():
        parts.append(f"**{name}**")
        for plot in plots:
            revisions = ", ".join(plot["revisions"])
            place = folder / f"{Path(name).stem}-{len(parts)}.png"
            place.write_bytes(drawn(plot))
            parts.append(f"{revisions}\n\n![{name}]({place.name})")
    return parts


def drawn(plot: dict[str, Any]) -> bytes:
    """A plot of either kind as PNG."""
    if plot["type"] == "vega":
        return vl_convert.vegalite_to_png(plot["content"], scale=1.5)
    return vl_convert.svg_to_png(Path(plot["url"]).read_text(encoding="utf-8"), scale=1.5)


def output(*command: str) -> str:
    """What a command prints; ends the program if it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"error: {' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    main()
