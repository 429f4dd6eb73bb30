"""Pack the sentences of one language into token sequences, and draw a fixed number of them."""

from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from langsig.corpora import count_sentences, downsample, load_tokenizer, pack, read_sentences
from langsig.errors import InputError
from langsig.files import atomic_directory
from langsig.parameters import load_parameters
from stages.arguments import checked


def main(arguments: Sequence[str]) -> None:
    parameters = load_parameters()
    (language,) = checked(arguments, language=parameters.languages)
    options = parameters.pack
    counts = {"train": options.sequences, "validation": options.validation_sequences}
    tokenizer = load_tokenizer("artifacts/tokenizer")
    with atomic_directory(Path(f"artifacts/sequences/{language}")) as output:
        for part, count in counts.items():
            sentences = Path(f"artifacts/sentences/{language}/{part}.parquet")
            bar = tqdm(
                read_sentences(sentences),
                f"pack {language} {part}",
                count_sentences(sentences),
                mininterval=1,
                disable=None,
            )
            packed = pack(bar, tokenizer, max_length=options.max_length, join=options.join)
            try:
                drawn, total = downsample(packed, count, seed=parameters.seed)
            except InputError as error:
                key = "pack.sequences" if part == "train" else "pack.validation_sequences"
                raise InputError(f"{key}: {part} text of {language}: {error}") from error
            drawn.save(output / f"{part}.safetensors")
            tokens = f"{len(drawn.tokens):,} tokens"
            print(f"{language}: {part} {count:,} of {total:,} sequences, {tokens}")
