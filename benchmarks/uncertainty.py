"""Simulate data with known truth: do intervals cover, and are p-values uniform?

Vectors of two models, for words in clustered sentences, are drawn for several languages and
analysed as in the pipeline: sums over blocks of sentences, cross-covariances, factorisation,
bootstrap.

Coverage is the share of intervals that contain the expected average signature in samples with the
same number of words, estimated by the mean over all data sets. For the null, the vectors of the
two models are drawn independently, each with the dependence within sentences. The p-values of the
test that flips signs should then be uniform: their share below a level should be that level.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from scipy.stats import kstest

from langsig.factorization import Solver, bootstrap, fits_from_starts, flip_test
from langsig.intervals import interval
from langsig.representations import BlockStatistics, CovarianceFitter

Array = NDArray[np.float64]
LEVELS = (0.01, 0.05, 0.1, 0.5)


class World(NamedTuple):
    """The parts that all data sets have in common."""

    maps: list[tuple[Array, Array]]
    """By language: maps from shared factors to both models, ``[factors, dim]``."""
    own: float
    """Standard deviation of the independent part of each model."""
    clustered: float
    """Share of the variance that all words of a sentence have in common."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--words", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--data-sets", type=int, default=400)
    parser.add_argument("--replicates", type=int, default=100)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--languages", type=int, default=8)
    parser.add_argument("--dim", type=int, default=32)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--blocks", type=int, default=20)
    parser.add_argument("--clustered", type=float, default=0.3)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    world = make_world(default_rng(arguments.seed), arguments)
    rows = []
    with ProcessPoolExecutor(arguments.workers, initializer=single_thread) as pool:
        for words in arguments.words:
            seeds = range(arguments.data_sets)
            intervals = list(pool.map(partial(simulate_coverage, world, words, arguments), seeds))
            tests = list(pool.map(partial(simulate_null, world, words, arguments), seeds))
            rows.append({"words": words, **coverage(intervals), **uniformity(np.array(tests))})
    setting = {key: value for key, value in vars(arguments).items() if key not in ("json", "words")}
    print(json.dumps({"setting": setting, "rows": rows}, indent=2) if arguments.json
          else as_table(setting, rows))  # fmt: skip


def make_world(rng: Generator, arguments: argparse.Namespace) -> World:
    """Languages with similar spectra, different levels, and partly shared directions."""
    dim = arguments.dim
    common, decay = rng.standard_normal((dim, dim)), np.arange(1, dim + 1) ** -0.5
    maps = []
    for strength in rng.uniform(0.7, 1.4, arguments.languages):
        experimental = (common + 0.5 * rng.standard_normal((dim, dim))) / np.sqrt(dim)
        control = rng.standard_normal((dim, dim)) / np.sqrt(dim)
        maps.append((strength * decay[:, None] * control, decay[:, None] * experimental))
    return World(maps, own=0.5, clustered=arguments.clustered)


def sentences(rng: Generator, words: int) -> NDArray[np.int64]:
    """Number of the sentence of each word; a sentence has about fifteen words."""
    lengths = 1 + rng.poisson(rng.gamma(4, 3.5, words // 2 + 2))
    return np.repeat(np.arange(len(lengths)), lengths)[:words]


def vectors(
    rng: Generator, world: World, language: int, sentence: NDArray[np.int64], *, related: bool
) -> tuple[Array, Array]:
    """Vectors of the control and of the experimental model, ``[words, dim]``."""

    def noise(dim: int) -> Array:
        of_words = rng.standard_normal((len(sentence), dim))
        of_sentences = rng.standard_normal((sentence[-1] + 1, dim))[sentence]
        return np.sqrt(1 - world.clustered) * of_words + np.sqrt(world.clustered) * of_sentences

    to_control, to_experimental = world.maps[language]
    shared = noise(len(to_control))
    z = shared @ to_control + world.own * noise(to_control.shape[1])
    shared = shared if related else noise(len(to_control))
    y = shared @ to_experimental + world.own * noise(to_experimental.shape[1])
    return z, y


def statistics(z: Array, y: Array, sentence: NDArray[np.int64], blocks: int) -> BlockStatistics:
    fitter = CovarianceFitter(z.mean(0), y.mean(0), blocks)
    block = sentence * blocks // (sentence[-1] + 1)
    for number in np.unique(block):
        fitter.update(z[block == number], y[block == number], int(number))
    return fitter.block_statistics()


def data_set(
    rng: Generator, world: World, words: int, blocks: int, *, related: bool
) -> list[BlockStatistics]:
    """Sums over blocks of sentences for each language."""
    drawn = []
    for language in range(len(world.maps)):
        sentence = sentences(rng, words)
        z, y = vectors(rng, world, language, sentence, related=related)
        drawn.append(statistics(z, y, sentence, blocks))
    return drawn


def simulate_coverage(
    world: World, words: int, arguments: argparse.Namespace, seed: int
) -> tuple[Array, Array, Array]:
    """Estimates, lower and upper ends of their intervals, each ``[languages]``."""
    rng = default_rng([arguments.seed, words, seed])
    blocks = data_set(rng, world, words, arguments.blocks, related=True)
    slices = [b.cross_covariance(slice(None)) for b in blocks]
    solver = Solver(rank=arguments.rank)
    fits = fits_from_starts(slices, solver=solver, starts=arguments.starts)
    replicates = bootstrap(
        blocks,
        fits[0],
        solver=replace(solver, max_iterations=arguments.iterations),
        replicates=arguments.replicates,
        seed=seed,
    )
    estimate = fits[0].average_signatures
    return estimate, *interval(estimate, replicates, np.array([f.average_signatures for f in fits]))


def simulate_null(world: World, words: int, arguments: argparse.Namespace, seed: int) -> Array:
    """p-values, ``[languages]``."""
    rng = default_rng([arguments.seed, words, seed, 1])
    blocks = data_set(rng, world, words, arguments.blocks, related=False)
    solver = Solver(rank=arguments.rank, max_iterations=arguments.iterations)
    return flip_test(blocks, solver=solver, replicates=arguments.replicates - 1, seed=seed).p


def coverage(intervals: list[tuple[Array, Array, Array]]) -> dict[str, Any]:
    estimates, low, high = (np.array(part) for part in zip(*intervals, strict=True))
    truth = estimates.mean(0)
    inside = ((low <= truth) & (truth <= high)).mean(0)
    return {
        "coverage": float(inside.mean()),
        "coverage_least": float(inside.min()),
        "coverage_most": float(inside.max()),
        "half_width": float(((high - low) / 2 / truth).mean()),
        "spread": float((estimates.std(0) / truth).mean()),
        "too_low": float((truth > high).mean()),
        "too_high": float((truth < low).mean()),
    }


def uniformity(p: Array) -> dict[str, Any]:
    """Shares of p-values ``[data sets, languages]`` below some levels, and a test of uniformity.

    The test of Kolmogorov and Smirnov uses one language per data set, because the others are not
    independent of it.
    """
    test = kstest(p[:, 0], "uniform")
    shares = {f"p_below_{level}": float((p <= level).mean()) for level in LEVELS}
    return {**shares, "ks": float(test.statistic), "ks_p": float(test.pvalue)}


def as_table(setting: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    lines = [
        ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in setting.items()),
        "",
        "| words | coverage (languages, least to most) | half width | truth above, below "
        f"| share of p up to {', '.join(map(str, LEVELS))} | uniform, p |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        shares = ", ".join(f"{row[f'p_below_{level}']:.3f}" for level in LEVELS)
        lines.append(
            f"| {row['words']:,} | {row['coverage']:.3f} ({row['coverage_least']:.3f} to "
            f"{row['coverage_most']:.3f}) | {row['half_width']:.1%} | {row['too_low']:.3f}, "
            f"{row['too_high']:.3f} | {shares} | {row['ks_p']:.2f} |"
        )
    return "\n".join(lines)


def single_thread() -> None:
    torch.set_num_threads(1)


if __name__ == "__main__":
    main()
