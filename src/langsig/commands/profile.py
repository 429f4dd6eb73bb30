"""``langsig profile``: what a model represents in each language, without training another."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from langsig.commands.layout import cell
from langsig.commands.options import Subparsers, input_path, number_of, output_folder
from langsig.files import write_file
from langsig.terms import PRECISIONS, REFERENCES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from langsig.profiling import Profile
    from langsig.schemas import Languages

_COLUMNS = {
    "transfer": "transfer",
    "probe": "probe",
    "selectivity": "selectivity",
    "retrieval": "retrieval",
    "fertility": "sub-words",
}
"""Columns of the summary and their heads."""


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "profile",
        help="measure what a model represents in each language, without training another",
        description="Measure what a model represents in each language: how well languages fit the "
        "directions that they share, and outcomes on the model itself. Two models are compared. "
        "A profile that was interrupted goes on when the command is given again.",
    )
    parser.add_argument(
        "models",
        nargs="+",
        metavar="MODEL",
        help="one or two models: folders or names on the Hugging Face Hub",
    )
    parser.add_argument(
        "--treebanks",
        required=True,
        type=input_path,
        metavar="FOLDER",
        help="folder with one subfolder of CoNLL-U files per language, as in the releases of "
        "Universal Dependencies, or named by the code of the language",
    )
    parser.add_argument(
        "--out", required=True, type=output_folder, metavar="FOLDER", help="folder for the results"
    )
    parser.add_argument(
        "--languages",
        nargs="+",
        metavar="LANGUAGE",
        help="codes of the languages (default: all with a treebank)",
    )
    parser.add_argument(
        "--parallel",
        type=input_path,
        metavar="FOLDER",
        help="folder with one file of parallel sentences per language, named as in FLORES-200 or "
        "NTREX, or by the code of the language: retrieval is measured",
    )
    parser.add_argument(
        "--text",
        type=input_path,
        metavar="FOLDER",
        help="folder with one file of running text per language, for --reference context, and for "
        "the gain at masked sub-words if the model has a head for them",
    )
    parser.add_argument(
        "--facts",
        type=input_path,
        metavar="FILE",
        help="table with the columns language, name, family and genus, for what predicts what",
    )
    parser.add_argument(
        "--reference",
        default="upos",
        choices=REFERENCES,
        help="what states are compared with (default: upos, parts of speech)",
    )
    parser.add_argument("--rank", type=int, help="number of components (default: 8 or 12)")
    parser.add_argument(
        "--precision",
        default="auto",
        choices=PRECISIONS,
        help="number format of the model's matrix products (default: auto, which is bfloat16 where "
        "the processor has it)",
    )
    parser.add_argument(
        "--seed", type=number_of("--seed", 0), default=0, help="seed of all choices (default: 0)"
    )
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Profile the models, write tables and a page, and print a summary."""
    from langsig.errors import InputError
    from langsig.figures.labels import layer_range
    from langsig.profiling import profile
    from langsig.schemas import Languages

    if len(arguments.models) > 2:
        raise InputError(f"name one model, or two to compare; got {len(arguments.models)}")
    languages = Languages.load(arguments.facts) if arguments.facts else None
    several = len(arguments.models) > 1
    profiles = []
    for number, model in enumerate(arguments.models, 1):
        folder = Path(arguments.out, f"model-{number}") if several else Path(arguments.out)
        result = profile(
            model,
            arguments.treebanks,
            folder,
            languages=arguments.languages,
            parallel=arguments.parallel,
            texts=arguments.text,
            facts=arguments.facts,
            reference=arguments.reference,
            rank=arguments.rank,
            precision=arguments.precision,
            seed=arguments.seed,
        )
        profiles.append(result)
        write_pages(result, folder, languages)
        print(f"{model}: means over {layer_range(result.inner_layers)}\n")
        print(table(result.summary()))
        print("\n".join(["", *predictions(result), ""]))
    if several:
        difference = profiles[0] - profiles[1]
        write_difference(difference, Path(arguments.out), tuple(arguments.models), languages)
        print(f"{arguments.models[0]} minus {arguments.models[1]}:\n")
        print(table(difference))
    print(f"written to {arguments.out}")


def write_pages(profile: "Profile", folder: Path, languages: "Languages | None") -> None:
    """Write the figures of a profile and its page into the folder of the profile."""
    from langsig.figures import profile_figures
    from langsig.report import profile_page

    figures = profile_figures(
        profile.summary(),
        profile.fits,
        profile.outcomes,
        profile.predictors,
        layers=profile.inner_layers,
        languages=languages,
    )
    page = profile_page(
        profile,
        settings=json.loads((folder / "settings.json").read_text(encoding="utf-8")),
        languages=languages,
        figures=_written(figures, folder),
    )
    write_file(folder / "profile.html", page.encode())


def write_difference(
    difference: "pd.DataFrame",
    folder: Path,
    models: tuple[str, str],
    languages: "Languages | None",
) -> None:
    """Write the differences of two profiles: a table, a figure and a page."""
    from langsig.figures import fit_differences
    from langsig.report import difference_page

    write_file(folder / "difference.csv", difference.to_csv().encode())
    figures = {"differences": fit_differences(difference, title="Difference of the fits")}
    page = difference_page(
        difference, models=models, languages=languages, figures=_written(figures, folder)
    )
    write_file(folder / "difference.html", page.encode())


def _written(figures: "Mapping[str, Figure]", folder: Path) -> dict[str, str]:
    """Write figures as SVG files; return their contents by name."""
    from langsig.figures import svg_of

    contents = {name: svg_of(figure) for name, figure in figures.items()}
    for name, content in contents.items():
        write_file(folder / "figures" / f"{name}.svg", content.encode())
    return contents


def table(summary: "pd.DataFrame") -> str:
    """One row per language: the fit with its interval, and outcomes."""
    columns = {name: head for name, head in _COLUMNS.items() if name in summary}
    head = f"{'':8}{'fit':>7}{'interval':>15}"
    lines = [head + "".join(f"{name:>13}" for name in columns.values())]
    for language, row in summary.iterrows():
        interval = f"{row['low']:.3f} to {row['high']:.3f}"
        values = (None if row[name] != row[name] else row[name] for name in columns)
        cells = "".join(cell(value, 13, ".3f") for value in values)
        lines.append(f"{language!s:8}{row['fit']:>7.3f}{interval:>17}{cells}")
    return "\n".join(lines)


def predictions(profile: "Profile") -> list[str]:
    """What the fit tells about each outcome, in one line each; none with too few languages."""
    rows = profile.predictors.select(measure="fit").frame.dropna(subset=["partial"])
    lines = []
    for row in rows.to_dict("records"):
        beyond = "" if row["beyond"] else "nothing beyond sub-words and family: "
        lines.append(
            f"the fit predicts {row['outcome']}: {beyond}rank correlation {row['spearman']:.2f}, "
            f"partial {row['partial']:.2f} ({row['low']:.2f} to {row['high']:.2f}), "
            f"{row['languages']} languages"
        )
    return lines
