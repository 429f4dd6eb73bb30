"""The page of a profile: one HTML file of sentences, tables and figures, without scripts."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup

from langsig.figures.labels import MEASURE_LABELS, OUTCOME_LABELS, layer_range, readable
from langsig.profiling import Profile
from langsig.report.sentences import REFERENCES, counted, joined, listed, number
from langsig.report.templates import page_file, template
from langsig.schemas import Languages

_COLUMNS = {
    "null": "null",
    "untrained": "random weights",
    "transfer": "transfer",
    "probe": "probe",
    "selectivity": "selectivity",
    "retrieval": "retrieval",
    "masked_gain": "masked gain",
    "fertility": "sub-words per word",
}
"""Numbers of a language, and their heads in the table."""
_FIGURES = {
    "fits": (
        "Fit of each language",
        "Dots are fits with 95 % intervals, grey ticks the null, and hollow dots the model with "
        "random weights.",
    ),
    "layers": ("Layers", "Means over languages. The inner layers are shaded."),
    "transfer": (
        "Transfer from single languages",
        "Accuracy of parts of speech that were learnt on one language and tested on another.",
    ),
    "outcomes": ("Fit and outcomes", "One dot per language."),
    "predictors": (
        "Measures and outcomes",
        "Partial rank correlations over languages. Grey cells cannot be computed.",
    ),
    "differences": ("Differences of the fits", "Bars are 95 % intervals."),
}


class _Table(NamedTuple):
    """Cells as text; `text` names the columns that are not numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    text: Sequence[str] = ("language",)
    open: bool = False


class _Drawing(NamedTuple):
    title: str
    caption: str
    svg: Markup


class _Section(NamedTuple):
    key: str
    title: str
    paragraphs: Sequence[str]
    tables: Sequence[_Table] = ()
    figures: Sequence[_Drawing] = ()


def profile_page(
    profile: Profile,
    *,
    settings: Mapping[str, Any],
    languages: Languages | None,
    figures: Mapping[str, str],
) -> str:
    """What a profile says about one model, as one HTML file.

    The page has no scripts, and a Content-Security-Policy forbids it to use the network.

    Parameters
    ----------
    profile
        The profile.
    settings
        Contents of its ``settings.json``.
    languages
        Names and families of the languages, if they were given.
    figures
        SVG files by name, as :func:`langsig.figures.profile_figures` names the figures.
    """
    summary = profile.summary().sort_values("fit", ascending=False)
    drawings = {name: _drawing(name, svg) for name, svg in figures.items()}

    def drawn(*names: str) -> list[_Drawing]:
        return [drawings[name] for name in names if name in drawings]

    base = "sub-words per word and family" if languages else "sub-words per word"
    sections = [
        _Section("measured", "What was measured", _measured(profile, summary, settings)),
        _Section("fit", "What the fit is", _fit(summary, settings["reference"])),
        _Section(
            "languages",
            "Languages",
            _columns_explained(summary),
            [_language_table(summary, languages)],
            drawn("fits", "layers", "transfer"),
        ),
        _Section(
            "predictors",
            "What predicts what",
            _predictions(profile, base),
            [_predictor_table(profile)],
            drawn("outcomes", "predictors"),
        ),
        _Section("limits", "Limits", _limits(summary)),
        _Section("settings", "Settings", [], [_settings_table(settings)]),
    ]
    question = (
        f"How well do {counted(len(summary), 'language')} fit the directions that they share in "
        "this model, and what does the fit predict?"
    )
    return _rendered(f"Profile of {settings['model']}", question, sections)


def difference_page(
    differences: pd.DataFrame,
    *,
    models: tuple[str, str],
    languages: Languages | None,
    figures: Mapping[str, str],
) -> str:
    """How the profiles of two models differ, as one HTML file like :func:`profile_page`.

    Parameters
    ----------
    differences
        The first profile minus the second.
    models
        Names of the two models.
    languages
        Names of the languages, if they were given.
    figures
        SVG files by name.
    """
    table = differences.sort_values("fit", ascending=False)
    higher, lower = int((table["low"] > 0).sum()), int((table["high"] < 0).sum())
    paragraphs = [
        f"All numbers are those of {models[0]} minus those of {models[1]}. Both models read the "
        "same words, and the interval of the difference of the fits is of the same blocks of "
        "sentences in both.",
        f"The fit of {higher} of {counted(len(table), 'language')} is higher in {models[0]}, and "
        f"that of {lower} is lower: their 95 % intervals exclude 0. Intervals are not corrected "
        "for the number of languages. Another training run of either model would differ too, "
        "which the intervals do not include.",
    ]
    section = _Section(
        "differences",
        "Differences",
        paragraphs,
        [_language_table(table, languages)],
        [_drawing(name, svg) for name, svg in figures.items()],
    )
    question = "How do two models differ in each language?"
    return _rendered(f"{models[0]} and {models[1]}", question, [section])


def _rendered(title: str, question: str, sections: Sequence[_Section]) -> str:
    return template("profile.html").render(
        title=title, question=question, sections=sections, style=Markup(page_file("page.css"))
    )


def _drawing(name: str, svg: str) -> _Drawing:
    """An SVG file as an element whose identifiers are unique on the page."""
    element = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{name}-", svg[svg.index("<svg") :])
    return _Drawing(*_FIGURES[name], Markup(element))


# ---- tables


def _language_table(summary: pd.DataFrame, languages: Languages | None) -> _Table:
    names = dict(languages.frame[["language", "name"]].to_numpy()) if languages else {}
    shown = [name for name in _COLUMNS if name in summary and summary[name].notna().any()]
    rows = []
    for code, row in summary.iterrows():
        label = f"{names[code]} ({code})" if code in names else str(code)
        interval = f"{number(row['low'], '.3f')} to {number(row['high'], '.3f')}"
        values = [number(row[name], ".3f") for name in shown]
        rows.append([label, number(row["fit"], ".3f"), interval, *values])
    columns = ["language", "fit", "95 % interval", *(_COLUMNS[name] for name in shown)]
    return _Table("One row per language", columns, rows, open=True)


def _predictor_table(profile: Profile) -> _Table:
    rows = [
        [
            readable(row["measure"], MEASURE_LABELS),
            readable(row["outcome"], OUTCOME_LABELS),
            str(row["languages"]),
            _estimate(row, "spearman", "spearman_low", "spearman_high"),
            _estimate(row, "partial", "low", "high"),
            "–" if pd.isna(row["partial"]) else _range(row, "genus_low", "genus_high"),
            number(row["base_r2"], ".2f"),
            number(row["r2"], ".2f"),
            "yes" if row["beyond"] else "no",
        ]
        for row in profile.predictors.frame.to_dict("records")
    ]
    columns = [
        "measure", "outcome", "languages", "rank correlation", "partial", "interval over genera",
        "R² of the covariates", "R² with the measure", "beyond",
    ]  # fmt: skip
    return _Table("All measures and outcomes", columns, rows, ("measure", "outcome"))


def _settings_table(settings: Mapping[str, Any]) -> _Table:
    flat = {name: value for name, value in settings.items() if not isinstance(value, Mapping)}
    flat |= {f"treebank of {code}": name for code, name in settings["languages"].items()}
    rows = [[name, str(value)] for name, value in flat.items()]
    return _Table("All settings", ["setting", "value"], rows, ("setting", "value"))


def _estimate(row: Mapping[Any, Any], value: str, low: str, high: str) -> str:
    if pd.isna(row[value]):
        return "–"
    return f"{number(row[value], '.2f')} ({_range(row, low, high)})"


def _range(row: Mapping[Any, Any], low: str, high: str) -> str:
    return f"{number(row[low], '.2f')} to {number(row[high], '.2f')}"


# ---- sentences


def _measured(profile: Profile, summary: pd.DataFrame, settings: Mapping[str, Any]) -> list[str]:
    sizes, last = settings["sizes"], int(profile.fits.frame["layer"].max())
    draws = profile.outcomes.select(outcome="transfer", layer=profile.inner_layers).frame["sd"]
    spread = (
        ""
        if draws.isna().all()
        else f"Their standard deviation is {number(draws.mean())} for "
        "transfer, on average over languages and layers."
    )
    with_retrieval = int(summary["retrieval"].notna().sum()) if "retrieval" in summary else 0
    retrieval = (
        f"Retrieval was measured in {counted(with_retrieval, 'language')}, with up to "
        f"{sizes['sentences']:,} parallel sentences."
        if with_retrieval
        else "Retrieval was not measured, since no parallel sentences were given."
    )
    words = (
        "The fit is of parallel sentences."
        if settings["reference"] == "parallel"
        else f"The fit is of up to {sizes['measures']:,} words per language."
    )
    return [
        f"Treebanks of {counted(len(summary), 'language')} went through {settings['model']} once, "
        f"in {settings['precision']}, and through a model of the same shape with random weights. "
        f"The model has layers 0, the embeddings, to {last}. Unless a layer is named, numbers are "
        f"means over {layer_range(profile.inner_layers)}, which lie between a quarter and three "
        "quarters of the depth.",
        joined(
            words,
            f"Parts of speech are learnt from up to {sizes['training']:,} words and tested on up "
            f"to {sizes['test']:,} words of other sentences. Outcomes are means over "
            f"{counted(sizes['draws'], 'draw')} of the training words.",
            spread,
            retrieval,
        ),
    ]


def _fit(summary: pd.DataFrame, reference: str) -> list[str]:
    above = int((summary["low"] > summary["null"]).sum())
    languages = counted(len(summary), "language")
    numbers = [
        f"The whole interval lies above the null in {above or 'none'} of {languages}.",
        "The null is the fit that 5 % of unrelated states exceed: the signs of half of the blocks "
        "of sentences were flipped, so that what blocks have in common cancels. With few "
        "languages it is high, as the directions then fit even noise. Where a fit lies below it, "
        "the level alone is no evidence of shared structure: compare languages with each other, "
        "and with random weights.",
    ]
    if summary["untrained"].notna().any():
        exceed = int((summary["low"] > summary["untrained"]).sum())
        numbers.insert(
            1, f"It lies above the fit of random weights in {exceed or 'none'} of {languages}."
        )
    return [
        f"The states of the model are compared with a reference, {REFERENCES[reference]}. For "
        "each language, the cross-covariance of states and reference is whitened on both sides, so "
        "that scale and variance of single directions do not count: this is the canonical slice. "
        "All slices are factorised jointly, with directions that all languages share.",
        "The fit of a language is the share of its canonical slice that these directions explain, "
        "from 0 to 1. Its interval leaves out one block of sentences after another.",
        joined(*numbers),
    ]


def _columns_explained(summary: pd.DataFrame) -> list[str]:
    retrieval = (
        "Retrieval: how often the translation of a sentence is the nearest of all sentences, mean "
        "over the other languages. A dash: no parallel sentences."
        if "retrieval" in summary
        else ""
    )
    gain = (
        "Masked gain: how far the cross-entropy of masked sub-words lies below that of their "
        "frequencies, in nat per sub-word."
        if "masked_gain" in summary
        else ""
    )
    return [
        joined(
            "Transfer: accuracy of parts of speech that were learnt on all other languages. Probe: "
            "accuracy of parts of speech that were learnt within the language. Selectivity: the "
            "probe minus the same probe on random weights.",
            retrieval,
            gain,
            "Sub-words per word say how finely the tokenizer divides words.",
        )
    ]


def _predictions(profile: Profile, base: str) -> list[str]:
    table = profile.predictors.frame
    known = table.dropna(subset="partial")
    if known.empty:
        return [
            "There are too few languages for correlations; at least eight are needed, and more for "
            "a conclusion."
        ]
    threshold = number(table["threshold"].iloc[0], ".2f")
    method = (
        "Measures of languages are compared with outcomes over languages by rank correlations, and "
        f"by partial rank correlations given {base}. A measure predicts an outcome beyond {base} "
        "if the 95 % interval of the partial correlation over languages excludes 0 and its "
        f"absolute value exceeds the family-wise threshold of {threshold}: if nothing predicted "
        "anything, 5 % of such tables would have a value above it."
    )
    of_fit = known[known["measure"] == "fit"].to_dict("records")
    beyond = known[known["beyond"] & (known["measure"] != "fit")]
    others = [
        f"{readable(str(outcome), OUTCOME_LABELS)} ("
        f"{listed(readable(name, MEASURE_LABELS) for name in rows['measure'])})"
        for outcome, rows in beyond.groupby("outcome", sort=False)
    ]
    return [
        method,
        *(_prediction(row, base) for row in of_fit),
        f"Other measures that predict beyond {base}: {'; '.join(others)}."
        if others
        else f"No other measure predicts anything beyond {base}.",
    ]


def _prediction(row: Mapping[Any, Any], base: str) -> str:
    outcome = readable(row["outcome"], OUTCOME_LABELS)
    statement = (
        f"The fit predicts {outcome} beyond {base}"
        if row["beyond"]
        else f"For {outcome}, the fit predicts nothing beyond {base}"
    )
    return (
        f"{statement}: rank correlation {number(row['spearman'], '.2f')}, partial "
        f"{_estimate(row, 'partial', 'low', 'high')}, {counted(row['languages'], 'language')}."
    )


def _limits(summary: pd.DataFrame) -> list[str]:
    return [
        "Treebanks differ in genre, in size and in how labels are used. Part of any difference "
        "between languages is a difference between treebanks.",
        "Draws vary the training words of the probes only. The model was trained once; another "
        "training run could rank languages differently.",
        "That the fit predicts transfer was found after the fact, on one multilingual model, by "
        "comparing several measures. In an English model, it did not exceed the threshold. A "
        "correlation over languages does not say why, and related languages are not independent: "
        "see the interval over genera.",
        f"With {counted(len(summary), 'language')}, only strong correlations can be "
        "distinguished from chance.",
    ]
