"""The ``langsig`` command: what can be done without DVC."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from langsig import __version__
from langsig.errors import InputError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; bad input prints its message and returns 1."""
    parser = argparse.ArgumentParser(prog="langsig", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    annotate = commands.add_parser(
        "annotate", help="treebank files to a table of words with UniMorph categories"
    )
    annotate.add_argument("files", nargs="+", type=Path, metavar="FILE", help="CoNLL-U")
    annotate.add_argument("--language", required=True, help="ISO 639-1 code; decides on the rules")
    annotate.add_argument("--out", type=Path, required=True, help="Parquet file, a row a word")
    annotate.add_argument("--counts", action="store_true", help="print words by category")
    annotate.set_defaults(command=_annotate)

    factorize = commands.add_parser(
        "factorize", help="cross-covariances of several languages to signatures, by PARAFAC2"
    )
    factorize.add_argument(
        "slices",
        type=Path,
        metavar="X.safetensors",
        help="a tensor a language, [dim_control, dim_experimental]",
    )
    factorize.add_argument("--rank", type=int, required=True, help="number of components")
    factorize.add_argument("--out", type=Path, required=True, help="Parquet file")
    factorize.add_argument("--max-iterations", type=int, default=100)
    factorize.add_argument("--seed", type=int, default=0)
    factorize.set_defaults(command=_factorize)

    show = commands.add_parser("show", help="the metrics of a run as a table")
    show.add_argument("metrics", type=Path, metavar="summary.json")
    show.set_defaults(command=_show)

    arguments = parser.parse_args(argv)
    try:
        arguments.command(arguments)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _annotate(arguments: argparse.Namespace) -> None:
    from langsig.files import atomic_file
    from langsig.morphology import annotate, category_counts

    words = annotate(arguments.files, arguments.language)
    with atomic_file(arguments.out) as output:
        words.table.to_parquet(output, index=False)
    if arguments.counts:
        for category, count in category_counts(words.table).items():
            print(f"{category:16}{count:>9,}")
    print(f"{len(words.table):,} words in {len(words.sentences):,} sentences: {arguments.out}")


def _factorize(arguments: argparse.Namespace) -> None:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    from langsig.factorization import parafac2, signature_table
    from langsig.files import atomic_file

    try:
        slices = load_file(arguments.slices)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{arguments.slices}: not a safetensors file: {error}") from error
    except TypeError as error:  # NumPy has no bfloat16
        raise InputError(f"{arguments.slices}: {error}: save it as float32") from error
    for language, omega in slices.items():
        if omega.ndim != 2:
            raise InputError(
                f"{arguments.slices}: {language} has shape {omega.shape}, "
                "not [dim_control, dim_experimental]"
            )
    languages = sorted(slices)
    result = parafac2(
        [slices[language] for language in languages],
        rank=arguments.rank,
        max_iterations=arguments.max_iterations,
        seed=arguments.seed,
    )
    with atomic_file(arguments.out) as output:
        signature_table(result, languages).to_parquet(output, index=False)
    for language, average in zip(languages, result.average_signatures, strict=True):
        print(f"{language:12}{average:12.6g}")
    ended = "converged" if result.converged else "NOT CONVERGED"
    print(
        f"{ended} after {result.iterations} iterations, "
        f"relative error {result.relative_error:.6g}: {arguments.out}"
    )


def _show(arguments: argparse.Namespace) -> None:
    from langsig.analysis import report

    try:
        metrics = json.loads(arguments.metrics.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{arguments.metrics}: no metrics: {error}") from error
    try:
        table = report(metrics)
    except (AttributeError, KeyError, TypeError) as error:
        message = f"{arguments.metrics}: not the metrics of a run: {error!r}"
        raise InputError(message) from error
    print(table)


if __name__ == "__main__":
    sys.exit(main())
