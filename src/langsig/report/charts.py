"""Building blocks of Vega-Lite specifications, as plain dictionaries.

All figures have the parameters that the page sets in every view at once: ``chosen``, the
highlighted language (empty: none); ``category``; ``failed``, the layers of each category whose fit
failed a check; and the colours ``ink`` and ``faint`` of the theme. Data are referred to by name.
The page fills them in, and adds to every row with a ``language`` its ``label``, ``name``,
``family``, ``genus`` and ``group`` (see :attr:`langsig.report.results.Results.profiles`).

Dragging pans and Ctrl with the wheel zooms figures with continuous axes, and plain scrolling is
left to the page. Grids of cells cannot be zoomed: the page enlarges any figure instead.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langsig.analysis import SIGNIFICANCE
from langsig.figures.labels import CATEGORY_LABELS, LAYER
from langsig.figures.palette import BLUE, SEQUENTIAL, VERMILION
from langsig.morphology import ALL_WORDS

Specification = dict[str, Any]
PALE = 0.25
"""Opacity of results from too few languages or words."""
_FADED = 0.15
_CHOSEN = "chosen === '' || datum.language === chosen || datum.other === chosen"
_ROW = 19  # pixels, of a grid
ZOOM: Specification = {
    "name": "zoom",
    "select": {
        "type": "interval",
        "zoom": "wheel![event.ctrlKey || event.metaKey]",
    },
    "bind": "scales",
}
ZOOM_X: Specification = ZOOM | {"select": ZOOM["select"] | {"encodings": ["x"]}}
IN_CATEGORY: Specification = {"filter": "datum.category === category"}
IN_SCOPE: Specification = {
    "filter": "datum.scope === scope && (scope !== 'category' || datum.category === category)"
}
SIGNIFICANT = f"datum.p_adjusted !== null && datum.p_adjusted < {SIGNIFICANCE}"
"""Expression: whether a row is significant."""
ENOUGH: Specification = {"condition": {"test": "datum.enough", "value": 1}, "value": PALE}
"""Opacity: rows from too few languages are pale."""
_SCOPES = {
    "category": "the chosen category",
    "combined": "mean over all categories",
    "absences": "absences of categories only",
}


@dataclass(frozen=True)
class Domains:
    """Values of axes and colours, in the same order in every figure."""

    labels: Sequence[str]
    """Labels of the languages, related ones together."""
    colours: Mapping[str, str]
    """Colour of each group of families."""
    categories: Sequence[str]


def chart(
    data: str,
    layers: Sequence[Specification],
    *,
    height: int,
    transform: Sequence[Specification] = (),
    parameters: Sequence[Specification] = (),
) -> Specification:
    """A layered view that fills the width of the page.

    Parameters
    ----------
    data
        Name of the data set.
    height
        In pixels.
    parameters
        In addition to those that all figures have.
    """
    return {
        "data": {"name": data},
        "width": "container",
        "height": height,
        "params": [
            {"name": "chosen", "value": ""},
            {"name": "category", "value": ALL_WORDS},
            {"name": "ink", "value": "#222222"},
            {"name": "faint", "value": "#dddddd"},
            {"name": "failed", "value": {}},
            *parameters,
        ],
        "transform": list(transform),
        "layer": list(layers),
        # The page says so where a figure is empty for the chosen category.
        "usermeta": {
            "byCategory": IN_CATEGORY in transform or IN_SCOPE in transform,
            "byScope": IN_SCOPE in transform,
        },
    }


def choice(
    name: str,
    label: str,
    options: Sequence[Any],
    *,
    value: Any = None,
    labels: Mapping[str, str] | None = None,
) -> Specification:
    """A parameter of one figure with a control below it.

    The control is a slider if the options are 0, 1, ..., and otherwise a menu.

    Parameters
    ----------
    value
        Initial value, by default the first option.
    labels
        Names of the options in the menu, by default the options.
    """
    start = options[0] if value is None else value
    bind: Specification
    if list(options) == list(range(len(options))) and len(options) > 1:
        bind = {"input": "range", "min": 0, "max": options[-1], "step": 1, "name": label}
    else:
        bind = {"input": "select", "options": list(options), "name": label}
        if labels:
            bind["labels"] = [labels[option] for option in options]
    return {"name": name, "value": start, "bind": bind}


def scope_choice(scopes: Sequence[str]) -> Specification:
    """Choice of what a figure is based on: one category, or all of them."""
    options = [scope for scope in _SCOPES if scope in scopes]
    return choice("scope", "based on", options, labels=_SCOPES)


def relabelled(value: str, labels: Mapping[str, str]) -> str:
    """Expression: the label of a value, or the value with spaces for underscores.

    Parameters
    ----------
    value
        An expression, such as ``datum.value``.
    """
    return f"({json.dumps(dict(labels))})[{value}] || replace({value}, regexp('_', 'g'), ' ')"


_CATEGORY = relabelled("datum.value", CATEGORY_LABELS)


def colour(domains: Domains) -> Specification:
    """One colour per family, the same on the whole page; the page draws the key."""
    scale = {"domain": list(domains.colours), "range": list(domains.colours.values())}
    return {"field": "group", "type": "nominal", "scale": scale, "legend": None}


def faded(shown: float = 1, *, pale: str = "false") -> Specification:
    """Opacity that fades all but the highlighted language.

    Parameters
    ----------
    shown
        Opacity of what is not faded.
    pale
        Expression: rows for which it holds are pale.
    """
    conditions = [
        {"test": f"!({_CHOSEN})", "value": _FADED},
        {"test": pale, "value": PALE},
    ]
    return {"condition": conditions, "value": shown}


def tooltip(*fields: str, **formats: str) -> list[Specification]:
    """A tooltip with text fields, followed by numbers in the given formats."""
    texts = [{"field": name, "type": "nominal"} for name in fields]
    numbers = [
        {"field": name, "type": "quantitative", "format": form} for name, form in formats.items()
    ]
    titles = {"p_adjusted": "adjusted p", "n": "languages", "low": "95 % from", "high": "95 % to"}
    return [
        entry | {"title": titles.get(entry["field"], entry["field"].replace("_", " "))}
        for entry in [*texts, *numbers]
    ]


def _marked(category: str) -> str:
    return (
        f"indexof(failed[{category}] || [], datum.value) < 0"
        " ? format(datum.value, 'd') : format(datum.value, 'd') + '*'"
    )


def layer_axis(layers: Sequence[int], *, category: str = "category") -> Specification:
    """Layers on a continuous axis; an asterisk marks those whose fit failed a check.

    Parameters
    ----------
    category
        An expression: the parameter, or a quoted name.
    """
    return {
        "field": "layer",
        "type": "quantitative",
        "title": LAYER,
        "scale": {"domain": [min(layers) - 0.5, max(layers) + 0.5], "nice": False},
        "axis": {"values": list(layers), "grid": False, "labelExpr": _marked(category)},
    }


def layer_cells(*, category: str = "category") -> Specification:
    """Layers as columns or rows of a grid, marked as by :func:`layer_axis`."""
    return unmarked_layer_cells() | {"axis": {"labelAngle": 0, "labelExpr": _marked(category)}}


def unmarked_layer_cells() -> Specification:
    """Layers as columns of a grid without asterisks."""
    return {"field": "layer", "type": "ordinal", "title": LAYER, "axis": {"labelAngle": 0}}


def category_axis(domains: Domains) -> Specification:
    """Categories, all words first; an asterisk marks those with a fit that failed a check."""
    return {
        "field": "category",
        "type": "nominal",
        "title": None,
        "sort": list(domains.categories),
        "axis": {
            "labelAngle": 0,
            "labelExpr": f"({_CATEGORY}) + (failed[datum.value] ? '*' : '')",
        },
    }


def plain_category_axis(domains: Domains) -> Specification:
    """Categories without asterisks, all words first."""
    axis = category_axis(domains)
    return axis | {"axis": axis["axis"] | {"labelExpr": _CATEGORY}}


def slanted(axis: Specification) -> Specification:
    """The same axis with slanted labels, which need less width below a grid."""
    return axis | {"axis": axis.get("axis", {}) | {"labelAngle": -40}}


def language_axis(domains: Domains) -> Specification:
    """Languages as rows or columns, related ones together."""
    return {"field": "label", "type": "nominal", "title": None, "sort": list(domains.labels)}


def grid(
    data: str,
    *,
    x: Specification,
    y: Specification,
    value: Specification,
    rows: int,
    hint: Sequence[Specification],
    transform: Sequence[Specification] = (IN_CATEGORY,),
    parameters: Sequence[Specification] = (),
    opacity: Mapping[str, Any] | None = None,
    mark: str | None = None,
) -> Specification:
    """Cells coloured by `value`, with a dot in those for which the expression `mark` holds."""
    cells: Specification = {
        "mark": {"type": "rect"},
        "encoding": {"color": value, "opacity": opacity or faded(), "tooltip": list(hint)},
    }
    layers = [cells]
    if mark is not None:
        dots: Specification = {
            "type": "point",
            "fill": "#ffffff",
            "stroke": "#111111",
            "strokeWidth": 1,
            "size": 16,
            "opacity": 1,
        }
        layers.append({"transform": [{"filter": mark}], "mark": dots, "encoding": {}})
    specification = chart(
        data, layers, height=max(60, _ROW * rows), transform=transform, parameters=parameters
    )
    specification["encoding"] = {"x": x, "y": y}
    return specification


def sequential(field: str, title: str, **scale: Any) -> Specification:
    """Colour of a number without a midpoint."""
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"scheme": SEQUENTIAL, **scale},
        "legend": {"title": title, "orient": "top", "gradientLength": 140},
    }


def diverging(field: str, title: str) -> Specification:
    """Colour of a correlation: blue below zero, vermilion above."""
    return {
        "field": field,
        "type": "quantitative",
        "scale": {
            "domain": [-1, 1],
            "range": [BLUE, {"expr": "faint"}, VERMILION],
            "interpolate": "rgb",
        },
        "legend": {"title": title, "orient": "top", "gradientLength": 140},
    }


def reference(channel: str, value: float) -> Specification:
    """A dashed line across the view at a value of ``x`` or ``y``."""
    dashed: Specification = {
        "type": "rule", "strokeDash": [4, 4], "color": {"expr": "ink"}, "opacity": 0.5,
    }  # fmt: skip
    return {"mark": dashed, "encoding": {channel: {"datum": value}}}


def forest(
    data: str,
    *,
    x: str,
    title: str,
    y: Specification,
    rows: int,
    color: Specification,
    hint: Sequence[Specification],
    transform: Sequence[Specification] = (IN_CATEGORY,),
    opacity: Specification | None = None,
) -> Specification:
    """Estimates with intervals from ``low`` to ``high``, one per row; a line marks zero."""
    shared: Specification = {
        "color": color, "opacity": opacity or faded(), "tooltip": list(hint),
    }  # fmt: skip
    across = {"field": x, "type": "quantitative", "title": title, "scale": {"zero": False}}
    layers: list[Specification] = [
        reference("x", 0),
        {
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {"x": across | {"field": "low"}, "x2": {"field": "high"}, "y": y, **shared},
        },
        {
            "params": [ZOOM_X],
            "mark": {"type": "point", "filled": True, "size": 50},
            "encoding": {"x": across, "y": y, **shared},
        },
    ]
    return chart(data, layers, height=max(60, _ROW * rows), transform=transform)
