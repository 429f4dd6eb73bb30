"""Sums of residuals of all languages -> learned signatures, with intervals and tests.

Without the models' own initial weights, levels are withheld. Why something is missing is in
``notes.txt``.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from langsig.factorization import Solver
from langsig.files import atomic_directory
from langsig.learned import Learned, PartialStatistics, learned_signatures
from langsig.parameters import Parameters, load_parameters, selected_languages
from langsig.terms import MODEL
from stages.common import LEFT_OUT, RESIDUALS, cores


def main(_arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    options = parameters.learned
    folders = {
        language: Path("artifacts/residuals", language)
        for language in selected_languages("analysis", parameters)
    }
    statistics = [
        PartialStatistics.load(folder / RESIDUALS)
        for folder in folders.values()
        if (folder / RESIDUALS).exists()
    ]
    if len(statistics) > 1:
        shapes = [
            layer.sums.cross.shape[1:] for entry in statistics for layer in entry.layers.values()
        ]
        learned = learned_signatures(
            statistics,
            solver=Solver(rank=min(options.rank, *map(min, shapes)), ridge=options.ridge),
            shrinkage=options.shrinkage,
            starts=options.starts,
            iterations=options.iterations,
            rotations=options.rotations,
            own_start=has_own_start(parameters),
            seed=parameters.seed,
            workers=cores(),
        )
    else:
        learned = Learned.empty()
    left_out = [
        (folder / LEFT_OUT).read_text(encoding="utf-8").strip()
        for folder in folders.values()
        if (folder / LEFT_OUT).exists()
    ]
    notes = [*left_out, *withheld(statistics, parameters)]
    with atomic_directory(Path("artifacts/learned")) as output:
        learned.save(output)
        (output / "notes.txt").write_text("".join(f"{note}\n" for note in notes), encoding="utf-8")
    print(f"{len(statistics)} languages: {len(learned.signatures):,} values")
    for note in notes:
        print(note)


def has_own_start(parameters: Parameters) -> bool:
    """Whether the untrained models have the weights from which training started."""
    return parameters.reference == MODEL and not parameters.experimental.checkpoint


def withheld(statistics: Sequence[PartialStatistics], parameters: Parameters) -> Iterator[str]:
    """Why values are missing or not what they should be, a sentence each."""
    if len(statistics) < 2:
        yield "There are no learned signatures: they need words of at least two languages."
        return
    if not has_own_start(parameters):
        why = (
            "the initial weights of the checkpoint are unknown"
            if parameters.reference == MODEL
            else f"the reference {parameters.reference} is not trained"
        )
        yield f"Levels are withheld because {why}; changes between two runs have a meaning."
    centred = [entry.language for entry in statistics if not entry.columns]
    if centred:
        yield (
            f"Words are too few to subtract what models had before training: {', '.join(centred)} "
            f"(fewer than {parameters.learned.words_per_column} per column of untrained states)."
        )
