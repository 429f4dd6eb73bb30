"""``langsig factorize``: cross-covariances of several languages to signatures, by PARAFAC2."""

import argparse
from pathlib import Path

from langsig.commands.options import Subparsers, add_solver_options
from langsig.errors import InputError


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "factorize", help="factorise cross-covariances of several languages into signatures"
    )
    parser.add_argument(
        "slices",
        type=Path,
        metavar="X.safetensors",
        help="file with one tensor per language, [dim_control, dim_experimental]",
    )
    parser.add_argument("--rank", type=int, required=True, help="number of components")
    parser.add_argument("--out", type=Path, required=True, help="Parquet file to write")
    add_solver_options(parser)
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Factorise the slices, write the signatures and print their averages."""
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
