"""``langsig diff``: what changed between two revisions."""

import argparse
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langsig.commands.options import Subparsers, input_path, new_folder
from langsig.terms import AVERAGE_SIGNATURE, NORMALISATIONS, SHARED, SOURCES

if TYPE_CHECKING:
    from langsig.analysis.difference import Difference

_MOST_CATEGORIES = 10  # pairs of category and language that are printed


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "diff",
        help="show what changed between two revisions, branches or experiments",
        description="Compare the results of two revisions of this repository, or of several pairs "
        "of revisions that differ in their seeds: signatures, trees, correlations, and "
        "what the models learnt.",
    )
    parser.add_argument(
        "before",
        type=_revisions,
        metavar="REV[,REV...]",
        help="commit, branch, tag, experiment or workspace; several are seeds of one experiment",
    )
    parser.add_argument(
        "after",
        type=_revisions,
        nargs="?",
        default=["workspace"],
        metavar="REV[,REV...]",
        help="the same number of revisions, in the same order of seeds (default: workspace)",
    )
    parser.add_argument(
        "--repository",
        type=input_path,
        default=Path("."),
        metavar="FOLDER",
        help="repository that has the revisions (default: .)",
    )
    parser.add_argument(
        "--source",
        choices=SOURCES,
        default="trained",
        help="source of the signatures that are printed (default: trained)",
    )
    parser.add_argument(
        "--normalise",
        choices=NORMALISATIONS,
        default="none",
        help="normalisation of the signatures that are printed (default: none)",
    )
    parser.add_argument("--json", action="store_true", help="print all tables as JSON")
    parser.add_argument(
        "--out",
        type=new_folder,
        metavar="FOLDER",
        help="folder to write tables and figures to, which must be new or empty",
    )
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Compare the revisions and print the changes."""
    from langsig.repository.diff import diff

    result = diff(arguments.before, arguments.after, repository=arguments.repository)
    if arguments.json:
        text = json.dumps(result.to_dict(), indent=2, allow_nan=False)
    else:
        text = layout(result, arguments.source, arguments.normalise)
    if arguments.out:
        save(result, arguments.out)
    print(text)


def save(result: "Difference", folder: Path) -> None:
    """Write tables and figures to a folder, which must be new or empty."""
    from langsig.figures import before_and_after, changes, save_figure
    from langsig.figures.labels import MEASURE_LABELS, NORMALISATION_LABELS, SOURCE_LABELS
    from langsig.files import atomic_directory, check_output
    from langsig.morphology import ALL_WORDS

    figures = {}
    all_words = result.categories.select(category=ALL_WORDS)
    if len(all_words):
        figures["before_and_after"] = before_and_after(all_words, titles=("before", "after"))
    variants = result.signatures.frame[["measure", "source", "normalise"]].drop_duplicates()
    for measure, source, normalise in variants.itertuples(index=False):
        rows = result.signatures.select(measure=measure, source=source, normalise=normalise)
        if measure == AVERAGE_SIGNATURE:
            name = f"changes_{source}_{normalise}"
            title = f"Change: {SOURCE_LABELS[source]}, {NORMALISATION_LABELS[normalise]}"
        else:
            name, title = f"changes_{measure}", f"Change: {MEASURE_LABELS[measure]}"
        figures[name] = changes(rows, title=title)
    check_output(folder, directory=True, empty=True)
    with atomic_directory(folder) as output:
        result.save(output)
        for name, figure in figures.items():
            save_figure(figure, output, name)


def layout(result: "Difference", source: str = "trained", normalise: str = "none") -> str:
    """The changes as tables for the terminal."""
    pairs = f" ({len(result.before)} pairs)" if len(result.before) > 1 else ""
    lines = [f"before: {', '.join(result.before)}", f"after:  {', '.join(result.after)}{pairs}"]
    changed, removed, added = result.parameters
    lines += [f"  {name}: {old} -> {new}" for name, (old, new) in changed.items()]
    for side, only in (("before", removed), ("after", added)):
        if only:
            values = ", ".join(f"{name} {value}" for name, value in only.items())
            lines.append(f"  only {side}: {values}")
    sections = (
        _signatures(result, AVERAGE_SIGNATURE, source, normalise),
        _signatures(result, SHARED, "trained", "none"),
        _learning(result),
        _categories(result),
        _trees(result),
        _correlations(result),
    )
    for section in map(list, sections):
        lines += ["", *section] if section else []
    if result.missing:
        lines += ["", *(f"not compared: {reason}" for reason in result.missing)]
    return "\n".join(lines)


def _signatures(result: "Difference", measure: str, source: str, normalise: str) -> Iterator[str]:
    of_measure = result.signatures.select(measure=measure)
    if not len(of_measure):
        return
    published = measure == AVERAGE_SIGNATURE
    rows = of_measure.select(source=source, normalise=normalise)
    change = rows.select(kind="change")
    languages = result.movers(source, normalise) if published else change.languages_by_change()
    cells = {
        (row["layer"], row["language"]): row
        for row in change.select(scope="layer").frame.to_dict("records")
    }
    means, relative = (
        {
            row["language"]: row
            for row in rows.select(kind=kind, scope="mean").frame.to_dict("records")
        }
        for kind in ("change", "relative")
    )
    layers = sorted({layer for layer, _ in cells})
    what = (
        f"Average signature of all words ({source}, normalise: {normalise})"
        if published
        else "What both models share only after training, all words (learned signature)"
    )
    yield f"{what}: change in %, largest first"
    yield (
        f"{'layer':8}"
        + "".join(f"{layer:>8}" for layer in layers)
        + f"{'mean (95 %)':>24}{'relative to others':>24}"
    )
    for language in languages:
        yield (
            f"{language:8}"
            + "".join(_with_mark(cells[layer, language], 8) for layer in layers)
            + _with_interval(means[language], 24)
            + (_with_interval(relative[language], 24) if language in relative else "")
        )
    if not published:
        return
    yield "*: the 95 % interval excludes 0."
    if len(result.before) > 1:
        seeds, sentences = (
            100 * math.expm1(sum(row[f"half_width_{part}"] for row in means.values()) / len(means))
            for part in ("seeds", "sentences")
        )
        yield (
            f"Mean half-width of the intervals of the means: {seeds:.0f} % from seeds alone, "
            f"{sentences:.0f} % from sentences alone."
        )
    else:
        yield "There is only one pair: the variation between seeds is unknown."


def _learning(result: "Difference") -> Iterator[str]:
    table = result.learning.frame.dropna()
    changed = table[(table["after"] - table["before"]).abs() >= 0.005]
    if changed.empty:
        return
    yield "Gain over token frequencies on held-out text (nats per token), where it changed"
    for row in changed.itertuples():
        yield f"{f'{row.model}, {row.language}':24}{row.before:>8.2f} -> {row.after:.2f}"


def _categories(result: "Difference") -> Iterator[str]:
    from langsig.morphology import ALL_WORDS

    table = result.categories.frame
    table = table[table["category"] != ALL_WORDS]
    if table.empty:
        return
    means = table.groupby(["category", "language"])["change"].mean().reset_index()
    largest = means.loc[means["change"].abs().sort_values(ascending=False).index]
    yield "Categories: mean change over the layers in %, largest first"
    for row in largest.head(_MOST_CATEGORIES).to_dict("records"):
        yield f"{row['category']:20}{row['language']:8}{_percent(row['change']):>8}"


def _trees(result: "Difference") -> Iterator[str]:
    from langsig.morphology import ALL_WORDS

    trees = result.trees.select(measure=AVERAGE_SIGNATURE)
    if not len(trees):
        return
    yield "Trees: share of clades that only one of them has; correlation of distances in both"
    titles = {
        ALL_WORDS: trees.select(scope="category", category=ALL_WORDS),
        "all categories combined": trees.select(scope="combined"),
    }
    for title, rows in titles.items():
        cells = (
            f"{row.layer}: {row.robinson_foulds:.2f} {row.cophenetic_correlation:+.2f}"
            for row in rows.frame.itertuples()
        )
        yield f"{title:24}" + "   ".join(cells)


def _correlations(result: "Difference") -> Iterator[str]:
    from langsig.morphology import ALL_WORDS

    published = result.correlations.select(measure=AVERAGE_SIGNATURE)
    table = published.select(category=ALL_WORDS, scope="layer").frame
    if table.empty:
        return
    yield "Pearson's correlation with properties of languages, all words, by layer"
    for name, rows in table.groupby("property", sort=False):
        cells = (f"{row.before:+.2f} -> {row.after:+.2f}" for row in rows.itertuples())
        yield f"{name:24}" + "   ".join(cells)


def _revisions(argument: str) -> list[str]:
    names = [name for name in argument.split(",") if name]
    if not names:
        raise argparse.ArgumentTypeError("names no revision")
    return names


def _percent(change: float) -> str:
    return "-" if math.isnan(change) else f"{100 * math.expm1(change):+.0f}"


def _with_mark(row: Mapping[Any, Any], width: int) -> str:
    mark = "*" if row["low"] > 0 or row["high"] < 0 else " "
    return f"{_percent(row['estimate']):>{width - 1}}{mark}"


def _with_interval(row: Mapping[Any, Any], width: int) -> str:
    low, high = _percent(row["low"]), _percent(row["high"])
    return f"{_percent(row['estimate'])} ({low} to {high})".rjust(width)
