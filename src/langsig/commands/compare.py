"""``langsig compare``: Hugging Face models and words to signatures, in one step."""

import argparse
from pathlib import Path
from typing import Any

from langsig.commands.options import Subparsers, add_solver_options, language_pair
from langsig.errors import InputError


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "compare", help="compare a multilingual model with monolingual ones"
    )
    several: dict[str, Any] = {"nargs": "+", "action": "extend", "default": []}
    parser.add_argument(
        "--experimental",
        required=True,
        metavar="MODEL",
        help="multilingual model: a folder or a name on the Hugging Face Hub",
    )
    parser.add_argument(
        "--control",
        **several | {"required": True, "default": None},
        type=language_pair,
        metavar="LANGUAGE=MODEL",
        help="monolingual models, one per language",
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
        help="text file, one sentence per line, for a language without a treebank: all words only",
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
    parser.add_argument("--out", type=Path, help="Parquet file for the signatures")
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
        help="words a language needs in a category (default: 100)",
    )
    add_solver_options(parser)
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Compare the models, write the signatures and print a report."""
    from langsig.compare import compare
    from langsig.files import atomic_file
    from langsig.morphology import CATEGORIES

    if arguments.out and arguments.out.is_dir():
        raise InputError(f"{arguments.out}: a folder; name a file for the signatures")
    controls = dict(arguments.control)
    if len(controls) < len(arguments.control):
        raise InputError("--control: a language is named twice")
    sources: dict[str, dict[str, list[str]]] = {"treebank": {}, "text": {}}
    for kind, paths in sources.items():
        for language, path in getattr(arguments, kind):
            paths.setdefault(language, []).append(path)
    result = compare(
        arguments.experimental,
        controls,
        sources["treebank"],
        sources["text"],
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
        with atomic_file(arguments.out) as output:
            result.signatures.to_parquet(output, index=False)
    print(result.report())
