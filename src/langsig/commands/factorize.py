"""``langsig factorize``: cross-covariances of several languages to signatures, by PARAFAC2."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from langsig.commands.layout import cell
from langsig.commands.options import Subparsers, add_solver_options, input_path, output_file
from langsig.errors import InputError

if TYPE_CHECKING:
    from langsig.arrays import Array
    from langsig.factorization import Factorization


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Declare the arguments."""
    parser = subparsers.add_parser(
        "factorize",
        help="factorise cross-covariances of several languages into signatures",
        description="Factorise the cross-covariances of several languages jointly by PARAFAC2, and "
        "write their signatures. Prints the average signature of each language and "
        "layer.",
    )
    parser.add_argument(
        "slices",
        type=input_path,
        metavar="X.safetensors",
        help="file with one tensor per language, [dim_control, dim_experimental] or "
        "[layers, dim_control, dim_experimental]",
    )
    parser.add_argument("--rank", type=int, required=True, help="number of components")
    parser.add_argument(
        "--out",
        type=output_file,
        required=True,
        metavar="FILE",
        help="file for the signatures, .parquet or .csv",
    )
    add_solver_options(parser)
    return parser


def run(arguments: argparse.Namespace) -> None:
    """Factorise the matrices, write the signatures and print their averages."""
    from langsig.factorization import factorize
    from langsig.files import check_output

    check_output(arguments.out, inputs=[arguments.slices])
    result = factorize(
        _read_matrices(arguments.slices),
        rank=arguments.rank,
        ridge=arguments.ridge,
        max_iterations=arguments.max_iterations,
        seed=arguments.seed,
    )
    result.signatures.save(arguments.out)
    print(layout(result))


def layout(result: "Factorization") -> str:
    """Average signatures as a table: one row per language, one column per layer."""
    averages = result.signatures.average().frame
    wide = averages.pivot(index="language", columns="layer", values="average_signature")
    lines = [
        "Average signature by language and layer",
        "",
        f"{'':12}" + "".join(f"{layer:>13}" for layer in wide.columns),
    ]
    for language, values in wide.iterrows():
        lines.append(f"{language:12}" + "".join(cell(value, 13, ".6g") for value in values))
    lines.append("")
    for fit in result.diagnostics.frame.itertuples():
        ended = "converged" if fit.converged else "NOT CONVERGED"
        lines.append(
            f"layer {fit.layer}: {ended} after {fit.iterations} iterations, "
            f"relative error {fit.relative_error:.6g}"
        )
    return "\n".join(lines)


def _read_matrices(path: Path) -> "dict[str, Array]":
    """The tensors of a file by their names, in the types that they have."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        exists = "is not a regular file" if path.exists() else "no such file"
        problem = "is a folder; name a file" if path.is_dir() else exists
        raise InputError(f"{path}: {problem}")
    path.open("rb").close()  # safetensors would say that there is no such file
    try:
        with safe_open(path, "pt") as file:  # NumPy lacks bfloat16 and float8
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: not a safetensors file: {error}") from error
