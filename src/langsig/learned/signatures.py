"""Learned signatures of all languages, layer by layer, with their uncertainty."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import spearmanr
from tqdm import tqdm

from langsig.errors import ConvergenceWarning, InputError, check_count
from langsig.factorization import Solver, fits_from_starts, worker_pool
from langsig.factorization.diagnostics import diagnostics_of
from langsig.intervals import Variance, half_width, jackknife_variance, variance_of_starts
from langsig.learned.fits import LearnedFit, crossed
from langsig.learned.slices import partial_slices
from langsig.learned.statistics import PartialLayer, PartialStatistics
from langsig.learned.uncertainty import of_alternate_blocks, rotation_test, without_blocks
from langsig.representations import SHRINKAGE
from langsig.schemas import (
    LEARNED_MEASURES,
    LearnedChanges,
    LearnedComponents,
    LearnedDiagnostics,
    LearnedReplicates,
    LearnedSignatures,
    LearnedStability,
)

RECOMMENDED = Solver(rank=16, ridge=0.01)
"""Recommended settings of the factorisation."""


@dataclass(frozen=True, eq=False)
class Learned:
    """Learned signatures: what the models share that neither had before training."""

    signatures: LearnedSignatures
    """Measures of each language and layer, with intervals and tests."""
    components: LearnedComponents
    """Signatures and scores of each component."""
    replicates: LearnedReplicates
    """What the intervals are computed from."""
    diagnostics: LearnedDiagnostics
    """Whether the fits can be relied on."""
    stability: LearnedStability
    """Whether rankings depend on starts and sentences."""

    def save(self, directory: str | Path) -> None:
        """Write one CSV file per table, such as ``signatures.csv``.

        Parameters
        ----------
        directory
            Folder, which is created if it is missing.
        """
        for name, table in vars(self).items():
            table.save(Path(directory, f"{name}.csv"))

    @classmethod
    def empty(cls) -> "Learned":
        """Tables without rows."""
        return cls(
            LearnedSignatures.empty(),
            LearnedComponents.empty(),
            LearnedReplicates.empty(),
            LearnedDiagnostics.empty(),
            LearnedStability.empty(),
        )

    @classmethod
    def load(cls, directory: str | Path) -> "Learned":
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            If a file is missing or holds something else.
        """
        folder = Path(directory)
        return cls(
            LearnedSignatures.load(folder / "signatures.csv"),
            LearnedComponents.load(folder / "components.csv"),
            LearnedReplicates.load(folder / "replicates.csv"),
            LearnedDiagnostics.load(folder / "diagnostics.csv"),
            LearnedStability.load(folder / "stability.csv"),
        )


def learned_signatures(
    statistics: Sequence[PartialStatistics],
    *,
    solver: Solver = RECOMMENDED,
    shrinkage: float = SHRINKAGE,
    starts: int = 5,
    iterations: int = 10,
    rotations: int = 999,
    own_start: bool = True,
    seed: int = 0,
    workers: int = 1,
) -> Learned:
    r"""Learned signatures of several languages, with intervals, tests and diagnostics.

    In each layer, PARAFAC2 of the partial canonical slices (:class:`PartialSlices`) of one half of
    the lemmas is scored on the other half, and the reverse (:class:`LearnedFit`). Measures of a
    language are A, the sum over components of the signature times the score (``shared``), B, the
    mean of the signature (``learned_average``), and the mean of the scores
    (``average_score``). Scores of unrelated words are centred on zero; signatures are not.

    Intervals are Student's, with the variance of the jackknife over blocks of sentences and that
    of the choice among starts.

    Parameters
    ----------
    statistics
        Sums of the residuals of each language, of at least two, all with the same layers and the
        same number of blocks.
    solver
        Settings of the factorisations (default: rank 16, ridge .01).
    shrinkage
        Share of the mean variance of the residuals that is added to all variances before
        whitening (default: .1).
    starts
        Number of starts of the fit to each half. The fits of the lowest loss give the estimates.
    iterations
        Number of iterations of the fits without a block, which resume from the estimates, and of
        the fits to all languages but one (default: 10). A few follow the change of the slices.
        With many, components drift along directions in which the loss is flat; the variance of
        the choice among starts already counts that, and intervals get too wide.
    rotations
        Number of random rotations of the test.
    own_start
        Whether the untrained states are of the models' own initial weights. Those of a public
        checkpoint are unknown. With other initial weights the level of a signature means little,
        and only the replicates are given, from which :func:`learned_changes` computes changes.
    seed
        Seed of starts and rotations.
    workers
        Number of processes that share the layers.

    Warns
    -----
    ConvergenceWarning
        If fits that give the estimates did not converge.

    Raises
    ------
    InputError
        If an argument is out of range, or a slice cannot be factorised; the message names the
        language and the layer.
    """
    for name, value in (("starts", starts), ("iterations", iterations), ("rotations", rotations)):
        check_count(name, value)
    layers = _common_layers(statistics)
    languages = [entry.language for entry in statistics]
    fit = partial(
        _fit_layer,
        languages=languages,
        solver=solver,
        shrinkage=shrinkage,
        starts=starts,
        iterations=iterations,
        rotations=rotations,
        seed=seed,
    )
    tasks = [(layer, [entry.layers[layer] for entry in statistics]) for layer in layers]
    with worker_pool(workers) as pool:
        results = (pool.map if pool else map)(fit, tasks)
        bar = tqdm(results, "learned signatures", len(layers), mininterval=1, disable=None)
        by_layer = dict(zip(layers, bar, strict=True))
    unsettled = [
        str(layer)
        for layer, result in by_layer.items()
        if not all(checks["converged"] for checks in result.checks)
    ]
    if unsettled:
        warnings.warn(
            f"PARAFAC2 did not converge within {solver.max_iterations} iterations in layer "
            f"{', '.join(unsettled)}; learned signatures may still change: lower the rank "
            f"({solver.rank}), or raise max_iterations or tolerance ({solver.tolerance:g})",
            ConvergenceWarning,
            stacklevel=2,
        )
    kept = dict(zip(languages, statistics, strict=True))
    signatures = pd.concat([_signatures(layer, result) for layer, result in by_layer.items()])
    signatures = signatures.assign(
        words=[kept[language].words for language in signatures["language"]],
        partial=[kept[language].columns > 0 for language in signatures["language"]],
        own_start=own_start,
    )
    components = LearnedComponents.concat(
        LearnedComponents(_components(layer, result)) for layer, result in by_layer.items()
    )
    if not own_start:
        signatures[["value", "low", "high"]] = np.nan
        components = LearnedComponents.empty()
    checks = [
        {"layer": layer, "half": half, **checks}
        for layer, result in by_layer.items()
        for half, checks in enumerate(result.checks)
    ]
    return Learned(
        LearnedSignatures(signatures),
        components,
        LearnedReplicates.concat(_replicates(*item) for item in by_layer.items()),
        LearnedDiagnostics(pd.DataFrame(checks)),
        LearnedStability.concat(_stability(*item) for item in by_layer.items()),
    )


def learned_changes(before: LearnedReplicates, after: LearnedReplicates) -> LearnedChanges:
    """Changes between two models that were measured on the same words in the same blocks.

    The variance of a change is that of the jackknife, which leaves out the same block for both
    models, and of the choice among starts of both. Languages, layers and measures that only one
    model has are left out.

    Parameters
    ----------
    before, after
        Replicates of both models.

    Raises
    ------
    InputError
        If the numbers of blocks differ.
    """
    old, new = (
        {
            varied: table.select(varied=varied).frame.pivot(
                index="replicate", columns=["layer", "language", "measure"], values="value"
            )
            for varied in ("sentences", "start")
        }
        for table in (before, after)
    )
    if len(old["sentences"]) != len(new["sentences"]):
        raise InputError(
            f"before has {len(old['sentences'])} blocks of sentences and after "
            f"{len(new['sentences'])}; compute both from the same words with the same blocks"
        )
    keys = new["start"].columns.intersection(old["start"].columns)
    ratio = new["start"][keys].loc[0].to_numpy() / old["start"][keys].loc[0].to_numpy()
    variances = [
        jackknife_variance(new["sentences"][keys].to_numpy() / old["sentences"][keys].to_numpy())
    ]
    for table in (old, new):
        starts = table["start"][keys].to_numpy()
        value, freedom = variance_of_starts(starts)
        variances.append(Variance(value * (ratio / starts[0]) ** 2, freedom))
    half = half_width(variances)
    change = ratio - 1
    columns = {"change": change, "low": change - half, "high": change + half}
    return LearnedChanges(keys.to_frame(index=False).assign(**columns))


class _Result(NamedTuple):
    """Results of one layer."""

    languages: Sequence[str]
    fit: LearnedFit
    starts: NDArray[np.float64]
    """Measures by ascending loss, ``[starts, languages, measures]``."""
    without: NDArray[np.float64]
    """Measures without each block of sentences, ``[blocks, languages, measures]``."""
    alternate: NDArray[np.float64]
    """Measures of even and of odd blocks, ``[2, languages, measures]``."""
    p: NDArray[np.float64]
    """``[languages]``."""
    checks: list[dict[str, Any]]
    """Diagnostics of the fit to each half."""


def _fit_layer(
    task: tuple[int, Sequence[PartialLayer]],
    *,
    languages: Sequence[str],
    solver: Solver,
    shrinkage: float,
    starts: int,
    iterations: int,
    rotations: int,
    seed: int,
) -> _Result:
    layer, sums = task
    slices = partial_slices(sums, shrinkage)
    halves = [list(half) for half in zip(*(entry.halves() for entry in slices), strict=True)]
    names = [f"{language}, layer {layer}" for language in languages]
    fits = []  # [halves][starts]
    for half in halves:
        solver.validate(half, names)
        fits.append(fits_from_starts(half, solver=solver, starts=starts, seed=seed))
    by_start = [crossed(pair, halves) for pair in zip(*fits, strict=True)]
    best = [of_half[0] for of_half in fits]
    shorter = replace(solver, max_iterations=iterations)
    return _Result(
        languages,
        by_start[0],
        np.array([fit.measures() for fit in by_start]),
        without_blocks(slices, best, shorter),
        of_alternate_blocks(slices, solver),
        rotation_test(slices, solver=shorter, rotations=rotations, seed=seed),
        [diagnostics_of(of_half) for of_half in fits],
    )


def _signatures(layer: int, result: _Result) -> pd.DataFrame:
    half = half_width([jackknife_variance(result.without), variance_of_starts(result.starts)])
    estimate = result.starts[0]
    frame = _long(np.stack([estimate, estimate - half, estimate + half]), result.languages)
    wide = frame.pivot(index=["language", "measure"], columns="replicate", values="value")
    wide = wide.set_axis(["value", "low", "high"], axis="columns").reset_index()
    p = dict(zip(result.languages, result.p, strict=True))
    return wide.assign(layer=layer, p=[p[language] for language in wide["language"]])


def _components(layer: int, result: _Result) -> pd.DataFrame:
    components = result.fit.signatures.shape[1]
    return pd.DataFrame(
        {
            "layer": layer,
            "language": np.repeat(np.array(result.languages, object), components),
            "component": np.tile(np.arange(components), len(result.languages)),
            "signature": result.fit.signatures.ravel(),
            "score": result.fit.scores.ravel(),
        }
    )


def _replicates(layer: int, result: _Result) -> LearnedReplicates:
    varied = {"sentences": result.without, "start": result.starts}
    frames = [
        _long(values, result.languages).assign(layer=layer, varied=name)
        for name, values in varied.items()
    ]
    return LearnedReplicates(pd.concat(frames))


def _stability(layer: int, result: _Result) -> LearnedStability:
    pairs = {"sentences": result.alternate, "start": result.starts[:2]}
    rows = [
        {
            "layer": layer,
            "measure": measure,
            "varied": varied,
            "rank_correlation": spearmanr(pair[0, :, index], pair[1, :, index]).statistic,
            "level_spread": np.ptp(pair[..., index].mean(1)) / pair[..., index].mean(),
        }
        for varied, pair in pairs.items()
        if len(pair) == 2
        for index, measure in enumerate(LEARNED_MEASURES)
    ]
    return LearnedStability(pd.DataFrame(rows))


def _long(values: NDArray[np.float64], languages: Sequence[str]) -> pd.DataFrame:
    """Values ``[replicates, languages, measures]`` as a table with one row per value."""
    index = pd.MultiIndex.from_product(
        [range(len(values)), languages, LEARNED_MEASURES],
        names=["replicate", "language", "measure"],
    )
    return pd.Series(values.ravel(), index, name="value").reset_index()


def _common_layers(statistics: Sequence[PartialStatistics]) -> list[int]:
    """The layers of all languages, which must have the same blocks too."""
    if len(statistics) < 2:
        raise InputError(f"statistics must be of at least two languages, got {len(statistics)}")
    first, *others = statistics
    expected = {layer: sums.blocks for layer, sums in first.layers.items()}
    for entry in others:
        found = {layer: sums.blocks for layer, sums in entry.layers.items()}
        if found != expected:
            raise InputError(
                f"all languages must have the same layers and blocks of sentences; by layer, "
                f"{entry.language} has {found} blocks and {first.language} has {expected}"
            )
    return sorted(expected)
