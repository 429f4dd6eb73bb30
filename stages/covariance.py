"""One language: hidden states of both models -> covariances by category and layer.

The vectors of another reference take the place of the states of the control model.
"""

from collections.abc import Sequence
from pathlib import Path

from langsig.files import atomic_directory
from langsig.morphology import ALL_WORDS, CATEGORIES, Words, category_slug
from langsig.parameters import load_parameters
from langsig.representations import States, covariances_by_category
from stages.arguments import checked


def main(arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    (language,) = checked(arguments, language=parameters.languages)
    options = parameters.covariance
    control = States.open(Path(f"artifacts/states/control/{language}"))
    experimental = States.open(Path(f"artifacts/states/experimental/{language}"))
    *statistics, equal_words = covariances_by_category(
        control,
        experimental,
        Words.load(Path(f"artifacts/words/{language}")).table,
        language=language,
        categories=CATEGORIES,
        min_instances=options.min_instances,
        blocks=options.blocks,
        block_layers=options.block_layers,
        samples={ALL_WORDS: options.equal_words},
        seed=parameters.seed,
    )
    with atomic_directory(Path(f"artifacts/covariances/{language}")) as output:
        for entry in statistics:
            entry.save(output / f"{category_slug(entry.category)}.safetensors")
        equal_words.save(output / "equal-words.safetensors")
    used = [f"{entry.category} {entry.words:,}" for entry in statistics if entry.layers]
    print(f"{language}: {', '.join(used)}")
    pairs = statistics[0].layer_pairs
    if any(control_layer not in (layer, None) for control_layer, layer in pairs):
        matched = " ".join("-".join(map(str, pair)) for pair in pairs)
        print(f"{language}: layers matched, control-experimental: {matched}")
