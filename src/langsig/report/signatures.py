"""Sections on average signatures themselves: levels, findings, trends, spread."""

import numpy as np
from scipy.stats import chi2

from langsig.morphology import ALL_WORDS
from langsig.report.charts import (
    IN_CATEGORY,
    SIGNIFICANT,
    ZOOM,
    Spec,
    category_axis,
    chart,
    choice,
    colour,
    diverging,
    faded,
    forest,
    grid,
    label_axis,
    layer_axis,
    layer_cells,
    sequential,
    slanted,
    tips,
)
from langsig.report.parts import (
    Figure,
    Section,
    Table,
    counted,
    interval,
    number,
    range_of,
    significant,
)
from langsig.report.results import Results, listed

_OF_ALL_WORDS = f"'{ALL_WORDS}'"
_VERDICTS = {"domain": ["yes", "undecided", "no"], "range": ["#009E73", "#8C8C8C", "#D55E00"]}
_LANGUAGE = ("name", "family")


def averages(results: Results) -> Section | None:
    """Average signatures by layer and language (paper, figure 2), with their intervals."""
    if not results.has_all_words("average_signatures"):
        return None
    table = results.of("average_signatures")
    layers = table.groupby("layer")["average_signature"].mean()
    levels = table.groupby("language")["average_signature"].mean()
    high, low = str(levels.idxmax()), str(levels.idxmin())
    says = (
        f"All words: the mean over {counted(len(levels), 'language')} goes from "
        f"{number(layers.iloc[0])} in layer {layers.index[0]} to {number(layers.iloc[-1])} in "
        f"layer {layers.index[-1]}; {results.name(high)} is highest ({number(levels[high])} over "
        f"the layers), {results.name(low)} lowest ({number(levels[low])})."
    )
    data = {"average_signatures": results.tables["average_signatures"]}
    figures = [
        Figure(
            "Distribution over the languages",
            "Dots are languages, the outline is their density, the line their mean. "
            "* the fit of this layer fails its checks; † the model has not learnt.",
            _violins(results),
            key=True,
        ),
        Figure("Every language", "From the highest mean to the lowest.", _levels(results)),
    ]
    tables = [Table("Average signatures", "average_signatures")]
    sure = results.doubts()
    if results.has("intervals"):
        data["intervals"] = results.tables["intervals"]
        sure = f"{_told(results)} {sure}"
        figures.append(
            Figure(
                "With 95 % intervals, all words",
                "Hollow: not told from unrelated vectors. Beside the models of this run: equal "
                "numbers of words, untrained models, and states brought to a variance of 1.",
                _intervals(results),
                key=True,
            )
        )
        tables.append(Table("Intervals, all words", "intervals"))
    limits = f"{_scale(results)} One training seed a model: what other seeds would give is unknown."
    return Section(
        "signatures", "Average signatures", says, sure, limits, data, figures, tables
    )  # fmt: skip


def _told(results: Results) -> str:
    table = results.tables["intervals"].query("source == 'trained' and normalise == 'none'")
    if table.empty:
        return ""
    width = ((table["high"] - table["low"]) / 2 / table["average_signature"]).median()
    return (
        f"95 % intervals over sentences and starts are ±{100 * width:.1f} % (median); "
        f"{len(significant(table))} of {len(table)} signatures are told from those of unrelated "
        "vectors (adjusted p up to .05; one correction a layer)."
    )


def _scale(results: Results) -> str:
    said = "Levels follow the scale of hidden states and the number of words"
    if not results.has("baseline_agreement"):
        return f"{said}."
    agreement = results.of("baseline_agreement").groupby("measure")["spearman"].median()
    if "experimental_variance" not in agreement:
        return f"{said}."
    return (
        f"{said}: the total variance of the multilingual model's states by itself ranks the "
        f"languages at Spearman {agreement['experimental_variance']:.2f} with them (median over "
        "layers)."
    )


def _layers(results: Results, name: str = "average_signatures") -> list[int]:
    return sorted(int(layer) for layer in results.tables[name]["layer"].unique())


def _violins(results: Results) -> Spec:
    layers = _layers(results)
    value: Spec = {
        "field": "average_signature", "type": "quantitative", "title": "average signature",
        "scale": {"zero": False, "padding": 12},
    }  # fmt: skip
    outline = [
        {"joinaggregate": [{"op": "distinct", "field": "average_signature", "as": "different"}],
         "groupby": ["layer"]},
        {"filter": "datum.different > 2"},
        {"density": "average_signature", "groupby": ["layer"], "as": ["value", "density"],
         "steps": 50},
        {"joinaggregate": [{"op": "max", "field": "density", "as": "highest"}],
         "groupby": ["layer"]},
        {"calculate": "datum.layer - 0.4 * datum.density / datum.highest", "as": "left"},
        {"calculate": "datum.layer + 0.4 * datum.density / datum.highest", "as": "right"},
    ]  # fmt: skip
    place = layer_axis(layers)
    violin: Spec = {
        "transform": outline,
        "mark": {"type": "area", "orient": "horizontal", "color": {"expr": "faint"}},
        "encoding": {
            "y": value | {"field": "value"},
            "x": place | {"field": "left"},
            "x2": {"field": "right"},
            "detail": {"field": "layer"},
        },
    }
    mean: Spec = {
        "mark": {"type": "line", "color": {"expr": "ink"}, "strokeWidth": 1.5},
        "encoding": {"x": place, "y": value | {"aggregate": "mean"}},
    }
    line: Spec = {
        "mark": {"type": "line", "strokeWidth": 2.5},
        "encoding": {
            "x": place,
            "y": value,
            "color": colour(results),
            "detail": {"field": "language"},
            "opacity": {"condition": {"test": "datum.language === chosen", "value": 1}, "value": 0},
        },
    }
    dots: Spec = {
        "params": [ZOOM],
        "mark": {"type": "circle", "size": 45},
        "encoding": {
            "x": place,
            "y": value,
            "color": colour(results),
            "opacity": faded(0.9),
            "tooltip": tips(*_LANGUAGE, "layer", average_signature=".3f"),
        },
    }
    return chart(
        "average_signatures",
        [violin, mean, line, dots],
        height=320,
        transform=[IN_CATEGORY],
    )


def _levels(results: Results) -> Spec:
    return grid(
        "average_signatures",
        x=layer_cells(),
        y={
            "field": "label", "type": "nominal", "title": None,
            "sort": {"op": "mean", "field": "average_signature", "order": "descending"},
        },
        value=sequential("average_signature", "average signature"),
        rows=len(results.languages),
        tooltip=tips(*_LANGUAGE, "layer", average_signature=".3f"),
    )  # fmt: skip


def _intervals(results: Results) -> Spec:
    table = results.tables["intervals"]
    place = layer_axis(_layers(results, "intervals"), category=_OF_ALL_WORDS)
    value: Spec = {
        "type": "quantitative", "title": "average signature",
        "scale": {"zero": False, "padding": 12},
    }  # fmt: skip
    told = f"datum.p_adjusted !== null && datum.p_adjusted > {SIGNIFICANT}"
    shared: Spec = {"x": place, "color": colour(results), "detail": {"field": "language"}}
    layers: list[Spec] = [
        {
            "mark": {"type": "rule"},
            "encoding": {
                **shared,
                "y": value | {"field": "low"},
                "y2": {"field": "high"},
                "opacity": faded(0.6),
            },
        },
        {
            "mark": {"type": "line", "strokeWidth": 1.5},
            "encoding": {
                **shared,
                "y": value | {"field": "average_signature"},
                "opacity": faded(0.8),
            },
        },
        {
            "params": [ZOOM],
            "mark": {"type": "point", "size": 36, "opacity": 1},
            "encoding": {
                **shared,
                "y": value | {"field": "average_signature"},
                "opacity": faded(),
                "fill": {"condition": {"test": told, "value": None}, **colour(results)},
                "tooltip": tips(
                    *_LANGUAGE, "layer", average_signature=".3f", low=".3f", high=".3f",
                    p_adjusted=".3f", words=",",
                ),
            },
        },
    ]  # fmt: skip
    shown = "datum.source === source && datum.normalise === normalise"
    return chart(
        "intervals",
        layers,
        height=320,
        transform=[{"filter": shown}],
        params=[
            choice("source", "models and words", table["source"].unique().tolist()),
            choice("normalise", "normalised by", table["normalise"].unique().tolist()),
        ],
    )


def findings(results: Results) -> Section | None:
    """Whether the paper's findings hold, for trained and untrained models (section 5.1)."""
    if not results.has("findings"):
        return None
    table = results.tables["findings"]
    language = table["subject"].str.split(" < ").str[0]
    table = table.assign(language=language.where(language != "all"))
    heads = table[table["language"].isna() | table["subject"].str.contains(" < ")]
    said = []
    for name, rows in heads.groupby("finding", sort=False):
        main = rows.query("source == 'trained' and normalise == 'none'")
        estimates = "".join(f", trained {interval(row)}" for row in main.to_dict("records")[:1])
        said.append(f"{name} {(rows['holds'] == 'yes').sum()} of {len(rows)}{estimates}")
    untrained = heads.query("source == 'untrained' and holds == 'yes'")["finding"].unique()
    limits = (
        f"Untrained models by themselves show: {listed(untrained)}. So training need not be the "
        "reason."
        if len(untrained)
        else "In no variant do untrained models show any of these."
        if "untrained" in set(heads["source"])
        else "Untrained models were not looked at, so that training need not be the reason."
    )
    figures = [
        Figure(
            str(name).capitalize(),
            "Negative where the finding holds; on a logarithmic scale.",
            forest(
                "findings",
                x="estimate",
                title="estimate, 95 % interval",
                y={"field": "variant", "type": "nominal", "title": None, "sort": None},
                rows=len(heads[heads["finding"] == name]) + 1,
                color={"field": "holds", "type": "nominal", "scale": _VERDICTS,
                       "legend": {"orient": "top", "title": "holds"}},
                tooltip=tips("variant", "subject", "holds", estimate=".3f", low=".3f", high=".3f"),
                transform=[
                    {"filter": {"field": "finding", "equal": name}},
                    {"calculate": "datum.source + ', ' + datum.normalise", "as": "variant"},
                    {"filter": "datum.language === null || indexof(datum.subject, ' < ') > 0"},
                ],
                opacity={"value": 1},
            ),
        )
        for name in heads["finding"].unique()
    ]  # fmt: skip
    return Section(
        "findings",
        "Do the published findings hold?",
        f"Variants in which the whole 95 % interval says yes: {'; '.join(said)}.",
        "Intervals are from blocks of sentences and from starts of the factorisation; a finding "
        f"is one only where the variants agree. {results.doubts()}",
        limits,
        {"findings": table},
        figures,
        [Table("Findings, also by language", "findings")],
    )


def trends(results: Results) -> Section | None:
    """Do average signatures rise or fall over the layers? (paper, section 5.1)"""
    if not results.has_all_words("trends"):
        return None
    table = results.of("trends")
    sure = significant(table)
    names = [results.name(language) for language in sure.loc[sure["tau"] < 0, "language"]]
    says = (
        f"All words: {(table['tau'] < 0).sum()} of {counted(len(table), 'language')} fall over "
        f"the layers, {(table['tau'] > 0).sum()} rise; after correction "
        + (f"{len(names)} fall: {listed(names)}." if names else "none falls.")
    )
    checked = (
        f"Mann–Kendall over {range_of(table['layers'])} layers, Benjamini–Hochberg over the "
        "languages of a category"
    )
    if "hamed_rao_p_adjusted" in table:
        kept = len(significant(table, "hamed_rao_p_adjusted"))
        checked += f"; allowing for autocorrelation (Hamed and Rao) {kept} are significant"
    figures = [
        Figure(
            "Kendall's tau by language and category",
            "Blue falls, vermilion rises; a dot: adjusted p up to .05. * fits of the category fail "
            "their checks.",
            _taus(results),
        )
    ]
    if {"slope", "low", "high"} <= set(table):
        figures.append(
            Figure(
                "Sen's slope",
                "Change from layer to layer, with its 95 % interval.",
                forest(
                    "trends",
                    x="slope",
                    title="slope a layer",
                    y=label_axis(results),
                    rows=len(results.languages),
                    color=colour(results),
                    tooltip=tips(
                        *_LANGUAGE, slope=".4f", low=".4f", high=".4f", p_adjusted=".3f"
                    ),
                ),
                key=True,
            )
        )  # fmt: skip
    return Section(
        "trends",
        "Trends over the layers",
        says,
        f"{checked}. {results.doubts(None)}",
        f"Layers of one network build on one another, so that p is too small{_untrained(results)}.",
        {"trends": results.tables["trends"]},
        figures,
        [Table("Trends", "trends")],
    )


def _untrained(results: Results) -> str:
    """What untrained models do, where that was measured."""
    if not results.has("findings"):
        return ""
    found = results.tables["findings"].query(
        "finding == 'decreases over layers' and subject == 'all' and source == 'untrained'"
    )
    told = {"yes": "fall", "no": "rise", "undecided": "show no clear trend"}
    rows = found[found["normalise"] == "none"].to_dict("records")
    if not rows:
        return ""
    return f"; untrained models {told[rows[0]['holds']]}, {interval(rows[0])} a layer in logs"


def _taus(results: Results) -> Spec:
    return grid(
        "trends",
        x=slanted(category_axis(results)),
        y=label_axis(results),
        value=diverging("tau", "tau"),
        rows=len(results.languages),
        tooltip=tips(*_LANGUAGE, "category", tau=".2f", p=".3f", p_adjusted=".3f"),
        transform=[],
        mark=f"datum.p_adjusted !== null && datum.p_adjusted <= {SIGNIFICANT}",
    )  # fmt: skip


def spread(results: Results) -> Section | None:
    """How far apart languages are in each layer (paper, section 5.1)."""
    if not results.has("spread"):
        return None
    table = results.of("spread").dropna(subset="variance")
    if table.empty:
        return None
    ranked = table.sort_values("variance")
    low, high = ranked.iloc[0], ranked.iloc[-1]
    count = int(table["languages"].min())
    degrees = count - 1
    reach = degrees / np.array(chi2.ppf([0.975, 0.025], degrees))
    says = (
        f"All words: languages are closest in layer {low['layer']} (variance "
        f"{number(low['variance'])}) and farthest apart in layer {high['layer']} "
        f"({number(high['variance'])})."
    )
    points: Spec = {
        "params": [ZOOM],
        "mark": {"type": "line", "point": {"color": {"expr": "ink"}}, "color": {"expr": "ink"}},
        "encoding": {
            "x": layer_axis(_layers(results, "spread")),
            "y": {"field": "variance", "type": "quantitative",
                  "title": "variance over the languages"},
            "tooltip": tips("layer", "languages", mean=".3f", variance=".3g"),
        },
    }  # fmt: skip
    return Section(
        "spread",
        "Spread of the languages",
        says,
        f"Were the levels of {counted(count, 'language')} normal and independent, the 95 % "
        f"interval of a variance would run from {number(reach[0])} to {number(reach[1])} times "
        f"it. {results.doubts()}",
        "A variance falls with the level: where signatures are small, languages are close without "
        "having become alike.",
        {"spread": results.tables["spread"]},
        [
            Figure(
                "Variance over the languages",
                "By layer; * the fit fails its checks.",
                chart(
                    "spread",
                    [points],
                    height=220,
                    transform=[IN_CATEGORY],
                ),
            )
        ],
        [Table("Spread", "spread")],
    )
