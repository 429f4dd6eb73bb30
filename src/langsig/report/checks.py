"""Sections on what results rest on: models, text, factorisations, plainer measures."""

from typing import Any

import pandas as pd

from langsig.factorization import MIN_AGREEMENT
from langsig.morphology import ALL_WORDS
from langsig.report.charts import (
    ZOOM,
    Spec,
    category_axis,
    chart,
    choice,
    colour,
    diverging,
    faded,
    grid,
    label_axis,
    layer_cells,
    plain_layer_cells,
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
    readable,
    significant,
)
from langsig.report.results import EXPERIMENTAL, Results, listed


def question(results: Results) -> str:
    """What is asked, of how many languages, layers and categories."""
    families = results.languages["family"].nunique()
    of_families = f" of {counted(families, 'family')}" if families else ""
    asked = (
        "How strongly, and in which directions, does one multilingual model represent each of "
        f"{counted(len(results.languages), 'language')}{of_families}?"
    )
    if not results.has("average_signatures"):
        return asked
    table = results.tables["average_signatures"]
    layers, categories = (table[name].nunique() for name in ("layer", "category"))
    return (
        f"{asked} Seen in {counted(layers, 'layer')} and {counted(categories, 'category')}, one of "
        "which is all words."
    )


def overview(results: Results) -> Section:
    """The languages, the main numbers, and whether the models can answer."""
    table = results.languages[["language", "family", "genus"]]
    measured = pd.DataFrame.from_dict(dict(results.learning), orient="index")
    if not measured.empty:
        gains = measured[["gain", "learnt"]].rename_axis("language").reset_index()
        table = table.merge(gains, on="language", how="left")
    if results.has("treebanks"):
        table = table.merge(results.tables["treebanks"], on="language", how="left")
    if results.has_all_words("average_signatures"):
        means = results.of("average_signatures").groupby("language")["average_signature"].mean()
        table = table.merge(means.reset_index(), on="language", how="left")
    return Section(
        "overview",
        "Overview",
        _headline(results, table),
        _trust(results),
        f"{counted(len(table), 'language')} are few for statistics over languages, and one "
        "training run a model is one run.",
        {"overview": table},
        [],
        [Table("Languages", "overview")],
    )


def _headline(results: Results, table: pd.DataFrame) -> str:
    said = []
    if results.has_all_words("average_signatures"):
        ranked = table.dropna(subset="average_signature").sort_values("average_signature")
        names = [results.name(language) for language in ranked["language"]]
        said.append(f"All words: signatures are strongest in {names[-1]}, weakest in {names[0]}.")
    if results.has_all_words("trends"):
        found = significant(results.of("trends"))
        said.append(
            f"Over the layers {(found['tau'] < 0).sum()} of {len(results.of('trends'))} languages "
            f"fall significantly, {(found['tau'] > 0).sum()} rise."
        )
    return " ".join(said) or "There are no signatures here yet."


def _trust(results: Results) -> str:
    said = []
    if results.learning:
        learnt = len(results.learning) - len(results.unlearnt)
        said.append(f"{learnt} of {counted(len(results.learning), 'model')} have learnt.")
    if results.has("factorizations"):
        failed = sum(map(len, results.flagged.values()))
        said.append(
            f"{failed} of {counted(len(results.tables['factorizations']), 'factorisation')} fail "
            f"their checks, {len(results.flagged.get(ALL_WORDS, []))} of them of all words."
        )
        pairs = results.of("factorizations")
        if (pairs["control_layer"] != pairs["experimental_layer"]).any():
            matched = zip(pairs["control_layer"], pairs["experimental_layer"], strict=True)
            shown = ", ".join(f"{control} and {other}" for control, other in matched)
            said.append(
                "The models differ in depth; layers of the monolingual and of the multilingual "
                f"one are matched by relative depth: {shown}."
            )
    said.append(results.doubts())
    return " ".join(said)


def learning(results: Results) -> Section | None:
    """What models gain over token frequencies while they are trained."""
    if not results.has("learning") or not results.learning:
        return None
    curves = results.tables["learning"].rename(columns={"model": "language"})
    curves["gain"] = curves["unigram_cross_entropy"] - curves["masked_cross_entropy"]
    curves["share"] = curves["step"] / curves.groupby("language")["step"].transform("max")
    gains = {
        model: result["gain"] for model, result in results.learning.items() if model != EXPERIMENTAL
    }
    parts = []
    if EXPERIMENTAL in results.learning:
        gain = results.learning[EXPERIMENTAL]["gain"]
        parts.append(f"The multilingual model ends {gain:.2f} nat below token frequencies")
    elif results.checkpoint:
        parts.append(f"The multilingual model is {results.checkpoint}, as it is")
    if gains:
        low, high = min(gains, key=gains.__getitem__), max(gains, key=gains.__getitem__)
        parts.append(
            f"the models of one language from {gains[low]:.2f} ({results.name(low)}) to "
            f"{gains[high]:.2f} ({results.name(high)})"
        )
    names = [results.name(model) for model in results.unlearnt]
    learnt = f"Not learnt: {listed(names)}" if names else "All models have learnt"
    margin = "" if results.margin is None else f" of {results.margin} nat (dashed)"
    return Section(
        "learning",
        "What the models learnt",
        f"{'; '.join(parts)}.",
        f"{learnt}, by the margin{margin}. Held-out text of one draw, masked once.",
        "A gain is over frequencies within a language, so that it cannot be compared between "
        "languages with other vocabularies; masked words say little of morphology.",
        {"learning": curves[["language", "step", "share", "gain"]]},
        [
            Figure(
                "Masked cross-entropy below token frequencies",
                "Held-out text; the broad line is the multilingual model.",
                _curves(results),
                key=True,
            )
        ],
    )


def _curves(results: Results) -> Spec:
    across: Spec = {"field": "share", "type": "quantitative", "title": "share of the steps",
                    "axis": {"format": "%", "tickCount": 5, "grid": False},
                    "scale": {"domain": [0, 1]}}  # fmt: skip
    up: Spec = {"field": "gain", "type": "quantitative", "title": "nat a token"}
    hint = tips("name", "family", "step", gain=".2f")
    lines: Spec = {
        "params": [ZOOM],
        "transform": [{"filter": f"datum.language !== '{EXPERIMENTAL}'"}],
        "mark": {"type": "line", "point": {"size": 18}, "strokeWidth": 1.5},
        "encoding": {"x": across, "y": up, "color": colour(results),
                     "detail": {"field": "language"}, "opacity": faded(0.85), "tooltip": hint},
    }  # fmt: skip
    broad: Spec = {
        "transform": [{"filter": f"datum.language === '{EXPERIMENTAL}'"}],
        "mark": {"type": "line", "strokeWidth": 3.5, "color": {"expr": "ink"}},
        "encoding": {"x": across, "y": up},
    }
    margin = [] if results.margin is None else [reference("y", results.margin)]
    return chart("learning", [*margin, lines, broad], height=280)


def coverage(results: Results) -> Section | None:
    """Which categories each treebank has (paper, appendix A)."""
    if not results.has("coverage"):
        return None
    table = results.tables["coverage"]
    present = table[table["words"] > 0]
    enough = present[present["enough"].astype(bool)]
    counts = enough.groupby("category")["language"].count()
    words = table[table["category"] == ALL_WORDS]["words"]
    return Section(
        "coverage",
        "Treebanks and categories",
        f"{counted(len(enough), 'pair')} of language and category have words enough; "
        f"{int((counts == counts.max()).sum())} of {counted(len(counts), 'category')} are in all "
        f"{int(counts.max())} languages, {int((counts < 4).sum())} in fewer than four.",
        f"All words: {range_of(words, ',')} words a language; {len(present) - len(enough)} pairs "
        "have too few for a slice (pale).",
        "A category is what annotators marked: treebanks differ in guidelines, genre and size, and "
        "so does what is called by one name.",
        {"coverage": present},
        [
            Figure(
                "Words by category",
                "Logarithmic; pale: too few for a slice.",
                grid(
                    "coverage",
                    x={"field": "category", "type": "nominal", "title": None,
                       "sort": results.categories, "axis": {"labelAngle": -40}},
                    y=label_axis(results),
                    value=sequential("words", "words", type="log"),
                    rows=len(results.languages),
                    tooltip=tips("name", "category", words=","),
                    transform=[],
                    opacity=faded(pale="!datum.enough"),
                ),
            )
        ],
        [Table("Words", "coverage")],
    )  # fmt: skip


def baselines(results: Results) -> Section | None:
    """Do plainer measures rank the languages alike?"""
    if not results.has_all_words("baseline_agreement"):
        return None
    table = results.tables["baseline_agreement"]
    medians = results.of("baseline_agreement").groupby("measure")["spearman"].median()
    ranked = medians.dropna().sort_values(ascending=False)
    said = "; ".join(f"{readable(name)} {number(value)}" for name, value in ranked.items())
    data, tables = {"baseline_agreement": table}, [Table("Agreement", "baseline_agreement")]
    limits = "A measure that agrees is a simpler account of the same ranking, not a worse one."
    if results.has("residual_reliability"):
        beyond = results.tables["residual_reliability"]
        data["residual_reliability"] = beyond
        tables.append(Table("What is left beyond singular values", "residual_reliability"))
        explained = range_of(100 * beyond["explained"], ".1f")
        limits += (
            f" Singular values explain {explained} % of the variance of log signatures; what is "
            "left may be of this training seed."
        )
    return Section(
        "baselines",
        "Plainer measures",
        f"All words, Spearman with the average signature, median over the layers: {said}.",
        f"Over {range_of(results.of('baseline_agreement')['languages'])} languages, without "
        f"intervals or correction. {results.doubts()}",
        limits,
        data,
        [
            Figure(
                "Agreement of rankings",
                "Spearman over the languages, by measure and layer.",
                grid(
                    "baseline_agreement",
                    x=layer_cells(),
                    y={
                        "field": "measure",
                        "type": "nominal",
                        "title": None,
                        "axis": {"labelExpr": "replace(datum.label, regexp('_', 'g'), ' ')"},
                    },
                    value=diverging("spearman", "Spearman"),
                    rows=table["measure"].nunique() + 1,
                    tooltip=tips("measure", "layer", "languages", spearman=".2f"),
                    opacity={"value": 1},
                ),
            )
        ],
        tables,
    )


def answers(results: Results) -> Section | None:
    """The same analyses from other measures than signatures."""
    if not results.has("measure_tests"):
        return None
    table = results.tables["measure_tests"]
    measures = sorted(table["measure"].unique())
    tested = table[table["p_adjusted"].notna()] if "p_adjusted" in table else table.iloc[:0]
    shares = "; ".join(
        f"{name} {len(significant(rows))} of {len(rows)}"
        for name, rows in tested.groupby("measure")
    )
    return Section(
        "answers",
        "The same questions asked of other measures",
        f"{counted(table['analysis'].nunique(), 'analysis')} by "
        f"{counted(len(measures), 'measure')}"
        + (f"; adjusted p up to .05: {shares}." if shares else "."),
        f"{counted(len(table), 'row')}, {len(tested):,} with a test. {results.doubts()}",
        "Where measures agree the finding does not need PARAFAC2; where they do not, none of them "
        "is the truth.",
        {"measure_tests": table},
        [],
        [Table("Answers", "measure_tests")],
    )


def ranks(results: Results) -> Section | None:
    """What other numbers of components would do."""
    if not results.has("ranks"):
        return None
    table = results.tables["ranks"]
    layers = sorted(map(int, table["layer"].unique()))
    used = table[table["in_use"].astype(bool)]
    unstable = used[(used["agreement"] < MIN_AGREEMENT) | ~used["converged"].astype(bool)]
    data, tables = {"ranks": table}, [Table("Ranks", "ranks")]
    left = range_of(100 * used["relative_error"], ".1f")
    says = f"In use: {range_of(used['rank'])} components, which leave {left} % of the squared norm."
    if results.has("recommendations"):
        recommended = results.tables["recommendations"]
        data["recommendations"] = recommended
        tables.append(Table("Recommendations", "recommendations"))
        said = "; ".join(_recommended(row) for row in recommended.to_dict("records"))
        says += f" Recommended: {said}."
    bad = listed([str(layer) for layer in sorted(unstable["layer"])])
    return Section(
        "ranks",
        "Number of components",
        says,
        f"At the rank in use, starts agree at {range_of(used['agreement'])}"
        + (f"; below {MIN_AGREEMENT}, or not converged, in layer {bad}." if bad else "."),
        "Held-out error that falls to the end says only that sentences are many: it is an upper "
        "limit, not a number of true components.",
        data,
        [
            Figure(
                "Errors and agreement of starts",
                "Relative squared error of all and of held-out sentences, and Spearman of the "
                "starts that differ most; the dashed line is the rank in use.",
                _ranks(layers, used),
            )
        ],
        tables,
    )


def _recommended(row: dict[Any, Any]) -> str:
    rank = "none" if pd.isna(row["rank"]) else f"{int(row['rank'])}"
    return f"{rank} in layer {row['layer']} ({row['decided_by']})"


def _ranks(layers: list[int], used: pd.DataFrame) -> Spec:
    names = {
        "relative_error": "error", "held_out_error": "held-out error",
        "agreement": "agreement of starts",
    }  # fmt: skip
    across: Spec = {"field": "rank", "type": "quantitative", "title": "components",
                    "scale": {"type": "log", "base": 2, "nice": False, "padding": 12},
                    "axis": {"format": "d"}}  # fmt: skip
    lines: Spec = {
        "params": [ZOOM],
        "transform": [
            {"filter": "datum.layer === layer"},
            {"fold": list(names), "as": ["measure", "value"]},
            {"calculate": "({" + ", ".join(f"{key}: '{name}'" for key, name in names.items())
             + "})[datum.measure]", "as": "shown"},
        ],
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": across,
            "y": {"field": "value", "type": "quantitative", "title": None,
                  "scale": {"padding": 6}},
            "color": {"field": "shown", "type": "nominal",
                      "scale": {"domain": list(names.values()),
                                "range": ["#56B4E9", "#0072B2", "#D55E00"]},
                      "legend": {"orient": "top", "title": None}},
            "tooltip": tips("rank", "shown", "converged", value=".3f"),
        },
    }  # fmt: skip
    marked = [reference("x", float(rank)) for rank in used["rank"].unique()]
    return chart(
        "ranks", [*marked, lines], height=260, params=[choice("layer", "layer", layers)]
    )  # fmt: skip


def factorizations(results: Results) -> Section | None:
    """Whether each factorisation can be trusted."""
    if not results.has_all_words("factorizations"):
        return None
    table = results.tables["factorizations"]
    own = results.of("factorizations")
    failed = table.dropna(subset="flags")
    reasons = failed["flags"].astype(str).str.split("; ").explode().value_counts()
    said = ", ".join(f"{reason} {count}" for reason, count in reasons.items())
    return Section(
        "factorisations",
        "Factorisations",
        f"{len(failed)} of {counted(len(table), 'fit')} fail their checks"
        + (f": {said}." if said else "."),
        f"All words: relative error {range_of(own['relative_error'])}, starts agree at "
        f"{range_of(own['rank_correlation'].dropna())}, from {range_of(own['starts'])} starts a "
        f"fit; other categories from {range_of(table['starts'])}.",
        "A fit that passes is reproducible, not true: another ridge or rank gives other levels.",
        {"factorizations": table},
        [
            Figure(
                "Relative error by category and layer",
                "A dot: the fit fails its checks.",
                grid(
                    "factorizations",
                    x=plain_layer_cells(),
                    y=category_axis(results),
                    value=sequential("relative_error", "relative error"),
                    rows=table["category"].nunique(),
                    tooltip=tips("category", "layer", "languages", "flags",
                                 relative_error=".3f", rank_correlation=".2f",
                                 blueprint_condition=".0f"),
                    transform=[],
                    opacity={"value": 1},
                    mark="isValid(datum.flags)",
                ),
            )
        ],
        [Table("Checks", "factorizations")],
    )  # fmt: skip
