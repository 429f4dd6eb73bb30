"""Sums of residuals of all languages -> learned signatures, with intervals and tests.

Without the models' own initial weights, levels are withheld. Why something is missing is in
``notes.txt``.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from langsig.errors import InputError
from langsig.factorization import Solver
from langsig.files import atomic_directory
from langsig.learned import Learned, PartialStatistics, learned_signatures
from langsig.parameters import Parameters, load_parameters, selected_languages
from langsig.terms import MODEL
from stages.common import LEFT_OUT, RESIDUALS, cores


def main(_arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    folders = {
        language: Path("artifacts/residuals", language)
        for language in selected_languages("analysis", parameters)
    }
    statistics = [
        PartialStatistics.load(folder / RESIDUALS)
        for folder in folders.values()
        if (folder / RESIDUALS).exists()
    ]
    try:
        learned = fitted(statistics, parameters)
        reasons = list(withheld(statistics, parameters))
    except InputError as error:  # too few languages, or a slice that cannot be factorised
        learned, reasons = Learned.empty(), [f"There are no learned signatures: {error}."]
    left_out = [
        (folder / LEFT_OUT).read_text(encoding="utf-8").strip()
        for folder in folders.values()
        if (folder / LEFT_OUT).exists()
    ]
    notes = [*left_out, *reasons]
    with atomic_directory(Path("artifacts/learned")) as output:
        learned.save(output)
        (output / "notes.txt").write_text("".join(f"{note}\n" for note in notes), encoding="utf-8")
    print(f"{len(statistics)} languages: {len(learned.signatures):,} values")
    for note in notes:
        print(note)


def fitted(statistics: Sequence[PartialStatistics], parameters: Parameters) -> Learned:
    """The signatures, if there are two languages and every slice can be factorised."""
    options = parameters.learned
    rank = min([options.rank, *(entry.largest_rank for entry in statistics)])
    return learned_signatures(
        statistics,
        solver=Solver(rank=rank, ridge=options.ridge),
        shrinkage=options.shrinkage,
        starts=options.starts,
        iterations=options.iterations,
        rotations=options.rotations,
        own_start=has_own_start(parameters),
        seed=parameters.seed,
        workers=cores(),
    )


def has_own_start(parameters: Parameters) -> bool:
    """Whether the untrained models have the weights from which training started."""
    return parameters.reference == MODEL and not parameters.experimental.checkpoint


def withheld(statistics: Sequence[PartialStatistics], parameters: Parameters) -> Iterator[str]:
    """Sentences that say why values are missing or not what they should be."""
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
