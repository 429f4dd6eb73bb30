"""One language: hidden states of both models -> covariances by category and layer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langsig.files import atomic_directory
from langsig.morphology import ALL_WORDS, CATEGORIES, Words, category_slug
from langsig.representations import States, covariances_by_category
from stages.common import load_params


def main(arguments: Sequence[str]) -> None:
    (language,) = arguments
    params = load_params()
    options: dict[str, Any] = {"language": language, "seed": params["seed"], **params["covariance"]}
    equal_words = options.pop("equal_words")
    states = [
        States.open(Path(f"artifacts/states/{role}/{language}"))
        for role in ("control", "experimental")
    ]
    words = Words.load(Path(f"artifacts/words/{language}")).table
    statistics = covariances_by_category(*states, words, categories=list(CATEGORIES), **options)
    options |= {"categories": [ALL_WORDS], "max_words": equal_words}
    (sample,) = covariances_by_category(*states, words, **options)
    with atomic_directory(Path(f"artifacts/covariances/{language}")) as output:
        for category in statistics:
            category.save(output / f"{category_slug(category.category)}.safetensors")
        sample.save(output / "equal-words.safetensors")
    print(f"{language}: " + ", ".join(f"{c.category} {c.words:,}" for c in statistics if c.layers))
    pairs = statistics[0].layer_pairs
    if any(control != experimental for control, experimental in pairs):
        matched = " ".join(f"{control}-{experimental}" for control, experimental in pairs)
        print(f"{language}: layers matched, control-experimental: {matched}")
