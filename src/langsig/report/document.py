"""The page: sections as HTML, and beside them their data, figures and tables as JSON."""

import base64
import hashlib
import json
import math
from collections.abc import Callable, Mapping
from html import escape
from importlib.resources import files
from typing import Any

import pandas as pd
import yaml

from langsig.report import checks, relations, signatures
from langsig.report.bundle import vega_script
from langsig.report.parts import Figure, Section
from langsig.report.results import Results

_DIGITS = 5  # significant, of numbers on the page
_SECTIONS: list[Callable[[Results], Section | None]] = [
    checks.overview,
    checks.learning,
    signatures.averages,
    signatures.findings,
    signatures.trends,
    signatures.spread,
    relations.correlations,
    relations.benchmarks,
    relations.distances,
    relations.trees,
    relations.variance_tests,
    checks.baselines,
    checks.answers,
    checks.ranks,
    checks.factorizations,
    checks.coverage,
]
_FACTS = ["language", "name", "family", "genus"]


def report_page(
    tables: Mapping[str, pd.DataFrame],
    *,
    metrics: Mapping[str, Any],
    parameters: Mapping[str, Any],
    provenance: Mapping[str, str],
    facts: pd.DataFrame | None = None,
    margin: float | None = None,
) -> str:
    """All results of a run as one HTML file.

    A Content-Security-Policy forbids it the network, and any script but its own two, which are
    named by their hashes. Vega would need ``unsafe-eval``; its interpreter, which is used
    instead, does not.

    Parameters
    ----------
    tables
        By the names that the files in ``artifacts/tables`` have, without suffix; also
        ``learning`` (columns ``model``, ``step``, ``masked_cross_entropy``,
        ``unigram_cross_entropy``), ``ranks`` and ``recommendations``. Sections without a table
        are left out, and tables without a section.
    metrics
        What :func:`langsig.analysis.summary` returns.
    parameters
        Of the run, printed as they are.
    provenance
        What the page was made from, by name: revision, data, versions.
    facts
        Columns ``language``, ``name``, ``family``, ``genus``. Languages that are not in it go by
        their codes.
    margin
        Gain in nat from which on a model counts as learnt.
    """
    known = pd.DataFrame(columns=_FACTS, dtype=str) if facts is None else facts
    results = Results(tables, metrics, known, margin)
    sections = [section for build in _SECTIONS if (section := build(results)) is not None]
    vega, script = vega_script(), _file("page.js")
    parts = {
        "POLICY": _policy([vega, script]),
        "STYLE": _file("page.css"),
        "LEAD": escape(checks.question(results)),
        "CONTENTS": "".join(
            f'<a href="#{section.key}">{escape(section.title)}</a>' for section in sections
        ),
        "SECTIONS": "".join(map(_section, sections)),
        "PROVENANCE": "".join(
            f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in provenance.items()
        ),
        "PARAMETERS": escape(yaml.safe_dump(dict(parameters), sort_keys=False, allow_unicode=True)),
        "DATA": _json(_data(sections, results)),
        "VEGA": vega,
        "SCRIPT": script,
    }
    before, *rest = _file("page.html").split("{{")
    pieces = (piece.partition("}}") for piece in rest)
    return before + "".join(parts[name] + after for name, _, after in pieces)


def _file(name: str) -> str:
    return (files("langsig.report") / "page" / name).read_text(encoding="utf-8")


def _policy(scripts: list[str]) -> str:
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _json(value: Any) -> str:
    """JSON that may stand in a ``<script>``: no ``<`` in it, so that nothing can end it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def _section(section: Section) -> str:
    notes = [
        ("What it says", section.says),
        ("How sure", section.sure),
        ("What it cannot say", section.limits),
    ]
    aside = "".join(f"<div><dt>{head}</dt><dd>{escape(text)}</dd></div>" for head, text in notes)
    figures = "".join(
        _figure(figure, _figure_key(section, index)) for index, figure in enumerate(section.figures)
    )
    tables = "".join(
        f'<details class="table" data-table="{table.data}"><summary>{escape(table.title)}'
        '<span class="count"></span></summary><div class="scroll" tabindex="0"></div></details>'
        for table in section.tables
    )
    return (
        f'<section id="{section.key}"><h2>{escape(section.title)}</h2>'
        f'<dl class="notes">{aside}</dl><div class="figures">{figures}</div>{tables}</section>'
    )


def _figure(figure: Figure, key: str) -> str:
    families = '<ul class="key"></ul>' if figure.key else ""
    return (
        f'<figure id="{key}"><figcaption><h3>{escape(figure.title)}</h3>'
        f"<p>{escape(figure.caption)}</p></figcaption>{families}"
        '<div class="chart"></div></figure>'
    )


def _figure_key(section: Section, index: int) -> str:
    return f"{section.key}-{index}"


def _data(sections: list[Section], results: Results) -> dict[str, Any]:
    sets = {name: table for section in sections for name, table in section.data.items()}
    return {
        "languages": results.languages.replace({float("nan"): None}).to_dict("records"),
        "colours": results.colours,
        "categories": results.categories,
        "flagged": results.flagged,
        "sets": {name: _columns(table) for name, table in sets.items()},
        "figures": {
            _figure_key(section, index): figure.spec
            for section in sections
            for index, figure in enumerate(section.figures)
        },
    }


def _columns(table: pd.DataFrame) -> dict[str, Any]:
    """By column: its values, or, of text, the distinct ones and a number for each row."""
    return {str(name): _column(table[name]) for name in table}


def _column(values: pd.Series) -> Any:
    if pd.api.types.is_numeric_dtype(values):
        return [_number(value) for value in values.tolist()]
    codes, distinct = pd.factorize(values)
    return {"codes": codes.tolist(), "values": [_text(value) for value in distinct]}


def _number(value: Any) -> Any:
    """Numbers as short as their digits; whole ones, booleans too, as they are."""
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        return None
    short = float(f"{value:.{_DIGITS}g}")
    return int(short) if short.is_integer() else short


def _text(value: Any) -> Any:
    return value if isinstance(value, bool) else str(value)
