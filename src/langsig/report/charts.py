"""Vega-Lite specifications as plain dictionaries.

All of them know the parameters that the page sets in every view at once: ``chosen``, the language
singled out (empty: none), ``category``, ``flagged``, the layers of each category whose fit fails
its checks, and the colours ``ink`` and ``faint`` of the theme. Data are named, and put in by the
page, which gives every row with a ``language`` its ``label``, ``name``, ``family``, ``genus`` and
``group`` (see :class:`langsig.report.results.Results`).

Drag moves and Ctrl with the wheel zooms what has continuous axes; plain scrolling is left to the
page. Grids of cells have nothing to zoom into: the page shows any figure larger instead.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from langsig.morphology import ALL_WORDS
from langsig.report.results import Results

Spec = dict[str, Any]
SIGNIFICANT = 0.05
_FADED = 0.15
PALE = 0.25
_CHOSEN = "chosen === '' || datum.language === chosen || datum.other === chosen"
_ROW = 19  # pixels, of a grid
ZOOM: Spec = {
    "name": "zoom",
    "select": {
        "type": "interval",
        "zoom": "wheel![event.ctrlKey || event.metaKey]",
    },
    "bind": "scales",
}
ZOOM_ACROSS: Spec = ZOOM | {"select": ZOOM["select"] | {"encodings": ["x"]}}
IN_CATEGORY: Spec = {"filter": "datum.category === category"}


def chart(
    data: str,
    layers: Sequence[Spec],
    *,
    height: int,
    transform: Sequence[Spec] = (),
    params: Sequence[Spec] = (),
) -> Spec:
    """A layered view as wide as the page lets it be; `height` in pixels."""
    return {
        "data": {"name": data},
        "width": "container",
        "height": height,
        "params": [
            {"name": "chosen", "value": ""},
            {"name": "category", "value": ALL_WORDS},
            {"name": "ink", "value": "#222222"},
            {"name": "faint", "value": "#dddddd"},
            {"name": "flagged", "value": {}},
            *params,
        ],
        "transform": list(transform),
        "layer": list(layers),
    }


def choice(name: str, label: str, options: Sequence[Any], value: Any = None) -> Spec:
    """A parameter of one figure, chosen below it: a slider for a run of whole numbers."""
    start = options[0] if value is None else value
    if list(options) == list(range(len(options))) and len(options) > 1:
        bind = {"input": "range", "min": 0, "max": options[-1], "step": 1, "name": label}
    else:
        bind = {"input": "select", "options": list(options), "name": label}
    return {"name": name, "value": start, "bind": bind}


def colour(results: Results) -> Spec:
    """One colour a family, the same on the whole page; the page draws the key."""
    colours = results.colours
    scale = {"domain": list(colours), "range": list(colours.values())}
    return {"field": "group", "type": "nominal", "scale": scale, "legend": None}


def faded(shown: float = 1, *, pale: str = "false") -> Spec:
    """Opacity: what is not of the language singled out fades; pale where the expression holds."""
    conditions = [
        {"test": f"!({_CHOSEN})", "value": _FADED},
        {"test": pale, "value": PALE},
    ]
    return {"condition": conditions, "value": shown}


def tips(*fields: str, **formats: str) -> list[Spec]:
    """Tooltip: fields as they are, then numbers by format."""
    texts = [{"field": field, "type": "nominal"} for field in fields]
    numbers = [
        {"field": field, "type": "quantitative", "format": form} for field, form in formats.items()
    ]
    return [tip | {"title": tip["field"].replace("_", " ")} for tip in [*texts, *numbers]]


def _marked(category: str) -> str:
    return (
        f"indexof(flagged[{category}] || [], datum.value) < 0"
        " ? format(datum.value, 'd') : format(datum.value, 'd') + '*'"
    )


def layer_axis(layers: Sequence[int], *, category: str = "category") -> Spec:
    """Layers on a continuous axis; an asterisk marks those whose fit fails its checks.

    `category` is an expression: the parameter, or a quoted name.
    """
    return {
        "field": "layer",
        "type": "quantitative",
        "title": "layer (0: embeddings)",
        "scale": {"domain": [min(layers) - 0.5, max(layers) + 0.5], "nice": False},
        "axis": {"values": list(layers), "grid": False, "labelExpr": _marked(category)},
    }


def layer_cells(*, category: str = "category") -> Spec:
    """Layers as columns or rows of a grid, marked as by :func:`layer_axis`."""
    return plain_layer_cells() | {"axis": {"labelAngle": 0, "labelExpr": _marked(category)}}


def plain_layer_cells() -> Spec:
    """Layers as columns of a grid without marks."""
    return {
        "field": "layer",
        "type": "ordinal",
        "title": "layer (0: embeddings)",
        "axis": {"labelAngle": 0},
    }


def grid(
    data: str,
    *,
    x: Spec,
    y: Spec,
    value: Spec,
    rows: int,
    tooltip: Sequence[Spec],
    transform: Sequence[Spec] = (IN_CATEGORY,),
    params: Sequence[Spec] = (),
    opacity: Mapping[str, Any] | None = None,
    mark: str | None = None,
) -> Spec:
    """Cells coloured by `value`; a dot in those for which the expression `mark` holds."""
    cells: Spec = {
        "mark": {"type": "rect"},
        "encoding": {
            "color": value,
            "opacity": opacity or faded(),
            "tooltip": list(tooltip),
        },
    }
    layers = [cells]
    if mark is not None:
        dots: Spec = {
            "type": "point",
            "fill": "#ffffff",
            "stroke": "#111111",
            "strokeWidth": 1,
            "size": 16,
            "opacity": 1,
        }
        layers.append({"transform": [{"filter": mark}], "mark": dots, "encoding": {}})
    spec = chart(
        data, layers, height=max(60, _ROW * rows), transform=transform, params=params
    )  # fmt: skip
    spec["encoding"] = {"x": x, "y": y}
    return spec


def sequential(field: str, title: str, **scale: Any) -> Spec:
    """Colour of a number without a middle."""
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"scheme": "cividis", **scale},
        "legend": {"title": title, "orient": "top", "gradientLength": 140},
    }


def diverging(field: str, title: str) -> Spec:
    """Colour of a correlation: blue below zero, vermilion above."""
    return {
        "field": field,
        "type": "quantitative",
        "scale": {
            "domain": [-1, 1],
            "range": ["#0072B2", {"expr": "faint"}, "#D55E00"],
            "interpolate": "rgb",
        },
        "legend": {"title": title, "orient": "top", "gradientLength": 140},
    }


def category_axis(results: Results) -> Spec:
    """Categories, all words first; an asterisk marks those with a fit that fails its checks."""
    return {
        "field": "category",
        "type": "nominal",
        "title": None,
        "sort": results.categories,
        "axis": {
            "labelAngle": 0,
            "labelExpr": "flagged[datum.value] ? datum.label + '*' : datum.label",
        },
    }


def slanted(axis: Spec) -> Spec:
    """The same with labels that have room below a grid."""
    return axis | {"axis": axis.get("axis", {}) | {"labelAngle": -40}}


def label_axis(results: Results) -> Spec:
    """Languages as rows, relatives together."""
    return {
        "field": "label",
        "type": "nominal",
        "title": None,
        "sort": results.languages["label"].tolist(),
    }


def reference(channel: str, place: float) -> Spec:
    """A dashed line across the view, at a place on ``x`` or ``y``."""
    dashed: Spec = {"type": "rule", "strokeDash": [4, 4], "color": {"expr": "ink"}, "opacity": 0.5}
    return {"mark": dashed, "encoding": {channel: {"datum": place}}}


def forest(
    data: str,
    *,
    x: str,
    title: str,
    y: Spec,
    rows: int,
    color: Spec,
    tooltip: Sequence[Spec],
    transform: Sequence[Spec] = (IN_CATEGORY,),
    opacity: Spec | None = None,
) -> Spec:
    """Estimates, and intervals from ``low`` to ``high``, one below the other; a line marks zero."""
    shared: Spec = {"color": color, "opacity": opacity or faded(), "tooltip": list(tooltip)}
    across = {"field": x, "type": "quantitative", "title": title, "scale": {"zero": False}}
    layers: list[Spec] = [
        reference("x", 0),
        {
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {"x": across | {"field": "low"}, "x2": {"field": "high"}, "y": y, **shared},
        },
        {
            "params": [ZOOM_ACROSS],
            "mark": {"type": "point", "filled": True, "size": 50},
            "encoding": {"x": across, "y": y, **shared},
        },
    ]
    return chart(data, layers, height=max(60, _ROW * rows), transform=transform)
