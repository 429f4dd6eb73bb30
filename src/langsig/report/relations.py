"""Sections that hold signatures against properties, scores, relatives and sets of languages."""

import numpy as np
import pandas as pd

from langsig.morphology import ALL_WORDS
from langsig.report.charts import (
    IN_CATEGORY,
    PALE,
    SIGNIFICANT,
    ZOOM,
    ZOOM_ACROSS,
    Spec,
    category_axis,
    chart,
    choice,
    colour,
    diverging,
    faded,
    grid,
    label_axis,
    layer_axis,
    layer_cells,
    reference,
    sequential,
    tips,
)
from langsig.report.parts import (
    Figure,
    Section,
    Table,
    counted,
    number,
    range_of,
    significant,
    too_few,
)
from langsig.report.results import Results, listed
from langsig.report.trees import dendrogram

_SIGNIFICANT = f"datum.p_adjusted !== null && datum.p_adjusted <= {SIGNIFICANT}"
_ENOUGH: Spec = {"condition": {"test": "datum.enough", "value": 1}, "value": PALE}
_RELATED = ["one genus", "one family", "other families"]
_DOTS = "A dot: adjusted p up to .05; pale: too few languages."


def correlations(results: Results) -> Section | None:
    """Average signatures against properties of languages (paper, figures 3 and 4)."""
    if not results.has("correlations"):
        return None
    table = results.tables["correlations"]
    enough = table[table["enough"].astype(bool)]
    found = significant(enough)
    strongest = _strongest(enough, ["property", "category"])
    within = int((found["genus_p"] <= SIGNIFICANT).sum())
    kept = f"; {within} of these also within genera (permutation)" if len(found) else ""
    tooltip = tips("property", "category", "layer", "n", pearson=".2f", low=".2f", high=".2f",
                   p_adjusted=".3f", spearman=".2f")  # fmt: skip
    return Section(
        "correlations",
        "Properties of languages",
        f"{len(found):,} of {len(enough):,} correlations have an adjusted p up to .05{kept}. "
        f"{strongest}",
        f"Pearson over {range_of(table['n'])} languages; Benjamini–Hochberg over all categories "
        f"and layers of a property, and over all means.{too_few(table)} {results.doubts(None)}",
        "Relatives are not independent: where the correlation does not hold within genera, it may "
        "be a difference between families. None of these is a cause.",
        {"correlations": table},
        [
            Figure(
                "By category, all layers together",
                f"Average signature over the layers. {_DOTS}",
                _correlations("category", results, tooltip, "!isValid(datum.layer)"),
            ),
            Figure(
                "By layer",
                f"Of the chosen category. {_DOTS}",
                _correlations(
                    "layer", results, tooltip, "isValid(datum.layer) && datum.category === category"
                ),
            ),
        ],
        [Table("Correlations", "correlations")],
    )


def _strongest(table: pd.DataFrame, names: list[str]) -> str:
    """The largest correlation of a table, with its interval."""
    known = table.dropna(subset="pearson")
    if known.empty:
        return "None can be computed."
    row = known.sort_values("pearson", key=abs).iloc[-1]
    layer = "" if pd.isna(row["layer"]) else f", layer {int(row['layer'])}"
    named = ", ".join(str(row[name]) for name in names)
    return (
        f"The strongest is {number(row['pearson'])} ({number(row['low'])} to "
        f"{number(row['high'])}), n = {int(row['n'])}: {named}{layer}."
    )


def _correlations(rows: str, results: Results, tooltip: list[Spec], shown: str) -> Spec:
    table = results.tables["correlations"]
    across: Spec = {"field": "property", "type": "nominal", "title": None,
                    "axis": {"labelAngle": -40, "labelLimit": 140}}  # fmt: skip
    down = category_axis(results) if rows == "category" else layer_cells()
    count = table[rows].nunique()
    return grid(
        "correlations",
        x=across,
        y=down,
        value=diverging("pearson", "Pearson"),
        rows=count,
        tooltip=tooltip,
        transform=[{"filter": shown}],
        opacity=_ENOUGH,
        mark=_SIGNIFICANT,
    )


def benchmarks(results: Results) -> Section | None:
    """Average signatures against scores of other people's benchmarks (paper, section 5.3)."""
    if not results.has("benchmarks"):
        return None
    table = results.tables["benchmarks"]
    table = table.assign(score=table["task"] + ", " + table["metric"] + ", " + table["model"])
    enough = table[table["enough"].astype(bool)]
    return Section(
        "benchmarks",
        "Scores on benchmarks",
        f"{len(significant(enough)):,} of {len(enough):,} correlations with scores have an "
        f"adjusted p up to .05. {_strongest(enough, ['task', 'metric', 'model'])}",
        f"Pearson over {range_of(table['n'])} languages; the whole table is one family "
        f"(Benjamini–Hochberg).{too_few(table)} {results.doubts()}",
        "The scores are of other models, trained on other text: a correlation says that the same "
        "languages are easy, not why.",
        {"benchmarks": table},
        [
            Figure(
                "By task and layer",
                _DOTS,
                grid(
                    "benchmarks",
                    x=layer_cells(category=f"'{ALL_WORDS}'"),
                    y={"field": "score", "type": "nominal", "title": None,
                       "axis": {"labelLimit": 220}},
                    value=diverging("pearson", "Pearson"),
                    rows=table["score"].nunique(),
                    tooltip=tips("task", "metric", "model", "layer", "n", pearson=".2f",
                                 low=".2f", high=".2f", p_adjusted=".3f"),
                    transform=[{"filter": "isValid(datum.layer)"}],
                    opacity=_ENOUGH,
                    mark=_SIGNIFICANT,
                ),
            )
        ],
        [Table("Correlations with scores", "benchmarks")],
    )  # fmt: skip


def distances(results: Results) -> Section | None:
    """Distances between signatures (paper, figure 5)."""
    if not results.has("distances"):
        return None
    table = results.tables["distances"]
    pairs = table[table["language"] < table["other"]].dropna(subset="distance")
    top = pairs[(pairs["category"] == ALL_WORDS) & (pairs["layer"] == pairs["layer"].max())]
    if top.empty:
        return None
    ranked = top.sort_values("distance")
    near, far = ranked.iloc[0], ranked.iloc[-1]
    layers = sorted(int(layer) for layer in pairs["layer"].unique())
    kinship = _kinship(results, pairs)
    data = {"distances": pairs}
    figures = [
        Figure(
            "Distance of signatures",
            "Bright: close. Relatives stand together.",
            _matrix(results, layers, [pairs["distance"].min(), pairs["distance"].max()]),
        )
    ]
    if not kinship.empty:
        data["kinship"] = kinship
        figures.append(
            Figure(
                "Relatives and others",
                "Mean distance of pairs; * the fit of this layer fails its checks.",
                _kin(results, layers),
            )
        )
    return Section(
        "distances",
        "Distances between languages",
        f"All words, layer {layers[-1]}: {_pair(results, near)} are closest, "
        f"{_pair(results, far)} farthest apart.{_means(kinship, layers[-1])}",
        f"{counted(len(top), 'pair')} a layer, as they are estimated, without intervals. "
        f"{results.doubts()}",
        "Signatures are close where the same directions are strong, which is also so for languages "
        "with equally many words or equal scripts.",
        data,
        figures,
    )


def _matrix(results: Results, layers: list[int], reach: list[float]) -> Spec:
    """Colours span `reach`, so that layers and categories can be compared."""
    sides: list[Spec] = [
        {"calculate": "[datum.label, datum.other_label]", "as": "across"},
        {"calculate": "[datum.other_label, datum.label]", "as": "down"},
        {"flatten": ["across", "down"]},
    ]
    labels = label_axis(results)
    return grid(
        "distances",
        x=labels | {"field": "across", "axis": {"labelAngle": -90}},
        y=labels | {"field": "down"},
        value=sequential("distance", "distance", reverse=True, domain=reach),
        rows=len(results.languages),
        tooltip=tips("name", "other_name", distance=".3f"),
        transform=[IN_CATEGORY, {"filter": "datum.layer === layer"}, *sides],
        params=[choice("layer", "layer", layers, value=layers[-1])],
    )


def _pair(results: Results, row: pd.Series) -> str:
    names = listed([results.name(row[key]) for key in ("language", "other")])
    return f"{names} ({number(row['distance'])})"


def _kinship(results: Results, pairs: pd.DataFrame) -> pd.DataFrame:
    """Mean distance by how closely pairs are related; those of unknown family are left out.

    Columns ``category``, ``layer``, ``related``, ``distance``, ``pairs`` (their number).
    """
    facts = results.languages.set_index("language")
    one, other = (facts.reindex(pairs[key]).reset_index() for key in ("language", "other"))
    same = one[["genus", "family"]] == other[["genus", "family"]]
    related = np.select([same["genus"], same["family"]], _RELATED[:2], default=_RELATED[2])
    known = (one["family"].notna() & other["family"].notna()).to_numpy()
    groups = pairs.assign(related=related)[known].groupby(["category", "layer", "related"])
    return groups["distance"].agg(distance="mean", pairs="count").reset_index()


def _means(kinship: pd.DataFrame, layer: int) -> str:
    shown = kinship[(kinship["category"] == ALL_WORDS) & (kinship["layer"] == layer)]
    mean = shown.set_index("related")["distance"]
    said = ", ".join(f"{name} {number(mean[name])}" for name in _RELATED if name in mean)
    return f" Mean distance: {said}." if said else ""


def _kin(results: Results, layers: list[int]) -> Spec:
    lines: Spec = {
        "params": [ZOOM],
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": layer_axis(layers),
            "y": {"field": "distance", "type": "quantitative", "title": "mean distance",
                  "scale": {"zero": False, "padding": 12}},
            "color": {
                "field": "related", "type": "nominal",
                "scale": {"domain": _RELATED,
                          "range": ["#009E73", "#56B4E9", "#8C8C8C"]},
                "legend": {"orient": "top", "title": None},
            },
            "tooltip": tips("related", "layer", "pairs", distance=".3f"),
        },
    }  # fmt: skip
    return chart(
        "kinship", [lines], height=280, transform=[IN_CATEGORY]
    )  # fmt: skip


def trees(results: Results) -> Section | None:
    """Trees of languages from the distances (paper, appendix E.1)."""
    if not results.has("trees"):
        return None
    table = results.tables["trees"]
    drawn = [
        (row["category"], row["layer"], dendrogram(row["newick"]))
        for row in table.to_dict("records")
    ]
    lines, tips_ = (
        pd.concat(
            [part[index].assign(category=category, layer=layer) for category, layer, part in drawn],
            ignore_index=True,
        )
        for index in (0, 1)
    )
    data = {"tree_lines": lines, "tree_tips": tips_}
    tables: list[Table] = []
    figures = [
        Figure("Tree", "Languages that are joined far to the right are close.",
               _tree(table, results), key=True)
    ]  # fmt: skip
    says = f"{counted(len(table), 'tree')}, joined by mean distance (UPGMA)."
    sure = "They are single estimates, without support values."
    if results.has("tree_statistics"):
        statistics = results.tables["tree_statistics"]
        data["tree_statistics"] = statistics
        figures.append(
            Figure(
                "How well they match known families",
                "Full line: found; dashed: by chance. A large dot: adjusted p up to .05.",
                _match(statistics, results),
            )
        )
        tables.append(Table("How well they match known families", "tree_statistics"))
        enough = statistics[statistics["enough"].astype(bool)]
        found = significant(enough)
        says = f"{_statistics(statistics)} {len(found):,} of {len(enough):,} statistics are better "
        says += "than chance (adjusted p up to .05)."
        sure = (
            f"p by permuting the names of {range_of(statistics['n'])} languages; "
            f"Benjamini–Hochberg over all trees, a statistic at a time.{too_few(statistics)}"
        )
    return Section(
        "trees",
        "Trees of languages",
        says,
        f"{sure} {results.doubts(None)}",
        "A tree is drawn whether or not there is one: languages are also joined by script and "
        "amount of text, and borrowing is not shown.",
        data,
        figures,
        tables,
    )


def _statistics(table: pd.DataFrame) -> str:
    """Statistics of all words in the last layer against what is expected."""
    rows = table[table["category"] == ALL_WORDS]
    rows = rows[rows["layer"] == rows["layer"].max()]
    said = [
        f"{row['statistic']} {row['value']:.2f}, by chance {row['expected']:.2f}"
        for row in rows.to_dict("records")
    ]
    return f"All words, layer {number(rows['layer'].max())}: {'; '.join(said)}." if said else ""


def _tree(table: pd.DataFrame, results: Results) -> Spec:
    layers = sorted(int(layer) for layer in table["layer"].dropna().unique())
    deepest: Spec = {"field": "height", "type": "quantitative", "title": "distance",
                     "axis": {"tickCount": 5, "labelOverlap": True},
                     "scale": {"reverse": True, "nice": False}}  # fmt: skip
    down: Spec = {"field": "place", "type": "quantitative", "axis": None, "scale": {"zero": False}}
    lines: Spec = {
        "mark": {"type": "rule", "color": {"expr": "ink"}, "strokeCap": "round"},
        "encoding": {
            "x": deepest,
            "x2": {"field": "height2"},
            "y": down,
            "y2": {"field": "place2"},
        },
    }
    names: Spec = {
        "data": {"name": "tree_tips"},
        "transform": [IN_CATEGORY, {"filter": "datum.layer === layer"}],
        "mark": {"type": "text", "align": "left", "dx": 6, "fontSize": 12},
        "encoding": {
            "x": deepest,
            "y": down,
            "text": {"field": "name"},
            "color": colour(results),
            "opacity": faded(),
            "tooltip": tips("name", "family", "genus"),
        },
    }
    spec = chart(
        "tree_lines",
        [lines, names],
        height=max(100, 20 * len(results.languages)),
        transform=[IN_CATEGORY, {"filter": "datum.layer === layer"}],
        params=[choice("layer", "layer", layers, value=layers[-1])],
    )
    # Names stand to the right of the tips, outside the axes; what can be moved would be cut there.
    return spec | {"padding": {"right": 110, "left": 5, "top": 5, "bottom": 5}}


def _match(table: pd.DataFrame, results: Results) -> Spec:
    layers = sorted(int(layer) for layer in table["layer"].dropna().unique())
    place = layer_axis(layers)
    up: Spec = {"type": "quantitative", "title": None}
    which: Spec = {
        "field": "statistic",
        "type": "nominal",
        "scale": {"range": ["#0072B2", "#D55E00", "#009E73", "#CC79A7"]},
        "legend": {"orient": "top", "title": None, "columns": 2},
    }
    chance: Spec = {
        "mark": {"type": "line", "strokeDash": [3, 3], "strokeWidth": 1},
        "encoding": {"x": place, "y": up | {"field": "expected"}, "color": which},
    }
    found: Spec = {
        "mark": {"type": "line", "strokeWidth": 1.5},
        "encoding": {"x": place, "y": up | {"field": "value"}, "color": which},
    }
    dots: Spec = {
        "params": [ZOOM],
        "mark": {"type": "circle"},
        "encoding": {
            "x": place,
            "y": up | {"field": "value"},
            "color": which,
            "size": {"condition": {"test": _SIGNIFICANT, "value": 110}, "value": 25},
            "opacity": _ENOUGH,
            "tooltip": tips("statistic", "layer", "n", value=".2f", expected=".2f", p=".3f",
                            p_adjusted=".3f"),
        },
    }  # fmt: skip
    return chart(
        "tree_statistics",
        [chance, found, dots],
        height=280,
        transform=[IN_CATEGORY],
    )


def variance_tests(results: Results) -> Section | None:
    """Do diverse languages differ more than related ones? (paper, section 5.2)"""
    if not results.has("variance_tests"):
        return None
    table = results.tables["variance_tests"]
    table = table.assign(sets=table["fit"] + ", " + table["related"])
    enough = table[table["enough"].astype(bool)]
    cases = enough.drop_duplicates(["fit", "category", "layer", "related"])
    larger = int((cases["ratio"] > 1).sum())
    by_test = "; ".join(
        f"{name} {len(significant(rows))} of {len(rows)}" for name, rows in enough.groupby("test")
    )
    row = {"field": "sets", "type": "nominal", "title": None, "axis": {"labelLimit": 220}}
    dots: Spec = {
        "params": [ZOOM_ACROSS],
        "mark": {"type": "circle", "size": 70},
        "encoding": {
            "x": {"field": "ratio", "type": "quantitative", "scale": {"type": "log", "padding": 12},
                  "title": "variance of diverse over related languages"},
            "y": row,
            "color": {"field": "layer", "type": "ordinal", "scale": {"scheme": "viridis"},
                      "legend": {"orient": "top"}},
            "opacity": _ENOUGH,
            "tooltip": tips("related", "fit", "layer", "test", "diverse_languages",
                            "related_languages", ratio=".2f", p=".3f", p_adjusted=".3f"),
        },
    }  # fmt: skip
    return Section(
        "variance",
        "Diverse and related languages",
        f"Diverse languages vary more than related ones in {larger:,} of "
        f"{counted(len(cases), 'comparison')}. Adjusted p up to .05: {by_test or 'none tested'}.",
        f"Sets of {range_of(table['diverse_languages'])} diverse and "
        f"{range_of(table['related_languages'])} related languages; Benjamini–Hochberg over "
        f"a test."
        f"{too_few(table)} {results.doubts(None)}",
        "The chi-square test of the paper takes the variance of the related set for known, which "
        "it is not, and finds too much; the permutation test does not.",
        {"variance_tests": table},
        [
            Figure(
                "Ratio of variances",
                "Right of the line diverse languages vary more; pale: too few languages.",
                chart(
                    "variance_tests",
                    [reference("x", 1), dots],
                    height=max(80, 30 * table["sets"].nunique()),
                    transform=[IN_CATEGORY],
                ),
            )
        ],
        [Table("Tests", "variance_tests")],
    )
