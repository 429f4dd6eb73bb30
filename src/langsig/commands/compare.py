"""``langsig compare``: Hugging Face models and words to signatures, in one step."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from langsig.commands.layout import cell, failed_checks
from langsig.commands.options import (
    Subparsers,
    add_solver_options,
    language_pair,
    output_file,
    plain_name,
)
from langsig.errors import InputError
from langsig.terms import MODEL, WORD_REFERENCES

if TYPE_CHECKING:
    from langsig.comparison import Comparison
    from langsig.representations import Batching


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "compare",
        help="compare a multilingual model with monolingual ones, or with another reference",
        description="Compute the signatures of languages in a multilingual model. Every language "
        "needs a treebank or text and, unless --reference names another reference, a monolingual "
        "model. Prints one table per category: one row per language, one column per layer.",
    )
    several: dict[str, Any] = {"nargs": "+", "action": "extend", "default": []}
    parser.add_argument(
        "--experimental",
        required=True,
        type=plain_name,
        metavar="MODEL",
        help="multilingual model: a folder or a name on the Hugging Face Hub",
    )
    parser.add_argument(
        "--control",
        **several,
        type=language_pair,
        metavar="LANGUAGE=MODEL",
        help="monolingual models, one per language, for --reference model",
    )
    parser.add_argument(
        "--reference",
        default=MODEL,
        metavar="NAME",
        help="what the states of the multilingual model are compared with: "
        f"{', '.join(WORD_REFERENCES)} (default: {MODEL})",
    )
    parser.add_argument(
        "--treebank",
        **several,
        type=language_pair,
        metavar="LANGUAGE=PATH",
        help="CoNLL-U file or folder of them; a language may have several",
    )
    parser.add_argument(
        "--text",
        **several,
        type=language_pair,
        metavar="LANGUAGE=PATH",
        help="text file, one sentence per line, for a language without a treebank: all words only; "
        "also the text in which --reference context is counted",
    )
    parser.add_argument("--rank", type=int, default=16, help="number of components (default: 16)")
    parser.add_argument(
        "--categories",
        nargs="+",
        default=["Part of Speech"],
        metavar="CATEGORY",
        help='UniMorph categories, or "all" (default: "Part of Speech", which is all words)',
    )
    parser.add_argument(
        "--romanise",
        **several,
        metavar="LANGUAGE",
        help="languages to romanise: pinyin for zh, Hepburn for ja",
    )
    parser.add_argument(
        "--out",
        type=output_file,
        metavar="FILE",
        help="file for the signatures, .parquet or .csv (default: none)",
    )
    parser.add_argument(
        "--dtype",
        choices=["float16", "float32"],
        default="float16",
        help="type of the hidden states (default: float16)",
    )
    parser.add_argument(
        "--batch-tokens",
        type=int,
        help="sub-words per batch (default: 8192 on a GPU, 1024 otherwise)",
    )
    parser.add_argument(
        "--min-instances",
        type=int,
        default=100,
        help="number of words that a language needs in a category (default: 100)",
    )
    add_solver_options(parser)
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Compare the models, write the signatures and print average signatures."""
    from langsig.comparison import compare
    from langsig.files import check_output
    from langsig.morphology import CATEGORIES, conversion

    controls = dict(arguments.control)
    if len(controls) < len(arguments.control):
        raise InputError("--control names a language twice")
    sources: dict[str, dict[str, list[str]]] = {"treebank": {}, "text": {}}
    for kind, paths in sources.items():
        for language, path in getattr(arguments, kind):
            paths.setdefault(language, []).append(path)
    if arguments.out:
        check_output(
            arguments.out, inputs=[path for _, path in arguments.treebank + arguments.text]
        )
    result = compare(
        arguments.experimental,
        controls,
        sources["treebank"],
        sources["text"],
        reference=arguments.reference,
        rank=arguments.rank,
        categories=CATEGORIES if arguments.categories == ["all"] else arguments.categories,
        romanise=arguments.romanise,
        dtype=arguments.dtype,
        batch_tokens=arguments.batch_tokens,
        min_instances=arguments.min_instances,
        ridge=arguments.ridge,
        max_iterations=arguments.max_iterations,
        seed=arguments.seed,
    )
    if arguments.out:
        result.signatures.save(arguments.out)
    print(layout(result))
    for language in sorted(sources["treebank"]):
        print(f"{language}: {conversion(language)}")


def layout(comparison: "Comparison") -> str:
    """Average signatures as tables for the terminal: one row per language, one column per layer."""
    categories = comparison.words.frame["category"].unique()
    tables = [_table(comparison, category) for category in categories]
    notes = [*_matched_layers(comparison.layer_pairs), *_batches(comparison.batching)]
    return "\n\n".join([*tables, *notes])


def _table(comparison: "Comparison", category: str) -> str:
    averages = comparison.signatures.select(category=category).average().frame
    if averages.empty:
        return f"{category}: fewer than two languages have enough words"
    wide = averages.pivot(index="language", columns="layer", values="average_signature")
    lines = [
        f"{category}: average signature by language and layer (0: embeddings)",
        "",
        f"{'':10}{'words':>10}" + "".join(f"{layer:>9}" for layer in wide.columns),
    ]
    by_language = {str(language): list(values) for language, values in wide.iterrows()}
    missing = [None] * wide.shape[1]
    for row in comparison.words.select(category=category).frame.to_dict("records"):
        values = by_language.get(row["language"], missing)
        cells = "".join(cell(value, 9, "#.3g") for value in values)
        lines.append(f"{row['language']:10}{row['words']:>10,}{cells}")
    from langsig.schemas import Diagnostics

    fits = comparison.diagnostics.select(category=category).frame.to_dict("records")
    failures = {int(fit["layer"]): Diagnostics.warnings_of(fit) for fit in fits}
    conditions = [fit["blueprint_condition"] for fit in fits if failures[int(fit["layer"])]]
    return "\n".join([*lines, *failed_checks(failures, max(conditions, default=0.0))])


def _matched_layers(layer_pairs: Mapping[str, list[tuple[int | None, int]]]) -> list[str]:
    """Which layers were paired, for languages whose control differs from the model in depth."""
    rows = [
        f"{language:20}" + "".join(f"{f'{layers[0]}-{layers[1]}':>9}" for layers in pairs)
        for language, pairs in layer_pairs.items()
        if any(pair not in ((layer, layer), (None, layer)) for layer, pair in enumerate(pairs))
    ]
    head = "Layers matched by relative depth, control-experimental:"
    return ["\n".join([head, "", *rows])] if rows else []


def _batches(batching: Mapping[str, "Batching"]) -> list[str]:
    """How sentences were run, for models in which not all may share a batch."""
    lines = [f"{model}: {of_model.note}" for model, of_model in batching.items() if of_model.note]
    return ["\n".join(lines)] if lines else []
