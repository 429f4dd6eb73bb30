"""Write the page that ``dvc plots`` fills, with Vega inlined so that it works without network."""

import sys
from pathlib import Path

import vl_convert

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>langsig: plots</title>
  {refresh_tag}
  <script>(() => {BUNDLE})();</script>
  <style>body { font-family: sans-serif; margin: 2em; } table { border-spacing: 1em; }</style>
</head>
<body>
{plot_divs}
</body>
</html>
"""


def main() -> None:
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    page = PAGE.replace("{BUNDLE}", "{" + bundle.replace("</script", "<\\/script") + "}")
    Path(sys.argv[1]).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
