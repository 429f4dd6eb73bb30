"""Pairs of models whose difference is known by design, and the values of all measures for them."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from numpy.random import default_rng

from benchmarks.measures.functions import Array, Pair, families
from benchmarks.measures.world import EXPERIMENTAL, Training, World
from langsig.files import atomic_file
from langsig.outcomes import draws, probe
from langsig.representations import States

OUTCOMES = "outcomes"
SCALE = 3.0
"""Factor by which states of one language are multiplied in the variant `rescaled`."""


@dataclass(frozen=True)
class Plan:
    """What is varied."""

    seeds: tuple[int, ...]
    """Training seeds of the baseline; controls have the first one."""
    dose_seeds: tuple[int, ...]
    """Training seeds of models with less text, of those of the baseline."""
    reduced: tuple[str, ...]
    """Languages whose text is reduced, one at a time."""
    doses: tuple[float, ...]
    """Shares of that text."""
    widths: tuple[int, ...]
    """Other widths of the experimental model, with the first seed."""

    def trainings(self, languages: Sequence[str]) -> list[Training]:
        """All trainings; those that a first result needs come first."""
        controls = [Training(language, self.seeds[0]) for language in languages]
        baseline = [Training(EXPERIMENTAL, seed) for seed in self.seeds]
        less = [
            Training(EXPERIMENTAL, seed, language, dose)
            for seed in self.dose_seeds
            for language in self.reduced
            for dose in self.doses
        ]
        others = [Training(EXPERIMENTAL, self.seeds[0], dim=dim) for dim in self.widths]
        return [*controls, *baseline, *less, *others]


class Variant(NamedTuple):
    """A pair of models, or what was done to the states of one."""

    kind: str
    """``seed`` (the baseline), ``dose``, ``step``, ``width``, ``untrained``, ``rescaled``,
    ``rotated``, ``shuffled`` or ``half``."""
    training: Training
    """The experimental model."""
    amount: float = 0
    """Step, or number of the half; 0 for others."""

    def __str__(self) -> str:
        end = f"-{self.amount:g}" if self.kind in ("step", "half") else ""
        return f"{self.kind}-{self.training}{end}"

    @property
    def keys(self) -> dict[str, object]:
        """Columns that tell variants apart."""
        return {
            "kind": self.kind,
            "seed": self.training.seed,
            "reduced": self.training.reduced,
            "dose": self.training.dose,
            "dim": self.training.dim,
            "amount": self.amount,
        }


def variants(plan: Plan, world: World) -> list[Variant]:
    """All variants of a plan; models and states other than by seed and dose have the first seed."""
    first = Training(EXPERIMENTAL, plan.seeds[0])
    kinds = [
        Variant("dose" if training.reduced else "width" if training.dim else "seed", training)
        for training in plan.trainings(world.languages)
        if training.model == EXPERIMENTAL
    ]
    return [
        *kinds,
        *(Variant(kind, first) for kind in ("untrained", "rescaled", "rotated", "shuffled")),
        *(Variant("half", first, half) for half in range(2)),
        *(Variant("step", first, step) for step in world.steps(first)),
    ]


@dataclass(frozen=True)
class Values:
    """Values of measures and outcomes, kept in the work folder.

    Parameters
    ----------
    world
        The models.
    plan
        What is varied.
    added
        Measures of the user, functions of two arrays: ``MODULE:FUNCTION``.
    """

    world: World
    plan: Plan
    added: tuple[str, ...] = ()

    def compute_all(self, workers: int) -> pd.DataFrame:
        """Values of all variants, in several processes."""
        todo = variants(self.plan, self.world)
        if workers == 1:
            return pd.concat(map(self.compute, todo), ignore_index=True)
        context = get_context("spawn")  # as for the trainings
        with ProcessPoolExecutor(workers, context, torch.set_num_threads, (1,)) as pool:
            return pd.concat(pool.map(self.compute, todo), ignore_index=True)

    def compute(self, variant: Variant) -> pd.DataFrame:
        """Values of one variant, from files if they were computed before.

        Returns
        -------
        DataFrame
            Columns ``measure``, ``language``, ``layer``, ``value`` and those of
            :attr:`Variant.keys`. Outcomes are measures called ``gain`` and ``selectivity``.
        """
        folder, known = self.world.values / str(variant), families(self.added)
        outcomes = [OUTCOMES] if variant.kind in ("seed", "dose", "step") else []
        paths = {name: folder / f"{name}.csv" for name in [*known, *outcomes]}
        missing = [name for name, path in paths.items() if not path.exists()]
        if missing:
            pairs = self._pairs(variant)
            for name in missing:
                values = known[name](pairs) if name in known else self._outcomes(variant)
                with atomic_file(paths[name]) as path:
                    _long(values, self.world.languages).to_csv(path, index=False)
        frames = [pd.read_csv(path) for path in paths.values()]
        return pd.concat(frames, ignore_index=True).assign(**variant.keys)

    def _pairs(self, variant: Variant) -> list[Pair]:
        """States of all languages."""
        trained = (
            self._untrained(variant.training)
            if variant.kind == "untrained"
            else self._trained(variant)
        )
        untrained = self._untrained(variant.training)
        pairs = []
        for language, states_of_control in self._controls().items():
            control, untrained_control = states_of_control
            table = self.world.tables[language].iloc[control.index]
            states = (control, trained[language], untrained_control, untrained[language])
            assert all(np.array_equal(of.index, control.index) for of in states), "one tokenizer"
            pair = Pair(language, table, *(of.layers for of in states))
            pairs.append(self._changed(pair, variant))
        return pairs

    def _changed(self, pair: Pair, variant: Variant) -> Pair:
        """What a variant does to the states of one language."""
        rng = default_rng([variant.training.seed, *pair.language.encode()])
        if variant.kind == "half":
            return replace(pair, half=int(variant.amount))
        if variant.kind == "rescaled" and pair.language == self.plan.reduced[0]:
            return replace(pair, experimental=[SCALE * layer for layer in pair.experimental])
        if variant.kind == "shuffled":
            order = rng.permutation(len(pair.words))
            experimental, untrained = (
                [layer[order] for layer in layers]
                for layers in (pair.experimental, pair.untrained_experimental)
            )
            return replace(pair, experimental=experimental, untrained_experimental=untrained)
        if variant.kind == "rotated":
            own = _rotation(rng, pair.control[0].shape[1])
            of_all = _rotation(default_rng(variant.training.seed), pair.experimental[0].shape[1])
            return replace(
                pair,
                control=[layer @ own for layer in pair.control],
                experimental=[layer @ of_all for layer in pair.experimental],
            )
        return pair

    def _trained(self, variant: Variant) -> dict[str, States]:
        step = int(variant.amount) if variant.kind == "step" else 0
        return _trained_states(self.world, variant.training, step)

    def _untrained(self, training: Training) -> dict[str, States]:
        return _untrained_states(self.world, training._replace(reduced="", dose=1.0))

    def _controls(self) -> dict[str, tuple[States, States]]:
        """For each language the states of its control, trained and untrained."""
        return _control_states(self.world, self.plan.seeds[0])

    def _outcomes(self, variant: Variant) -> dict[str, Array]:
        """``gain`` and ``selectivity``, ``[languages, layers]``."""
        step = int(variant.amount) if variant.kind == "step" else 0
        gains = self.world.gains(variant.training, step)
        accuracies = [
            [self._accuracies(states[language], language) for language in self.world.languages]
            for states in (self._trained(variant), self._untrained(variant.training))
        ]
        selectivity = np.subtract(*np.array(accuracies))
        of_model = np.array([gains[language] for language in self.world.languages])
        return {
            "gain": np.broadcast_to(of_model[:, None], selectivity.shape),
            "selectivity": selectivity,
        }

    def _accuracies(self, states: States, language: str) -> list[float]:
        """Accuracy of a probe of parts of speech in each layer, mean over draws, ``[layers]``.

        Training words are drawn by whole sentences; the probe is tested on all other sentences.
        """
        options, table = self.world.parameters.evaluate, self.world.tables[language]
        words = table.iloc[states.index]
        tagged = np.flatnonzero(words["upos"].notna())
        tags = words["upos"].to_numpy(str, na_value="")
        sentences = words["sentence"].to_numpy()
        training = draws(
            sentences[tagged],
            words=options.training,
            number=options.draws,
            language=language,
            seed=self.world.parameters.seed,
        )
        drawn = [tagged[chosen] for chosen in training]
        parts = [(train, tagged[~np.isin(sentences[tagged], sentences[train])]) for train in drawn]

        def accuracy(layer: Array) -> float:
            of_draws = [
                probe(layer[train], tags[train], layer[test], tags[test]).accuracy
                for train, test in parts
            ]
            return float(np.mean(of_draws))

        return [accuracy(layer.astype(np.float32)) for layer in states.layers]


# In processes of a pool, each variant comes with a copy of the world, but functions stay.
@lru_cache(1)
def _control_states(world: World, seed: int) -> dict[str, tuple[States, States]]:
    trainings = [Training(language, seed) for language in world.languages]
    return {
        training.model: (
            world.states(training)[training.model],
            world.untrained_states(training)[training.model],
        )
        for training in trainings
    }


@lru_cache(2)
def _trained_states(world: World, training: Training, step: int) -> dict[str, States]:
    return world.states(training, step)


@lru_cache(2)
def _untrained_states(world: World, training: Training) -> dict[str, States]:
    return world.untrained_states(training)


def _rotation(rng: np.random.Generator, dim: int) -> Array:
    """A random rotation, ``[dim, dim]``."""
    return np.linalg.qr(rng.standard_normal((dim, dim)))[0]


def _long(values: Mapping[str, Array], languages: Sequence[str]) -> pd.DataFrame:
    """Values ``[languages, layers]`` of each measure as a table with one row per value."""
    frames = []
    for measure, array in values.items():
        layers = range(array.shape[1])
        index = pd.MultiIndex.from_product([languages, layers], names=["language", "layer"])
        frames.append(pd.Series(array.ravel(), index, name="value").reset_index())
        frames[-1].insert(0, "measure", measure)
    return pd.concat(frames)
