"""Words and the experimental model -> how well languages fit together, and outcomes.

The same measurements as those of ``langsig profile``, on the words of the pipeline.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from langsig.factorization import Solver
from langsig.files import atomic_directory
from langsig.parameters import load_parameters, selected_languages
from langsig.profiling import AnnotatedWords, Run, Sizes
from langsig.representations import SHRINKAGE


def main(_arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    options = parameters.evaluate
    languages = selected_languages("analysis", parameters)
    with TemporaryDirectory(prefix="langsig-") as folder:
        measured = Run(
            Path("artifacts/models/experimental"),
            sources={
                language: AnnotatedWords(Path("artifacts/words", language))
                for language in languages
            },
            parallel=options.parallel,
            texts=None,
            reference="upos",
            solver=Solver(rank=options.rank),
            shrinkage=SHRINKAGE,
            sizes=Sizes(
                training=options.training,
                measures=options.measures,
                test=options.test,
                sentences=options.sentences,
                draws=options.draws,
            ),
            precision="float32",
            seed=parameters.seed,
            out=folder,
        ).measured()
    with atomic_directory("artifacts/outcomes") as output:
        measured.save(output)
    print(f"{len(languages)} languages: {len(measured.outcomes.frame):,} outcomes")
