"""Measure how a ridge changes the fit, the agreement between starts, and planted signatures.

The slices are those of all words in this repository's artifacts, or simulated. For each weight of
the ridge, the table has the relative error and the average signatures from the SVD start and four
random starts, and the agreement of the two starts of the lowest losses. Where sums over blocks of
sentences are available, it also has the agreement of the best fits to the even and to the odd
blocks, and the error of the former on the slices of the odd blocks.

With `--planted`, slices come from models with known signatures. The table has the deviation of the
average signatures from them, by the weight of the ridge and by the noise in the slices.
"""

import argparse
import json
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import default_rng
from numpy.typing import NDArray
from parafac2 import KINDS, planted_model
from scipy.stats import spearmanr

from langsig.factorization import Solver, fits_from_starts
from langsig.representations import CategoryStatistics

Slices = list[NDArray[np.float64]]
RIDGES = (0.0, 0.02, 0.1, 0.2, 0.5)
NOISES = (0.01, 0.05, 0.1, 0.2)
STARTS = 5  # the first from the SVD, the others random


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repository", type=Path, default=Path())
    parser.add_argument(
        "--layers", type=int, nargs="+", help="layers to use (default: those with blocks)"
    )
    parser.add_argument("--simulated", choices=KINDS, help="simulate slices of this kind instead")
    parser.add_argument(
        "--planted", type=int, metavar="SEEDS", help="plant models, with this number of seeds"
    )
    parser.add_argument(
        "--languages", type=int, default=33, help="number of simulated slices (default: 33)"
    )
    parser.add_argument(
        "--dim", type=int, default=64, help="dimension of simulated slices (default: 64)"
    )
    parser.add_argument("--rank", type=int, default=32)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.planted:
        shape = (arguments.languages, arguments.dim, arguments.rank)
        rows = [
            deviations(range(arguments.planted), shape, ridge, noise)
            for ridge in RIDGES
            for noise in NOISES
        ]
        print(json.dumps(rows, indent=2) if arguments.json else as_table_of_planted(rows))
        return
    if arguments.simulated:
        rng = default_rng(1_000)
        slices = KINDS[arguments.simulated](rng, arguments.languages, arguments.dim, arguments.rank)
        strengths = rng.uniform(
            0.7, 1.4, len(slices)
        )  # otherwise the ranking is a matter of chance
        slices = [omega * strength for omega, strength in zip(slices, strengths, strict=True)]
        rows = compare(slices, None, arguments.rank, arguments.simulated)
    else:
        rows = []
        paths = sorted(arguments.repository.glob("artifacts/covariances/*/part-of-speech.*"))
        statistics = [CategoryStatistics.load(path) for path in paths]
        for layer in arguments.layers or sorted(statistics[0].blocks):
            slices = [entry.layers[layer].cross.astype(np.float64) for entry in statistics]
            halves = None
            if layer in statistics[0].blocks:
                blocks = [entry.blocks[layer] for entry in statistics]
                halves = [
                    [sums.cross_covariance(slice(first, None, 2)) for sums in blocks]
                    for first in (0, 1)
                ]
            rows += compare(slices, halves, arguments.rank, f"layer {layer}")
    print(json.dumps(rows, indent=2) if arguments.json else as_table(rows))


def deviations(
    seeds: Iterable[int], shape: tuple[int, int, int], ridge: float, noise: float
) -> dict[str, Any]:
    """Relative deviations of average signatures from those of planted models.

    The bias of a model is the mean over its languages; the table has its median over the seeds,
    and that of the largest deviation of a language.
    """
    biases, largest = [], []
    for seed in seeds:
        slices, truth = planted_model(default_rng(seed), *shape, noise=noise)
        fit = Solver(rank=shape[2], ridge=ridge).fit(slices)
        deviation = fit.average_signatures / truth - 1
        biases.append(float(deviation.mean()))
        largest.append(float(np.abs(deviation).max()))
    return {
        "ridge": ridge,
        "noise": noise,
        "bias": float(np.median(biases)),
        "largest": float(np.median(largest)),
        "largest_of_all": max(largest),
    }


def compare(
    slices: Slices, halves: list[Slices] | None, rank: int, name: str
) -> list[dict[str, Any]]:
    """One row per ridge."""
    singular = [np.linalg.svd(omega, compute_uv=False)[:rank].mean() for omega in slices]
    rows = []
    for ridge in RIDGES:
        solver = Solver(rank=rank, ridge=ridge)
        fits = fits_from_starts(slices, solver=solver, starts=STARTS)
        averages = [fit.average_signatures for fit in fits]
        agreements = [spearmanr(a, b).statistic for a, b in combinations(averages, 2)]
        levels = [float(average.mean()) for average in averages]
        row = {
            "slices": name, "rank": rank, "ridge": ridge,
            "error_min": min(fit.relative_error for fit in fits),
            "error_max": max(fit.relative_error for fit in fits),
            "converged": sum(fit.converged for fit in fits),
            "starts": len(fits),
            "worst_agreement": float(min(agreements)),
            "level_min": min(levels), "level_max": max(levels),
            "singular_values": float(np.mean(singular)),
            "agreement_with_svd": float(spearmanr(averages[0], singular).statistic),
            "condition": fits[0].blueprint_condition,
            "agreement": agreements[0],
        }  # fmt: skip
        if halves:
            best = [fits_from_starts(half, solver=solver, starts=STARTS)[0] for half in halves]
            row["held_out"] = best[0].error_of(halves[1])
            even, odd = (fit.average_signatures for fit in best)
            row["halves"] = float(spearmanr(even, odd).statistic)
        rows.append(row)
    return rows


def as_table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "| slices | ridge | error, five starts | converged | agreement of starts, two best (worst) "
        "| level (singular values) | with SVD | condition of B | held out | halves |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        cells = [
            f"{row['slices']}, rank {row['rank']}",
            f"{row['ridge']:g}",
            f"{row['error_min']:.4f} to {row['error_max']:.4f}",
            f"{row['converged']} of {row['starts']}",
            f"{row['agreement']:.2f} ({row['worst_agreement']:.2f})",
            f"{row['level_min']:.3g} to {row['level_max']:.3g} ({row['singular_values']:.3g})",
            f"{row['agreement_with_svd']:.2f}",
            f"{row['condition']:.0f}",
            f"{row['held_out']:.4f}" if "held_out" in row else "",
            f"{row['halves']:.2f}" if "halves" in row else "",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def as_table_of_planted(rows: list[dict[str, Any]]) -> str:
    lines = [
        f"| ridge | {' | '.join(f'{noise:.0%} noise' for noise in NOISES)} |",
        f"| ---: |{' ---: |' * len(NOISES)}",
    ]
    for ridge in RIDGES:
        cells = [
            f"{row['bias']:+.2%} ({row['largest']:.2%})" for row in rows if row["ridge"] == ridge
        ]
        lines.append(f"| {ridge:g} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
