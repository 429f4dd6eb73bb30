"""Vega, Vega-Lite and vega-embed as one script, so that pages need no network."""

from functools import cache

import vl_convert


@cache  # it takes a second
def vega_script() -> str:
    """Defines ``window.vegaEmbed``; nothing in it ends the ``<script>`` that it stands in."""
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return "(() => {" + bundle.replace("</script", "<\\/script") + "})();"
