"""``langsig annotate``: treebank files to a table of words with UniMorph categories."""

import argparse

from langsig.commands.options import Subparsers, input_path, output_file


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "annotate",
        help="convert treebank files to a table of words with UniMorph categories",
        description="Read CoNLL-U files and write a table with one row per word and one column per "
        "UniMorph category, empty where a word does not bear the category.",
    )
    parser.add_argument("files", nargs="+", type=input_path, metavar="FILE", help="CoNLL-U file")
    parser.add_argument(
        "--language",
        required=True,
        help="ISO 639 code, such as da, dan or da-DK; selects the conversion rules",
    )
    parser.add_argument(
        "--out",
        type=output_file,
        required=True,
        metavar="FILE",
        help="file for the words, .parquet or .csv, one row per word",
    )
    parser.add_argument(
        "--counts", action="store_true", help="print the number of words per category"
    )
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Annotate the files and write the table."""
    from langsig.files import check_output, write_table
    from langsig.morphology import annotate, conversion

    check_output(arguments.out, inputs=arguments.files)
    words = annotate(arguments.files, arguments.language)
    write_table(words.table, arguments.out)
    if arguments.counts:
        for category, count in words.category_counts().items():
            print(f"{category:16}{count:>9,}")
    counts = f"{len(words.table):,} words in {len(words.sentences):,} sentences"
    print(f"{counts}, {conversion(arguments.language)}: {arguments.out}")
