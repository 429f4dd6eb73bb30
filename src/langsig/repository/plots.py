"""Plots of DVC: their page, and their differences between revisions as pictures."""

import json
from pathlib import Path
from typing import Any

import vl_convert

from langsig.files import write_file
from langsig.repository.processes import output

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>langsig: plots</title>
  {refresh_tag}
  <script>{BUNDLE}</script>
  <style>body { font-family: sans-serif; margin: 2em; } table { border-spacing: 1em; }</style>
</head>
<body>
{plot_divs}
</body>
</html>
"""


def page_template(script: str) -> str:
    """Return the page that ``dvc plots show`` fills; it needs no network.

    Parameters
    ----------
    script
        Vega, Vega-Lite and Vega-Embed as one JavaScript.
    """
    return _PAGE.replace("{BUNDLE}", script)


def draw_differences(root: Path, before: str, folder: Path) -> str:
    """Draw what ``dvc plots diff`` compares between a revision and the workspace.

    Parameters
    ----------
    root
        The repository.
    before
        The revision.
    folder
        Folder for the PNG files.

    Returns
    -------
    str
        Markdown with the pictures.
    """
    plots = json.loads(output("dvc", "plots", "diff", before, "--json", folder=root))["data"]
    parts = []
    for name, versions in plots.items():
        parts.append(f"**{name}**")
        for version in versions:
            picture = folder / f"{Path(name).stem}-{len(parts)}.png"
            write_file(picture, _draw(version, root))
            parts.append(f"{', '.join(version['revisions'])}\n\n![{name}]({picture.name})")
    return "\n\n".join(parts)


def _draw(plot: dict[str, Any], root: Path) -> bytes:
    if plot["type"] == "vega":
        return vl_convert.vegalite_to_png(plot["content"], scale=1.5)
    path = root / plot["url"]  # absolute, or relative to the root
    return vl_convert.svg_to_png(path.read_text(encoding="utf-8"), scale=1.5)
