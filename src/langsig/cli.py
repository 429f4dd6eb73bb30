"""The ``langsig`` command: models compared without DVC, and revisions of a DVC repository."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
    _add_solver_arguments(factorize)
    factorize.set_defaults(command=_factorize)

    compare = commands.add_parser(
        "compare", help="Hugging Face models and words to signatures, all in one"
    )
    _add_compare_arguments(compare)
    compare.set_defaults(command=_compare)

    show = commands.add_parser("show", help="the metrics of a run as a table")
    show.add_argument("metrics", type=Path, metavar="summary.json")
    show.set_defaults(command=_show)

    diff = commands.add_parser(
        "diff", help="what changed between two revisions, branches or experiments"
    )
    _add_diff_arguments(diff)
    diff.set_defaults(command=_diff)

    verify = commands.add_parser(
        "verify", help="hold cache and workspace against their hashes, byte by byte"
    )
    verify.add_argument("targets", nargs="*", metavar="TARGET", help="stages or paths; all")
    verify.set_defaults(command=_verify)

    get = commands.add_parser("get", help="an artifact by name and version, held against its hash")
    get.add_argument("name", help="as in dvc.yaml's artifacts: experimental, control-zh")
    wanted = get.add_mutually_exclusive_group()
    wanted.add_argument("--version", metavar="v1.0.0", help="the latest")
    wanted.add_argument("--stage", help="such as prod, instead of a version")
    get.add_argument("--repository", default=".", metavar="URL", help="what git clone takes (.)")
    get.add_argument("--out", type=Path, metavar="FOLDER", help="the user's cache")
    get.set_defaults(command=_get)

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
        ridge=arguments.ridge,
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


def _add_compare_arguments(parser: argparse.ArgumentParser) -> None:
    several: dict[str, Any] = {"nargs": "+", "action": "extend", "default": []}
    parser.add_argument(
        "--experimental", required=True, metavar="MODEL", help="multilingual: a folder or hub name"
    )
    parser.add_argument(
        "--control",
        **several | {"required": True, "default": None},
        type=_of_language,
        metavar="LANGUAGE=MODEL",
        help="monolingual models",
    )
    parser.add_argument(
        "--treebank",
        **several,
        type=_of_language,
        metavar="LANGUAGE=PATH",
        help="CoNLL-U files, or folders of them; a language may have several",
    )
    parser.add_argument(
        "--text",
        **several,
        type=_of_language,
        metavar="LANGUAGE=PATH",
        help="text files, a sentence a line, for languages without a treebank: all words only",
    )
    parser.add_argument("--rank", type=int, default=16, help="number of components")
    parser.add_argument(
        "--categories",
        nargs="+",
        default=["Part of Speech"],
        metavar="CATEGORY",
        help='UniMorph categories, or "all"; "Part of Speech" are all words',
    )
    parser.add_argument(
        "--romanise", **several, metavar="LANGUAGE", help="pinyin for zh, Hepburn for ja"
    )
    parser.add_argument("--out", type=Path, help="Parquet file for the signatures")
    parser.add_argument("--dtype", choices=["float16", "float32"], default="float16")
    parser.add_argument(
        "--batch-tokens",
        type=int,
        help="sub-words through a model at once (8192 on a GPU, or 1024)",
    )
    parser.add_argument("--min-instances", type=int, default=100, help="words with a category")
    _add_solver_arguments(parser)


def _add_diff_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "before",
        type=_names,
        metavar="REV[,REV...]",
        help="commit, branch, tag, experiment or workspace; several: seeds of one experiment",
    )
    parser.add_argument(
        "after",
        type=_names,
        nargs="?",
        default=["workspace"],
        metavar="REV[,REV...]",
        help="as many, in the same order of seeds (workspace)",
    )
    parser.add_argument("--repository", type=Path, default=Path("."), metavar="FOLDER")
    parser.add_argument(
        "--source", default="trained", help="trained, equal-words or untrained (trained)"
    )
    parser.add_argument("--normalise", default="none", help="none or variance (none)")
    parser.add_argument("--json", action="store_true", help="print all tables as JSON")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="for tables and pictures")


def _names(argument: str) -> list[str]:
    names = [name for name in argument.split(",") if name]
    if not names:
        raise argparse.ArgumentTypeError("no revision")
    return names


def _add_solver_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ridge",
        type=float,
        default=1e-2,
        help="keeps components from cancelling one another; 0 is the plain model (1e-2)",
    )
    parser.add_argument("--max-iterations", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)


def _of_language(argument: str) -> tuple[str, str]:
    language, equals, value = argument.partition("=")
    if not (language and equals and value):
        raise argparse.ArgumentTypeError(f"{argument!r} is not LANGUAGE=...")
    return language, value


def _compare(arguments: argparse.Namespace) -> None:
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


def _diff(arguments: argparse.Namespace) -> None:
    from langsig.diff import diff

    found = diff(arguments.before, arguments.after, repository=arguments.repository)
    if arguments.out:
        found.save(arguments.out)
    if arguments.json:
        print(json.dumps(found.as_dict(), indent=2, allow_nan=False))
    else:
        print(found.report(arguments.source, arguments.normalise))


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


def _get(arguments: argparse.Namespace) -> None:
    from langsig.registry import fetch_artifact

    folder, revision = fetch_artifact(
        arguments.name,
        version=arguments.version,
        stage=arguments.stage,
        repository=arguments.repository,
        folder=arguments.out,
    )
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    print(f"{arguments.name}, of commit {revision}: {len(files):,} files, {size / 1e6:,.1f} MB")
    print(folder)


def _verify(arguments: argparse.Namespace) -> None:
    from langsig.verify import verify

    found = verify(arguments.targets)
    for damage in found.damages:
        print(f"{damage.place:10} {damage.path}: {damage.state}")
        print(f"{'':10} {damage.remedy}")
    print(
        f"{found.artifacts - found.absent:,} artifacts, {found.files:,} files, "
        f"{found.size / 1e6:,.1f} MB read; {found.absent:,} artifacts are not here"
    )
    if found.damages:
        raise InputError(f"{len(found.damages):,} damaged; the commands above get them back")


if __name__ == "__main__":
    sys.exit(main())
