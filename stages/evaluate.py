"""Words and the experimental model -> how well languages fit together, and outcomes.

The same measurements as those of ``langsig profile``, on the words of the pipeline. Languages with
too few words are left out.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from langsig.errors import TooFewWordsError
from langsig.factorization import Solver
from langsig.files import atomic_directory
from langsig.parameters import load_parameters, selected_languages
from langsig.profiling import AnnotatedWords, Run, Sizes, choose_words
from langsig.representations import SHRINKAGE


def main(_arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    options = parameters.evaluate
    sizes = Sizes(
        training=options.training,
        measures=options.measures,
        test=options.test,
        sentences=options.sentences,
        draws=options.draws,
    )
    samples = {}
    for language in selected_languages("analysis", parameters):
        source = AnnotatedWords(Path("artifacts/words", language))
        try:
            samples[language] = choose_words(source, language, sizes, parameters.seed)
        except TooFewWordsError as error:
            print(f"left out {error}")
    with TemporaryDirectory(prefix="langsig-") as folder:
        measured = Run(
            Path("artifacts/models/experimental"),
            samples=samples,
            parallel=options.parallel,
            texts=None,
            reference="upos",
            solver=Solver(rank=options.rank),
            shrinkage=SHRINKAGE,
            sizes=sizes,
            precision="float32",
            seed=parameters.seed,
            out=folder,
        ).measured()
    with atomic_directory("artifacts/outcomes") as output:
        measured.save(output)
    print(f"{len(samples)} languages: {len(measured.outcomes.frame):,} outcomes")
