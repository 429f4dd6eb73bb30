"""The page: sections as HTML, and their data, figures and tables as JSON."""

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

import pandas as pd
from markupsafe import Markup
from ruamel.yaml import YAML

from langsig.morphology import ALL_WORDS
from langsig.report import sentences, statistics
from langsig.report.bundle import vega_script
from langsig.report.results import Results
from langsig.report.sections import Section, sections_of
from langsig.report.templates import page_file, template

_DIGITS = 5  # significant digits of numbers on the page


def report_page(
    results: Results, *, parameters: Mapping[str, Any], provenance: Mapping[str, str]
) -> str:
    """All results of a run as one HTML file.

    A Content-Security-Policy forbids the page to use the network and to run any script but its
    own two, which are identified by their hashes. Vega would need ``unsafe-eval``; its
    interpreter, which the page uses instead, does not.

    Parameters
    ----------
    results
        The tables of the run.
    parameters
        Parameters of the run, printed on the page.
    provenance
        Where the results come from, by name: revision, data, versions.
    """
    sections = sections_of(results)
    scripts = [vega_script(), page_file("page.js")]
    # Only files of this package and JSON without "<" are exempt from escaping.
    return template("page.html").render(
        policy=_policy(scripts),
        style=Markup(page_file("page.css")),
        question=sentences.question(statistics.extent(results)),
        sections=sections,
        provenance=provenance,
        parameters=_yaml(parameters),
        data=Markup(_json(_data(sections, results))),
        scripts=[Markup(script) for script in scripts],
    )


def _yaml(values: Mapping[str, Any]) -> str:
    stream = StringIO()
    YAML().dump(dict(values), stream)
    return stream.getvalue()


def _policy(scripts: Sequence[str]) -> str:
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _json(value: Any) -> str:
    """JSON that may stand in a ``<script>``: it has no ``<``, so that nothing can end it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _data(sections: Sequence[Section], results: Results) -> dict[str, Any]:
    """What the script of the page needs."""
    profiles = results.profiles.astype(object)
    return {
        "languages": profiles.where(profiles.notna(), None).to_dict("records"),
        "colours": results.colours,
        "categories": results.categories,
        "allWords": ALL_WORDS,
        "failedLayers": results.failed_layers,
        "sets": {
            name: _columns(table) for section in sections for name, table in section.data.items()
        },
        "figures": {
            f"{section.key}-{index}": figure.spec
            for section in sections
            for index, figure in enumerate(section.figures)
        },
    }


def _columns(table: pd.DataFrame) -> dict[str, Any]:
    """By column: its values; for text, the distinct values and the index of each row's value."""
    return {str(name): _column(table[name]) for name in table}


def _column(values: pd.Series) -> Any:
    if pd.api.types.is_numeric_dtype(values):
        return [_number(value) for value in values.tolist()]
    codes, distinct = pd.factorize(values)
    return {"codes": codes.tolist(), "values": [_text(value) for value in distinct]}


def _number(value: Any) -> Any:
    """A number as short as its digits; missing and infinite ones become ``None``."""
    if pd.isna(value):
        return None
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return None
    short = float(f"{value:.{_DIGITS}g}")
    return int(short) if short.is_integer() else short


def _text(value: Any) -> Any:
    return value if isinstance(value, bool) else str(value)
