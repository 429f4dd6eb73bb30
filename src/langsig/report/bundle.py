"""Vega, Vega-Lite and vega-embed as one script, so that pages need no network."""

from functools import cache

import vl_convert


@cache  # building the script takes a second
def vega_script() -> str:
    """A script that defines ``window.vegaEmbed``, safe to put into a ``<script>`` element."""
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return "(() => {" + bundle.replace("</script", "<\\/script") + "})();"
