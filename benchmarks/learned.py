"""Simulate learned signatures: do intervals cover, are p-values uniform, are scores centred?

Words of several languages are drawn from a fixed list of lemmas with frequencies by Zipf's law,
in sentences of about fifteen. Untrained states of both models are random vectors of the lemma
plus noise. Trained states are a mixture of the untrained ones, of what both models learnt, and of
noise; what was learnt and the noise each have a part of the lemma, a part of the sentence and a
part of the word. Sums of residuals, fits, intervals and tests are those of the library.

- Coverage: the share of 95 % intervals that contain the mean of the estimates over all data sets
  with the same number of words.
- Uniformity: what the two models learnt is independent, and so are all vectors of lemmas, which
  are drawn again for each data set. The share of p-values below a level should be that level.
- Shuffled words: the words of one model are in random order. Means over languages of the scores
  should be zero, with their standard error over data sets.
"""

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from scipy.stats import kstest

from langsig.factorization import Solver
from langsig.learned import (
    PartialSlices,
    PartialStatistics,
    crossed,
    learned_signatures,
    partial_slices,
    partial_statistics,
    rotation_test,
)
from langsig.representations import States
from langsig.schemas import LEARNED_MEASURES

Array = NDArray[np.float64]
LEVELS = (0.01, 0.05, 0.1, 0.5)


class Language(NamedTuple):
    """What all data sets of a language have in common, first of the control, then of the other."""

    untrained: list[Array]
    """States of the lemmas in each untrained layer, ``[lemmas, dim]``."""
    learnt: list[Array]
    """What was learnt of each lemma, ``[lemmas, factors]``; the same array if models agree."""
    own: list[Array]
    """What only one model learnt of each lemma, ``[lemmas, dim]``."""
    mixed: list[Array]
    """Maps from untrained to trained states, ``[dim, dim]``."""
    maps: list[Array]
    """Maps from what was learnt to states, ``[factors, dim]``."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--words", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--shuffled", type=int, nargs="*", default=[400, 2_800, 10_000])
    parser.add_argument("--data-sets", type=int, default=100)
    parser.add_argument("--shuffles", type=int, default=20)
    parser.add_argument("--rotations", type=int, default=199)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--languages", type=int, default=8)
    parser.add_argument("--lemmas", type=int, default=2_000)
    parser.add_argument("--dim", type=int, default=16)
    parser.add_argument("--dim-shuffled", type=int, default=64)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--blocks", type=int, default=20)
    parser.add_argument("--shrinkage", type=float, default=0.1)
    parser.add_argument("--clustered", type=float, default=0.1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1_000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    lists = ("json", "words", "shuffled", "workers")
    setting = {key: value for key, value in vars(arguments).items() if key not in lists}
    with ProcessPoolExecutor(arguments.workers, initializer=single_thread) as pool:
        rows: list[dict[str, Any]] = []
        for words in arguments.words:
            seeds = range(arguments.data_sets)
            intervals = list(pool.map(partial(simulate_coverage, words, arguments), seeds))
            tests = list(pool.map(partial(simulate_null, words, arguments), seeds))
            rows.append({"words": words, **coverage(intervals), **uniformity(tests)})
        shuffled = []
        for words in arguments.shuffled:
            seeds = range(arguments.shuffles)
            scores = list(pool.map(partial(simulate_shuffled, words, arguments), seeds))
            shuffled.append({"words": words, **centre(scores)})
    output = {"setting": setting, "rows": rows, "shuffled": shuffled}
    print(json.dumps(output, indent=2) if arguments.json else as_table(output))


def make_world(
    arguments: argparse.Namespace, dim: int, seed: int, *, related: bool = True
) -> list[Language]:
    """Languages with different strengths; the experimental model has maps that they share."""
    rng = default_rng([arguments.seed, seed])
    lemmas, factors = arguments.lemmas, dim // 2
    common, falls = rng.standard_normal((factors, dim)), np.arange(1, factors + 1) ** -0.5
    mixed = rng.standard_normal((dim, dim))
    languages = []
    for strength in rng.uniform(0.5, 1.2, arguments.languages):
        learnt = rng.standard_normal((lemmas, factors))
        maps = [
            rng.standard_normal((factors, dim)),
            common + 0.5 * rng.standard_normal((factors, dim)),
        ]
        languages.append(
            Language(
                [rng.standard_normal((lemmas, dim)) for _ in range(4)],
                [learnt, learnt if related else rng.standard_normal((lemmas, factors))],
                [rng.standard_normal((lemmas, dim)) for _ in range(2)],
                [rng.standard_normal((dim, dim)) / np.sqrt(dim), mixed / np.sqrt(dim)],
                [strength * falls[:, None] * to_model / np.sqrt(factors) for to_model in maps],
            )
        )
    return languages


def text(rng: Generator, words: int, lemmas: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sentence and lemma of each word."""
    lengths = 1 + rng.poisson(rng.gamma(4, 3.5, words // 2 + 2))
    frequencies = 1 / (np.arange(lemmas) + 10.0)
    lemma = rng.choice(lemmas, words, p=frequencies / frequencies.sum())
    return np.repeat(np.arange(len(lengths)), lengths)[:words], lemma


def sums_of(
    rng: Generator,
    language: Language,
    words: int,
    arguments: argparse.Namespace,
    *,
    name: str,
    related: bool = True,
    shuffled: bool = False,
) -> PartialStatistics:
    """Sums of the residuals of one data set."""
    sentence, lemma = text(rng, words, arguments.lemmas)
    clustered = arguments.clustered

    def noise(dim: int) -> Array:
        of_words = rng.standard_normal((words, dim))
        of_sentences = rng.standard_normal((sentence[-1] + 1, dim))[sentence]
        return np.sqrt(1 - clustered) * of_words + np.sqrt(clustered) * of_sentences

    untrained = [
        of_lemmas[lemma] + 0.5 * noise(of_lemmas.shape[1]) for of_lemmas in language.untrained
    ]
    in_context = noise(language.learnt[0].shape[1])
    states = []
    for model in range(2):
        context = in_context if related or model == 0 else noise(in_context.shape[1])
        learnt = (language.learnt[model][lemma] + context) / np.sqrt(2)
        before = untrained[2 * model + 1] @ language.mixed[model]
        own = 0.3 * language.own[model][lemma] + 0.5 * noise(before.shape[1])
        states.append(before + learnt @ language.maps[model] + own)
    if shuffled:
        order = rng.permutation(words)
        states[1] = states[1][order]
        untrained[2:] = [layer[order] for layer in untrained[2:]]
    index = np.arange(words)
    names = pd.Series(lemma).astype(str)
    return partial_statistics(
        States(states[:1], index),
        States(states[1:], index),
        States(untrained[:2], index),
        States(untrained[2:], index),
        pd.DataFrame({"sentence": sentence, "form": names, "lemma": names}),
        language=name,
        blocks=arguments.blocks,
    )


def data_set(
    rng: Generator,
    words: int,
    arguments: argparse.Namespace,
    dim: int,
    world: int = 0,
    **kind: bool,
) -> list[PartialStatistics]:
    """Sums of the residuals of all languages of a world, which has a number."""
    languages = make_world(arguments, dim, world, related=kind.get("related", True))
    return [
        sums_of(rng, language, words, arguments, name=f"x{number:02d}", **kind)
        for number, language in enumerate(languages)
    ]


def simulate_coverage(
    words: int, arguments: argparse.Namespace, seed: int
) -> tuple[Array, Array, Array, Array]:
    """Estimates, lower and upper ends, and p-values, each ``[languages, measures]``."""
    rng = default_rng([arguments.seed, words, seed])
    learned = learned_signatures(
        data_set(rng, words, arguments, arguments.dim),
        solver=Solver(arguments.rank, ridge=0.01),
        shrinkage=arguments.shrinkage,
        starts=arguments.starts,
        iterations=arguments.iterations,
        rotations=arguments.rotations,
        seed=seed,
    )
    wide = learned.signatures.frame.pivot(index="language", columns="measure")
    value, low, high, p = (
        wide[column][list(LEARNED_MEASURES)].to_numpy() for column in ("value", "low", "high", "p")
    )
    return value, low, high, p


def simulate_null(words: int, arguments: argparse.Namespace, seed: int) -> tuple[Array, Array]:
    """p-values and measures of unrelated models, ``[languages]`` and ``[languages, measures]``."""
    rng = default_rng([arguments.seed, words, seed, 1])
    sums = data_set(rng, words, arguments, arguments.dim, seed, related=False)
    slices = partial_slices([entry.layers[0] for entry in sums], arguments.shrinkage)
    short = Solver(arguments.rank, ridge=0.01, max_iterations=arguments.iterations)
    p = rotation_test(slices, solver=short, rotations=arguments.rotations, seed=seed)
    return p, measures_of(slices, arguments.rank)


def simulate_shuffled(words: int, arguments: argparse.Namespace, seed: int) -> Array:
    """Measures of shuffled words, means over languages, ``[measures]``."""
    rng = default_rng([arguments.seed, words, seed, 2])
    sums = data_set(rng, words, arguments, arguments.dim_shuffled, shuffled=True)
    slices = partial_slices([entry.layers[0] for entry in sums], arguments.shrinkage)
    return measures_of(slices, arguments.rank).mean(0)


def measures_of(slices: Sequence[PartialSlices], rank: int) -> Array:
    """Measures of one start, ``[languages, measures]``."""
    solver = Solver(rank, ridge=0.01)
    halves = [list(half) for half in zip(*(entry.halves() for entry in slices), strict=True)]
    fits = solver.fit_all(halves, inits=["svd"] * len(halves))
    return crossed(fits, halves).measures()


def coverage(results: list[tuple[Array, Array, Array, Array]]) -> dict[str, Any]:
    """Coverage of each measure, and the power of the test at 5 %."""
    estimates, low, high, p = (np.array(part) for part in zip(*results, strict=True))
    truth = estimates.mean(0)
    inside = ((low <= truth) & (truth <= high)).mean(0)  # [languages, measures]
    by_measure = {
        measure: {
            "mean": float(truth[:, index].mean()),
            "coverage": float(inside[:, index].mean()),
            "coverage_least": float(inside[:, index].min()),
            "coverage_most": float(inside[:, index].max()),
            "half_width": float(((high - low) / 2)[..., index].mean()),
            "spread": float(estimates[..., index].std(0).mean()),
        }
        for index, measure in enumerate(LEARNED_MEASURES)
    }
    return {"measures": by_measure, "power": float((p <= 0.05).mean())}


def uniformity(results: list[tuple[Array, Array]]) -> dict[str, Any]:
    """Shares of p-values below some levels, a test of uniformity, and means of the measures.

    The test of Kolmogorov and Smirnov uses one language per data set, because the others are not
    independent of it.
    """
    p, measures = (np.array(part) for part in zip(*results, strict=True))
    test = kstest(p[:, 0], "uniform")
    shares = {f"p_below_{level}": float((p <= level).mean()) for level in LEVELS}
    means = dict(zip(LEARNED_MEASURES, measures.mean((0, 1)).tolist(), strict=True))
    return {**shares, "ks": float(test.statistic), "ks_p": float(test.pvalue), "unrelated": means}


def centre(results: list[Array]) -> dict[str, Any]:
    """Mean and standard error of each measure over data sets ``[measures]``."""
    values = np.array(results)
    errors = values.std(0, ddof=1) / np.sqrt(len(values))
    return {
        measure: {"mean": float(values[:, index].mean()), "standard_error": float(errors[index])}
        for index, measure in enumerate(LEARNED_MEASURES)
    }


def as_table(output: dict[str, Any]) -> str:
    lines = [
        ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in output["setting"].items()),
        "",
        "| words | measure | mean | coverage (languages, least to most) | half-width | spread |",
        "| ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row['words']:,} | {name} | {of['mean']:.3f} | {of['coverage']:.3f} "
        f"({of['coverage_least']:.3f} to {of['coverage_most']:.3f}) | {of['half_width']:.3f} "
        f"| {of['spread']:.3f} |"
        for row in output["rows"]
        for name, of in row["measures"].items()
    ]
    lines += [
        "",
        f"| words | share of p up to {', '.join(map(str, LEVELS))} | uniform, p | power "
        f"| {' | '.join(LEARNED_MEASURES)} of unrelated models |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in output["rows"]:
        shares = ", ".join(f"{row[f'p_below_{level}']:.3f}" for level in LEVELS)
        means = " | ".join(f"{row['unrelated'][measure]:.4f}" for measure in LEARNED_MEASURES)
        lines.append(
            f"| {row['words']:,} | {shares} | {row['ks_p']:.2f} | {row['power']:.3f} | {means} |"
        )
    lines += [
        "",
        f"| shuffled words | {' | '.join(LEARNED_MEASURES)} |",
        "| ---: | ---: | ---: | ---: |",
    ]
    for row in output["shuffled"]:
        cells = (f"{row[m]['mean']:.4f} ± {row[m]['standard_error']:.4f}" for m in LEARNED_MEASURES)
        lines.append(f"| {row['words']:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def single_thread() -> None:
    torch.set_num_threads(1)


if __name__ == "__main__":
    main()
