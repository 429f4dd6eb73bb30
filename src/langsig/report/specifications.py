"""The figures of the page as Vega-Lite specifications, from the tables that they show."""

from collections.abc import Sequence

import pandas as pd

from langsig.figures.labels import (
    JOINING_DISTANCE,
    LAYER,
    MEASURE_LABELS,
    NORMALISATION_LABELS,
    PROPERTY_LABELS,
    SOURCE_LABELS,
    readable,
)
from langsig.figures.palette import BLUE, GREEN, GREY, PURPLE, SKY, VERMILION
from langsig.morphology import ALL_WORDS
from langsig.report.charts import (
    ENOUGH,
    IN_CATEGORY,
    IN_SCOPE,
    SIGNIFICANT,
    ZOOM,
    ZOOM_X,
    Domains,
    Specification,
    category_axis,
    chart,
    choice,
    colour,
    diverging,
    faded,
    forest,
    grid,
    language_axis,
    layer_axis,
    layer_cells,
    plain_category_axis,
    reference,
    relabelled,
    scope_choice,
    sequential,
    slanted,
    tooltip,
    unmarked_layer_cells,
)
from langsig.report.results import EXPERIMENTAL
from langsig.report.statistics import RELATEDNESS
from langsig.schemas import (
    AverageSignatures,
    BaselineAgreement,
    Correlations,
    Diagnostics,
    Distances,
    Findings,
    Intervals,
    LearningCurves,
    RankSweep,
    ScoreCorrelations,
    Spread,
    Table,
    Trees,
    TreeStatistics,
    VarianceTests,
)
from langsig.terms import AVERAGE_SIGNATURE, MEASURES

_OF_ALL_WORDS = f"'{ALL_WORDS}'"
_LANGUAGE = ("name", "family")
_FITS = "{joint: 'joint fit', separate: 'separate fits'}"
_VARIANT = (
    f"datum.measure === '{AVERAGE_SIGNATURE}' ? "
    f"({relabelled('datum.source', SOURCE_LABELS)}) + ', ' + "
    f"({relabelled('datum.normalise', NORMALISATION_LABELS)}) : "
    f"{relabelled('datum.measure', MEASURE_LABELS)}"
)


def _layers(table: Table) -> list[int]:
    return sorted(int(layer) for layer in table.frame["layer"].unique())


def learning_curves(
    curves: LearningCurves, *, margin: float | None, domains: Domains
) -> Specification:
    """Gain of each model over the course of training; the multilingual model has a thick line."""
    x: Specification = {
        "field": "share",
        "type": "quantitative",
        "title": "share of the training steps",
        "axis": {"format": "%", "tickCount": 5, "grid": False},
        "scale": {"domain": [0, 1]},
    }
    y: Specification = {"field": "gain", "type": "quantitative", "title": "nats per token"}
    control: Specification = {
        "params": [ZOOM],
        "transform": [{"filter": f"datum.language !== '{EXPERIMENTAL}'"}],
        "mark": {"type": "line", "point": {"size": 18}, "strokeWidth": 1.5},
        "encoding": {
            "x": x,
            "y": y,
            "color": colour(domains),
            "detail": {"field": "language"},
            "opacity": faded(0.85),
            "tooltip": tooltip(*_LANGUAGE, "step", gain=".2f"),
        },
    }
    layers = [control]
    if (curves.frame["model"] == EXPERIMENTAL).any():
        layers.append(
            {
                "transform": [{"filter": f"datum.language === '{EXPERIMENTAL}'"}],
                "mark": {"type": "line", "strokeWidth": 3.5, "color": {"expr": "ink"}},
                "encoding": {"x": x, "y": y},
            }
        )
    if margin is not None:
        layers.insert(0, reference("y", margin))
    return chart("learning", layers, height=280)


def violins(averages: AverageSignatures, *, domains: Domains) -> Specification:
    """Distribution of the average signatures over languages in each layer."""
    x = layer_axis(_layers(averages))
    y: Specification = {
        "field": "average_signature",
        "type": "quantitative",
        "title": "average signature",
        "scale": {"zero": False, "padding": 12},
    }
    outline = [
        {
            "joinaggregate": [{"op": "distinct", "field": "average_signature", "as": "different"}],
            "groupby": ["layer"],
        },
        {"filter": "datum.different > 2"},
        {
            "density": "average_signature",
            "groupby": ["layer"],
            "as": ["value", "density"],
            "steps": 50,
        },
        {
            "joinaggregate": [{"op": "max", "field": "density", "as": "highest"}],
            "groupby": ["layer"],
        },
        {"calculate": "datum.layer - 0.4 * datum.density / datum.highest", "as": "left"},
        {"calculate": "datum.layer + 0.4 * datum.density / datum.highest", "as": "right"},
    ]
    density: Specification = {
        "transform": outline,
        "mark": {"type": "area", "orient": "horizontal", "color": {"expr": "faint"}},
        "encoding": {
            "y": y | {"field": "value"},
            "x": x | {"field": "left"},
            "x2": {"field": "right"},
            "detail": {"field": "layer"},
        },
    }
    mean: Specification = {
        "mark": {"type": "line", "color": {"expr": "ink"}, "strokeWidth": 1.5},
        "encoding": {"x": x, "y": y | {"aggregate": "mean"}},
    }
    highlighted: Specification = {
        "mark": {"type": "line", "strokeWidth": 2.5},
        "encoding": {
            "x": x,
            "y": y,
            "color": colour(domains),
            "detail": {"field": "language"},
            "opacity": {"condition": {"test": "datum.language === chosen", "value": 1}, "value": 0},
        },
    }
    dots: Specification = {
        "params": [ZOOM],
        "mark": {"type": "circle", "size": 45},
        "encoding": {
            "x": x,
            "y": y,
            "color": colour(domains),
            "opacity": faded(0.9),
            "tooltip": tooltip(*_LANGUAGE, "layer", average_signature=".3f"),
        },
    }
    return chart(
        "average_signatures",
        [density, mean, highlighted, dots],
        height=320,
        transform=[IN_CATEGORY],
    )


def heatmap(*, domains: Domains) -> Specification:
    """Average signature of each language in each layer."""
    return grid(
        "average_signatures",
        x=layer_cells(),
        y={
            "field": "label",
            "type": "nominal",
            "title": None,
            "sort": {"op": "mean", "field": "average_signature", "order": "descending"},
        },
        value=sequential("average_signature", "average signature"),
        rows=len(domains.labels),
        hint=tooltip(*_LANGUAGE, "layer", average_signature=".3f"),
    )


def intervals(estimates: Intervals, *, domains: Domains) -> Specification:
    """Average signatures of all words with 95 % intervals, by source and normalisation."""
    table = estimates.frame
    return _intervals(
        "intervals",
        table,
        title="average signature",
        domains=domains,
        shown="datum.source === source && datum.normalise === normalise",
        parameters=[
            choice("source", "source", table["source"].unique().tolist(), labels=SOURCE_LABELS),
            choice(
                "normalise", "hidden states", table["normalise"].unique().tolist(),
                labels=NORMALISATION_LABELS,
            ),
        ],
    )  # fmt: skip


def learned(table: pd.DataFrame, *, domains: Domains) -> Specification:
    """Learned signatures with 95 % intervals, by measure."""
    known = set(table["measure"])
    measures = [measure for measure in MEASURES if measure in known]  # the first one is shown
    return _intervals(
        "learned",
        table,
        title="learned signature",
        domains=domains,
        shown="datum.measure === measure",
        parameters=[choice("measure", "measure", measures, labels=MEASURE_LABELS)],
    )


def _intervals(
    data: str,
    table: pd.DataFrame,
    *,
    title: str,
    domains: Domains,
    shown: str,
    parameters: list[Specification],
) -> Specification:
    """Values with intervals over the layers; hollow dots are not distinguishable from chance."""
    x = layer_axis(sorted(map(int, table["layer"].unique())), category=_OF_ALL_WORDS)
    y: Specification = {
        "type": "quantitative",
        "title": title,
        "scale": {"zero": False, "padding": 12},
    }
    by_chance = f"datum.p_adjusted !== null && !({SIGNIFICANT})"
    shared: Specification = {"x": x, "color": colour(domains), "detail": {"field": "language"}}
    bars: Specification = {
        "mark": {"type": "rule"},
        "encoding": {
            **shared,
            "y": y | {"field": "low"},
            "y2": {"field": "high"},
            "opacity": faded(0.6),
        },
    }
    lines: Specification = {
        "mark": {"type": "line", "strokeWidth": 1.5},
        "encoding": {**shared, "y": y | {"field": "average_signature"}, "opacity": faded(0.8)},
    }
    dots: Specification = {
        "params": [ZOOM],
        "mark": {"type": "point", "size": 36, "opacity": 1},
        "encoding": {
            **shared,
            "y": y | {"field": "average_signature"},
            "opacity": faded(),
            "fill": {"condition": {"test": by_chance, "value": None}, **colour(domains)},
            "tooltip": tooltip(
                *_LANGUAGE, "layer",
                average_signature=".3f", low=".3f", high=".3f", p_adjusted=".3f", words=",",
            ),
        },
    }  # fmt: skip
    return chart(
        data,
        [bars, lines, dots],
        height=320,
        transform=[{"filter": shown}],
        parameters=parameters,
    )


def finding(findings: Findings) -> Specification:
    """One finding in all variants, from the rows that state it."""
    table = findings.frame
    return forest(
        "findings",
        x="estimate",
        title="estimate with 95 % interval",
        y={
            "field": "variant", "type": "nominal", "title": None, "sort": None,
            "axis": {"labelLimit": 290},
        },
        rows=len(table) + 1,
        color={
            "field": "holds",
            "type": "nominal",
            "scale": {"domain": ["yes", "undecided", "no"], "range": [GREEN, GREY, VERMILION]},
            "legend": {"orient": "top", "title": "finding holds"},
        },
        hint=tooltip(
            "variant", "language", "opponent", "holds", estimate=".3f", low=".3f", high=".3f"
        ),
        transform=[
            {"filter": {"field": "finding", "equal": table["finding"].iloc[0]}},
            {"filter": "datum.scope === 'all' || isValid(datum.opponent)"},
            {"calculate": _VARIANT, "as": "variant"},
        ],
        opacity={"value": 1},
    )  # fmt: skip


def trend_grid(*, domains: Domains) -> Specification:
    """Kendall's tau of every language and category."""
    return grid(
        "trends",
        x=slanted(category_axis(domains)),
        y=language_axis(domains),
        value=diverging("tau", "Kendall's tau"),
        rows=len(domains.labels),
        hint=tooltip(*_LANGUAGE, "category", tau=".2f", p=".3f", p_adjusted=".3f"),
        transform=[],
        mark=SIGNIFICANT,
    )


def slopes(*, domains: Domains) -> Specification:
    """Sen's slope of every language in the chosen category."""
    return forest(
        "trends",
        x="slope",
        title="change per layer",
        y=language_axis(domains),
        rows=len(domains.labels),
        color=colour(domains),
        hint=tooltip(*_LANGUAGE, slope=".4f", low=".4f", high=".4f", p_adjusted=".3f"),
    )


def spread(table: Spread) -> Specification:
    """Variance over languages in each layer."""
    ink = {"expr": "ink"}
    line: Specification = {
        "params": [ZOOM],
        "mark": {"type": "line", "point": {"color": ink}, "color": ink},
        "encoding": {
            "x": layer_axis(_layers(table)),
            "y": {"field": "variance", "type": "quantitative", "title": "variance over languages"},
            "tooltip": tooltip("layer", "languages", mean=".3f", variance=".3g"),
        },
    }
    return chart("spread", [line], height=220, transform=[IN_CATEGORY])


_CORRELATION = tooltip(
    "property", "category", "layer", "n",
    pearson=".2f", low=".2f", high=".2f", p_adjusted=".3f", spearman=".2f",
)  # fmt: skip


def _property_axis() -> Specification:
    return {
        "field": "property",
        "type": "nominal",
        "title": None,
        "axis": {
            "labelAngle": -40,
            "labelLimit": 240,
            "labelExpr": relabelled("datum.value", PROPERTY_LABELS),
        },
    }


def correlations_by_category(table: Correlations, *, domains: Domains) -> Specification:
    """Correlations of the average over the layers, by property and category."""
    return grid(
        "correlations",
        x=_property_axis(),
        y=category_axis(domains),
        value=diverging("pearson", "Pearson's r"),
        rows=table.frame["category"].nunique(),
        hint=_CORRELATION,
        transform=[{"filter": "datum.scope === 'mean'"}],
        opacity=ENOUGH,
        mark=SIGNIFICANT,
    )


def correlations_by_layer(table: Correlations) -> Specification:
    """Correlations in the chosen category, by property and layer."""
    return grid(
        "correlations",
        x=_property_axis(),
        y=layer_cells(),
        value=diverging("pearson", "Pearson's r"),
        rows=table.frame["layer"].nunique(),
        hint=_CORRELATION,
        transform=[IN_CATEGORY, {"filter": "datum.scope === 'layer'"}],
        opacity=ENOUGH,
        mark=SIGNIFICANT,
    )


def benchmarks(table: ScoreCorrelations) -> Specification:
    """Correlations with benchmark scores, by score and layer."""
    rows = table.frame[["task", "metric", "model"]].drop_duplicates()
    score = "datum.task + ', ' + datum.metric + ', ' + datum.model"
    return grid(
        "benchmarks",
        x=layer_cells(category=_OF_ALL_WORDS),
        y={"field": "score", "type": "nominal", "title": None, "axis": {"labelLimit": 220}},
        value=diverging("pearson", "Pearson's r"),
        rows=len(rows),
        hint=tooltip(
            "task", "metric", "model", "layer", "n",
            pearson=".2f", low=".2f", high=".2f", p_adjusted=".3f",
        ),
        transform=[{"filter": "datum.scope === 'layer'"}, {"calculate": score, "as": "score"}],
        opacity=ENOUGH,
        mark=SIGNIFICANT,
    )  # fmt: skip


def distance_matrix(distances: Distances, *, domains: Domains) -> Specification:
    """Distance of every pair of languages in one layer.

    The colours span all distances, so that layers and categories can be compared.
    """
    table, layers = distances.frame, _layers(distances)
    both_halves: list[Specification] = [
        {"calculate": "[datum.label, datum.other_label]", "as": "column"},
        {"calculate": "[datum.other_label, datum.label]", "as": "row"},
        {"flatten": ["column", "row"]},
    ]
    labels = language_axis(domains)
    span = [float(table["distance"].min()), float(table["distance"].max())]
    return grid(
        "distances",
        x=labels | {"field": "column", "axis": {"labelAngle": -90}},
        y=labels | {"field": "row"},
        value=sequential("distance", "cosine distance", reverse=True, domain=span),
        rows=len(domains.labels),
        hint=tooltip("name", "other_name", distance=".3f"),
        transform=[IN_SCOPE, {"filter": "datum.layer === layer"}, *both_halves],
        parameters=[
            scope_choice(table["scope"].unique().tolist()),
            choice("layer", "layer", layers, value=layers[-1]),
        ],
    )


def relatedness(distances: Distances) -> Specification:
    """Mean distance by layer, of pairs in one genus, in one family, and in different families."""
    line: Specification = {
        "params": [ZOOM],
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": layer_axis(_layers(distances)),
            "y": {
                "field": "distance",
                "type": "quantitative",
                "title": "mean cosine distance",
                "scale": {"zero": False, "padding": 12},
            },
            "color": {
                "field": "related",
                "type": "nominal",
                "scale": {"domain": [*RELATEDNESS], "range": [GREEN, SKY, GREY]},
                "legend": {"orient": "top", "title": None},
            },
            "tooltip": tooltip("related", "layer", "pairs", distance=".3f"),
        },
    }
    return chart(
        "relatedness",
        [line],
        height=280,
        transform=[IN_SCOPE],
        parameters=[scope_choice(distances.frame["scope"].unique().tolist())],
    )


def tree(trees: Trees, *, domains: Domains) -> Specification:
    """The tree of one layer. Heights are the distances at which clusters join."""
    layers = _layers(trees)
    x: Specification = {
        "field": "height",
        "type": "quantitative",
        "title": JOINING_DISTANCE,
        "axis": {"tickCount": 5, "labelOverlap": True},
        "scale": {"reverse": True, "nice": False},
    }
    y: Specification = {
        "field": "position",
        "type": "quantitative",
        "axis": None,
        "scale": {"zero": False, "reverse": True},
    }
    shown: Sequence[Specification] = [IN_SCOPE, {"filter": "datum.layer === layer"}]
    lines: Specification = {
        "mark": {"type": "rule", "color": {"expr": "ink"}, "strokeCap": "round"},
        "encoding": {"x": x, "x2": {"field": "height2"}, "y": y, "y2": {"field": "position2"}},
    }
    names: Specification = {
        "data": {"name": "tree_leaves"},
        "transform": shown,
        "mark": {"type": "text", "align": "left", "dx": 6, "fontSize": 12},
        "encoding": {
            "x": {"datum": 0},
            "y": y,
            "text": {"field": "name"},
            "color": colour(domains),
            "opacity": faded(),
            "tooltip": tooltip("name", "family", "genus"),
        },
    }
    specification = chart(
        "tree_lines",
        [lines, names],
        height=max(100, 20 * len(domains.labels)),
        transform=shown,
        parameters=[
            scope_choice(trees.frame["scope"].unique().tolist()),
            choice("layer", "layer", layers, value=layers[-1]),
        ],
    )
    # The names stand to the right of the axes, where a figure that can be panned would clip them.
    return specification | {"padding": {"right": 110, "left": 5, "top": 5, "bottom": 5}}


def tree_statistics(statistics: TreeStatistics) -> Specification:
    """Statistics of the trees by layer, and their values by chance."""
    x = layer_axis(_layers(statistics))
    y: Specification = {"type": "quantitative", "title": "agreement with known families"}
    statistic: Specification = {
        "field": "statistic",
        "type": "nominal",
        "scale": {"range": [BLUE, VERMILION, GREEN, PURPLE]},
        "legend": {"orient": "top", "title": None, "columns": 2},
    }
    chance: Specification = {
        "mark": {"type": "line", "strokeDash": [3, 3], "strokeWidth": 1},
        "encoding": {"x": x, "y": y | {"field": "expected"}, "color": statistic},
    }
    observed: Specification = {
        "mark": {"type": "line", "strokeWidth": 1.5},
        "encoding": {"x": x, "y": y | {"field": "value"}, "color": statistic},
    }
    dots: Specification = {
        "params": [ZOOM],
        "mark": {"type": "circle"},
        "encoding": {
            "x": x,
            "y": y | {"field": "value"},
            "color": statistic,
            "size": {"condition": {"test": SIGNIFICANT, "value": 110}, "value": 25},
            "opacity": ENOUGH,
            "tooltip": tooltip(
                "statistic", "layer", "n", value=".2f", expected=".2f", p=".3f", p_adjusted=".3f"
            ),
        },
    }
    return chart(
        "tree_statistics",
        [chance, observed, dots],
        height=280,
        transform=[IN_SCOPE],
        parameters=[scope_choice(statistics.frame["scope"].unique().tolist())],
    )


def variance_ratios(tests: VarianceTests) -> Specification:
    """Variance of diverse languages over that of related ones, by set and layer."""
    sets = tests.frame[["fit", "related"]].drop_duplicates()
    dots: Specification = {
        "params": [ZOOM_X],
        "mark": {"type": "circle", "size": 70},
        "encoding": {
            "x": {
                "field": "ratio",
                "type": "quantitative",
                "scale": {"type": "log", "padding": 12},
                "title": "variance of diverse over related languages",
            },
            "y": {"field": "sets", "type": "nominal", "title": None, "axis": {"labelLimit": 220}},
            "color": {
                "field": "layer",
                "type": "ordinal",
                "scale": {"scheme": "viridis"},
                "legend": {"orient": "top"},
            },
            "opacity": ENOUGH,
            "tooltip": tooltip(
                "related", "fit", "layer", "test", "diverse_languages", "related_languages",
                ratio=".2f", p=".3f", p_adjusted=".3f",
            ),
        },
    }  # fmt: skip
    return chart(
        "variance_tests",
        [reference("x", 1), dots],
        height=max(80, 30 * len(sets)),
        transform=[
            IN_CATEGORY,
            {"calculate": f"datum.related + ', ' + ({_FITS})[datum.fit]", "as": "sets"},
        ],
    )


def baseline_agreement(agreement: BaselineAgreement) -> Specification:
    """Rank correlation of simpler measures with the average signature, by measure and layer."""
    return grid(
        "baseline_agreement",
        x=layer_cells(),
        y={
            "field": "measure",
            "type": "nominal",
            "title": None,
            "axis": {"labelExpr": relabelled("datum.value", {})},
        },
        value=diverging("spearman", "Spearman's correlation"),
        rows=agreement.frame["measure"].nunique() + 1,
        hint=tooltip("measure", "layer", "languages", spearman=".2f"),
        opacity={"value": 1},
    )


def fits(*, domains: Domains) -> Specification:
    """The fit of every language with its interval, mean over the inner layers."""
    return forest(
        "outcomes",
        x="fit",
        title="share of the canonical slice that shared directions explain",
        y=language_axis(domains),
        rows=len(domains.labels),
        color=colour(domains),
        hint=tooltip(
            "language", fit=".2f", low=".2f", high=".2f", null=".2f", untrained=".2f",
            transfer=".2f", probe=".2f",
        ),
        transform=[],
        opacity={"value": 1},
    )  # fmt: skip


def outcome_layers(table: pd.DataFrame) -> Specification:
    """Means over the languages by layer, one line per outcome."""
    names = [str(name) for name in table["outcome"].unique()]
    short = {"probe_untrained": "probe, random weights"}
    line: Specification = {
        "params": [ZOOM],
        "transform": [
            {"calculate": relabelled("datum.outcome", short), "as": "shown"},
        ],
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {
                "field": "layer", "type": "quantitative", "title": LAYER,
                "axis": {"format": "d", "tickMinStep": 1},
            },
            "y": {"field": "value", "type": "quantitative", "title": "fit or accuracy"},
            "color": {
                "field": "shown",
                "type": "nominal",
                "scale": {
                    "domain": [readable(name, short) for name in names],
                    "range": [VERMILION, BLUE, SKY, GREEN, PURPLE, GREY][: len(names)],
                },
                "legend": {"orient": "top", "title": None, "columns": 3},
            },
            "tooltip": tooltip("shown", "layer", value=".3f"),
        },
    }  # fmt: skip
    return chart("outcome_layers", [line], height=240)


def ranks(sweep: RankSweep) -> Specification:
    """Errors and agreement of starts by rank, in one layer."""
    layers = _layers(sweep)
    used = sweep.frame.loc[sweep.frame["in_use"], "rank"].unique()
    names = {
        "relative_error": "error",
        "held_out_error": "held-out error",
        "agreement": "agreement of starts",
    }
    x: Specification = {
        "field": "rank",
        "type": "quantitative",
        "title": "number of components",
        "scale": {"type": "log", "base": 2, "nice": False, "padding": 12},
        "axis": {
            "format": "d",
            "values": sorted(int(rank) for rank in sweep.frame["rank"].unique()),
        },
    }
    lines: Specification = {
        "params": [ZOOM],
        "transform": [
            {"filter": "datum.layer === layer"},
            {"fold": list(names), "as": ["quantity", "value"]},
            {"calculate": relabelled("datum.quantity", names), "as": "shown"},
        ],
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": x,
            "y": {
                "field": "value", "type": "quantitative", "title": "error or agreement",
                "scale": {"padding": 6},
            },
            "color": {
                "field": "shown",
                "type": "nominal",
                "scale": {"domain": list(names.values()), "range": [SKY, BLUE, VERMILION]},
                "legend": {"orient": "top", "title": None},
            },
            "tooltip": tooltip("rank", "shown", "converged", value=".3f"),
        },
    }  # fmt: skip
    return chart(
        "ranks",
        [*(reference("x", float(rank)) for rank in used), lines],
        height=260,
        parameters=[choice("layer", "layer", layers)],
    )


def factorisation_errors(factorizations: Diagnostics, *, domains: Domains) -> Specification:
    """Relative error of each fit, by category and layer."""
    return grid(
        "factorizations",
        x=unmarked_layer_cells(),
        y=category_axis(domains),
        value=sequential("relative_error", "relative error"),
        rows=factorizations.frame["category"].nunique(),
        hint=tooltip(
            "category", "layer", "languages", "failed_checks",
            relative_error=".3f", rank_correlation=".2f", blueprint_condition=".0f",
        ),
        transform=[],
        opacity={"value": 1},
        mark="isValid(datum.failed_checks)",
    )  # fmt: skip


def coverage(*, domains: Domains) -> Specification:
    """Number of words of every language and category."""
    return grid(
        "coverage",
        x=slanted(plain_category_axis(domains)),
        y=language_axis(domains),
        value=sequential("words", "words", type="log"),
        rows=len(domains.labels),
        hint=tooltip("name", "category", words=","),
        transform=[],
        opacity=faded(pale="!datum.enough"),
    )
