"""Write the page that ``dvc plots`` fills, with Vega inlined so that it works without network."""

import sys
from pathlib import Path

from langsig.report import vega_script

PAGE = """<!DOCTYPE html>
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


def main() -> None:
    page = PAGE.replace("{BUNDLE}", vega_script())
    Path(sys.argv[1]).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
